"""Layout: how spots lie to each other, which tells one section from several that lie over it.

Spots of one section keep their distance and lie on one lattice. Where a table holds several
sections, each in pixels of its own, spots of one lie at the very places of another's, between them,
or on lattices that do not go on into each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.errors import SectionError
from napari_stentrans.lattice import Lattice

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

FEWEST_SHARING = 10
SHARING, SHARING_NODES, MOSTLY = 0.3, 0.1, 0.5
"""Shares of cells, and of spots of a lattice, at the place of another that are worth a word; and
share that is certainly a stack."""
SEEN = 0.05
"""Share of spots at the place of another, or of neighbours from other parts, to go by."""
RESOLVED, FEWEST_PAIRS = 0.1, 5
"""Pairs of spots at one place within parts, of those that chance would leave there."""
SMALLEST_LATTICE, MOST_ODD = 12, 0.1
"""Spots that show a lattice, and share of spots in parts that are smaller."""
TIGHT = 0.1
"""Spots of an array lie no further from their lattice than this, in spacings."""
LONGEST = 20.0
"""Length of a part over its width; what is longer is a line of a lattice."""
FINER = 1.5
"""Room on a part's lattice over that on the lattice of all, where parts lie between each other."""
NEARER, TOUCHING = 0.75, 1.3
"""Spots of other lattices lie nearer than neighbours, in spacings; spots of one touch."""
WINDOW = 20_000
"""Spots that are asked for a lattice where there are many."""
SAMPLE, NEIGHBOURS = 20_000, 24
CLOSE, TWINS = 0.25, 0.25
"""Spots of two sections come this close, in spacings; those of one hardly do. What is closer by
this factor is one cell that stands twice, and tells nothing."""
INDEPENDENT, EXCLUDED = 0.6, 0.3
"""Close neighbours, of those expected by chance: of other parts, and, of these, of the own."""
LEAST_CLOSE = 20
REPEATED, TOLERANCE = 0.25, 0.03
"""Share of spots with a neighbour at the same step, and how far, in spacings, steps may differ."""


@dataclass(frozen=True, eq=False)
class Layout:
    """How spots lie to each other.

    Attributes
    ----------
    xy
        (spot, 2) finite positions, pixels.
    rc
        (spot, 2) array row and column, where they are known.
    """

    xy: Array
    rc: Array | None = None

    @cached_property
    def places(self) -> Labels:
        """(spot,) number of the place of every spot."""
        step = max(float(np.ptp(self.xy, axis=0).max()) * 1e-6, 1e-12)
        return _numbered(np.rint((self.xy - self.xy.min(0)) / step))

    @cached_property
    def nodes(self) -> Labels | None:
        """(spot,) number of the array position of every spot, where these tell spots apart."""
        if self.rc is None or not np.isfinite(self.rc).all():
            return None
        nodes = _numbered(self.rc)
        return nodes if nodes.max() + 1 > len(nodes) / FEWEST_SHARING else None

    @cached_property
    def shared(self) -> float:
        """Share of spots that lie at the place of another."""
        return _shared(self.places)

    @cached_property
    def shared_on_array(self) -> float:
        """Share of spots that have the array position of another; 0 where none is known."""
        return 0.0 if self.nodes is None else _shared(self.nodes)

    @cached_property
    def lattice(self) -> Lattice | None:
        """Lattice of all places; None where they lie on none."""
        _, first = np.unique(self.places, return_index=True)
        if self.rc is None or self.nodes is None or _shared(self.nodes[first]):
            return _lattice(self.xy[first])
        return _lattice(self.xy[first], self.rc[first])

    @cached_property
    def _on_array(self) -> bool:
        """Whether every spot has an array position of its own, which says where it lies."""
        return self.nodes is not None and not self.shared_on_array and self.lattice is not None

    @cached_property
    def stacked(self) -> bool:
        """Whether there are several sections, as far as positions alone tell."""
        n, least = len(self.xy), SHARING if self.lattice is None else SHARING_NODES
        on_array = self.shared_on_array
        return (
            (self.shared >= least and self.shared * n >= FEWEST_SHARING)
            or (on_array >= MOSTLY and on_array * n >= FEWEST_SHARING)
            or self._several_lattices
        )

    @cached_property
    def _near(self) -> tuple[Labels, Array, Labels]:
        """Some spots (sample,), and distance and index (sample, neighbour) of their neighbours."""
        rows = np.arange(len(self.xy))
        if len(rows) > SAMPLE:
            rows = np.sort(np.random.default_rng(0).choice(rows, SAMPLE, replace=False))
        k = min(NEIGHBOURS + 1, len(self.xy))
        far, index = cKDTree(self.xy).query(self.xy[rows], k)
        return rows, far[:, 1:], np.asarray(index[:, 1:], np.int64)

    @cached_property
    def _several_lattices(self) -> bool:
        """Whether spots repeat at one step, with others in between that do not."""
        if len(self.xy) < 2 * SMALLEST_LATTICE or self._on_array:
            return False
        rows, far, index = self._near
        unit = float(np.median(far[:, min(5, far.shape[1] - 1)]))
        if unit <= 0:
            return False
        steps = np.rint((self.xy[index] - self.xy[rows][:, None]) / unit / TOLERANCE)
        apart = far > 0
        main, often = _commonest(steps[apart])
        length = float(np.hypot(*main)) * TOLERANCE * unit
        nearer = steps[apart & (far < NEARER * length)]
        if often < REPEATED * len(rows) or len(nearer) < MOSTLY * len(rows):
            return False
        return _commonest(nearer)[1] < NEARER * often

    def split_by(self, of_spot: Labels) -> bool:
        """Whether parts of the spots are each in order, and all together are not.

        Parameters
        ----------
        of_spot
            (spot,) index of every spot's part, -1 where it belongs to none.
        """
        known = of_spot >= 0
        if known.mean() < 1 - MOST_ODD:
            return False
        if known.all():
            at = self
        else:
            at, of_spot = self._of(known), of_spot[known]
        return at._at_one_place(of_spot) or at._own_lattices(of_spot) or at._across(of_spot)

    def stacked_within(self, of_spot: Labels) -> bool:
        """Whether many spots still lie at the place of another of their own part (spot,)."""
        both = self.places * (of_spot.max() + 2) + of_spot + 1
        found = np.unique(both, return_inverse=True)[1]
        return _shared(found) >= SHARING

    def _of(self, rows: NDArray[np.bool_]) -> Layout:
        return Layout(self.xy[rows], None if self.rc is None else self.rc[rows])

    def _at_one_place(self, of_spot: Labels) -> bool:
        """Whether spots of different parts share places, or array positions, and the own do not."""
        for place in (self.places, self.nodes):
            if place is None or _shared(place) < SEEN:
                continue
            own, expected = _own_pairs(place, of_spot)
            if expected >= FEWEST_PAIRS and own <= RESOLVED * expected:
                return True
        return False

    def _own_lattices(self, of_spot: Labels) -> bool:
        """Whether every part lies on a lattice of its own, and all together on none, or a finer."""
        sizes = np.bincount(of_spot)
        large = np.flatnonzero(sizes >= SMALLEST_LATTICE)
        if len(large) < 2 or sizes[large].sum() < (1 - MOST_ODD) * len(of_spot):
            return False
        whole = self.lattice if self.lattice and _tight(self.lattice, self.xy) else None
        if self._go_on(of_spot) if whole is None else not self._alternate(of_spot):
            return False
        for part in large:
            xy = self.xy[of_spot == part]
            lattice = _lattice(xy)
            if lattice is None or not _tight(lattice, xy):
                return False
            if whole is not None and _room(lattice) < FINER * _room(whole):
                return False
        return True

    def _go_on(self, of_spot: Labels) -> bool:
        """Whether parts touch as the spots of one lattice do: at its spacing, and not nearer."""
        rows, far, index = self._near
        same = of_spot[index] == of_spot[rows][:, None]
        spacing = float(np.median(_first(far, same)))
        others = _first(far, ~same)
        nearer = (others < NEARER * spacing).mean()
        return bool(nearer < SEEN and (others < TOUCHING * spacing).mean() > nearer)

    def _alternate(self, of_spot: Labels) -> bool:
        """Whether the nearest neighbours of nearly every spot belong to other parts."""
        rows, far, index = self._near
        nearest = far <= 1.05 * far[:, :1]
        same = (of_spot[index] == of_spot[rows][:, None]) & nearest
        return bool(same.any(1).mean() < RESOLVED)

    def _across(self, of_spot: Labels) -> bool:
        """Whether spots of different parts come as close as by chance, and those of one do not.

        For cells that lie on no lattice. What is expected is counted over the neighbourhood of
        each spot, so that parts may overlap in places only.
        """
        if self.lattice is not None or len(self.xy) < 4 * NEIGHBOURS:
            return False
        rows, far, index = self._near
        same = of_spot[index] == of_spot[rows][:, None]
        if (~same).mean() < SEEN:
            return False
        own = _first(far, same)
        own_unit = pd.Series(own).groupby(of_spot[rows]).transform("median").to_numpy()
        reach = CLOSE * own_unit
        close = (far < reach[:, None]) & (far > TWINS * reach[:, None])
        area = np.minimum((reach / np.maximum(far[:, -1], 1e-12)) ** 2, 1)
        expected = np.array([(~same).sum(1) @ area, same.sum(1) @ area]) * (1 - TWINS**2)
        found = np.array([(close & ~same).sum(), (close & same).sum()])
        if found[0] < LEAST_CLOSE or expected.min() <= 0:
            return False
        others, within = found / expected
        return bool(others > INDEPENDENT and within < EXCLUDED * others)


def _commonest(steps: Array) -> tuple[Array, int]:
    """Step (2,) that stands most often among steps (step, 2), and how often, or nearly that."""
    if not len(steps):
        return np.zeros(2), 0
    found, counts = np.unique(steps, axis=0, return_counts=True)
    best = found[counts.argmax()]
    return best, int(counts[(np.abs(found - best) <= 1).all(1)].sum())


def _numbered(rows: Array) -> Labels:
    """(row,) number of each distinct row of (row, 2)."""
    groups = pd.DataFrame(rows).groupby([0, 1], sort=False)
    return np.asarray(groups.ngroup(), np.int64)


def _first(far: Array, wanted: NDArray[np.bool_]) -> Array:
    """(spot,) distance of the first wanted neighbour, or of the last where none is."""
    at = np.where(wanted.any(1), wanted.argmax(1), far.shape[1] - 1)
    return np.asarray(far[np.arange(len(far)), at])


def _shared(place: Labels) -> float:
    return float((np.bincount(place)[place] > 1).mean())


def _own_pairs(place: Labels, of_spot: Labels) -> tuple[float, float]:
    """Pairs of spots of one part at one place, and how many chance would make of all pairs."""
    both = place * (of_spot.max() + 1) + of_spot
    own = np.unique(both, return_counts=True)[1].astype(float)
    at_place = np.bincount(place).astype(float)
    chance = ((np.bincount(of_spot) / len(of_spot)) ** 2).sum()
    return float((own * (own - 1)).sum() / 2), float((at_place * (at_place - 1)).sum() / 2 * chance)


def _lattice(xy: Array, rc: Array | None = None) -> Lattice | None:
    """Lattice of positions, of those around the middle where there are many; None where none."""
    if len(xy) > WINDOW:
        middle = np.linalg.norm(xy - np.median(xy, axis=0), axis=1)
        some = np.argpartition(middle, WINDOW)[:WINDOW]
        xy, rc = xy[some], None if rc is None else rc[some]
    try:
        lattice = Lattice.of(xy, rc)
    except SectionError:  # all in one place
        return None
    return None if lattice.kind == "irregular" else lattice


def _tight(lattice: Lattice, xy: Array) -> bool:
    """Whether spots lie on the nodes of a lattice as a machine puts them, in both directions."""
    off = np.linalg.norm(lattice.xy(lattice.nodes(xy)) - xy, axis=1) / lattice.spacing
    wide, narrow = np.linalg.svd(xy - xy.mean(0), compute_uv=False)
    return bool(np.quantile(off, 0.95) <= TIGHT and narrow > wide / LONGEST)


def _room(lattice: Lattice) -> float:
    """Area that one spot of a lattice has to itself, square pixels."""
    return abs(float(np.linalg.det(lattice.basis))) * (2 if lattice.kind == "hex" else 1)
