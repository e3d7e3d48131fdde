"""Found: what an analysis came to, as the window shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_stentrans.analysis.domains import Domains
    from napari_stentrans.analysis.patterns import Patterns
    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Steps
    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section

Kind = Literal[
    "domains", "regions", "compare", "spatial", "patterns", "pathways", "coherent", "enriched"
]
"""Analyses that are kept, the last of each kind."""
TITLES: dict[Kind, str] = {
    "domains": "Domains",
    "regions": "Regions",
    "compare": "Comparison",
    "spatial": "Spatial genes",
    "patterns": "Patterns",
    "pathways": "Pathways",
    "coherent": "Going together",
    "enriched": "Enrichment",
}
TIPS = {
    "pvalue": "How often chance alone does as much: small is strong",
    "fdr": "Share of false finds among all genes that are at least as strong",
    "log2_fold_change": "1 is twice as much as in the other, -1 is half",
    "after_log2_fold_change": "The same after enhancement: an estimate, never tested",
    "pvalue_wilcoxon": "As most tools test it: as if spots nearby were independent. Too small",
    "fdr_wilcoxon": "As most tools test it: as if spots nearby were independent. Too small",
    "morans_i": "How alike neighbouring spots are: 1 is a smooth map, 0 is noise",
    "pvalue_with_runs": "Of what was measured, and of what runs foretell at hidden spots, together",
    "fdr_with_runs": "Share of false finds among all genes that are at least as strong",
    "pvalue_before": "Of what was measured alone",
    "fdr_before": "Of what was measured alone",
    "pvalue_hidden": "Whether a run foretells the gene at spots that were hidden from it",
    "coherence_before": "How alike the maps of the set are, as measured",
    "coherence_after": "How alike the maps of the set are, after enhancement",
    "expected_before": "How alike those of random sets are, as measured",
    "expected_after": "How alike those of random sets are, after the same enhancement",
    "fdr_after": "Against random sets that went through the same enhancement",
    "fraction": "Share of the measured spots that show the gene",
    "mean": "Of the measured spots, log-normalised; low and high are its interval (95%)",
    "after_mean": "Of all sites after enhancement: an estimate, with its interval (95%)",
    "range": "How far the pattern reaches, in distances of neighbouring spots",
    "n_spots": "Spots in which the gene is seen",
    "correlation": "How alike the gene is to its pattern",
    "reproducibility": "How alike the pattern is in both halves of the counts: 1 is the same",
}
"""What columns of tables say."""
WITH_RUNS = {"pvalue": "pvalue_with_runs", "fdr": "fdr_with_runs"}
"""How columns are called that stand beside those before."""


@dataclass(frozen=True, eq=False)
class MapOf:
    """Maps (site,) by name of a row, on a raster."""

    raster: SpotRaster
    values: Callable[[str], NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class Found:
    """What an analysis came to.

    Attributes
    ----------
    words, more
        One sentence, with its numbers; and how that is to be read.
    table
        A row for each thing that was found, by name.
    data
        What was analysed: a section, or a result.
    lost
        (spot,) True for spots of the section that were left out; None where a result was analysed.
    of
        What the rows are: "gene", "pattern", "pathway", "domains".
    maps
        A map of each row, where rows are no genes.
    map_later
        Makes the map of a row when it is asked for, where there are none yet.
    volcano
        Whether a dot for each row is drawn, fold change across, strength up.
    python
        Lines that do the same in Python, given ``section`` and ``result``.
    inner
        Another table that goes with it, such as the genes of patterns.
    annotation, annotated
        Regions that were found, and those that were compared.
    drawn
        What a figure for a paper draws of it.
    """

    kind: Kind
    words: str
    table: pd.DataFrame
    data: Section | Enhancement
    of: str = "gene"
    lost: NDArray[np.bool_] | None = None
    maps: MapOf | None = None
    map_later: Callable[[str], Steps[MapOf]] | None = None
    volcano: bool = False
    python: str = ""
    more: str = ""
    inner: pd.DataFrame | None = None
    annotation: Annotation | None = None
    annotated: Annotation | None = None
    drawn: Domains | Patterns | None = None

    @property
    def lists_genes(self) -> bool:
        """Whether it comes to genes, in which gene sets may stand out."""
        return self.kind in ("compare", "spatial", "patterns")

    @property
    def columns(self) -> pd.DataFrame:
        """The table with its columns named so that before and after are told apart."""
        both = "pvalue_before" in self.table
        return self.table.rename(columns=WITH_RUNS) if both else self.table

    @property
    def draws(self) -> bool:
        """Whether its rows have maps of their own, not those of genes."""
        return self.maps is not None or self.map_later is not None

    @property
    def title(self) -> str:
        """What its tab is called."""
        return TITLES[self.kind]
