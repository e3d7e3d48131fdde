"""Neighbourhoods: the nearest spots of sites, and sites whose surroundings are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from torch import Tensor

    from napari_stentrans.lattice import Lattice


class Neighbourhoods:
    """The nearest observed spots of each site, and sites with the same surroundings found once.

    On a lattice most sites see their neighbours in the same pattern, so they have the same
    kriging weights: the systems are solved per pattern, not per site.

    Attributes
    ----------
    nearest
        (site, neighbour) indices of observed spots.
    pattern
        (site,) pattern that each site has.
    offsets
        (pattern, neighbour, 2) from the site to its neighbours, in spacings.
    """

    def __init__(
        self, observed: Tensor, sites: Tensor, n: int, lattice: Lattice, *, own: bool = False
    ) -> None:
        n = min(n + own, len(observed))
        spots, places = observed.numpy(), sites.numpy()
        # A tiny common shift breaks ties between equally near spots the same way everywhere.
        _, nearest = cKDTree(spots).query(places + np.array([1e-3, 2.3e-3], np.float32), n)
        nearest = nearest.reshape(len(places), n)
        if own:  # the spot itself, or the farthest one, is left out
            itself = nearest == np.arange(len(places))[:, None]
            nearest = np.take_along_axis(nearest, itself.argsort(1, kind="stable"), 1)[:, :-1]
            n -= 1
        offsets = spots[nearest] - places[:, None]
        first = pattern = np.arange(len(places))
        if lattice.kind != "irregular":
            key = np.ascontiguousarray(np.rint(offsets * 8).astype(np.int16)).reshape(
                len(places), -1
            )
            rows = key.view(np.dtype((np.void, key.dtype.itemsize * key.shape[1]))).ravel()
            _, first, pattern = np.unique(rows, return_index=True, return_inverse=True)
        self.nearest = torch.from_numpy(nearest)
        self.pattern = torch.from_numpy(pattern)
        self.offsets = torch.from_numpy(offsets[first])
