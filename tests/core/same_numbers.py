"""The same numbers: as the program itself has it, differences below rounding are none."""

from __future__ import annotations

import numpy as np

from napari_stentrans.rounding import difference


def assert_same_numbers(values: object, others: object) -> None:
    """Numbers (site,) or (site, gene) of two runs are the same."""
    one, two = np.asarray(values, float), np.asarray(others, float)
    np.testing.assert_array_equal(np.isnan(one), np.isnan(two))
    apart = np.nan_to_num(difference(one, two))
    assert not apart.any(), f"{np.count_nonzero(apart)} differ, by up to {np.abs(apart).max()}"
