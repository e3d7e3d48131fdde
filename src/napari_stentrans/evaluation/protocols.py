"""Protocols: what is hidden from a method, what it is given, and what it is scored against.

- ``upsample``: a quarter of the spots is seen, every other row and column; the rest is predicted.
- ``lost``: random ellipses, 12% of the spots, are hidden and predicted.
- ``denoise``: the counts are split into two binomial halves; a method gets one half at all spots
  and is compared with the other, whose noise is independent.

What is hidden does not enter what a method is given, not even by the median library size: it gets
a section of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import anndata as ad
import numpy as np
import scipy.sparse as sp

from napari_stentrans.errors import ConfigError, SectionError
from napari_stentrans.factors import library_sizes, lognorm
from napari_stentrans.masking import blobs, halves, thinning
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.section import Section

ProtocolName = Literal["upsample", "lost", "denoise"]
PROTOCOLS: tuple[ProtocolName, ...] = get_args(ProtocolName)

LOST_SHARE = 0.12
"""Share of the spots that the protocol ``lost`` hides."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One task for the methods.

    Attributes
    ----------
    section
        All that a method is given.
    sites
        (site, 2) positions (x, y) that are hidden, full-resolution pixels; none when denoising.
    rows
        Which sites of the enhancement are scored.
    lost
        (spot,) spots of the section that are hidden instead, or None.
    measured
        (scored site, gene) what was measured there, log-normalised to the median library size
        of ``section``.
    """

    section: Section
    sites: NDArray[np.float64]
    rows: slice | NDArray[np.intp]
    measured: sp.csc_matrix
    lost: NDArray[np.bool_] | None = None


def make_trial(section: Section, protocol: ProtocolName, seed: int, *, stay: bool = False) -> Trial:
    """Hide a part of the section.

    Hidden spots are taken out of the section, or ``stay`` in it without counts, so that a person's
    own features of them are still known.

    Raises
    ------
    ConfigError
        When there is no such protocol.
    SectionError
        When the section is too small to hide a part of it.
    """
    check_protocol(protocol)
    if protocol == "denoise":
        return _split(section, seed)
    usable = section.totals > 0
    rng = np.random.default_rng(seed)
    if protocol == "lost":
        hidden = blobs(section.xy / section.lattice.spacing, LOST_SHARE, rng)
    else:
        hidden = thinning(section.lattice, section.xy, rng)
    if (usable & hidden).sum() < 3 or (usable & ~hidden).sum() < 3:
        raise SectionError(
            f"The protocol {protocol!r} needs three or more hidden and three or more seen spots "
            f"with counts; seed {seed} hides {int((usable & hidden).sum())} of "
            f"{int(usable.sum())}. Take a larger section."
        )
    return blank(section, hidden) if stay else hide(section, hidden)


def check_protocol(protocol: str) -> None:
    """Raise ConfigError where there is no such protocol."""
    if protocol not in PROTOCOLS:
        raise ConfigError(f"The protocol must be one of {', '.join(PROTOCOLS)}, got {protocol!r}.")


def hide(section: Section, hidden: NDArray[np.bool_]) -> Trial:
    """Task of predicting hidden spots (spot,); those without counts are in neither part."""
    usable = section.totals > 0
    seen, target = subset(section, ~hidden & usable), hidden & usable
    totals = section.totals[target]
    measured = lognorm(section.counts[target], totals, seen.median_total)
    rows = slice(seen.n_spots, seen.n_spots + len(totals))
    return Trial(seen, section.xy[target], rows, measured)


def blank(section: Section, hidden: NDArray[np.bool_]) -> Trial:
    """Task of ``hide``, with all spots left in the section; what is not seen has no counts."""
    task, seen = hide(section, hidden), ~hidden & (section.totals > 0)
    part = section.adata.copy()
    part.X = sp.csc_matrix(section.counts.multiply(seen[:, None]), dtype=np.float32)
    part.X.eliminate_zeros()
    rows = np.flatnonzero(hidden & (section.totals > 0))
    return replace(task, section=replace(section, adata=part), sites=task.sites[:0], rows=rows,
                   lost=~seen)  # fmt: skip


def subset(section: Section, spots: NDArray[np.bool_]) -> Section:
    """Section of some of the spots (spot,), on the lattice of all of them."""
    whole = section.adata
    part = ad.AnnData(
        section.counts[spots],
        whole.obs[spots],
        whole.var,
        obsm={key: values[spots] for key, values in whole.obsm.items()},
    )
    return replace(section, adata=part)


def _split(section: Section, seed: int) -> Trial:
    half, other = halves(section.counts, np.random.default_rng(seed))
    both = library_sizes(half) * library_sizes(other) > 0
    if both.sum() < 3:
        raise SectionError(
            f"Only {some(int(both.sum()), 'spot has', 'spots have')} enough counts to be split "
            "in two halves; three "
            "are needed. Denoising cannot be evaluated on this section."
        )
    given = subset(section, both)
    given.adata.X = half[both]
    measured = lognorm(other[both], library_sizes(other)[both], given.median_total)
    return Trial(given, np.empty((0, 2)), slice(0, given.n_spots), measured)
