"""Alignment: where places of a neighbouring section lie on this one.

Factors that both share are found on observed spots. All turns, mirror images and shifts of the
neighbour are compared coarsely, the best are made exact, and spots that took no part say how well
both agree.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.alignment.bend import STIFFNESS, Bend
from napari_stentrans.alignment.compared import Compared, compare_steps
from napari_stentrans.alignment.finding import Best, nearby_steps, search_steps
from napari_stentrans.alignment.joint import (
    CommonGenes,
    JointFactors,
    Sheet,
    common_genes,
    joint_factors,
)
from napari_stentrans.alignment.polish import Affine, weighted_correlation
from napari_stentrans.alignment.search import Points
from napari_stentrans.alignment.stains import stains_at
from napari_stentrans.alignment.transform import (
    Alignment,
    By,
    Displacement,
    by_hand,
    from_landmarks,
)
from napari_stentrans.device import on_one_thread
from napari_stentrans.progress import Steps, drain

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.section import Section

__all__ = [
    "Alignment",
    "CommonGenes",
    "Compared",
    "Displacement",
    "JointFactors",
    "Sheet",
    "align",
    "align_steps",
    "by_hand",
    "common_genes",
    "compare_steps",
    "from_landmarks",
    "joint_factors",
    "lay_steps",
    "middle_on_middle",
]

LEAST_COMPARED = 5
SURE = 2.5
"""Standard errors by which hidden spots must be foretold better where a map is to be bent."""


def align(
    section: Section,
    neighbour: Section,
    *,
    lost: ArrayLike | None = None,
    neighbour_lost: ArrayLike | None = None,
    start: Alignment | None = None,
    seed: int = 0,
) -> Alignment:
    """Find where a neighbouring section lies on a section; see ``align_steps``."""
    return drain(
        align_steps(
            section, neighbour, lost=lost, neighbour_lost=neighbour_lost, start=start, seed=seed
        )
    )


def align_steps(
    section: Section,
    neighbour: Section,
    *,
    lost: ArrayLike | None = None,
    neighbour_lost: ArrayLike | None = None,
    start: Alignment | None = None,
    seed: int = 0,
) -> Steps[Alignment]:
    """Find where a neighbouring section lies on a section, from observed spots alone.

    Parameters
    ----------
    lost, neighbour_lost
        (spot,) True where a spot of the section or of the neighbour is not to be looked at.
    start
        Begin here, and look nearby only.

    Where both sections have an image, it is tried as well how their stains lie on each other; what
    agrees better at hidden spots is taken. Whether it is believed, expression decides.

    Raises
    ------
    SectionError
        When there are too few genes in common or too few observed spots.
    """
    compared = yield from compare_steps(
        section, neighbour, lost=lost, neighbour_lost=neighbour_lost, seed=seed
    )
    return (yield from lay_steps(compared, start))


@on_one_thread
def lay_steps(compared: Compared, start: Alignment | None = None) -> Steps[Alignment]:
    """Find where the neighbour lies; see ``align_steps``."""
    joint, both = compared.joint, (compared.section, compared.neighbour)
    frame = _Frame(joint, _scale(*both, compared.seen, compared.theirs))
    useful = joint.weights > 0
    mine, other = frame.points(joint, useful)
    weights = joint.weights[useful]
    check = _Check(compared)

    def checked(best: Best, by: By) -> Alignment:
        found = frame.alignment(best.affine)
        if best.stands_out:
            found = _bent(found, Bend(mine, other, weights, best.affine), frame, check)
        return replace(found, agreement=check.agreement(found), found=best.stands_out, by=by)

    if start is not None:
        best = yield from nearby_steps(mine, other, weights, frame.affine(start))
        return checked(best, "expression")
    best = yield from search_steps(mine, other, weights)
    found = checked(best, "expression")
    ours, theirs = stains_at(both[0], joint.section.xy), stains_at(both[1], joint.neighbour.xy)
    if ours is None or theirs is None or ours.shape[1] != theirs.shape[1]:
        return found
    alike = np.full(ours.shape[1], 1 / ours.shape[1])
    shown = mine._replace(values=ours), other._replace(values=theirs)
    seen = yield from search_steps(*shown, alike)
    near = yield from nearby_steps(mine, other, weights, seen.affine)
    by_image = checked(replace(near, affine=seen.affine), "image")
    return max(found, by_image, key=lambda one: (one.found, one.agreement))


def middle_on_middle(section: Section, neighbour: Section) -> Alignment:
    """Lay the middle of a neighbour on that of a section: where a person may begin to move it."""
    seen = [one.xy[one.totals > 0] for one in (section, neighbour)]
    ours, theirs = ((xy.min(0) + xy.max(0)) / 2 for xy in seen)
    scale = _scale(section, neighbour, section.totals > 0, neighbour.totals > 0)
    matrix = np.diag([scale, scale, 1.0])
    matrix[:2, 2] = ours - scale * theirs
    return Alignment(matrix, by="hand", found=False)


class _Frame:
    """Pixels of both sections, and spacings of the section around the middle of each."""

    def __init__(self, joint: JointFactors, scale: float) -> None:
        self.unit = joint.section.spacing
        self.their_unit = self.unit / scale
        self.middle, self.their_middle = (
            (sheet.xy.min(0) + sheet.xy.max(0)) / 2 for sheet in (joint.section, joint.neighbour)
        )

    def points(self, joint: JointFactors, factors: NDArray[np.bool_]) -> tuple[Points, Points]:
        """Spots of both in spacings, with some of the factors."""
        mine, theirs = joint.section, joint.neighbour
        return (
            Points((mine.xy - self.middle) / self.unit, mine.scores[:, factors]),
            Points((theirs.xy - self.their_middle) / self.their_unit, theirs.scores[:, factors]),
        )

    def alignment(self, affine: Affine) -> Alignment:
        """Affine map of pixels."""
        matrix = np.eye(3)
        matrix[:2, :2] = affine.linear * self.unit / self.their_unit
        matrix[:2, 2] = self.middle + affine.shift * self.unit - matrix[:2, :2] @ self.their_middle
        return Alignment(matrix)

    def affine(self, alignment: Alignment) -> Affine:
        """Affine map in spacings of one of pixels."""
        linear = alignment.matrix[:2, :2] * self.their_unit / self.unit
        middle = alignment.matrix[:2, :2] @ self.their_middle + alignment.matrix[:2, 2]
        return Affine(linear, (middle - self.middle) / self.unit)


def _scale(
    section: Section,
    neighbour: Section,
    seen: NDArray[np.bool_],
    theirs: NDArray[np.bool_],
) -> float:
    """Pixels of the section to one of the neighbour."""
    if section.um_per_px and neighbour.um_per_px:
        return neighbour.um_per_px / section.um_per_px
    by_spacing = section.lattice.spacing / neighbour.lattice.spacing
    extents = [
        float(np.sqrt(np.linalg.det(np.cov(s.xy[k].T))))
        for s, k in ((section, seen), (neighbour, theirs))
    ]
    by_extent = float(np.sqrt(extents[0] / extents[1]))
    return by_spacing if 1 / 2 < by_extent / by_spacing < 2 else by_extent


def _bent(affine: Alignment, bend: Bend, frame: _Frame, check: _Check) -> Alignment:
    """Alignment with the displacement that is best at hidden spots, if any clearly pays there."""
    best, most = affine, SURE
    for stiffness in STIFFNESS:
        field = bend.displacement(bend.found(stiffness), frame.middle, frame.unit)
        bent = replace(affine, field=field)
        gain = check.gain(affine, bent)
        if gain > most:
            best, most = bent, gain
    return best


class _Check:
    """Hidden spots, which took no part, and their own factors."""

    def __init__(self, compared: Compared) -> None:
        self.xy, self.joint = compared.section.xy[compared.hidden], compared.joint
        self.mine = self.joint.own.of(compared.section, compared.hidden)

    def agreement(self, alignment: Alignment) -> float:
        """Correlation of their factors with the neighbour's there; 0 where it reaches too few."""
        theirs = self.joint.neighbour.at(alignment.back(self.xy))
        known = np.isfinite(theirs[:, 0])
        if known.sum() < LEAST_COMPARED:
            return 0.0
        trust = np.ones(known.sum(), np.float32)
        return weighted_correlation(self.mine[known], theirs[known], self.joint.weights, trust)

    def gain(self, one: Alignment, other: Alignment) -> float:
        """By how many standard errors the other predicts them better."""
        off = [
            ((self.mine - self.joint.neighbour.at(a.back(self.xy))) ** 2) @ self.joint.weights
            for a in (one, other)
        ]
        less = (off[0] - off[1])[np.isfinite(off[0] - off[1])]
        if len(less) < LEAST_COMPARED:
            return 0.0
        return float(less.mean() / max(less.std() / np.sqrt(len(less)), 1e-9))
