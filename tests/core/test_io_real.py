"""Real sections: spots, genes, lattice, positions and images of every folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
import pytest

from napari_stentrans.errors import StentransWarning
from napari_stentrans.io import can_read, choices_of, read_section
from napari_stentrans.lattice import Lattice

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans import Section

pytestmark = pytest.mark.filterwarnings("ignore::napari_stentrans.errors.StentransWarning")


@dataclass(frozen=True)
class Real:
    """What is known of a section.

    Attributes
    ----------
    path
        In the folder of real sections.
    shape
        (spot, gene).
    lattice
        Its kind.
    positions
        File of positions.
    images
        Name of each image -> its (row, column) and its scale.
    um
        Micrometres per pixel.
    """

    path: str
    shape: tuple[int, int]
    lattice: str
    positions: str
    images: dict[str, tuple[int, int, float]]
    um: float | None = None


HER2, MINI = "legacy_st/{}.tsv.gz", "visium_mini/spatial/tissue_positions_list.csv"
REAL = [
    Real(HER2.format("A1"), (346, 15045), "square", "legacy_st/A1_selection.tsv", {}, 0.916),
    Real(HER2.format("C1"), (176, 15557), "square", "legacy_st/C1_selection.tsv", {}, 0.688),
    Real(
        HER2.format("C2"),
        (187, 15706),
        "square",
        "legacy_st/C2_selection.tsv",
        {"H&E": (9911, 9274, 1.0)},
        0.689,
    ),
    Real(
        HER2.format("B4"),
        (283, 15289),
        "square",
        "legacy_st/B4_selection.tsv",
        {"H&E": (9923, 9272, 1.0)},
        0.688,
    ),
    Real(
        "mouse_olfactory_bulb",
        (379, 1000),
        "hex",
        "mouse_olfactory_bulb/alignment_table_MOB1.tsv",
        {"H&E": (1905, 1905, 1.0)},
    ),
    Real(
        "mouse_olfactory_bulb/MOB2.tsv.gz",
        (407, 1000),
        "hex",
        "mouse_olfactory_bulb/alignment_table_MOB2.tsv",
        {"H&E": (1905, 1905, 1.0)},
    ),
    Real("visium_dg", (624, 634), "hex", "visium_dg/visium_DG_locs.txt", {}),
    Real(
        "visium_mini",
        (2695, 100),
        "hex",
        MINI,
        {"hires": (1998, 2000, 0.17211704), "lowres": (599, 600, 0.051635113)},
        0.7248,
    ),
]


@pytest.fixture(params=REAL, ids=lambda real: real.path.removesuffix(".tsv.gz").split("/")[-1])
def real(request: pytest.FixtureRequest, data_dir: Path) -> Real:
    found: Real = request.param
    if not (data_dir / found.path).exists():
        pytest.skip(f"no {found.path} there")
    return found


def places(path: Path, section: Section) -> tuple[np.ndarray, np.ndarray]:
    """(spot,) those that a file of positions holds, and their (x, y)."""
    if path.name.endswith("_locs.txt"):
        return np.arange(section.n_spots), np.abs(np.loadtxt(path))
    if path.suffix == ".csv":
        table = pd.read_csv(path, header=None, index_col=0)[[5, 4]]
    else:
        table = pd.read_csv(path, sep="\t")
        table.index = table["x"].astype(str) + "x" + table["y"].astype(str)
        table = table[["pixel_x", "pixel_y"]]
    at = table.index.get_indexer(section.adata.obs_names)
    return np.flatnonzero(at >= 0), table.to_numpy()[at[at >= 0]]


def test_every_section_opens_as_it_is(real: Real, data_dir: Path) -> None:
    path = data_dir / real.path
    assert can_read(path)
    section = read_section(path)
    assert section.adata.shape == real.shape
    assert section.lattice.kind == real.lattice
    assert section.um_per_px == (real.um and pytest.approx(real.um, rel=1e-3))
    found, xy = places(data_dir / real.positions, section)
    assert len(found) > 0.9 * section.n_spots
    np.testing.assert_allclose(section.xy[found], xy)
    assert {i.name: (*i.shape[:2], i.scale) for i in section.images} == real.images
    for image in section.images:
        assert (section.xy > 0).all()
        assert (section.xy.max(0) * image.scale < image.shape[1::-1]).all()


def test_counts_are_those_of_the_files(data_dir: Path) -> None:
    table = pd.read_csv(data_dir / "legacy_st" / "C1.tsv.gz", sep="\t", index_col=0)
    section = read_section(data_dir / "legacy_st" / "C1.tsv.gz")
    np.testing.assert_array_equal(section.counts.toarray(), table.to_numpy())
    path = data_dir / "visium_dg" / "visium_DG_expr.txt.gz"
    table = pd.read_csv(path, sep=" ", index_col=0).T
    section = read_section(path)
    np.testing.assert_array_equal(section.counts.toarray(), table.to_numpy())
    assert list(section.genes) == list(table.columns)
    assert list(section.adata.obs_names) == list(table.index)
    with h5py.File(data_dir / "visium_mini" / "filtered_feature_bc_matrix.h5") as file:
        total = file["matrix/data"][:].sum()
    assert read_section(data_dir / "visium_mini").counts.sum() == total


@pytest.mark.parametrize("size", ["8", "16"])
def test_positions_and_images_of_visium_hd(data_dir: Path, size: str) -> None:
    """Its counts are of another section, so they are not looked at."""
    pytest.importorskip("pyarrow", reason="extra [hd] is not installed")
    run = data_dir / "visium_hd_mini"
    assert [choice.options for choice in choices_of(run)] == [("8", "16")]
    section = read_section(run, {"bin": size})
    assert section.lattice.kind == "square"
    spacing = section.lattice.spacing * section.um_per_px
    assert spacing == pytest.approx(16, rel=0.05)  # of the finer bins, one in four was kept
    folder = run / "binned_outputs" / f"square_{int(size):03d}um" / "spatial"
    table = pd.read_parquet(folder / "tissue_positions.parquet").set_index("barcode")
    table = table.loc[section.adata.obs_names]
    np.testing.assert_array_equal(section.xy, table[["pxl_col_in_fullres", "pxl_row_in_fullres"]])
    assert [image.name for image in section.images] == ["hires", "lowres"]
    for image in section.images:
        under_tissue = section.xy[section.adata.obs["in_tissue"] == 1] * image.scale
        assert len(under_tissue) > 100
        assert (under_tissue.min(0) > 0).all()
        assert (under_tissue.max(0) < image.shape[1::-1]).all()


def test_a_hex_table_lies_the_same_way_round_without_its_positions(
    data_dir: Path, tmp_path: Path
) -> None:
    folder = data_dir / "mouse_olfactory_bulb"
    section = read_section(folder / "MOB1.tsv.gz", {"spots": "all"})
    alone = tmp_path / "MOB1.tsv.gz"
    alone.symlink_to(folder / "MOB1.tsv.gz")
    bare = read_section(alone)
    assert Lattice.of(bare.xy).kind == "hex"
    for axis in (0, 1):
        assert np.corrcoef(bare.xy[:, axis], section.xy[:, axis])[0, 1] > 0.999


def darkness(section: Section, xy: np.ndarray, half: int) -> np.ndarray:
    """(spot,) how dark the stain is in squares around positions; glass is about 0."""
    pixels = section.images[0].data
    middle = np.clip(xy, half, np.array(pixels.shape[1::-1]) - half).astype(int)
    patches = [pixels[y - half : y + half, x - half : x + half] for x, y in middle]
    return 255 - np.array([patch.mean() for patch in patches])


def test_spots_lie_on_the_tissue(data_dir: Path) -> None:
    section = read_section(data_dir / "legacy_st" / "C2.tsv.gz")
    columns_rows = np.array(section.images[0].shape[1::-1])
    assert (darkness(section, section.xy, 20) > 45).mean() > 0.95
    for elsewhere in (section.xy[:, ::-1], columns_rows - section.xy, section.xy + 1500):
        assert (darkness(section, elsewhere, 20) > 45).mean() < 0.85


def test_spots_with_many_counts_lie_on_the_tissue(data_dir: Path) -> None:
    """Of this section all spots of the array were counted, on glass as well."""
    section = read_section(data_dir / "mouse_olfactory_bulb", {"spots": "all"})
    assert section.n_spots == 1934

    def fit(xy: np.ndarray) -> float:
        return float(np.corrcoef(darkness(section, xy, 4), np.log1p(section.totals))[0, 1])

    assert fit(section.xy) > 0.8
    side = section.images[0].shape[0]
    for elsewhere in (section.xy[:, ::-1], side - section.xy, section.xy + 150):
        assert fit(elsewhere) < 0.75


def test_spots_on_glass_of_the_bulb_are_left_out(data_dir: Path) -> None:
    folder = data_dir / "mouse_olfactory_bulb"
    assert [choice.key for choice in choices_of(folder)] == ["sample", "spots"]
    with pytest.warns(StentransWarning, match="1,555 of 1,934 spots were left out"):
        section = read_section(folder / "MOB1.tsv.gz")
    everywhere = read_section(folder / "MOB1.tsv.gz", {"spots": "all"})
    assert section.totals.mean() > 5 * np.median(everywhere.totals)
    assert choices_of(data_dir / "legacy_st" / "B4.tsv.gz") == ()


def test_what_was_left_out_of_the_brain_is_said(data_dir: Path) -> None:
    with pytest.warns(StentransWarning) as said:
        read_section(data_dir / "visium_dg")
    text = " ".join(str(warning.message) for warning in said)
    assert "deg_image.png: left out" in text
    assert "y was turned round" in text


def test_positions_in_columns_of_another_name(data_dir: Path) -> None:
    with pytest.warns(StentransWarning, match="columns 'x_coord' and 'y_coord'"):
        section = read_section(data_dir / "reference" / "osmfish" / "spots.h5ad")
    assert section.n_spots == 3405
    assert len(section.genes) == 33
    np.testing.assert_array_equal(section.xy, section.obs[["x_coord", "y_coord"]].to_numpy(float))
