"""What the tissue image shows at sites: how much of each kind of texture lies around them.

Every pixel of the image, at a few dozen pixels to a spot spacing, is described by its stains and
their local mean and scatter at two scales. Clusters of such descriptions, found in this very image,
are its words (Sivic and Zisserman 2003: visual words); a site is described by the share of each
word within windows of two sizes. Nothing is learned from other images, so that any stain, and
fluorescence, will do. White background, pen and folds become words of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_stentrans.errors import ReadError
from napari_stentrans.image_fit import on_image, warn_unreadable, whole_images
from napari_stentrans.io.levels import working_copy
from napari_stentrans.progress import Progress, Stage, Steps

if TYPE_CHECKING:
    from napari_stentrans.section import Section, SectionImage

Array = NDArray[np.float64]
FloatArray = NDArray[np.float32]

PER_SPACING = 64
"""Pixels to a spacing that are looked at."""
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


def _words_of(image: SectionImage, section: Section) -> Steps[TissueWords | None]:
    from scipy.cluster.vq import kmeans2

    yield Progress(Stage.IMAGE, 0, 4)
    pixels, shrunk = working_copy(image, section.lattice.spacing, PER_SPACING)
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
