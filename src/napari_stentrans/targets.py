"""Target sites: where a run predicts, and why there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from napari_stentrans.errors import MaskError
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.section import Section


class Provenance(IntEnum):
    """Where the value of a site comes from."""

    MEASURED = 0
    """A spot that was measured and is not masked."""
    LOST = 1
    """A spot that was masked as lost, or has no counts at all: predicted from the others."""
    UNMEASURED = 2
    """A place without a spot that was painted or asked for."""
    BETWEEN = 3
    """A place between spots that doubles the resolution."""

    @property
    def label(self) -> str:
        """Name in ``obs["provenance"]``."""
        return self.name.lower()


LABELS = [p.label for p in Provenance]

TRUSTED_REACH = 3.0
"""Sites farther than this from every measured spot, in spacings, are extrapolated.

Measured in holes that grow around the same spots, in three real sections and a simulated one: of
what the default method gains over the section's mean right beside the measured spots, a distance
of 3 leaves half (0.3 to 0.9), 4 leaves two fifths. Where the truth is known, half of the spatial
genes are then no better than that mean (``benchmarks/reach.py``).
"""


AS_NEAR = 1 + 1e-6
"""Distances that differ by less than this factor differ by rounding."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites to predict; the spots of the section come first, in their order.

    Attributes
    ----------
    xy
        (site, 2) positions (x, y), full-resolution pixels.
    provenance
        (site,) codes of Provenance.
    names
        (site,) barcodes of spots, and names made of kind and array position of the others.
    n_spots
        How many of the sites are spots of the section.
    """

    xy: NDArray[np.float64]
    provenance: NDArray[np.int8]
    names: pd.Index
    n_spots: int

    def __len__(self) -> int:
        return len(self.xy)

    @property
    def measured(self) -> NDArray[np.bool_]:
        """(site,) True where a measured value exists."""
        return self.provenance == Provenance.MEASURED

    @property
    def measured_spots(self) -> NDArray[np.bool_]:
        """(spot,) True where a spot of the section was measured, and is not lost."""
        return self.measured[: self.n_spots]

    @property
    def in_holes(self) -> NDArray[np.bool_]:
        """(site,) True where nothing was measured: what is filled, and what lies beside that."""
        filled = (self.provenance == Provenance.LOST) | (self.provenance == Provenance.UNMEASURED)
        between = self.provenance == Provenance.BETWEEN
        if filled.any() and between.any():
            of = self.xy[between]
            to_filled, to_others = (
                cKDTree(self.xy[some]).query(of)[0] if some.any() else np.full(len(of), np.inf)
                for some in (filled, ~filled & ~between)
            )
            filled[between] = to_filled <= to_others * AS_NEAR
        return filled

    def counts(self) -> dict[str, int]:
        """Number of sites of each provenance, by label."""
        return {p.label: int((self.provenance == p).sum()) for p in Provenance}


class Reach(NamedTuple):
    """How many places a run fills, and how many of them are too far from what was measured.

    Attributes
    ----------
    filled
        Lost spots, spots without counts, and places without a spot that are filled.
    far
        Those of them that are extrapolated.
    far_between
        Extrapolated places between spots, which only a run at twice the resolution adds.
    """

    filled: int
    far: int
    far_between: int = 0

    @classmethod
    def of(cls, provenance: NDArray[np.int8], far: NDArray[np.bool_]) -> Reach:
        """Count sites (site,) by where they come from, and whether they are extrapolated."""
        filled = (provenance == Provenance.LOST) | (provenance == Provenance.UNMEASURED)
        between = provenance == Provenance.BETWEEN
        return cls(int(filled.sum()), int((filled & far).sum()), int((between & far).sum()))


def extrapolated(distance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(site,) True where the nearest measured spot is too far to be trusted, in spacings."""
    return np.asarray(distance > TRUSTED_REACH)


def distance_to_measured(
    xy: NDArray[np.float64], measured_xy: NDArray[np.float64], spacing: float
) -> NDArray[np.float64]:
    """Distance (site,), in spacings, of positions (site, 2) to the nearest measured spot.

    Infinite where nothing is measured. Positions and ``spacing`` are in the same unit.
    """
    if not len(measured_xy):
        return np.full(len(xy), np.inf)
    return np.asarray(cKDTree(measured_xy).query(xy)[0] / spacing)


def check_lost(section: Section, lost: ArrayLike | None, name: str = "lost") -> NDArray[np.bool_]:
    """(spot,) bool mask of lost spots; None means that none is lost.

    Other masks of spots are checked alike; errors call them by their ``name``.

    Raises
    ------
    MaskError
        When the mask does not have one bool per spot, or leaves no spot to learn from.
    """
    if lost is None:
        return np.zeros(section.n_spots, bool)
    lost = np.asarray(lost)
    if lost.shape != (section.n_spots,):
        raise MaskError(
            f"{name} must have one value per spot, ({section.n_spots},), got {lost.shape}: "
            "paint on the map of this section, or give a mask in the order of its spots."
        )
    if lost.dtype != bool and not np.isin(lost, (0, 1)).all():
        raise MaskError(f"{name} must hold True or False, got values of type {lost.dtype}.")
    return lost.astype(bool)


def check_observed(section: Section, lost: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(spot,) True where a spot can be learned from: not lost (spot,) and not without counts.

    Raises
    ------
    MaskError
        When fewer than two are left.
    """
    observed = np.asarray(~lost & (section.totals > 0))
    left = int(observed.sum())
    if left < 2:
        remedy = "Mark fewer spots as lost." if lost.any() else "Take a larger section."
        raise MaskError(
            f"A run needs 2 spots with counts to learn from; left: {left}, with "
            f"{int(lost.sum()):,} of {some(section.n_spots, 'spot')} marked as lost. {remedy}"
        )
    return observed


def target_sites(
    section: Section,
    lost: NDArray[np.bool_],
    sites: ArrayLike | None = None,
    upscale: int = 1,
) -> Sites:
    """All sites of a run: every spot, the extra sites, and with upscale 2 those in between.

    Parameters
    ----------
    section
        The section.
    lost
        (spot,) True where a spot is lost.
    sites
        (site, 2) extra positions (x, y), full-resolution pixels.
    upscale
        1, or 2 to add the sites between neighbouring spots and extra sites.

    Raises
    ------
    MaskError
        When sites do not have the shape (n, 2) or are not finite.
    """
    extra = np.empty((0, 2)) if sites is None else np.asarray(sites, float)
    if extra.size == 0:
        extra = np.empty((0, 2))
    if extra.ndim != 2 or extra.shape[1] != 2 or not np.isfinite(extra).all():
        raise MaskError(
            f"sites must be finite positions (x, y) of the shape (n, 2), got {extra.shape}."
        )
    known = np.concatenate([section.xy, extra])
    between = section.lattice.between(known) if upscale == 2 else np.empty((0, 2))
    provenance = np.repeat(
        np.array([Provenance.MEASURED, Provenance.UNMEASURED, Provenance.BETWEEN], np.int8),
        [section.n_spots, len(extra), len(between)],
    )
    provenance[: section.n_spots][lost] = Provenance.LOST
    xy = np.concatenate([known, between])
    names = section.adata.obs_names.append(_site_names(section, xy, provenance))
    return Sites(xy, provenance, names, section.n_spots)


def _site_names(
    section: Section, xy: NDArray[np.float64], provenance: NDArray[np.int8]
) -> pd.Index:
    """Names of the sites that are not spots, unique, for example "between_10.5x33"."""
    new = slice(section.n_spots, None)
    where = xy[new] if section.lattice.kind == "irregular" else section.lattice.rc(xy[new])
    names = pd.Index(
        [
            f"{LABELS[code]}_{a:g}x{b:g}"
            for code, (a, b) in zip(provenance[new], np.round(where, 2) + 0.0, strict=True)
        ],
        dtype=object,
    )
    repeated = names.duplicated()
    if repeated.any():
        names = pd.Index(
            [
                f"{n}_{i}" if again else n
                for i, (n, again) in enumerate(zip(names, repeated, strict=True))
            ],
            dtype=object,
        )
    return names
