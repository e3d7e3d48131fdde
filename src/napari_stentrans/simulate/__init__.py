"""Simulated sections: an organ with known expression, its counts and its H&E-like image.

The truth stays with the section and survives ``.h5ad``, in low rank: programmes of the spots
in ``obsm["truth_programmes"]``, loadings of the genes in ``varm["truth_loadings"]`` and
``var["truth_log_mean"]``, and in ``uns["simulation"]`` the numbers that make the organ again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import anndata as ad
import numpy as np
import pandas as pd

from napari_stentrans.errors import ConfigError, SectionError
from napari_stentrans.section import Section
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
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["PROGRAMMES", "simulate_section", "true_expression", "true_expression_at"]

LIBRARY_ID = "simulated"
SPOT_UM = {"hex": 55.0, "square": 100.0}
"""Diameter of a spot, Visium and legacy Spatial Transcriptomics."""
FOLD_DEPTH, BUBBLE_DEPTH = 1.7, 0.03
"""How many times the usual counts a spot in a fold and in a bubble has."""
LIBRARY_FIELD, LIBRARY_CELLS, LIBRARY_NOISE = 0.2, 0.25, 0.28
"""Spread of log library size: smooth over the organ, with the density of nuclei, by chance."""


def simulate_section(
    n_spots: int = 2000,
    n_genes: int = 2000,
    *,
    lattice: LatticeKind = "hex",
    seed: int = 0,
    depth: float | None = None,
    artefacts: bool = True,
    image: bool = True,
) -> Section:
    """Make a section of which the true expression is known.

    Equal arguments give equal sections. The organ depends on ``n_spots``, ``lattice`` and
    ``seed`` only.

    Parameters
    ----------
    n_spots
        Spots on tissue, 50 or more.
    n_genes
        Genes, 5 or more, named Gene1, Gene2, ... The first ones are a clear marker of each of
        ``PROGRAMMES``, in order.
    lattice
        "hex" as 10x Visium (spots 100 um apart) or "square" as legacy ST (200 um).
    seed
        What makes this organ differ from others.
    depth
        Median counts per spot. By default about 6,500 for 20,000 genes, and less with the
        square root of the number of genes: a panel holds the better expressed genes.
    artefacts
        Whether a fold and a bubble spoil the section; see ``obs["artefact"]``.
    image
        Whether to draw the H&E-like image.

    Raises
    ------
    ConfigError
        When an argument is out of range.
    """
    depth = 6500 * (n_genes / 20_000) ** 0.5 if depth is None else depth
    _check(n_spots, n_genes, lattice, seed, depth)
    tissue = Tissue.of(seed, n_spots, lattice)
    rng_spots, rng_genes, rng_counts, rng_image = (
        np.random.default_rng([seed, stream]) for stream in (1, 2, 3, 4)
    )
    xy, rc = _spots(tissue, n_spots, lattice)
    obs = _spot_table(tissue, xy, rc, rng_spots, artefacts=artefacts)
    genes = Genes.draw(rng_genes, n_genes)
    programmes = tissue.programmes(xy)
    folded = np.flatnonzero(obs["artefact"] == "fold")
    sides = np.concatenate(tissue.fold_sides(tissue.unit(xy[folded])))
    counts = draw_counts(
        rng_counts,
        genes,
        programmes,
        _library(tissue, xy, obs, rng_spots, depth),
        folded,
        tissue.programmes(tissue.xy(sides)),
    )
    images = {"hires": picture(tissue, rng_image, artefacts=artefacts)} if image else {}
    record = {"images": images, "scalefactors": _scale_factors(tissue, lattice)}
    arguments = {
        "n_spots": n_spots,
        "n_genes": n_genes,
        "lattice": lattice,
        "seed": seed,
        "depth": float(depth),
        "artefacts": artefacts,
    }
    adata = ad.AnnData(
        counts,
        obs,
        _gene_table(genes),
        uns={"spatial": {LIBRARY_ID: record}, "simulation": arguments},
        obsm={"spatial": xy, "truth_programmes": programmes},
        varm={"truth_loadings": genes.loadings},
    )
    return Section.from_anndata(adata, name=f"simulated {lattice}")


def true_expression(section: Section, genes: Sequence[str]) -> NDArray[np.float32]:
    """Return the true expression (spot, gene) of genes at the spots, as if nothing was lost.

    It is log1p of the expected counts of a spot whose library is the median of the section:
    what ``Section.gene_lognorm`` would be with endless reads. Artefacts have no part in it.

    Raises
    ------
    SectionError
        When the section was not simulated.
    GeneNotFound
        When the section has no such gene.
    """
    _arguments(section)
    return _expected(section, np.asarray(section.adata.obsm["truth_programmes"], float), genes)


def true_expression_at(
    section: Section, xy: ArrayLike, genes: Sequence[str]
) -> NDArray[np.float32]:
    """Return the true expression (site, gene) of genes at any positions.

    Parameters
    ----------
    xy
        (site, 2) positions (x, y), full-resolution pixels, as in the section's own.

    Raises
    ------
    SectionError
        When the section was not simulated.
    GeneNotFound
        When the section has no such gene.
    """
    made = _arguments(section)
    tissue = Tissue.of(int(made["seed"]), int(made["n_spots"]), str(made["lattice"]))  # type: ignore[arg-type]
    return _expected(section, tissue.programmes(xy), genes)


def _expected(section: Section, programmes: Array, names: Sequence[str]) -> NDArray[np.float32]:
    adata = section.adata
    genes = Genes(
        adata.var["truth_log_mean"].to_numpy(float),
        np.asarray(adata.varm["truth_loadings"], float),
        adata.var["truth_shape"].to_numpy(float),
    )
    columns = np.array([section.gene_index(name) for name in names], np.int64)
    shares = genes.shares(programmes, columns)
    return np.log1p(section.median_total * shares).astype(np.float32)


def _arguments(section: Section) -> dict[str, Any]:
    adata = section.adata
    if (
        "simulation" not in adata.uns
        or "truth_programmes" not in adata.obsm
        or "truth_loadings" not in adata.varm
    ):
        raise SectionError(
            'The true expression is known for simulated sections only: expected uns["simulation"], '
            f'obsm["truth_programmes"] and varm["truth_loadings"], found uns {list(adata.uns)}.'
        )
    made: dict[str, Any] = adata.uns["simulation"]
    return made


def _check(n_spots: int, n_genes: int, lattice: str, seed: int, depth: float) -> None:
    if n_spots < 50:
        raise ConfigError(f"A simulated section needs 50 spots or more, got {n_spots}.")
    if n_genes < 5:
        raise ConfigError(f"A simulated section needs 5 genes or more, got {n_genes}.")
    if lattice not in get_args(LatticeKind):
        raise ConfigError(f'The lattice must be "hex" or "square", got {lattice!r}.')
    if seed < 0:
        raise ConfigError(f"The seed must be 0 or more, got {seed}.")
    if not 0 < depth < 1e7:
        raise ConfigError(f"The depth must be above 0 and below 10 million counts, got {depth:g}.")


def _spots(tissue: Tissue, n_spots: int, lattice: LatticeKind) -> tuple[Array, NDArray[np.int64]]:
    """Positions (spot, 2) and array rows and columns of the spots furthest inside the organ."""
    step = tissue.pitch * (np.array([3**0.5, 1]) / 2 if lattice == "hex" else np.ones(2))
    n_rows, n_columns = np.ceil(tissue.extent[::-1] / step).astype(int)
    rc = np.indices((n_rows, n_columns)).reshape(2, -1).T
    if lattice == "hex":
        rc = rc[rc.sum(1) % 2 == 0]
    xy = rc[:, ::-1] * step[::-1]
    inside = np.argsort(tissue.level(tissue.unit(xy)), kind="stable")[:n_spots]
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


def _gene_table(genes: Genes) -> pd.DataFrame:
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
