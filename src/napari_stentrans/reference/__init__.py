"""Reference: genes that a section lacks, from single cells that have them.

In the cells, other genes are regressed on those that the section has too (ridge, ``weights``); the
maps that a run makes of these say where each other gene is. Shared genes that are held out, in
folds, say how far to trust each (``lessons``).
"""

from __future__ import annotations

from napari_stentrans.reference.cells import MOST_CELLS, Cells
from napari_stentrans.reference.decoder import WithReference
from napari_stentrans.reference.genes import FromReference, predict_genes_steps
from napari_stentrans.reference.reading import cells_of, read_cells
from napari_stentrans.reference.shared import Shared, shared_with

__all__ = [
    "MOST_CELLS",
    "Cells",
    "FromReference",
    "Shared",
    "WithReference",
    "cells_of",
    "predict_genes_steps",
    "read_cells",
    "shared_with",
]
