"""Camera: pictures of the window, of a part of the dock, or of what is open over it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from qtpy.QtCore import QBuffer, QPoint, QRect
from qtpy.QtWidgets import QApplication

if TYPE_CHECKING:
    from pathlib import Path

    from hands import Hands
    from qtpy.QtWidgets import QWidget

STEP, OFTEN, RARE = 8, 4, 160
"""Pictures have few colours, so that they stay small: the 4 most frequent ones as they are, of the
others only levels that are 8 apart, and of those the most frequent, and 160 that cover the rest."""
CODE = np.array([1 << 16, 1 << 8, 1])
"""Makes one number of red, green and blue."""
MARGIN = 8
THEME = "Ctrl+Shift+T"
"""Goes to the next theme of napari."""


class Camera:
    """Takes pictures into a folder, and remembers their names.

    Parameters
    ----------
    hands
        Whose window it is.
    folder
        Where the pictures go.
    theme
        Theme of all pictures but those that are asked for in the light one.
    """

    def __init__(self, hands: Hands, folder: Path, theme: str = "dark") -> None:
        self.hands, self.folder, self.theme = hands, folder, theme
        self.taken: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._set_theme(theme)

    def window(self, name: str, *, light: bool = False) -> None:
        """Take the whole window; in the light theme too, where that is wanted."""
        self.hands.settle()
        self.save(name, self._grab())
        if light and self.theme != "light":
            self._set_theme("light")
            self.save(f"{name}_light", self._grab())
            self._set_theme(self.theme)

    def part(self, name: str, *parts: str, light: bool = False) -> None:
        """Take parts of the dock or the bar that stand together, as far as they are in view."""
        self.hands.look_at(parts[0])
        self.hands.settle()
        self.save(name, self._grab(self._around(*parts)))
        if light and self.theme != "light":
            self._set_theme("light")
            self.save(f"{name}_light", self._grab(self._around(*parts)))
            self._set_theme(self.theme)

    def opened(self, name: str, *parts: str) -> None:
        """Take the menu or the dialog that is open, with parts of the dock beside it."""
        over = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        place = _place(over) if over is not None else QRect()
        place = place | self._around(*parts) if parts else place
        self.hands.settle()
        self.save(name, self._grab(place & _place(self.hands.window)))

    def canvas(self) -> Image.Image:
        """Take the canvas only; it is not saved."""
        self.hands.settle()
        return self._grab(_place(self.hands.canvas))

    def side_by_side(self, name: str, *images: Image.Image) -> None:
        """Save pictures of equal size beside each other."""
        width, height = images[0].size
        sheet = Image.new("RGB", (len(images) * (width + MARGIN) - MARGIN, height), "#808080")
        for at, image in enumerate(images):
            sheet.paste(image, (at * (width + MARGIN), 0))
        self.save(name, sheet)

    def save(self, name: str, image: Image.Image) -> None:
        """Write a picture with few colours."""
        path = self.folder / f"{name}.png"
        few_colours(image).save(path, optimize=True)
        self.taken.append(name)
        print(f"pictures: {name}")

    def _grab(self, place: QRect | None = None) -> Image.Image:
        """What the screen shows there, menus and dialogs too; the window where none is given."""
        screen: Any = QApplication.primaryScreen()
        held = QBuffer()
        held.open(QBuffer.OpenModeFlag.ReadWrite)
        screen.grabWindow(0).copy(place or _place(self.hands.window)).save(held, "PNG")
        return Image.open(io.BytesIO(bytes(held.data().data()))).convert("RGB")

    def _around(self, *parts: str) -> QRect:
        """What is in view of parts; as wide as the dock, where they are in it."""
        found, dock, inside = QRect(), self.hands.dock, True
        for name in parts:
            part = self.hands.seen(name)
            if part is None:
                continue  # it has nothing to say now
            seen = part.visibleRegion().boundingRect()
            found |= QRect(part.mapToGlobal(seen.topLeft()), seen.size())
            inside = dock.isAncestorOf(part)
        found = found.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
        if not inside:
            return found & _place(self.hands.window)
        place = _place(dock)
        found &= place
        return QRect(QPoint(place.left(), found.top()), QPoint(place.right(), found.bottom()))

    def _set_theme(self, theme: str) -> None:
        for _ in range(4):
            if self.hands.viewer.theme == theme:
                break
            self.hands.key(THEME)
        self.hands.settle(0.6)


def few_colours(image: Image.Image) -> Image.Image:
    """Picture with 256 colours: large areas keep theirs, and so do small ones, as in a legend."""
    pixels = np.asarray(image.convert("RGB"), np.int64)
    numbers = pixels @ CODE
    found, counts = np.unique(numbers, return_counts=True)
    often = np.isin(numbers, found[np.argsort(-counts)[:OFTEN]])
    coarse = (np.rint(pixels / STEP) * STEP).clip(0, 255).astype(np.int64)
    found, where, counts = np.unique(
        np.where(often, numbers, coarse @ CODE), return_inverse=True, return_counts=True
    )
    colours = found[:, None] // CODE % 256
    rare = Image.fromarray(coarse.astype(np.uint8)).quantize(RARE, Image.Quantize.MAXCOVERAGE)
    spread = np.reshape(rare.getpalette() or [], (-1, 3))[:RARE]
    palette = np.concatenate([colours[np.argsort(-counts)[: 256 - len(spread)]], spread])
    nearest = ((colours[:, None] - palette) ** 2).sum(-1).argmin(1).astype(np.uint8)
    few = Image.fromarray(nearest[where].reshape(numbers.shape))
    few.putpalette(palette.astype(np.uint8).tobytes())
    return few


def _place(widget: QWidget) -> QRect:
    return QRect(widget.mapToGlobal(QPoint()), widget.size())
