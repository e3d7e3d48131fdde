"""How the second of two simulated serial sections lies on the first: turned, shifted, bent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_stentrans.simulate.tissue import Array, Tissue, Waves

TURN = np.radians(20)
AMOUNT = 0.5
"""Spread of the bend along x and along y, in spacings of the spots."""
LENGTH = 0.6
"""Over which it changes, in radii of the organ."""
REACH = 1.6
"""The turned section lies on a sheet so many times as wide and high."""


@dataclass(frozen=True, eq=False)
class Bend:
    """Where places of the second section are in the organ, which is that of the first.

    Attributes
    ----------
    tissue
        The organ.
    along
        Fields of the displacement along x and y.
    """

    tissue: Tissue
    along: tuple[Waves, Waves]

    @classmethod
    def of(cls, tissue: Tissue, seed: int) -> Bend:
        """Make the bend of this seed."""
        rng = np.random.default_rng([seed, 5])
        return cls(tissue, (Waves.draw(rng, LENGTH), Waves.draw(rng, LENGTH)))

    def onto(self, xy: Array) -> Array:
        """Places (site, 2) in the organ of positions xy (site, 2) on the second section, pixels."""
        sheet = REACH * self.tissue.extent / 2
        turned = (xy - sheet) @ np.array(
            [[np.cos(TURN), np.sin(TURN)], [-np.sin(TURN), np.cos(TURN)]]
        )
        there = turned + self.tissue.middle
        unit = self.tissue.unit(there)
        bent = np.column_stack([field(unit) for field in self.along])
        return np.asarray(there + AMOUNT * self.tissue.pitch * bent)
