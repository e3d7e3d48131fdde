"""What the tissue image shows at sites: how much of each kind of texture lies around them.

Every pixel of the image, at a few dozen pixels to a spot spacing, is described by its stains and
their local mean and scatter at two scales. Clusters of such descriptions, found in this very image,
are its words (Sivic and Zisserman 2003: visual words); a site is described by the share of each
word within windows of two sizes. Nothing is learned from other images, so that any stain, and
fluorescence, will do. White background, pen and folds become words of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_stentrans.errors import ReadError
from napari_stentrans.image_fit import on_image, warn_unreadable, whole_images
from napari_stentrans.io.levels import as_bytes, reduced
from napari_stentrans.progress import Progress, Stage, Steps
from napari_stentrans.spacing import typical_spacing

if TYPE_CHECKING:
    from napari_stentrans.section import Section, SectionImage

Array = NDArray[np.float64]
FloatArray = NDArray[np.float32]

PER_SPACING, MOST_PIXELS = 64, 8_000_000
"""Pixels to a spacing that are looked at, and pixels of the whole image, at most."""
BLOCK = 4
"""Shares of words are kept for squares of so many pixels a side."""
WORDS, SAMPLE, SOFTNESS = 24, 20_000, 2.0
SCALES = (5, 13)
"""Sides, in pixels, of the squares in which stains are averaged around a pixel."""
BLANK = 1e-2
"""Least scatter of an optical density, or of a logarithm of light, that is more than rounding."""
BAND = 256
"""Rows that are worked on together; a multiple of BLOCK."""
WINDOWS = (0.25, 0.6)
"""Standard deviations, in spacings, of the windows around a site."""
DARK = 80
"""An image whose median is below this, of 255, is taken for fluorescence."""
STAINS = np.linalg.inv(np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]]))
"""Optical density -> haematoxylin, eosin, residual (Ruifrok and Johnston 2001)."""
USUAL, AROUND = 0.99, 8
"""Quantile of what measured spots differ by, and spots that tell of a place without image."""
PATCH, IN_PATCH, SUSPECT = 2.1, 40, 3.0
"""Spacings, and sites at most, around a site of a hole: where they are in the median so many times
as unlike measured spots as these are unlike each other, the image is damaged. Whole images of four
sections had .8 to 2.3 in holes, damaged ones of simulated sections 3.9 to 8."""
COMPONENTS = 24
"""Principal components of the description of sites that kriging is given."""


@dataclass(frozen=True, eq=False)
class TissueWords:
    """The words of one image.

    Attributes
    ----------
    shares
        (window, word, row, column) share of each word around a square, float16.
    pixels
        Full-resolution pixels to a side of a square.
    origin
        Full-resolution (x, y) of the image's corner.
    """

    shares: NDArray[np.float16]
    pixels: float
    origin: tuple[float, float] = (0.0, 0.0)

    def at(self, xy: Array) -> FloatArray:
        """(site, feature) at positions xy (site, 2), full-resolution pixels; NaN outside."""
        where = ((xy - self.origin)[:, ::-1].T + 0.5) / self.pixels - 0.5
        size = np.array(self.shares.shape[2:])[:, None]
        outside = ((where < -1) | (where > size)).any(0)  # the last square may be cut off
        maps = self.shares.reshape(-1, *self.shares.shape[2:])
        found = np.stack(
            [
                ndimage.map_coordinates(m.astype(np.float32), where, order=1, mode="nearest")
                for m in maps
            ],
            axis=1,
        )
        found = np.sqrt(np.maximum(found, 0))
        found[outside] = np.nan
        return np.asarray(found, np.float32)


_KNOWN: WeakKeyDictionary[SectionImage, TissueWords | None] = WeakKeyDictionary()


def tissue_words(section: Section) -> Steps[TissueWords | None]:
    """Find the words of a section's image, once; None where it has none that shows anything.

    Parts of a section share its image, and so its words. Images that no spot lies on, and those
    that cannot be read, tell nothing.

    Warns
    -----
    StentransWarning
        When an image cannot be read.
    """
    for image in images_of_spots(section):
        if image not in _KNOWN:
            try:
                _KNOWN[image] = yield from _words_of(image, section)
            except ReadError as error:  # found late, since large images stay in their file
                warn_unreadable(image, error)
                continue
        return _KNOWN[image]
    return None


def looked_at(section: Section) -> bool:
    """Whether an image of the section was read to find its words, however few they were."""
    return any(image in _KNOWN for image in section.images)


def images_of_spots(section: Section) -> list[SectionImage]:
    """Images that can be read and that spots lie on, the finest first."""
    images = [image for image in whole_images(section.images) if on_image(image, section.xy).any()]
    return sorted(images, key=lambda image: -image.size[0] * image.size[1])


def components(features: FloatArray) -> FloatArray:
    """Principal components (site, component) of features (site, feature), for linear kernels.

    Features are standardised first. The mean squared length of a row is 1; rows with a NaN are 0,
    which says nothing.
    """
    known = np.isfinite(features).all(1)
    scores = np.zeros((len(features), min(COMPONENTS, features.shape[1])), np.float32)
    if known.sum() < 2:
        return scores
    z = features[known].astype(float)
    z = (z - z.mean(0)) / np.maximum(z.std(0), 1e-6)
    left, singular, _ = np.linalg.svd(z, full_matrices=False)
    z = (left * singular)[:, : scores.shape[1]]
    length = np.sqrt((z**2).sum(1).mean())
    if length > 0:
        scores[known, : z.shape[1]] = z / length
    return scores


class Shown(NamedTuple):
    """What is shown at targets.

    Attributes
    ----------
    components
        (target, component).
    blind
        (target,) True where the image cannot be believed.
    """

    components: FloatArray
    blind: NDArray[np.bool_]


def filled(
    shown: FloatArray, xy: Array, measured: NDArray[np.bool_], *, spoilt: bool = True
) -> Shown:
    """Components (target, component) without those of an image that cannot be believed, and where.

    A site that looks like no measured spot (a bubble, a fold, pen) is farther from the nearest
    measured one, in components, than nearly all of these are from each other. Damage comes in
    patches: where the sites around are so in the median, if less, the image is not believed
    either, since what borders on damage looks like a bit of both. What such sites, and places
    without image, would show is told by the measured spots around; a prediction there had better
    be made without the image.

    Parameters
    ----------
    shown
        From ``components``; rows of zeros are not known.
    xy
        (target, 2) positions.
    measured
        (target,) True at measured spots, whose image is believed.
    spoilt
        Whether there may be damage; else only what is not known is told by the spots around.
    """
    known = shown.any(1)
    spots = np.flatnonzero(known & measured)
    if len(spots) < 2:
        return Shown(shown, np.asarray(~known))
    unlike, sites = np.asarray(~known), np.flatnonzero(~measured)
    if spoilt:
        unlike[sites] |= _strange(shown, xy, spots, sites)
    wanted = np.flatnonzero(unlike)
    far, near = cKDTree(xy[spots]).query(xy[wanted], range(1, min(AROUND, len(spots)) + 1))
    weight = 1 / np.maximum(far, 1e-9)
    weight /= weight.sum(1, keepdims=True)
    shown = shown.copy()
    shown[wanted] = np.einsum("ij,ijk->ik", weight, shown[spots][near])
    return Shown(shown, unlike)


def _strange(
    shown: FloatArray, xy: Array, spots: NDArray[np.intp], sites: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """(site,) True where a site, or the sites around it in the median, look like no spot."""
    looks = cKDTree(shown[spots])
    apart, unlike = looks.query(shown[spots], 2)[0][:, 1], looks.query(shown[sites])[0]
    around = _median_around(xy[sites], unlike, PATCH * typical_spacing(xy[spots]))
    patchy = around > SUSPECT * max(float(np.median(apart)), 1e-6)
    return np.asarray((unlike > np.quantile(apart, USUAL)) | patchy)


def _median_around(xy: Array, values: Array, reach: float) -> Array:
    """Median (site,) of values over the sites within reach, the site itself among them."""
    if not len(xy):
        return values
    k = min(IN_PATCH, len(xy))
    near = cKDTree(xy).query(xy, range(1, k + 1), distance_upper_bound=reach)[1]
    return np.asarray(np.nanmedian(np.append(values, np.nan)[near], axis=1))


def _words_of(image: SectionImage, section: Section) -> Steps[TissueWords | None]:
    from scipy.cluster.vq import kmeans2

    yield Progress(Stage.IMAGE, 0, 4)
    pixels, shrunk = working_copy(image, section.lattice.spacing)
    per_pixel = shrunk / image.scale  # full-resolution pixels to one of ours
    yield Progress(Stage.IMAGE, 1, 4)
    described = _describe(pixels)
    yield Progress(Stage.IMAGE, 2, 4)
    xy, spacing = (section.xy - image.origin) / per_pixel, section.lattice.spacing / per_pixel
    sample = _sample(described, xy, spacing)
    if len(sample) < SAMPLE // 10 or sample.std(0).max() < BLANK:  # beside the tissue, or blank
        return None
    middle, sd = sample.mean(0), np.maximum(sample.std(0), 1e-3)
    centres, _ = kmeans2((sample - middle) / sd, WORDS, iter=15, minit="++", seed=0)
    yield Progress(Stage.IMAGE, 3, 4)
    shares = _shares(described, middle, sd, centres)
    width = spacing / BLOCK
    blurred = [
        ndimage.gaussian_filter(shares, (0, window * width, window * width), truncate=2.5)
        for window in WINDOWS
    ]
    shown = np.stack(blurred).astype(np.float16)
    return TissueWords(shown, BLOCK * per_pixel, image.origin)


def _describe(pixels: NDArray[np.uint8]) -> NDArray[np.float16]:
    """(row, column, number) stains of every pixel, their mean and scatter around it."""
    fluorescent = float(np.median(pixels[::8, ::8])) < DARK
    margin, parts = max(SCALES), []
    for top in range(0, len(pixels), BAND):
        start = max(top - margin, 0)
        band = _stains(pixels[start : top + BAND + margin], fluorescent=fluorescent)
        numbers = [*band]
        for side in SCALES:
            means = [ndimage.uniform_filter(stain, side) for stain in band]
            squares = [ndimage.uniform_filter(stain**2, side) for stain in band[:2]]
            numbers += means
            numbers += [
                np.sqrt(np.maximum(square - mean**2, 0))
                for square, mean in zip(squares, means, strict=False)
            ]
        inner = slice(top - start, top - start + BAND)
        parts.append(np.stack(numbers, -1)[inner].astype(np.float16))
    return np.concatenate(parts)


def _stains(pixels: NDArray[np.uint8], *, fluorescent: bool) -> list[FloatArray]:
    """Maps (row, column) of each stain: logarithms of light, or of the light that is missing."""
    channels = pixels.astype(np.float32)
    if fluorescent:
        return list(np.moveaxis(np.log1p(channels / 16), -1, 0))
    density = -np.log((channels + 8) / 263)
    if density.shape[-1] == len(STAINS):
        density = density @ STAINS.astype(np.float32)
    return list(np.moveaxis(density, -1, 0))


def _sample(described: NDArray[np.float16], xy: Array, spacing: float) -> Array:
    """Descriptions (sample, number) of pixels drawn at random around the spots."""
    rng = np.random.default_rng(0)
    where = xy[rng.integers(len(xy), size=SAMPLE), ::-1]
    where = np.floor(where + rng.uniform(-0.5, 0.5, where.shape) * spacing).astype(int)
    inside = ((where >= 0) & (where < described.shape[:2])).all(1)
    return described[tuple(where[inside].T)].astype(float)


def _shares(described: NDArray[np.float16], middle: Array, sd: Array, centres: Array) -> FloatArray:
    """(word, row, column) share of each word in squares of BLOCK pixels."""
    import torch

    rows, columns = (n // BLOCK for n in described.shape[:2])
    to = torch.from_numpy(centres.astype(np.float32))
    shares = np.empty((WORDS, rows, columns), np.float32)
    step = BAND // BLOCK
    for top in range(0, rows, step):
        band = described[top * BLOCK : min(top + step, rows) * BLOCK, : columns * BLOCK]
        z = ((band - middle.astype(np.float32)) / sd.astype(np.float32)).astype(np.float32)
        far = torch.cdist(torch.from_numpy(z.reshape(-1, z.shape[-1])), to)
        soft = torch.softmax(-SOFTNESS * far, 1).numpy()
        soft = soft.reshape(-1, BLOCK, columns, BLOCK, WORDS).mean((1, 3))
        shares[:, top : top + step] = np.moveaxis(soft, -1, 0)
    return shares


def working_copy(
    image: SectionImage, spacing: float, per_spacing: float = PER_SPACING
) -> tuple[NDArray[np.uint8], float]:
    """Pixels (row, column, channel) as bytes at a convenient size, and image pixels to one of them.

    ``spacing`` of the spots is in full-resolution pixels; so many pixels to one are wanted.
    """
    finest = image.levels[0]
    wanted = max(
        spacing * image.scale / per_spacing,
        np.sqrt(finest.shape[0] * finest.shape[1] / MOST_PIXELS),
        1.0,
    )
    level = finest
    for other in image.levels[1:]:
        if finest.shape[0] / other.shape[0] <= wanted * 1.01:
            level = other
    already = finest.shape[0] / level.shape[0]
    factor = max(round(wanted / already), 1)
    small = reduced(level, factor) if factor > 1 else np.asarray(level)
    small = as_bytes(small)
    if small.ndim == 3 and small.shape[2] in (2, 4):  # the last one says how opaque it is
        small = small[..., :-1]
    return small if small.ndim == 3 else small[..., None], already * factor
