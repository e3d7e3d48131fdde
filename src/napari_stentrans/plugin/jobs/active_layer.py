"""A layer that is in napari becomes a section: channels of images, or features of points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pint
from napari.layers import Image, Points

from napari_stentrans.errors import SectionError
from napari_stentrans.io._shared import warn
from napari_stentrans.plugin.jobs.layer_planes import pixel_steps, planes_of
from napari_stentrans.plugin.jobs.loading import look_steps
from napari_stentrans.plugin.layers.tags import TAG
from napari_stentrans.progress import Progress
from napari_stentrans.section import Section
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.images import FirstLook
    from napari_stentrans.progress import Steps

REMEDY = (
    "Select an Image layer with one channel per gene, or a Points layer with a numeric feature "
    "per gene, and try again."
)


def layers_to_use(viewer: ViewerModel) -> list[Layer]:
    """Return the active layer, with the flat Image layers that are selected beside it.

    Raises
    ------
    SectionError
        When no layer is active, or it is of no use.
    """
    selected = [layer for layer in viewer.layers if layer in viewer.layers.selection]
    last = selected[-1] if selected else None  # several may be selected, none active
    active = viewer.layers.selection.active or last
    if active is None:
        raise SectionError(f"No layer is selected. {REMEDY}")
    if TAG in active.metadata:
        name = active.metadata[TAG]["section"].name
        raise SectionError(f"{active.name!r} belongs to the section {name!r} already. {REMEDY}")
    if isinstance(active, Points):
        return [active]
    if not isinstance(active, Image):
        raise SectionError(
            f"{active.name!r} is a {type(active).__name__} layer: it holds no genes. {REMEDY}"
        )
    images = [layer for layer in selected if isinstance(layer, Image) and TAG not in layer.metadata]
    return images if active in images and len(images) > 1 else [active]


def layer_steps(layers: Sequence[Layer]) -> Steps[FirstLook]:
    """Make a section of the layers of ``layers_to_use`` and prepare its first map."""
    yield Progress("reading the layer", 0, 1)
    if isinstance(layers[0], Points):
        section = _from_points(layers[0])
    else:
        section = yield from _image_steps(layers)
    return (yield from look_steps(section))


def _image_steps(layers: Sequence[Any]) -> Steps[Section]:
    """Pixels become spots of a square lattice, where the layer lies."""
    planes = planes_of(layers)
    counts, rc, bins = yield from pixel_steps(planes)
    at = np.zeros((len(rc), layers[0].ndim))
    at[:, planes.axes] = (rc + 0.5) * bins - 0.5
    names = [f"{row}x{column}" for row, column in rc]
    obs = pd.DataFrame(rc, names, ["array_row", "array_col"])
    var = pd.DataFrame(index=pd.Index(planes.genes, dtype=object))
    name = layers[0].name if len(layers) == 1 else f"{len(layers)} layers"
    return _section(ad.AnnData(counts, obs, var), layers[0], at, planes.axes, name)


def _from_points(layer: Points) -> Section:
    """Points become spots; numeric features are genes, and other features are kept with them."""
    features = layer.features
    numeric = features.select_dtypes("number")
    if not len(features) or not numeric.shape[1]:
        raise SectionError(
            f"{layer.name!r} has {some(len(layer.data), 'point')} and no numeric features, "
            f"which would be the genes. {REMEDY}"
        )
    data = np.asarray(layer.data, float)
    if data.shape[1] > 2 and np.ptp(data[:, :-2], axis=0).any():
        raise SectionError(
            f"{layer.name!r} has points in several planes; a section is one plane. Keep the "
            "points of one."
        )
    others = features.drop(columns=numeric.columns)
    if others.shape[1]:
        names = ", ".join(map(str, others.columns[:4]))
        warn(f"Features that are no numbers are no genes and were left out: {names}.")
    obs = pd.DataFrame(index=[str(i) for i in range(len(data))])
    var = pd.DataFrame(index=pd.Index(map(str, numeric.columns), dtype=object))
    adata = ad.AnnData(numeric.to_numpy(np.float32), obs, var)
    return _section(adata, layer, data, (data.shape[1] - 2, data.shape[1] - 1), layer.name)


def _section(
    adata: ad.AnnData, layer: Layer, at: NDArray[np.float64], axes: tuple[int, int], name: str
) -> Section:
    """Section whose full-resolution pixels are the units of the layer's world coordinates.

    ``at`` are positions (spot, axis) in the layer's data, ``axes`` those of rows and columns.
    """
    adata.obsm["spatial"] = _world(layer, at)[:, axes][:, ::-1]
    units = {layer.units[axis] for axis in axes}
    um = [pint.get_application_registry().Quantity(1, unit) for unit in units]
    known = len(um) == 1 and um[0].is_compatible_with("micrometer")
    um_per_px = float(um[0].to("micrometer").magnitude) if known else None
    return Section.from_anndata(adata, um_per_px=um_per_px, name=name)


def _world(layer: Layer, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """World coordinates (spot, axis) of data coordinates; the transform is affine."""
    origin = np.asarray(layer.data_to_world(np.zeros(layer.ndim)), float)
    steps = [np.asarray(layer.data_to_world(step), float) - origin for step in np.eye(layer.ndim)]
    return np.asarray(origin + at @ np.stack(steps))
