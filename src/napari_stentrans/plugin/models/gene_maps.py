"""GeneMaps: which maps of a section are shown, in which colours, and their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_stentrans.plugin.models.maps import (
    MOST_OVERLAID,
    OVERLAY_COLOURS,
    SUMS,
    Doubt,
    Look,
    enhanced,
    knows_measurements,
    limits_of,
    measured,
    named,
    overlaid,
    scatter,
    unit,
)
from napari_stentrans.plugin.models.runs import between, short
from napari_stentrans.rounding import difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement, GeneMap
    from napari_stentrans.plugin.models.maps import FloatArray, Limits
    from napari_stentrans.plugin.models.runs import Runs
    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section

PAIR = ("before", "after")
"""Roles of the two maps that are compared; they have the same contrast."""
MEASURED, ENHANCED = "measured", "enhanced"
"""What maps are called that are of no run by name."""


@dataclass(frozen=True)
class Legend:
    """One map in words: its name, and what its values are.

    ``overlay`` is the colour and the contrast limits of a map that is laid over others; else
    None: the layer has them.
    """

    name: str
    unit: str
    overlay: tuple[str, Limits] | None = None


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a layer shows.

    Attributes
    ----------
    values
        (site,) Values of one map; or the pixels (row, column, 4) of several, where there are no
        limits.
    limits
        Contrast limits.
    genes, called
        Names of the maps, and the run that they are of, where they are called by it.
    """

    raster: SpotRaster
    values: NDArray[Any]
    limits: Limits | None
    genes: str
    called: str


class GeneMaps:
    """Which maps of a section are shown, and how.

    Attributes
    ----------
    shown, gene
        The map that was chosen last, a gene or a sum over all genes; and the last gene.
    kept
        Maps that stay when another is chosen, which is then laid over them.
    colormap
        Of the look, or another that a person chose in napari.
    against
        Result that the one shown is compared with; None: the measured map is.
    doubt
        Whose uncertainty is shown, where the result knows it: the estimate's, or that of a new
        measurement.
    """

    def __init__(self, section: Section, gene: str, runs: Runs) -> None:
        self.section = section
        self._runs = runs
        self.shown = self.gene = gene
        self.kept: tuple[str, ...] = ()
        self.look = Look()
        self.against: Enhancement | None = None
        self.doubt: Doubt = "estimate"
        self.colormap: Any = self.look.colormap
        self._by_hand: dict[tuple[str, str, str], Limits] = {}
        self._last: WeakKeyDictionary[Enhancement, tuple[tuple[str, str], GeneMap | None]]
        self._last = WeakKeyDictionary()

    @property
    def names(self) -> tuple[str, ...]:
        """Maps that are drawn: one, or those that are laid over each other."""
        return (*(name for name in self.kept if name != self.shown), self.shown)

    def label(self, name: str) -> str:
        return self.section.gene_label(name)

    def show(self, name: str) -> None:
        """Choose a map, by name or gene id; GeneNotFound where there is none."""
        self.shown = named(self.section, name)
        if self.shown not in SUMS:
            self.gene = self.shown

    def keep(self, names: Sequence[str]) -> None:
        self.kept = tuple(dict.fromkeys(names))[: MOST_OVERLAID - 1]

    def set_look(self, look: Look) -> None:
        if (look.low, look.high) != (self.look.low, self.look.high):
            self.follow_values()
        if look.colormap != self.look.colormap:
            self.colormap = look.colormap
        self.look = look

    def follow_values(self) -> None:
        self._by_hand = {
            of: limits for of, limits in self._by_hand.items() if of[1] not in self.names
        }

    def result(self, enhancement: Enhancement | None) -> GeneMap | None:
        """Enhanced values of the map that was chosen last; None where there are none."""
        return None if enhancement is None else self._enhanced(enhancement, self.shown)

    def sides(self, enhancement: Enhancement | None) -> tuple[str, str]:
        """What a result is compared with, and the result, in words: runs are called by name."""
        if self.against is None:
            return MEASURED, ENHANCED
        kept = [self._runs.of(of) for of in (self.against, enhancement)]
        left, right = (ENHANCED if run is None else run.name for run in kept)
        return left, right

    @property
    def lacking(self) -> bool:
        """Whether the map that was chosen last is not part of the run that is compared with."""
        return self.against is not None and self.result(self.against) is None

    def doubt_of(self, enhancement: Enhancement | None) -> Doubt:
        """Whose uncertainty is shown of a result: the estimate's where no other is known."""
        known = enhancement is not None and knows_measurements(enhancement)
        return self.doubt if known else "estimate"

    def of_layer(self, role: str, enhancement: Enhancement | None) -> Drawn:
        """What a layer in a role shows, one of ``GENE_ROLES``; blank where there is no value."""
        names, sides = self.names, map(short, self.sides(enhancement))
        called = dict(zip(PAIR, sides, strict=True))
        if role in PAIR and len(names) > 1:
            maps = [self.values(role, name, enhancement) for name in names]
            ends = [self.limits("before", name) for name in names]
            pixels = overlaid(maps[0][0], [values for _, values in maps], ends)
            return Drawn(maps[0][0], pixels, None, " + ".join(names), called[role])
        raster, values = self.values(role, self.shown, enhancement)
        limits = self.limits(role, self.shown, values)
        return Drawn(raster, values, limits, self.shown, called.get(role, ""))

    def limits(self, role: str, name: str, values: FloatArray | None = None) -> Limits:
        """Contrast limits of a map: set by hand, else from its values, or those as measured."""
        by_hand = self._by_hand.get(self._contrast(role, name))
        if by_hand is not None:
            return by_hand
        if role in PAIR or values is None:
            return self.look.limits_of(self.section, name)
        return limits_of(np.abs(values))

    @property
    def unit(self) -> str:
        return unit(self.shown, self.look.scale)

    def legends(self) -> list[Legend]:
        """One for each map that is drawn, in the order of their colours."""
        names, scale = self.names, self.look.scale
        if len(names) == 1:
            return [Legend(self.label(self.shown), self.unit)]
        return [
            Legend(self.label(name), unit(name, scale), (colour, self.limits("before", name)))
            for name, colour in zip(names, OVERLAY_COLOURS.values(), strict=False)
        ]

    def set_limits(self, role: str, limits: Limits) -> None:
        self._by_hand[self._contrast(role, self.shown)] = limits

    @property
    def by_hand(self) -> frozenset[tuple[tuple[str, str, str], Limits]]:
        """Contrast limits that a person set of the maps that are drawn, by role, name and scale."""
        return frozenset(item for item in self._by_hand.items() if item[0][1] in self.names)

    def _contrast(self, role: str, name: str) -> tuple[str, str, str]:
        """Under what the contrast of a map is kept; the maps before and after have the same."""
        of = {"after": "before", "uncertainty": f"uncertainty of {self.doubt}"}
        return of.get(role, role), name, self.look.scale

    def values(
        self, role: str, name: str, enhancement: Enhancement | None
    ) -> tuple[SpotRaster, FloatArray]:
        if role == "before" and self.against is not None:
            role, enhancement = "after", self.against
        before = measured(self.section, name, self.look.scale)
        if role == "before" or enhancement is None:
            return self.section.raster, before
        if role == "difference" and self.against is not None:
            return between(enhancement, self.against, name, self.look.scale)
        sites, result = enhancement.sites, self._enhanced(enhancement, name)
        nothing = np.full(len(sites), np.nan, np.float32)
        mean, std = result or (nothing, nothing)
        if role == "uncertainty" and self.doubt_of(enhancement) == "measurement":
            wide = scatter(enhancement, name, self.look.scale)
            std = nothing if wide is None else wide
        if role == "difference":
            at_spots = np.where(sites.measured, mean, np.nan)[: sites.n_spots]
            return self.section.raster, difference(at_spots, before)
        return enhancement.raster, std if role == "uncertainty" else mean

    def _enhanced(self, enhancement: Enhancement, name: str) -> GeneMap | None:
        """Enhanced values of a map; the last of a result are kept: several layers show them."""
        key = (name, self.look.scale)
        last = self._last.get(enhancement)
        if last is None or last[0] != key:
            last = self._last[enhancement] = (key, enhanced(enhancement, *key))
        return last[1]
