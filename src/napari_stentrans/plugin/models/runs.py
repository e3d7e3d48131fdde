"""Runs: the results of a section that are kept, each with a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_stentrans.plugin.models.maps import enhanced
from napari_stentrans.plugin.models.run_words import name_of
from napari_stentrans.rounding import difference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.plugin.models.maps import FloatArray, Scale
    from napari_stentrans.raster import SpotRaster


@dataclass(eq=False)
class Run:
    """A result that is kept.

    Attributes
    ----------
    quality
        How good it is, where that was checked.
    record
        Where its run record was saved; None where it was not.
    """

    name: str
    enhancement: Enhancement
    quality: Quality | None = None
    record: Path | None = None


class Runs:
    """The runs of one section, the oldest first."""

    changed = Signal()
    """A run was added, renamed or removed."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._made = 0

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def add(self, enhancement: Enhancement, name: str = "") -> Run:
        """Keep a result; unnamed, it is called by its number and what went into it."""
        self._made += 1
        run = Run(name or self._new_name(enhancement), enhancement)
        self._runs.append(run)
        self.changed.emit()
        return run

    def _new_name(self, enhancement: Enhancement) -> str:
        taken = {run.name.split(":")[0] for run in self}
        while f"Run {self._made}" in taken:
            self._made += 1
        others = [run.enhancement.record for run in self]
        return f"Run {self._made}: {name_of(enhancement.record, others)}"

    def of(self, enhancement: Enhancement | None) -> Run | None:
        return next((run for run in self if run.enhancement is enhancement), None)

    def rename(self, run: Run, name: str) -> None:
        name = " ".join(name.split())
        if name and name != run.name:
            run.name = name
            self.changed.emit()

    def insert(self, at: int, run: Run) -> None:
        self._runs.insert(at, run)
        self.changed.emit()

    def remove(self, run: Run) -> Run | None:
        """Let go of a run; the one that takes its place in the list, None without any."""
        at = self._runs.index(run)
        self._runs.remove(run)
        self.changed.emit()
        return self._runs[min(at, len(self._runs) - 1)] if self._runs else None


def short(name: str) -> str:
    """Name of a run without its settings: "Run 1"; whole where a person has given another."""
    numbered = re.match(r"Run \d+(?=: )", name)
    return numbered[0] if numbered else name


def between(
    result: Enhancement, other: Enhancement, name: str, scale: Scale
) -> tuple[SpotRaster, FloatArray]:
    """Map of a result minus that of another, and the raster that draws it.

    At all sites where both have the same, else at the spots; NaN where one has no value, 0 where
    they differ by rounding only.
    """
    same = np.array_equal(result.sites.xy, other.sites.xy)
    n = len(result.sites) if same else result.sites.n_spots
    maps = [enhanced(of, name, scale) for of in (result, other)]
    raster = result.raster if same else result.section.raster
    if maps[0] is None or maps[1] is None:
        return raster, np.full(n, np.nan, np.float32)
    return raster, difference(maps[0].mean[:n], maps[1].mean[:n])
