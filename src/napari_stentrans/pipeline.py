"""The straight line from a section to its enhancement; read this first."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import StentransWarning
from napari_stentrans.evidence import gather
from napari_stentrans.method_table import METHODS
from napari_stentrans.neighbours import borrow_steps, checked, rested_on
from napari_stentrans.progress import Steps, drain
from napari_stentrans.record import RunRecord
from napari_stentrans.reference import (
    WithReference,
    cells_of,
    predict_genes_steps,
    shared_with,
)
from napari_stentrans.run_inputs import Modelled, RunInputs, Seen
from napari_stentrans.targets import Provenance, check_lost, check_observed, target_sites
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import anndata as ad
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.neighbours import Neighbour
    from napari_stentrans.reference import Cells, Shared
    from napari_stentrans.section import Section


def enhance(
    section: Section,
    lost: ArrayLike | None = None,
    config: EnhanceConfig | None = None,
    sites: ArrayLike | None = None,
    image_damaged: ArrayLike | None = None,
    neighbours: Sequence[Section | str | Path | Neighbour] = (),
    reference: Cells | ad.AnnData | str | Path | None = None,
) -> Enhancement:
    """Fill lost spots, add sites, denoise: all that ``config`` asks for.

    Parameters
    ----------
    section
        The section, from ``read_section`` or ``Section.from_anndata``.
    lost
        (spot,) bool, True where a spot is lost; its counts are not looked at.
    config
        Settings; ``EnhanceConfig()`` where not given.
    sites
        (site, 2) extra positions (x, y) to predict at, full-resolution pixels.
    image_damaged
        (spot,) bool, True where the tissue image is damaged, by a fold, a bubble or a pen: it is
        not looked at there, nor at sites to which such a spot is the nearest.
    neighbours
        Up to 20 sections that were cut beside this one, or their paths; a ``Neighbour`` says
        more. Each is laid on the section by what both express, and used if it helps to predict
        hidden spots.
    reference
        Single cells of like tissue, as an AnnData or its path: every gene that they have and the
        section lacks is predicted at all sites, with how far to trust it.

    Raises
    ------
    SectionError
        When a neighbour cannot be one: the section itself, too few genes in common; or a reference.
    ReadError
        When the path of a neighbour or of a reference cannot be read.
    MaskError
        When the mask or the sites do not fit the section, or no spot is left to learn from.
    GeneNotFound
        When a gene of ``config.genes`` is neither in the section nor in the reference.
    EnhancementFailed
        When the method cannot run on this section.
    """
    steps = enhance_steps(section, lost, config, sites, image_damaged, neighbours, reference)
    return drain(steps)


def enhance_steps(
    section: Section,
    lost: ArrayLike | None = None,
    config: EnhanceConfig | None = None,
    sites: ArrayLike | None = None,
    image_damaged: ArrayLike | None = None,
    neighbours: Sequence[Section | str | Path | Neighbour] = (),
    reference: Cells | ad.AnnData | str | Path | None = None,
) -> Steps[Enhancement]:
    """Do what ``enhance`` does, one Progress at a time; closing the generator cancels the run."""
    started = time.perf_counter()
    config = config or EnhanceConfig()
    cells = None if reference is None else cells_of(reference, seed=config.seed)
    config = by_name(section, config, cells)
    lost = check_lost(section, lost)
    damaged = check_lost(section, image_damaged, "image_damaged")
    observed = _observed(section, lost)
    targets = target_sites(section, ~observed, sites, config.upscale)
    shared = None if cells is None else shared_with(section, cells, observed)
    genes = _genes(section, config, shared)
    known, silent, words = yield from gather(section, targets, config, damaged)
    given = checked(section, neighbours) if METHODS[config.method].evidence else ()
    borrowed = yield from borrow_steps(section, targets, observed, given, config.seed)
    seen = Seen(section.counts[observed], section.totals[observed], section.xy[observed])
    inputs = RunInputs(section, seen, targets, genes, config, (*known, *borrowed.known))
    modelled: Modelled = yield from METHODS[config.method].run(inputs)
    decoder, totals, findings = modelled
    helped = [one for one in known if findings.get(f"{one.kind.name}_used")]
    rests = yield from rested_on(borrowed, helped, targets)
    if cells is None or shared is None:
        facts = None
    else:
        told = yield from predict_genes_steps(inputs, observed, decoder, cells, shared)
        decoder, facts = WithReference(decoder, told.decoder), told.facts
    totals[targets.measured] = seen.totals
    extra = targets.xy[targets.n_spots :][
        targets.provenance[targets.n_spots :] == Provenance.UNMEASURED
    ]
    seconds = time.perf_counter() - started
    findings, words = findings | silent | borrowed.findings, words | borrowed.words
    record = RunRecord.of(
        section, config, lost, extra, seconds, findings | rests.findings, damaged, words,
        borrowed.facts, rests.regions, facts,
    )  # fmt: skip
    return Enhancement(section, targets, decoder, totals, record, rests.borrowed)


def _observed(section: Section, lost: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(spot,) True where a spot can be learned from: not lost and not without counts."""
    observed = check_observed(section, lost)
    empty = int((~observed & ~lost).sum())
    if empty:
        warnings.warn(
            f"{some(empty, 'spot has', 'spots have')} no counts at all: treated as lost.",
            StentransWarning,
            stacklevel=2,
        )
    return observed


def by_name(section: Section, config: EnhanceConfig, cells: Cells | None = None) -> EnhanceConfig:
    """Settings with other names of genes, such as HER2, replaced by those of the section.

    A record is so repeated where no table of gene names is. Genes of a reference keep theirs.

    Raises
    ------
    GeneNotFound
        When the section has no such gene.
    """
    if config.genes is None or all(gene in section.genes for gene in config.genes):
        return config
    only_told = () if cells is None else cells.genes.difference(section.genes)
    names = tuple(
        gene if gene in only_told else str(section.genes[section.gene_index(gene)])
        for gene in config.genes
    )
    return config.model_copy(update={"genes": names})


def _genes(section: Section, config: EnhanceConfig, shared: Shared | None) -> NDArray[np.intp]:
    """Columns of the genes that a run is asked for, and of those that a reference needs."""
    if config.genes is None:
        return np.arange(len(section.genes))
    names = pd.unique(np.array(config.genes, object))
    if shared is None:
        return np.array([section.gene_index(g) for g in names], np.intp)
    asked = section.genes.get_indexer([name for name in names if name in section.genes])
    return np.array(pd.unique(np.concatenate([asked, shared.here])), np.intp)
