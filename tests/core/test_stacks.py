"""Sections that lie over each other in one table: found by positions, whatever names say."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stentrans.errors import SectionError, StentransWarning
from napari_stentrans.io import choices_of, read_section
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from pathlib import Path

ROWS, COLUMNS = 12, 12
RC = np.array([(r, 2 * c + r % 2) for r in range(ROWS) for c in range(COLUMNS)])
HEX = RC[:, ::-1] * (50.0, 50 * 3**0.5) + (700, 900)
SQUARE = np.array([(200.0 * x, 200.0 * y) for x in range(12) for y in range(12)])


def barcodes(n: int, seed: int = 0) -> list[str]:
    """Bases as on a slide, the same on every slide."""
    bases = np.random.default_rng(seed).integers(0, 4, (n, 16))
    return ["".join("ACGT"[i] for i in row) + "-1" for row in bases]


def shifted(xy: np.ndarray, by: tuple[float, float]) -> np.ndarray:
    return xy + np.array(by)


def cells(seed: int, side: int = 30) -> np.ndarray:
    """Cells of a tissue, which keep their distance."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)
    return (grid + rng.uniform(-0.4, 0.4, grid.shape)) * 12


def table(*parts: np.ndarray, rc: np.ndarray | None = None, **obs: object) -> ad.AnnData:
    """Sections with spots at ``parts``, stacked; ``rc`` is the array of each."""
    xy = np.vstack(parts)
    counts = np.random.default_rng(0).poisson(3.0, (len(xy), 3)).astype(np.float32)
    frame = pd.DataFrame(obs, index=[f"spot{i}" for i in range(len(xy))])
    if rc is not None:
        frame[["array_row", "array_col"]] = np.vstack([rc] * len(parts))
    return ad.AnnData(sp.csr_matrix(counts), frame, obsm={"spatial": xy})


def label(names: str, n: int) -> np.ndarray:
    return np.repeat(list(names), n)


def save(adata: ad.AnnData, folder: Path) -> Path:
    adata.write_h5ad(folder / "brain.h5ad")
    return folder / "brain.h5ad"


def quietly(path: Path) -> Section:
    with warnings.catch_warnings():
        warnings.simplefilter("error", StentransWarning)
        return read_section(path)


WAYS = {
    "suffix of concat": lambda name, part: f"{name}-{part}",
    "suffix of aggr": lambda name, part: f"{name[:-1]}{part + 1}",
    "prefix of Seurat": lambda name, part: f"{part + 1}_{name}",
    "sample before": lambda name, part: f"{('ctrl', 'ko1', 'ko2')[part]}#{name}",
    "made unique": lambda name, part: name + ("" if part == 0 else f"-{part}"),
    "both sides": lambda name, part: f"s{part}_{name}-{part}",
}
SHIFTED = {
    "between": (HEX, shifted(HEX, (33, 21)), shifted(HEX, (12, 70))),
    "half a step": (HEX, shifted(HEX, (50, 0))),
    "turned": (HEX, HEX @ [[0.99, -0.14], [0.14, 0.99]]),
    "of another scale": (HEX, HEX * 1.06 + 20),
    "in part": (HEX, shifted(HEX, (933, 21))),
    "in part at the same places": (HEX, shifted(HEX, (900, 0))),
    "side by side": (HEX, shifted(HEX, (1533, 21))),
    "square": (SQUARE, shifted(SQUARE, (80, 30))),
    "cells": (cells(0), cells(1)),
    "cells in part": (cells(0), shifted(cells(1), (150, 0))),
}


class TestFound:
    """A choice is offered for what tells stacked sections apart."""

    @pytest.mark.parametrize("way", WAYS)
    def test_barcodes(self, tmp_path: Path, way: str) -> None:
        adata = table(HEX, HEX, HEX, rc=RC)
        names = barcodes(len(HEX))
        adata.obs_names = [WAYS[way](name, part) for part in range(3) for name in names]
        counts = adata.X.toarray()
        counts[len(HEX) : 2 * len(HEX), 0] = 77  # of the second one
        adata.X = sp.csr_matrix(counts)
        path = save(adata, tmp_path)
        (choice,) = choices_of(path)
        assert len(choice.options) == 3
        with pytest.warns(StentransWarning, match="section .* is read, not"):
            assert read_section(path).n_spots == len(HEX)
        second = read_section(path, {"section": choice.options[1]})
        assert (second.gene_counts("0") == 77).all()
        assert second.lattice.kind == "hex"

    @pytest.mark.parametrize("how", SHIFTED)
    def test_column_of_any_name(self, tmp_path: Path, how: str) -> None:
        parts = SHIFTED[how]
        donor = np.repeat([f"donor {i}" for i in range(len(parts))], len(parts[0]))
        rng = np.random.default_rng(1)
        adata = table(*parts, in_tissue=1, donor=donor, cluster=rng.integers(0, 5, len(donor)))
        path = save(adata, tmp_path)
        (choice,) = choices_of(path)
        assert choice.options == tuple(f"donor {i}" for i in range(len(parts)))
        section = read_section(path, {"section": "donor 1"})
        np.testing.assert_array_equal(section.xy, parts[1])

    def test_same_array_side_by_side(self, tmp_path: Path) -> None:
        path = save(
            table(HEX, shifted(HEX, (2500, 0)), rc=RC, mouse=label("AB", len(HEX))), tmp_path
        )
        assert choices_of(path)[0].options == ("A", "B")

    def test_bases_that_repeat_side_by_side(self, tmp_path: Path) -> None:
        adata = table(HEX, shifted(HEX, (2500, 0)))
        names = barcodes(len(HEX))
        adata.obs_names = [*names, *(name[:-1] + "2" for name in names)]
        assert choices_of(save(adata, tmp_path))[0].options == ("1", "2")

    def test_planes(self, tmp_path: Path) -> None:
        adata = table(SQUARE, SQUARE)
        adata.obsm["spatial"] = np.column_stack([adata.obsm["spatial"], np.repeat([0, 10], 144)])
        path = save(adata, tmp_path)
        assert choices_of(path)[0].options == ("0", "10")
        assert read_section(path, {"section": "10"}).n_spots == 144

    def test_named_column_that_holds_stacks_itself(self, tmp_path: Path) -> None:
        adata = table(HEX, HEX, HEX, HEX, sample=label("ttcc", 144), mouse=label("ABCD", 144))
        assert choices_of(save(adata, tmp_path))[0].options == ("A", "B", "C", "D")

    def test_clusters_of_one_section_each_are_not_the_sections(self, tmp_path: Path) -> None:
        adata = table(HEX, HEX, mouse=label("AB", 144))
        adata.obs["cluster"] = adata.obs["mouse"] + np.random.default_rng(0).choice(
            list("123"), 288
        )
        assert choices_of(save(adata, tmp_path))[0].options == ("A", "B")


class TestRefused:
    """Where nothing tells them apart, and in Python."""

    def test_nothing_tells(self, tmp_path: Path) -> None:
        path = save(table(HEX, HEX, HEX), tmp_path)
        assert choices_of(path) == ()
        with pytest.raises(SectionError, match=r"432 spots lie at 144 places.*add a column to obs"):
            read_section(path)

    def test_adata(self) -> None:
        adata = table(HEX, HEX, condition=label("AB", 144))
        with pytest.raises(SectionError, match=r'288 spots .* obs\["condition"\] splits .*A, B'):
            Section.from_anndata(adata)
        one = Section.from_anndata(adata[adata.obs["condition"] == "B"].copy())
        assert one.n_spots == 144

    @pytest.mark.parametrize("how", ["between", "turned", "square", "in part at the same places"])
    def test_between_each_other_is_said(self, tmp_path: Path, how: str) -> None:
        with pytest.warns(StentransWarning, match="several sections in one table"):
            Section.from_anndata(table(*SHIFTED[how]))
        path = save(table(*SHIFTED[how]), tmp_path)
        with pytest.warns(StentransWarning, match="several sections in one table"):
            read_section(path)

    def test_plain_table(self, tmp_path: Path) -> None:
        adata = table(HEX, HEX)
        frame = adata.to_df().assign(x=adata.obsm["spatial"][:, 0], y=adata.obsm["spatial"][:, 1])
        frame.rename_axis("cell").to_csv(tmp_path / "cells.csv")
        with pytest.raises(SectionError, match="288 spots lie at 144 places"):
            read_section(tmp_path / "cells.csv")


class TestNoFalseAlarm:
    """One section is one section, whatever its columns are."""

    @pytest.mark.parametrize("kind", ["hex", "square", "cells", "scattered", "few at one place"])
    def test_labels_of_all_kinds(self, tmp_path: Path, kind: str) -> None:
        rng = np.random.default_rng(3)
        scattered = rng.uniform(0, 1000, (900, 2))
        few = np.vstack([HEX, HEX[:5]])
        close = np.vstack([cells(4), cells(4)[:40] + 0.01])
        xy = {"hex": HEX, "square": SQUARE, "scattered": scattered, "cells": close}.get(kind, few)
        n = len(xy)
        labels = {f"cluster{k}": rng.integers(0, k, n).astype(str) for k in (2, 3, 8, 30)}
        middle = xy - xy.mean(0)
        labels |= {"side": (middle[:, 0] > 0).astype(str), "ring": np.hypot(*middle.T) // 200}
        labels |= {"fov": xy[:, 0] // 150 * 10 + xy[:, 1] // 150, "in_tissue": rng.random(n) > 0.1}
        labels |= {"plate_row": np.arange(n) // 20}
        if kind in ("hex", "square"):
            labels |= {"batch": rng.integers(1, 3, n)}
        adata = table(xy, **labels)
        path = save(adata, tmp_path)
        assert [choice for choice in choices_of(path) if choice.key == "section"] == []
        assert quietly(path).n_spots == n
