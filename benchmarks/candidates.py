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
from napari_stentrans.io.images import lazy_image
from napari_stentrans.method_table import METHODS
from napari_stentrans.methods.published import RECIPES
from napari_stentrans.progress import drain
from napari_stentrans.tissue_image import tissue_words

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.lattice import Lattice

PUBLISHED_10 = "published x10"
OTHERS = {"nedi": nedi.predict, "kriging per gene": kriging_per_gene.predict}
"""No methods of the package: (section, observed (spot,), section of the observed) -> values."""
NO_IMAGE = ", no image"
WITHOUT_IMAGE = tuple(name + NO_IMAGE for name in ("transformer", "kriging"))
NAMES = (*METHODS, PUBLISHED_10, *WITHOUT_IMAGE, *OTHERS)
Candidate = EnhanceConfig | Callable[[Section, np.ndarray, Section], np.ndarray]
Candidates = dict[str, Candidate]


def section_of(truth: Any, image: tuple[Path, np.ndarray] | None = None) -> Section:
    """Section of a scoring program's Truth, 100 pixels to a spacing or those of its image.

    ``image`` is the file and the positions (x, y) of the spots in it; spots that have none are
    placed by the affine map of the others.
    """
    obs = pd.DataFrame(truth.rc.astype(int), columns=["array_row", "array_col"])
    obs.index = [f"{r}x{c}" for r, c in truth.rc]
    var = pd.DataFrame(index=truth.genes.astype(str))
    xy, images = truth.xy[:, ::-1] * 100, []
    if image is not None:
        path, at = image
        known = np.isfinite(at).all(1)
        design = np.column_stack([xy, np.ones(len(xy))])
        fitted = design @ np.linalg.lstsq(design[known], at[known], rcond=None)[0]
        xy, images = np.where(known[:, None], at, fitted), [lazy_image(path, path.stem)]
    adata = ad.AnnData(truth.counts, obs, var, obsm={"spatial": xy})
    return Section.from_anndata(adata, name=truth.name, images=images)


def choose(names: list[str], lattice: Lattice, epochs: int | None) -> Candidates:
    """Settings, or a function, by label."""
    made: Candidates = {}
    for name in names:
        if name.startswith("published"):
            times = 10 if name == PUBLISHED_10 else 1
            passes = (epochs or RECIPES[lattice.kind].epochs) * times
            settings = PublishedConfig(epochs=passes)
            made[name] = EnhanceConfig(method="published", published=settings)
        elif name in WITHOUT_IMAGE:
            made[name] = EnhanceConfig(method=name.removesuffix(NO_IMAGE), image="off")
        else:
            made[name] = OTHERS.get(name) or EnhanceConfig(method=name)
    return made


def predict(
    section: Section, observed: np.ndarray, candidate: Candidate
) -> tuple[np.ndarray, np.ndarray | None]:
    """Log-normalised values (spot, gene) at all spots from the observed ones, and their std.

    The std is that of a measurement; None where the method does not know it.
    """
    if not isinstance(candidate, EnhanceConfig):
        return candidate(section, observed, hide(section, ~observed).section), None
    return values(run_on(section, observed, candidate), observed)


def run_on(section: Section, observed: np.ndarray, settings: EnhanceConfig) -> Enhancement:
    """Enhance a section of the observed spots alone, with the hidden ones as its sites."""
    drain(tissue_words(section))  # of the whole image, not of what each trial sees of it
    trial = hide(section, ~observed)
    return enhance(trial.section, None, settings, trial.sites)


def values(result: Enhancement, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Values (spot, gene) of such a run in the order of the section, and their std."""
    order = np.argsort(np.concatenate([np.flatnonzero(observed), np.flatnonzero(~observed)]))
    shape = (len(observed), len(result.genes))
    predicted, std = np.empty(shape, np.float32), np.full(shape, np.nan, np.float32)
    for at, mean, _ in result.blocks():
        predicted[:, at] = mean[order]
        std[:, at] = result.predictive_std(list(result.genes[at]))[order]
    return predicted, None if np.isnan(std).all() else std
