"""The start of the transformer: one window, kriged in space and kriged again within its tissue.

The second kriging takes the leave-one-out maps of the first as further coordinates. Spots of one
tissue then speak for each other across a distance, and spots on two sides of a border do not. It
is much better than the first on some tissues and worse on others; which to trust, where, is for
the network to say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.grid_kriging import KERNELS, GridKriging, Kernel, Ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.methods.base import Pairs

Array = NDArray[np.float64]

TISSUE_KERNELS = (
    Kernel("exp", 1.5), Kernel("exp", 4.0), Kernel("exp", 10.0), Kernel("m32", 2.0),
    Kernel("m32", 5.0),
)  # fmt: skip
LIKENESSES = (0.06, 0.2, 0.5)
"""Shares of the field that a kind of evidence may tell, where there is one."""
DIRECT, DIRECT_IN_TISSUE = KERNELS[1:4:2], TISSUE_KERNELS[1:2]
DIRECT_SHARES = (0.2, 0.6), (0.3,)
"""Kernels in space and in tissue for evidence that measured the same thing, and its shares."""
TISSUE_SCALES = (2.0, 6.0)
"""How many spacings a difference of one standard deviation in tissue counts for."""


def kernels_with(direct: Sequence[bool]) -> tuple[tuple[Kernel, ...], tuple[Kernel, ...]]:
    """Kernels in space, and in space and tissue, with so many kinds of evidence.

    Kinds that are ``direct`` may tell more of a field; which range it has then matters less.
    """
    space, tissue = [*KERNELS], [*TISSUE_KERNELS]
    for of, is_direct in enumerate(direct):
        near, alike = (DIRECT, DIRECT_IN_TISSUE) if is_direct else (KERNELS[1::2], TISSUE_KERNELS)
        shares = DIRECT_SHARES if is_direct else (LIKENESSES, LIKENESSES[1:])
        space += [k._replace(likeness=w, of=of) for w in shares[0] for k in near]
        tissue += [k._replace(likeness=w, of=of) for w in shares[1] for k in alike]
    return tuple(space), tuple(tissue)


@dataclass(frozen=True, eq=False)
class Window:
    """What the network sees of one window. Columns are factors of unit variance.

    Attributes
    ----------
    xy, targets
        (spot, 2) and (target, 2), in spacings.
    values, smooth, loo
        (spot, factor): as observed, smoothed by kriging, and kriged from the other spots.
    mean, var
        (target, factor) kriged in space.
    tissue_mean
        (target, factor, scale) kriged in space and tissue.
    loo_var, tissue_loo
        The same of the spots as targets; ``loo_var`` with noise.
    tissue_gain
        (factor, scale) evidence for tissue over space, per square root of a spot.
    signal, log_length, noise
        (factor,) from kriging in space.
    share
        (factor,) share of the variance explained; weighs how alike two tissues are.
    prominence
        (factor,) log of its variance over that of the weakest factors.
    """

    xy: Array
    targets: Array
    values: Array
    smooth: Array
    loo: Array
    loo_var: Array
    mean: Array
    var: Array
    tissue_mean: Array
    tissue_loo: Array
    tissue_gain: Array
    signal: Array
    log_length: Array
    noise: Array
    share: Array
    prominence: Array

    def left_out(self) -> Window:
        """The observed spots as targets, each kriged from the others."""
        var = np.maximum(self.loo_var - self.noise, 1e-6)
        return replace(self, targets=self.xy, mean=self.loo, var=var, tissue_mean=self.tissue_loo)


def krige(
    xy: Array,
    values: Array,
    targets: Array,
    share: Array,
    prominence: Array,
    shown: Pairs = (),
) -> Ticks[Window]:
    """Krige every column of values (spot, factor) at the targets, in space and then in tissue.

    ``shown`` is what each kind of evidence says at the spots and at the targets, (., component).
    """
    here_shown, there_shown = [k.here for k in shown], [k.there for k in shown]
    kernels, tissue_kernels = kernels_with([k.direct for k in shown])
    space = GridKriging(xy, values, kernels, here_shown)
    yield from space.fit()
    loo, loo_var = yield from space.leave_one_out()
    mean, var = yield from space.predict(targets, there_shown)
    used = share > 1e-6
    root = np.sqrt(share[used])
    unit = np.sqrt(((loo[:, used] * root).var(0)).sum()) + 1e-6
    here, there = (m[:, used] * root / unit for m in (loo, mean))
    means, loos, gains = [], [], []
    for scale in TISSUE_SCALES:
        tissue = GridKriging(np.hstack([xy, scale * here]), values, tissue_kernels, here_shown)
        yield from tissue.fit()
        at = np.hstack([targets, scale * there])
        means.append((yield from tissue.predict(at, there_shown, variance=False))[0])
        loos.append((yield from tissue.leave_one_out())[0])
        gains.append((tissue.evidence - space.evidence) / np.sqrt(len(xy)))
    return Window(
        xy=xy, targets=targets, values=values, smooth=space.at_observed(), loo=loo,
        loo_var=loo_var, mean=mean, var=var, tissue_mean=np.stack(means, -1),
        tissue_loo=np.stack(loos, -1), tissue_gain=np.stack(gains, -1), signal=space.signal,
        log_length=space.log_length, noise=space.noise, share=share, prominence=prominence,
    )  # fmt: skip
