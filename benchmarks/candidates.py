"""What the accuracy benchmark compares, and how each is asked for its predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anndata as ad
import kriging_per_gene
import nedi
import numpy as np
import pandas as pd

from napari_stentrans import EnhanceConfig, PublishedConfig, Section, enhance
from napari_stentrans.evaluation.protocols import hide
from napari_stentrans.methods import METHODS
from napari_stentrans.methods.published import RECIPES

if TYPE_CHECKING:
    from napari_stentrans.lattice import Lattice

PUBLISHED_10 = "published x10"
OTHERS = {"nedi": nedi.predict, "kriging per gene": kriging_per_gene.predict}
"""No methods of the package: (section, observed (spot,), section of the observed) -> values."""
NAMES = (*METHODS, PUBLISHED_10, *OTHERS)
Candidate = EnhanceConfig | Callable[[Section, np.ndarray, Section], np.ndarray]
Candidates = dict[str, Candidate]


def section_of(truth: Any) -> Section:
    """Section of a scoring program's Truth, 100 pixels to a spacing."""
    obs = pd.DataFrame(truth.rc.astype(int), columns=["array_row", "array_col"])
    obs.index = [f"{r}x{c}" for r, c in truth.rc]
    var = pd.DataFrame(index=truth.genes.astype(str))
    adata = ad.AnnData(truth.counts, obs, var, obsm={"spatial": truth.xy[:, ::-1] * 100})
    return Section.from_anndata(adata, name=truth.name)


def choose(names: list[str], lattice: Lattice, epochs: int | None) -> Candidates:
    """Settings, or a function, by label."""
    made: Candidates = {}
    for name in names:
        if name.startswith("published"):
            times = 10 if name == PUBLISHED_10 else 1
            passes = (epochs or RECIPES[lattice.kind].epochs) * times
            settings = PublishedConfig(epochs=passes)
            made[name] = EnhanceConfig(method="published", published=settings)
        else:
            made[name] = OTHERS.get(name) or EnhanceConfig(method=name)
    return made


def predict(
    section: Section, observed: np.ndarray, candidate: Candidate
) -> tuple[np.ndarray, np.ndarray | None]:
    """Log-normalised values (spot, gene) at all spots from the observed ones, and their std.

    The std is that of a measurement; None where the method does not know it.
    """
    trial = hide(section, ~observed)
    if not isinstance(candidate, EnhanceConfig):
        return candidate(section, observed, trial.section), None
    result = enhance(trial.section, None, candidate, trial.sites)
    order = np.argsort(np.concatenate([np.flatnonzero(observed), np.flatnonzero(~observed)]))
    shape = (section.n_spots, len(section.genes))
    predicted, std = np.empty(shape, np.float32), np.full(shape, np.nan, np.float32)
    for at, mean, _ in result.blocks():
        predicted[:, at] = mean[order]
        std[:, at] = result.predictive_std(list(result.genes[at]))[order]
    return predicted, None if np.isnan(std).all() else std
