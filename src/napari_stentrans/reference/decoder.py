"""ReferenceDecoder: genes that follow from a reference, at all sites, when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_stentrans.decoders import Decoder
    from napari_stentrans.factors import FloatArray

_PARTS = ("along", "weights", "level", "variance", "of_measuring", "spread", "unsure", "trust")
_BY_GENE = ("weights", "level", "variance", "of_measuring", "spread", "trust")
PREFIX = "reference_"


@dataclass(frozen=True, eq=False)
class ReferenceDecoder:
    """Genes from what is told of the shared ones.

    Attributes
    ----------
    genes
        Their names.
    along
        (site, direction): what is told of the shared genes, along their main directions.
    weights
        (direction, gene).
    level, variance, of_measuring, spread
        (gene,) mean; how far, squared, the expression lies from what is told; what a measurement
        adds to that; and the variance of what is told.
    unsure
        (site,) how much less is known of the shared genes there than at measured spots: variance,
        as a share of theirs.
    trust
        (gene,) correlation to expect with measurements.
    """

    genes: pd.Index
    along: FloatArray
    weights: FloatArray
    level: FloatArray
    variance: FloatArray
    of_measuring: FloatArray
    spread: FloatArray
    unsure: FloatArray
    trust: FloatArray

    def among(self, genes: Sequence[str] | None) -> ReferenceDecoder:
        """Only those of some genes that it has; all where none are named."""
        if genes is None:
            return self
        at = self.genes.get_indexer(list(dict.fromkeys(genes)))
        at = at[at >= 0]
        by_gene = {name: getattr(self, name)[..., at] for name in _BY_GENE}
        return replace(self, genes=self.genes[at], **by_gene)

    def columns(self, at: NDArray[np.intp]) -> tuple[FloatArray, FloatArray | None]:
        """Mean and standard deviation (site, gene) of the chosen genes."""
        variance = self.variance[at] + np.outer(self.unsure, self.spread[at])
        return self.means(at, np.arange(len(self.along))), np.sqrt(variance)

    def means(self, at: NDArray[np.intp], sites: NDArray[np.intp]) -> FloatArray:
        """Mean (chosen site, gene) of the chosen genes at some sites only."""
        values = self.level[at] + self.along[sites] @ self.weights[:, at]
        return np.maximum(values, 0, out=values)

    def noise(self, at: NDArray[np.intp]) -> FloatArray | None:
        """Standard deviation (site, gene) of measurements around the truth."""
        return np.tile(np.sqrt(self.of_measuring[at]), (len(self.along), 1))

    def asked(self, at: NDArray[np.intp], level: float) -> NDArray[np.float64]:
        """The level itself: no interval was tried."""
        return np.full(len(at), level)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that it knows, with the names of its genes."""
        parts = {PREFIX + name: getattr(self, name) for name in _PARTS}
        return {PREFIX + "genes": self.genes.to_numpy(str), **parts}

    @property
    def nbytes(self) -> int:
        """None of it grows with genes times sites."""
        return 0

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ReferenceDecoder:
        """Make it again from its arrays."""
        genes = pd.Index([str(gene) for gene in arrays[PREFIX + "genes"]])
        return cls(genes, *(arrays[PREFIX + name] for name in _PARTS))


@dataclass(frozen=True, eq=False)
class WithReference:
    """Genes of the section by one decoder, and then those of a reference by another."""

    measured: Decoder
    told: ReferenceDecoder

    @cached_property
    def genes(self) -> pd.Index:
        """Names of all, those of the section first."""
        return self.measured.genes.append(self.told.genes)

    def _split(self, at: NDArray[np.intp]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Which of the genes are told, and their places among those."""
        told = at >= len(self.measured.genes)
        return told, at[told] - len(self.measured.genes)

    def columns(self, at: NDArray[np.intp]) -> tuple[FloatArray, FloatArray | None]:
        """Mean and standard deviation; NaN where the method of the run knows none."""
        told, there = self._split(at)
        if told.all():
            return self.told.columns(there)
        mean, std = self.measured.columns(at[~told])
        if not told.any():
            return mean, std
        std = np.full_like(mean, np.nan) if std is None else std
        others = self.told.columns(there)
        assert others[1] is not None
        return _merged(told, mean, others[0]), _merged(told, std, others[1])

    def means(self, at: NDArray[np.intp], sites: NDArray[np.intp]) -> FloatArray:
        """Means of both."""
        told, there = self._split(at)
        own = self.measured.means(at[~told], sites)
        return _merged(told, own, self.told.means(there, sites))

    def noise(self, at: NDArray[np.intp]) -> FloatArray | None:
        """Of both; NaN where the method of the run knows none."""
        told, there = self._split(at)
        own = self.measured.noise(at[~told])
        if not told.any():
            return own
        others = self.told.noise(there)
        assert others is not None
        if own is None:
            own = np.full((len(others), int((~told).sum())), np.nan, np.float32)
        return _merged(told, own, others)

    def asked(self, at: NDArray[np.intp], level: float) -> NDArray[np.float64]:
        """As each of them says."""
        told, there = self._split(at)
        found = np.empty(len(at))
        found[~told] = self.measured.asked(at[~told], level)
        found[told] = self.told.asked(there, level)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Of both."""
        return self.measured.arrays() | self.told.arrays()

    @property
    def nbytes(self) -> int:
        """Of both."""
        return self.measured.nbytes + self.told.nbytes


def _merged(told: NDArray[np.bool_], own: FloatArray, others: FloatArray) -> FloatArray:
    """Columns of both, in order."""
    values = np.empty((len(own), len(told)), np.float32)
    values[:, ~told], values[:, told] = own, others
    return values
