from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

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


def test_halves_are_the_draws_of_all_counts_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(masking, "AT_ONCE", 1000)
    rng = np.random.default_rng(2)
    rates = np.exp(rng.normal(0, 1.5, 60))
    rates[:3] = 0, 70, 400
    counts = sp.csc_matrix(rng.poisson(rates, (500, 60)).astype(np.float32))
    quick, numpys = np.random.default_rng(3), np.random.default_rng(3)
    drawn = numpys.binomial(counts.data.astype(np.int64), 0.5)
    expected = sp.csc_matrix((drawn, counts.indices, counts.indptr), counts.shape)
    one, other = masking.halves(counts, quick)
    np.testing.assert_array_equal(one.toarray(), expected.toarray())
    np.testing.assert_array_equal(other.toarray(), (counts - expected).toarray())
    for half in (one, other):
        assert (half.data > 0).all()
        assert half.has_canonical_format
        assert half.indptr.dtype == counts.indptr.dtype
    assert quick.random() == numpys.random()
