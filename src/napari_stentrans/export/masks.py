"""Masks of lost regions to files that ``read_mask`` reads back as they were."""

from __future__ import annotations

import csv
import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from PIL import Image
from scipy.spatial import cKDTree

from napari_stentrans.errors import MaskError, StentransWarning, WriteError
from napari_stentrans.export.files import beside, check_ending, check_place, target
from napari_stentrans.export.outlines import to_geojson
from napari_stentrans.io._shared import warn
from napari_stentrans.io.masks import LostMask, painted_to_lost, read_mask
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section

    Labels = NDArray[np.integer[Any]]

ENDINGS = (".geojson", ".csv", ".tif", ".tiff", ".png", ".npy")


def save_mask(
    section: Section,
    lost: LostMask | ArrayLike,
    path: str | Path,
    *,
    names: Mapping[int, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write lost regions.

    Parameters
    ----------
    section
        The section.
    lost
        (spot,) bool or labels, or (row, column) labels painted on ``section.raster``, or what
        ``read_mask`` gives. Every label but 0 is a region.
    path
        Where to write: outlines in full-resolution pixels, as QuPath has them (``.geojson``),
        barcodes and their regions (``.csv``), or labels on the section's raster (``.tif``,
        ``.png``, ``.npy``).
    names
        Names of the labels; "lost" and "lost 2", "lost 3", ... where not given.
    overwrite
        Replace a file that is there.

    Raises
    ------
    MaskError
        When ``lost`` does not fit the section, or nothing is marked.
    WriteError
        When the ending is another one, the file is there and may not be replaced, cannot hold
        the mask, or cannot be written. No half-written file is left.

    Warns
    -----
    StentransWarning
        When marked sites without a spot are left out, as in a list of barcodes.
    """
    path = target(path)
    ending = check_ending(path, ENDINGS, "A mask")
    check_place(path, overwrite=overwrite)
    regions = _Regions.of(section, lost)
    if not regions.spots.any() and not len(regions.sites):
        raise MaskError("Nothing is marked as lost: there is no mask to write.")
    with beside(path) as fresh:
        if ending == ".csv":
            _write_barcodes(fresh, section, regions.spots, names or {})
        elif ending == ".geojson":
            found = {int(n): region_name(int(n), names) for n in np.unique(regions.painted) if n}
            content = to_geojson(regions.painted, section.raster, found)
            fresh.write_text(json.dumps(content), encoding="utf-8")
        else:
            _write_image(fresh, ending, regions.painted, section)
        _check(path, fresh, section, regions)
    return path


def region_name(label: int, names: Mapping[int, str] | None = None) -> str:
    """Name of the region with a label: the given one, else "lost", "lost 2", "lost 3", ..."""
    return (names or {}).get(label) or ("lost" if label == 1 else f"lost {label}")


@dataclass(frozen=True, eq=False)
class _Regions:
    """Lost regions in every form.

    Attributes
    ----------
    spots
        (spot,) label of each spot, 0 where it is not lost.
    sites
        (site, 2) marked positions (x, y) without a spot, full-resolution pixels.
    painted
        (row, column) labels on the section's raster.
    """

    spots: Labels
    sites: NDArray[np.float64]
    painted: Labels

    @classmethod
    def of(cls, section: Section, lost: LostMask | ArrayLike) -> _Regions:
        """Bring what ``save_mask`` is given into every form."""
        raster = section.raster
        if isinstance(lost, LostMask):
            spots = _labels(lost.lost)
            painted = np.append(spots, np.uint8(0))[raster.index]
            painted[raster.paint_sites(lost.sites)] = 1
            return cls(spots, lost.sites, painted)
        labels = _labels(lost)
        if labels.shape == (section.n_spots,):
            painted = np.append(labels, labels.dtype.type(0))[raster.index]
            return cls(labels, np.empty((0, 2)), painted)
        if labels.shape != raster.shape:
            raise MaskError(
                f"A mask must have one label per spot, ({section.n_spots},), or the shape of the "
                f"map, {raster.shape}; got {labels.shape}."
            )
        mask = painted_to_lost(section, labels)
        return cls(np.where(mask.lost, _covering(labels, raster), 0), mask.sites, labels)


def _labels(lost: ArrayLike) -> Labels:
    """Whole numbers from 0 up, in the smallest type that holds them."""
    given = np.asarray(lost)
    if given.dtype == bool:
        return given.astype(np.uint8)
    if given.dtype.kind not in "iu" or (given.size and given.min() < 0):
        raise MaskError(
            f"A mask must hold True and False, or labels from 0 up; got {given.dtype} values"
            f"{f' down to {given.min()}' if given.size else ''}."
        )
    return given.astype(np.min_scalar_type(int(given.max(initial=0))))


def _covering(painted: Labels, raster: SpotRaster) -> Labels:
    """(spot,) the label that covers most of each spot's cell; 0 without any."""
    covering, most = np.zeros(raster.n_spots, painted.dtype), np.zeros(raster.n_spots, np.intp)
    for label in np.unique(painted[painted != 0]):
        cells = raster.index[(painted == label) & (raster.index >= 0)]
        covered = np.bincount(cells, minlength=raster.n_spots)
        more = covered > most
        covering[more], most[more] = label, covered[more]
    return covering


def _write_barcodes(path: Path, section: Section, spots: Labels, names: Mapping[int, str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("barcode", "region"))
        for spot in np.flatnonzero(spots):
            table.writerow((section.adata.obs_names[spot], region_name(int(spots[spot]), names)))


def _write_image(path: Path, ending: str, painted: Labels, section: Section) -> None:
    if ending == ".npy":
        np.save(path, painted, allow_pickle=False)
    elif ending == ".png":
        if painted.dtype.itemsize > 2:
            raise WriteError(
                f"A .png holds labels up to 65,535, got {painted.max():,}. Write .tif or .npy."
            )
        Image.fromarray(painted).save(path)
    else:
        raster = section.raster
        frame = {"origin_xy": raster.origin.tolist(), "pixel": raster.pixel}
        tifffile.imwrite(path, painted, compression="zlib", metadata=frame)


def _check(path: Path, fresh: Path, section: Section, regions: _Regions) -> None:
    """Read the file back: a mask that means other spots must not take its place."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StentransWarning)
            back = read_mask(fresh, section)
    except MaskError:
        back = LostMask(np.zeros(section.n_spots, bool), np.empty((0, 2)))
    wrong = int((back.lost != (regions.spots != 0)).sum())
    if wrong:
        raise WriteError(
            f"'{path.name}' cannot hold this mask: {wrong} of {some(section.n_spots, 'spot')} "
            "would be "
            "read back otherwise. Write another format, such as .csv (spots without sites between) "
            "or .tif."
        )
    left_out = len(regions.sites) - _in_common(regions.sites, back.sites, section)
    if left_out:
        warn(
            f"{left_out} of {len(regions.sites)} marked sites without a spot are not in "
            f"{path.name}. Write .tif or .geojson to keep those on the map."
        )


def _in_common(sites: NDArray[np.float64], others: NDArray[np.float64], section: Section) -> int:
    """How many of the sites (site, 2) are among the others."""
    if not len(sites) or not len(others):
        return 0
    distance, _ = cKDTree(others).query(sites)
    return int((distance < 1e-3 * section.lattice.spacing).sum())
