"""Truncated SVD of standardised genes, which stay sparse: centring and scaling are operators."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from napari_stentrans.progress import Progress, Stage, Steps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Array = NDArray[np.float64]
FloatArray = NDArray[np.float32]
Operator = Callable[[FloatArray], FloatArray]

POWER_ITERATIONS = 4
PASSES = 2 * POWER_ITERATIONS
VALUES_AT_ONCE = 1 << 24
"""Values (spot, gene) of which moments are made at a time."""


def product_with(matrix: sp.csr_matrix) -> Operator:
    """Make the product of a sparse float32 matrix with dense columns.

    By torch: the numbers of SciPy in a third of the time, and the window goes on meanwhile,
    since Python's lock is let go.
    """
    indptr, indices, data = map(torch.from_numpy, (matrix.indptr, matrix.indices, matrix.data))
    tensor = torch.sparse_csr_tensor(indptr, indices, data, size=matrix.shape)
    return lambda dense: (tensor @ torch.from_numpy(np.ascontiguousarray(dense))).numpy()


with warnings.catch_warnings():  # torch says once that these are in beta
    warnings.simplefilter("ignore", UserWarning)
    product_with(sp.csr_matrix((1, 1), dtype=np.float32))


class Products:
    """Products with a sparse matrix (spot, gene) from both sides, made when first asked for."""

    def __init__(self, values: sp.csc_matrix) -> None:
        self.values = values

    @cached_property
    def by_spot(self) -> Operator:
        """Multiply from the right: (gene, k) -> (spot, k); a copy of the matrix is kept."""
        return product_with(self.values.tocsr())

    @cached_property
    def by_gene(self) -> Operator:
        """Multiply the transpose: (spot, k) -> (gene, k)."""
        return product_with(self.values.T)


class Standardised:
    """(Y - mean) / sd of log-normalised genes Y (spot, gene) as an operator; spots have weights.

    Attributes
    ----------
    weight
        (spot,) weights, mean 1.
    mean, sd
        (gene,) weighted mean and standard deviation; sd is 1 where a gene does not vary.
    """

    def __init__(self, y: Products, weight: ArrayLike = 1.0) -> None:
        self._y, self.weight = y, np.broadcast_to(np.asarray(weight, float), y.values.shape[:1])
        w = self.weight / self.weight.sum()
        mean, square = _moments(y.values, w)
        self.mean = mean.astype(np.float32)
        sd = np.sqrt(np.maximum(square - self.mean.astype(float) ** 2, 0))
        self.sd = np.where(sd > 1e-6, sd, 1).astype(np.float32)

    @property
    def varies(self) -> NDArray[np.bool_]:
        """Genes (gene,) that vary."""
        return np.asarray(self.sd != 1)

    def dot(self, genes: FloatArray) -> FloatArray:
        """Multiply from the right: (gene, k) -> (spot, k)."""
        genes = (genes / self.sd[:, None]).astype(np.float32)
        return self._y.by_spot(genes) - self.mean @ genes

    def tdot(self, spots: FloatArray) -> FloatArray:
        """Multiply the transpose: (spot, k) -> (gene, k)."""
        spots = spots.astype(np.float32)
        product = self._y.by_gene(spots) - np.outer(self.mean, spots.sum(0))
        return np.asarray(product / self.sd[:, None])

    def dense(self, spots: NDArray[np.intp], genes: slice) -> FloatArray:
        """Some spots and genes as an array (spot, gene)."""
        rows = self._y.values[:, genes][spots].toarray()
        return np.asarray((rows - self.mean[genes]) / self.sd[genes])


def _moments(values: sp.csc_matrix, weight: Array) -> tuple[Array, Array]:
    """Weighted sums (gene,) of values (spot, gene) and of their squares, by blocks of genes."""
    mean, square = np.empty((2, values.shape[1]))
    step = max(1, VALUES_AT_ONCE // max(values.shape[0], 1))
    for start in range(0, values.shape[1], step):
        block = slice(start, start + step)
        some = values[:, block]
        mean[block], square[block] = some.T @ weight, some.power(2).T @ weight
    return mean, square


class SVD(NamedTuple):
    """Singular vectors (spot, k) and (k, gene), and values (k,), the largest first."""

    left: FloatArray
    singular: Array
    right: FloatArray


def truncated_svd(
    dot: Operator,
    tdot: Operator,
    shape: tuple[int, int],
    k: int,
    seed: int,
    *,
    oversampling: int = 10,
    from_genes: bool = False,
    stage: Stage = Stage.FACTORS,
) -> Steps[SVD]:
    """Largest k singular values of an operator (spot, gene), and their vectors.

    Randomised subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4). Directions that
    are empty but for rounding are left out.

    Parameters
    ----------
    dot, tdot
        The operator, (gene, k) -> (spot, k), and its transpose.
    oversampling
        Directions that are followed besides the k.
    from_genes
        Begin with random genes, which takes half an iteration more, not with random spots.
    """
    width = min(k + oversampling, *shape)
    rng = np.random.default_rng(seed)
    if from_genes:
        basis = np.linalg.qr(dot(rng.standard_normal((shape[1], width), np.float32)))[0]
    else:
        basis = rng.standard_normal((shape[0], width)).astype(np.float32)
    for i in range(0, PASSES, 2):
        genes = np.linalg.qr(tdot(basis))[0]
        yield Progress(stage, i, PASSES)
        basis = np.linalg.qr(dot(genes))[0]
        yield Progress(stage, i + 1, PASSES)
    genes = tdot(basis).astype(float)
    squares, turn = np.linalg.eigh(genes.T @ genes)
    squares, turn = squares[::-1][:k], turn[:, ::-1][:, :k]
    keep = squares > 1e-6 * max(squares[0], 1e-6)
    singular, turn = np.sqrt(squares[keep]), turn[:, keep]
    right = (genes @ turn / singular).T.astype(np.float32)
    return SVD((basis @ turn).astype(np.float32), singular, right)
