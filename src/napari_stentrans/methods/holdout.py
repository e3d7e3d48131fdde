"""Hold-outs within a run: hide spots, do everything again without them, and compare.

Nothing of the hidden spots has been seen by anything that is judged. Each kind of evidence is
judged by itself, and is used where, with it, hidden spots are predicted better by more than chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.factors import Factors, FloatArray, library_sizes, lognorm, often_seen
from napari_stentrans.masking import blobs
from napari_stentrans.progress import Progress, Stage, Steps, named
from napari_stentrans.trust import Trust, judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    import scipy.sparse as sp

    from napari_stentrans.evidence import Known
    from napari_stentrans.methods.base import Pairs
    from napari_stentrans.run_inputs import RunInputs

Array = NDArray[np.float64]

SPOTS = 600
"""So many spots around the middle of the section take part; more would only take longer."""
HIDDEN = 0.3
"""Share of them that is hidden, in blobs."""
ENOUGH, MOST_TRIALS = 150, 8
"""Hidden spots, all trials together, after which there is no need to look again; trials at most."""
FEWEST = 10
"""Hidden spots below which nothing can be said about evidence, which then is not used."""
GENES_AT_ONCE = 1024


class Trial(NamedTuple):
    """Some spots of a section, a part of which is hidden.

    Attributes
    ----------
    xy
        (spot, 2) positions, full-resolution pixels.
    units
        The same in spacings.
    hidden
        (spot,) which of them.
    seen
        (seen spot, gene) raw counts of the others.
    truth
        (hidden spot, gene) log-normalised counts of the hidden ones.
    genes
        Columns of both that are seen often enough to be judged.
    """

    xy: Array
    units: Array
    hidden: NDArray[np.bool_]
    seen: sp.csc_matrix
    truth: sp.csc_matrix
    genes: NDArray[np.intp]


class Judged(NamedTuple):
    """How well hidden spots were predicted, spot by spot.

    ``hit`` (spot,) has as its mean the mean correlation over genes; ``moved`` (2, spot) is for
    ``shrunk_slope``, where a network took part.
    """

    hit: Array
    moved: Array


class Looked(NamedTuple):
    """What a look at hidden spots found.

    Attributes
    ----------
    trusts
        For each kind of evidence of the run.
    judged
        (trial,) of the way that the run will go, with the evidence that helps most, or none.
    """

    trusts: tuple[Trust, ...]
    judged: list[Judged]

    def used(self, known: tuple[Known, ...]) -> tuple[Known, ...]:
        """The evidence that is to be used."""
        return tuple(one for one, trust in zip(known, self.trusts, strict=True) if trust.used)

    def findings(self, known: tuple[Known, ...]) -> dict[str, float]:
        """What the run record keeps."""
        found: dict[str, float] = {}
        for one, trust in zip(known, self.trusts, strict=True):
            if not one.settled:
                found |= trust.findings(one.kind.name)
        return found


class Attempt(Protocol):
    """Fits a trial once, and predicts its hidden spots with one set of evidence after another."""

    def __call__(self, trial: Trial, every: list[Pairs]) -> Steps[list[Judged]]:
        """Judge each way in ``every``; the first is without what is asked about."""
        ...


def around_middle(units: Array) -> NDArray[np.intp]:
    """The spots (of positions in spacings) that take part, in order."""
    middle = np.median(units, axis=0)
    return np.sort(cKDTree(units).query(middle, min(SPOTS, len(units)))[1])


def look_at_hidden_spots(inputs: RunInputs, attempt: Attempt) -> Steps[Looked]:
    """Find out what pays on this section.

    Small sections are looked at several times, with other spots hidden.

    Parameters
    ----------
    inputs
        Of the run.
    attempt
        Makes and judges predictions as the method would.
    """
    some = around_middle(inputs.units)
    hidden = int(HIDDEN * len(some))
    at = np.flatnonzero(inputs.targets.measured)[some]
    asked = [not one.settled and hidden >= FEWEST for one in inputs.evidence]
    found, spots = [], []
    for trial in trials(inputs, some, once=not any(asked)):
        spots.append(np.flatnonzero(trial.hidden))
        pairs = [one.pair(at[~trial.hidden], at[trial.hidden]) for one in inputs.evidence]
        settled = [p for one, p in zip(inputs.evidence, pairs, strict=True) if one.settled]
        every: list[Pairs] = [settled]
        every += [[*settled, p] for p, ask in zip(pairs, asked, strict=True) if ask]
        found.append((yield from named(Stage.CHECKING, attempt(trial, every))))
    ways = [list(way) for way in zip(*found, strict=True)]
    if not any(asked):
        trusts = tuple(Trust(one.settled, hidden) for one in inputs.evidence)
        return Looked(trusts, ways[0])
    hits = [_hits(way, np.concatenate(spots)) for way in ways]
    judged = iter([judge(hits[0], with_it, hidden) for with_it in hits[1:]])
    trusts = tuple(next(judged) if ask else Trust(True, hidden) for ask in asked)
    helpful = [t.used for t, ask in zip(trusts, asked, strict=True) if ask]
    usable = [0, *(i for i, used in enumerate(helpful, 1) if used)]
    return Looked(trusts, ways[max(usable, key=lambda i: hits[i].mean())])


def _hits(way: list[Judged], spots: NDArray[np.intp]) -> Array:
    """Hits of each spot that was hidden, the mean of its trials; ``spots`` says which they are."""
    hits, times = np.concatenate([judged.hit for judged in way]), np.bincount(spots)
    return np.bincount(spots, hits)[times > 0] / times[times > 0]


def trials(inputs: RunInputs, some: NDArray[np.intp], *, once: bool) -> Iterator[Trial]:
    """Hide some of the spots, in blobs: once, or so often that there is enough to judge by."""
    counts, xy, units = inputs.seen.counts[some], inputs.seen.xy[some], inputs.units[some]
    n = 1 if once else int(np.clip(np.ceil(ENOUGH / (HIDDEN * len(units))), 1, MOST_TRIALS))
    totals = library_sizes(counts)
    for i in range(n):
        hidden = blobs(units, HIDDEN, np.random.default_rng(inputs.seed + i))
        seen = counts[~hidden]
        truth = lognorm(counts[hidden], totals[hidden], inputs.section.median_total)
        genes = np.flatnonzero(often_seen(seen))
        yield Trial(xy, units, hidden, seen, truth, genes)


def compare(
    trial: Trial, factors: Factors, mean: FloatArray, kriged: FloatArray | None = None
) -> Steps[Judged]:
    """Compare predicted factors (hidden spot, factor) with the truth, over all genes.

    Where there are ``kriged`` ones, which a network moved to ``mean``, the move is compared with
    that of the truth, too. Genes are centred and in units of their standard deviation.
    """
    moved, hit = np.zeros((2, trial.truth.shape[0])), np.zeros(trial.truth.shape[0])
    for start in range(0, len(trial.genes), GENES_AT_ONCE):
        yield Progress(Stage.COMPARING, start, len(trial.genes))
        at = trial.genes[start : start + GENES_AT_ONCE]
        measured = trial.truth[:, at].toarray()
        sd = measured.std(0) + 1e-6
        measured = (measured - measured.mean(0)) / sd
        refined = factors.decode(mean, at)
        refined = (refined - refined.mean(0)) / sd
        hit += (refined * measured / (refined.std(0) + 1e-6)).sum(1)
        if kriged is not None:
            start_from = factors.decode(kriged, at)
            start_from = (start_from - start_from.mean(0)) / sd
            moved[0] += ((refined - start_from) * (measured - start_from)).sum(1)
            moved[1] += ((refined - start_from) ** 2).sum(1)
    return Judged(hit / max(len(trial.genes), 1), moved)
