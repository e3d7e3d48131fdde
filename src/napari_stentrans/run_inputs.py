"""RunInputs: all that a method is given, in one frozen object; and Modelled, what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from napari_stentrans.method_table import METHODS
from napari_stentrans.spacing import typical_spacing

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.decoders import Decoder
    from napari_stentrans.evidence import Known
    from napari_stentrans.section import Section
    from napari_stentrans.targets import Sites


class Seen(NamedTuple):
    """What a run learns from: spots that are neither lost nor without counts.

    Attributes
    ----------
    counts
        (spot, gene) raw counts.
    totals
        (spot,) their sums.
    xy
        (spot, 2) positions, full-resolution pixels.
    """

    counts: sp.csc_matrix
    totals: NDArray[np.float64]
    xy: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RunInputs:
    """What a method is given.

    Attributes
    ----------
    section
        For its lattice, genes and median library size; the counts of lost spots are not for
        methods.
    seen
        The observed spots.
    targets
        Where values are wanted; the observed spots are the first of them that are measured.
    genes
        (gene,) columns that a person asked for.
    config
        The settings.
    evidence
        What is known at the targets besides, one for each kind that there is.
    """

    section: Section
    seen: Seen
    targets: Sites
    genes: NDArray[np.intp]
    config: EnhanceConfig
    evidence: tuple[Known, ...] = ()

    @property
    def seed(self) -> int:
        """The seed of all that is drawn at random."""
        return self.config.seed

    @property
    def n_factors(self) -> int:
        """Spatial factors to find: as asked for, else what suits the method."""
        return cast("int", self.config.factors or METHODS[self.config.method].n_factors)

    @cached_property
    def spacing(self) -> float:
        """Full-resolution pixels between neighbouring observed spots."""
        return typical_spacing(self.seen.xy)

    @cached_property
    def units(self) -> NDArray[np.float64]:
        """(spot, 2) positions of the observed spots, in spacings."""
        return self.seen.xy / self.spacing

    @cached_property
    def others(self) -> NDArray[np.float64]:
        """(site, 2) positions of the targets that are not observed, in spacings."""
        return self.targets.xy[~self.targets.measured] / self.spacing

    def whole(
        self, at_spots: NDArray[np.float32], at_sites: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Rows of all targets, in order, of those of observed spots and of the other sites."""
        measured = self.targets.measured
        merged = np.empty((len(measured), at_spots.shape[1]), np.float32)
        merged[measured], merged[~measured] = at_spots, at_sites
        return merged


class Modelled(NamedTuple):
    """What a method gives back.

    Attributes
    ----------
    decoder
        Gives genes at the targets.
    totals
        (target,) expected library sizes.
    findings
        What was found on the way, for the run record.
    """

    decoder: Decoder
    totals: NDArray[np.float64]
    findings: dict[str, float]
