"""A picture of the simulated organ that looks like a section stained with H&E."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_stentrans.simulate.tissue import DOMAINS, PX_PER_UM, Array, Tissue

Pixels = NDArray[np.float32]

LONG_SIDE = 1600
"""Pixels of the picture's longer side."""
FINEST = 0.5
"""Picture pixels per full-resolution pixel, at most."""
NUCLEUS_UM = 3.2
"""Standard deviation of a nucleus' blot."""
CROSSING_UM = 9.0
"""How far cells stray over the border of their domain."""
COARSE = 3
"""The anatomy is looked up at every third pixel."""
EDGE = 0.5
"""The organ reaches this far beyond its outline, in spacings, so that spots lie on tissue."""
HAEMATOXYLIN = np.array([0.64, 0.72, 0.27], np.float32)
EOSIN = np.array([0.12, 0.92, 0.4], np.float32)
"""Absorption of red, green and blue (Ruifrok and Johnston, 2001)."""


class Stains(NamedTuple):
    """Amounts (row, column) of dye and share of a pixel that is tissue, 0 to 1."""

    haematoxylin: Pixels
    eosin: Pixels
    tissue: Pixels


def scale_of(tissue: Tissue) -> float:
    """Picture pixels per full-resolution pixel."""
    return float(min(FINEST, LONG_SIDE / tissue.extent.max()))


def picture(tissue: Tissue, rng: np.random.Generator, *, artefacts: bool) -> NDArray[np.uint8]:
    """Return the picture (row, column, 3); with its fold and bubble when ``artefacts``."""
    scale = scale_of(tissue)
    columns, rows = np.ceil(tissue.extent * scale).astype(int)
    stains = _stain(tissue, rng, (rows, columns), scale)
    if artefacts:
        stains = _folded(stains, tissue, scale)
    haematoxylin, eosin, cover = stains
    haze = (
        0.035
        + 0.012 * _noise(rng, (rows, columns), 250)
        + 0.008 * rng.random((rows, columns), np.float32)
    )
    if artefacts:
        cover, haze = _under_bubble(cover, haze, tissue, scale)
    density = (cover * haematoxylin)[..., None] * HAEMATOXYLIN
    density += (cover * eosin)[..., None] * EOSIN
    density += haze[..., None]
    return np.asarray(np.clip(255 * np.exp(-density), 0, 255).astype(np.uint8))


def _stain(
    tissue: Tissue, rng: np.random.Generator, shape: tuple[int, int], scale: float
) -> Stains:
    """Dye of flat tissue: fibres of eosin, blots of nuclei as dense as each domain has them."""
    px_um = 1 / (scale * PX_PER_UM)
    u = _units(tissue, shape, scale, COARSE)
    coarse = u.shape[:2]
    level = _enlarge(tissue.level(u.reshape(-1, 2)).reshape(coarse), shape)
    codes = _crossed(tissue.domains(u.reshape(-1, 2)).reshape(coarse), rng, shape, px_um)
    looks = np.array(list(DOMAINS.values()), np.float32)
    patches = _noise(rng, shape, 60 / px_um)
    per_px = looks[codes, 0] * np.exp(0.25 * patches) * (px_um / 100) ** 2
    blots = rng.poisson(per_px).astype(np.float32)
    blur = NUCLEUS_UM / px_um
    nuclei = ndimage.gaussian_filter(blots, blur) * (2 * np.pi * NUCLEUS_UM**2 / px_um**2)
    fibres = _fibres(tissue, rng, u, shape)
    fine = _noise(rng, shape, 0.8)
    streaks = 0.3 * looks[codes, 2] * fibres
    eosin = 0.4 * looks[codes, 1] * np.exp(streaks + 0.14 * fine + 0.1 * patches)
    haematoxylin = 0.75 * np.minimum(nuclei, 1.9) + 0.15 * looks[codes, 0] / 40
    rim = 1 + EDGE * tissue.pitch / tissue.radius
    ragged = 0.004 * _noise(rng, shape, 25 / px_um) + 0.0025 * fine
    cover = np.clip((rim - level + ragged) * tissue.radius * scale / 2 + 0.5, 0, 1)
    cover *= 1 - _vessels(rng, shape, px_um)
    return Stains(haematoxylin, eosin, cover.astype(np.float32))


def _crossed(
    codes: NDArray[np.int8], rng: np.random.Generator, shape: tuple[int, int], px_um: float
) -> NDArray[np.int8]:
    """Domains (row, column) with borders that single cells cross: pixels look a few um away."""
    where = []
    for axis, (n, n_coarse) in enumerate(zip(shape, codes.shape, strict=True)):
        at = np.arange(n, dtype=np.float32) / COARSE
        away = rng.standard_normal(shape, np.float32) * (CROSSING_UM / px_um / COARSE)
        away += np.expand_dims(at, 1 - axis) + 0.5
        where.append(np.clip(away, 0, n_coarse - 1).astype(np.int32))
    return np.asarray(codes[where[0], where[1]])


def _fibres(tissue: Tissue, rng: np.random.Generator, u: Array, shape: tuple[int, int]) -> Pixels:
    """Streaks (row, column) of unit variance that run along the layers."""
    size = 1024
    streaks = ndimage.gaussian_filter(
        rng.normal(size=(size, size)).astype(np.float32), (14, 1.6), mode="wrap"
    )
    streaks /= streaks.std()
    flat = u.reshape(-1, 2)
    sway = 0.06 * tissue.patchy(flat)
    along = 60 * np.arctan2(flat[:, 1], flat[:, 0]) * 6 + 300 * sway
    across = 420 * (tissue.level(flat) + sway)
    found = streaks[along.astype(int) % size, across.astype(int) % size]
    return _enlarge(found.reshape(u.shape[:2]), shape)


def _vessels(rng: np.random.Generator, shape: tuple[int, int], px_um: float) -> Pixels:
    """Share (row, column) of each pixel that is an empty vessel; about six per square mm."""
    field = np.zeros(shape, np.float32)
    for _ in range(rng.poisson(6e-6 * shape[0] * shape[1] * px_um**2)):
        radius = rng.gamma(4, 3.5) / px_um
        row, column = rng.uniform(0, shape)
        reach = int(2 * radius) + 2
        low_r, low_c = max(0, int(row) - reach), max(0, int(column) - reach)
        window = field[low_r : int(row) + reach, low_c : int(column) + reach]
        y, x = np.indices(window.shape)
        y, x = y + low_r - row, x + low_c - column
        turn, squeeze = rng.uniform(0, np.pi), rng.uniform(1, 1.9)
        long = (x * np.cos(turn) + y * np.sin(turn)) / squeeze
        wide = y * np.cos(turn) - x * np.sin(turn)
        np.maximum(window, np.clip(radius - np.hypot(long, wide) + 0.5, 0, 1), out=window)
    return field


def _folded(stains: Stains, tissue: Tissue, scale: float) -> Stains:
    """In the fold two sheets lie on each other, so their dyes add up."""
    rows, columns, u, offset = _in_fold(stains, tissue, scale)
    sheets = []
    for side in tissue.fold_sides(u):
        x, y = (tissue.xy(side) * scale).T
        sheets.append([ndimage.map_coordinates(s, [y, x], order=1) for s in stains])
    shade = 1 + 0.5 * np.abs(offset) ** 3  # the crease is darkest at its edges
    folded = Stains(*(s.copy() for s in stains))
    here = (rows, columns)
    cover = np.maximum(sheets[0][2], sheets[1][2])
    both = np.maximum(cover, 1e-6)
    for dye in (0, 1):
        total = sheets[0][dye] * sheets[0][2] + sheets[1][dye] * sheets[1][2]
        folded[dye][here] = shade * total / both
    folded.tissue[here] = cover
    return folded


def _in_fold(
    stains: Stains, tissue: Tissue, scale: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array]:
    """Rows, columns, unit coordinates and offsets from the middle line of pixels in the fold."""
    band = tissue.fold
    ends = band.middle + np.linspace(-1, 1, 9) * band.half_length / band.radius
    curve = band.centre + band.radius * np.column_stack([np.cos(ends), np.sin(ends)])
    low = tissue.xy(curve.min(0) - band.half_width) * scale
    high = tissue.xy(curve.max(0) + band.half_width) * scale
    shape = np.array(stains.tissue.shape)[::-1]
    (x0, y0), (x1, y1) = (np.clip(edge, 0, shape).astype(int) for edge in (low, high + 1))
    rows, columns = (a.ravel() for a in np.mgrid[y0:y1, x0:x1])
    u = tissue.unit(np.column_stack([columns, rows]) / scale)
    offset, _ = band.across(u)
    inside = np.abs(offset) < 1
    return rows[inside], columns[inside], u[inside], offset[inside]


def _under_bubble(
    cover: Pixels, haze: Pixels, tissue: Tissue, scale: float
) -> tuple[Pixels, Pixels]:
    """Air under the glass: little dye is seen, and the rim shines, with a dark line around."""
    u = _units(tissue, (cover.shape[0], cover.shape[1]), scale, step=1)
    distance = tissue.bubble.distance(u.reshape(-1, 2)).reshape(cover.shape).astype(np.float32)
    inside = distance < 1
    pale = np.where(inside, 0.22 + 0.1 * distance**4, 1)
    rim = np.exp(-(((distance - 0.96) / 0.03) ** 2))
    line = np.exp(-(((distance - 1.02) / 0.012) ** 2))
    return cover * pale * (1 - 0.95 * rim), haze * (1 - rim) + 0.45 * line


def _units(tissue: Tissue, shape: tuple[int, int], scale: float, step: int) -> Array:
    """(row, column, 2) unit coordinates of every ``step``-th pixel."""
    rows, columns = np.arange(0, shape[0], step), np.arange(0, shape[1], step)
    x, y = (tissue.unit(np.column_stack([axis, axis]) / scale).T for axis in (columns, rows))
    return np.stack(np.meshgrid(x[0], y[1]), axis=-1)


def _noise(rng: np.random.Generator, shape: tuple[int, int], blur: float) -> Pixels:
    """Smooth noise (row, column), unit variance, blurred over ``blur`` pixels."""
    coarse = max(1, int(blur / 2))
    small = tuple(max(4, -(-n // coarse)) for n in shape)
    noise = rng.standard_normal(small, np.float32)
    noise = ndimage.gaussian_filter(noise, blur / coarse, mode="wrap")
    noise /= max(float(noise.std()), 1e-6)
    return noise if coarse == 1 else _enlarge(noise, shape)


def _enlarge(values: NDArray[np.floating], shape: tuple[int, int]) -> Pixels:
    """Bilinear enlargement of values (row, column) to a shape."""
    if values.shape == shape:
        return values.astype(np.float32)
    rows, columns = (np.linspace(0, n - 1, m) for n, m in zip(values.shape, shape, strict=True))
    r, c = (
        np.minimum(rows.astype(int), values.shape[0] - 2),
        np.minimum(columns.astype(int), values.shape[1] - 2),
    )
    values = values.astype(np.float32)
    down, right = (rows - r).astype(np.float32)[:, None], (columns - c).astype(np.float32)
    tall = values[r] * (1 - down) + values[r + 1] * down
    return np.asarray(tall[:, c] * (1 - right) + tall[:, c + 1] * right)
