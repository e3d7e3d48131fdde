"""Beside: neighbouring sections in the window, and how each of them lies on its section."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from psygnal import Signal
from scipy.ndimage import binary_closing, binary_erosion

from napari_stentrans.alignment import Alignment, common_genes, middle_on_middle
from napari_stentrans.neighbours import Given, Neighbour

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from napari_stentrans.record_facts import NeighbourPlace
    from napari_stentrans.section import Section

    Pixels = NDArray[np.int32]

NOWHERE, RIM = -1, -2
"""Of a pixel that shows no spot, and of one on the outline of the tissue."""
PER_RIM = 300
"""Raster pixels along a map for each of the width of an outline."""
OPACITY = 0.7
NOT_LAID = "not laid yet; a run finds how it lies"
UNUSED = "a run will not use it, unless you lay it by hand"


class Lay(NamedTuple):
    """How a neighbour lies, None where that was not found yet; and which spot each pixel shows."""

    alignment: Alignment | None
    pixels: Pixels


@dataclass(eq=False)
class Beside:
    """A neighbouring section in the window.

    Attributes
    ----------
    given
        The neighbour, as a run gets it.
    start
        How it lies before that was found.
    lay
        How it lies now.
    genes
        Its name of each gene of the section that it has too.
    straight
        Which spot each pixel shows while it is not bent.
    shown
        Whether it is seen on the section.
    before
        How it lay earlier, to go back to.
    """

    given: Given
    start: Alignment
    lay: Lay
    genes: dict[str, str]
    straight: Pixels
    shown: bool = True
    before: list[Lay] = field(default_factory=list)

    @classmethod
    def of(cls, section: Section, given: Given) -> Beside:
        """Take a neighbour that was checked; slow for a large one."""
        here, there = common_genes(section, given.section)
        genes = zip(section.genes[here], given.section.genes[there], strict=True)
        straight = pixels_of(given)
        bent = given.alignment is not None and given.alignment.field is not None
        lay = Lay(given.alignment, pixels_of(given, given.alignment) if bent else straight)
        start = middle_on_middle(section, given.section)
        return cls(given, start, lay, dict(genes), straight)

    @property
    def name(self) -> str:
        return self.given.name

    @property
    def lies(self) -> Alignment:
        """How it is drawn."""
        return self.lay.alignment or self.start

    @property
    def neighbour(self) -> Neighbour:
        """What a run is given."""
        return Neighbour(self.given.section, self.lay.alignment, self.given.lost)

    @property
    def place(self) -> NeighbourPlace:
        """What a session keeps."""
        return self.given.place(self.lay.alignment)

    def in_words(self) -> str:
        """How well it agrees, and how it is turned."""
        found = self.lay.alignment
        if found is None:
            return NOT_LAID
        head = found.agrees_in_words()
        if found.by == "hand" and np.isnan(found.agreement):
            head = "laid by hand, not checked"
        if not found.found:
            return f"⚠ {head}; {UNUSED}"
        return f"{head}; {found.turn_in_words()}"


class NeighbourList:
    """Neighbouring sections of one section, in the order in which they came.

    Attributes
    ----------
    opacity
        With which they are drawn.
    swiped
        Share of the section's width, from the left, where they are not drawn.
    """

    changed = Signal()
    """One came, went, lies otherwise, or is seen or not."""

    def __init__(self) -> None:
        self._all: list[Beside] = []
        self.opacity, self.swiped = OPACITY, 0.0

    def __iter__(self) -> Iterator[Beside]:
        return iter(tuple(self._all))

    def __len__(self) -> int:
        return len(self._all)

    @property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """What a run is given."""
        return tuple(one.neighbour for one in self._all)

    @property
    def places(self) -> tuple[NeighbourPlace, ...]:
        """What a session keeps."""
        return tuple(one.place for one in self._all)

    def add(self, one: Beside, at: int | None = None) -> None:
        """Take one in, and show it alone: several over each other hide what each says."""
        self.show_alone(None)
        one.shown = True
        self._all.insert(len(self._all) if at is None else at, one)
        self.changed.emit()

    def restore(self, those: Iterable[Beside]) -> None:
        """Take in those of a session, none of which is seen at first."""
        self._all = list(those)
        for one in self._all:
            one.shown = False
        self.changed.emit()

    def remove(self, one: Beside) -> int:
        """Let go of one; where it was."""
        at = self._all.index(one)
        del self._all[at]
        self.changed.emit()
        return at

    def put(self, one: Beside, lay: Lay) -> None:
        """Lay one otherwise; how it lay is kept."""
        one.before.append(one.lay)
        one.lay = lay
        self.changed.emit()

    def move(self, one: Beside, alignment: Alignment) -> None:
        """Lay one as a person moved it, which takes its bend away."""
        self.put(one, Lay(alignment, one.straight))

    def back(self, one: Beside) -> None:
        """Lay one as it lay before."""
        if one.before:
            one.lay = one.before.pop()
            self.changed.emit()

    def show(self, one: Beside, *, on: bool) -> None:
        if one.shown != on:
            one.shown = on
            self.changed.emit()

    def show_alone(self, one: Beside | None) -> None:
        """Let one be seen, and no other; None: none."""
        if any(other.shown != (other is one) for other in self._all):
            for other in self._all:
                other.shown = other is one
            self.changed.emit()


def pixels_of(given: Given, alignment: Alignment | None = None) -> Pixels:
    """Which spot each pixel (row, column) of a neighbour's raster shows, as it is bent.

    Slow for a large one that is bent. ``RIM`` is the outline of its tissue.
    """
    raster = given.section.raster
    index = raster.index
    if alignment is not None and alignment.field is not None:
        straight = replace(alignment, field=None)
        there = alignment.back(straight.onto(raster.pixel_xy().reshape(-1, 2)))
        row, column = raster.pixel_of(there).T
        index = index[row, column].reshape(raster.shape)
    shown = np.append(given.seen, False)[index]
    tissue = shown
    if raster.lattice.kind == "irregular":  # whose cells leave gaps
        apart = int(np.ceil(raster.lattice.spacing / raster.pixel))
        tissue = binary_closing(shown, iterations=apart)
    wide = 1 + max(raster.shape) // PER_RIM
    rim = tissue & ~binary_erosion(tissue, iterations=wide)
    return np.where(rim, RIM, np.where(shown, index, NOWHERE)).astype(np.int32)
