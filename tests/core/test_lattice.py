from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_stentrans.errors import SectionError
from napari_stentrans.lattice import Lattice

if TYPE_CHECKING:
    from pathlib import Path

HEX = np.array([(0.0, 3**0.5 / 2), (0.5, 0.0)])  # pixels (x, y) of one row, one column
SQUARE = np.array([(0.0, 1.0), (1.0, 0.0)])


def grid(kind: str, rows: int = 9, columns: int = 8) -> np.ndarray:
    """Array coordinates (row, column) of a full patch."""
    r, c = np.mgrid[:rows, :columns].reshape(2, -1)
    return np.column_stack([r, 2 * c + r % 2 if kind == "hex" else c])


def placed(rc: np.ndarray, kind: str, spacing: float, angle: float = 0.0) -> np.ndarray:
    """Pixel positions of array coordinates, turned and moved."""
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return rc @ (HEX if kind == "hex" else SQUARE) @ turn * spacing + (1234.5, 777.0)


@pytest.mark.parametrize("name", ["square", "hex"])
def test_2x_sites_are_those_of_the_published_rule(golden_dir: Path, name: str) -> None:
    golden = np.load(golden_dir / f"lattice_{name}.npz")
    rc = golden["coords"]
    xy = placed(rc, name, 137.0, 0.02)
    lattice = Lattice.of(xy, rc)
    assert lattice.kind == name
    ours = np.concatenate([rc, lattice.rc(lattice.between(xy))])
    kept = {tuple(site) for site in np.rint(2 * ours).astype(int)}
    assert len(kept) == len(ours)
    assert kept == {tuple(site) for site in np.rint(2 * golden["in_tissue_coords"]).astype(int)}


@given(
    kind=st.sampled_from(["square", "hex"]),
    angle=st.floats(-3.2, 3.2),
    spacing=st.floats(0.5, 400),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_lattice_is_found_from_positions_alone(
    kind: str, angle: float, spacing: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rc = grid(kind, 12, 11)
    rc = rc[rng.random(len(rc)) > 0.15]
    jitter = rng.normal(0, 0.03 * spacing, rc.shape)
    xy = placed(rc, kind, spacing, angle) + jitter
    lattice = Lattice.of(xy)
    assert lattice.kind == kind
    assert lattice.spacing == pytest.approx(spacing, rel=0.03)
    nodes = lattice.nodes(xy)
    assert len(np.unique(nodes, axis=0)) == len(nodes)
    assert np.linalg.norm(lattice.xy(nodes) - xy, axis=1).max() < 0.2 * spacing
    if kind == "hex":
        assert (nodes.sum(1) % 2 == 0).all()


def test_scattered_spots_are_irregular() -> None:
    xy = np.random.default_rng(0).uniform(0, 100, (400, 2))
    lattice = Lattice.of(xy)
    assert lattice.kind == "irregular"
    between = lattice.between(xy)
    assert len(between) > len(xy)
    assert (between.min(0) >= xy.min(0)).all()
    assert (between.max(0) <= xy.max(0)).all()


@pytest.mark.parametrize("kind", ["square", "hex"])
@pytest.mark.parametrize("shift", [0, 1])
def test_array_coordinates_are_kept(kind: str, shift: int) -> None:
    rc = grid(kind) + np.array([0, shift])
    lattice = Lattice.of(placed(rc, kind, 50.0, 0.3), rc)
    assert (lattice.nodes(lattice.xy(rc)) == rc).all()
    np.testing.assert_allclose(lattice.rc(lattice.xy(rc)), rc, atol=1e-9)


def test_array_coordinates_that_do_not_fit_the_positions_are_not_believed() -> None:
    rc = grid("square")
    shuffled = np.random.default_rng(1).permutation(rc)
    lattice = Lattice.of(placed(rc, "square", 10.0), shuffled)
    assert lattice.kind == "square"
    assert lattice.spacing == pytest.approx(10.0)


@pytest.mark.parametrize(("kind", "pairs"), [("square", 9 * 7 + 8 * 8), ("hex", 9 * 7 + 8 * 15)])
def test_neighbours_of_a_full_patch(kind: str, pairs: int) -> None:
    xy = placed(grid(kind), kind, 20.0)
    found = Lattice.of(xy).neighbours(xy)
    assert len(found) == pairs
    assert len(np.unique(np.sort(found, axis=1), axis=0)) == pairs
    np.testing.assert_allclose(np.linalg.norm(xy[found[:, 0]] - xy[found[:, 1]], axis=1), 20.0)


def test_four_sites_per_spot_inside_the_tissue() -> None:
    for kind in ("square", "hex"):
        xy = placed(grid(kind, 40, 40), kind, 7.0)
        total = len(xy) + len(Lattice.of(xy).between(xy))
        assert 3.8 * len(xy) < total < 4 * len(xy)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_sites_lie_on_the_halved_lattice(kind: str) -> None:
    rc = grid(kind) + np.array([0, 1])
    xy = placed(rc, kind, 30.0, 0.1)
    lattice = Lattice.of(xy, rc)
    sites = np.concatenate([xy, lattice.between(xy)])
    fine = lattice.halved()
    assert fine.spacing == pytest.approx(15.0)
    np.testing.assert_allclose(fine.xy(fine.nodes(sites)), sites, atol=1e-6)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_fill_gives_the_nodes_of_a_hole(kind: str) -> None:
    rc = grid(kind, 12, 12)
    xy = placed(rc, kind, 10.0)
    lattice = Lattice.of(xy, rc)
    hole = np.linalg.norm(xy - xy.mean(0), axis=1) < 22
    sites = lattice.fill(xy[hole] + 0.5, xy[~hole])
    assert len(sites) == hole.sum()
    assert {tuple(s) for s in lattice.nodes(sites)} == {tuple(s) for s in rc[hole]}


@pytest.mark.parametrize(
    ("xy", "message"),
    [
        (np.empty((0, 2)), "shape"),
        (np.zeros((5, 3)), "shape"),
        (np.zeros((5, 2)), "one place"),
        (np.array([[0, 0], [1, np.nan]]), "finite"),
    ],
)
def test_bad_positions_are_refused(xy: np.ndarray, message: str) -> None:
    with pytest.raises(SectionError, match=message):
        Lattice.of(xy)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_spots_make_a_lattice(n: int) -> None:
    xy = placed(grid("square"), "square", 10.0)[:n]
    lattice = Lattice.of(xy)
    assert lattice.spacing > 0
    assert lattice.between(xy).shape[1] == 2
