"""A smooth displacement on top of an affine map: what tissue does when it is cut and laid down.

Bilinear between nodes a few spacings apart. Gauss and Newton's steps bring the neighbour's maps
onto the factors of the spots; what pulls nodes next to each other apart is charged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from napari_stentrans.alignment.polish import LITTLE, Table
from napari_stentrans.alignment.search import raster
from napari_stentrans.alignment.transform import Displacement

if TYPE_CHECKING:
    from napari_stentrans.alignment.polish import Affine
    from napari_stentrans.alignment.search import Array, Points
    from napari_stentrans.factors import FloatArray

STEP, BLUR = 5.0, 1.2
"""Between nodes, and of the maps, in spacings."""
STIFFNESS = (3.0, 1.0, 0.3)
"""What is charged for nodes that part, in units of what the spots pull; one is chosen."""
STEPS, LONGEST = 6, 1.0
"""Steps that are gone, and how far a node moves in one, in spacings."""


class Bend:
    """Displacements of places on the section, before the affine map leads to the neighbour."""

    def __init__(self, section: Points, neighbour: Points, weights: Array, affine: Affine) -> None:
        self.uv, self.weights, self.affine = section.uv, weights.astype(np.float32), affine
        own = Table(raster(section, BLUR / 2, BLUR)).at(self.uv)[0]
        self.mine = np.asarray(own[:, :-1] / np.maximum(own[:, -1:], LITTLE), np.float32)
        self.table = Table(raster(neighbour, BLUR / 2, BLUR))
        self.low = self.uv.min(0) - STEP
        self.columns, self.rows = np.ceil((np.ptp(self.uv, axis=0)) / STEP).astype(int) + 3
        self.basis = self._basis(self.uv)
        self.links = self._links()

    def found(self, stiffness: float) -> Array:
        """Displacement (row, column, 2) of the nodes, in spacings."""
        nodes = np.zeros((self.columns * self.rows, 2))
        for _ in range(STEPS):
            step = self._step(nodes, stiffness)
            longest = float(np.linalg.norm(step, axis=1).max())
            nodes += step * min(1.0, LONGEST / max(longest, 1e-9))
            if longest < 0.01:
                break
        return nodes.reshape(self.rows, self.columns, 2)

    def displacement(self, nodes: Array, middle: Array, unit: float) -> Displacement:
        """The same, the other way round, as added to what the affine map gives, in pixels."""
        at = Displacement(nodes, (float(self.low[0]), float(self.low[1])), STEP)
        x, y = np.meshgrid(np.arange(self.columns), np.arange(self.rows))
        places = np.stack([x.ravel(), y.ravel()], 1) * STEP + self.low
        added = np.zeros_like(places)
        for _ in range(12):
            added = -at.at(places + added)
        low = middle + self.low * unit
        shape = self.rows, self.columns, 2
        return Displacement(
            added.reshape(shape) * unit, (float(low[0]), float(low[1])), STEP * unit
        )

    def _step(self, nodes: Array, stiffness: float) -> Array:
        """Change (node, 2) that brings the maps closer."""
        places = self.affine.back(self.uv + self.basis @ nodes)
        found, *along = self.table.at(places)
        tissue = found[:, -1]
        theirs = np.asarray(found[:, :-1] / np.maximum(tissue[:, None], LITTLE), np.float32)
        mine, (theirs, spread) = _standard(self.mine, tissue)[0], _standard(theirs, tissue)
        slopes = np.stack([step[:, :-1] / spread for step in along], 2)
        slopes = slopes @ np.linalg.inv(self.affine.linear).astype(np.float32)
        trust = tissue * (tissue > 0.9)  # at its edge the slope is that of the tissue
        off = (mine - theirs) * self.weights
        pull = np.einsum("sk,skd->sd", off, slopes) * trust[:, None]
        square = np.einsum("k,skd,ske->sde", self.weights, slopes, slopes) * trust[:, None, None]
        parts = [
            [self.basis.T @ sp.diags(square[:, i, j]) @ self.basis for j in (0, 1)] for i in (0, 1)
        ]
        usual = float(np.trace(square.sum(0))) / 2 / max(self.links.shape[0], 1)
        charge = stiffness * usual * (self.links + 0.05 * sp.eye(self.links.shape[0]))
        left = sp.bmat(parts) + sp.block_diag([charge, charge])
        right = (self.basis.T @ pull - charge @ nodes).T.ravel()
        return np.asarray(spsolve(sp.csc_matrix(left), right), float).reshape(2, -1).T

    def _basis(self, uv: Array) -> sp.csr_matrix:
        """(site, node) share of each node in the displacement at positions."""
        where = (uv - self.low) / STEP
        corner = np.floor(where).astype(int)
        part, spots = where - corner, np.arange(len(uv))
        shares, nodes = [], []
        for dx in (0, 1):
            for dy in (0, 1):
                shares.append(np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1]))
                nodes.append((corner[:, 1] + dy) * self.columns + corner[:, 0] + dx)
        shape = len(uv), self.columns * self.rows
        index = np.tile(spots, 4), np.concatenate(nodes)
        return sp.csr_matrix((np.concatenate(shares), index), shape)

    def _links(self) -> sp.csr_matrix:
        """Laplacian (node, node) of the grid."""
        sides = []
        for n in (self.rows, self.columns):
            step = sp.diags([-np.ones(n), np.ones(n - 1)], [0, 1], (n - 1, n))
            sides.append(step.T @ step)
        return sp.csr_matrix(sp.kronsum(sides[1], sides[0]))


def _standard(values: FloatArray, trust: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values (site, factor) with mean 0 and variance 1 where they are trusted, and that spread."""
    share = trust / max(float(trust.sum()), LITTLE)
    centred = values - share @ values
    spread = np.asarray(np.sqrt(np.maximum(share @ centred**2, LITTLE)), np.float32)
    return np.asarray(centred / spread, np.float32), spread
