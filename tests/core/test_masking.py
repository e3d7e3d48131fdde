from __future__ import annotations

import numpy as np
import pytest

from napari_stentrans import masking
from napari_stentrans.lattice import Lattice


def units(kind: str = "square", n: int = 30) -> np.ndarray:
    r, c = np.mgrid[:n, :n].reshape(2, -1)
    return np.column_stack(
        [c + (r % 2 / 2 if kind == "hex" else 0), r * (3**0.5 / 2 if kind == "hex" else 1)]
    )


def test_random_spots_hold_out_the_share() -> None:
    held = masking.random_spots(1000, 0.2, np.random.default_rng(0))
    assert held.sum() == 200
    assert (held == masking.random_spots(1000, 0.2, np.random.default_rng(0))).all()
    assert not masking.random_spots(1, 0.5, np.random.default_rng(0)).any()


def test_blobs_are_compact_and_reach_the_share() -> None:
    xy = units()
    held = masking.blobs(xy, 0.12, np.random.default_rng(3))
    assert 0.12 <= held.mean() < 0.25
    pairs = Lattice.of(xy).neighbours(xy)
    together = held[pairs[:, 0]] & held[pairs[:, 1]]
    # Of the neighbours of held-out spots most are held out too, unlike with random spots.
    assert 2 * together.sum() / (held[pairs[:, 0]].sum() + held[pairs[:, 1]].sum()) > 0.6


@pytest.mark.parametrize("n", [1, 2, 9])
def test_blobs_leave_a_spot_in_tiny_sections(n: int) -> None:
    held = masking.blobs(units(n=3)[:n], 0.5, np.random.default_rng(0))
    assert not held.all()


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_thinning_keeps_every_other_row_and_column(kind: str) -> None:
    xy = units(kind)
    lattice = Lattice.of(xy)
    held = masking.thinning(lattice, xy, np.random.default_rng(5))
    assert held.mean() == pytest.approx(0.75, abs=0.03)
    rows = np.unique(lattice.nodes(xy)[~held][:, 0])
    assert (np.diff(rows) == 2).all()
