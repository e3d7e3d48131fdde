"""Permutation moments: what z'Kz would be, were the values of a gene dealt to spots at random.

Mean, variance and third moment over all permutations are known exactly (Kazi-Aoual, Hitier,
Sabatier and Lebreton 1995, Computational Statistics and Data Analysis 20); the tail between is that
of a Pearson type III distribution. Both sides are made free of their trace first, after which the
mean is zero and most terms of the published formula are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma, norm

if TYPE_CHECKING:
    from napari_stentrans.factors import FloatArray

Array = NDArray[np.float64]

STRAIGHT = 1e-3
"""Below this skewness the tail is that of a normal distribution."""


@dataclass(frozen=True)
class Invariants:
    """What the moments need to know of a centred symmetric matrix A without trace.

    Attributes
    ----------
    t2, t3
        Traces of A^2 and A^3.
    s2, s3
        Sums of the squares and cubes of the diagonal.
    u
        Sum of the cubes of all elements.
    r
        Diagonal of A times diagonal of A^2.
    b
        d'Ad, d the diagonal.
    t4
        Trace of A^4; 0 where it is not known, as for values.
    """

    t2: Array
    t3: Array
    s2: Array
    s3: Array
    u: Array
    r: Array
    b: Array
    t4: Array | float = 0.0

    @property
    def heavier(self) -> float:
        """How much more skewed a Pearson III must be for the tail of a sum of squares.

        A sum of unlike squares has more kurtosis than a Pearson III of its skewness; one of
        its kurtosis has the better tail (as in the SKAT of Lee, Wu and Lin 2012).
        """
        return float(np.sqrt(np.maximum(self.t2 * self.t4 / np.maximum(self.t3**2, 1e-300), 1)))

    @classmethod
    def of_values(cls, z: FloatArray) -> Invariants:
        """Those of zz' without its trace, for columns z (spot, gene) of mean 0 and variance 1."""
        n = float(len(z))
        square = np.asarray(z * z, float)
        m3, m4 = (square * z).sum(0, dtype=float), (square**2).sum(0)
        m6 = (square**3).sum(0)
        a, b = n / (n - 1), 1 / (n - 1)
        s2, s3 = m4 - n, m6 - 3 * m4 + 2 * n
        every = m3**2 + 3 * b * n**2 + n**2 * b**3
        diagonal = m6 + 3 * b * m4 + 3 * b**2 * n + n * b**3
        return cls(
            t2=np.full_like(m4, n**2 * (n - 2) / (n - 1)),
            t3=np.full_like(m4, (n - a) ** 3 - (n - 2) * a**3),
            s2=s2,
            s3=s3,
            u=every - diagonal + s3,
            r=(n - 2 * a) * s2,
            b=m3**2 - a * s2,
        )


def moments(k: Invariants, z: Invariants, n: float) -> tuple[Array, Array]:
    """Standard deviation and skewness (gene,) of z'Kz over all permutations of n spots.

    Its mean is 0, as K has no trace.
    """
    n = float(n)
    between = (n * (n + 1) * k.s2 - 2 * (n - 1) * k.t2) * (n * (n + 1) * z.s2 - 2 * (n - 1) * z.t2)
    var = 2 * k.t2 * z.t2 / ((n + 1) * (n - 2))
    var = var + between / ((n + 1) * n * (n - 1) * (n - 2) * (n - 3))
    var = np.maximum(var, 1e-300)
    cubed = _third(k, z, n) / (n * (n - 1) * (n - 2) * (n - 3) * (n - 4) * (n - 5))
    return np.sqrt(var), cubed / var**1.5


def _third(k: Invariants, z: Invariants, n: float) -> Array:
    def both(left: str, right: str) -> Array:
        """Both ways round."""
        return getattr(k, left) * getattr(z, right) + getattr(k, right) * getattr(z, left)

    n2, n3, n4 = n**2, n**3, n**4
    own = (
        n2 * (n + 1) * (n2 + 15 * n - 4) * k.s3 * z.s3
        + 4 * (n4 - 8 * n3 + 19 * n2 - 4 * n - 16) * k.u * z.u
        + 6 * (n4 - 8 * n3 + 21 * n2 - 6 * n - 24) * k.b * z.b
        + 12 * (n4 - n3 - 8 * n2 + 36 * n - 48) * k.r * z.r
        + 8 * (n3 - 9 * n2 + 26 * n - 22) * k.t3 * z.t3
    )
    return own + (
        24 * (n2 - n - 4) * both("u", "b")
        + 24 * (n3 - 3 * n2 - 2 * n + 8) * both("r", "u")
        + 24 * (n3 - 2 * n2 - 3 * n + 12) * both("r", "b")
        - 2 * n * (n - 1) * (n2 - n + 4) * (2 * both("u", "s3") + 3 * both("b", "s3"))
        - 12 * n * (n - 1) ** 2 * (n + 4) * both("r", "s3")
        + 16 * n * (n - 1) * (n - 2) * both("t3", "s3")
        - 8 * (3 * n2 - 15 * n + 16) * both("t3", "u")
        - 8 * (3 * n2 - 15 * n + 24) * both("t3", "b")
        - 8 * (n - 2) * (3 * n2 - 15 * n + 24) * both("t3", "r")
    )


def product_pvalues(x: FloatArray, y: FloatArray) -> Array:
    """P-values (column,) of sums of x y, were the rows of x dealt at random; one-sided.

    Columns of x and y (row, column) have mean 0 and variance 1; a column of zeros gives 1/2.
    """
    n = float(len(x))
    total = np.einsum("ng,ng->g", x, y, dtype=float)
    cubes = (x**3).sum(0, dtype=float) * (y**3).sum(0, dtype=float) * n / ((n - 1) * (n - 2))
    sd = n / np.sqrt(n - 1)
    return upper_tail(total / sd, cubes / sd**3)


def upper_tail(x: Array, skew: Array) -> Array:
    """Share of a Pearson III of mean 0, variance 1 and some skewness (gene,) above x (gene,)."""
    skewed = np.where(np.abs(skew) < STRAIGHT, STRAIGHT, skew)
    shape = 4 / skewed**2
    at = np.maximum(shape + x * np.sqrt(shape) * np.sign(skewed), 0)
    p = np.where(skewed > 0, gamma.sf(at, shape), gamma.cdf(at, shape))
    return np.asarray(np.where(np.abs(skew) < STRAIGHT, norm.sf(x), p))
