"""What is measured of a cut through an organ: its spots, their counts, and an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import anndata as ad
import numpy as np
import pandas as pd

from napari_stentrans.simulate.bend import REACH
from napari_stentrans.simulate.counts import Genes, draw_counts
from napari_stentrans.simulate.image import picture, scale_of
from napari_stentrans.simulate.tissue import (
    DOMAINS,
    PROGRAMMES,
    PX_PER_UM,
    Array,
    LatticeKind,
    Tissue,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LIBRARY_ID = "simulated"
SPOT_UM = {"hex": 55.0, "square": 100.0}
"""Diameter of a spot, Visium and legacy Spatial Transcriptomics."""
FOLD_DEPTH, BUBBLE_DEPTH = 1.7, 0.03
"""How many times the usual counts a spot in a fold and in a bubble has."""
LIBRARY_FIELD, LIBRARY_CELLS, LIBRARY_NOISE = 0.2, 0.25, 0.28
"""Spread of log library size: smooth over the organ, with the density of nuclei, by chance."""


class Cut(NamedTuple):
    """A section before it is measured.

    Attributes
    ----------
    tissue
        The organ.
    xy, at
        (spot, 2) positions of its spots, and where in the organ they are.
    rc
        (spot, 2) array rows and columns.
    lattice
        Of the spots.
    streams
        Of random numbers: for spots, counts and the image.
    """

    tissue: Tissue
    xy: Array
    at: Array
    rc: NDArray[np.int64]
    lattice: LatticeKind
    streams: tuple[int, int, int]


def measured(
    cut: Cut, n_genes: int, seed: int, depth: float, *, artefacts: bool, image: bool
) -> ad.AnnData:
    """Draw the counts of a section, and its image."""
    tissue, at = cut.tissue, cut.at
    rng_spots, rng_counts, rng_image = (np.random.default_rng([seed, i]) for i in cut.streams)
    obs = _spot_table(tissue, at, cut.rc, rng_spots, artefacts=artefacts)
    genes = Genes.draw(np.random.default_rng([seed, 2]), n_genes)
    programmes = tissue.programmes(at)
    folded = np.flatnonzero(obs["artefact"] == "fold")
    sides = np.concatenate(tissue.fold_sides(tissue.unit(at[folded])))
    counts = draw_counts(
        rng_counts,
        genes,
        programmes,
        _library(tissue, at, obs, rng_spots, depth),
        folded,
        tissue.programmes(tissue.xy(sides)),
    )
    images = {"hires": picture(tissue, rng_image, artefacts=artefacts)} if image else {}
    record = {"images": images, "scalefactors": _scale_factors(tissue, cut.lattice)}
    return ad.AnnData(
        counts,
        obs,
        gene_table(genes),
        uns={"spatial": {LIBRARY_ID: record}},
        obsm={"spatial": cut.xy, "truth_programmes": programmes},
        varm={"truth_loadings": genes.loadings},
    )


def spots_of(
    tissue: Tissue,
    n_spots: int,
    lattice: LatticeKind,
    onto: Callable[[Array], Array] | None = None,
) -> tuple[Array, NDArray[np.int64]]:
    """Positions (spot, 2) and array rows and columns of the spots furthest inside the organ.

    ``onto`` says where in the organ positions are, where that is elsewhere.
    """
    step = tissue.pitch * (np.array([3**0.5, 1]) / 2 if lattice == "hex" else np.ones(2))
    reach = 1 if onto is None else REACH
    n_rows, n_columns = np.ceil(reach * tissue.extent[::-1] / step).astype(int)
    rc = np.indices((n_rows, n_columns)).reshape(2, -1).T
    if lattice == "hex":
        rc = rc[rc.sum(1) % 2 == 0]
    xy = rc[:, ::-1] * step[::-1]
    at = xy if onto is None else onto(xy)
    inside = np.argsort(tissue.level(tissue.unit(at)), kind="stable")[:n_spots]
    inside.sort()
    return xy[inside], rc[inside]


def _spot_table(
    tissue: Tissue,
    xy: Array,
    rc: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    artefacts: bool,
) -> pd.DataFrame:
    u = tissue.unit(xy)
    artefact = np.full(len(xy), "none", object)
    if artefacts:
        artefact[np.abs(tissue.fold.across(u)[0]) < 1] = "fold"
        artefact[tissue.bubble.distance(u) < 1] = "bubble"
    return pd.DataFrame(
        {
            "in_tissue": np.ones(len(xy), int),
            "array_row": rc[:, 0],
            "array_col": rc[:, 1],
            "domain": pd.Categorical.from_codes(tissue.domains(u), list(DOMAINS)),
            "artefact": pd.Categorical(artefact, ["none", "fold", "bubble"]),
        },
        index=_barcodes(rng, len(xy)),
    )


def _barcodes(rng: np.random.Generator, n: int) -> list[str]:
    """Barcodes of 16 nucleotides and "-1", each once."""
    codes = np.empty(0, np.int64)
    while len(codes) < n:
        codes = np.unique(np.concatenate([codes, rng.integers(4**16, size=n)]))
    codes = rng.permutation(codes)[:n]
    letters = np.array(list("ACGT"))[codes[:, None] >> 2 * np.arange(16) & 3]
    return ["".join(row) + "-1" for row in letters]


def _library(
    tissue: Tissue, xy: Array, obs: pd.DataFrame, rng: np.random.Generator, depth: float
) -> Array:
    """Draw library sizes (spot,); but for the artefacts, their median is ``depth``."""
    cells = np.log([stain.nuclei for stain in DOMAINS.values()])
    cells = ((cells - cells.mean()) / cells.std())[obs["domain"].cat.codes]
    size = LIBRARY_CELLS * cells + LIBRARY_FIELD * tissue.library(tissue.unit(xy))
    size = size + LIBRARY_NOISE * rng.standard_normal(len(xy))
    library = depth * np.exp(size - np.median(size))
    spoilt = {"none": 1.0, "fold": FOLD_DEPTH, "bubble": BUBBLE_DEPTH}
    return np.asarray(library * obs["artefact"].map(spoilt).to_numpy(float))


def gene_table(genes: Genes) -> pd.DataFrame:
    """Say of each gene what is true of it."""
    number = range(1, len(genes.log_mean) + 1)
    main = np.abs(genes.loadings).argmax(1)
    pattern = np.where(genes.loadings.any(1), np.array(PROGRAMMES)[main], "none")
    return pd.DataFrame(
        {
            "gene_ids": [f"ENSSIM{i:011d}" for i in number],
            "truth_pattern": pd.Categorical(pattern, [*PROGRAMMES, "none"]),
            "truth_log_mean": genes.log_mean,
            "truth_shape": genes.shape,
        },
        index=[f"Gene{i}" for i in number],
    )


def _scale_factors(tissue: Tissue, lattice: LatticeKind) -> dict[str, float]:
    return {
        "spot_diameter_fullres": SPOT_UM[lattice] * PX_PER_UM,
        "tissue_hires_scalef": scale_of(tissue),
        "microns_per_pixel": 1 / PX_PER_UM,
    }
