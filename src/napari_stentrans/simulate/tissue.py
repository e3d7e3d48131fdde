"""The simulated organ: its outline, domains, expression programmes and artefacts, anywhere.

Everything is a function of position, made from a seed, so the truth is known between the
spots and under an artefact too. Unit coordinates ``u`` are (x, y) from the middle of the
organ, in radii; positions ``xy`` are full-resolution pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stentrans.library_record import VISIUM_PITCH_UM

Array = NDArray[np.float64]
LatticeKind = Literal["hex", "square"]

PX_PER_UM = 1.4
"""Full-resolution pixels per micrometre."""
PITCH_UM: dict[LatticeKind, float] = {"hex": VISIUM_PITCH_UM, "square": 200.0}
"""Distance between spot centres: 10x Visium, and legacy Spatial Transcriptomics."""
MARGIN_UM = 450.0
"""Glass around the organ."""


class Stain(NamedTuple):
    """What a domain looks like."""

    nuclei: float
    """Cell nuclei per 100 um square."""
    eosin: float
    """Amount of eosin, 1 as in stroma."""
    fibres: float
    """How streaked it is, 0 to 1."""


DOMAINS = {
    "layer1": Stain(7, 0.7, 0.5),
    "layer2": Stain(62, 0.85, 0.1),
    "layer3": Stain(17, 0.9, 0.25),
    "layer4": Stain(40, 0.8, 0.15),
    "tract": Stain(9, 1.45, 1.0),
    "core1": Stain(24, 0.95, 0.3),
    "core2": Stain(36, 0.75, 0.1),
    "core3": Stain(13, 1.15, 0.6),
    "arc": Stain(130, 0.8, 0.0),
    "nodule": Stain(95, 0.6, 0.0),
}
"""The domains from the surface inwards, then the small structures."""
BORDERS = (0.16, 0.36, 0.62, 0.84, 1.0)
"""Where layer1 to layer4 and the tract end, as shares of the thickness of the cortex."""
GRADIENTS = ("across", "along", "patchy")
HOT_SPOTS = ("hot1", "hot2")
PROGRAMMES = (*DOMAINS, *GRADIENTS, *HOT_SPOTS)
"""Latent programmes: one per domain (0 or 1), gradients (about -1 to 1), hot spots (0 to 1)."""


@dataclass(frozen=True)
class Waves:
    """A smooth random field of zero mean and unit variance: a sum of plane waves.

    Attributes
    ----------
    frequency
        (wave, 2) in radians per unit; ``phase`` (wave,) in radians.
    """

    frequency: Array
    phase: Array

    @classmethod
    def draw(cls, rng: np.random.Generator, length: float, n: int = 12) -> Waves:
        """Random waves whose field changes over about ``length`` units."""
        return cls(rng.normal(0, 1 / length, (n, 2)), rng.uniform(0, 2 * np.pi, n))

    def __call__(self, u: Array) -> Array:
        """Return the field (site,) at unit coordinates u (site, 2)."""
        field = np.zeros(len(u))
        for (fx, fy), phase in zip(self.frequency, self.phase, strict=True):
            field += np.cos(u[:, 0] * fx + u[:, 1] * fy + phase)
        return np.asarray(field * np.sqrt(2 / len(self.phase)))


@dataclass(frozen=True)
class Band:
    """A band along an arc of a circle, widest in its middle: a fold. All in units."""

    centre: Array
    radius: float
    middle: float
    """Angle at which the middle of the band is seen from the centre, radians."""
    half_length: float
    half_width: float

    def across(self, u: Array) -> tuple[Array, Array]:
        """Signed distance (site,) from the middle line in half-widths, and normals (site, 2).

        Sites with a distance between -1 and 1 lie in the band; infinite beyond its ends.
        """
        arm = u - self.centre
        distance = np.hypot(*arm.T)
        angle = np.angle((arm @ [1, 1j]) * np.exp(-1j * self.middle))
        along = angle * self.radius / self.half_length
        width = self.half_width * np.sqrt(np.clip(1 - along**2, 1e-12, 1))
        middle = self.radius + 0.25 * self.half_width * np.sin(6 * along)
        offset = np.where(np.abs(along) < 1, (distance - middle) / width, np.inf)
        return offset, arm / np.maximum(distance, 1e-12)[:, None]


@dataclass(frozen=True)
class Disc:
    """A round place: a bubble, a nodule, a hot spot. All in units."""

    centre: Array
    radius: float

    def distance(self, u: Array) -> Array:
        """Distance (site,) from the centre, in radii."""
        return np.asarray(np.hypot(*(u - self.centre).T) / self.radius)


@dataclass(frozen=True, eq=False)
class Tissue:
    """One organ. Make it with ``Tissue.of``; equal arguments give an equal organ.

    Attributes
    ----------
    pitch
        Distance between spot centres, full-resolution pixels.
    radius
        Full-resolution pixels per unit.
    notch, ripple
        Shape of the outline: angle of the dent, and phases of the harmonics 2, 3, ...
    thick
        Angle at which the cortex is thickest, radians.
    wobble, patchy, library
        Fields: of the borders, of the programme "patchy", of the library size.
    """

    pitch: float
    radius: float
    notch: float
    ripple: Array
    thick: float
    wobble: Waves
    patchy: Waves
    library: Waves
    cores: Array
    arc: Band
    nodules: tuple[Disc, ...]
    hot: tuple[tuple[Disc, ...], ...]
    fold: Band
    bubble: Disc

    @classmethod
    def of(cls, seed: int, n_spots: int, lattice: LatticeKind) -> Tissue:
        """Make the organ of this seed, large enough for ``n_spots`` spots."""
        rng = np.random.default_rng([seed, 0])
        pitch = PITCH_UM[lattice] * PX_PER_UM
        notch, ripple = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi, 5)
        angle = np.linspace(0, 2 * np.pi, 3600, endpoint=False)
        area = np.pi * float(np.mean(_outline(angle, notch, ripple) ** 2))
        cell = pitch**2 * (3**0.5 / 2 if lattice == "hex" else 1)
        radius = float(np.sqrt(n_spots * cell / area))
        step = pitch / radius

        place, discs = partial(_place, notch, ripple), partial(_discs, rng, notch, ripple, step)
        arc = Band(rng.uniform(-0.06, 0.06, 2), 0.23, rng.uniform(0, 6), 0.5, max(0.04, step / 2))
        bad = notch + rng.choice([-1, 1]) * rng.uniform(0.9, 1.4)  # the fold keeps off the dent
        tilt = bad + rng.uniform(0.2, 0.5) * rng.choice([-1, 1])
        bend = np.array([-np.sin(tilt), np.cos(tilt)])
        middle, width = place(bad, 0.72) - 0.9 * bend, max(0.055, 0.8 * step)
        fold = Band(middle, 0.9, tilt + np.pi / 2, 0.42, width)
        bubble = Disc(place(bad + np.pi + rng.uniform(-0.5, 0.5), 0.58), max(0.16, 0.9 * step))
        spin = rng.uniform(0, 2 * np.pi) + 2 * np.pi / 3 * np.arange(3)
        return cls(
            pitch,
            radius,
            notch,
            ripple,
            notch + np.pi + rng.uniform(-0.7, 0.7),
            Waves.draw(rng, 0.13),
            Waves.draw(rng, 0.25, 24),
            Waves.draw(rng, 0.35, 24),
            0.3 * np.column_stack([np.cos(spin), np.sin(spin)]),
            arc,
            discs(5, 0.07, 0.5, 0.85),
            tuple(discs(3, 0.13, 0.2, 0.9) for _ in HOT_SPOTS),
            fold,
            bubble,
        )

    @property
    def middle(self) -> Array:
        """(2,) position (x, y) of the middle of the organ, full-resolution pixels."""
        return np.asarray(MARGIN_UM * PX_PER_UM - self.radius * self._corners()[0])

    @property
    def extent(self) -> Array:
        """(2,) width and height of the full-resolution image that holds the organ, pixels."""
        size = self.radius * np.ptp(self._corners(), axis=0)
        return np.asarray(size + 2 * MARGIN_UM * PX_PER_UM)

    def _corners(self) -> Array:
        angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
        edge = _outline(angle, self.notch, self.ripple)
        curve = edge[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        return np.stack([curve.min(0), curve.max(0)])

    def unit(self, xy: ArrayLike) -> Array:
        """Return unit coordinates (site, 2) of positions xy (site, 2)."""
        return np.asarray((np.asarray(xy, float).reshape(-1, 2) - self.middle) / self.radius)

    def xy(self, u: Array) -> Array:
        """Positions (site, 2) of unit coordinates u (site, 2)."""
        return np.asarray(u * self.radius + self.middle)

    def level(self, u: Array) -> Array:
        """(site,) 0 in the middle of the organ, 1 on its outline, more outside."""
        angle = np.arctan2(u[:, 1], u[:, 0])
        return np.asarray(np.hypot(*u.T) / _outline(angle, self.notch, self.ripple))

    def domains(self, u: Array) -> NDArray[np.int8]:
        """(site,) index into ``DOMAINS``; the borders between domains are sharp."""
        wobble = 0.018 * self.wobble(u)
        angle = np.arctan2(u[:, 1], u[:, 0])
        thickness = 0.44 * (1 + 0.4 * np.cos(angle - self.thick))
        depth = (1 - self.level(u) + wobble) / thickness
        names = list(DOMAINS)
        code = np.searchsorted(BORDERS, depth).astype(np.int8)
        inside = code == len(BORDERS)
        u = u + 0.8 * wobble[:, None]
        nearest = np.argmin([np.hypot(*(u[inside] - core).T) for core in self.cores], axis=0)
        code[inside] += nearest.astype(np.int8)
        code[inside & (np.abs(self.arc.across(u)[0]) < 1)] = names.index("arc")
        for nodule in self.nodules:
            code[nodule.distance(u) < 1] = names.index("nodule")
        return code

    def fold_sides(self, u: Array) -> tuple[Array, Array]:
        """Where the two sheets in the fold come from: (site, 2) on its outer and inner side."""
        _, normal = self.fold.across(u)
        shift = 2 * self.fold.half_width * normal
        return u + shift, u - shift

    def programmes(self, xy: ArrayLike) -> Array:
        """(site, programme) activity of ``PROGRAMMES`` at positions xy (site, 2)."""
        u = self.unit(xy)
        parts = [np.eye(len(DOMAINS))[self.domains(u)]]
        axis = np.array([np.cos(self.thick), np.sin(self.thick)])
        across, along = 2 * np.minimum(self.level(u), 1.2) - 1, u @ axis
        parts.append(np.column_stack([across, along, self.patchy(u) / 2]))
        for discs in self.hot:
            heat = sum(np.exp(-2 * disc.distance(u) ** 2) for disc in discs)
            parts.append(np.minimum(heat, 1.0)[:, None])
        return np.concatenate(parts, axis=1)


def _place(notch: float, ripple: Array, angle: float, level: float) -> Array:
    """Unit coordinates (2,) at an angle, a share of the way from the middle to the outline."""
    reach = level * _outline(np.array([angle]), notch, ripple)[0]
    return np.asarray(reach * np.array([np.cos(angle), np.sin(angle)]))


def _discs(
    rng: np.random.Generator,
    notch: float,
    ripple: Array,
    step: float,
    n: int,
    radius: float,
    nearest: float,
    furthest: float,
) -> tuple[Disc, ...]:
    """Discs all around the middle, of about a radius, at levels between two."""
    start = rng.uniform(0, 2 * np.pi)
    return tuple(
        Disc(
            _place(notch, ripple, start + 2 * np.pi * (i + rng.uniform(0, 0.6)) / n, level),
            max(radius * rng.uniform(0.8, 1.3), 0.6 * step),
        )
        for i, level in enumerate(rng.uniform(nearest, furthest, n))
    )


def _outline(angle: Array, notch: float, ripple: Array) -> Array:
    """Radius (site,) of the outline at an angle: a bean with gentle waves."""
    off = np.angle(np.exp(1j * (angle - notch)))
    edge = 1 / np.hypot(np.cos(off) / 0.82, np.sin(off) / 1.18)
    edge -= 0.2 * np.exp(-((off / 0.5) ** 2))
    for harmonic, phase in enumerate(ripple, start=2):
        edge += 0.07 / harmonic * np.cos(harmonic * angle + phase)
    return np.asarray(edge)
