"""What ``uns["spatial"]`` says of the spots: their library, its images and its scale."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.errors import StentransWarning
from napari_stentrans.libraries import common_factors, library_of
from napari_stentrans.section_image import SectionImage

if TYPE_CHECKING:
    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.anndata_parts import AnnDataParts
    from napari_stentrans.lattice import Lattice

SHEET = "white_sheet"
"""In the metadata of a library: its image is only there to be drawn on."""
VISIUM_PITCH_UM = 100.0
"""Distance between the centres of neighbouring 10x Visium spots (10x Genomics)."""
WIDEST_SPOT = 0.9
"""Of their distance: Visium's spots are 55 um wide, or 65 by Space Ranger's account."""


def library_record(
    adata: ad.AnnData | AnnDataParts, xy: NDArray[np.float64]
) -> tuple[str | None, Mapping[str, Any]]:
    """Library id and its record in ``uns["spatial"]``, of several that of these spots."""
    spatial = adata.uns.get("spatial")
    if not isinstance(spatial, Mapping):
        return None, {}
    records = {str(k): record for k, record in spatial.items() if isinstance(record, Mapping)}
    if len(records) < 2:
        return next(iter(records.items()), (None, {}))
    match = library_of(records, adata.obs, xy)
    if match.note:
        warnings.warn(match.note, StentransWarning, stacklevel=3)
    if match.library is None:
        return None, {"scalefactors": common_factors(records)}
    return match.library, records[match.library]


def images_of(record: Mapping[str, Any]) -> tuple[SectionImage, ...]:
    """Images of a library, those that are there and show something."""
    factors, images = _factors_of(record), record.get("images")
    found = []
    if is_sheet(record):
        return ()
    for key in ("hires", "lowres"):
        pixels: Any = images.get(key) if isinstance(images, Mapping) else None
        if np.ndim(pixels) in (2, 3) and np.size(pixels):
            scale = factors.get(f"tissue_{key}_scalef", 1.0)
            found.append(SectionImage(key, partial(np.asarray, pixels), scale))
    return tuple(found)


def _factors_of(record: Mapping[str, Any]) -> dict[str, float]:
    """Scale factors of a library that are numbers above 0."""
    factors = record.get("scalefactors")
    found = {}
    for key, value in factors.items() if isinstance(factors, Mapping) else ():
        try:
            found[str(key)] = float(value)
        except (TypeError, ValueError):
            continue
    return {key: value for key, value in found.items() if 0 < value < np.inf}


def is_sheet(record: Mapping[str, Any]) -> bool:
    """Whether the image of a library shows nothing: a white sheet that plots need."""
    metadata = record.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get(SHEET))


def um_per_px_of(record: Mapping[str, Any], lattice: Lattice) -> float | None:
    """Micrometres per pixel: Visium HD says it; the spots of Visium are 100 um apart.

    Spots that nearly touch are those of no Visium.
    """
    factors = _factors_of(record)
    if "microns_per_pixel" in factors:
        return factors["microns_per_pixel"]
    width = factors.get("spot_diameter_fullres")
    if lattice.kind == "hex" and width and width < WIDEST_SPOT * lattice.spacing:
        return VISIUM_PITCH_UM / lattice.spacing
    return None
