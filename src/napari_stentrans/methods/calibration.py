"""What leave-one-out maps are good for: better loadings, the noise of genes and places, intervals.

All of it streams over the sparse matrix of log-normalised genes; nothing spots x genes is dense.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.decoders import Noise
from napari_stentrans.factors import lognorm
from napari_stentrans.intervals import KINDS, Behind, Coverage, half_count

if TYPE_CHECKING:
    import scipy.sparse as sp

    from napari_stentrans.factors import Factors
    from napari_stentrans.methods.base import LeftOut
    from napari_stentrans.methods.transformer.factors import SpatialFactors
    from napari_stentrans.run_inputs import RunInputs

Array = NDArray[np.float64]
FloatArray = NDArray[np.float32]

RIDGE = 1000.0
"""Noise variance over the prior variance of what a loading may move by."""
FREEDOM = 10.0
"""Degrees of freedom that the loadings, which saw every spot, have used up."""
RARE = 20.0
"""Spots with the gene that a guess of its noise from genes seen as often is worth."""
SAMPLE, NEIGHBOURS, SPOTS_AT_ONCE = 500, 24, 4096
OF_EACH_KIND, SPOTS_TRIED = 30, 400
"""Genes and spots whose left-out measurements say what intervals hold."""
TRACE = 0.98
"""Factors and loadings have seen every spot, so that errors are this much too small."""


def noise_of(inputs: RunInputs, factors: Factors, others: LeftOut) -> Noise:
    """What measurements add to the genes asked for, from how the others predict each spot."""
    seen, targets, median = inputs.seen, inputs.targets, inputs.section.median_total
    values = lognorm(seen.counts, seen.totals, median)
    noise = gene_noise(values, factors, others)
    sites = targets.xy / inputs.spacing
    scale = noise_in_space(values, factors, others, noise, inputs.units, sites)
    half = half_count(seen.totals, median)
    held = coverage(values, factors, others, noise, scale[targets.measured], half)
    return Noise(noise[inputs.genes], scale, held.subset(inputs.genes))


def tune_loadings(
    values: sp.csc_matrix, factors: SpatialFactors, left_out: FloatArray
) -> SpatialFactors:
    """Move loadings towards those that predict best from leave-one-out maps (spot, factor).

    Ridge regression of log-normalised genes (spot, gene) around the loadings as they are.
    """
    x = left_out - left_out.mean(0)
    gram = x.T @ x.astype(float)
    cross = values.T @ x - factors.loadings @ gram  # x is centred: the mean takes no part
    moved = np.linalg.solve(gram + RIDGE * np.eye(len(gram)), cross.T).T
    return replace(factors, loadings=(factors.loadings + moved).astype(np.float32))


def gene_noise(values: sp.csc_matrix, factors: Factors, maps: LeftOut) -> FloatArray:
    """Variance (gene,) of what the factors at a spot cannot tell, measurement included.

    The mean squared leave-one-out error less the mean variance of the field; genes seen in a few
    spots only lean on the genes seen as often.
    """
    left_out, var = maps
    n, loadings, mean = len(left_out), factors.loadings.astype(float), factors.mean.astype(float)
    total = np.asarray(values.sum(0, dtype=float)).ravel()
    squared = np.asarray(values.power(2).sum(0, dtype=float)).ravel()
    squared += n * mean**2 - 2 * mean * total
    along = values.T @ left_out - np.outer(mean, left_out.sum(0))
    gram = left_out.T @ left_out.astype(float)
    squared += (loadings * (loadings @ gram - 2 * along)).sum(1)
    squared = np.maximum(squared / n, 1e-9)
    seen = (values.getnnz(0) + 1) / (n + 2)  # one spot more with it, and one more without
    typical = np.median(values.data) if values.nnz else 1.0
    rare = seen * (1 - seen) * typical**2
    field = loadings**2 @ var.mean(0)
    noise = np.maximum(squared - field, np.maximum(0.5 * rare, 0.05 * squared))
    known = values.getnnz(0) / (values.getnnz(0) + RARE)
    noise = known * noise + (1 - known) * rare * np.median(noise / rare)
    return np.asarray(noise * n / (n - min(FREEDOM, n / 2)), np.float32)


def noise_in_space(
    values: sp.csc_matrix,
    factors: Factors,
    maps: LeftOut,
    noise: FloatArray,
    units: Array,
    sites: Array,
) -> FloatArray:
    """Factor (site,) on variances, about 1: mean squared leave-one-out z of the spots around.

    Depth, and with it the noise of log-normalised values, varies over a section.

    Parameters
    ----------
    noise
        (gene,) from ``gene_noise``.
    units, sites
        Positions (spot, 2) and (site, 2), in spacings.
    """
    left_out, var = maps
    n, genes = values.shape
    some = np.random.default_rng(0).choice(genes, min(SAMPLE, genes), replace=False)
    loadings, sample, squares = factors.loadings[some], values[:, some].tocsr(), np.zeros(n)
    for start in range(0, n, SPOTS_AT_ONCE):
        at = slice(start, start + SPOTS_AT_ONCE)
        error = sample[at].toarray() - factors.mean[some] - left_out[at] @ loadings.T
        squares[at] = (error**2 / (var[at] @ (loadings**2).T + noise[some])).mean(1)
    squares = squares / max(squares.mean(), 1e-9) + 1e-3
    tree, k = cKDTree(units), min(NEIGHBOURS, n - 1)
    around = squares[tree.query(units, np.arange(2, k + 2))[1]].mean(1)
    at_sites = squares[tree.query(sites, np.arange(1, k + 1))[1]].mean(1)
    return np.asarray(at_sites * (squares / around).mean(), np.float32)


def coverage(
    values: sp.csc_matrix,
    factors: Factors,
    maps: LeftOut,
    noise: FloatArray,
    scale: FloatArray,
    half: Array,
) -> Coverage:
    """Find what intervals hold of the measurements at spots that were left out.

    Parameters
    ----------
    noise
        (gene,) from ``gene_noise``.
    scale
        (spot,) from ``noise_in_space``.
    half
        (spot,) log-normalised value of half a count.
    """
    n, genes = values.shape
    zeros = 1 - values.getnnz(0) / n
    rng = np.random.default_rng(0)
    spots = np.sort(rng.permutation(n)[:SPOTS_TRIED])
    order = rng.permutation(genes)
    kinds = np.searchsorted(KINDS[1:-1], zeros[order], "right")
    some = np.concatenate([order[kinds == kind][:OF_EACH_KIND] for kind in range(len(KINDS) - 1)])
    mean = factors.decode(maps.mean[spots], some)
    var = scale[spots, None] * (maps.var[spots] @ (factors.loadings[some] ** 2).T + noise[some])
    behind = Behind.of(mean, TRACE * np.sqrt(var), half[spots, None])
    measured = values[:, some].tocsr()[spots].toarray()
    held = Coverage.held_of(measured, behind, zeros[some])
    return Coverage(held, zeros.astype(np.float32))
