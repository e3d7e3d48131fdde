"""Kriging of each gene alone, as a baseline for kriging of factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans import EnhanceConfig
from napari_stentrans.factors import lognorm
from napari_stentrans.methods.kriging import Kriging
from napari_stentrans.progress import drain

if TYPE_CHECKING:
    from napari_stentrans import Section

GENES_AT_ONCE = 1024


def predict(section: Section, observed: np.ndarray, seen: Section) -> np.ndarray:
    """Log-normalised values (spot, gene) at all spots; ``seen`` holds the observed ones."""
    values = lognorm(seen.counts, seen.totals, seen.median_total)
    predicted = np.empty((section.n_spots, values.shape[1]), np.float32)
    for start in range(0, values.shape[1], GENES_AT_ONCE):
        at = slice(start, start + GENES_AT_ONCE)
        method = Kriging(EnhanceConfig(), section.lattice)
        drain(method.fit(seen.xy, values[:, at].toarray()))
        predicted[:, at] = drain(method.predict(section.xy, slice(None))).mean
    return np.maximum(predicted, 0)
