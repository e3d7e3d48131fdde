"""Plan: which genes and which places of a section the pictures show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

    Path = NDArray[np.floating]

CLEAR = ("Gene2", "Gene4", "Gene1")
"""Genes of the simulated sample whose maps differ."""
LARGE = 5.5
"""Radius of a region that is too large to be trusted, in spacings."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is done where; positions are world (y, x).

    Attributes
    ----------
    genes
        Three, of which the first is shown most of the time. Empty where the dock is to say.
    damage
        Name and path (point, 2) of the strokes that mark lost regions.
    large
        Corners (corner, 2) of a region that is too large.
    line
        Path (2, 2) of a profile.
    spot
        Position (2,) of a lost spot.
    """

    genes: tuple[str, ...]
    damage: tuple[tuple[str, Path], ...]
    large: Path
    line: Path
    spot: Path

    @classmethod
    def of(cls, layers: SectionLayers) -> Plan:
        """Mark what is damaged in a simulated section, else a stroke in the middle."""
        section = layers.model.section
        scale = section.um_per_px or 1.0
        step = section.lattice.spacing
        obs = section.adata.obs
        simulated = "artefact" in obs
        centre = _nearest(section.xy, section.xy.mean(0))
        if simulated:
            spoilt = {kind: (obs["artefact"] == kind).to_numpy() for kind in ("fold", "bubble")}
            strokes = [(kind, _along(section.xy[at])) for kind, at in spoilt.items()]
        else:
            strokes = [("tear", centre + step * np.array([(-3, 0), (0, 1), (3, 0)]))]
        aside = centre if simulated else centre + step * np.array((0, 2.5 * LARGE))
        turns = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        round_it = np.column_stack([np.cos(turns), np.sin(turns)])
        ring = _nearest(section.xy, aside) + LARGE * step * round_it
        middle = strokes[-1][1].mean(0)
        line = middle + step * np.array([(-9, -2), (9, 2)])
        world = [path[:, ::-1] * scale for path in (ring, line, middle[None])]
        return cls(
            CLEAR if simulated else (),
            tuple((name, path[:, ::-1] * scale) for name, path in strokes),
            world[0],
            world[1],
            world[2][0],
        )


def _nearest(xy: Path, to: Path) -> Path:
    return xy[np.linalg.norm(xy - to, axis=1).argmin()]


def _along(xy: Path) -> Path:
    """Go through positions (spot, 2) in the order of their longest direction."""
    axis = np.linalg.svd(xy - xy.mean(0), full_matrices=False)[2][0]
    return xy[np.argsort((xy - xy.mean(0)) @ axis)]
