from __future__ import annotations

import numpy as np
import pytest

from napari_stentrans import EnhanceConfig, enhance, simulate_section


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 68.0])
def test_a_level_is_a_share(level: float) -> None:
    result = enhance(simulate_section(100, 60, seed=2, artefacts=False))
    with pytest.raises(ValueError, match="share above 0 and below 1"):
        result.intervals("Gene1", level)


def test_intervals_hold_the_estimate_and_grow_with_the_level() -> None:
    result = enhance(simulate_section(100, 60, seed=2, artefacts=False))
    mean = result.gene("Gene1").mean
    narrow, wide = result.intervals("Gene1"), result.intervals("Gene1", 0.95)
    assert all(part.shape == mean.shape and part.dtype == np.float32 for part in narrow)
    assert (narrow.estimate_low <= mean).all()
    assert (mean <= narrow.estimate_high).all()
    assert (narrow.estimate_low >= 0).all()
    assert (narrow.measurement_low >= 0).all()
    assert (wide.measurement_high > narrow.measurement_high).all()
    assert (narrow.measurement_high > narrow.estimate_high).all()


def test_nothing_is_known_about_spots_that_stay_as_measured_or_without_a_std() -> None:
    section = simulate_section(100, 60, seed=2, artefacts=False)
    lost = np.arange(100) < 9
    kept = enhance(section, lost, EnhanceConfig(denoise=False)).intervals("Gene1")
    for part in kept:
        np.testing.assert_array_equal(np.isnan(part), ~lost)
    linear = enhance(section, lost, EnhanceConfig(method="linear")).intervals("Gene1")
    assert all(np.isnan(part).all() for part in linear)
