"""Images that an AnnData holds: those of one library of ``uns["spatial"]``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.io._shared import warn
from napari_stentrans.io.images import plane_of
from napari_stentrans.library_record import is_sheet
from napari_stentrans.section_image import SectionImage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

LEAST_INSIDE = 0.95
"""Share of the positions that lie on the image of their pixels."""


def library_images(record: Mapping[str, Any], xy: NDArray[Any] | None) -> tuple[SectionImage, ...]:
    """Images of one library of ``uns["spatial"]``, the finest of the usual ones first.

    Parameters
    ----------
    record
        ``{"images": {name: pixels}, "scalefactors": {"tissue_NAME_scalef": scale}}``.
    xy
        (spot, 2) positions (x, y), full-resolution pixels; where no scale is given, pixels that
        hold them all are taken as full-resolution ones.

    Warns
    -----
    StentransWarning
        When an image was left out because its scale is not known.
    """
    if is_sheet(record):
        return ()
    factors, images = (_named(record.get(key)) for key in ("scalefactors", "images"))
    usual = [name for name in ("fullres", "hires", "lowres") if name in images]
    found = []
    for name in [*usual, *(name for name in images if name not in usual)]:
        pixels = plane_of(np.asarray(images[name]))
        if pixels.ndim not in (2, 3) or pixels.size == 0 or pixels.dtype.kind not in "buif":
            warn(
                f"The image {name} is left out: expected pixels (row, column) or (row, column, "
                f"colour), found {pixels.dtype} of the shape {pixels.shape}."
            )
            continue
        scale = _positive(factors.get(f"tissue_{name}_scalef"))
        if scale <= 0:
            if xy is None or not holds(pixels.shape, xy):
                warn(f"The image {name} is left out: scalefactors do not give its scale.")
                continue
            scale = 1.0
        found.append(SectionImage(name, partial(np.asarray, pixels), scale))
    return tuple(found)


def _named(part: Any) -> Mapping[str, Any]:
    """Part of a record as names and values; nothing where it is something else."""
    return part if hasattr(part, "keys") else {}


def _positive(value: Any) -> float:
    """Return a scale; 0 for what is no number above 0."""
    try:
        scale = float(value)
    except (TypeError, ValueError):
        return 0.0
    return scale if 0 < scale < np.inf else 0.0


def holds(shape: Sequence[int], xy: NDArray[Any]) -> bool:
    """Whether positions xy (spot, 2) lie on an image of the shape (row, column, ...).

    A few may lie beyond its edge, as the capture area of Visium HD does.
    """
    if xy.ndim != 2 or xy.shape[1] < 2 or xy.dtype.kind not in "fiu":
        return False
    xy = np.asarray(xy[:, :2], float)
    inside = ((xy >= 0) & (xy <= (shape[1], shape[0]))).all(1)
    return bool(inside.mean() >= LEAST_INSIDE)
