"""Maps of chosen genes as OME-TIFF (``.ome.tif``): one channel per gene, in its physical size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from napari_stentrans.progress import Progress, Steps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.raster import SpotRaster

    Plane = NDArray[np.float32]

LARGE = 1024
"""Maps with a longer side have a pyramid, down to half of this."""
TILE = 256
CLASSIC = 2**31
"""Files that may grow larger than this are BigTIFF."""


def write_steps(
    enhancement: Enhancement, path: Path, genes: list[str] | None, *, std: bool
) -> Steps[None]:
    """Write log-normalised maps on the raster of the result, NaN where there is no site.

    ``std`` adds a channel ``GENE (std)`` after each gene.
    """
    raster, names = enhancement.raster, enhancement.names(genes)
    channels = [c for g in names for c in ((g, f"{g} (std)") if std else (g,))]
    description: bytes | None = _ome_xml(enhancement, channels)
    big = len(channels) * raster.index.size * 4 * 4 / 3 > CLASSIC
    with tifffile.TiffWriter(path, bigtiff=big) as tiff:
        for done, name in enumerate(names):
            yield Progress("writing maps", done, len(names))
            for values in enhancement.gene(name)[: 1 + std]:
                _write_plane(tiff, raster.draw(values), description)
                description = None  # it stands on the first page only


def _write_plane(tiff: tifffile.TiffWriter, plane: Plane, description: bytes | None) -> None:
    """Write one channel, the levels of its pyramid behind it."""
    levels = _pyramid(plane)
    options: dict[str, Any] = {"compression": "zlib", "photometric": "minisblack"}
    if len(levels) > 1:
        options["tile"] = (TILE, TILE)
    tiff.write(
        levels[0], description=description, metadata=None, subifds=len(levels) - 1, **options
    )
    for level in levels[1:]:
        tiff.write(level, metadata=None, subfiletype=1, **options)


def _pyramid(plane: Plane) -> list[Plane]:
    levels = [plane]
    while max(plane.shape) > LARGE and max(levels[-1].shape) > LARGE // 2:
        levels.append(_halved(levels[-1]))
    return levels


def _halved(plane: Plane) -> Plane:
    """Means of 2 x 2 pixels; NaN pixels take no part, an odd last row or column is left out."""
    rows, columns = (max(side // 2, 1) for side in plane.shape)
    parts = plane[: 2 * rows, : 2 * columns]
    parts = np.stack([parts[i::2, j::2] for i in (0, 1) for j in (0, 1) if parts[i::2, j::2].size])
    known = np.isfinite(parts)
    number = known.sum(0)
    total = np.where(known, parts, 0).sum(0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan).astype(np.float32)


def _ome_xml(enhancement: Enhancement, channels: list[str]) -> bytes:
    """Names of the channels, size of a pixel and place of the first one."""
    raster, um = enhancement.raster, enhancement.section.um_per_px
    unit, per_px = ("pixel", 1.0) if um is None else ("µm", um)
    size, (x, y) = raster.pixel * per_px, raster.origin * per_px
    n = len(channels)
    rows, columns = raster.shape
    xml = tifffile.OmeXml(Creator="napari-stentrans")
    xml.addimage(
        np.float32,
        (n, rows, columns),
        (n, 1, 1, rows, columns, 1),
        axes="CYX",
        Name=f"{enhancement.section.name}, enhanced",
        Description="Log-normalised expression; NaN where there is no site.",
        PhysicalSizeX=size,
        PhysicalSizeXUnit=unit,
        PhysicalSizeY=size,
        PhysicalSizeYUnit=unit,
        Channel={"Name": channels},
        Plane={
            "PositionX": [x] * n,
            "PositionXUnit": [unit] * n,
            "PositionY": [y] * n,
            "PositionYUnit": [unit] * n,
        },
        MapAnnotation=_frame(raster),
    )
    return xml.tostring().encode()


def _frame(raster: SpotRaster) -> dict[str, float]:
    """How the raster lies in full-resolution pixels."""
    return {
        "full-resolution pixels per pixel": raster.pixel,
        "x of the first pixel's centre, full-resolution pixels": float(raster.origin[0]),
        "y of the first pixel's centre, full-resolution pixels": float(raster.origin[1]),
    }
