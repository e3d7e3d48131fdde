"""Placing: lay a picture of the tissue below the spots by mouse, and take it as their image."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QMenu, QShortcut, QVBoxLayout, QWidget

from napari_stentrans.errors import SectionError
from napari_stentrans.plugin.jobs.pictures import (
    file_steps,
    layer_steps,
    picture_layer_of,
    placed_steps,
    turned,
    used_steps,
    with_steps,
    without_steps,
)
from napari_stentrans.plugin.widgets.dialogs import ask_image
from napari_stentrans.plugin.widgets.panel import button, name_button, words

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Image

    from napari_stentrans.plugin.jobs.runner import Runner
    from napari_stentrans.plugin.jobs.session_keeper import Jobs
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.picture import Picture
    from napari_stentrans.plugin.panels.bar.tissue_view import TissueView
    from napari_stentrans.section import SectionImage

MOVE = "transform"
HOW = (
    "Drag the picture by its middle to move it, by a corner to scale it (Shift keeps its shape), "
    "by the round handle to turn it. Hold Space to move the view."
)
NEW, AGAIN = "It is not in use yet.", "It is in use as it lay before."
"""Of a picture that is added, and of the tissue image while it is moved again."""

DROP = ("Do not use it", "Take the picture away; what was there before stays")
LEAVE = ("Leave it as it was", "Put the tissue image back where it lay")
BEFORE = "Go back to the image that the section had before"
REMOVED = "The tissue image was removed."
NONE = "Let the section have no image"
MARGIN = 0.25
"""Share of the view around a picture, for the handle that turns it."""


class Choose(Protocol):
    """Shows a section as the one that all is about."""

    def __call__(self, layers: SectionLayers | None, *, fit: bool = True) -> None:
        """Show it."""


class Placing(QWidget):
    """What is done with a picture while it is laid; a menu adds one, moves it again, removes it.

    Parameters
    ----------
    tissue
        Makes the maps faint while a picture is laid below them.
    runner
        Says whether something else goes on.
    jobs
        Starts the jobs.
    choose
        Shows the section anew once its image is another.
    """

    offered = Signal(str, str, str, object)
    """Something to say, with a button: its text and tooltip, and what it does."""

    def __init__(self, tissue: TissueView, runner: Runner, jobs: Jobs, choose: Choose) -> None:
        super().__init__()
        self._tissue, self._runner, self._jobs, self._choose = tissue, runner, jobs, choose
        self._layers: SectionLayers | None = None
        self._layer: Image | None = None
        self._make()
        runner.phaseChanged.connect(self._refresh)
        runner.ended.connect(self._refresh)
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        self._escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._escape.activated.connect(self.stop)
        self._refresh()

    def set_layers(self, layers: SectionLayers | None) -> None:
        if self._layers is not None:
            self._layers.laidChanged.disconnect(self._refresh, missing_ok=True)
        self._layers = layers
        if layers is not None:
            layers.laidChanged.connect(self._refresh)
        self._refresh()

    def lay(self, path: Path) -> bool:
        """Lay the picture of a file below the spots; False where there is no section."""
        layers = self._layers
        if layers is None or not self._runner.idle:
            return False
        work = partial(file_steps, layers.section, path)
        self._jobs.prepare(work, f"Reading {path.name}", partial(self._on_picture, layers))
        return True

    def stop(self) -> None:
        """End moving; the picture stays where it is."""
        if self._layer is not None:
            self._layer.mode = "pan_zoom"

    def _make(self) -> None:
        self.menu = QMenu("Tissue image of this section", self)
        self.menu.setToolTipsVisible(True)
        self.file = QAction("Picture in a file (JPEG, PNG, TIFF)…", self.menu)
        self.file.triggered.connect(lambda: self._add_file())
        self.active = QAction("Active Image layer", self.menu)
        self.active.triggered.connect(lambda: self._add_layer())
        self.active.setToolTip("The layer that is selected in napari")
        self.move_again = QAction("Move the image", self.menu)
        self.move_again.setToolTip("Lay it below the spots anew, from where it lies now")
        self.move_again.triggered.connect(lambda: self._toggle(True))
        self.remove = QAction("Remove image", self.menu)
        self.remove.triggered.connect(lambda: self._remove())
        self.menu.addActions([self.file, self.active, self.move_again, self.remove])
        self.words = words("how to lay the picture")
        self.mover = button("Move the image", "Move, turn and scale it by mouse (Esc ends it)")
        self.mover.setCheckable(True)
        self.mover.clicked.connect(self._toggle)
        self.turn = button("Turn", "Turn it right by a quarter", partial(self._change, "turn"))
        self.mirror = button("Mirror", "Swap left and right", partial(self._change, "mirror"))
        self.use = button(
            "Use it so", "Take it as the tissue image of this section, as it lies now", self._use
        )
        self.drop = button("", "", self._drop)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(5)
        rows.addWidget(self.words)
        move = (self.mover, self.turn, self.mirror)
        for line in (move, (self.use, self.drop)):
            row = QHBoxLayout()
            row.setSpacing(6)
            for made in line:
                row.addWidget(made, 2 if made is self.mover else 1)
            rows.addLayout(row)

    # ---- what a person does

    def _add_file(self) -> None:
        path = ask_image(self)
        if path is not None:
            self.lay(path)

    def _add_layer(self) -> None:
        layers = self._layers
        if layers is None:
            return
        try:
            layer = picture_layer_of(layers.viewer)
        except SectionError as error:
            self._jobs.fail(str(error))
            return
        work = partial(layer_steps, layers.section, layer, layers.frame)
        done = partial(self._on_picture, layers, hide=layer)
        self._jobs.prepare(work, f"Reading {layer.name}", done)

    def _toggle(self, on: bool) -> None:
        layers = self._layers
        if layers is None:
            return
        if not on:
            self.stop()
        elif layers.laid is not None:
            self._move()
        else:
            self.mover.setChecked(False)
            work = partial(placed_steps, layers.section)
            self._jobs.prepare(work, "Reading the image", partial(self._on_picture, layers))

    def _change(self, how: str) -> None:
        layers = self._layers
        if layers is None or layers.laid is None:
            return
        affine = turned(layers.frame.affine_of(layers.picture), layers.laid.image.shape, how)
        layers.picture.affine = layers.frame.of_affine(affine)["affine"]

    def _use(self) -> None:
        layers = self._layers
        if layers is None or layers.laid is None:
            return
        self.stop()
        affine = layers.frame.affine_of(layers.picture)
        work = partial(used_steps, layers.section, layers.laid, affine)
        self._jobs.prepare(work, "Laying the image below the spots", partial(self._on_used, layers))

    def _drop(self) -> None:
        layers = self._layers
        if layers is not None:
            layers.pictures.drop()

    def _remove(self) -> None:
        layers = self._layers
        if layers is None:
            return
        work = partial(without_steps, layers.section)
        removed = partial(self._on_removed, layers, layers.section.images)
        self._jobs.prepare(work, "Removing the image", removed)

    def _bring_back(self, layers: SectionLayers, images: tuple[SectionImage, ...]) -> None:
        if not layers.present:
            return
        if not self._runner.idle:
            self._offer_back(layers, images)
            return
        work = partial(with_steps, layers.section, images)
        self._jobs.prepare(work, "Bringing the image back", partial(self._on_used, layers))

    # ---- what comes of it

    def _on_picture(
        self, layers: SectionLayers, picture: Picture, hide: Image | None = None
    ) -> None:
        if layers is not self._layers or not layers.present:
            return
        if hide is not None:
            hide.visible = False
        layers.views.end()
        layers.pictures.lay(picture)
        self._tissue.see_picture()
        self._move()
        with suppress(TypeError):  # napari before 0.7 fits all layers or none
            layers.viewer.reset_view(margin=MARGIN, layers=[layers.picture])

    def _on_used(self, layers: SectionLayers, made: tuple[Any, Any]) -> None:
        if layers.present:
            layers.pictures.set_section(*made)
            self._choose(layers, fit=False)

    def _on_removed(
        self,
        layers: SectionLayers,
        images: tuple[SectionImage, ...],
        made: tuple[Any, Any],
    ) -> None:
        self._on_used(layers, made)
        self._offer_back(layers, images)

    def _offer_back(self, layers: SectionLayers, images: tuple[SectionImage, ...]) -> None:
        tip = "Bring the image back where it lay"
        self.offered.emit(REMOVED, "Undo", tip, partial(self._bring_back, layers, images))

    def _move(self) -> None:
        if self._layer is not None and self._layers is not None:
            self._layers.viewer.layers.selection.active = self._layer
            self._layer.visible = True
            self._layer.mode = MOVE

    # ---- state

    def _refresh(self) -> None:
        layers = self._layers
        self._follow(None if layers is None else layers.now("picture"))
        images = () if layers is None else layers.section.images
        picture = None if layers is None else layers.laid
        laid = picture is not None
        placed = images[0].placed if images else None
        idle = layers is not None and self._runner.idle
        self.menu.setEnabled(idle)
        self.move_again.setVisible(placed is not None and not laid)
        self.remove.setVisible(placed is not None and not laid)
        before = placed is not None and bool(placed.instead_of)
        self.remove.setToolTip(BEFORE if before else NONE)
        again = placed is not None and picture is not None and picture.image is placed.original
        self.words.setText(f"{HOW} {AGAIN if again else NEW}")
        text, tip = LEAVE if again else DROP
        self.drop.setText(text)
        name_button(self.drop, tip)
        self.setVisible(laid)
        self.setEnabled(idle)
        self._show_mode()

    def _follow(self, layer: Image | None) -> None:
        """Follow the layer of the picture: how the mouse acts on it, and Esc."""
        if layer is self._layer:
            return
        if self._layer is not None:
            self._layer.events.mode.disconnect(self._show_mode)
        self._layer = layer
        if layer is not None:
            layer.events.mode.connect(self._show_mode)
            layer.bind_key("Escape", self._on_escape, overwrite=True)

    def _on_escape(self, layer: Image) -> None:
        layer.mode = "pan_zoom"

    def _show_mode(self, event: object = None) -> None:
        moving = self._layer is not None and self._layer.mode == MOVE
        self.mover.setChecked(moving)
        self._escape.setEnabled(moving)
