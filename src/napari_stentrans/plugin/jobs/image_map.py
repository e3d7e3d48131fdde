"""What the tissue image tells at the spots, as a picture; made away from the window's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.credible import components
from napari_stentrans.errors import SectionError
from napari_stentrans.progress import Progress, named
from napari_stentrans.tissue_image import tissue_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

DRAWING = "drawing what the image tells"
RANGE = (0.02, 0.98)
"""Quantiles of a component that become the darkest and the brightest of its colour."""


def map_steps(section: Section, features: str | None = None) -> Steps[NDArray[np.uint8]]:
    """Draw the first three components as red, green and blue: (row, column, 4) on the raster.

    ``features`` is the key in obsm of a person's own embedding, drawn in place of the image.

    Raises
    ------
    SectionError
        When the image shows nothing at the spots, or there is no such key.
    """
    if features is not None:
        told = components(section.features(features))
    else:
        words = yield from named(DRAWING, tissue_words(section))
        if words is None:
            raise SectionError(
                "The tissue image shows nothing where the spots are: it is blank, or lies "
                "elsewhere. Check that it belongs to this section."
            )
        told = components(words.at(section.xy))
    yield Progress(DRAWING, 0, 1)
    known = (told != 0).any(1)
    colours = np.zeros((section.n_spots + 1, 4), np.uint8)  # the last is no spot
    first = told[known, :3]
    if len(first):
        low, high = np.quantile(first, RANGE, axis=0)
        scaled = np.clip((first - low) / np.maximum(high - low, 1e-6), 0, 1)
        shown = np.zeros((len(first), 4))
        shown[:, : first.shape[1]], shown[:, 3] = scaled, 1
        colours[:-1][known] = np.rint(255 * shown)
    return colours[section.raster.index]
