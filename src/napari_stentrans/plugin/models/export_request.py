"""What can be saved of a section, in which formats, and the steps that write it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_stentrans.export import (
    MOST_GENES,
    MOST_IN_FIGURE,
    figure_steps,
    save_mask,
    save_steps,
    write_section,
)
from napari_stentrans.plugin.models.gene_names import Listed
from napari_stentrans.plugin.models.paper import Paper, paper_steps
from napari_stentrans.progress import Progress
from napari_stentrans.session import ENDING as SESSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.models.analyses import Found
    from napari_stentrans.plugin.models.gene_index import GeneIndex
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

What = Literal["session", "everything", "images", "table", "figure", "paper", "lost", "measured"]
WhichGenes = Literal["all", "shown", "favourites", "mine", "these"]
Extra = Literal["std", "provenance", "image"]

MOST_IN_PAPER = 8
"""Genes that a page holds beside the rest."""


@dataclass(frozen=True)
class Kind:
    """One thing that can be saved.

    Attributes
    ----------
    title, about
        What it is, in a few words and in a sentence.
    formats
        Names of its formats, by ending.
    most_genes
        Genes that it holds at most; None for any number.
    by_gene, of_result
        Whether genes are chosen for it, and whether there must be a result.
    """

    title: str
    about: str
    formats: Mapping[str, str]
    most_genes: int | None = None
    by_gene: bool = True
    of_result: bool = True
    extras: tuple[Extra, ...] = ()


KINDS: dict[What, Kind] = {
    "session": Kind(
        "A session, to go on later",
        "Data, lost regions, runs, gene and settings; the data stay where they are.",
        {SESSION: "Session (.stentrans)"},
        by_gene=False,
        of_result=False,
    ),
    "everything": Kind(
        "The result, for analysis",
        "All sites with values, expected counts, uncertainty and where each value comes from, as "
        "scanpy and squidpy read them.",
        {
            ".h5ad": "AnnData, one file (.h5ad)",
            ".zarr": "AnnData, a folder (.zarr)",
            ".sdata.zarr": "SpatialData, with the tissue image (.sdata.zarr)",
        },
    ),
    "images": Kind(
        "Maps of genes, as images",
        "One channel for each gene with pixel size and place, for Fiji and QuPath.",
        {".ome.tif": "OME-TIFF (.ome.tif)"},
        MOST_GENES,
        extras=("std",),
    ),
    "table": Kind(
        "Values of genes, as a table",
        "One row for each site: x, y, where it comes from, and mean and uncertainty of each gene.",
        {".csv": "Table (.csv)", ".csv.gz": "Table, compressed (.csv.gz)"},
        MOST_GENES,
    ),
    "figure": Kind(
        "A figure, before and after",
        "Each gene as measured and as enhanced, in the same colours, with a scale bar.",
        {
            ".png": "Picture, for slides (.png)",
            ".svg": "Drawing, to edit (.svg)",
            ".pdf": "Document, to print (.pdf)",
        },
        MOST_IN_FIGURE,
        extras=("std", "provenance", "image"),
    ),
    "paper": Kind(
        "One figure for a paper",
        "Genes, regions, genes in them as dots, and patterns, as far as they were found on the "
        "page Analyse; text stays text.",
        {
            ".pdf": "Document, to print (.pdf)",
            ".svg": "Drawing, to edit (.svg)",
            ".png": "Picture, for slides (.png)",
        },
        MOST_IN_PAPER,
        of_result=False,
        extras=("image",),
    ),
    "lost": Kind(
        "Lost regions",
        "What you painted, with its names; it can be opened again here and by the command line.",
        {
            ".geojson": "Outlines, for QuPath (.geojson)",
            ".csv": "Barcodes and their regions (.csv)",
            ".tif": "Labels on the map (.tif)",
        },
        by_gene=False,
        of_result=False,
    ),
    "measured": Kind(
        "The section as measured",
        "Counts, positions and the tissue image as they were read, in one file.",
        {".h5ad": "AnnData, one file (.h5ad)"},
        by_gene=False,
        of_result=False,
    ),
}
OF_RUNS: tuple[What, ...] = ("everything", "images", "table")
"""What is written with a run record beside it."""


@dataclass(frozen=True, eq=False)
class ExportContext:
    """What there is to be saved.

    Attributes
    ----------
    result
        The result that is shown; None without any.
    favourites, mine
        Genes of these lists that the section has.
    lost
        Labels (row, column) of the lost regions; None where nothing is painted.
    regions
        Their names by label.
    found
        What analyses came to that a figure can show.
    annotation
        Named regions.
    """

    section: Section
    result: Enhancement | None
    index: GeneIndex
    shown: str
    favourites: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()
    lost: np.ndarray | None = None
    regions: Mapping[int, str] | None = None
    found: tuple[Found, ...] = ()
    annotation: Annotation | None = None

    @classmethod
    def of(
        cls, model: SectionModel, index: GeneIndex, favourites: list[str], mine: Listed | None
    ) -> ExportContext:
        """What there is of a section; the paint is copied, since a person goes on painting."""
        section, paint = model.section, model.paint
        labels = None if paint is None else paint.labels
        painted = labels is not None and bool(labels.any())
        return cls(
            section,
            with_quality(model),
            index,
            model.gene,
            tuple(name for name in favourites if name in section.genes),
            () if mine is None else mine.names,
            np.array(labels) if painted else None,
            paint.names if paint is not None and painted else None,
            tuple(found for found in model.found.values() if found.drawn is not None),
            model.annotation,
        )

    @property
    def data(self) -> Section | Enhancement:
        """The result where there is one, else the section."""
        return self.section if self.result is None else self.result

    def label(self, gene: str) -> str:
        return self.section.gene_label(gene)

    def genes(self, which: WhichGenes, text: str = "") -> Listed:
        """Genes of a choice other than "all" that the result has; the others are ``unknown``.

        ``text`` holds the names for "these".
        """
        if which == "these":
            asked = Listed.of(text.replace(",", " ").replace(";", " ").split(), self.index)
        else:
            of = {"shown": (self.shown,), "favourites": self.favourites, "mine": self.mine}
            asked = Listed(of[which], ())
        known = self.section.genes if self.result is None else self.result.genes
        here = tuple(name for name in asked.names if name in known)
        left = tuple(name for name in asked.names if name not in known)
        return Listed(here, (*asked.unknown, *left))

    def why_not(self, what: What) -> str:
        if KINDS[what].of_result and self.result is None:
            return "No result yet: run first."
        if what == "lost" and self.lost is None:
            return "Nothing is painted as lost."
        if what == "session" and self.section.source is None:
            return "Not read from a file."
        return ""


@dataclass(frozen=True)
class ExportRequest:
    """What a person wants to save.

    ``genes`` None means all that the result has.
    """

    what: What
    ending: str
    genes: tuple[str, ...] | None = None
    extras: frozenset[Extra] = frozenset()
    paper: Paper = field(default_factory=Paper)

    def proposed(self, stock: ExportContext) -> str:
        names = self.genes or ()
        of = {"lost": "lost_regions", "measured": "measured"}.get(self.what, "enhanced")
        if self.what == "paper":
            of = "figure"
        elif self.what in ("images", "table", "figure") and names:
            of = stock.label(names[0]) if len(names) == 1 else f"{len(names)}_genes"
        safe = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in of)
        return f"{stock.section.name.replace(' ', '_')}_{safe}{self.ending}"

    def steps(self, stock: ExportContext, path: Path) -> Steps[list[Path]]:
        """Write it; what is there is replaced, since the person was asked."""
        names = None if self.genes is None else list(self.genes)
        if self.what == "figure" and stock.result is not None:
            extras = {extra: extra in self.extras for extra in KINDS["figure"].extras}
            drawn = figure_steps(stock.result, names or [], path, **extras, overwrite=True)
            return [(yield from drawn)]
        if self.what == "paper":
            drawn = paper_steps(stock, self.paper, names or [], path, "image" in self.extras)
            return [(yield from drawn)]
        if self.what in OF_RUNS and stock.result is not None:
            std = "std" in self.extras
            return (yield from save_steps(stock.result, path, genes=names, overwrite=True, std=std))
        yield Progress(f"writing {path.name}", 0, 1)
        if self.what == "lost" and stock.lost is not None:
            where, regions = stock.section, stock.regions
            return [save_mask(where, stock.lost, path, names=regions, overwrite=True)]
        return [write_section(stock.section, path, overwrite=True)]


def with_quality(model: SectionModel) -> Enhancement | None:
    """Result that is shown, its record with how good it is where that was checked."""
    result, quality = model.enhancement, model.quality
    if result is None:
        return None
    result = result.of_section(model.section)  # whose image may be another by now
    if quality is None:
        return result
    return replace(result, record=result.record.model_copy(update={"quality": quality.facts()}))
