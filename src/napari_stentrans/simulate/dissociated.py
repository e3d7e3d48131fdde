"""Single cells of a simulated organ: a reference with all genes, of which a panel has a few."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd

from napari_stentrans.simulate.counts import Genes, draw_counts
from napari_stentrans.simulate.measuring import gene_table
from napari_stentrans.simulate.tissue import DOMAINS

if TYPE_CHECKING:
    from napari_stentrans.simulate.tissue import Array, Tissue

PLATFORM = 0.4
"""Spread of the logarithm of what the other instrument sees more, or less, of a gene."""
DEPTH_SPREAD = 0.5
JITTER = 0.5
"""Of cells around the places that are drawn, in distances of spots."""


def dissociated(tissue: Tissue, places: Array, n_genes: int, seed: int, depth: float) -> ad.AnnData:
    """Draw counts of cells that lay at places (cell, 2) of an organ; where they lay is lost."""
    rng, none = np.random.default_rng([seed, 21]), np.empty(0, np.int64)
    genes = Genes.draw(np.random.default_rng([seed, 2]), n_genes)
    other = replace(genes, log_mean=genes.log_mean + rng.normal(0, PLATFORM, n_genes))
    at = places + rng.normal(0, JITTER * tissue.pitch, places.shape)
    programmes = tissue.programmes(at)
    library = depth * np.exp(rng.normal(0, DEPTH_SPREAD, len(at)))
    counts = draw_counts(rng, other, programmes, library, none, programmes[:0])
    types = pd.Categorical.from_codes(tissue.domains(tissue.unit(at)), list(DOMAINS))
    obs = pd.DataFrame({"cell_type": types}, index=[f"cell{i}" for i in range(1, len(at) + 1)])
    return ad.AnnData(counts, obs, gene_table(genes))
