"""Alignment: which place of a section is which of its neighbour, and how sure that is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_stentrans.errors import SectionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Array = NDArray[np.float64]
By = Literal["expression", "image", "hand"]

WELL, WEAK = 0.6, 0.4
"""Agreements that are good and that are weak; below there is none to speak of."""


@dataclass(frozen=True, eq=False)
class Displacement:
    """A smooth displacement, known on a coarse grid and linear between.

    Attributes
    ----------
    shift
        (row, column, 2) displacement (x, y), full-resolution pixels of the section.
    origin
        (x, y) of the first node, full-resolution pixels of the section.
    step
        Distance between nodes, full-resolution pixels of the section.
    """

    shift: Array
    origin: tuple[float, float]
    step: float

    def at(self, xy: Array) -> Array:
        """Displacement (site, 2) at positions xy (site, 2); beyond the grid that of its rim."""
        where = ((xy - self.origin) / self.step)[:, ::-1].T
        found = [
            ndimage.map_coordinates(self.shift[..., i], where, order=1, mode="nearest")
            for i in range(2)
        ]
        return np.stack(found, 1)


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where places of a neighbouring section lie on a section.

    Attributes
    ----------
    matrix
        (3, 3): positions (x, y, 1) of the neighbour to those of the section, both in
        full-resolution pixels. It may mirror.
    field
        Added to positions on the section; None where the affine map is all.
    agreement
        Correlation of factors of both at spots of the section that the search did not see,
        -1 to 1; NaN where it is not known.
    by
        What it was found on: "expression", "image" or "hand".
    found
        Whether it agrees clearly better than every other lay of the neighbour; where it does
        not, there is nothing to trust.
    """

    matrix: Array
    field: Displacement | None = None
    agreement: float = float("nan")
    by: By = "expression"
    found: bool = True

    def onto(self, xy: ArrayLike) -> Array:
        """Positions on the section (site, 2) of positions xy (site, 2) of the neighbour."""
        there = _moved(self.matrix, np.asarray(xy, float))
        return there if self.field is None else there + self.field.at(there)

    def back(self, xy: ArrayLike) -> Array:
        """Positions on the neighbour (site, 2) of positions xy (site, 2) of the section."""
        xy = np.asarray(xy, float)
        affine = xy
        if self.field is not None:
            for _ in range(12):  # the displacement is smooth: this comes to rest at once
                affine = xy - self.field.at(affine)
        return _moved(np.asarray(np.linalg.inv(self.matrix), float), affine)

    @property
    def mirrored(self) -> bool:
        """Whether it turns the neighbour over."""
        return bool(np.linalg.det(self.matrix[:2, :2]) < 0)

    @property
    def turn(self) -> float:
        """Degrees by which it turns the neighbour, after mirroring it left to right; -180 to 180.

        As seen with y downwards: positive is clockwise.
        """
        a = self.matrix[:2, :2] @ np.diag([-1.0, 1.0] if self.mirrored else [1.0, 1.0])
        u, _, v = np.linalg.svd(a)
        r = u @ v
        return float(np.degrees(np.arctan2(r[1, 0], r[0, 0])))

    def agrees_in_words(self) -> str:
        """How well it agrees."""
        if not self.found:
            return f"does not agree: {self.agreement:.2f}, and laid otherwise about as well"
        if np.isnan(self.agreement):
            return "not checked"
        how = "well" if self.agreement >= WELL else "weakly"
        return f"agrees {'poorly' if self.agreement < WEAK else how}: {self.agreement:.2f}"

    def turn_in_words(self) -> str:
        """How it turns the neighbour, and whether it turns it over."""
        return f"turned by {round(self.turn)}°{', mirrored' if self.mirrored else ''}"

    def in_words(self) -> str:
        """How well it agrees, and what it does."""
        across, along = np.linalg.svd(self.matrix[:2, :2], compute_uv=False)
        parts = [self.turn_in_words(), f"scaled by {np.sqrt(across * along):.3g}"]
        if across / along > 1.02:
            parts.append(f"stretched by {100 * (across / along - 1):.0f}%")
        x, y = self.matrix[:2, 2]
        parts.append(f"shifted by ({x:.0f}, {y:.0f}) pixels")
        parts += ["bent"] * (self.field is not None)
        return f"{self.agrees_in_words()}; {', '.join(parts)}"

    def to_json(self) -> str:
        """All of it as text."""
        facts: dict[str, Any] = {
            "matrix": self.matrix.tolist(),
            "agreement": None if np.isnan(self.agreement) else self.agreement,
            "by": self.by,
            "found": self.found,
            "field": None,
        }
        if self.field is not None:
            facts["field"] = {
                "shift": self.field.shift.tolist(),
                "origin": list(self.field.origin),
                "step": self.field.step,
            }
        return json.dumps(facts)

    @classmethod
    def from_json(cls, text: str) -> Alignment:
        """Read what ``to_json`` wrote.

        Raises
        ------
        SectionError
            When it is no alignment.
        """
        try:
            facts = json.loads(text)
            field = facts["field"]
            if field is not None:
                origin = float(field["origin"][0]), float(field["origin"][1])
                field = Displacement(np.array(field["shift"], float), origin, float(field["step"]))
            agreement = facts["agreement"]
            return cls(
                checked_matrix(facts["matrix"]),
                field,
                float("nan") if agreement is None else float(agreement),
                facts["by"],
                bool(facts["found"]),
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise SectionError(f"This is no alignment of two sections: {error}.") from error


def by_hand(matrix: ArrayLike) -> Alignment:
    """Alignment that a person set: (3, 3) or (2, 3), neighbour to section, in pixels (x, y).

    Raises
    ------
    SectionError
        When it cannot be one.
    """
    return Alignment(checked_matrix(matrix), by="hand")


def from_landmarks(section_xy: ArrayLike, neighbour_xy: ArrayLike) -> Alignment:
    """Alignment from pairs of places (pair, 2) that are the same in both, full-resolution pixels.

    Two pairs turn, scale and shift; three or more also mirror and stretch, by least squares.

    Raises
    ------
    SectionError
        When there are fewer than two pairs, or they lie at one place or, three or more, on a line.
    """
    to, at = (np.asarray(xy, float).reshape(-1, 2) for xy in (section_xy, neighbour_xy))
    if len(to) != len(at) or len(to) < 2:
        raise SectionError(
            f"Expected two or more pairs of landmarks, got {len(to)} on the section and {len(at)} "
            "on its neighbour. Put as many on each, in the same order."
        )
    if not (np.isfinite(to).all() and np.isfinite(at).all()):
        raise SectionError("Landmarks must be finite positions (x, y). Put them anew.")
    needed = 1 if len(to) == 2 else 2
    if any(np.linalg.matrix_rank(xy - xy.mean(0), tol=1e-6 * np.ptp(xy)) < needed
           for xy in (to, at)):  # fmt: skip
        where = "at one place" if needed == 1 else "on one line"
        raise SectionError(f"The landmarks lie {where}. Put them farther apart.")
    matrix = np.eye(3)
    if len(to) == 2:
        (p, q), (a, b) = (xy @ np.array([1, 1j]) for xy in (to, at))
        turn = (q - p) / (b - a)
        shift = p - turn * a
        matrix[:2] = [
            [turn.real, -turn.imag, shift.real],
            [turn.imag, turn.real, shift.imag],
        ]
    else:
        design = np.column_stack([at, np.ones(len(at))])
        matrix[:2] = np.linalg.lstsq(design, to, rcond=None)[0].T
    return by_hand(matrix)


def checked_matrix(matrix: ArrayLike) -> Array:
    """(3, 3) of a (2, 3) or (3, 3) affine map.

    Raises
    ------
    SectionError
        When it is none, or cannot be undone.
    """
    given = np.asarray(matrix, float)
    if given.shape == (2, 3):
        given = np.vstack([given, [0, 0, 1]])
    if given.shape != (3, 3) or not np.isfinite(given).all() or (given[2] != (0, 0, 1)).any():
        raise SectionError(
            "Expected an affine map of positions (x, y, 1) as 2 x 3 or 3 x 3 finite numbers, the "
            f"third row 0 0 1; got the shape {given.shape}."
        )
    if np.linalg.cond(given[:2, :2]) > 1e6:
        raise SectionError("The affine map puts all places on one line. Give one that does not.")
    return given


def _moved(matrix: Array, xy: Array) -> Array:
    return xy @ matrix[:2, :2].T + matrix[:2, 2]
