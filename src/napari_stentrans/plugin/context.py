"""Context: what pages, panels and jobs share: the viewer, the section worked on, jobs, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, QTimer, Signal

from napari_stentrans.plugin.jobs.open_sections import name_apart
from napari_stentrans.plugin.jobs.rankings import Rankings
from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.layers.auto_fit import AutoFit
from napari_stentrans.plugin.layers.registry import find, show_alone
from napari_stentrans.plugin.layers.section_layers import SectionLayers, adopt
from napari_stentrans.plugin.models.app_model import AppModel
from napari_stentrans.plugin.models.gene_lists import GeneLists
from napari_stentrans.plugin.models.gene_names import Kept
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.widgets.bound import Bound
from napari_stentrans.plugin.widgets.message_bar import MessageBar
from napari_stentrans.plugin.widgets.wide_panel import WidePanel

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari
    from qtpy.QtWidgets import QWidget

    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.models.export_request import ExportContext

WAIT = "Wait until the run has ended, or cancel it, and {} then."


class Follower(Protocol):
    """Speaks of one section."""

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of this section from now on."""


class Context(QObject):
    """The section that is worked on, and what is done with it.

    Parameters
    ----------
    viewer
        Where the sections are.
    dock
        Whose it is; what went wrong is said by napari while that is not seen.

    Attributes
    ----------
    layers
        Layers of the section that is worked on; None without one.
    app
        What is open, without Qt and napari.
    rankings
        Makes lists of genes.
    runner
        Does one job at a time.
    actions
        What can be done by keys and menus.
    message
        Line that says what was noticed or went wrong.
    painted
        What is painted as lost; None where nothing can be painted yet.
    wide
        Where plots and tables are shown below the canvas.
    stock
        Says what there is to be saved at the moment; None without a section.
    is_restoring
        Says whether a session that was read is being brought back.
    """

    sectionsChanged = Signal()
    """Sections came or went, or are called or told otherwise."""
    resultChanged = Signal()
    """There is something else to show as the result."""
    layersChanged = Signal()
    """Layers came or went."""
    phaseChanged = Signal()
    unsavedChanged = Signal(object)
    """List of what is in no file yet."""
    paintChanged = Signal(object)
    """What is painted as lost, as a LostMask; None where nothing can be painted yet."""
    geneWanted = Signal(str)
    saveWanted = Signal(object)
    """What is to be saved, "lost" for one; None for what was saved last."""

    def __init__(self, viewer: napari.viewer.Viewer, dock: QWidget) -> None:
        super().__init__(dock)
        self.viewer, self._dock = viewer, dock
        self.layers: SectionLayers | None = None
        self.painted: LostMask | None = None
        self.wide, self.rankings = WidePanel(viewer), Rankings(self)
        self.app = AppModel(GeneLists(Kept(), self.rankings))
        self.stock: Callable[[], ExportContext | None] = lambda: None
        self.is_restoring: Callable[[], bool] = lambda: False
        self.runner, self.message, self.actions = Runner(self), MessageBar(), Bound(dock)
        self.runner.phaseChanged.connect(self.phaseChanged)
        self.runner.failed.connect(self.fail)
        self.runner.warned.connect(self.note)
        self._followers: list[Follower] = []
        self._unsaved: list[str] = []
        self._auto_fit = AutoFit(self, viewer)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)  # once all layers of a section are there
        self._soon.timeout.connect(self.look)
        viewer.layers.events.inserted.connect(self._look_soon)
        viewer.layers.events.removed.connect(self._look_soon)

    @property
    def phase(self) -> Phase:
        """What is being done."""
        if self.is_restoring():
            return Phase.LOADING
        nothing = self.layers is None and not self.runner.busy
        return Phase.EMPTY if nothing else self.runner.phase

    @property
    def sections(self) -> list[SectionLayers]:
        """All sections of the viewer, the lowest first."""
        return find(self.viewer)

    # ---- the section

    def follow(self, *followers: Follower) -> None:
        """Let these speak of the section that is worked on, in this order."""
        self._followers += followers
        for follower in followers:
            if self.layers is not None:
                follower.set_layers(self.layers)

    def choose(self, layers: SectionLayers | None, *, fit: bool = True) -> None:
        """Work on a section from now on, and show it alone, fitted to the canvas."""
        self._soon.stop()
        if layers is not None and layers is not self.layers:
            show_alone(layers, [other for other in self.sections if other is not layers])
            if fit:
                self._auto_fit.fit(layers)
        self.layers = layers
        self.app.current = None if layers is None else layers.model
        name_apart(self.sections)
        for follower in self._followers:
            follower.set_layers(layers)
        self.sectionsChanged.emit()
        self.check_unsaved()
        if self.phase is Phase.CHECKING:
            self.runner.cancel()
        self.phaseChanged.emit()

    def fit(self) -> None:
        """Fit the view to the section."""
        if self.layers is not None:
            self._auto_fit.fit(self.layers)

    def look(self) -> None:
        """Take in layers that a reader made, and notice those that went."""
        new = adopt(self.viewer)
        sections = self.sections
        self.layersChanged.emit()
        if self.layers not in sections or (new is not None and self.phase.idle):
            self.choose(new or (sections[-1] if sections else None))
            return
        name_apart(sections)
        self.sectionsChanged.emit()
        self.resultChanged.emit()

    def check_unsaved(self) -> None:
        """Say what is not saved, where that is something else than before."""
        parts = [] if self.layers is None else self.layers.model.unsaved.parts
        if parts != self._unsaved:
            self._unsaved = parts
            self.unsavedChanged.emit(parts)
            self.sectionsChanged.emit()

    def set_painted(self, painted: LostMask | None) -> None:
        """Say what is painted as lost."""
        self.painted = painted
        self.paintChanged.emit(painted)
        self.check_unsaved()

    def let_go(self) -> None:
        """Let go of the viewer, and of the section."""
        self.runner.stop()
        self._soon.stop()
        events = self.viewer.layers.events
        events.inserted.disconnect(self._look_soon)
        events.removed.disconnect(self._look_soon)
        for follower in self._followers:
            follower.set_layers(None)
        self.wide.let_go()
        self._auto_fit.let_go()

    # ---- words

    def fail(self, text: str) -> None:
        """Say what went wrong, once: in the dock, or by napari where the dock is not seen."""
        self.message.show_message(text)
        if not self._dock.isVisible():
            show_error(text)

    def note(self, text: str) -> None:
        """Note what was mended or left out, below what was noted before."""
        if text:
            self.message.add_note(text)

    def may(self, what: str) -> bool:
        """Whether no run or save would be disturbed; says to wait otherwise, and to do what."""
        busy = self.phase.running or self.phase in (Phase.SAVING, Phase.STOPPING)
        if busy:
            self.fail(WAIT.format(what))
        return not busy

    def _look_soon(self, event: object = None) -> None:
        self._soon.start()
