"""Two sections side by side: their observed spots, those that take no part, the factors of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.alignment.joint import CommonGenes, JointFactors, joint_factors
from napari_stentrans.device import on_one_thread
from napari_stentrans.errors import SectionError
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

LEAST_SPOTS = 20
HIDDEN = 0.2
"""Share of the section's spots that take no part, and say how well both agree."""


@dataclass(frozen=True, eq=False)
class Compared:
    """Two sections and the factors that they share.

    Attributes
    ----------
    section, neighbour
        The sections.
    seen, theirs
        (spot,) whether a spot of the section, and of the neighbour, is observed.
    hidden
        (spot,) observed spots of the section that took no part.
    joint
        Found without them.
    """

    section: Section
    neighbour: Section
    seen: NDArray[np.bool_]
    theirs: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    joint: JointFactors

    def whole(self) -> JointFactors:
        """The same factors, of the hidden spots too."""
        return self.joint.with_spots(self.section, self.seen)


@on_one_thread
def compare_steps(
    section: Section,
    neighbour: Section,
    *,
    lost: ArrayLike | None = None,
    neighbour_lost: ArrayLike | None = None,
    genes: CommonGenes | None = None,
    seed: int = 0,
) -> Steps[Compared]:
    """Find the factors that two sections share; see ``align_steps``.

    Parameters
    ----------
    genes
        From ``common_genes``, where they are known already.
    """
    seen, theirs = _observed(section, lost), _observed(neighbour, neighbour_lost)
    hidden = np.zeros(len(seen), bool)
    at = np.flatnonzero(seen)
    rng = np.random.default_rng(seed)
    hidden[rng.choice(at, round(HIDDEN * len(at)), replace=False)] = True
    joint = yield from joint_factors(
        section, neighbour, seen & ~hidden, theirs, genes=genes, seed=seed
    )
    return Compared(section, neighbour, seen, theirs, hidden, joint)


def _observed(section: Section, lost: ArrayLike | None) -> NDArray[np.bool_]:
    """(spot,) whether a spot has counts and is not lost.

    Raises
    ------
    SectionError
        When they are too few to find anything, or lost does not fit the section.
    """
    seen = section.totals > 0
    if lost is not None:
        gone = np.asarray(lost, bool)
        if gone.shape != seen.shape:
            raise SectionError(
                f"lost must say of each of the {section.n_spots:,} spots of {section.name} "
                f"whether it is lost; got the shape {gone.shape}."
            )
        seen &= ~gone
    if seen.sum() < LEAST_SPOTS:
        raise SectionError(
            f"{section.name} has {some(int(seen.sum()), 'spot')} with counts that are not lost; "
            f"at least {LEAST_SPOTS} are needed to lay a neighbouring section on it."
        )
    return seen
