"""What filled places rest on: the spots around, the tissue image, each neighbouring section."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from napari_stentrans.device import on_one_thread
from napari_stentrans.evidence_words import SPOTS_AROUND, RegionFacts
from napari_stentrans.neighbours.share import rested_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from napari_stentrans.alignment import JointFactors
    from napari_stentrans.evidence import Known
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.targets import Sites

TOGETHER = 1.6
"""Filled places so many spacings apart, or less, are of one region."""


class Rests(NamedTuple):
    """What the targets of a run rest on.

    Attributes
    ----------
    borrowed
        (target,) share, 0 to 1, of what is known of a target that neighbours add; None without.
    regions
        Of each lost region, the largest first.
    findings
        ``borrowed_in_holes``, the mean of ``borrowed`` there.
    """

    borrowed: FloatArray | None = None
    regions: tuple[RegionFacts, ...] = ()
    findings: dict[str, float] = {}  # noqa: RUF012  never changed


@on_one_thread
def rest_steps(
    joint: JointFactors,
    sources: Mapping[str, Known],
    neighbours: frozenset[str],
    targets: Sites,
) -> Steps[Rests]:
    """Ask what the targets rest on.

    Parameters
    ----------
    joint
        Factors of the observed spots.
    sources
        Evidence that was used, by its name in the findings of a run.
    neighbours
        Names of the sources that are neighbouring sections.
    """
    measured, sheet = targets.measured, joint.section
    units = targets.xy / sheet.spacing
    pairs = [known.pair(measured, ~measured) for known in sources.values()]
    share = np.zeros((len(targets), len(sources)), np.float32)
    share[~measured] = yield from rested_steps(
        units[measured], sheet.scores.astype(float), joint.weights, units[~measured], pairs
    )
    for column, known in enumerate(sources.values()):
        share[known.blind, column] = 0
    borrowed = share[:, [name in neighbours for name in sources]].sum(1)
    holes = targets.in_holes
    if not holes.any():
        return Rests(borrowed)
    regions = tuple(_facts(region, targets, share, list(sources))
                    for region in _regions(np.flatnonzero(holes), units))  # fmt: skip
    return Rests(borrowed, regions, {"borrowed_in_holes": round(float(borrowed[holes].mean()), 3)})


def _regions(sites: NDArray[np.intp], units: NDArray[np.float64]) -> Iterator[NDArray[np.intp]]:
    """Sites that lie together, the most first."""
    pairs = cKDTree(units[sites]).query_pairs(TOGETHER, output_type="ndarray")
    links = sp.coo_array((np.ones(len(pairs)), pairs.T), (len(sites), len(sites)))
    n, of = connected_components(links, directed=False)
    for region in np.argsort(-np.bincount(of, minlength=n), kind="stable"):
        yield sites[of == region]


def _facts(
    region: NDArray[np.intp], targets: Sites, share: FloatArray, names: list[str]
) -> RegionFacts:
    means = share[region].mean(0, dtype=float)
    x, y = targets.xy[region].mean(0)
    rests_on = {SPOTS_AROUND: 1 - means.sum(), **dict(zip(names, means, strict=True))}
    return RegionFacts(
        sites=len(region),
        middle=(round(float(x), 1), round(float(y), 1)),
        rests_on={name: round(float(mean), 3) for name, mean in rests_on.items()},
    )
