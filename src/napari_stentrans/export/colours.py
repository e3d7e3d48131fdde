"""Colours that people with any colour vision tell apart (Okabe and Ito, 2008)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.targets import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement

LOST_COLOUR = "#d55e00"
PROVENANCE_COLOURS = dict(zip(LABELS, ("#0072b2", LOST_COLOUR, "#cc79a7", "#56b4e9"), strict=True))
"""Colour of each provenance."""
EXTRAPOLATED_COLOUR = "#f0e442"
"""Colour of sites too far from every measured spot, whatever their provenance."""
BORROWED_COLOUR = "#009e73"
"""Colour of sites that neighbouring sections say more of than the spots around."""
ORIGIN_COLOURS = PROVENANCE_COLOURS | {
    "borrowed": BORROWED_COLOUR,
    "extrapolated": EXTRAPOLATED_COLOUR,
}
"""Colour of all that a map of where values come from tells apart."""
REGION_COLOURS = (LOST_COLOUR, "#cc79a7", "#e69f00", "#56b4e9", "#009e73", "#0072b2")
"""Colours of lost regions, by label, first those that viridis lacks; they begin again at last."""
ANNOTATION_COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#332288",
    "#aa4499", "#999933", "#882255", "#44aa99", "#999999", "#661100", "#6900ff", "#8778ff",
    "#00ffb4", "#5a5a00", "#ffc3ff", "#1e1e3c", "#0000d2", "#875a5a", "#96d278", "#e11ed2",
    "#693c96", "#003c2d", "#c3002d", "#ff5a78", "#5a1e5a", "#87e1d2", "#1e0069", "#ff78e1",
)  # fmt: skip
"""Colours of named regions; they begin again where there are more. From the 15th on each is the
colour farthest from all before it in Oklab, as people with any colour vision see it."""

MOSTLY = 0.5
"""Share of what is known of a site from which on it rests mostly on neighbouring sections."""


def origins(enhancement: Enhancement) -> NDArray[np.intp]:
    """Where the value of each site comes from (site,), as a position in ``ORIGIN_COLOURS``.

    A site that is too far from every measured spot is that, however much of it is borrowed.
    """
    names = list(ORIGIN_COLOURS)
    found = enhancement.sites.provenance.astype(np.intp)
    if enhancement.borrowed is not None:
        found[enhancement.borrowed > MOSTLY] = names.index("borrowed")
    found[enhancement.extrapolated] = names.index("extrapolated")
    return found
