"""NeighbourTools: how a neighbouring section is laid by hand, by landmarks, or anew."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_stentrans.alignment import by_hand
from napari_stentrans.errors import SectionError
from napari_stentrans.plugin.jobs.pictures import turned
from napari_stentrans.plugin.layers.landmarks import Landmarks
from napari_stentrans.plugin.panels.moving import HANDLES, MARGIN, MoveTools
from napari_stentrans.plugin.widgets.panel import allow, button, in_row, in_rows, words

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_stentrans.plugin.layers.neighbour_layers import NeighbourLayers
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.beside import Beside

HOW = f"Drag it {HANDLES}"
REFINE = "Look nearby for where it agrees best, from how it lies now; says how well it agrees"
ANEW = "Look everywhere for where it agrees best, however it lies now"
UNDO = "Lay it as it lay before"
BY_LANDMARKS = (
    "It is shown beside the section. Click the same places on both, two pairs or more, in the same "
    "order; three or more also mirror and stretch. Drag a point after pressing 3."
)
NO_PAIRS = "Click two places or more on the section, and the same ones on its neighbour"


class NeighbourTools(QWidget):
    """Tools for one neighbour."""

    layWanted = Signal(object, bool)
    """This neighbour is to be laid by what both express; near where it lies, or anywhere."""
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self._drawn: NeighbourLayers | None = None
        self._of: Beside | None = None
        self.landmarks: Landmarks | None = None
        self.words = words("how to lay a neighbouring section")
        self.moving = MoveTools("Move")
        self.moving.moveWanted.connect(self._on_move)
        self.moving.changeWanted.connect(self._on_change)
        self.refine = button("Refine", REFINE, lambda: self._lay(near=True))
        self.anew = button("Find anew", ANEW, lambda: self._lay(near=False))
        self.undo = button("Undo", UNDO, self._on_undo)
        self.mark = button("Landmarks", "Lay it by pairs of places that are the same in both")
        self.mark.setCheckable(True)
        self.mark.clicked.connect(self._on_mark)
        self.use = button("Use landmarks", "Lay it so that the pairs lie on each other", self._use)
        in_rows(
            self,
            self.words,
            self.moving,
            in_row(self.refine, self.anew, self.undo),
            in_row(self.mark, self.use),
        )
        self.hide()

    @property
    def of(self) -> Beside | None:
        """The neighbour that is laid; None where none is."""
        return self._of

    def lay(self, layers: SectionLayers, drawn: NeighbourLayers, one: Beside) -> None:
        """Lay a neighbour from now on."""
        self.end()
        self._layers, self._drawn, self._of = layers, drawn, one
        layers.model.neighbours.show_alone(one)
        drawn.draw()
        self.refresh()
        self.show()

    def end(self) -> None:
        """Lay none."""
        self._end_landmarks()
        self.moving.stop()
        self.moving.follow(None)
        self._layers = self._drawn = self._of = None
        self.hide()

    def refresh(self) -> None:
        if self._of is None or self._drawn is None:
            return
        marking = self.landmarks is not None
        self.moving.follow(self._layer)
        for part in (self.moving, self.refine, self.anew, self.undo):
            part.setVisible(not marking)
        self.words.setText(BY_LANDMARKS if marking else HOW)
        self.undo.setEnabled(bool(self._of.before))
        self.mark.setChecked(marking)
        self.use.setVisible(marking)
        self._allow_use()

    @property
    def _layer(self) -> Image | None:
        return None if self._drawn is None or self._of is None else self._drawn.layer(self._of)

    # ---- what a person does

    def _on_move(self, on: bool) -> None:
        if self._layers is None or not on:
            self.moving.stop()
            return
        viewer, layer = self._layers.viewer, self._layer
        self.moving.start(viewer)
        if layer is not None:
            with suppress(TypeError):  # napari before 0.7 fits all layers or none
                viewer.reset_view(margin=MARGIN, layers=[layer])

    def _on_change(self, how: str) -> None:
        """Turn it by a quarter or mirror it, where the middle of its spots lies."""
        one, layers = self._of, self._layers
        if one is None or layers is None:
            return
        xy = one.given.section.xy[one.given.seen]
        middle = (xy.min(0) + xy.max(0)) / 2
        shift = np.eye(3)
        shift[:2, 2] = middle
        affine = turned((one.lies.matrix @ shift)[:2], (1, 1), how)
        matrix = np.vstack([affine, (0, 0, 1)]) @ np.linalg.inv(shift)
        layers.model.neighbours.move(one, by_hand(matrix))

    def _lay(self, *, near: bool) -> None:
        if self._of is not None and self._drawn is not None:
            self.moving.stop()
            self._drawn.take_in()
            self.layWanted.emit(self._of, near)

    def _on_undo(self) -> None:
        if self._of is not None and self._layers is not None:
            self._layers.model.neighbours.back(self._of)

    # ---- landmarks

    def _on_mark(self, on: bool) -> None:
        if self._layers is None or self._drawn is None or self._of is None:
            return
        if not on:
            self._end_landmarks()
        elif self._layer is not None:
            self.moving.stop()
            self._drawn.take_in()
            self.landmarks = Landmarks(self._layers, self._drawn, self._of)
            self.landmarks.changed.connect(self._allow_use)
            self.landmarks.ended.connect(self._on_landmarks_ended)
        self.refresh()

    def _use(self) -> None:
        if self.landmarks is None or self._layers is None or self._of is None:
            return
        try:
            found = self.landmarks.alignment()
        except SectionError as error:
            self.failed.emit(str(error))
            return
        one, layers = self._of, self._layers
        self._end_landmarks()
        layers.model.neighbours.move(one, found)

    def _allow_use(self) -> None:
        ready = self.landmarks is not None and self.landmarks.pairs > 1
        tip = "Lay it so that the pairs lie on each other"
        allow(self.use, ready, tip, NO_PAIRS)

    def _end_landmarks(self) -> None:
        if self.landmarks is not None:
            self.landmarks.end()

    def _on_landmarks_ended(self) -> None:
        self.landmarks = None
        self.refresh()
