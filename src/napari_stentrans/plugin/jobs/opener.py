"""Opener: the ways to a section, from the wish of a person to the work of a job."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.errors import SectionError
from napari_stentrans.io import can_read, why_not
from napari_stentrans.io._shared import plain_suffix
from napari_stentrans.io.images import IMAGE_SUFFIXES
from napari_stentrans.io.regions import SUFFIXES, read_regions_steps
from napari_stentrans.plugin.jobs import sample_data
from napari_stentrans.plugin.jobs.active_layer import layer_steps, layers_to_use
from napari_stentrans.plugin.jobs.loading import read_steps
from napari_stentrans.plugin.layers.images import FirstLook
from napari_stentrans.plugin.models.endings import CAN_BE_OPENED
from napari_stentrans.plugin.widgets import dialogs
from napari_stentrans.samples import REAL_SAMPLES
from napari_stentrans.session import ENDING

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.plugin.jobs.loads import Loads
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.progress import Steps
    from napari_stentrans.samples import RealSample
    from napari_stentrans.section import Section


BUSY = "Wait until the run has ended, or cancel it, and open what belongs to the section then."


class Opener:
    """Opens sections for the dock, and what belongs to the section that is open.

    A picture is laid below the spots of that, to be used as its tissue image or not; labels become
    named regions, or lost ones, as the person says.

    Parameters
    ----------
    loads
        Starts the jobs that end in a section.
    reopen
        Opens a session.
    lay
        Lays a picture below the spots; says whether it could.
    """

    def __init__(
        self, loads: Loads, reopen: Callable[[Path], None], lay: Callable[[Path], bool]
    ) -> None:
        self._loads, self._context = loads, loads.context
        self._reopen, self._lay = reopen, lay

    def file(self) -> None:
        self._open_if(dialogs.ask_file(self._context.dock))

    def folder(self) -> None:
        self._open_if(dialogs.ask_folder(self._context.dock))

    def open(self, path: str | Path, chosen: Chosen | None = None) -> None:
        """Read a section, with what was chosen of it, a session, or what belongs to a section."""
        path = Path(path)
        if path.name.lower().endswith(ENDING):
            self._reopen(path)
            return
        if chosen is None and self._open_beside(path):
            return
        if problem := why_not(path):  # said before anything stops for it
            self._context.fail(f"'{path.name}' cannot be opened: {problem}. Open {CAN_BE_OPENED}.")
            return
        self._loads.load(partial(read_steps, path, chosen), f"Reading {path.name}")

    def sample(self, name: str) -> None:
        """Make a sample, or ask whether it may be downloaded."""
        if name in sample_data.SAMPLES:
            made = partial(sample_data.sample_steps, name)
            self._loads.prepare(made, "Making a sample", self._on_sample)
            return
        sample = REAL_SAMPLES[name]
        work = partial(sample_data.missing_steps, sample)
        self._loads.prepare(work, f"Looking for {sample.title}", partial(self._download, sample))

    def active_layer(self) -> None:
        try:
            layers = layers_to_use(self._context.viewer)
        except SectionError as error:
            self._context.fail(str(error))
            return
        self._loads.load(partial(layer_steps, layers), f"Reading {layers[0].name}")

    def choose(self, key: str, option: str) -> bool:
        """Read the section again with another choice; False where the person declines."""
        layers = self._context.layers
        if layers is None:
            return True
        model, chosen = layers.model, layers.model.section.chosen
        if model.origin is None or chosen.get(key) == option:
            return True
        if model.enhancement is not None and not dialogs.may_drop_result(self._context.dock):
            return False
        path = model.origin.path
        work = partial(read_steps, path, {**chosen, key: option})
        self._loads.load(work, f"Reading {path.name}", layers)
        return True

    def _on_sample(self, looks: list[FirstLook]) -> None:
        """Show the sections of a sample, and work on the last of them."""
        for look in looks:
            self._loads.show(look)

    def _download(self, sample: RealSample, missing: int | None) -> None:
        """Download and open a sample, if the person agrees to what has to be downloaded."""
        here = missing == sample_data.HERE
        if here or dialogs.may_download(self._context.dock, sample, missing):
            work = partial(sample_data.real_steps, sample)
            self._loads.load(work, f"Opening {sample.title}")

    def _open_if(self, path: Path | None) -> None:
        if path is not None:
            self.open(path)

    def _open_beside(self, path: Path) -> bool:
        """Take a file; False where it is a section of its own, or belongs to none."""
        layers, suffix = self._context.layers, plain_suffix(path)
        idle, picture = self._context.runner.idle, suffix in IMAGE_SUFFIXES
        if layers is None or not (picture or suffix in SUFFIXES) or not path.is_file():
            return False
        if (picture or not idle) and can_read(path):
            return False
        if not idle:
            self._context.fail(BUSY)
            return True
        if picture:
            return self._lay(path)
        work = partial(table_steps, layers.model.section, path)
        self._loads.prepare(work, f"Reading {path.name}", partial(self._on_read, layers, path))
        return True

    def _on_read(self, layers: SectionLayers, path: Path, read: FirstLook | Annotation) -> None:
        if isinstance(read, FirstLook):
            self._loads.show(read)
            return
        if layers is not self._context.layers or not layers.present:
            return
        answer = dialogs.ask_regions(self._context.dock, path.name, read.in_words())
        if answer == "named":
            layers.annotate(read)
            self._context.note(f"{read.in_words()} ({path.name}).")
        elif answer == "lost":
            layers.paint.paint_regions(read)


def table_steps(section: Section, path: Path) -> Steps[FirstLook | Annotation]:
    """Read a section of its own, or named regions; to know which takes long beside many tables."""
    read = read_steps(path) if can_read(path) else read_regions_steps(path, section)
    return (yield from read)
