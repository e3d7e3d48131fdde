"""A gene along a line: what was measured and what the enhanced map says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_stentrans.enhancement import GeneMap
from napari_stentrans.errors import GeneNotFound, SectionError
from napari_stentrans.intervals import Intervals
from napari_stentrans.targets import Provenance

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section

    Array = NDArray[np.float64]

MOST_STEPS = 20_000
UNITS = {"um": "µm", "px": "px"}
LEVEL = 0.68
"""Share of the cases that an interval holds."""


class Along(NamedTuple):
    """Sites of a map that a line crosses, in its order.

    ``distance`` (crossing,) from the start of the line to the middle of each crossing, ``site``
    (crossing,) -1 where the line leaves the map.
    """

    distance: NDArray[np.float64]
    site: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Profile:
    """A gene along a line.

    Attributes
    ----------
    section, enhancement, gene
        What it was taken from; no enhancement, or one without this gene, leaves ``enhanced``
        without a value.
    name
        What the enhanced map is called.
    unit
        "um", or "px" (full-resolution pixels) where the scale is not known: of all distances.
    length
        Length of the line.
    spots, sites
        What it crosses of the measured and of the enhanced map.
    measured
        (crossing of ``spots``,) log-normalised values; NaN between tissue.
    lost
        (crossing of ``spots``,) True where the run did not use the measured value.
    enhanced, std
        (crossing of ``sites``,) mean and standard deviation; NaN where not known.
    intervals
        (crossing of ``sites``,) each: where the expression lies, and where a new measurement
        would, in 68% of the cases; NaN where not known.
    """

    section: Section
    enhancement: Enhancement | None
    gene: str
    name: str
    unit: str
    length: float
    spots: Along
    sites: Along
    measured: NDArray[np.float32]
    lost: NDArray[np.bool_]
    enhanced: NDArray[np.float32]
    std: NDArray[np.float32]
    intervals: Intervals

    @property
    def label(self) -> str:
        """What distances are called on an axis."""
        return f"along the line ({UNITS[self.unit]})"


def profile_along(
    section: Section,
    enhancement: Enhancement | None,
    gene: str,
    path_xy: ArrayLike,
    name: str = "enhanced",
) -> Profile:
    """Take a gene along a path of straight lines.

    Every site that the path crosses gives one value, at the middle of the crossing: nothing is
    interpolated.

    Parameters
    ----------
    section, enhancement
        What was measured, and the result of a run or None.
    gene
        Name or id.
    path_xy
        (corner, 2) positions (x, y), full-resolution pixels; two or more.
    name
        What the enhanced map is called, in a table or a figure.

    Raises
    ------
    GeneNotFound
        When the section has no such gene.
    SectionError
        When the path is no line.
    """
    path = np.asarray(path_xy, float)
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 2 or not np.isfinite(path).all():
        raise SectionError(f"A line has two or more positions (x, y), got the shape {path.shape}.")
    per_px = section.um_per_px or 1.0
    spots = _crossed(section.raster, path, per_px)
    values = section.gene_lognorm(gene)
    none = Along(np.empty(0), np.empty(0, np.int64))
    sites, mapped = none, GeneMap(*np.empty((2, 0), np.float32))
    intervals = Intervals(*np.empty((4, 0), np.float32))
    lost = np.zeros(section.n_spots, bool)
    if enhancement is not None:
        sites = _crossed(enhancement.raster, path, per_px)
        mapped, intervals = _gene_of(enhancement, gene)
        lost = enhancement.sites.provenance[: section.n_spots] == Provenance.LOST
    return Profile(
        section,
        enhancement,
        str(section.genes[section.gene_index(gene)]),
        name,
        "um" if section.um_per_px else "px",
        float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum() * per_px),
        spots,
        sites,
        _taken(values, spots),
        (spots.site >= 0) & np.append(lost, False)[spots.site],
        _taken(mapped.mean, sites),
        _taken(mapped.std, sites),
        Intervals(*(_taken(edge, sites) for edge in intervals)),
    )


def _crossed(raster: SpotRaster, path: NDArray[np.float64], per_px: float) -> Along:
    """Sites of a raster under a path, one row per crossing."""
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    corners = np.concatenate([[0.0], np.cumsum(lengths)])
    steps = int(np.clip(np.ceil(2 * corners[-1] / raster.pixel), 1, MOST_STEPS))
    at = np.linspace(0, corners[-1], steps + 1)
    x, y = (np.interp(at, corners, axis) for axis in path.T)
    column = np.rint((x - raster.origin[0]) / raster.pixel).astype(np.int64)
    row = np.rint((y - raster.origin[1]) / raster.pixel).astype(np.int64)
    rows, columns = raster.shape
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    site = np.full(len(at), -1, np.int64)
    site[inside] = raster.index[row[inside], column[inside]]
    begins = np.flatnonzero(np.append(True, np.diff(site) != 0))
    ends = np.append(begins[1:], len(site)) - 1
    return Along((at[begins] + at[ends]) / 2 * per_px, site[begins])


def _gene_of(enhancement: Enhancement, gene: str) -> tuple[GeneMap, Intervals]:
    """Values of a gene at all sites and their intervals; NaN where the run left it out."""
    try:
        return enhancement.gene(gene), enhancement.intervals(gene, LEVEL)
    except GeneNotFound:
        unknown = np.full((4, len(enhancement.sites)), np.nan, np.float32)
        return GeneMap(*unknown[:2]), Intervals(*unknown)


def _taken(values: NDArray[np.float32], along: Along) -> NDArray[np.float32]:
    """Values (site,) at crossings; NaN where there is no site."""
    return np.append(np.asarray(values, np.float32), np.float32(np.nan))[along.site]
