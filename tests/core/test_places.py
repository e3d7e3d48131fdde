"""Where files are written: any path that a person can think of, and what goes wrong there."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pytest

from napari_stentrans import EnhanceConfig, Enhancement, enhance, read_section, simulate_section
from napari_stentrans.cli import enhance as program
from napari_stentrans.cli import evaluate as evaluating
from napari_stentrans.cli import main
from napari_stentrans.cli import outputs as kept_elsewhere
from napari_stentrans.cli import simulate as simulating
from napari_stentrans.errors import ReadError, WriteError
from napari_stentrans.export import (
    beside,
    check_file,
    save,
    save_figure,
    save_mask,
    save_steps,
    write_section,
)
from napari_stentrans.export.hdf5 import hdf5_to_write
from napari_stentrans.progress import drain
from napari_stentrans.session import read_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEAREST = EnhanceConfig(method="nearest")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "s.h5ad"
    return write_section(simulate_section(60, 12, seed=1), path)


@pytest.fixture(scope="module")
def result(source: Path) -> Enhancement:
    return enhance(read_section(source), config=NEAREST)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Working folder with a folder, a link to it, and a home and a place for what is temporary."""
    working = tmp_path / "wörk ing"
    (working / "sub").mkdir(parents=True)
    (tmp_path / "home" / "sub").mkdir(parents=True)
    try:
        (working / "link").symlink_to("sub", target_is_directory=True)
    except OSError:
        pytest.skip("links may not be made here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    old = Path.cwd()
    os.chdir(working)
    yield working
    os.chdir(old)


PLACES = (
    "r",
    "sub/r",
    "./sub/../sub/r",
    "../r",
    "link/r",
    "link/../r",
    "~/sub/r",
    "sub/mit Leer zeichen",
    "sub/Größe–β 組織",
    "sub/.hidden",
    "sub/C:r",
    "sub/" + "x" * 200,
)


def really(place: str, here: Path) -> Path:
    """Where a path leads to, worked out in another way."""
    place = place.replace("~", str(here.parent / "home"))
    return Path(os.path.realpath(os.path.join(here, place)))


def nothing_else(folder: Path) -> None:
    assert not list(folder.rglob(".stentrans-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="some names cannot be had there")
@pytest.mark.parametrize("place", PLACES)
def test_any_path_can_be_written_to(result: Enhancement, here: Path, place: str) -> None:
    for ending in (".h5ad", ".zarr", ".csv.gz"):
        written = save(result, place + ending, genes=["Gene2"], overwrite=True)
        at = really(place + ending, here)
        assert at.exists()
        assert all(path.is_absolute() and path.exists() for path in written)
        assert os.path.realpath(written[0]) == str(at)
    lost = np.arange(result.sites.n_spots) < 3
    save_figure(result, ["Gene2"], place + ".png")
    save_mask(result.section, lost, place + ".tif")
    write_section(result.section, place + "2.h5ad")
    for ending in (".png", ".tif", "2.h5ad"):
        assert really(place + ending, here).is_file()
    nothing_else(here.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="some names cannot be had there")
@pytest.mark.parametrize("place", ["sub/r", "../r", "~/sub/r", "link/../Größe β"])
def test_the_command_line_takes_any_path(
    source: Path, here: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    shutil.copy(source, "s.h5ad")
    run = ["enhance", "s.h5ad", "--method", "nearest", "--genes", "Gene2"]
    assert main([*run, "-o", f"{place}.csv", "--figure", f"{place}.png"]) == 0
    assert main(["simulate", "--spots", "60", "--genes", "12", "-o", f"{place}.h5ad"]) == 0
    options = ["--method", "nearest", "--seeds", "1", "--json", f"{place}.json"]
    assert main(["evaluate", "s.h5ad", *options, "--plot", f"{place}_plot.png"]) == 0
    for ending in (".csv", ".run.json", ".png", ".h5ad", ".json", "_plot.png"):
        assert really(place + ending, here).is_file()
    said = capsys.readouterr().out.split("\n")
    assert any(really(line, here) == really(f"{place}.csv", here) for line in said if line)
    nothing_else(here.parent)


def test_a_link_is_kept_and_what_it_leads_to_is_written(result: Enhancement, here: Path) -> None:
    Path("r.h5ad").symlink_to(here.parent / "home" / "data_1")
    save(result, "r.h5ad", genes=["Gene2"])  # it leads to a file that is not there yet
    with pytest.raises(WriteError, match="would be replaced"):
        save(result, "r.h5ad", genes=["Gene3"])
    save(result, "r.h5ad", genes=["Gene3"], overwrite=True)
    assert Path("r.h5ad").is_symlink()
    assert list(ad.read_h5ad(here.parent / "home" / "data_1").var_names) == ["Gene3"]
    Path("r.zarr").symlink_to("sub/store.zarr", target_is_directory=True)
    for genes in (["Gene2"], ["Gene3"]):
        save(result, "r.zarr", genes=genes, overwrite=True)
        assert list(ad.read_zarr("sub/store.zarr").var_names) == genes
    assert Path("r.zarr").is_symlink()
    nothing_else(here.parent)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("none/r.h5ad", "does not exist"),
        ("lost.h5ad", "does not exist"),
        ("round.h5ad", "could not be written"),
        ("~nobody-of-that-name/r.h5ad", "no such user"),
        ("sub/" + "x" * 300 + ".h5ad", "could not be written"),
        ("sub/" + "x" * 249 + ".h5ad", "could not be written"),  # its record's name is too long
        ("s.txt/r.h5ad", "does not exist"),
        ("sub/nul\0.h5ad", "could not be written"),
    ],
)
def test_places_that_cannot_be_are_told_before(here: Path, place: str, message: str) -> None:
    Path("s.txt").write_text("a file")
    Path("lost.h5ad").symlink_to("nowhere/data.h5ad")
    Path("round.h5ad").symlink_to("round.h5ad")
    with pytest.raises(WriteError, match=message):
        program.check_target(Path(place), overwrite=True)
    nothing_else(here)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no such folder")
def test_a_folder_that_takes_nothing_is_found_out_by_writing(source: Path) -> None:
    """Permissions let root write everywhere."""
    for check in (
        lambda: check_file(Path("/proc/r.json"), ".json", overwrite=False),
        lambda: program.check_target(Path("/proc/r.zarr"), overwrite=False),
        lambda: program.check_figure(Path("/proc/r.png"), overwrite=False),
    ):
        with pytest.raises(WriteError, match=r"could not be written|may not be written"):
            check()
    assert main(["enhance", str(source), "-o", "/proc/r.h5ad"]) == 1
    assert main(["simulate", "-o", "/proc/r.h5ad"]) == 1
    assert main(["evaluate", str(source), "--json", "/proc/r.json"]) == 1


def test_a_full_disk_is_found_out_by_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WriteError, match="No space left on device"):
        check_file(tmp_path / "r.json", ".json", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_run_does_not_depend_on_the_working_folder(
    source: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(source, "s.h5ad")
    result = enhance(read_section("s.h5ad"), config=NEAREST)
    steps = save_steps(result, "sub/r.h5ad", genes=["Gene2"])
    with beside("sub/t.txt") as fresh:
        monkeypatch.chdir(here.parent)
        fresh.write_text("whole")
    drain(steps)
    assert (here / "sub" / "r.h5ad").is_file()
    assert (here / "sub" / "t.txt").read_text() == "whole"
    assert result.record.source == str(here / "s.h5ad")


@pytest.mark.skipif(sys.platform == "win32", reason="a working folder cannot be removed there")
def test_a_working_folder_that_is_gone(
    result: Enhancement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(WriteError, match="working folder is gone"):
        save(result, "r.h5ad")
    with pytest.raises(ReadError, match="working folder is gone"):
        read_section("s.h5ad")
    save(result, tmp_path / "r.h5ad", genes=["Gene2"])
    monkeypatch.chdir(tmp_path)


# ---- writing fails after the run


def then(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Let something happen between the run and its result's being written."""
    run = program.enhance_steps

    def steps(*arguments: Any) -> Any:
        found = yield from run(*arguments)
        happens()
        return found

    monkeypatch.setattr(program, "enhance_steps", steps)


@pytest.mark.parametrize("name", ["r.h5ad", "r.zarr", "r.csv", "r.ome.tif"])
def test_a_result_whose_folder_went_is_kept(
    source: Path,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    then(monkeypatch, lambda: shutil.rmtree("sub"))
    run = ["enhance", str(source), "--method", "nearest", "--genes", "Gene2"]
    assert main([*run, "-o", f"sub/{name}", "--figure", "sub/f.png"]) == 1
    said = capsys.readouterr()
    files = [Path(line) for line in said.out.splitlines()]
    assert [path.name for path in files] == [name, "r.run.json", "f.png"]
    assert all(path.exists() and path.is_relative_to(here.parent / "home") for path in files)
    assert all(str(path) in said.err for path in files)
    assert "sub does not exist" in said.err
    if name == "r.h5ad":
        assert list(ad.read_h5ad(files[0]).var_names) == ["Gene2"]
    nothing_else(here.parent)


def test_what_can_be_written_is_written_where_it_was_asked_for(
    source: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    then(monkeypatch, lambda: shutil.rmtree("sub"))
    run = ["enhance", str(source), "--method", "nearest", "--genes", "Gene2"]
    assert main([*run, "-o", "sub/r.csv", "--figure", "f.png"]) == 1
    assert Path("f.png").is_file()
    assert str(here / "f.png") in capsys.readouterr().out


def test_a_result_that_fits_nowhere_is_kept_as_a_session(
    source: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the data, not the disk, are what a format cannot hold."""

    def broken(*_: Any, **__: Any) -> Any:
        raise TypeError("cannot be written")
        yield

    monkeypatch.setattr(program, "save_steps", broken)
    assert main(["enhance", str(source), "--method", "kriging", "-o", "sub/r.h5ad"]) == 1
    (path,) = capsys.readouterr().out.splitlines()
    session = read_session(Path(path))
    section = read_section(session.source)
    back = session.result(section, 0)
    assert back is not None
    made = enhance(section, config=EnhanceConfig(method="kriging"))
    np.testing.assert_allclose(back.gene("Gene2").mean, made.gene("Gene2").mean, rtol=1e-5)
    nothing_left = [path for path in (here.parent / "home").iterdir() if not any(path.iterdir())]
    assert [path.name for path in nothing_left] == ["sub"]


def test_where_nothing_can_be_written_that_is_said(
    source: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kept_elsewhere, "_other_folders", lambda: iter(()))
    then(monkeypatch, lambda: shutil.rmtree("sub"))
    run = ["enhance", str(source), "--method", "nearest", "--genes", "Gene2"]
    assert main([*run, "-o", "sub/r.csv"]) == 1
    assert "No other folder took it" in " ".join(capsys.readouterr().err.split())


def test_scores_and_simulated_sections_are_kept_too(
    source: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = simulating.simulate_section

    def evaluate_steps(*arguments: Any, **options: Any) -> Any:
        found = yield from run(*arguments, **options)
        shutil.rmtree("sub")
        return found

    def simulate(*arguments: Any, **options: Any) -> Any:
        shutil.rmtree("sub")
        return made(*arguments, **options)

    run = evaluating.evaluate_steps
    monkeypatch.setattr(evaluating, "evaluate_steps", evaluate_steps)
    options = ["--method", "nearest", "--seeds", "1", "--json", "sub/s.json"]
    assert main(["evaluate", str(source), *options, "--plot", "sub/s.png"]) == 1
    home = here.parent / "home"
    assert {path.name for path in home.glob("stentrans-kept-*/*")} == {"s.json", "s.png"}
    Path("sub").mkdir()
    monkeypatch.setattr(simulating, "simulate_section", simulate)
    assert main(["simulate", "--spots", "60", "--genes", "12", "-o", "sub/s.h5ad"]) == 1
    assert "s.h5ad" in {path.name for path in home.glob("stentrans-kept-*/*")}


@pytest.mark.parametrize("most", [3_000, 30_000, 60_000, 100_000])
def test_a_disk_that_becomes_full_does_not_take_the_program_with_it(
    tmp_path: Path, most: int
) -> None:
    """HDF5 crashes where its file cannot be written any more, wherever in the file that is."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    section = simulate_section(200, 60, seed=2)
    result = enhance(section, config=NEAREST)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for write in (save, lambda _, path: write_section(section, path)):
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
            with pytest.raises(WriteError, match="could not be written"):
                write(result, tmp_path / "r.h5ad")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    save(result, tmp_path / "r.h5ad")
    np.testing.assert_array_equal(ad.read_h5ad(tmp_path / "r.h5ad").X, result.to_anndata().X)


def test_what_a_full_disk_refused_is_read_back_until_the_file_is_closed(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    values = np.random.default_rng(0).random((40, 1000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write() -> None:
        with hdf5_to_write(tmp_path / "f.h5") as (file, _):
            for at, row in enumerate(values):
                file.create_dataset(str(at), data=row)
                file.flush()
            for at, row in enumerate(values):
                np.testing.assert_array_equal(file[str(at)][:], row)

    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        with pytest.raises(OSError, match="File too large"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
