"""Keeping: the dock's side of what keeps work from being lost."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError
from napari_stentrans.plugin.jobs.autosave import when
from napari_stentrans.plugin.jobs.safekeeping import Safekeeping, unsaved_words
from napari_stentrans.plugin.widgets.dialogs import ask_unsaved
from napari_stentrans.plugin.widgets.throttle import follow
from napari_stentrans.session import read_session

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.plugin.jobs.session_keeper import SessionKeeper
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

OPEN = "Open it as it was when it was last kept"
DELETE = "Delete what was kept of it, for good"
LOST = "It is lost when the section is closed."


class Keeping:
    """Says what is not saved, and offers what a crash or a mistake has left."""

    def __init__(self, keeper: SessionKeeper) -> None:
        self._keeper, self._context = keeper, keeper.context
        self._layers: SectionLayers | None = None
        self.safe = Safekeeping.of(self._context.viewer)
        self.safe.attach(keeper)
        self._left: list[Path] = []

    def set_layers(self, layers: SectionLayers | None) -> None:
        old, new = (None if of is None else of.model for of in (self._layers, layers))
        follow(old, new, self._on_done, "laidChanged")
        for name in ("runs", "unsaved"):
            follow(getattr(old, name, None), getattr(new, name, None), self._on_done, "changed")
        self._layers = layers

    def close(self) -> None:
        """Take the section out of the viewer; ask first where its work is not saved."""
        layers = self._context.layers
        if layers is None:
            return
        answer = "close"
        if layers.model.unsaved.parts:
            answer = ask_unsaved(self._context.dock, [unsaved_words(layers)], LOST)
        if answer == "save":
            self._keeper.save_work(layers, partial(self._take_out, layers))
        elif answer == "close":
            self._take_out(layers)

    def look_for_left(self) -> None:
        """Offer what other windows have left."""
        self._left = [path for path in self.safe.shelf.left() if self._readable(path)]
        self._offer()

    def _offer(self) -> None:
        """Offer the latest session that was left."""
        if not self._left:
            return
        path, message = self._left[0], self._context.message
        facts = read_session(path).facts
        said = f"Work on {facts.title or 'a section'} of {when(path)} was not saved."
        opened = partial(self._on_opened, path)
        message.offer(said, "Open it", OPEN, partial(self._keeper.open, path, opened))
        message.offer_also("Delete", DELETE, partial(self._delete, path))

    def _on_opened(self, path: Path, layers: SectionLayers) -> None:
        self.safe.take_over(layers, path)
        self._left.remove(path)
        self._context.check_unsaved()
        self._offer()

    def _delete(self, path: Path) -> None:
        self.safe.shelf.delete(path)
        self._left.remove(path)
        self._offer()

    def _readable(self, path: Path) -> bool:
        """Whether a session can be read; what was written halfway is deleted."""
        try:
            read_session(path)
        except ReadError:
            self.safe.shelf.delete(path)
            return False
        return True

    def _take_out(self, layers: SectionLayers) -> None:
        self.safe.forget(layers)
        layers.remove()

    def _on_done(self) -> None:
        self._context.check_unsaved()
        layers = self._layers
        if layers is not None and layers in self._context.sections:
            self.safe.saved(layers)
            if len(layers.model.runs):
                self.safe.soon()
