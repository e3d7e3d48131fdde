"""Simulated sections: an organ with known expression, its counts and its H&E-like image.

The truth stays with the section and survives ``.h5ad``, in low rank: programmes of the spots
in ``obsm["truth_programmes"]``, loadings of the genes in ``varm["truth_loadings"]`` and
``var["truth_log_mean"]``, and in ``uns["simulation"]`` the numbers that make the organ again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from napari_stentrans.errors import ConfigError, SectionError
from napari_stentrans.section import Section
from napari_stentrans.simulate.bend import Bend
from napari_stentrans.simulate.counts import Genes
from napari_stentrans.simulate.dissociated import dissociated
from napari_stentrans.simulate.measuring import Cut, measured, spots_of
from napari_stentrans.simulate.tissue import (
    PROGRAMMES,
    Array,
    LatticeKind,
    Tissue,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import anndata as ad
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "PROGRAMMES",
    "lies_on_first",
    "simulate_cells",
    "simulate_section",
    "simulate_serial",
    "true_expression",
    "true_expression_at",
]


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
    xy, rc = spots_of(tissue, n_spots, lattice)
    cut = Cut(tissue, xy, xy, rc, lattice, (1, 3, 4))
    adata = measured(cut, n_genes, seed, depth, artefacts=artefacts, image=image)
    adata.uns["simulation"] = {
        "n_spots": n_spots,
        "n_genes": n_genes,
        "lattice": lattice,
        "seed": seed,
        "depth": float(depth),
        "artefacts": artefacts,
    }
    return Section.from_anndata(adata, name=f"simulated {lattice}")


def simulate_serial(
    n_spots: int = 2000,
    n_genes: int = 2000,
    *,
    lattice: LatticeKind = "hex",
    seed: int = 0,
    depth: float | None = None,
    image: bool = True,
) -> tuple[Section, Section]:
    """Make two serial sections: what ``simulate_section`` makes, and the one cut next to it.

    The next one shows the same tissue, turned by 20 degrees, shifted and gently bent, with spots
    of its own, counts drawn anew, and no fold or bubble: whole where the first one has a fold.
    ``lies_on_first`` says where its places lie on the first one. Arguments are those of
    ``simulate_section``; the next section has no image.
    """
    first = simulate_section(n_spots, n_genes, lattice=lattice, seed=seed, depth=depth, image=image)
    made = first.adata.uns["simulation"]
    tissue = Tissue.of(seed, n_spots, lattice)
    bend = Bend.of(tissue, seed)
    xy, rc = spots_of(tissue, n_spots, lattice, bend.onto)
    cut = Cut(tissue, xy, bend.onto(xy), rc, lattice, (11, 13, 14))
    adata = measured(cut, n_genes, seed, made["depth"], artefacts=False, image=False)
    adata.uns["serial"] = {"n_spots": n_spots, "lattice": lattice, "seed": seed}
    return first, Section.from_anndata(adata, name=f"simulated {lattice}, next section")


def simulate_cells(
    n_cells: int = 2000,
    n_genes: int = 2000,
    *,
    n_spots: int = 2000,
    lattice: LatticeKind = "hex",
    seed: int = 0,
    depth: float = 3000.0,
) -> ad.AnnData:
    """Make single cells of the organ that ``simulate_section`` cuts, as a reference.

    They have all ``n_genes``, as another instrument sees them: each a little more, or less, often.
    ``n_spots``, ``n_genes``, ``lattice`` and ``seed`` are those of the section; ``depth`` is the
    median of their counts. ``obs["cell_type"]`` is the domain that a cell lay in.

    Raises
    ------
    ConfigError
        When an argument is out of range.
    """
    _check(n_spots, n_genes, lattice, seed, depth)
    if n_cells < 50:
        raise ConfigError(f"A simulated reference needs 50 cells or more, got {n_cells}.")
    tissue = Tissue.of(seed, n_spots, lattice)
    spots, _ = spots_of(tissue, n_spots, lattice)
    drawn = np.random.default_rng([seed, 20]).integers(len(spots), size=n_cells)
    return dissociated(tissue, spots[drawn], n_genes, seed, depth)


def lies_on_first(section: Section, xy: ArrayLike) -> NDArray[np.float64]:
    """Where places xy (site, 2) of the second of two serial sections lie on the first, pixels.

    Raises
    ------
    SectionError
        When it was not made by ``simulate_serial``.
    """
    made = section.adata.uns.get("serial")
    if made is None:
        raise SectionError("This section is not the second of two simulated serial sections.")
    seed, lattice = int(made["seed"]), str(made["lattice"])
    tissue = Tissue.of(seed, int(made["n_spots"]), lattice)  # type: ignore[arg-type]
    return Bend.of(tissue, seed).onto(np.asarray(xy, float))


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
