"""Names beside points of a plot, none over another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

SIZE = 8
"""Of letters, points."""
WIDTH, HEIGHT = 0.7, 1.3
"""Of a letter, as shares of its size; more than it takes."""
AWAY = (6, 16, 28, 44)
"""Distances of a name from its point that are tried, points."""
POINT = 3
"""Half of the room that a point takes."""
SIDES = tuple(np.deg2rad(np.arange(0, 360, 45)))


def place_labels(
    axes: Axes, points: NDArray[np.float64], named: NDArray[np.intp], names: Sequence[str]
) -> list[str]:
    """Write names beside points, the first first; those that find no room are left out.

    Parameters
    ----------
    axes
        Whose limits are set.
    points
        (point, 2) all points, in data units.
    named
        (name,) which of them have a name.
    names
        Texts.

    Returns
    -------
    list of str
        The names that were written.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # only then it is known where the axes lie
    to_points = 72 / figure.dpi
    at = axes.transData.transform(points) * to_points
    frame = np.array(axes.bbox.extents).reshape(2, 2) * to_points
    sizes = np.array([[WIDTH * SIZE * max(len(name), 1), HEIGHT * SIZE] for name in names])
    written = []
    for of, name, size, box in zip(
        named, names, sizes, free_boxes(at[named], sizes, frame), strict=True
    ):
        if box is None:
            continue
        offset = box.mean(0) - at[of]
        far = np.abs(offset)[1] > size[1] or np.abs(offset)[0] > size[0] / 2 + AWAY[0] + 2
        text = axes.annotate(
            name, points[of], xytext=tuple(offset), textcoords="offset points", fontsize=SIZE,
            ha="center", va="center", style="italic", parse_math=False, zorder=3,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkB": 2} if far else None,
        )  # fmt: skip
        text.set_in_layout(False)  # or the axes would move once more
        written.append(name)
    return written


def free_boxes(
    points: NDArray[np.float64],
    sizes: NDArray[np.float64],
    frame: NDArray[np.float64],
    distances: Sequence[float] = AWAY,
) -> list[NDArray[np.float64] | None]:
    """Find room for names beside their points, the first first.

    Parameters
    ----------
    points
        (name, 2) where the points lie on the page, of any unit.
    sizes
        (name, 2) width and height of each name, in that unit.
    frame
        (corner, 2) of the plot, the lower one first.
    distances
        Of a name from its point, that are tried; what is far needs a line to its point.

    Returns
    -------
    list
        Of each name its box (corner, 2), which meets no other and no point; None without room.
    """
    taken = [np.stack([point - POINT, point + POINT]) for point in points]
    found = []
    for point, size in zip(points, sizes, strict=True):
        box = _free(point, size, frame, taken, distances)
        if box is not None:
            taken.append(box)
        found.append(box)
    return found


def _free(
    point: NDArray[np.float64],
    size: NDArray[np.float64],
    frame: NDArray[np.float64],
    taken: list[NDArray[np.float64]],
    distances: Sequence[float],
) -> NDArray[np.float64] | None:
    """Box (corner, 2) beside a point that meets no other and lies inside; None without any."""
    others = np.array(taken)
    for away in distances:
        for side in SIDES:
            direction = np.array([np.cos(side), np.sin(side)])
            middle = point + direction * (away + size / 2)
            box = np.stack([middle - size / 2, middle + size / 2])
            inside = (box[0] >= frame[0]).all() and (box[1] <= frame[1]).all()
            meets = ((others[:, 0] < box[1]) & (others[:, 1] > box[0])).all(1)
            if inside and not meets.any():
                return box
    return None
