"""Damage: spots that look lost, and why, found without a person.

Three kinds of evidence: counts (``counts``), the tissue image (``picture``), and places without a
spot amid spots. Each would rather miss damage than call tissue damaged; what is found is for a
person to look at, and changes nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from napari_stentrans.damage.counts import low_counts
from napari_stentrans.damage.picture import shown_damage
from napari_stentrans.errors import SectionError
from napari_stentrans.progress import Progress, Steps, drain
from napari_stentrans.tissue import enclosed_sites, tissue_on_raster
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.section import Section

__all__ = ["Damage", "damage_steps", "find_damage"]

MEANING = {
    "no counts": "no counts",
    "few counts": "hardly any counts",
    "bubble": "bubble in the image",
    "fold": "fold in the image",
    "pen": "pen in the image",
}
"""Reasons, in the order in which one is given where several hold, and what they say."""
QUICK = 20_000_000
"""Pixels of an image that is looked at where an answer is wanted at once."""


@dataclass(frozen=True, eq=False)
class Damage:
    """What looks lost in a section.

    Attributes
    ----------
    section
        The section.
    reasons
        (spot,) a key of ``MEANING`` where a spot looks lost, else empty.
    image
        (spot,) True where the tissue image shows a fold, a bubble or ink.
    sites
        (site, 2) places (x, y) without a spot amid spots, full-resolution pixels; only those on
        tissue where the image shows what is tissue.
    """

    section: Section
    reasons: NDArray[np.str_]
    image: NDArray[np.bool_]
    sites: NDArray[np.float64]

    def __bool__(self) -> bool:
        return bool(self.spots.any()) or len(self.sites) > 0

    @property
    def spots(self) -> NDArray[np.bool_]:
        """(spot,) True where a spot looks lost."""
        return np.asarray(self.reasons != "")

    def counts(self) -> dict[str, int]:
        """How many spots look lost, by reason; reasons without any are left out."""
        found = {reason: int((self.reasons == reason).sum()) for reason in MEANING}
        return {reason: n for reason, n in found.items() if n}

    def without(self, lost: ArrayLike, sites: ArrayLike | None = None) -> Damage:
        """What is left when spots (spot,) bool, and sites (site, 2), are known to be lost."""
        known = np.asarray(lost, bool)
        left = self.sites
        if sites is not None and len(np.asarray(sites)) and len(left):
            away = cKDTree(np.asarray(sites, float)).query(left)[0]
            left = left[away > 0.5 * self.section.lattice.spacing]
        return replace(self, reasons=np.where(known, "", self.reasons), sites=left)

    def spots_in_words(self) -> str:
        """Say how many spots look lost and why, without a full stop; empty where none does."""
        n, counts = int(self.spots.sum()), self.counts()
        why = ", ".join(f"{MEANING[reason]} {m:,}" for reason, m in counts.items())
        if len(counts) == 1:
            why = MEANING[next(iter(counts))]
        return f"{some(n, 'spot looks', 'spots look')} lost ({why})" if n else ""

    def in_words(self) -> str:
        """Say what looks lost, in a line without a full stop; empty where nothing does."""
        m = len(self.sites)
        holes = f"{some(m, 'place inside has', 'places inside have')} no spot" if m else ""
        return ", and ".join(filter(None, [self.spots_in_words(), holes]))


def find_damage(section: Section, *, image: bool = True) -> Damage:
    """Look for spots that are lost: in the counts, in the tissue image, and in the lattice.

    Parameters
    ----------
    section
        The section.
    image
        Whether to look at the tissue image, which takes some seconds where it is large.
    """
    return drain(damage_steps(section, image=image))


def damage_steps(section: Section, *, image: bool = True) -> Steps[Damage]:
    """Do what ``find_damage`` does, one Progress at a time."""
    stage = "looking for damage"
    yield Progress(stage, 0, 3)
    poor = low_counts(section)
    empty = section.totals <= 0
    shown = {"few counts": poor & ~empty, "no counts": poor & empty}
    yield Progress(stage, 1, 3)
    pictured = shown_damage(section) if image else {}
    shown |= pictured
    yield Progress(stage, 2, 3)
    reasons = np.full(section.n_spots, "", "U10")
    for reason in reversed(MEANING):
        if reason in shown:
            reasons[shown[reason]] = reason
    of_image = np.zeros(section.n_spots, bool)
    for spots in pictured.values():
        of_image |= spots
    return Damage(section, reasons, of_image, _missing(section, image=image))


def is_quick(section: Section) -> bool:
    """Whether the images of a section are small enough to be looked at in about a second."""
    return all(image.shape[0] * image.shape[1] <= QUICK for image in section.images)


def _missing(section: Section, *, image: bool) -> NDArray[np.float64]:
    """Places (site, 2) without a spot amid spots, without those that the image shows as gaps."""
    if section.lattice.kind == "irregular":
        return np.empty((0, 2))
    sites = enclosed_sites(section)
    if not (image and section.images and len(sites)):
        return sites
    try:
        tissue = tissue_on_raster(section)
    except SectionError:  # the tissue does not stand out
        return sites
    row, column = section.raster.pixel_of(sites).T
    return sites[tissue[row, column]]
