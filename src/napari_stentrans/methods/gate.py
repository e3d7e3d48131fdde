"""The gates: how far to trust the network on this very section, and whether its image helps.

Some spots are hidden, and everything is done again without them: factors, kriging, network. How
far the truth at the hidden spots lies from kriging in the direction of the network is the share
of the correction that pays. The image is used where, with it, hidden spots are predicted better by
more than chance. Nothing of the hidden spots has been seen by anything that is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.factors import SEEN, FloatArray, lognorm
from napari_stentrans.masking import blobs
from napari_stentrans.methods.transformer import TissueMaps, Transformer
from napari_stentrans.progress import Progress, Steps, named
from napari_stentrans.spatial_factors import SpatialFactors, fit_spatial_factors

if TYPE_CHECKING:
    from collections.abc import Iterator

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
ENOUGH = 150
"""Hidden spots after which there is no need to look again."""
WORTH, MOSTLY, LEAST = 0.05, 0.75, 0.01
"""The image is used for a gain of this much, in so many of the trials; least correlation."""
FEWEST = 20
"""Hidden spots below which nothing can be said about the image, which then is not used."""
DOUBT = 0.5
"""Standard deviation of the share, before anything is known, around 1."""
GENES_AT_ONCE = 1024


class Trust(NamedTuple):
    """What hidden spots say.

    Attributes
    ----------
    network
        Share, 0 to 1, of the network's correction that pays on this section.
    image
        What they say about the tissue image; None where there is none.
    """

    network: float
    image: ImageTrust | None = None

    def findings(self) -> dict[str, float]:
        """What the run record keeps."""
        found = {"network_trust": round(self.network, 3)}
        return found if self.image is None else found | self.image.findings()


class ImageTrust(NamedTuple):
    """What hidden spots say about the tissue image.

    Attributes
    ----------
    used
        Whether it is to be used.
    hidden
        Spots hidden at a time.
    without, with_image
        Mean correlation, over genes and trials, at the hidden spots; None where too few could be
        hidden to tell.
    """

    used: bool
    hidden: int
    without: float | None = None
    with_image: float | None = None

    def findings(self) -> dict[str, float]:
        """What the run record keeps; ``image_gain`` is relative: 0.1 is a tenth."""
        found = {"image_used": float(self.used), "image_hidden": float(self.hidden)}
        if self.without is None or self.with_image is None:
            return found
        found["image_gain"] = round((self.with_image - self.without) / max(self.without, LEAST), 3)
        return found | {
            "correlation_without_image": round(self.without, 3),
            "correlation_with_image": round(self.with_image, 3),
        }


def too_few_to_tell(n_spots: int) -> ImageTrust | None:
    """Say that the image cannot be judged on so few spots; None where it can."""
    hidden = int(HIDDEN * n_spots)
    return ImageTrust(False, hidden) if hidden < FEWEST else None


def around_middle(units: Array) -> NDArray[np.intp]:
    """The spots (of positions in spacings) that take part, in order."""
    middle = np.median(units, axis=0)
    return np.sort(cKDTree(units).query(middle, min(SPOTS, len(units)))[1])


class Trial(NamedTuple):
    """Some spots of a section, a part of which is hidden.

    Attributes
    ----------
    hidden
        (spot,) which of them.
    seen
        (seen spot, gene) raw counts of the others.
    truth
        (hidden spot, gene) log-normalised counts of the hidden ones.
    genes
        Columns of both that are seen often enough to be judged.
    """

    hidden: NDArray[np.bool_]
    seen: sp.csc_matrix
    truth: sp.csc_matrix
    genes: NDArray[np.intp]

    def pairs(self, shown: FloatArray | None) -> list[tuple[FloatArray, FloatArray] | None]:
        """What an image shows (spot, component) at seen and hidden spots; None first: no image."""
        return [None] if shown is None else [None, (shown[~self.hidden], shown[self.hidden])]


def trials(
    counts: sp.csc_matrix, units: Array, seed: int, median_total: float, *, once: bool
) -> Iterator[Trial]:
    """Hide spots, in blobs: once, or so often that enough were hidden to judge an image."""
    n = 1 if once else int(np.clip(np.ceil(ENOUGH / (HIDDEN * len(units))), 1, 4))
    totals = np.asarray(counts.sum(1), float).ravel()
    for i in range(n):
        hidden = blobs(units, HIDDEN, np.random.default_rng(seed + i))
        seen = counts[~hidden]
        truth = lognorm(counts[hidden], totals[hidden], median_total)
        yield Trial(hidden, seen, truth, np.flatnonzero(seen.getnnz(0) > SEEN * seen.shape[0]))


def judge_image(without: Array, with_image: Array, hidden: int) -> ImageTrust:
    """Decide whether an image is to be used, given the correlations (trial,) at hidden spots."""
    better = with_image - without
    gain = better.mean() / max(without.mean(), LEAST)
    used = bool(gain >= WORTH and (better > 0).mean() >= MOSTLY)
    return ImageTrust(used, hidden, float(without.mean()), float(with_image.mean()))


def look_at_hidden_spots(
    counts: sp.csc_matrix,
    units: Array,
    shown: FloatArray | None,
    config: EnhanceConfig,
    lattice: Lattice,
    median_total: float,
) -> Steps[Trust]:
    """Find out what pays on this section.

    Small sections are looked at several times, with other spots hidden.

    Parameters
    ----------
    counts
        (spot, gene) raw counts of the observed spots.
    units
        (spot, 2) positions in spacings.
    shown
        (spot, component) what the tissue image shows there, or None.
    """
    some = around_middle(units)
    counts, units = counts[some], units[some]
    judged_image = None if shown is None else too_few_to_tell(len(units))
    shown = None if shown is None or judged_image is not None else shown[some]
    found = []
    for trial in trials(counts, units, config.seed, median_total, once=shown is None):
        steps = _try(trial, units, shown, config, lattice, median_total)
        found.append((yield from named(STAGE, steps)))
    slope = shrunk_slope(*np.hstack([judged[0].moved for judged in found]))
    if shown is None:
        return Trust(slope, judged_image)
    without, with_image = np.array([[one.correlation for one in judged] for judged in found]).T
    judged_image = judge_image(without, with_image, int(HIDDEN * len(units)))
    if judged_image.used:
        slope = shrunk_slope(*np.hstack([judged[1].moved for judged in found]))
    return Trust(slope, judged_image)


class _Judged(NamedTuple):
    """``correlation`` is the mean over genes; ``moved`` (2, spot) is for ``shrunk_slope``."""

    correlation: float
    moved: Array


def _try(
    trial: Trial,
    units: Array,
    shown: FloatArray | None,
    config: EnhanceConfig,
    lattice: Lattice,
    median_total: float,
) -> Steps[list[_Judged]]:
    """Predict hidden spots without the image and, where there is one, with it."""
    seen, hidden = trial.seen, trial.hidden
    factors = yield from fit_spatial_factors(
        seen, units[~hidden], config.n_factors, median_total=median_total, seed=config.seed
    )
    depth = np.log(np.asarray(seen.sum(1), float).reshape(-1, 1))
    attention, judged = Transformer(config, lattice), []
    for pair in trial.pairs(shown):
        maps = yield from attention.maps(units[~hidden], factors, depth, units[hidden], pair)
        steps = _judge(trial.truth, trial.genes, factors, maps.columns(slice(-1)))
        judged.append((yield from steps))
    return judged


def _judge(
    truth: sp.csc_matrix, genes: NDArray[np.intp], factors: SpatialFactors, maps: TissueMaps
) -> Steps[_Judged]:
    """Correlation of the network's estimate, and its move from kriging against the truth's.

    Genes are centred and in units of their standard deviation.
    """
    moved, correlation = np.zeros((2, truth.shape[0])), 0.0
    for start in range(0, len(genes), GENES_AT_ONCE):
        yield Progress("comparing", start, len(genes))
        at = genes[start : start + GENES_AT_ONCE]
        measured = truth[:, at].toarray()
        sd = measured.std(0) + 1e-6
        kriged, refined = (
            (values - values.mean(0)) / sd
            for values in (factors.decode(maps.kriged, at), factors.decode(maps.mean, at))
        )
        measured = (measured - measured.mean(0)) / sd
        correlation += ((refined * measured).mean(0) / (refined.std(0) + 1e-6)).sum()
        moved[0] += ((refined - kriged) * (measured - kriged)).sum(1)
        moved[1] += ((refined - kriged) ** 2).sum(1)
    return _Judged(correlation / max(len(genes), 1), moved)


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
