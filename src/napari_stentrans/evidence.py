"""Evidence: what is known about a place besides the spots around it.

A kind says what it knows at sites, as components for linear kernels and trends, and where it cannot
speak. Whether it is used is found on hidden spots, for each kind by itself (``holdout``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from scipy.spatial import cKDTree

from napari_stentrans.credible import components, filled
from napari_stentrans.record import TISSUE_IMAGE
from napari_stentrans.tissue_image import looked_at, tissue_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section
    from napari_stentrans.targets import Sites

AROUND = 4
"""So many spots around a site say what a person's table would hold there."""


class Kind(Protocol):
    """What a kind of evidence is called, and what may have become of it."""

    @property
    def name(self) -> str:
        """As in the findings of a run record, where it is followed by _used, _gain and so on."""
        ...

    @property
    def words(self) -> str:
        """As a person reads it: the tissue image."""
        ...

    @property
    def spoilt(self) -> bool:
        """Whether what made a hole may have spoilt it there; it must be like measured spots."""
        ...


class Evidence(Kind, Protocol):
    """One kind of evidence that a section may have of itself."""

    def asked(self, section: Section, config: EnhanceConfig) -> bool:
        """Whether a run with these settings looks at it, where the section has it."""
        ...

    def at(
        self,
        section: Section,
        config: EnhanceConfig,
        sites: NDArray[np.float64],
        damaged: NDArray[np.bool_],
    ) -> Steps[FloatArray | None]:
        """Describe sites (site, 2), full-resolution pixels: (site, feature), NaN where unknown.

        The spots of the section come first; what is known of those ``damaged`` (spot,) is not to
        be believed. None where nothing is known anywhere.
        """
        ...

    def silence(self, section: Section) -> str:
        """Why nothing is known anywhere, as the record keeps it after the name; empty: none."""
        ...


class Pair(NamedTuple):
    """What one kind of evidence says at spots and at sites, (., component).

    ``direct`` where it measured the same thing, as a neighbouring section did, so that it may
    tell most of a field.
    """

    here: FloatArray
    there: FloatArray
    direct: bool = False


@dataclass(frozen=True, eq=False)
class Known:
    """What one kind of evidence says at the targets of a run.

    Attributes
    ----------
    kind
        Of the evidence.
    components
        (target, component), for linear kernels: the mean squared length of a row is 1.
    blind
        (target,) True where it cannot be believed, and is not used.
    settled
        Whether it is known already that it helps, so that methods need not ask.
    """

    kind: Kind
    components: FloatArray
    blind: NDArray[np.bool_]
    settled: bool = False

    def pair(self, here: NDArray[np.generic], there: NDArray[np.generic]) -> Pair:
        """What it says at some targets, and at others."""
        return Pair(self.components[here], self.components[there], self.settled)


class TissueImage:
    """What the tissue image shows."""

    name = "image"
    words = TISSUE_IMAGE
    spoilt = True

    def asked(self, section: Section, config: EnhanceConfig) -> bool:
        """Where a person's own description does not stand in its place."""
        return config.sees_image and config.features is None and bool(section.images)

    def at(
        self,
        section: Section,
        config: EnhanceConfig,
        sites: NDArray[np.float64],
        damaged: NDArray[np.bool_],
    ) -> Steps[FloatArray | None]:
        """Share of each of the image's words around sites."""
        words = yield from tissue_words(section)
        return None if words is None else words.at(sites)

    def silence(self, section: Section) -> str:
        """Nothing to see in it, or it cannot be looked at where the spots are."""
        return "blank" if looked_at(section) else "elsewhere"


class Embedding:
    """A person's own description of the spots, a table in obsm, in place of the image."""

    name = "features"
    words = "your own description of the spots"
    spoilt = True

    def asked(self, section: Section, config: EnhanceConfig) -> bool:
        """Where a person names it."""
        return config.sees_image and config.features is not None

    def at(
        self,
        section: Section,
        config: EnhanceConfig,
        sites: NDArray[np.float64],
        damaged: NDArray[np.bool_],
    ) -> Steps[FloatArray | None]:
        """As it is at spots, and the mean of those of the spots around elsewhere."""
        yield from ()
        own = np.where(damaged[:, None], np.nan, section.features(str(config.features)))
        between = sites[section.n_spots :]
        near = cKDTree(section.xy).query(between, range(1, min(AROUND, section.n_spots) + 1))[1]
        return np.asarray(np.vstack([own, own[near].mean(1)]), np.float32)

    def silence(self, section: Section) -> str:
        """It always says something."""
        return ""


KINDS: list[Evidence] = [TissueImage(), Embedding()]
"""All kinds, in the order in which they are looked at."""


class Gathered(NamedTuple):
    """What there is.

    Attributes
    ----------
    known
        Of each kind that speaks.
    silent
        Of each that does not, the finding why not.
    words
        What a person calls them, by name.
    """

    known: tuple[Known, ...]
    silent: dict[str, float]
    words: dict[str, str]


def gather(
    section: Section, targets: Sites, config: EnhanceConfig, damaged: NDArray[np.bool_]
) -> Steps[Gathered]:
    """Ask every kind about the targets.

    Where ``damaged`` (spot,), a kind is not believed, nor, if it may be spoilt, where a target is
    like no measured spot; what it would say there is told by the measured spots around.
    """
    kinds = [kind for kind in KINDS if kind.asked(section, config)]
    if not kinds:
        return Gathered((), {}, {})
    nearest = cKDTree(section.xy).query(targets.xy[targets.n_spots :])[1]
    unseen = np.concatenate([damaged, damaged[nearest]])
    known, silent = [], {}
    for kind in kinds:
        features = yield from kind.at(section, config, targets.xy, damaged)
        if features is None:
            silent[f"{kind.name}_{kind.silence(section)}"] = 1.0
            continue
        features[unseen] = np.nan
        shown = filled(components(features), targets.xy, targets.measured, spoilt=kind.spoilt)
        known.append(Known(kind, shown.components, shown.blind))
    return Gathered(tuple(known), silent, {kind.name: kind.words for kind in kinds})
