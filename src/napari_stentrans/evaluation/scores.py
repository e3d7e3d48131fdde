"""Scores: how close predicted values are to measured ones, gene by gene.

Genes go through in blocks of columns, so nothing of spots x genes is ever dense.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.factors import library_sizes, lognorm
from napari_stentrans.masking import halves
from napari_stentrans.ranking import blocks

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp

    from napari_stentrans.factors import FloatArray

Array = NDArray[np.float64]

VARIES = 1e-6
"""Genes with less variance than this have no normalised error."""
LEAST_RELIABILITY = 1e-3


def pearson(a: FloatArray, b: FloatArray) -> Array:
    """Pearson correlation (column,) of a and b (site, column); 0 where one is constant."""
    a, b = a - a.mean(0, dtype=float), b - b.mean(0, dtype=float)
    scale = np.sqrt((a * a).sum(0) * (b * b).sum(0))
    return np.where(scale > 0, (a * b).sum(0) / np.maximum(scale, 1e-12), 0.0)


def gene_scores(predicted: FloatArray, measured: FloatArray, std: FloatArray | None) -> Array:
    """Scores (gene, 4) of values (site, gene).

    Columns: correlation, mean squared error over the variance of the measured values (NaN where
    they do not vary), mean of z and mean of z squared, z = (measured - predicted) / std (NaN
    without std).
    """
    error = measured - predicted
    variance = measured.var(0, dtype=float)
    varies = variance > VARIES
    nmse = np.where(varies, (error**2).mean(0) / np.where(varies, variance, 1), np.nan)
    z = np.full((1, error.shape[1]), np.nan) if std is None else error / np.maximum(std, 1e-6)
    return np.column_stack([pearson(predicted, measured), nmse, z.mean(0), (z**2).mean(0)])


def noise_ceiling(counts: sp.csc_matrix, genes: NDArray[np.intp], *, of_half: bool) -> Array:
    """Correlation (gene,) that the true expression itself would reach with these counts.

    Two binomial halves of the counts correlate by r. The reliability of a half is r, that of
    the whole 2 r / (1 + r) (Spearman 1910, Brown 1910); the ceiling is its square root.
    It is that of the whole section: a small region that varies less cannot quite reach it.

    Parameters
    ----------
    counts
        (spot, gene) raw counts.
    genes
        Columns to look at.
    of_half
        Whether predictions are compared with a half of the counts.
    """
    both = halves(counts, np.random.default_rng(0))
    parts = [(part[:, genes], library_sizes(part)) for part in both]
    keep = (parts[0][1] > 0) & (parts[1][1] > 0)
    one, two = (lognorm(x[keep], t[keep], float(np.median(t[keep]))) for x, t in parts)
    r = np.empty(len(genes))
    for at in blocks(len(genes)):
        r[at] = pearson(one[:, at].toarray(), two[:, at].toarray())
    r = np.clip(r, LEAST_RELIABILITY, None)
    return np.sqrt(r if of_half else 2 * r / (1 + r))


def summary(scores: Array, genes: pd.DataFrame) -> dict[str, float]:
    """Sum up scores (gene, 4) as in ``gene_scores``; genes as in ``Evaluation.genes``."""
    pcc, nmse, z, squared = scores.T
    variable = genes["spatially_variable"].to_numpy(bool)
    return {
        "pcc_svg_median": float(np.median(pcc[variable])),
        "pcc_median": float(np.median(pcc)),
        "pcc_mean": float(pcc.mean()),
        "of_ceiling_svg": float(np.median((pcc / genes["ceiling"].to_numpy())[variable])),
        "nmse_median": float(np.nanmedian(nmse)) if np.isfinite(nmse).any() else np.nan,
        "z_spread": float(np.sqrt(max(squared.mean() - z.mean() ** 2, 0))),
    }
