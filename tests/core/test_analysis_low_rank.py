"""Low rank: what is told of maps within their components is what the maps themselves tell."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stentrans import EnhanceConfig, enhance, simulate_section
from napari_stentrans.analysis.low_rank import LowRank, fitted, kriged, low_rank
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.progress import drain

RNG = np.random.default_rng(0)
SCORES, LOADINGS = RNG.normal(size=(90, 4)), RNG.normal(size=(30, 4))
MAPS = (SCORES @ LOADINGS.T + 3).astype(np.float32)
MAPS[:, 7] = 2.0
OTHER = (MAPS + SCORES[:, :1]).astype(np.float32)
GENES = np.delete(np.arange(30), 7)


def of(maps: np.ndarray) -> LowRank:
    return drain(low_rank(lambda at: maps[:, at], np.arange(30), 90))


def test_correlations_are_those_of_the_maps() -> None:
    found = of(MAPS).correlations(of(OTHER))
    expected = [np.corrcoef(MAPS[:, g], OTHER[:, g])[0, 1] for g in GENES]
    assert found[GENES] == pytest.approx(expected, abs=1e-4)
    assert found[7] == 0  # a flat map is like no other
    unit = of(MAPS).unit[GENES]
    assert np.allclose(unit @ unit.T, np.corrcoef(MAPS[:, GENES].T), atol=1e-4)


def test_means_and_likeness_are_those_of_the_maps() -> None:
    maps, codes = of(MAPS).subset(GENES), np.arange(len(GENES)) % 2
    z = (MAPS - MAPS.mean(0))[:, GENES] / MAPS[:, GENES].std(0)
    mean = np.stack([z[:, codes == group].mean(1) for group in (0, 1)], 1)
    assert np.allclose(maps.mean_maps(codes), mean / mean.std(0), atol=1e-3)
    expected = [np.corrcoef(z[:, g], mean[:, code])[0, 1] for g, code in enumerate(codes)]
    assert maps.likeness(codes, maps.mean_maps(codes)) == pytest.approx(expected, abs=1e-4)


def test_latent_are_the_principal_components() -> None:
    z = (MAPS - MAPS.mean(0))[:, GENES] / MAPS[:, GENES].std(0)
    latent = of(MAPS).subset(GENES).latent()
    assert np.allclose(latent @ latent.T, z @ z.T, atol=0.05)
    assert (np.diff(latent.var(0)) <= 0).all()


def test_counts_are_kriged_as_by_the_method() -> None:
    """All of them and a part, side by side, are as each on its own."""
    section = simulate_section(150, 200, image=False, artefacts=False)
    counts, spots = section.counts[:, :150], np.arange(section.n_spots)
    factors = [drain(fitted(section, of)) for of in (section.counts, counts)]
    both = drain(kriged(section, spots, factors))
    alone = drain(kriged(section, spots, factors[1:]))[0]
    one, other = (maps.vectors @ maps.vectors.T for maps in (both[1], alone))
    assert np.allclose(one, other, atol=1e-3)
    config = EnhanceConfig(method="kriging", denoise=True)
    maps = Maps.of(enhance(section, None, config)).columns(np.arange(20))
    like = np.corrcoef(maps.T)
    assert np.allclose(both[0].vectors[:20] @ both[0].vectors[:20].T, like, atol=0.05)


def test_counts_that_do_not_vary_are_flat() -> None:
    section = simulate_section(60, 20, image=False, artefacts=False)
    factors = drain(fitted(section, sp.csc_matrix(np.full((60, 5), 2.0, "f4"))))
    flat = drain(kriged(section, np.arange(60), [factors]))[0]
    assert not flat.vectors.any()
    assert flat.latent().shape == (60, 1)
