"""Placed: results of an analysis as regions of a section, and as rows of an AnnData."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.annotation import NOWHERE, Annotation
from napari_stentrans.errors import ConfigError, SectionError
from napari_stentrans.wording import some

if TYPE_CHECKING:
    import anndata as ad
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.analysis.maps import Maps


def as_annotation(maps: Maps, codes: ArrayLike, names: tuple[str, ...]) -> Annotation:
    """Regions of the spots of the section from codes (site,); -1 where there is none."""
    of_spots = np.full(maps.section.n_spots, NOWHERE, np.int32)
    spot = maps.spots >= 0
    of_spots[maps.spots[spot]] = np.asarray(codes, np.int32)[spot]
    return Annotation(names, of_spots)


def rows_of(maps: Maps, adata: ad.AnnData) -> NDArray[np.intp]:
    """(row,) position of the site of each row of an AnnData, by name; -1 where it is none.

    Raises
    ------
    SectionError
        When none is.
    """
    at = maps.names.get_indexer(adata.obs_names)
    if not (at >= 0).any():
        raise SectionError(
            f"None of the {some(adata.n_obs, 'row')} of the AnnData is a site of the analysis: "
            f"expected names such as {maps.names[0]!r}, found {adata.obs_names[0]!r}. "
            "Give the AnnData of the same section or result."
        )
    return np.asarray(at, np.intp)


def check_number(n: object, most: int, things: str) -> None:
    """Refuse a number of groups that is not a whole one from 2 to ``most``; None may stand.

    Raises
    ------
    ConfigError
        When it is not possible.
    """
    if n is None:
        return
    whole = isinstance(n, Integral) and not isinstance(n, bool)
    if not whole or not 2 <= int(n) <= most:  # type: ignore[call-overload]
        raise ConfigError(
            f"The number of {things} must be a whole number from 2 to {most}, "
            f"or None to let their stability choose, got {n!r}."
        )
