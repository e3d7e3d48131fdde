"""What neighbours tell of the places of a section, and where they had better be silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.credible import COMPONENTS, Shown, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.alignment import Alignment, JointFactors
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.targets import Sites

Array = NDArray[np.float64]

NEAR, REACH = 24, 2.0
"""Spots around a place whose agreement is asked for there, and the distance in spacings at which
their weight is exp(-1/2)."""
AGAINST = -1.0
"""Standard errors below nothing at which a neighbour disagrees with the spots around."""
ROUNDS, WORST = 4, 0.3
"""Fits of the regression, and the share of the spots, those with the worst around them, that is
left out of all but the first."""
RIDGE = 0.05
"""Penalty of regressions on a neighbour's factors, per spot."""


@dataclass(frozen=True, eq=False)
class Told:
    """What one neighbour tells.

    Attributes
    ----------
    values
        (target, factor) the neighbour's factors there, weighed by how smooth they are; NaN where
        it is silent.
    """

    values: FloatArray

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """(target,) whether it says something."""
        return np.isfinite(self.values[:, 0])

    def share_of(self, targets: Sites) -> float:
        """Share of the places in holes of which it says something; of all without holes."""
        holes = targets.in_holes
        return float(self.speaks[holes].mean() if holes.any() else self.speaks.mean())


def told(joint: JointFactors, alignment: Alignment, targets: Sites) -> Told:
    """Ask a neighbour about the targets; the observed spots are the measured ones, in order.

    It is silent where it was not measured itself, and where it disagrees with the spots around:
    there its tissue is another one.
    """
    there = joint.neighbour.at(alignment.back(targets.xy))
    there[disagrees(joint, there[targets.measured], targets.xy)] = np.nan
    return Told(there)


def disagrees(joint: JointFactors, there: FloatArray, xy: Array) -> NDArray[np.bool_]:
    """(site,) True where a neighbour predicts the spots around worse than their mean does.

    By more than chance: the gain of each spot in squared error, factors counting by how smooth
    they are, is averaged around the site, and compared with the standard error of that.

    Parameters
    ----------
    there
        (spot, factor) the neighbour's factors at the observed spots.
    xy
        (site, 2) positions, full-resolution pixels.
    """
    spots = np.flatnonzero(np.isfinite(there).all(1))
    if len(spots) <= there.shape[1]:
        return np.ones(len(xy), bool)
    own = joint.section.scores[spots].astype(float)
    own -= own.mean(0)
    around = _Around(joint.section.xy[spots], joint.section.spacing)
    believed = np.ones(len(spots), bool)
    for _ in range(ROUNDS):  # what disagrees should not teach the regression
        predicted = regressed(there[spots][believed], own[believed], there[spots])
        gain = (own**2 - (own - predicted) ** 2) @ joint.weights
        mean, _ = around.mean_and_error(gain, joint.section.xy[spots])
        believed = mean >= np.quantile(mean, WORST)
    mean, error = around.mean_and_error(gain, xy)
    return np.asarray(mean < AGAINST * error)


class _Around(NamedTuple):
    """Means over the spots around a site."""

    xy: Array
    unit: float

    def mean_and_error(self, values: Array, sites: Array) -> tuple[Array, Array]:
        """Sum (site,) of weighed values (spot,) around sites (site, 2), and its standard error."""
        far, near = cKDTree(self.xy).query(sites, range(1, min(NEAR, len(self.xy)) + 1))
        weight = np.exp(-0.5 * (np.maximum(far - far[:, :1], 0) / (REACH * self.unit)) ** 2)
        mean = (weight * values[near]).sum(1)
        return mean, np.sqrt((weight**2 * values[near] ** 2).sum(1))


def regressed(known: FloatArray, values: Array, at: FloatArray) -> Array:
    """Ridge regression of values (spot, column) on what is known (spot, factor), at sites."""
    middle = known.mean(0, dtype=float)
    x = known - middle
    gram = x.T @ x + RIDGE * len(x) * np.eye(x.shape[1]) * float((x**2).mean() + 1e-9)
    level = values.mean(0)
    return np.asarray(level + (at - middle) @ np.linalg.solve(gram, x.T @ (values - level)))


def together(every: Sequence[Told], xy: Array, measured: NDArray[np.bool_]) -> Shown:
    """Components (target, component) of what neighbours say, and where none says anything.

    Where one is silent, what it would say is told by regression on what the others say.
    """
    speaks = np.stack([one.speaks for one in every])
    blocks = [_standard(one.values) for one in every]
    for at, block in enumerate(blocks):
        _complete(block, speaks[at], [b for i, b in enumerate(blocks) if i != at],
                  [s for i, s in enumerate(speaks) if i != at])  # fmt: skip
    joined = np.hstack(blocks)
    known = np.asarray(speaks.any(0))
    joined[~known] = 0
    return filled(_principal(joined, known), xy, measured, spoilt=False)


def _standard(values: FloatArray) -> FloatArray:
    """Centre factors, whose spread says how much is known of them; their mean square is 1."""
    values = values - np.nanmean(values, 0)
    return np.asarray(values / max(float(np.sqrt(np.nanmean(values**2))), 1e-9), np.float32)


def _complete(
    block: FloatArray,
    speaks: NDArray[np.bool_],
    others: Sequence[FloatArray],
    they: Sequence[NDArray[np.bool_]],
) -> None:
    """Fill the rows of a block where its neighbour is silent, from the first other that is not."""
    for other, does in zip(others, they, strict=True):
        missing, both = does & ~np.isfinite(block[:, 0]), speaks & does
        if missing.any() and both.sum() > block.shape[1]:
            block[missing] = regressed(other[both], block[both].astype(float), other[missing])
    block[~np.isfinite(block[:, 0])] = 0


def _principal(joined: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
    """Leading principal components of what is known, of mean squared length 1; else 0."""
    scores = np.zeros((len(joined), min(COMPONENTS, joined.shape[1])), np.float32)
    z = joined[known].astype(float)
    if len(z) < 2:
        return scores
    z -= z.mean(0)
    _, vectors = np.linalg.eigh(z.T @ z)
    z = z @ vectors[:, ::-1][:, : scores.shape[1]]
    scores[known] = z / max(float(np.sqrt((z**2).sum(1).mean())), 1e-9)
    return scores
