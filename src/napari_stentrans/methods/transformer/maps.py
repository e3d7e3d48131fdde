"""Maps of factors: kriged window by window, refined by attention over the nearest spots.

The network sees one window of the section at a time: its spots, kriged in space and within the
tissue, and says how far to move from kriging at each site (``network.py``). It was fitted to
simulated tissue; on the section nothing is trained, so a run takes seconds and the same input
gives the same numbers. Sections too small for it are kriged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.device import choose_device
from napari_stentrans.evidence import Pair
from napari_stentrans.methods.base import LeftOut, Pairs
from napari_stentrans.methods.transformer.network import load_network, refine
from napari_stentrans.methods.transformer.window_kriging import Window, krige
from napari_stentrans.progress import Progress, Stage, Steps, told
from napari_stentrans.windows import windows

if TYPE_CHECKING:
    from napari_stentrans.device import DeviceName
    from napari_stentrans.grid_kriging import Ticks
    from napari_stentrans.methods.transformer.factors import SpatialFactors

Array = NDArray[np.float64]
FloatArray = NDArray[np.float32]
T = TypeVar("T")

SMALLEST, FEWEST_FACTORS = 40, 5
"""Spots and plain factors below which the network, which never saw the like, is not asked."""
TICKS = 60
"""About as many ticks as one window takes."""


@dataclass(frozen=True, eq=False)
class TissueMaps:
    """Factor maps, (site or spot, factor); variances are those of the noise-free field.

    Attributes
    ----------
    mean, var
        At the sites.
    kriged
        The same by kriging alone.
    denoised, denoised_var
        At the observed spots.
    left_out, left_out_var
        At the observed spots, each from the others. The maps of the others are those of the
        whole section, so a trace of the spot itself is in them.
    kriged_left_out
        The same by kriging alone, without any such trace.
    """

    mean: FloatArray
    var: FloatArray
    kriged: FloatArray
    denoised: FloatArray
    denoised_var: FloatArray
    left_out: FloatArray
    left_out_var: FloatArray
    kriged_left_out: FloatArray

    @classmethod
    def empty(cls, n_sites: int, n_spots: int, n_columns: int) -> TissueMaps:
        """Maps of zeros."""
        rows = [n_sites] * 3 + [n_spots] * 5
        return cls(*(np.zeros((n, n_columns), np.float32) for n in rows))

    @property
    def others(self) -> LeftOut:
        """What the others say of each observed spot."""
        return LeftOut(self.left_out, self.left_out_var)

    def columns(self, at: slice) -> TissueMaps:
        """The maps of some columns."""
        return TissueMaps(*(getattr(self, field.name)[:, at] for field in fields(self)))


class Mapper:
    """Factor maps at sites, and at the spots themselves, from those at the observed spots.

    Parameters
    ----------
    device
        As in ``EnhanceConfig``.
    trust
        Share of the network's correction to kriging that is taken, see ``holdout_check``.
    """

    def __init__(self, device: DeviceName, trust: float = 1.0) -> None:
        self.trust = trust
        self.device = choose_device(device)
        self.network = load_network().to(self.device)

    def maps(
        self,
        units: Array,
        factors: SpatialFactors,
        extra: Array,
        sites: Array,
        shown: Pairs = (),
        *,
        only_sites: bool = False,
    ) -> Steps[TissueMaps]:
        """Predict all factors, and extra columns (spot, column), at sites (site, 2).

        Positions are in units of the spacing of the observed spots. Extra columns follow the
        factors and say nothing about which tissues are alike. ``shown`` is what each kind of
        evidence that is used says at the spots and at the sites, (., component). With
        ``only_sites``, windows without any are left out, and maps at the spots are not to be used.
        """
        columns = np.hstack([factors.scores, extra]).astype(float)
        middle, sd = columns.mean(0), np.maximum(columns.std(0), 1e-6)
        columns = (columns - middle) / sd
        padding = (0, extra.shape[1])
        share = np.pad(factors.explained / max(factors.explained.sum(), 1e-12), padding)
        prominence = np.pad(factors.prominence.astype(float), padding)
        refined = len(units) >= SMALLEST and factors.n_plain >= FEWEST_FACTORS
        parts = windows(units, sites)
        times = np.bincount(np.concatenate([part.spots for part in parts]))  # halos overlap
        maps = TissueMaps.empty(len(sites), *columns.shape)
        for i, (spots, here, of_sites) in enumerate(parts):
            if only_sites and not len(here):
                continue
            seen = [
                Pair(k.here[spots].astype(float), k.there[here].astype(float), k.direct)
                for k in shown
            ]
            start = krige(units[spots], columns[spots], sites[here], share, prominence, seen)
            steps = self._window(start, refined=refined, only_sites=only_sites)
            window, mean, left_out = yield from _told(steps, i, len(parts))
            mean = window.mean + self.trust * (mean - window.mean)
            left_out = window.loo + self.trust * (left_out - window.loo)
            alone, at_sites, at_spots = window.left_out(), of_sites[:, None], 1 / times[spots, None]
            gain = alone.var / (alone.var + window.noise)  # of a spot's own scores
            denoised = left_out + gain * (window.values - left_out)
            maps.mean[here] += at_sites * (mean * sd + middle)
            maps.kriged[here] += at_sites * (window.mean * sd + middle)
            maps.var[here] += at_sites * window.var * sd**2
            maps.denoised[spots] += at_spots * (denoised * sd + middle)
            maps.denoised_var[spots] += at_spots * alone.var * (1 - gain) * sd**2
            maps.left_out[spots] += at_spots * (left_out * sd + middle)
            maps.left_out_var[spots] += at_spots * alone.var * sd**2
            maps.kriged_left_out[spots] += at_spots * (window.loo * sd + middle)
        return maps

    def _window(
        self, start: Ticks[Window], *, refined: bool, only_sites: bool
    ) -> Ticks[tuple[Window, Array, Array]]:
        """Krige one window and refine its targets and its spots, each spot from the others."""
        window = yield from start
        alone = window.left_out()
        if not refined:
            return window, window.mean, alone.mean
        mean = yield from refine(self.network, window, self.device)
        if only_sites:
            return window, mean, alone.mean
        return window, mean, (yield from refine(self.network, alone, self.device))


def _told(ticks: Ticks[T], part: int, parts: int) -> Steps[T]:
    """Tell the ticks of one of several windows as progress of all."""
    done, total = count(1), parts * TICKS
    return told(
        ticks, lambda _: Progress(Stage.ATTENDING, part * TICKS + min(next(done), TICKS), total)
    )
