"""Fixtures that every test may use."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from file_server import FileServer
from gene_tables import HGNC
from scoring import load_score

from napari_stentrans import downloads, hgnc, known_gene_tables
from napari_stentrans.cli import main
from napari_stentrans.downloads import Remote

if TYPE_CHECKING:
    from types import ModuleType

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real sections, for development only: never part of the project."""
    folder = Path(os.environ.get("STENTRANS_DATA", REPO.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real sections at {folder} (set STENTRANS_DATA)")
    return folder


@pytest.fixture(scope="session")
def golden_dir(data_dir: Path) -> Path:
    """Arrays computed by the published program."""
    folder = data_dir.parent / "golden"
    if not folder.is_dir():
        pytest.skip(f"no golden arrays at {folder}")
    return folder


@pytest.fixture(scope="session")
def score(data_dir: Path) -> ModuleType:
    """The scoring program, which knows the real sections and what is hidden of them."""
    try:
        return load_score(data_dir.parent / "score.py")
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def no_gene_tables(monkeypatch, tmp_path_factory):
    """Keep the tables of gene names of a person away from the tests."""
    nowhere = tmp_path_factory.getbasetemp() / "no_gene_names"
    monkeypatch.setattr(known_gene_tables, "folder", lambda: nowhere)
    monkeypatch.delenv(known_gene_tables.VARIABLE, raising=False)


@pytest.fixture(autouse=True)
def warnings_as_they_were(monkeypatch):
    """The command line sets warnings up for a person; undo that after each test."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """File of a simulated section: 200 spots, 60 genes."""
    path = tmp_path_factory.mktemp("sample") / "sample.h5ad"
    assert main(["simulate", "-o", str(path), "--spots", "200", "--genes", "60"]) == 0
    return path


@pytest.fixture
def gene_table_server(monkeypatch):
    """A server that HGNC's table, in small, is downloaded from; it may be told to fail."""
    monkeypatch.setattr(downloads, "PAUSE", 0.01)
    monkeypatch.setattr(downloads, "TIMEOUT", (2, 1))
    monkeypatch.setattr(hgnc, "LEAST_HGNC", 5)
    made = FileServer()
    made.files["hgnc.txt"] = HGNC.encode()
    remote = Remote("hgnc_complete_set.txt", f"{made.url}/hgnc.txt", "")
    monkeypatch.setattr(hgnc, "HGNC", remote)
    yield made
    made.close()
