"""Loads: jobs that end in a section, or in something that belongs to one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_stentrans.plugin.layers.replacing import replace_layers
from napari_stentrans.plugin.layers.section_layers import SectionLayers
from napari_stentrans.plugin.models.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.images import FirstLook
    from napari_stentrans.progress import Steps


class Loads(QObject):
    """Starts such jobs, and shows the sections that they end in."""

    beginning = Signal()
    """Something is to be read: what is at work is stopped for it."""
    began = Signal(str)
    """What is being done."""
    opened = Signal(object)
    """Path of a section that was read from one."""
    shown = Signal()
    """A section that was opened is on the canvas."""
    replaced = Signal(object)
    """Layers whose section was read again with another choice."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.context = context

    def load(
        self,
        work: Callable[[], Steps[FirstLook]],
        doing: str,
        instead_of: SectionLayers | None = None,
    ) -> None:
        """Start a job that ends in a section, which takes the place of another if given."""
        self.prepare(work, doing, partial(self.show, instead_of=instead_of))

    def prepare(
        self, work: Callable[[], Steps[Any]], doing: str, returned: Callable[[Any], object]
    ) -> None:
        """Start a job on the way to a section."""
        self.beginning.emit()
        self.context.runner.stop()
        self.context.message.clear()
        self.began.emit(doing)
        self.context.runner.start(work, Phase.LOADING, returned)

    def prepare_idle(
        self, work: Callable[[], Steps[Any]], doing: str, returned: Callable[[Any], object]
    ) -> None:
        """Start a job that no run is stopped for."""
        if self.context.may("try again"):
            self.prepare(work, doing, returned)

    def show(self, look: FirstLook, instead_of: SectionLayers | None = None) -> SectionLayers:
        """Show a section that was read, in place of another if that is still there; its layers."""
        context = self.context
        old = instead_of if instead_of in context.sections else None
        if old is not None:
            layers, note = replace_layers(old, look)
            self.replaced.emit(old)
            context.note(note)
        else:
            layers = SectionLayers(context.viewer, look.section, look, in_turns=True)
        if look.origin is not None:
            self.opened.emit(look.origin.path)
        context.choose(layers, fit=old is None)
        if old is None:
            self.shown.emit()
        return layers
