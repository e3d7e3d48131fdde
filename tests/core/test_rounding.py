from __future__ import annotations

import numpy as np
import pytest
from same_numbers import assert_same_numbers

from napari_stentrans import EnhanceConfig, enhance, simulate_section
from napari_stentrans.decoders import FactorDecoder
from napari_stentrans.progress import drain
from napari_stentrans.ranking import most_changed_steps
from napari_stentrans.rounding import difference


def test_a_difference_below_rounding_is_none_and_any_other_is_itself() -> None:
    values = np.array([[5.0, 0.01], [0.0, 0.0], [1.0, 0.005]], np.float32)
    rng = np.random.default_rng(0)
    noisy = values + 1e-7 * rng.normal(size=values.shape).astype(np.float32)
    assert not difference(noisy, values).any()
    moved = values + np.float32(1e-3)
    np.testing.assert_array_equal(difference(moved, values), moved - values)
    assert (difference(values, moved) < 0).all()


def test_the_scale_is_that_of_each_gene_and_what_is_not_known_stays_so() -> None:
    faint = np.array([1e-3, 2e-3, np.nan], np.float32)
    other = np.array([1.1e-3, np.nan, 1.0e-3], np.float32)
    apart = difference(faint, other)
    assert apart[0] == faint[0] - other[0]
    assert np.isnan(apart[1:]).all()
    assert not difference(np.zeros(3, np.float32), np.zeros(3, np.float32)).any()
    assert difference(np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)).shape == (0, 2)


def test_genes_that_changed_by_rounding_only_have_not_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    section = simulate_section(100, 20, seed=1, artefacts=False)
    result = enhance(section, None, EnhanceConfig(method="kriging", image="off"))
    rng = np.random.default_rng(0)

    def means(self: FactorDecoder, at: np.ndarray, sites: np.ndarray) -> np.ndarray:
        measured = np.column_stack([section.gene_lognorm(name) for name in self.genes[at]])[sites]
        return measured + 1e-7 * rng.normal(size=measured.shape).astype(np.float32)

    monkeypatch.setattr(FactorDecoder, "means", means)
    changed = drain(most_changed_steps(result))
    assert len(changed) > 15
    assert (changed == 0).all()


@pytest.mark.numerical
@pytest.mark.parametrize("method", ["transformer", "kriging"])
def test_same_seed_same_numbers_wherever_arrays_lie_in_memory(method: str) -> None:
    section = simulate_section(150, 40, seed=3, artefacts=False, image=False)
    rng, kept, maps = np.random.default_rng(0), [], []
    for _ in range(3):
        kept += [np.empty(n, np.uint8) for n in rng.integers(1, 9_000, 200)]
        maps.append(enhance(section, np.arange(150) < 9, EnhanceConfig(method=method, upscale=2)))
    for again in maps[1:]:
        assert_same_numbers(maps[0].to_anndata().X, again.to_anndata().X)
        assert_same_numbers(maps[0].totals, again.totals)
