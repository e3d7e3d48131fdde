"""What the package spatialdata reads of a store: its elements, and the image to show."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import reading, repeated_names_allowed, warn
from napari_stentrans.section_image import SectionImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MOST_PIXELS = 6000
"""An image is shown at the finest scale that has no more pixels than this along a side."""
REMEDY = "Expected a SpatialData store that is whole: write or copy it again."


@contextmanager
def foreign(path: Path) -> Iterator[None]:
    """Turn what the packages below raise into ReadError, and keep their advice to themselves."""
    with reading(path, REMEDY), repeated_names_allowed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def opened(path: Path, kinds: set[str], damaged: Literal["error", "warn"] = "error") -> Any:
    """Elements of some kinds; those that are damaged are left out, if that is "warn"."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import spatialdata
        except ImportError as error:
            raise ReadError(
                f"'{path}' is a SpatialData store, which needs the package spatialdata: "
                'pip install "napari-stentrans[spatialdata]"'
            ) from error
    with foreign(path):
        return spatialdata.read_zarr(path, selection=tuple(kinds), on_bad_files=damaged)


def whole_image(
    path: Path, names: Iterable[str | None], system: str | None
) -> tuple[NDArray[np.float64], list[SectionImage]]:
    """What ``_image`` gives for the first that can be read; for none, the frame without images."""
    wanted = [name for name in names if name is not None]
    if not wanted:
        return np.eye(3), []
    try:
        data = opened(path, {"images"}, damaged="warn")
    except ReadError as error:
        warn(f"The images are left out: {error}")
        return np.eye(3), []
    for name in wanted:
        try:
            with foreign(path / "images" / name):
                return _image(data, name, system)
        except ReadError as error:
            warn(f"The image {name!r} is left out: {error}")
    return np.eye(3), []


def _image(
    data: Any, name: str, system: str | None
) -> tuple[NDArray[np.float64], list[SectionImage]]:
    """(3, 3) affine from the system to the frame of the positions, and the image to show."""
    from spatialdata.transformations import get_transformation

    if name not in data.images:
        raise ReadError("it is damaged. Write or copy the store again.")
    transform = get_transformation(data.images[name], system)
    affine = transform.to_affine_matrix(("x", "y"), ("x", "y"))
    pixels, shrunk = _scale_to_show(data.images[name])
    load, size = partial(_pixels, pixels), (pixels.sizes["y"], pixels.sizes["x"])
    if np.allclose(affine, np.diag([affine[0, 0], affine[0, 0], 1])) and affine[0, 0] > 0:
        return np.eye(3), [SectionImage(name, load, float(shrunk / affine[0, 0]), header=size)]
    return np.linalg.inv(affine), [SectionImage(name, load, shrunk, header=size)]


def _scale_to_show(image: Any) -> tuple[Any, float]:
    """Finest array (c, y, x) that is small enough, and its pixels per pixel of the finest."""
    scales = [image]
    if hasattr(image, "children") and image.children:
        scales = [next(iter(scale.data_vars.values())) for scale in image.children.values()]
    finest = scales[0].sizes
    small = [s for s in scales if max(s.sizes["y"], s.sizes["x"]) <= MOST_PIXELS]
    pixels = small[0] if small else scales[-1]
    step = -(-max(pixels.sizes["y"], pixels.sizes["x"]) // MOST_PIXELS)
    shrunk = pixels.sizes["x"] / finest["x"] / step
    return pixels[:, ::step, ::step], shrunk


def _pixels(pixels: Any) -> NDArray[np.generic]:
    """(row, column) of the first channel, or (row, column, 3 or 4) of colours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = np.asarray(pixels.transpose("y", "x", "c").data)
    return data if data.shape[2] in (3, 4) else data[..., 0]
