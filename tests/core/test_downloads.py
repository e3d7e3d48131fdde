"""Downloads from a server in this process that serves, cuts off, stalls, damages and redirects."""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
from dataclasses import replace

import pytest
from file_server import FileServer

from napari_stentrans import downloads, samples
from napari_stentrans.downloads import Remote, fetch_steps, size_steps, unpack
from napari_stentrans.errors import DownloadError
from napari_stentrans.io import read_section
from napari_stentrans.progress import drain

BODY = bytes(range(256)) * 2000


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE", 0.01)
    monkeypatch.setattr(downloads, "TIMEOUT", (2, 0.3))
    made = FileServer()
    made.files["whole.bin"] = BODY
    yield made
    made.close()


def remote_of(server, name="whole.bin", body=BODY, **known):
    return Remote("here.bin", f"{server.url}/{name}", hashlib.sha256(body).hexdigest(), **known)


def kept(folder):
    return sorted(path.name for path in folder.iterdir())


def archive_of(**files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


# ---- downloads


def test_a_file_is_downloaded_once_and_its_bytes_are_counted(server, tmp_path):
    steps = list(fetch_steps([remote_of(server)], tmp_path / "deep" / "er"))
    counted = [step for step in steps if step.total == len(BODY)]
    assert counted[-1].fraction == 1
    assert len(counted) > 5
    assert [step.done for step in counted] == sorted(step.done for step in counted)
    assert (tmp_path / "deep" / "er" / "here.bin").read_bytes() == BODY
    drain(fetch_steps([remote_of(server)], tmp_path / "deep" / "er"))
    assert len(server.asked) == 1


def test_a_redirect_is_followed(server, tmp_path):
    server.files["moved.bin"] = b""
    drain(fetch_steps([remote_of(server, "moved.bin")], tmp_path))
    assert (tmp_path / "here.bin").read_bytes() == BODY


@pytest.mark.parametrize("fault", ["cut", "stall", "503", "429", "damage", "no length"])
def test_a_fault_that_passes_is_tried_again(server, tmp_path, fault):
    server.faults = [fault]
    drain(fetch_steps([remote_of(server)], tmp_path))
    assert (tmp_path / "here.bin").read_bytes() == BODY
    assert kept(tmp_path) == ["here.bin"]
    assert len(server.asked) == (1 if fault == "no length" else 2)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("cut", "connection"),
        ("stall", "does not answer in time|cannot be reached"),
        ("503", "503"),
        ("damage", "not the file that was published"),
        ("redirect", "302"),
    ],
)
def test_a_fault_that_stays_is_told_and_leaves_no_half_file(server, tmp_path, fault, words):
    server.faults = [fault] * 50
    with pytest.raises(DownloadError, match=f"here.bin cannot be downloaded.*({words})") as caught:
        drain(fetch_steps([remote_of(server)], tmp_path))
    assert "simulated sample" in str(caught.value)
    assert kept(tmp_path) == []
    if fault != "redirect":
        assert len([ask for ask in server.asked if ask[0] == "GET"]) == downloads.ATTEMPTS


def test_a_file_that_is_gone_is_told_at_once(server, tmp_path):
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1.* answered 404"):
        drain(fetch_steps([remote_of(server, "gone.bin")], tmp_path))
    assert len(server.asked) == 1
    assert kept(tmp_path) == []


def test_no_network_is_told_in_one_sentence_with_the_remedy(server, tmp_path):
    server.server.server_close()
    remote = replace(remote_of(server), url="http://127.0.0.1:9/here.bin")
    for steps in (fetch_steps([remote], tmp_path), size_steps([remote])):
        with pytest.raises(DownloadError) as caught:
            drain(steps)
        assert "127.0.0.1:9 cannot be reached. Check the connection" in str(caught.value)


def test_a_download_is_cancelled_between_two_steps_without_a_trace(server, tmp_path):
    steps = fetch_steps([remote_of(server)], tmp_path)
    while next(steps).done < 100_000:
        pass
    steps.close()
    assert kept(tmp_path) == []
    drain(fetch_steps([remote_of(server)], tmp_path))
    assert (tmp_path / "here.bin").read_bytes() == BODY


def test_a_pause_between_attempts_is_cancelled_at_once(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE", 60)
    server.faults = ["503"]
    steps = fetch_steps([remote_of(server)], tmp_path)
    began = time.monotonic()
    while "attempt 2" not in next(steps).stage:
        pass
    steps.close()
    assert time.monotonic() - began < 30
    assert kept(tmp_path) == []


def test_a_file_that_was_cut_by_something_else_comes_anew(server, tmp_path):
    (tmp_path / "here.bin").write_bytes(BODY[:-7])  # cut by something else
    drain(fetch_steps([remote_of(server)], tmp_path))
    assert (tmp_path / "here.bin").read_bytes() == BODY


def test_a_folder_that_cannot_be_written_is_told(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match=r"cannot be written.*STENTRANS_CACHE"):
        drain(fetch_steps([remote_of(server)], tmp_path / "file" / "folder"))


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: type("", (), {"free": 1000}))
    with pytest.raises(DownloadError, match="0 MB free, and 1 MB are needed"):
        drain(fetch_steps([remote_of(server)], tmp_path))
    assert kept(tmp_path) == []


def test_sizes_are_known_or_asked(server):
    server.files["second.bin"] = b"12345"
    known, asked = remote_of(server, size=7), remote_of(server, "second.bin")
    assert drain(size_steps([known])) == 7
    assert server.asked == []
    assert drain(size_steps([known, asked])) == 12
    assert server.asked == [("HEAD", "second.bin")]
    with pytest.raises(DownloadError, match="404"):
        drain(size_steps([remote_of(server, "gone.bin")]))


# ---- archives


def test_an_archive_is_unpacked_and_not_kept(server, tmp_path):
    body = archive_of(spatial__a=b"1", spatial__deep__b=b"22", other=b"3")
    server.files["spatial.tar.gz"] = body
    remote = remote_of(server, "spatial.tar.gz", body, unpacks_to="spatial")
    drain(fetch_steps([remote], tmp_path))
    assert kept(tmp_path) == ["spatial"]
    assert (tmp_path / "spatial" / "deep" / "b").read_bytes() == b"22"
    drain(fetch_steps([remote], tmp_path))
    assert len(server.asked) == 1


def special(name, kind, link=""):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        good = tarfile.TarInfo("spatial/good")
        tar.addfile(good, io.BytesIO())
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        tar.addfile(member, io.BytesIO())
    return packed.getvalue()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (special("../out", tarfile.REGTYPE), "leads elsewhere"),
        (special("/out", tarfile.REGTYPE), "leads elsewhere"),
        (special("spatial/../../out", tarfile.REGTYPE), "leads elsewhere"),
        (special("spatial\\..\\out", tarfile.REGTYPE), "leads elsewhere"),
        (special("C:/out", tarfile.REGTYPE), "leads elsewhere"),
        (special("spatial/link", tarfile.SYMTYPE, "/etc/passwd"), "link or a device"),
        (special("spatial/link", tarfile.LNKTYPE, "spatial/good"), "link or a device"),
        (special("spatial/pipe", tarfile.FIFOTYPE), "link or a device"),
        (archive_of(other=b"1"), "no folder 'spatial'"),
        (archive_of(spatial__a=bytes(100_000))[:-60], "not the archive"),
        (b"no archive at all", "not the archive"),
        (b"", "not the archive"),
    ],
    ids=lambda part: part if isinstance(part, str) else "body",  # archives hold the time
)
def test_an_archive_that_is_not_to_be_trusted_changes_nothing(tmp_path, body, words):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.tar.gz").write_bytes(body)
    with pytest.raises(DownloadError, match=words):
        unpack(inside / "a.tar.gz", inside, "spatial")
    assert kept(inside) == ["a.tar.gz"]
    assert kept(tmp_path) == ["inside"]


def test_an_archive_that_holds_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "MOST_UNPACKED", 1000)
    (tmp_path / "a.tar.gz").write_bytes(archive_of(spatial__zeros=bytes(2000)))
    with pytest.raises(DownloadError, match="more than"):
        unpack(tmp_path / "a.tar.gz", tmp_path, "spatial")
    assert kept(tmp_path) == ["a.tar.gz"]


# ---- the samples


def test_samples_are_kept_in_the_cache_of_the_system_or_where_it_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv(downloads.CACHE_VARIABLE, raising=False)
    assert downloads.cache_folder().name == "napari-stentrans"
    monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path))
    for sample in samples.REAL_SAMPLES.values():
        assert sample.folder.parent == tmp_path
        assert not sample.is_here
        assert all(len(remote.sha256) == 64 for remote in sample.remotes)
        assert all(remote.url.startswith("https://") for remote in sample.remotes)


@pytest.mark.filterwarnings("ignore:.*have no counts at all")
def test_the_legacy_sample_is_what_its_checksums_say(server, monkeypatch, tmp_path, data_dir):
    monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path))
    sample = samples.REAL_SAMPLES["her2_breast_cancer"]
    for remote in sample.remotes:
        server.files[remote.name] = (data_dir / "legacy_st" / remote.name).read_bytes()
    local = [replace(remote, url=f"{server.url}/{remote.name}") for remote in sample.remotes]
    assert sample.size == sum(map(len, server.files.values())) - len(BODY)
    section = read_section(drain(samples.sample_steps(replace(sample, remotes=tuple(local)))))
    assert section.n_spots == 283
    assert section.lattice.kind == "square"
    assert [image.name for image in section.images]


def test_a_visium_sample_opens_as_a_folder(server, monkeypatch, tmp_path, data_dir):
    monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path))
    folder = data_dir / "visium_mini"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(folder / "spatial", "spatial")
    matrix, spatial = "filtered_feature_bc_matrix.h5", "spatial.tar.gz"
    server.files |= {matrix: (folder / matrix).read_bytes(), spatial: packed.getvalue()}
    sample = samples.REAL_SAMPLES["human_lymph_node"]
    assert [remote.name for remote in sample.remotes] == [matrix, spatial]
    local = [
        replace(
            remote,
            url=f"{server.url}/{remote.name}",
            sha256=hashlib.sha256(server.files[remote.name]).hexdigest(),
        )
        for remote in sample.remotes
    ]
    local_sample = replace(sample, remotes=tuple(local))
    path = drain(samples.sample_steps(local_sample))
    assert local_sample.is_here
    section = read_section(path)
    assert section.n_spots == 2695
    assert section.images
    assert section.name == "V1_Human_Lymph_Node"
