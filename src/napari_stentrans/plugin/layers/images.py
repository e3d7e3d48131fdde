"""What a section looks like in napari: data, colours and transforms of its layers.

Nothing here touches a viewer, so it may run in a worker thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import Colormap, DirectLabelColormap
from scipy.ndimage import binary_erosion

from napari_stentrans.errors import StentransError
from napari_stentrans.export.colours import (
    ANNOTATION_COLOURS,
    LOST_COLOUR,
    ORIGIN_COLOURS,
    origins,
)
from napari_stentrans.factors import lognorm
from napari_stentrans.image_fit import warn_unreadable
from napari_stentrans.io.levels import SMALLEST_LEVEL, as_bytes, reduced
from napari_stentrans.plugin.layers.tags import TAG, Tag
from napari_stentrans.plugin.models.maps import Look, limits_of
from napari_stentrans.ranking import morans_i

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari.layers import Image as NapariImage
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.io.choices import Choice
    from napari_stentrans.plugin.layers.frame import Frame
    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section, SectionImage

    LayerData = tuple[Any, dict[str, Any], str]

BIG = 16_000_000
"""Images of more pixels are shown as pyramids."""
CANDIDATES = 20
"""Genes among which the first one to show is chosen."""
DULL = r"^(?i:mt-|rp[sl]\d|malat1$|ercc-)"
"""Genes that are abundant everywhere and show nothing of the tissue."""

FOUND_RANGE = (0.01, 0.99)
"""Quantiles of a map of an analysis that become the darkest and the brightest of its colours."""
REGIONS_OPACITY = 0.45
LOST_OPACITY = 0.6
"""Of the paint of lost regions, unless a person prefers another."""
ON_RASTER: dict[str, Any] = {"interpolation2d": "nearest"}
DIVERGING = Colormap(
    [(0.13, 0.40, 0.67), (0.97, 0.97, 0.97), (0.70, 0.09, 0.17)], name="difference"
)


@dataclass(frozen=True)
class Origin:
    """Where a section was read from, and what else there was to choose."""

    path: Path
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, eq=False)
class FirstLook:
    """What has to be computed before a section is shown; slow for large ones.

    Attributes
    ----------
    gene
        The gene to show first.
    pixels
        Tissue image, or the levels of its pyramid, or None.
    origin
        Where it was read from; None where it was not read from a file.
    """

    section: Section
    gene: str
    pixels: NDArray[np.generic] | list[NDArray[np.generic]] | None
    origin: Origin | None = None

    @classmethod
    def of(cls, section: Section) -> FirstLook:
        """Read the image, draw the raster and choose a gene.

        Warns
        -----
        StentransWarning
            When an image cannot be read; the next one is shown, if there is one.
        """
        section.raster.empty_nodes  # noqa: B018 - drawn here, and kept by the section
        pixels, images = _tissue(section)
        if images != section.images:
            section = section.with_images(images)
        return cls(section, first_gene(section), pixels)

    def layer_data(self, frame: Frame) -> list[LayerData]:
        """Layers of the tissue image, where there is one, and of the gene."""
        section, gene = self.section, self.gene
        tag = {"section": section, "gene": gene, "frame": frame, "origin": self.origin}
        limits = Look().limits_of(section, gene)
        values = section.gene_lognorm(gene)
        before = gene_layer("before", section.raster, values, frame, tag, limits)
        if self.pixels is None:
            return [before]
        return [image_layer(section, self.pixels, frame, tag), before]


def first_gene(section: Section) -> str:
    """Of the most expressed genes, the one whose map is the smoothest (highest Moran's I)."""
    totals = np.asarray(section.counts.sum(0)).ravel()
    dull = section.genes.str.contains(DULL, regex=True)
    at = np.argsort(np.where(dull, -1, totals), kind="stable")[::-1][:CANDIDATES]
    values = lognorm(section.counts[:, at], section.totals, section.median_total)
    return str(section.genes[at[morans_i(values, section.xy).argmax()]])


def set_limits(layer: NapariImage, limits: tuple[float, float]) -> None:
    """Set contrast limits, and let their slider reach as far as the values do."""
    if tuple(layer.contrast_limits) != limits:
        layer.contrast_limits = limits
    reach = (min(limits[0], 0.0), float(np.nanmax(layer.data, initial=limits[1])))
    if tuple(layer.contrast_limits_range) != reach:
        layer.contrast_limits_range = reach


def gene_layer(
    role: str,
    raster: SpotRaster,
    values: NDArray[np.floating],
    frame: Frame,
    tag: dict[str, Any],
    limits: tuple[float, float] | None = None,
    colormap: Any = Look.colormap,
) -> LayerData:
    """Layer of values (site,) of the gene ``tag["gene"]``; transparent where there is no site.

    Contrast limits come from the values where not given; those of a difference are symmetric.
    """
    low, top = limits or limits_of(np.abs(values))
    looks: dict[str, Any] = {"colormap": colormap}
    if role == "uncertainty":
        looks = {"colormap": "magma", "visible": False}
    elif role == "difference":
        low, looks = -top, {"colormap": DIVERGING}
    options = {**ON_RASTER, **looks, "contrast_limits": (low, top), "blending": "translucent"}
    place, name = frame.of_raster(raster), _name_of(role, tag)
    return _layer(role, raster.draw(values), place, tag, name, **options)


def overlay_layer(
    role: str, raster: SpotRaster, pixels: NDArray[np.uint8], frame: Frame, tag: dict[str, Any]
) -> LayerData:
    """Layer of genes laid over each other, ``pixels`` (row, column, 4)."""
    options = {**ON_RASTER, "rgb": True, "blending": "translucent"}
    return _layer(role, pixels, frame.of_raster(raster), tag, _name_of(role, tag), **options)


def lost_layer(section: Section, frame: Frame) -> LayerData:
    """Empty layer on the section's raster to paint lost regions on."""
    data, place = np.zeros(section.raster.shape, np.uint8), frame.of_raster(section.raster)
    options: dict[str, Any] = {"other": LOST_COLOUR, "opacity": LOST_OPACITY}
    return _labels("lost", data, place, section, "lost regions", {"lost": LOST_COLOUR}, **options)


def proposal_layer(section: Section, cells: ArrayLike, frame: Frame) -> LayerData:
    """Layer (row, column, 4) of places on the section's raster that may be lost.

    White with a black rim, which stands out from every map, tissue and theme. An image, since
    napari makes and removes those faster than labels.
    """
    cells = np.asarray(cells, bool)
    data = np.zeros((*cells.shape, 4), np.uint8)
    data[cells] = 255
    data[cells & ~binary_erosion(cells), :3] = 0
    place, tag = frame.of_raster(section.raster), {"section": section}
    return _layer("proposal", data, place, tag, "to be painted?", **ON_RASTER, rgb=True)


def regions_layer(section: Section, annotation: Annotation, frame: Frame) -> LayerData:
    """Layer of named regions on the section's raster; 0 where a spot lies in none."""
    codes = np.append(annotation.codes + 1, 0).astype(np.uint16)
    data, place = codes[section.raster.index], frame.of_raster(section.raster)
    named = dict(zip(annotation.names, cycle(ANNOTATION_COLOURS), strict=False))
    return _labels("regions", data, place, section, "named regions", named, opacity=REGIONS_OPACITY)


def provenance_layer(enhancement: Enhancement, frame: Frame) -> LayerData:
    """Layer that says where the value of each site comes from; 0 where there is no site."""
    raster, section = enhancement.raster, enhancement.section
    codes = np.append(origins(enhancement).astype(np.uint8) + 1, np.uint8(0))
    data, place, name = codes[raster.index], frame.of_raster(raster), "where values come from"
    options: dict[str, Any] = {"column": "value", "opacity": 1.0, "visible": False}
    return _labels("provenance", data, place, section, name, ORIGIN_COLOURS, **options)


def features_layer(section: Section, pixels: NDArray[np.uint8], frame: Frame) -> LayerData:
    """Layer of what the tissue image tells, ``pixels`` (row, column, 4) on the raster."""
    place, name = frame.of_raster(section.raster), "what the image tells"
    return _layer(
        "image_features", pixels, place, {"section": section}, name, **ON_RASTER, rgb=True
    )


def found_layer(
    section: Section, raster: SpotRaster, values: NDArray[np.floating], name: str, frame: Frame
) -> LayerData:
    """Layer of a map (site,) that an analysis found, such as a pattern."""
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, FOUND_RANGE).tolist() if len(known) else (0.0, 1.0)
    options: dict[str, Any] = {"colormap": Look.colormap, "blending": "translucent"}
    options["contrast_limits"] = (low, max(high, low + 1e-6))
    place, tag = frame.of_raster(raster), {"section": section}
    return _layer("found", raster.draw(values), place, tag, name, **ON_RASTER, **options)


def brush_of(raster: SpotRaster) -> int:
    """Brush size in raster pixels: two spots wide, or more where spots are tiny on screen."""
    spots = 2 * raster.lattice.spacing / raster.pixel
    return int(np.ceil(max(spots, max(raster.shape) / 60, 2)))


def _name_of(role: str, tag: dict[str, Any]) -> str:
    """Name of the layer of a gene: what it shows of it, or which run ``tag["called"]`` it is of."""
    plain = {"before": "measured", "after": "enhanced"}.get(role, role)
    called, gene = tag.get("called") or plain, shown_gene(tag)
    return f"{gene} {called}" if called == plain else f"{gene} in {called}"


def shown_gene(tag: Mapping[str, Any]) -> str:
    """What to call the genes that a layer shows; "" where it shows none."""
    genes = str(tag.get("gene", "")).split(" + ")
    return " + ".join(map(tag["section"].gene_label, genes))


def _layer(
    role: str,
    data: Any,
    place: dict[str, Any],
    tag: dict[str, Any],
    name: str,
    kind: str = "image",
    **options: Any,
) -> LayerData:
    metadata = {TAG: Tag(tag, role=role, name=name)}
    return data, {"name": name, "metadata": metadata, **place, **options}, kind


def _labels(
    role: str,
    data: NDArray[np.integer],
    place: dict[str, Any],
    section: Section,
    name: str,
    named: Mapping[str, str],
    *,
    other: str = "transparent",
    column: str = "region",
    **options: Any,
) -> LayerData:
    """Layer of labels, which are ``named`` from 1 on, each with its colour."""
    colours = dict(enumerate(named.values(), start=1))
    colormap = DirectLabelColormap(color_dict={None: other, 0: "transparent"} | colours)
    features = {"index": list(colours), column: list(named)}
    options |= {"colormap": colormap, "features": features}
    return _layer(role, data, place, {"section": section}, name, "labels", **options)


def image_layer(section: Section, pixels: Any, frame: Frame, tag: dict[str, Any]) -> LayerData:
    """Layer of the tissue image; ``pixels`` from ``shown_pixels``."""
    place, name = frame.of_image(section.images[0]), f"{section.name} image"
    return _layer("image", pixels, place, tag, name, **_kind_of(pixels))


def picture_layer(
    section: Section, name: str, pixels: Any, affine: NDArray[np.float64], frame: Frame
) -> LayerData:
    """Layer of a picture that is being laid below the spots; ``affine`` as in ``with_image``."""
    place, tag = frame.of_affine(affine), {"section": section}
    return _layer("picture", pixels, place, tag, name, **_kind_of(pixels))


def _kind_of(pixels: Any) -> dict[str, Any]:
    """Options for pixels, or for the levels of a pyramid."""
    levels = pixels if isinstance(pixels, list) else [pixels]
    return {"rgb": levels[0].ndim == 3, "multiscale": isinstance(pixels, list)}


def _tissue(section: Section) -> tuple[Any, tuple[SectionImage, ...]]:
    """Pixels of the first image that can be read, or None, and the images from there on."""
    for at, image in enumerate(section.images):
        try:
            return shown_pixels(image), section.images[at:]
        except (StentransError, OSError) as error:
            warn_unreadable(image, error)
    return None, ()


def shown_pixels(image: SectionImage) -> Any:
    """Pixels that napari can show, or the levels of a pyramid; ReadError for a broken file."""
    levels = list(image.levels)
    if len(levels) > 1:  # a large file, whose levels can be shown as they are
        return levels
    pixels = _displayable(levels[0])
    if pixels.shape[0] * pixels.shape[1] <= BIG:
        return pixels
    levels = [pixels]
    while max(levels[-1].shape[:2]) > SMALLEST_LEVEL:
        levels.append(reduced(levels[-1], 2))
    return levels


def _displayable(pixels: NDArray[Any]) -> NDArray[Any]:
    """Pixels that napari can show: (row, column), or (row, column, 3 or 4) of bytes."""
    if pixels.ndim == 3 and pixels.shape[2] == 2:  # grey and alpha
        pixels = pixels[..., 0]
    if pixels.dtype != bool and pixels.ndim == 2:
        return pixels
    return as_bytes(pixels)
