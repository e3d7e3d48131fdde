"""Files to sections and masks: ``read_section`` finds the format, one module per format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from napari_stentrans.errors import ReadError
from napari_stentrans.image_fit import with_whole_images
from napari_stentrans.io import (
    cells,
    cosmx,
    gem,
    giotto,
    h5ad,
    legacy,
    merscope,
    slideseq,
    spaceranger,
    spatialdata,
    xenium,
)
from napari_stentrans.io._shared import warn
from napari_stentrans.io.choices import Choice, Chosen, as_recorded, left_out, settle
from napari_stentrans.io.masks import LostMask, painted_to_lost, read_mask
from napari_stentrans.io.near_miss import what_it_is
from napari_stentrans.io.regions import read_regions
from napari_stentrans.paths import absolute

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.section import Section

__all__ = [
    "Choice",
    "LostMask",
    "can_read",
    "choices_of",
    "chosen_then",
    "painted_to_lost",
    "read_mask",
    "read_regions",
    "read_section",
    "why_not",
]

ACCEPTED = (
    "a Space Ranger folder (spatial/ with filtered_feature_bc_matrix.h5 or its folder), that "
    ".h5 itself, an AnnData file (.h5ad), a SpatialData store (.zarr), a legacy Spatial "
    "Transcriptomics table (.tsv, .csv or .txt, also gzipped, rows named ROWxCOL) or a folder of "
    "such tables, the folder of a Xenium, MERSCOPE, CosMx or Slide-seq run, a GEM table of "
    "Stereo-seq, a table of counts with a table of names, x and y beside it, or a table of cells "
    "with x, y and genes"
)


class _Format(Protocol):
    """What a module of this package offers for its format."""

    def claims(self, path: Path) -> bool: ...
    def recognises(self, path: Path) -> bool: ...
    def choices(self, path: Path) -> tuple[Choice, ...]: ...
    def read(self, path: Path, chosen: Chosen) -> Section: ...


_FORMATS: tuple[_Format, ...] = (
    xenium,  # before Space Ranger's: its matrix is an .h5 too
    spaceranger,
    h5ad,
    spatialdata,
    merscope,
    cosmx,
    gem,
    giotto,  # before Slide-seq's: its cells may be named by bases too
    slideseq,
    cells,
    legacy,  # last: it takes any table, to say what it lacks
)


def read_section(path: str | Path, chosen: Chosen | None = None) -> Section:
    """Read a section from whatever format the path holds.

    Parameters
    ----------
    path
        A file or folder of any format that docs/formats.md lists.
    chosen
        What to take where the path holds several things, by the keys of ``choices_of(path)``:
        ``{"bin": "16"}``.

    Raises
    ------
    ReadError
        When the path is missing, of another format, damaged or lacks a part, or does not offer
        what was chosen.
    SectionError
        When its counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When something was mended or left out, such as repeated names, one of several parts
        is read and none was chosen, an image cannot be read, or spots do not lie on it.
    """
    path = absolute(path)
    reader = _format_of(path)
    choices = reader.choices(path)
    taken = settle(choices, chosen, path)
    if others := left_out(choices, chosen, path):
        warn(others)
    return with_whole_images(reader.read(path, taken).with_facts(chosen=taken))


def choices_of(path: str | Path) -> tuple[Choice, ...]:
    """What there is to choose before this path is read; empty for most.

    Raises
    ------
    ReadError
        When the path is missing, of another format or damaged.
    """
    path = absolute(path)
    return _format_of(path).choices(path)


def chosen_then(path: str | Path, chosen: Chosen) -> dict[str, str]:
    """What a record of an earlier version read: what it says, and what was no choice then.

    Raises
    ------
    ReadError
        When the path is missing, of another format or damaged.
    """
    return as_recorded(choices_of(path), chosen)


def why_not(path: str | Path) -> str:
    """Why no format takes this path, in a few words; empty where one does. Nothing is read."""
    path = absolute(path)
    if not path.exists():
        return "it does not exist"
    return "" if _claimant(path) else _nearest(path)


def _format_of(path: Path) -> _Format:
    if not path.exists():
        raise ReadError(f"'{path}' does not exist. Check the path.")
    reader = _claimant(path)
    if reader is None:
        raise ReadError(f"'{path}' is not a section: {_nearest(path)}. Expected {ACCEPTED}.")
    return reader


def _nearest(path: Path) -> str:
    return what_it_is(path, can_read)


def _claimant(path: Path) -> _Format | None:
    return next((reader for reader in _FORMATS if reader.claims(path)), None)


def can_read(path: str | Path) -> bool:
    """Whether ``read_section`` knows this format; looks at names and first bytes only."""
    path = absolute(path)
    return any(reader.recognises(path) for reader in _FORMATS)
