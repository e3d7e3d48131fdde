"""SpatialData stores (``.sdata.zarr``): table, circles, tissue image and their transforms."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from napari_stentrans.export.matrices import stream
from napari_stentrans.export.zarr import empty_matrices
from napari_stentrans.image_fit import decoded_images

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import SectionImage

PIXELS, MICROMETRES = "global", "micrometers"
"""Coordinate systems: full-resolution pixels, and micrometres where their size is known."""
BIG = 4096
"""Images with a longer side are written as pyramids."""
CHUNK = 2048
"""Pixels along a side of the pieces that are read and written at once."""


def write_steps(
    enhancement: Enhancement, path: Path, genes: list[str] | None, *, std: bool
) -> Steps[None]:
    """Write the table that ``to_anndata`` gives with circles at its sites and the tissue image.

    ``std`` is always part of the table.
    """
    from spatialdata import SpatialData
    from spatialdata.models import ShapesModel, TableModel

    um = enhancement.section.um_per_px
    adata = enhancement.skeleton(genes, images=False)
    adata.obs["site"], adata.obs["region"] = adata.obs_names, "sites"
    adata.obs["region"] = adata.obs["region"].astype("category")
    table = TableModel.parse(adata, region="sites", region_key="region", instance_key="site")
    circles = ShapesModel.parse(
        enhancement.sites.xy,
        geometry=0,
        radius=_radius(enhancement),
        index=adata.obs_names.to_numpy(),
        transformations=_transforms(1.0, um),
    )
    image = next(decoded_images(enhancement.section.images), None)
    images = {} if image is None else {_key(image.name): _image(image, um)}
    data = SpatialData(images=images, shapes={"sites": circles}, tables={"table": table})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its packages announce to their own programmers
        data.write(path)
    group = zarr.open_group(path / "tables" / "table", mode="r+")
    yield from stream(empty_matrices(group, adata.shape), enhancement, genes)
    data.write_consolidated_metadata()


def _key(name: str) -> str:
    """Name of an element: only letters, digits, dots, hyphens and underscores are allowed."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("_.") or "image"


def _radius(enhancement: Enhancement) -> float:
    """Radius of the circles, full-resolution pixels: neighbours touch."""
    return 0.5 * enhancement.raster.lattice.spacing


def _transforms(
    scale: float, um_per_px: float | None, origin: tuple[float, float] = (0.0, 0.0)
) -> dict[str, Any]:
    """From pixels, of which ``scale`` are one full-resolution pixel, to the systems."""
    from spatialdata.transformations import BaseTransformation, Scale, Sequence, Translation

    axes = ("x", "y")

    def whole(unit: float) -> BaseTransformation:
        scaling = Scale([unit / scale] * 2, axes=axes)
        if not any(origin):
            return scaling
        return Sequence([scaling, Translation([unit * at for at in origin], axes=axes)])

    units = {PIXELS: 1.0} | ({} if um_per_px is None else {MICROMETRES: um_per_px})
    return {system: whole(unit) for system, unit in units.items()}


def _image(image: SectionImage, um_per_px: float | None) -> Any:
    """Image element; pixels of a large image are read piece by piece while it is written."""
    from dask import array as da
    from spatialdata.models import Image2DModel

    finest, blocks = image.levels[0], (CHUNK, CHUNK, -1)
    lazy = da.from_array(finest, blocks[: finest.ndim], name=False)  # type: ignore[no-untyped-call]
    planes = lazy[None] if finest.ndim == 2 else da.moveaxis(lazy, 2, 0)
    levels = max(int(np.ceil(np.log2(max(finest.shape[:2]) / BIG))), 0)
    return Image2DModel.parse(
        planes,
        dims=("c", "y", "x"),
        transformations=_transforms(image.scale, um_per_px, image.origin),
        scale_factors=[2] * levels or None,
        c_coords=["r", "g", "b", "a"][: len(planes)] if len(planes) > 2 else None,
    )
