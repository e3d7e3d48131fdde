"""How genes of single cells go together: what is learned of a reference, once.

Cells are scaled to the same counts of the shared genes, logged, and shared genes standardised. All
that follows is linear, and needs only means, deviations and covariances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from napari_stentrans.factors import lognorm
from napari_stentrans.progress import Progress, Stage, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.factors import FloatArray
    from napari_stentrans.reference.cells import Cells

CLIP = 10.0
"""Standard deviations beyond which a value counts no more."""
DIRECTIONS = 128
"""Of the shared genes, in which most of them vary, at most."""
GENES_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Of:
    """Log-normalised genes over the cells, one by one.

    Attributes
    ----------
    mean, sd
        (gene,) mean and standard deviation.
    seen
        (gene,) share of the cells that show it.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    seen: NDArray[np.float64]

    def at(self, genes: NDArray[np.intp]) -> Of:
        """Of some of the genes."""
        return Of(self.mean[genes], self.sd[genes], self.seen[genes])


@dataclass(frozen=True, eq=False)
class Directions:
    """Main directions in which standardised shared genes vary together.

    Attributes
    ----------
    vectors
        (shared, direction), of length 1.
    variance
        (direction,) of the cells along each.
    """

    vectors: FloatArray
    variance: FloatArray

    @classmethod
    def of(cls, gram: FloatArray) -> Directions:
        """Of the covariance (shared, shared) of standardised genes."""
        variance, vectors = np.linalg.eigh(np.asarray(gram, float))
        first = slice(None, -DIRECTIONS - 1, -1)
        kept = np.maximum(variance[first], 0), vectors[:, first]
        return cls(np.asarray(kept[1], np.float32), np.asarray(kept[0], np.float32))


@dataclass(frozen=True, eq=False)
class Moments:
    """What is learned of the cells.

    Attributes
    ----------
    gram
        (shared, shared) covariance of the standardised shared genes.
    directions
        Of it.
    cross
        (direction, gene) covariance of each other gene with the directions.
    shared, others
        The genes one by one.
    """

    gram: FloatArray
    directions: Directions
    cross: FloatArray
    shared: Of
    others: Of


def moments_steps(
    cells: Cells, shared: NDArray[np.intp], others: NDArray[np.intp], median_total: float
) -> Steps[Moments]:
    """Look at cells once.

    Parameters
    ----------
    shared, others
        Columns of the genes that the section has too, and of those to be predicted.
    median_total
        Counts of the shared genes that every cell is scaled to.
    """
    yield Progress(Stage.REFERENCE, 0, len(others))
    among = sp.csc_matrix(cells.counts[:, shared])
    totals = np.asarray(among.sum(1), float).ravel()
    here = totals > 0
    totals = totals[here]
    values = lognorm(sp.csc_matrix(among[here]), totals, median_total)
    of_shared = one_by_one(values)
    b = values.toarray()
    b -= of_shared.mean.astype(np.float32)
    b /= np.maximum(of_shared.sd, 1e-9).astype(np.float32)
    np.clip(b, -CLIP, CLIP, out=b)
    gram = b.T @ b / len(b)
    directions = Directions.of(gram)
    b = b @ directions.vectors
    b -= b.mean(0)
    cross, found = np.empty((b.shape[1], len(others)), np.float32), []
    for start in range(0, len(others), GENES_AT_ONCE):
        yield Progress(Stage.REFERENCE, start, len(others))
        block = slice(start, start + GENES_AT_ONCE)
        some = sp.csc_matrix(cells.counts[:, others[block]])[here]
        some = lognorm(sp.csc_matrix(some), totals, median_total)
        found.append(one_by_one(some))
        cross[:, block] = (some.T @ b).T / len(b)
    parts = ([getattr(of, name) for of in found] for name in ("mean", "sd", "seen"))
    of_others = Of(*(np.concatenate(part) if part else np.empty(0) for part in parts))
    return Moments(gram, directions, cross, of_shared, of_others)


def one_by_one(values: sp.csc_matrix) -> Of:
    """Look at each gene of sparse values (cell, gene)."""
    n = values.shape[0]
    mean = np.asarray(values.sum(0), float).ravel() / n
    squares = np.asarray(values.multiply(values).sum(0), float).ravel() / n
    return Of(mean, np.sqrt(np.maximum(squares - mean**2, 0)), values.getnnz(0) / n)
