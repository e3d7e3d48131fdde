"""The gate: how much of the network's correction to take on this very section.

Some spots are hidden, and everything is done again without them: factors, kriging, network. How
far the truth at the hidden spots lies from kriging in the direction of the network is the share
of the correction that pays. Nothing of the hidden spots has been seen by anything that is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.factors import SEEN, lognorm
from napari_stentrans.masking import blobs
from napari_stentrans.methods.transformer import Transformer
from napari_stentrans.progress import Progress, Steps, named
from napari_stentrans.spatial_factors import fit_spatial_factors

if TYPE_CHECKING:
    import scipy.sparse as sp

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.lattice import Lattice

Array = NDArray[np.float64]

STAGE = "checking the network on hidden spots"
SPOTS = 600
"""So many spots around the middle of the section take part; more would only take longer."""
HIDDEN = 0.3
"""Share of them that is hidden, in blobs."""
TOGETHER = 10
"""Spots of a blob err together: so many count as one."""
DOUBT = 0.5
"""Standard deviation of the share, before anything is known, around 1."""
GENES_AT_ONCE = 1024


def trust_in_network(
    counts: sp.csc_matrix,
    units: Array,
    config: EnhanceConfig,
    lattice: Lattice,
    median_total: float,
) -> Steps[float]:
    """Share, 0 to 1, of the network's correction that pays on this section.

    The regression slope of (measured - kriging) on (network - kriging) over hidden spots, genes
    centred and in units of their standard deviation; drawn to 1 as far as few spots leave it open.

    Parameters
    ----------
    counts
        (spot, gene) raw counts of the observed spots.
    units
        (spot, 2) positions in spacings.
    """
    middle = np.median(units, axis=0)
    some = np.sort(cKDTree(units).query(middle, min(SPOTS, len(units)))[1])
    counts, units = counts[some], units[some]
    hidden = blobs(units, HIDDEN, np.random.default_rng(config.seed))
    totals = np.asarray(counts.sum(1), float).ravel()
    seen, truth = counts[~hidden], lognorm(counts[hidden], totals[hidden], median_total)
    factors = yield from named(
        STAGE,
        fit_spatial_factors(
            seen, units[~hidden], config.n_factors, median_total=median_total, seed=config.seed
        ),
    )
    depth = np.log(totals[~hidden])[:, None]
    steps = Transformer(config, lattice).maps(units[~hidden], factors, depth, units[hidden])
    maps = (yield from named(STAGE, steps)).columns(slice(-1))
    along, square = np.zeros((2, int(hidden.sum())))
    genes = np.flatnonzero(seen.getnnz(0) > SEEN * seen.shape[0])
    for start in range(0, len(genes), GENES_AT_ONCE):
        yield Progress(STAGE, start, len(genes))
        at = genes[start : start + GENES_AT_ONCE]
        measured, kriged = truth[:, at].toarray(), factors.decode(maps.kriged, at)
        sd = measured.std(0) + 1e-6
        moved = (factors.decode(maps.mean, at) - kriged) / sd
        moved -= moved.mean(0)
        missed = (measured - kriged) / sd
        along += (moved * (missed - missed.mean(0))).sum(1)
        square += (moved**2).sum(1)
    return shrunk_slope(along, square)


def shrunk_slope(along: Array, square: Array) -> float:
    """Slope sum(along) / sum(square) drawn to 1 by its standard error over spots, within 0 and 1.

    The standard error is that of a ratio estimator over spots, of which TOGETHER count as one.
    """
    total = square.sum()
    if total <= 0:  # nothing would be moved
        return 1.0
    slope = along.sum() / total
    error = TOGETHER * float(((along - slope * square) ** 2).sum()) / total**2
    return float(np.clip((slope * DOUBT**2 + error) / (DOUBT**2 + error), 0, 1))
