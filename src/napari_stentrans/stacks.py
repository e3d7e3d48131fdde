"""Sections that lie over each other in one table, found by what they are, not by a name.

What splits the spots so that each part is in order again tells the sections apart: a column of
``obs``, or the start or end of the barcodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.errors import SectionError
from napari_stentrans.layout import MOSTLY, SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.layout import Layout
    from napari_stentrans.parts import Parts

TOLD = 5
"""Names of sections that a message tells."""


def fewest_parts(
    layout: Layout, ways: Iterable[Parts], placed: NDArray[np.bool_] | None = None
) -> Parts | None:
    """Of the ways to split the spots, the one with the fewest parts that puts each in order.

    ``placed`` (spot,) says which spots of the ways are those of the layout, all where not given.
    """
    rows = slice(None) if placed is None else placed
    ordered = sorted(ways, key=lambda parts: len(parts.names))  # sorted keeps the order of equals
    return next((parts for parts in ordered if layout.split_by(parts.of_spot[rows])), None)


def refuse_stack(layout: Layout, ways: Iterable[Parts]) -> str:
    """Say what is wrong where a table holds several sections; "" where it seems to hold one.

    Raises
    ------
    SectionError
        When there is no doubt, because most spots lie at the place of another.
    """
    parts = fewest_parts(layout, ways)
    if parts is None and not layout.stacked:
        return ""
    found = in_words(layout)
    if parts is None:
        remedy = (
            "Nothing in obs or in the barcodes tells them apart. Read each section from a table "
            "of its own, or add a column to obs that names the section of each spot."
        )
    else:
        some = ", ".join(parts.names[:TOLD]) + ", ..." * (len(parts.names) > TOLD)
        remedy = (
            f"{parts.by} splits them into {len(parts.names)} ({some}). Keep the spots of one, or "
            "open the file with the choice of a section."
        )
    if layout.shared >= MOSTLY:
        raise SectionError(f"{found}: several sections in one table would be mixed. {remedy}")
    return f"{found}: this seems to be several sections in one table, which a run mixes. {remedy}"


def in_words(layout: Layout) -> str:
    """What shows that spots are of several sections."""
    n = len(layout.xy)
    if layout.shared >= SEEN:
        return f"{n:,} spots lie at {layout.places.max() + 1:,} places"
    if layout.nodes is not None and layout.shared_on_array >= SEEN:
        return f"{n:,} spots have {layout.nodes.max() + 1:,} array positions"
    return f"The {n:,} spots lie on several lattices, or across each other"
