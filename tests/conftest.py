"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from napari_stentrans import gene_table

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


@pytest.fixture(autouse=True)
def no_gene_tables(monkeypatch, tmp_path_factory):
    """Keep the tables of gene names of a person away from the tests."""
    nowhere = tmp_path_factory.getbasetemp() / "no_gene_names"
    monkeypatch.setattr(gene_table, "folder", lambda: nowhere)
    monkeypatch.delenv(gene_table.VARIABLE, raising=False)
