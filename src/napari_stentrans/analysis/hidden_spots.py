"""Spatially variable genes after enhancement: what runs foretell at spots hidden from them.

Every map of a run is smooth, so smoothness of maps is no evidence. Half of the spots are hidden
from a run, and what it predicts there is compared with the counts that were measured there. A gene
that does not vary in space has its counts dealt to the hidden spots at random, whatever the run
predicts from the other half, so how often chance does as well is known exactly: this null holds for
every method, and goes through the same enhancement as the genes do. The halves change places, and
the p-values of both make one with that of the test on measured counts (Cauchy combination).
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.analysis.multiple import combined, false_discovery_rates
from napari_stentrans.analysis.permutation import product_pvalues
from napari_stentrans.analysis.residuals import Covariates, count_residuals, standardised
from napari_stentrans.analysis.spatial_genes import find_spatial_genes_steps, sorted_by_evidence
from napari_stentrans.analysis.tested_genes import TestedGenes
from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ConfigError, StentransWarning
from napari_stentrans.pipeline import enhance_steps
from napari_stentrans.progress import Progress, drain, named
from napari_stentrans.ranking import LEAST_SPOTS
from napari_stentrans.targets import check_lost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.analysis.spatial_genes import SpatialGenes
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

FEWEST_SITES = 60
"""Spots of which a half is enough for a run."""


def find_spatial_genes_after(
    section: Section,
    lost: NDArray[np.bool_] | None = None,
    config: EnhanceConfig | None = None,
    *,
    image_damaged: NDArray[np.bool_] | None = None,
    min_spots: int = LEAST_SPOTS,
    splits: int = 1,
    seed: int = 0,
) -> SpatialGenes:
    """Test each gene with the help of a run; see ``find_spatial_genes_after_steps``."""
    steps = find_spatial_genes_after_steps(
        section,
        lost,
        config,
        image_damaged=image_damaged,
        min_spots=min_spots,
        splits=splits,
        seed=seed,
    )
    return drain(steps)


def find_spatial_genes_after_steps(
    section: Section,
    lost: NDArray[np.bool_] | None = None,
    config: EnhanceConfig | None = None,
    *,
    image_damaged: NDArray[np.bool_] | None = None,
    min_spots: int = LEAST_SPOTS,
    splits: int = 1,
    seed: int = 0,
) -> Steps[SpatialGenes]:
    """Test each gene as measured, and by how well runs foretell it at spots hidden from them.

    Two runs for each split, each of half the spots.

    Parameters
    ----------
    section
        The section.
    lost
        (spot,) True for spots to leave out, of the runs as well.
    config
        Settings of the runs; resolution, genes and denoising do not matter here.
    image_damaged
        (spot,) True where the tissue image is damaged.
    min_spots
        Test genes that are seen in so many spots or more.
    splits
        How often spots are split into halves; more cost time and gain little.
    seed
        Of the splits.

    Yields
    ------
    Progress
        Of the test on measured counts, then of each run.

    Raises
    ------
    ConfigError
        When too little is left to test or to split, or ``splits`` is below 1.
    EnhancementFailed
        When the method cannot run on half of the section.
    """
    if splits < 1:
        raise ConfigError(f"Spots must be split once or more often, got {splits} splits.")
    lost = check_lost(section, lost)
    tested = TestedGenes.of(section, lost, min_spots)
    if len(tested.spots) < FEWEST_SITES:
        raise ConfigError(
            f"To hide half of the spots from a run, {FEWEST_SITES} of them must be there, found "
            f"{len(tested.spots)}. Take a larger section, or test what was measured only."
        )
    before = yield from find_spatial_genes_steps(section, lost, min_spots=min_spots, seed=seed)
    genes = tuple(map(str, section.genes[tested.columns]))
    config = (config or EnhanceConfig()).model_copy(update={"upscale": 1, "genes": genes})
    hidden = []
    for number, half in enumerate(_halves(tested.spots, splits, seed), start=1):
        mask = np.zeros(section.n_spots, bool)
        mask[half] = True
        with warnings.catch_warnings():  # of spots without counts: the user's own run says so
            warnings.simplefilter("ignore", StentransWarning)
            run = enhance_steps(section, lost | mask, config, image_damaged=image_damaged)
            result = yield from named(f"hidden half {number} of {2 * splits}", run)
        hidden.append((yield from _foretold(tested, result, half)))
    return _merged(before, tested, np.array(hidden))


def _halves(spots: NDArray[np.intp], splits: int, seed: int) -> list[NDArray[np.intp]]:
    """Halves of the spots, two by two."""
    rng = np.random.default_rng(seed)
    halves = []
    for _ in range(splits):
        order = rng.permutation(len(spots))
        cut = len(order) // 2
        halves += [np.sort(spots[order[:cut]]), np.sort(spots[order[cut:]])]
    return halves


def _foretold(
    tested: TestedGenes, result: Enhancement, half: NDArray[np.intp]
) -> Steps[NDArray[np.float64]]:
    """P-values (gene,) of what a run predicts at spots that it did not see."""
    here = np.searchsorted(tested.spots, half)
    totals, found = tested.totals[here], []
    every = np.arange(len(tested.columns))
    free = Covariates.of_depth(totals)
    for block in tested.blocks():
        yield Progress("comparing with hidden spots", block.start, len(tested.columns))
        counts = tested.counts(block)[here]
        measured = standardised(count_residuals(counts, totals), free)
        predicted = standardised(result.decoder.means(every[block], half), free)
        found.append(product_pvalues(measured, predicted))
    return np.concatenate(found)


def _merged(before: SpatialGenes, tested: TestedGenes, hidden: NDArray[np.float64]) -> SpatialGenes:
    """Both tests in one table; ``hidden`` (half, gene) are p-values in the order of ``tested``."""
    genes = tested.section.genes[tested.columns]
    table = before.table.loc[genes]
    table = table.rename(columns={"pvalue": "pvalue_before", "fdr": "fdr_before"})
    of_hidden = combined(hidden)
    both = combined(np.stack([table["pvalue_before"].to_numpy(), of_hidden]))
    table.insert(0, "pvalue", both)
    table.insert(1, "fdr", false_discovery_rates(both))
    table["pvalue_hidden"] = of_hidden
    return replace(before, table=sorted_by_evidence(table))
