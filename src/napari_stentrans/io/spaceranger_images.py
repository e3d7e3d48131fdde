"""Tissue images of a Space Ranger run, and the scales that they have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import open_text, plain_suffix, reading, warn
from napari_stentrans.io.images import (
    IMAGE_SUFFIXES,
    image_problem,
    image_size,
    is_coloured,
    lazy_image,
)
from napari_stentrans.io.library_images import holds

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.io.spaceranger_files import Run
    from napari_stentrans.section import SectionImage

FULLRES = "fullres"
OTHER_IMAGES = (
    "detected_tissue",
    "cytassist",
    "aligned",
    "fiducial",
    "hires",
    "lowres",
    "mask",
    "label",
)
"""Words in the names of images that are not the one with full-resolution pixels."""
LEAST_SHARE = 0.1
"""Positions that span less of an image's side than this hardly belong to it."""


def scale_factors(run: Run) -> dict[str, float]:
    """Scale factors of the run; empty where it has none.

    Warns
    -----
    StentransWarning
        When the file is damaged.
    """
    path = run.pick("scalefactors_json.json", "scalefactors_json.json.gz")
    if path is None:
        return {}
    try:
        with reading(path), open_text(path) as file:
            factors = json.load(file)
            if not isinstance(factors, dict):
                raise ValueError("it holds no names with numbers")
    except ReadError as error:
        warn(f"Scales are not known: {error}")
        return {}
    return {
        str(key): float(value)
        for key, value in factors.items()
        if isinstance(value, int | float) and np.isfinite(value)
    }


def images_of(
    run: Run, factors: dict[str, float], xy: NDArray[np.float64]
) -> tuple[SectionImage, ...]:
    """Images of the run, the finest first: full resolution, hires and lowres.

    Parameters
    ----------
    run
        Where its files lie.
    factors
        Scale factors, which may be empty.
    xy
        (spot, 2) positions (x, y), full-resolution pixels: the full-resolution image holds them.

    Warns
    -----
    StentransWarning
        When an image is left out, or its scale was inferred.
    """
    fullres = _fullres(run, xy)
    known = {fullres: 1.0} if fullres else {}
    picked = {kind: _picked(run, kind) for kind in ("hires", "lowres")}
    paths = {kind: path for kind, path in picked.items() if path and _is_whole(path)}
    for kind, path in paths.items():
        if factors.get(f"tissue_{kind}_scalef", 0.0) > 0:
            known[path] = factors[f"tissue_{kind}_scalef"]
    images = [lazy_image(fullres, FULLRES)] if fullres else []
    for kind, path in paths.items():
        scale = known[path] if path in known else _inferred(path, known)
        if scale is not None:
            images.append(lazy_image(path, kind, scale))
    return tuple(images)


def _is_whole(path: Path) -> bool:
    """Whether an image can be read, as far as its file tells; else it is left out, with a word."""
    problem = image_problem(path)
    if problem:
        warn(f"The image {path.name} is left out: {problem}.")
    return not problem


def _picked(run: Run, kind: str) -> Path | None:
    """Find the image of a kind; the bins of Visium HD may leave it to the run's own folder."""
    names = [f"tissue_{kind}_image{s}{gz}" for gz in ("", ".gz") for s in IMAGE_SUFFIXES]
    found = run.pick(*names)
    if found is not None or run.shared:
        return found
    above = (folder / name for folder in run.folders for name in names)
    return next((path for path in above if path.is_file() or path.is_symlink()), None)


def _inferred(path: Path, known: dict[Path, float]) -> float | None:
    """Scale from the size of an image whose scale is known; None where there is none."""
    for other, scale in known.items():
        try:
            here, there = max(image_size(path)), max(image_size(other))
        except ReadError:
            continue
        found = scale * here / there
        warn(
            f"scalefactors_json.json does not give the scale of {path.name}; {found:.4g} was "
            f"inferred from the size of {other.name}."
        )
        return found
    warn(f"'{path.name}' is left out: scalefactors_json.json does not give its scale.")
    return None


def _fullres(run: Run, xy: NDArray[np.float64]) -> Path | None:
    """Find the image with full-resolution pixels, by its name or as the only one that fits."""
    images = [
        path
        for folder in run.folders
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not path.is_dir()
        and not any(word in path.name.lower() for word in OTHER_IMAGES)
        and (not run.shared or run.owns(path.name))
    ]
    for path in images:
        if FULLRES in path.name.lower():
            if not _is_whole(path):
                continue
            size = _size(path)
            if size is not None and holds(size, xy):
                return path
            warn(f"'{path.name}' is left out: the spots do not lie on its pixels.")
    fitting = [
        path
        for path in images
        if FULLRES not in path.name.lower() and _fits(path, xy) and _is_whole(path)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _fits(path: Path, xy: NDArray[np.float64]) -> bool:
    """Whether a file without a telling name is a colour image that the positions lie on."""
    size = None if plain_suffix(path) == ".png" else _size(path)
    if size is None or not holds(size, xy):
        return False
    return bool((np.ptp(xy, axis=0) >= LEAST_SHARE * np.array(size[::-1])).all()) and is_coloured(
        path
    )


def _size(path: Path) -> tuple[int, int] | None:
    try:
        return image_size(path)
    except ReadError:
        return None
