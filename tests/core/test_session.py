"""Sessions: what was saved comes back, and what cannot is told."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest

from napari_stentrans import EnhanceConfig, enhance, read_section, simulate_section
from napari_stentrans import session as sessions
from napari_stentrans.errors import ReadError, SectionError, WriteError
from napari_stentrans.session import read_session, write_session
from napari_stentrans.session_facts import RunFacts, SessionFacts


@pytest.fixture
def section(tmp_path):
    """A small section in a file."""
    path = tmp_path / "data" / "section.h5ad"
    path.parent.mkdir()
    simulate_section(120, 30, image=False).adata.write_h5ad(path)
    return read_section(path)


def facts_of(section, *results):
    runs = tuple(RunFacts(name=f"run {i}", record=r.record) for i, r in enumerate(results))
    return SessionFacts(
        source=str(section.source), digest=section.digest, gene="Gene3", runs=runs, shown=0
    )


@pytest.mark.parametrize(
    "config",
    [
        EnhanceConfig(upscale=2),
        EnhanceConfig(method="kriging", denoise=False),
        EnhanceConfig(method="linear", genes=("Gene3", "Gene5")),
    ],
    ids=["transformer", "kriging", "linear"],
)
def test_a_result_comes_back_the_same(section, tmp_path, config):
    lost = np.arange(section.n_spots) < 9
    extra = section.xy.min(0) - [[section.lattice.spacing, 0]]
    result = enhance(section, lost, config, extra)
    path = write_session(tmp_path / "a.stentrans", facts_of(section, result), None, [result])
    again = read_session(path).result(section, 0)
    assert again.sites.names.equals(result.sites.names)
    np.testing.assert_array_equal(again.gene("Gene3").mean, result.gene("Gene3").mean)
    np.testing.assert_array_equal(again.gene("Gene3").std, result.gene("Gene3").std)
    np.testing.assert_array_equal(again.predictive_std(["Gene5"]), result.predictive_std(["Gene5"]))
    np.testing.assert_array_equal(again.totals, result.totals)
    assert again.record == result.record


def test_what_is_painted_and_said_comes_back(section, tmp_path):
    labels = np.zeros(section.raster.shape, np.uint8)
    labels[2:5, 3:9] = 3
    facts = facts_of(section).model_copy(update={"regions": {3: "fold"}, "shown": None})
    read = read_session(write_session(tmp_path / "a.stentrans", facts, labels, []))
    np.testing.assert_array_equal(read.lost, labels)
    assert read.facts.regions == {3: "fold"}
    assert read.facts.gene == "Gene3"


def test_a_folder_that_moves_as_a_whole_is_found_again(section, tmp_path):
    folder = section.source.parent
    write_session(folder / "a.stentrans", facts_of(section), None, [])
    shutil.move(folder, tmp_path / "elsewhere")
    read = read_session(tmp_path / "elsewhere" / "a.stentrans")
    assert read.source.samefile(tmp_path / "elsewhere" / "section.h5ad")
    (tmp_path / "elsewhere" / "section.h5ad").unlink()
    assert read.source is None


def test_other_data_are_refused(section, tmp_path):
    path = write_session(tmp_path / "a.stentrans", facts_of(section), None, [])
    with pytest.raises(SectionError, match="does not hold the data of this session"):
        read_session(path).check(simulate_section(120, 30, seed=1, image=False))


def test_a_large_result_is_left_to_be_made_again(section, tmp_path, monkeypatch):
    result = enhance(section, None, EnhanceConfig(method="nearest"))
    monkeypatch.setattr(sessions, "MOST_BYTES", 1000)
    path = write_session(tmp_path / "a.stentrans", facts_of(section, result), None, [result])
    assert read_session(path).result(section, 0) is None


def test_a_file_that_is_there_is_kept_unless_it_may_go(section, tmp_path):
    path = tmp_path / "a.stentrans"
    path.write_text("mine")
    with pytest.raises(WriteError, match="would be replaced"):
        write_session(path, facts_of(section), None, [])
    assert path.read_text() == "mine"
    with pytest.raises(WriteError, match=r"NAME\.stentrans"):
        write_session(tmp_path / "a.zip", facts_of(section), None, [])


def test_files_that_are_no_sessions_are_told(section, tmp_path):
    with pytest.raises(ReadError, match="There is no session"):
        read_session(tmp_path / "none.stentrans")
    path = tmp_path / "bad.stentrans"
    path.write_bytes(b"no zip")
    with pytest.raises(ReadError, match="damaged"):
        read_session(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("session.json", '{"format": 1, "source": 3}')
    with pytest.raises(ReadError, match="source"):
        read_session(path)
    result = enhance(section, None, EnhanceConfig(method="kriging"))
    whole = write_session(tmp_path / "a.stentrans", facts_of(section, result), None, [result])
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("session.json", zipfile.ZipFile(whole).read("session.json"))
    with pytest.raises(ReadError, match="damaged"):
        read_session(path).result(section, 0)
