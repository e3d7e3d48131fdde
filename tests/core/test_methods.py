from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.lattice import Lattice
from napari_stentrans.methods import kriging as kriging_module
from napari_stentrans.methods.interpolation import Cubic, Linear, Nearest
from napari_stentrans.methods.kriging import Kriging
from napari_stentrans.progress import drain

if TYPE_CHECKING:
    from napari_stentrans.methods.base import Prediction

BASELINES = {"nearest": Nearest, "linear": Linear, "cubic": Cubic}
PREDICTORS = BASELINES | {"kriging": Kriging}


def hex_patch(n: int) -> np.ndarray:
    r, c = np.mgrid[:n, :n].reshape(2, -1)
    return np.column_stack([c + r % 2 / 2, r * 3**0.5 / 2]) * 80.0 + 1000


def run(name: str, xy: np.ndarray, values: np.ndarray, sites: np.ndarray) -> Prediction:
    method = PREDICTORS[name](EnhanceConfig(method=name), Lattice.of(xy))
    drain(method.fit(xy, values))
    return drain(method.predict(sites, slice(None)))


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_go_through_the_measured_spots(name: str) -> None:
    xy = hex_patch(10)
    values = np.random.default_rng(0).normal(size=(len(xy), 3)).astype(np.float32)
    np.testing.assert_allclose(run(name, xy, values, xy).mean, values, atol=1e-4)


@pytest.mark.parametrize("name", ["linear", "cubic"])
def test_a_plane_is_continued_exactly_inside(name: str) -> None:
    xy = hex_patch(10)
    values = (xy @ [[0.02], [-0.01]] + 3).astype(np.float32)
    sites = Lattice.of(xy).between(xy)
    expected = sites @ [[0.02], [-0.01]] + 3
    np.testing.assert_allclose(run(name, xy, values, sites).mean, expected, atol=1e-3)


@pytest.mark.parametrize("name", BASELINES)
def test_outside_the_hull_the_nearest_spot_counts(name: str) -> None:
    xy = hex_patch(6)
    values = np.arange(len(xy), dtype=np.float32)[:, None]
    assert run(name, xy, values, xy[[-1]] + [500.0, 300.0]).mean[0, 0] == len(xy) - 1


@pytest.mark.parametrize("name", [*BASELINES, "kriging"])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_handful_of_spots_is_enough(name: str, n: int) -> None:
    xy = hex_patch(4)[:n]
    values = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    mean = run(name, xy, values, xy + 10.0).mean
    assert mean.shape == (n, 2)
    assert np.isfinite(mean).all()


@pytest.fixture(scope="module")
def field() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, two noisy columns and their noise-free fields, exponential covariance."""
    rng = np.random.default_rng(2)
    xy = hex_patch(26)
    distance = cdist(xy, xy) / 80
    clean = np.column_stack(
        [
            np.linalg.cholesky(np.exp(-distance / length)) @ rng.normal(size=len(xy))
            for length in (4, 8)
        ]
    )
    noisy = clean * np.sqrt([0.8, 0.5]) + rng.normal(size=clean.shape) * np.sqrt([0.2, 0.5])
    return xy, noisy.astype(np.float32), clean * np.sqrt([0.8, 0.5])


def test_kriging_is_the_textbook_estimate(field: tuple[np.ndarray, ...]) -> None:
    xy, noisy, _ = field
    seen = np.random.default_rng(0).random(len(xy)) < 0.8
    lattice = Lattice.of(xy)
    method = Kriging(EnhanceConfig(), lattice)
    drain(method.fit(xy[seen], noisy[seen]))
    mean, std = drain(method.predict(xy[~seen], slice(None)))
    z = (noisy[seen] - noisy[seen].mean(0)) / noisy[seen].std(0)
    for column in range(2):
        length, share = float(method.length[column]), float(method.share[column])
        k = share * np.exp(-cdist(xy[seen], xy[seen]) / 80 / length) + (1 - share) * np.eye(
            seen.sum()
        )
        cross = share * np.exp(-cdist(xy[~seen], xy[seen]) / 80 / length)
        expected = cross @ np.linalg.solve(k, z[:, column])
        variance = share - (cross * np.linalg.solve(k, cross.T).T).sum(1)
        sd, middle = noisy[seen, column].std(), noisy[seen, column].mean()
        np.testing.assert_allclose(mean[:, column], expected * sd + middle, atol=2e-3)
        # The spread looks at the nearest spots only, so it may only be a little too wide.
        ratio = std[:, column] / (np.sqrt(variance) * sd)
        assert ratio.min() > 0.999
        assert np.median(ratio) < 1.05


def test_length_and_share_are_found(field: tuple[np.ndarray, ...]) -> None:
    xy, noisy, _ = field
    method = Kriging(EnhanceConfig(), Lattice.of(xy))
    drain(method.fit(xy, noisy))
    assert 2 <= method.length[0] <= 8
    assert 0.65 <= method.share[0] <= 0.9
    assert method.share[1] < method.share[0]


def test_kriging_denoises_and_its_spread_is_honest(field: tuple[np.ndarray, ...]) -> None:
    xy, noisy, clean = field
    mean, std = run("kriging", xy, noisy, xy)
    assert ((mean - clean) ** 2).mean() < 0.6 * ((noisy - clean) ** 2).mean()
    z = (mean - clean) / std
    assert 0.8 < z.std() < 1.25


def test_local_neighbourhoods_agree_with_all_spots(
    field: tuple[np.ndarray, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    xy, noisy, _ = field
    sites = Lattice.of(xy).between(xy)
    exact = run("kriging", xy, noisy, sites)
    monkeypatch.setattr(kriging_module, "EXACT_BELOW", 10)
    local = run("kriging", xy, noisy, sites)
    for column in range(2):
        assert np.corrcoef(exact.mean[:, column], local.mean[:, column])[0, 1] > 0.995
    np.testing.assert_allclose(local.std, exact.std, rtol=0.05)


def test_sites_with_the_same_surroundings_share_their_weights(
    field: tuple[np.ndarray, ...],
) -> None:
    xy, _, _ = field
    lattice = Lattice.of(xy)
    method = Kriging(EnhanceConfig(), lattice)
    drain(method.fit(xy, np.random.default_rng(0).normal(size=(len(xy), 1)).astype(np.float32)))
    units = method._units(xy)
    local = kriging_module.Neighbourhoods(units, units, 19, lattice)
    assert len(local.offsets) < len(xy) / 2


def test_cancelling_stops_at_the_next_step(field: tuple[np.ndarray, ...]) -> None:
    xy, noisy, _ = field
    steps = Kriging(EnhanceConfig(), Lattice.of(xy)).fit(xy, noisy)
    next(steps)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


def test_sites_of_one_surrounding_are_weighed_a_part_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    xy = hex_patch(16)
    values = np.random.default_rng(0).normal(size=(len(xy), 5)).astype(np.float32)
    method, weigh, sizes = Kriging(EnhanceConfig(neighbours=12), Lattice.of(xy)), torch.einsum, []
    drain(method.fit(xy, values))
    whole = drain(method.smoothed(0))

    def einsum(how: str, *parts: torch.Tensor) -> torch.Tensor:
        sizes.append(parts[1].numel())
        return weigh(how, *parts)

    monkeypatch.setattr(kriging_module.torch, "einsum", einsum)
    monkeypatch.setattr(kriging_module, "VALUES_AT_ONCE", 600)
    np.testing.assert_array_equal(drain(method.smoothed(0)), whole)
    assert max(sizes) <= 600
