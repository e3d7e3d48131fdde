"""Damage that the counts show: spots that caught next to nothing beside spots that caught plenty.

Tissue may be poor in counts by itself: white matter, stroma and fat hold up to six times fewer
than what lies beside them in the sections that this was tried on. So a patch is only called lost
when it is poorer than that, poor to its very rim, and surrounded by spots that are not; and when it
lacks all genes alike, as far as its counts can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from napari_stentrans.lattice import STEPS

if TYPE_CHECKING:
    from napari_stentrans.section import Section

Mask = NDArray[np.bool_]
Array = NDArray[np.float64]

POOR = 1 / 8
"""A patch is lost where its median is below this share of the median around it.

In 18 real sections no tissue of three spots or more is below 1/6 of what surrounds it; a spot that
lost its counts to a bubble keeps about 1/30.
"""
NEARLY_NOTHING = 1 / 50
"""A single spot is lost below this share of the median of its eight nearest."""
PLENTY = 100.0
"""Median counts of the spots around, below which too few are expected to miss any."""
SOME = 10.0
"""The same for a patch that has no counts at all."""
STEP = 0.35
"""Spots of a patch have less than this share of the median around: the root of POOR."""
PATCH = 3
"""Spots of a patch, at least."""
LARGEST = 0.15
"""Share of the spots that a patch may hold: what is larger is tissue, or glass."""
RIM = 0.25
"""Share of the median around that nine of ten spots around have: else it is part of a larger one.
"""
ENCLOSED = 0.6
"""Share of the neighbours around a patch that must be spots: at the rim of tissue counts fall."""
THRESHOLDS = 16
OTHER_TISSUE, TELLING = 0.25, 300
"""Excess variance of a patch's genes that says another tissue, and the counts that can say it."""


def low_counts(section: Section) -> Mask:
    """Spots (spot,) that caught next to nothing, while those around them did."""
    return _single(section) | _patches(section)


def _single(section: Section) -> Mask:
    """Spots with hardly a count among spots with plenty."""
    totals, near = section.totals, min(9, section.n_spots)
    if near < 2:
        return np.zeros(section.n_spots, bool)
    around = cKDTree(section.xy).query(section.xy, near)[1][:, 1:]
    usual = np.median(totals[around], axis=1)
    return np.asarray((usual >= PLENTY) & (totals < NEARLY_NOTHING * usual))


def _patches(section: Section) -> Mask:
    """Patches of poor spots: what hangs together below a threshold, for a ladder of thresholds."""
    totals, links = section.totals, _links(section)
    found = np.zeros(section.n_spots, bool)
    rows = section.counts.tocsr()
    top = float(section.median_total)
    ladder = np.geomspace(max(float(totals.min()), 1.0), max(top, 2.0), THRESHOLDS)
    for threshold in ladder:
        low = np.flatnonzero(totals < threshold)
        _, parts = connected_components(links[low][:, low], directed=False)
        sizes = np.bincount(parts, minlength=1)
        for part in np.flatnonzero((sizes >= PATCH) & (sizes <= LARGEST * section.n_spots)):
            patch = low[parts == part]
            if not found[patch].all() and _is_lost(section, links, rows, patch, threshold):
                found[patch] = True
    return found


def _is_lost(
    section: Section,
    links: sp.csr_matrix,
    rows: sp.csr_matrix,
    patch: NDArray[np.intp],
    threshold: float,
) -> bool:
    """Whether a patch is poor to its rim, among spots that are not, and in all genes alike."""
    totals = section.totals
    near = np.setdiff1d(links[patch].indices, patch)
    if not len(near):
        return False
    ring = np.setdiff1d(np.union1d(near, links[near].indices), patch)
    around = float(np.median(totals[ring]))
    plenty = PLENTY if totals[patch].any() else SOME
    if around < plenty or threshold > STEP * around:
        return False
    if np.median(totals[patch]) >= POOR * around or np.quantile(totals[ring], 0.1) < RIM * around:
        return False
    return _enclosed(section, links, patch) and not _other_tissue(rows, patch, ring)


def _enclosed(section: Section, links: sp.csr_matrix, patch: NDArray[np.intp]) -> bool:
    """Whether nearly all neighbours that a patch could have on its lattice are there."""
    if section.lattice.kind not in STEPS:
        return True
    inside = links[patch][:, patch].nnz
    possible = len(patch) * len(STEPS[section.lattice.kind]) - inside
    return bool(links[patch].nnz - inside >= ENCLOSED * possible)


def _other_tissue(rows: sp.csr_matrix, patch: NDArray[np.intp], ring: NDArray[np.intp]) -> bool:
    """Whether a patch has other genes than the spots around it, beyond what chance does.

    The counts of a patch that merely lost some are those around, scaled, with Poisson noise; what
    they scatter beyond that is put in relation to their size.
    """
    here = np.asarray(rows[patch].sum(0), float).ravel()
    there = np.asarray(rows[ring].sum(0), float).ravel()
    if here.sum() < TELLING:
        return False
    scale = here.sum() / there.sum()
    expected = scale * there
    seen = expected >= 1
    excess = (here - expected) ** 2 - expected * (1 + scale)
    return bool(excess[seen].sum() > OTHER_TISSUE * (expected[seen] ** 2).sum())


def _links(section: Section) -> sp.csr_matrix:
    """(spot, spot) True between neighbours, both ways."""
    pairs, n = section.lattice.neighbours(section.xy), section.n_spots
    one = sp.coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), (n, n)).tocsr()
    return (one + one.T).tocsr()
