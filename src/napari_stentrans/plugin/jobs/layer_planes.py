"""Channels of Image layers as genes: which axis they lie on, what they are called, their counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from scipy.ndimage import binary_propagation

from napari_stentrans.errors import SectionError
from napari_stentrans.io._shared import warn
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_stentrans.progress import Steps

MOST_SPOTS = 300_000
"""Images of more pixels are binned."""
MOST_VALUES = 100_000_000
"""Pixels times channels that are kept at most, 8 bytes each; more are binned further."""
NAME_KEYS = ("genes", "gene_names", "var_names", "channel_names", "channels", "names")
"""Where the metadata of a layer may name its channels."""
CHANNEL_LABELS = ("c", "channel", "channels", "gene", "genes")


@dataclass(frozen=True, eq=False)
class Planes:
    """Images of genes that lie on one another."""

    data: Any
    """One array, or one per gene; NumPy, dask or zarr."""
    axis: int | None
    """Axis of the genes in one array; None for one array per gene."""
    genes: Sequence[str]
    shape: tuple[int, int]
    """(rows, columns) of every plane."""
    axes: tuple[int, int]
    """Axes of the layer's own array along which rows and columns run."""

    def plane(self, gene: int) -> NDArray[np.float32]:
        """(row, column) values of a gene."""
        at = gene if self.axis is None else (*[slice(None)] * self.axis, gene)
        return np.asarray(self.data[at], np.float32).reshape(self.shape)


def planes_of(layers: Sequence[Image]) -> Planes:
    """Channels of one layer, or several flat layers of which each is a channel.

    Raises
    ------
    SectionError
        When a layer is a colour picture, is flat alone, or has axes that cannot be told apart.

    Warns
    -----
    StentransWarning
        Says which axis was taken as genes.
    """
    first = layers[0]
    if first.rgb:
        raise SectionError(
            f"{first.name!r} is a colour picture: its channels are red, green and blue, not "
            "genes. Choose an Image layer with one channel per gene, or Points with features."
        )
    arrays = [layer.data[0] if layer.multiscale else layer.data for layer in layers]
    if len(layers) > 1:
        return _from_layers(layers, arrays)
    data = arrays[0]
    axes = [axis for axis, size in enumerate(data.shape) if size > 1]
    if len(axes) != 3:
        raise SectionError(
            f"{first.name!r} must be a stack of genes, (gene, y, x) or (y, x, gene); its shape "
            f"is {tuple(data.shape)}. Select all layers of a split stack together, or reshape it."
        )
    if data.ndim > 3:
        data = data[tuple(slice(None) if axis in axes else 0 for axis in range(data.ndim))]
    axis, why = _gene_axis(first, data.shape)
    genes = _names_in(first.metadata, data.shape[axis])
    del axes[axis]
    rows, columns = (int(size) for at, size in enumerate(data.shape) if at != axis)
    named = "" if genes else " They have no names: they are called Gene1, Gene2 and so on."
    warn(
        f"The {'first' if axis == 0 else 'last'} axis of {first.name!r} ({data.shape[axis]:,}) was "
        f"taken as genes, {why}; the others as {rows:,} rows and {columns:,} columns.{named}"
    )
    genes = genes or [f"Gene{i + 1}" for i in range(data.shape[axis])]
    return Planes(data, axis, genes, (rows, columns), (axes[0], axes[1]))


def _from_layers(layers: Sequence[Image], arrays: Sequence[Any]) -> Planes:
    shapes = {tuple(array.shape) for array in arrays}
    if len(shapes) > 1 or any(layer.rgb for layer in layers) or arrays[0].ndim != 2:
        named = zip(layers, arrays, strict=True)
        found = ", ".join(f"{layer.name!r} {tuple(array.shape)}" for layer, array in named)
        raise SectionError(
            "Image layers that are selected together must each be one gene, flat and of one "
            f"shape, got {found}. Select one stack, or only layers that belong together."
        )
    rows, columns = shapes.pop()
    genes = [layer.name for layer in layers]
    return Planes(list(arrays), None, genes, (rows, columns), (0, 1))


def _gene_axis(layer: Image, shape: tuple[int, ...]) -> tuple[int, str]:
    """Axis of the genes, the first or the last, and how it was told."""
    labels = [str(label).lower() for label in layer.axis_labels]
    for axis in (0, -1):
        if _names_in(layer.metadata, shape[axis]) and shape[0] != shape[-1]:
            return axis % 3, "since its channels have as many names"
        if len(labels) == 3 and labels[axis] in CHANNEL_LABELS:
            return axis % 3, "by its label"
    first, last = (max(pair) / min(pair) for pair in (shape[:2], shape[1:]))
    return 2 if first < last else 0, "by its shape"


def _names_in(metadata: Mapping[Any, Any], n: int) -> list[str]:
    """Names of ``n`` channels in the metadata of a layer; empty where there are none."""
    trees = [metadata, *(part for part in metadata.values() if isinstance(part, Mapping))]
    for names in (tree.get(key) for tree in trees for key in NAME_KEYS):
        if not isinstance(names, Collection) or isinstance(names, str | Mapping):
            continue
        if len(names) == n and all(isinstance(name, str) for name in names):
            return [str(name) for name in names]
    return []


def pixel_steps(planes: Planes) -> Steps[tuple[sp.csc_matrix, NDArray[np.int64], int]]:
    """Counts of the pixels inside the tissue, summed over square bins where they are many.

    Returns counts (spot, gene); row and column of each spot (spot, 2) among the bins; and how many
    pixels of the image lie along each side of a bin.

    Outside is what is NaN, and what is zero in all genes and touches the border.

    Raises
    ------
    SectionError
        When all of it is outside.

    Warns
    -----
    StentransWarning
        When pixels were binned.
    """
    bins = _bins(planes)
    shape = tuple(-(-size // bins) for size in planes.shape)
    columns, unknown = [], np.zeros(shape, bool)
    for gene in range(len(planes.genes)):
        yield Progress("reading channels", gene, len(planes.genes))
        plane = planes.plane(gene)
        missing = np.isnan(plane)
        if missing.any():
            plane = np.where(missing, np.float32(0), plane)
            unknown |= 2 * _summed(missing.astype(np.float32), bins) > bins**2
        columns.append(sp.csc_matrix(_summed(plane, bins).reshape(-1, 1)))
    counts = sp.hstack(columns, format="csr")
    empty = unknown | (np.diff(counts.indptr).reshape(shape) == 0)
    inside = ~(unknown | _touching_border(empty))
    if not inside.any():
        raise SectionError("All pixels are zero or NaN. Choose a layer that holds counts.")
    if bins > 1:
        warn(
            f"The image has {planes.shape[0]:,} x {planes.shape[1]:,} pixels and "
            f"{len(planes.genes):,} channels: {bins} x {bins} pixels were summed into one spot. "
            "Crop the layer to keep single pixels."
        )
    return sp.csc_matrix(counts[inside.ravel()]), np.argwhere(inside), bins


def _bins(planes: Planes) -> int:
    pixels = planes.shape[0] * planes.shape[1]
    most = min(MOST_SPOTS, max(MOST_VALUES // len(planes.genes), 1))
    return next(bins for bins in count(1) if pixels <= most * bins**2)


def _summed(plane: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """Sums over bins of ``bins`` x ``bins`` pixels; those at the far border may be smaller."""
    if bins == 1:
        return plane
    rows, columns = (np.arange(0, size, bins) for size in plane.shape)
    return np.asarray(np.add.reduceat(np.add.reduceat(plane, rows, 0), columns, 1), np.float32)


def _touching_border(empty: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where it is empty and connected to the border through empty pixels."""
    seed = empty.copy()
    seed[1:-1, 1:-1] = False
    return np.asarray(binary_propagation(seed, mask=empty))
