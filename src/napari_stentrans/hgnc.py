"""HGNC's table of human genes, downloaded when a person asks for it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans import known_gene_tables as known
from napari_stentrans.downloads import Remote, fetch_steps
from napari_stentrans.errors import DownloadError, ReadError
from napari_stentrans.gene_table import read_table
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from napari_stentrans.gene_table import GeneTable
    from napari_stentrans.progress import Steps

HGNC = Remote(
    "hgnc_complete_set.txt",
    "https://storage.googleapis.com/public-download-files/hgnc/tsv/tsv/hgnc_complete_set.txt",
    sha256="",  # it changes every week
)
"""HGNC's table of human genes."""
HGNC_TERMS = "CC0, HUGO Gene Nomenclature Committee"
LEAST_HGNC = 30_000
"""Genes; a table of HGNC with fewer was cut off."""


def fetch_hgnc_steps() -> Steps[GeneTable]:
    """Download HGNC's table of human genes, check it and keep it.

    Raises
    ------
    DownloadError
        When it cannot be had whole, or cannot be kept.
    """
    with known.writing():
        known.folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=known.folder(), prefix=".fetching") as scratch:
        yield from fetch_steps([HGNC], Path(scratch))
        yield Progress("reading the table of gene names", 0, 1)
        path = Path(scratch) / HGNC.name
        try:
            found = len(read_table(path))
        except ReadError as error:
            raise DownloadError(f"What came is no table of gene names: {error}") from error
        if found < LEAST_HGNC:
            raise DownloadError(
                f"The table that came has {found:,} genes; HGNC's has {LEAST_HGNC:,} at least. It "
                "was cut off: try again later."
            )
        return known.keep_table(path)
