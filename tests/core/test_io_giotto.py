"""Giotto's layout: genes x cells, and a table of x and -y without names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from small_files import COUNTS, GENES, XY, giotto, names, slideseq

from napari_stentrans.errors import ReadError, StentransWarning
from napari_stentrans.io import can_read, read_section

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans import Section


def check(section: Section) -> None:
    assert list(section.adata.obs_names) == names()
    assert list(section.genes) == GENES
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS)
    np.testing.assert_allclose(section.xy, XY)
    assert section.um_per_px is None


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("part", ["", "brain_expr.txt.gz", "brain_locs.txt"])
def test_a_folder_and_its_parts(tmp_path: Path, part: str, quoted: bool) -> None:
    path = giotto(tmp_path / "brain", quoted) / part
    assert can_read(path)
    with pytest.warns(StentransWarning, match="y was turned round"):
        section = read_section(path)
    check(section)
    assert section.name == "brain"


def test_positions_that_count_downwards_stay(tmp_path: Path) -> None:
    folder = giotto(tmp_path / "brain")
    np.savetxt(folder / "brain_locs.txt", XY, "%g", ",")
    check(read_section(folder))


def test_an_image_of_unknown_place_is_left_out(tmp_path: Path) -> None:
    folder = giotto(tmp_path / "brain")
    Image.new("RGB", (30, 20)).save(folder / "he.png")
    with pytest.warns(StentransWarning) as said:
        section = read_section(folder)
    assert any("he.png: left out" in str(warning.message) for warning in said)
    assert section.images == ()


def test_among_other_tables_the_number_of_cells_tells(tmp_path: Path) -> None:
    folder = giotto(tmp_path / "brain")
    np.savetxt(folder / "outline.txt", np.arange(10).reshape(5, 2), "%g", " ")
    (folder / "clusters.csv").write_text("cell,cluster\ncell1,a\n")
    with pytest.warns(StentransWarning, match="y was turned round"):
        check(read_section(folder))
    assert not can_read(folder / "outline.txt")


def test_more_cells_than_positions(tmp_path: Path) -> None:
    folder = giotto(tmp_path / "brain")
    np.savetxt(folder / "brain_locs.txt", XY[1:], "%g", " ")
    with pytest.raises(ReadError, match=r"has 39 positions, brain_expr\.txt\.gz has 40 cells"):
        read_section(folder)


def test_beads_are_left_to_the_reader_of_beads(tmp_path: Path) -> None:
    assert read_section(slideseq(tmp_path / "puck")).um_per_px == 0.65
