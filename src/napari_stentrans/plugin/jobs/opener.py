"""Opener: the ways to a section, from the wish of a person to the work of a job."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from napari_stentrans.errors import SectionError
from napari_stentrans.io import why_not
from napari_stentrans.plugin.jobs.active_layer import layer_steps, layers_to_use
from napari_stentrans.plugin.jobs.loading import read_steps
from napari_stentrans.plugin.jobs.sample_data import (
    HERE,
    SAMPLES,
    missing_steps,
    real_steps,
    sample_steps,
)
from napari_stentrans.plugin.models.endings import CAN_BE_OPENED
from napari_stentrans.plugin.widgets.dialogs import (
    ask_file,
    ask_folder,
    may_download,
    may_drop_result,
)
from napari_stentrans.samples import REAL_SAMPLES
from napari_stentrans.session import ENDING

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.plugin.layers.images import FirstLook
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.progress import Steps
    from napari_stentrans.samples import RealSample


class Load(Protocol):
    """Starts a job that makes a section ready, which takes the place of another if given."""

    def __call__(
        self,
        work: Callable[[], Steps[FirstLook]],
        doing: str,
        instead_of: SectionLayers | None = None,
    ) -> None:
        """Start the job."""


class Opener:
    """Opens sections for the dock.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    viewer
        Whose layers may become sections.
    load
        Starts the jobs that end in a section.
    prepare
        Starts a job, and calls back with its result.
    fail
        Says what cannot be done.
    reopen
        Opens a session.
    belongs
        Takes a file that belongs to the section that is open; False where none does.
    """

    def __init__(
        self,
        parent: QWidget,
        viewer: ViewerModel,
        load: Load,
        prepare: Callable[[Callable[[], Steps[Any]], str, Callable[[Any], None]], None],
        fail: Callable[[str], None],
        reopen: Callable[[Path], None],
        belongs: Callable[[Path], bool],
    ) -> None:
        self._parent = parent
        self._viewer = viewer
        self._load = load
        self._prepare = prepare
        self._fail = fail
        self._reopen = reopen
        self._belongs = belongs

    def file(self) -> None:
        """Ask for a file and open it."""
        self._open_if(ask_file(self._parent))

    def folder(self) -> None:
        """Ask for a folder and open it."""
        self._open_if(ask_folder(self._parent))

    def open(self, path: str | Path, chosen: Chosen | None = None) -> None:
        """Read a section, with what was chosen of it, a session, or what belongs to a section."""
        path = Path(path)
        if path.name.lower().endswith(ENDING):
            self._reopen(path)
            return
        if chosen is None and self._belongs(path):
            return
        if problem := why_not(path):  # said before anything stops for it
            self._fail(f"'{path.name}' cannot be opened: {problem}. Open {CAN_BE_OPENED}.")
            return
        self._load(partial(read_steps, path, chosen), f"Reading {path.name}")

    def sample(self, name: str) -> None:
        """Make a sample, or ask whether it may be downloaded."""
        if name in SAMPLES:
            self._load(partial(sample_steps, name), "Making a sample")
            return
        sample = REAL_SAMPLES[name]
        work = partial(missing_steps, sample)
        self._prepare(work, f"Looking for {sample.title}", partial(self._download, sample))

    def _download(self, sample: RealSample, missing: int | None) -> None:
        """Download and open a sample, if the person agrees to what has to be downloaded."""
        if missing == HERE or may_download(self._parent, sample, missing):
            self._load(partial(real_steps, sample), f"Opening {sample.title}")

    def active_layer(self) -> None:
        """Make a section of the active layer."""
        try:
            layers = layers_to_use(self._viewer)
        except SectionError as error:
            self._fail(str(error))
            return
        self._load(partial(layer_steps, layers), f"Reading {layers[0].name}")

    def choose(self, layers: SectionLayers, key: str, option: str) -> bool:
        """Read a section again with another choice; False where the person thinks better of it."""
        chosen = layers.model.section.chosen
        if layers.model.origin is None or chosen.get(key) == option:
            return True
        if layers.model.enhancement is not None and not may_drop_result(self._parent):
            return False
        path = layers.model.origin.path
        work = partial(read_steps, path, {**chosen, key: option})
        self._load(work, f"Reading {path.name}", layers)
        return True

    def _open_if(self, path: Path | None) -> None:
        if path is not None:
            self.open(path)
