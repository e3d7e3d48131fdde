"""Decoders: any gene at any site, from factors or from a store, when it is asked for."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_stentrans.factors import Factors
from napari_stentrans.intervals import Coverage

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from napari_stentrans.factors import FloatArray

GENES_AT_ONCE = 256
"""Genes that are decoded or predicted together."""
_FACTORS = ("scores", "loadings", "mean", "explained")


class Decoder(Protocol):
    """Gives genes at sites: columns are those of ``genes``."""

    @property
    def genes(self) -> pd.Index:
        """Names of the genes it has."""
        ...

    def columns(self, at: NDArray[np.intp]) -> tuple[FloatArray, FloatArray | None]:
        """Mean and standard deviation (site, gene) of the chosen genes."""
        ...

    def means(self, at: NDArray[np.intp], sites: NDArray[np.intp]) -> FloatArray:
        """Mean (chosen site, gene) of the chosen genes at some sites only."""
        ...

    def noise(self, at: NDArray[np.intp]) -> FloatArray | None:
        """Standard deviation (site, gene) of measurements around the truth; None if not known."""
        ...

    def asked(self, at: NDArray[np.intp], level: float) -> NDArray[np.float64]:
        """Level (gene,) to ask for so that intervals hold ``level`` of the measurements."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that it knows, for a file; ``unpacked`` makes it again."""
        ...

    @property
    def nbytes(self) -> int:
        """Size of ``arrays``, as far as it grows with genes times sites."""
        ...


@dataclass(frozen=True, eq=False)
class Noise:
    """What a measurement adds to the expression.

    Attributes
    ----------
    of_genes, at_sites
        Variance (gene,), and the factor on it (site,).
    coverage
        What intervals hold of measurements; None in results of versions that did not try.
    """

    of_genes: FloatArray
    at_sites: FloatArray
    coverage: Coverage | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, for a file."""
        packed: dict[str, NDArray[Any]] = {
            "gene_noise": self.of_genes, "noise_at_sites": self.at_sites,
        }  # fmt: skip
        if self.coverage is not None:
            packed |= {"held": self.coverage.held, "gene_zeros": self.coverage.zeros}
        return packed

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Noise | None:
        """As far as the version that wrote the file knew it."""
        if "gene_noise" not in arrays:
            return None
        held = Coverage(arrays["held"], arrays["gene_zeros"]) if "held" in arrays else None
        return cls(arrays["gene_noise"], arrays["noise_at_sites"], held)


@dataclass(frozen=True, eq=False)
class FactorDecoder:
    """Genes from factor scores.

    Attributes
    ----------
    mean, std
        (site, factor).
    measuring
        What a measurement adds, where it is known.
    """

    genes: pd.Index
    factors: Factors
    mean: FloatArray
    std: FloatArray | None
    measuring: Noise | None = None

    def columns(self, at: NDArray[np.intp]) -> tuple[FloatArray, FloatArray | None]:
        """Decode the chosen genes."""
        std = None if self.std is None else self.factors.decode_std(self.std, at)
        return self.factors.decode(self.mean, at), std

    def means(self, at: NDArray[np.intp], sites: NDArray[np.intp]) -> FloatArray:
        """Decode the chosen genes at some sites; no other is looked at."""
        return self.factors.decode(self.mean[sites], at)

    def noise(self, at: NDArray[np.intp]) -> FloatArray | None:
        """Noise of the gene times that of the place."""
        if self.measuring is None:
            return None
        return np.sqrt(np.outer(self.measuring.at_sites, self.measuring.of_genes[at]))

    def asked(self, at: NDArray[np.intp], level: float) -> NDArray[np.float64]:
        """As found on measurements that were left out; the level itself where none was tried."""
        if self.measuring is None or self.measuring.coverage is None:
            return np.full(len(at), level)
        return self.measuring.coverage.asked(at, level)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Scores at sites, the factors, and what a measurement adds."""
        kept: dict[str, NDArray[Any]] = {"site_mean": self.mean}
        if self.std is not None:
            kept["site_std"] = self.std
        if self.measuring is not None:
            kept |= self.measuring.arrays()
        return kept | {name: getattr(self.factors, name) for name in _FACTORS}

    @property
    def nbytes(self) -> int:
        """None of it grows with genes times sites."""
        return 0

    @classmethod
    def of_arrays(cls, genes: pd.Index, arrays: Mapping[str, NDArray[Any]]) -> FactorDecoder:
        """Make it again from its arrays."""
        factors = Factors(*(arrays[name] for name in _FACTORS))
        std = arrays.get("site_std")
        return cls(genes, factors, arrays["site_mean"], std, Noise.of_arrays(arrays))


class GeneStore:
    """Genes predicted one by one, (gene, site) float32 in a temporary file.

    The file goes when the store does.
    """

    def __init__(self, genes: pd.Index, n_sites: int) -> None:
        self.genes = genes
        folder = tempfile.mkdtemp(prefix="stentrans-")
        self._values = np.lib.format.open_memmap(
            Path(folder) / "genes.npy", mode="w+", dtype=np.float32, shape=(len(genes), n_sites)
        )
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def put(self, at: NDArray[np.intp], values: FloatArray) -> None:
        """Keep values (site, gene) of the chosen genes."""
        self._values[at] = values.T

    def columns(self, at: NDArray[np.intp]) -> tuple[FloatArray, FloatArray | None]:
        """Read the chosen genes; no standard deviation is known."""
        return np.array(self._values[at]).T, None

    def means(self, at: NDArray[np.intp], sites: NDArray[np.intp]) -> FloatArray:
        """Read the chosen genes at some sites."""
        return np.array(self._values[np.ix_(at, sites)]).T

    def noise(self, at: NDArray[np.intp]) -> FloatArray | None:
        """Nothing is known about it."""
        return None

    def asked(self, at: NDArray[np.intp], level: float) -> NDArray[np.float64]:
        """The level itself."""
        return np.full(len(at), level)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All values (site, gene)."""
        return {"values": np.array(self._values).T}

    @property
    def nbytes(self) -> int:
        """Size of the values."""
        return int(self._values.nbytes)

    @classmethod
    def of_arrays(cls, genes: pd.Index, arrays: Mapping[str, NDArray[Any]]) -> GeneStore:
        """Make it again from its arrays."""
        store = cls(genes, len(arrays["values"]))
        store.put(np.arange(len(genes)), arrays["values"])
        return store


def unpacked(genes: pd.Index, arrays: Mapping[str, NDArray[Any]]) -> Decoder:
    """Make a decoder of the genes again, from its ``arrays``."""
    kind: type[GeneStore | FactorDecoder] = GeneStore if "values" in arrays else FactorDecoder
    return kind.of_arrays(genes, arrays)
