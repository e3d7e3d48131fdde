from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_stentrans.errors import MaskError
from napari_stentrans.lattice import Lattice
from napari_stentrans.raster import SpotRaster


def spots(kind: str, seed: int, n: int = 14) -> np.ndarray:
    """Positions (spot, 2) of a patch with holes, turned a little."""
    rng = np.random.default_rng(seed)
    if kind == "irregular":
        xy = rng.uniform(0, n, (600, 2))
        kept: list[np.ndarray] = []
        for point in xy:  # no two closer than 0.6
            if all(np.linalg.norm(point - other) > 0.6 for other in kept):
                kept.append(point)
        return np.array(kept) * 40 + 300
    r, c = np.mgrid[:n, :n].reshape(2, -1)
    x, y = (c + r % 2 / 2, r * 3**0.5 / 2) if kind == "hex" else (c, r)
    angle = rng.uniform(-0.1, 0.1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    xy = np.column_stack([x, y]) @ turn * 40 + 300
    return xy[rng.random(len(xy)) > 0.1]


@given(
    kind=st.sampled_from(["square", "hex", "irregular"]),
    seed=st.integers(0, 10_000),
    share=st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_spots_to_paint_and_back(kind: str, seed: int, share: float) -> None:
    xy = spots(kind, seed % 5)
    raster = SpotRaster.of(xy, Lattice.of(xy))
    lost = np.random.default_rng(seed).random(len(xy)) < share
    assert (raster.lost(raster.paint(lost)) == lost).all()
    assert len(raster.unmeasured(raster.paint(lost), xy)) == 0


@given(kind=st.sampled_from(["square", "hex", "irregular"]), seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_draw_and_read_back(kind: str, seed: int) -> None:
    xy = spots(kind, seed % 5)
    raster = SpotRaster.of(xy, Lattice.of(xy))
    values = np.random.default_rng(seed).normal(size=len(xy)).astype(np.float32)
    image = raster.draw(values)
    row, column = raster.pixel_of(xy).T
    assert (image[row, column] == values).all()
    assert (np.isnan(image) == (raster.index < 0)).all()


@pytest.mark.parametrize("kind", ["square", "hex", "irregular"])
def test_a_cell_is_what_is_nearest_to_its_spot(kind: str) -> None:
    xy = spots(kind, 3)
    lattice = Lattice.of(xy)
    raster = SpotRaster.of(xy, lattice)
    centres = raster.pixel_xy()[raster.index >= 0]
    owner = raster.index[raster.index >= 0]
    own = np.linalg.norm(centres - xy[owner], axis=1)
    nearest = np.linalg.norm(centres[:, None] - xy[None], axis=2).min(1)
    assert (own <= nearest + raster.pixel).all()
    assert own.max() <= 1.0 * lattice.spacing
    areas = np.bincount(owner, minlength=len(xy))
    if kind == "square":
        assert np.median(areas) == pytest.approx((lattice.spacing / raster.pixel) ** 2, rel=0.1)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_painting_a_hole_gives_its_nodes_as_unmeasured_sites(kind: str) -> None:
    xy = spots(kind, 2)
    lattice = Lattice.of(xy)
    hole = np.linalg.norm(xy - xy.mean(0), axis=1) < 90
    raster = SpotRaster.of(xy[~hole], lattice)
    painted = np.linalg.norm(raster.pixel_xy() - xy.mean(0), axis=2) < 90
    sites = raster.unmeasured(painted, xy[~hole])
    distance = np.linalg.norm(sites[:, None] - xy[hole][None], axis=2)
    assert len(sites) >= 0.8 * hole.sum()
    # Each site is a lattice node of the hole: of a removed spot, or of one that never was.
    np.testing.assert_allclose(lattice.xy(lattice.nodes(sites)), sites, atol=1e-6)
    assert np.linalg.norm(sites - xy.mean(0), axis=1).max() < 90 + lattice.spacing / 2
    assert (distance.min(1) < 0.3 * lattice.spacing).mean() > 0.7


def test_half_a_cell_decides() -> None:
    xy = spots("square", 0)
    raster = SpotRaster.of(xy, Lattice.of(xy))
    cell = np.argwhere(raster.index == 5)
    painted = np.zeros(raster.shape, np.uint8)
    painted[tuple(cell[: len(cell) // 2 - 1].T)] = 3
    assert not raster.lost(painted)[5]
    painted[tuple(cell[: (len(cell) + 1) // 2].T)] = 3
    assert raster.lost(painted)[5]
    assert raster.lost(painted).sum() == 1


def test_large_and_stray_sections_keep_the_raster_small() -> None:
    rng = np.random.default_rng(0)
    xy = np.concatenate([rng.uniform(0, 100, (500, 2)), [[1e7, 1e7]]])
    raster = SpotRaster.of(xy, Lattice.of(xy))
    assert np.prod(raster.shape) < 5_000_000
    r, c = np.mgrid[:300, :300].reshape(2, -1)
    xy = np.column_stack([c, r]) * 8.0
    raster = SpotRaster.of(xy, Lattice.of(xy))
    assert np.prod(raster.shape) < 5_000_000
    assert (np.bincount(raster.index[raster.index >= 0], minlength=len(xy)) > 0).all()


def test_a_spot_that_is_crowded_out_still_has_a_pixel() -> None:
    r, c = np.mgrid[:10, :10].reshape(2, -1)
    xy = np.column_stack([c, r]) * 10.0
    xy = np.concatenate([xy, xy[[55]]])  # two spots in one place
    raster = SpotRaster.of(xy, Lattice.of(xy))
    assert set(np.unique(raster.index)) == {-1, *range(101)}


def test_masks_of_another_shape_are_refused() -> None:
    xy = spots("hex", 1)
    raster = SpotRaster.of(xy, Lattice.of(xy))
    with pytest.raises(MaskError, match=r"must have the shape of the map"):
        raster.lost(np.zeros((3, 4)))
    with pytest.raises(MaskError, match=f"{len(xy)}"):
        raster.paint(np.zeros(len(xy) + 1, bool))
    with pytest.raises(MaskError, match="one value per spot"):
        raster.draw(np.zeros(3))
