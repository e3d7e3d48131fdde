"""Placing: lay a picture of the tissue below the spots by mouse, and take it as their image."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

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
from napari_stentrans.plugin.panels.moving import HANDLES, MARGIN, MoveTools
from napari_stentrans.plugin.widgets.dialogs import ask_image
from napari_stentrans.plugin.widgets.menu import Menu
from napari_stentrans.plugin.widgets.panel import button, in_row, in_rows, name_button, words
from napari_stentrans.plugin.widgets.throttle import follow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari.layers import Image

    from napari_stentrans.plugin.jobs.loads import Loads
    from napari_stentrans.plugin.jobs.runner import Runner
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.picture import Picture
    from napari_stentrans.plugin.panels.bar.tissue_view import TissueView
    from napari_stentrans.section import SectionImage

HOW = f"Drag the picture {HANDLES}"
NEW, AGAIN = "It is not in use yet.", "It is in use as it lay before."
"""Of a picture that is added, and of the tissue image while it is moved again."""

DROP = ("Do not use it", "Take the picture away; what was there before stays")
LEAVE = ("Leave it as it was", "Put the tissue image back where it lay")
BEFORE = "Go back to the image that the section had before"
REMOVED = "The tissue image was removed."
NONE = "Let the section have no image"


class Placing(QWidget):
    """What is done with a picture while it is laid; a menu adds one, moves it again, removes it.

    ``tissue`` makes the maps faint while a picture is laid below them; ``choose`` shows the
    section anew once its image is another.
    """

    offered = Signal(str, str, str, object)
    """Something to say, with a button: its text and tooltip, and what it does."""

    def __init__(
        self, tissue: TissueView, runner: Runner, jobs: Loads, choose: Callable[..., object]
    ) -> None:
        super().__init__()
        self._tissue, self._runner, self._jobs, self._choose = tissue, runner, jobs, choose
        self._layers: SectionLayers | None = None
        self.menu = Menu(self, "Tissue image of this section")
        add = self.menu.add
        self.file = add("Picture in a file (JPEG, PNG, TIFF)…", self._add_file)
        active = "The layer that is selected in napari"
        self.active = add("Active Image layer", self._add_layer, active)
        again = "Lay it below the spots anew, from where it lies now"
        self.move_again = add("Move the image", partial(self._toggle, True), again)
        self.remove = add("Remove image", self._remove)
        self.words = words("how to lay the picture")
        self.tools = MoveTools("Move the image")
        self.tools.moveWanted.connect(self._toggle)
        self.tools.changeWanted.connect(self._change)
        so = "Take it as the tissue image of this section, as it lies now"
        self.use = button("Use it so", so, self._use)
        self.drop = button("", "", self._drop)
        in_rows(self, self.words, self.tools, in_row(self.use, self.drop))
        runner.phaseChanged.connect(self._refresh)
        runner.ended.connect(self._refresh)
        self._refresh()

    def set_layers(self, layers: SectionLayers | None) -> None:
        old, new = (None if each is None else each.model for each in (self._layers, layers))
        follow(old, new, self._refresh, "laidChanged")
        self._layers = layers
        self._refresh()

    def lay(self, path: Path) -> bool:
        """Lay the picture of a file below the spots; False where there is no section."""
        layers = self._layers
        if layers is None or not self._runner.idle:
            return False
        work = partial(file_steps, layers.model.section, path)
        self._jobs.prepare(work, f"Reading {path.name}", partial(self._on_picture, layers))
        return True

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
            self._jobs.context.fail(str(error))
            return
        work = partial(layer_steps, layers.model.section, layer, layers.frame)
        done = partial(self._on_picture, layers, hide=layer)
        self._jobs.prepare(work, f"Reading {layer.name}", done)

    def _toggle(self, on: bool) -> None:
        layers = self._layers
        if layers is None:
            return
        if not on:
            self.tools.stop()
        elif layers.model.laid is not None:
            self.tools.start(layers.viewer)
        else:
            self.tools.mover.setChecked(False)
            work = partial(placed_steps, layers.model.section)
            self._jobs.prepare(work, "Reading the image", partial(self._on_picture, layers))

    def _change(self, how: str) -> None:
        layers, laid = self._layers, self._laid
        if layers is not None and laid is not None:
            affine = turned(layers.frame.affine_of(layers.picture), laid.image.shape, how)
            layers.picture.affine = layers.frame.of_affine(affine)["affine"]

    def _use(self) -> None:
        layers, laid = self._layers, self._laid
        if layers is not None and laid is not None:
            self.tools.stop()
            affine = layers.frame.affine_of(layers.picture)
            work = partial(used_steps, layers.model.section, laid, affine)
            done = partial(self._on_used, layers)
            self._jobs.prepare(work, "Laying the image below the spots", done)

    def _drop(self) -> None:
        if self._layers is not None:
            self._layers.pictures.drop()

    def _remove(self) -> None:
        if self._layers is not None:
            section = self._layers.model.section
            removed = partial(self._on_removed, self._layers, section.images)
            self._jobs.prepare(partial(without_steps, section), "Removing the image", removed)

    def _bring_back(self, layers: SectionLayers, images: tuple[SectionImage, ...]) -> None:
        if not layers.present:
            return
        if not self._runner.idle:
            self._offer_back(layers, images)
            return
        work = partial(with_steps, layers.model.section, images)
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
        self.tools.start(layers.viewer)
        with suppress(TypeError):  # napari before 0.7 fits all layers or none
            layers.viewer.reset_view(margin=MARGIN, layers=[layers.picture])

    def _on_used(self, layers: SectionLayers, made: tuple[Any, Any]) -> None:
        if layers.present:
            layers.pictures.set_section(*made)
            self._choose(layers, fit=False)

    def _on_removed(
        self, layers: SectionLayers, images: tuple[SectionImage, ...], made: tuple[Any, Any]
    ) -> None:
        self._on_used(layers, made)
        self._offer_back(layers, images)

    def _offer_back(self, layers: SectionLayers, images: tuple[SectionImage, ...]) -> None:
        tip = "Bring the image back where it lay"
        self.offered.emit(REMOVED, "Undo", tip, partial(self._bring_back, layers, images))

    # ---- state

    @property
    def _laid(self) -> Picture | None:
        return None if self._layers is None else self._layers.model.laid

    def _refresh(self) -> None:
        layers, laid = self._layers, self._laid
        self.tools.follow(None if layers is None else layers.now("picture"))
        images = () if layers is None else layers.model.section.images
        placed = images[0].placed if images else None
        idle = layers is not None and self._runner.idle
        self.menu.setEnabled(idle)
        for made in (self.move_again, self.remove):
            made.setVisible(placed is not None and laid is None)
        before = placed is not None and bool(placed.instead_of)
        self.remove.setToolTip(BEFORE if before else NONE)
        again = placed is not None and laid is not None and laid.image is placed.original
        self.words.setText(f"{HOW} {AGAIN if again else NEW}")
        text, tip = LEAVE if again else DROP
        self.drop.setText(text)
        name_button(self.drop, tip)
        self.setVisible(laid is not None)
        self.setEnabled(idle)
