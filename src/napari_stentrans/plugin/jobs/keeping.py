"""Keeping: the dock's side of what keeps work from being lost."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_stentrans.errors import ReadError
from napari_stentrans.plugin.jobs.autosave import when
from napari_stentrans.plugin.jobs.safekeeping import Desk, Safekeeping
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.session import read_session

if TYPE_CHECKING:
    from pathlib import Path

    import napari

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.widgets.message_bar import MessageBar

OPEN = "Open it as it was when it was last kept"
DELETE = "Delete what was kept of it, for good"


class Keeping(QObject):
    """Says what is not saved, and offers what a crash or a mistake has left.

    Parameters
    ----------
    parent
        What it belongs to.
    viewer
        Whose sections are meant.
    message
        Where it is offered.
    desk
        What there is in the dock to save with.
    """

    changed = Signal()
    """Something was done or saved."""
    openWanted = Signal(object, object)
    """A session that was left, and what to call with its layers."""

    def __init__(
        self, parent: QObject, viewer: napari.Viewer, message: MessageBar, desk: Desk
    ) -> None:
        super().__init__(parent)
        self._message = message
        self._layers: SectionLayers | None = None
        self.safe = Safekeeping.of(viewer)
        self.safe.attach(desk)
        self._left: list[Path] = []

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Follow what is done with this section from now on."""
        if self._layers is not None:
            for signal in _signals(self._layers):
                signal.disconnect(self._on_done, missing_ok=True)
        self._layers = layers
        if layers is not None:
            for signal in _signals(layers):
                signal.connect(self._on_done)

    def let_go(self) -> None:
        """Keep no more; what is kept stays until the window is closed."""
        self.safe.attach(None)

    def look_for_left(self) -> None:
        """Offer what other windows have left."""
        self._left = [path for path in self.safe.shelf.left() if self._readable(path)]
        self.offer()

    def offer(self) -> None:
        """Offer the latest session that was left."""
        if not self._left:
            return
        path = self._left[0]
        facts = read_session(path).facts
        said = f"Work on {facts.title or 'a section'} of {when(path)} was not saved."
        self._message.offer(said, "Open it", OPEN, partial(self._open, path))
        self._message.offer_also("Delete", DELETE, partial(self._delete, path))

    def _open(self, path: Path) -> None:
        self.openWanted.emit(path, partial(self._on_opened, path))

    def _on_opened(self, path: Path, layers: SectionLayers) -> None:
        self.safe.take_over(layers, path)
        self._left.remove(path)
        self.changed.emit()
        self.offer()

    def _delete(self, path: Path) -> None:
        self.safe.shelf.delete(path)
        self._left.remove(path)
        self.offer()

    def _readable(self, path: Path) -> bool:
        """Whether a session can be read; what was written halfway is deleted."""
        try:
            read_session(path)
        except ReadError:
            self.safe.shelf.delete(path)
            return False
        return True

    def _on_done(self) -> None:
        self.changed.emit()
        layers = self._layers
        if layers is None or layers not in find(layers.viewer):
            return
        self.safe.saved(layers)
        if len(layers.model.runs):
            self.safe.soon()


def _signals(layers: SectionLayers) -> tuple:
    return layers.model.runs.changed, layers.model.laidChanged, layers.model.unsaved.changed
