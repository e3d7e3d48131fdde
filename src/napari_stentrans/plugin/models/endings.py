"""What files of sections are called, for dialogs; napari.yaml lists the same for drops."""

from __future__ import annotations

from napari_stentrans.io.images import IMAGE_SUFFIXES

ENDINGS = {
    "AnnData and 10x matrices": ("h5ad", "h5", "h5ad.gz", "h5.gz"),
    "Tables of spots": ("tsv", "tsv.gz", "csv", "csv.gz", "txt", "txt.gz"),
    "Tables of cells or bins": ("parquet", "gem", "gem.gz", "xenium"),
    "Sessions": ("stentrans",),
}
"""Kind of file -> endings; tables of cells may also be .csv."""
CAN_BE_OPENED = (
    "a Space Ranger or Visium HD folder, an .h5ad file, a legacy ST table, a SpatialData .zarr, "
    "cells of Xenium, MERSCOPE, CosMx, Stereo-seq or Slide-seq, or a saved session"
)
"""The same for a person who has just begun."""
BESIDE = {
    "Tissue images of the section that is open": tuple(s[1:] for s in IMAGE_SUFFIXES),
    "Regions of the section that is open": ("tsv", "csv", "txt", "geojson"),
}
"""Kind of file that belongs to a section -> endings."""


def file_filters() -> str:
    """Filters of a dialog that asks for a file, all kinds together first."""
    every = [ending for endings in ENDINGS.values() for ending in endings]
    kinds = {"Sections and sessions": every, **ENDINGS, **BESIDE}
    shown = [f"{kind} ({' '.join(f'*.{e}' for e in endings)})" for kind, endings in kinds.items()]
    return ";;".join([*shown, "All files (*)"])
