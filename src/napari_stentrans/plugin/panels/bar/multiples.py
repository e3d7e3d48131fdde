"""Multiples: small maps of several genes beside each other, over the canvas."""

from __future__ import annotations

from functools import partial
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import ensure_colormap
from qtpy.QtCore import QRect, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter
from qtpy.QtWidgets import QAbstractButton, QFrame, QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from napari_stentrans.plugin.layers.deferred import Walk
from napari_stentrans.plugin.models.gene_maps import PAIR
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.widgets.make import draw_line, faint, laid, tool
from napari_stentrans.plugin.widgets.panel import OneLine, in_row

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.maps import Limits
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.raster import SpotRaster

MOST = 9  # genes at once
PIXELS = 320  # of a small map, along its longer side, at most so many more than its raster has
EDGE = 6


class Tile(QAbstractButton):
    """The small map of one gene, with its name and the values that the ends of its colours mean."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.gene = self._ends = ""
        self._image: QImage | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(QSize(60, 60))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def call(self, gene: str, label: str) -> None:
        """Be of another gene, whose map is to come."""
        self.gene, self._image, self._ends = gene, None, ""
        self.setText(label)
        self.setAccessibleName(label)
        self.setToolTip(f"Show {label} on the canvas")
        self.update()

    def show_map(self, image: QImage | None, limits: Limits) -> None:
        """Show the map; None: it is not known."""
        self._image = image
        low, high = limits
        self._ends = "not known" if image is None else f"{low:.3g} to {high:.3g}"
        self.setAccessibleDescription(self._ends)
        self.update()

    def image(self) -> QImage | None:
        """The map that is shown; None until it is there, or where it is not known."""
        return self._image

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        text = self.palette().color(self.foregroundRole())
        if self.underMouse() or self.hasFocus():
            painter.setPen(QColor("#5a7deb"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        metrics = self.fontMetrics()
        line = QRect(EDGE, 2, self.width() - 2 * EDGE, metrics.height())
        painter.setPen(text)
        taken = min(metrics.horizontalAdvance(self._ends) + EDGE, line.width())
        draw_line(painter, line.adjusted(0, 0, -taken, 0), self.text())
        painter.setPen(faint(text, 170))
        draw_line(painter, line, self._ends, "right")
        if self._image is not None:
            painter.drawImage(self._place(self._image, line.bottom() + 3), self._image)
        painter.end()

    def _place(self, image: QImage, top: int) -> QRectF:
        """Where the map is drawn: as large as may be, in its own proportions."""
        room = QSize(self.width() - 2 * EDGE, self.height() - top - EDGE)
        size = image.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        left = (self.width() - size.width()) / 2
        return QRectF(left, top + (room.height() - size.height()) / 2, size.width(), size.height())


class Multiples(Following, QFrame):
    """Up to nine small maps, each in the contrast that it would have on the canvas.

    They are of the map before or after, whichever is looked at, and made one in each turn of the
    event loop; they go where both are looked at.
    """

    chosen = Signal(str)  # this gene is to be shown on the canvas
    toggled = Signal(bool)  # they were shown or put away

    def __init__(self) -> None:
        super().__init__()
        self._genes: Sequence[str] = ()
        self._first = self._turn = 0
        self.setObjectName("multiples")
        self.setAccessibleName("many genes")
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.tiles = [Tile(self) for _ in range(MOST)]
        self.words = OneLine("which genes are shown")
        self.earlier, self.later, self.close_button = (
            tool(text, tip, tip, do, least=(24, 24))
            for text, tip, do in (
                ("◀", "The genes before these in the list", partial(self._go, -MOST)),
                ("▶", "The genes after these in the list", partial(self._go, MOST)),
                ("✕", "Back to the map of one gene (Esc)", self.put_away),
            )
        )
        head = in_row(self.words, self.earlier, self.later, self.close_button)
        self._grid = QGridLayout()
        self._grid.setSpacing(4)
        laid(QVBoxLayout(self), head, margins=(EDGE,) * 4).addLayout(self._grid, 1)
        for tile in self.tiles:
            tile.clicked.connect(partial(self._choose, tile))
        self.hide()

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Be of this section from now on; what is shown of another is put away."""
        if layers is not self.layers:
            self.put_away()
        super().set_layers(layers)

    def show_genes(self, genes: Sequence[str], first: int = 0) -> None:
        """Show maps of genes of a list, from a position in it on."""
        self._genes, self._first = list(genes), first // MOST * MOST
        self.setVisible(True)
        self.raise_()
        self._lay_out()
        self.tiles[0].setFocus()
        self.toggled.emit(True)

    def put_away(self) -> None:
        """Show the canvas again."""
        self._turn += 1
        if not self.isHidden():
            self.hide()
            self.toggled.emit(False)

    def genes(self) -> Sequence[str]:
        return self._genes[self._first : self._first + MOST]

    def refresh(self) -> None:
        """Draw all maps anew, one in each turn of the event loop."""
        if self.isHidden() or self.model is None:
            return
        if self.model.view not in PAIR:
            self.put_away()
            return
        self._turn += 1
        shown = self.model.maps.sides(self.model.enhancement)[PAIR.index(self.model.view)]
        self.words.setText(
            f"Genes {self._first + 1} to {self._first + len(self.genes())} of "
            f"{len(self._genes):,}, {shown}. Click one to see it on the canvas."
        )
        drawing = self._drawing(self._turn, self.model, self.model.view)
        Walk(self, drawing, lambda _: None, lambda _: None)

    def keyPressEvent(self, event: Any) -> None:
        """Close with Esc; go through the list with Page up and Page down."""
        steps = {Qt.Key.Key_PageDown: MOST, Qt.Key.Key_PageUp: -MOST}
        if event.key() == Qt.Key.Key_Escape:
            self.put_away()
        elif event.key() in steps:
            self._go(steps[event.key()])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: Any) -> None:
        """Let nothing through to the canvas."""
        event.accept()

    def wheelEvent(self, event: Any) -> None:
        event.accept()

    def _go(self, by: int) -> None:
        if 0 <= self._first + by < len(self._genes):
            self._first += by
            self._lay_out()

    def _choose(self, tile: Tile, _: bool = False) -> None:
        self.put_away()
        self.chosen.emit(tile.gene)

    def _lay_out(self) -> None:
        """Call the tiles by their genes, in a grid that is about square, and draw them."""
        genes = self.genes()
        columns = ceil(sqrt(max(len(genes), 1)))
        for at, tile in enumerate(self.tiles):
            self._grid.removeWidget(tile)
            self._grid.setRowStretch(at, int(at * columns < len(genes)))
            self._grid.setColumnStretch(at, int(at < columns))
            tile.setVisible(at < len(genes))
            if at < len(genes) and self.model is not None:
                self._grid.addWidget(tile, at // columns, at % columns)
                tile.call(genes[at], self.model.maps.label(genes[at]))
        self.earlier.setEnabled(self._first > 0)
        self.later.setEnabled(self._first + MOST < len(self._genes))
        self.refresh()

    def _drawing(self, turn: int, model: SectionModel, role: str) -> Generator[None, None, None]:
        """Draw one map after the other, until others are asked for."""
        for tile, gene in zip(self.tiles, self.genes(), strict=False):
            yield
            if turn != self._turn:
                return
            raster, values = model.maps.values(role, gene, model.enhancement)
            limits = model.maps.limits(role, gene)
            yield
            if turn != self._turn:
                return
            colours = _colours(model.maps.colormap, values, limits)
            known = bool(np.isfinite(values).any())
            tile.show_map(small(raster, colours) if known else None, limits)


def small(raster: SpotRaster, colours: NDArray[np.uint8]) -> QImage:
    """Draw sites in their colours (site, 4), with few enough pixels to be quick; no site: clear."""
    step = max(max(raster.index.shape) // PIXELS, 1)
    index = raster.index[::step, ::step]
    table = np.vstack([colours, np.zeros((1, 4), np.uint8)])
    pixels = table[index].tobytes()
    rows, columns = index.shape
    image = QImage(pixels, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return image.copy()  # which keeps its own pixels


def _colours(colormap: Any, values: NDArray[np.floating], limits: Limits) -> NDArray[np.uint8]:
    """Colours (site, 4) of values, as on the canvas; clear where there is none."""
    low, high = limits
    share = np.clip((values - low) / (high - low), 0, 1)
    colours = np.rint(255 * ensure_colormap(colormap).map(np.nan_to_num(share))).astype(np.uint8)
    colours[np.isnan(share), 3] = 0
    return colours
