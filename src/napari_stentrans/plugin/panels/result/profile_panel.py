"""ProfilePanel: the gene along a line that a person draws, in the wide panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_stentrans.errors import StentransError
from napari_stentrans.export.profile import profile_along
from napari_stentrans.export.profile_files import save_profile
from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.layers.profile_line import ProfileLine
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.widgets.dialogs import ask_profile
from napari_stentrans.plugin.widgets.make import laid
from napari_stentrans.plugin.widgets.panel import button, words
from napari_stentrans.plugin.widgets.throttle import timer
from napari_stentrans.progress import Progress
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.export.profile import Profile
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.plugin.panels.result.plots import ProfilePlot
    from napari_stentrans.progress import Steps

ASK = "Draw a line across the tissue: press, drag, release. Its ends can be moved afterwards."
SAVE = "Write the profile as a table (.csv) or a figure (.png, .svg, .pdf)"


class ProfilePanel(Following, QWidget):
    """Plot of the gene along the line, while there is a layer to draw it on."""

    switched = Signal(bool)  # there is a line to draw or drag now, or none any more

    def __init__(self) -> None:
        super().__init__()
        self._line: ProfileLine | None = None
        self._profile: Profile | None = None
        self._other: Profile | None = None
        self._runner = Runner(self)
        self.words = words("about the line")
        self._runner.failed.connect(self.words.setText)
        self.plot: ProfilePlot | None = None
        self.again = button("New line", "Draw another line", self._draw_anew)
        self.save = button("Save…", SAVE, self._save)
        head = laid(QHBoxLayout(), (self.words, 1), self.again, self.save, spacing=6)
        self.rows = laid(QVBoxLayout(self), head, margins=(6, 4, 2, 2))
        self.rows.addStretch(0)
        self._soon = timer(self, self._draw)  # a run changes several things at once

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Take lines over this section from now on; the line of the last one waits for it."""
        if layers is self.layers:
            return
        if self.model is not None:
            shown = self._line is not None
            if self._line is not None:
                self._line.end()
            self.model.profiled = shown
            self.model.lined.disconnect(self._begin, missing_ok=True)
        self._runner.stop()
        super().set_layers(layers)
        if layers is not None:
            layers.model.lined.connect(self._begin)
            if layers.model.profiled:
                self._begin()

    def set_on(self, on: bool) -> None:
        if on:
            self._begin()
        elif self._line is not None and self.layers is not None:
            with self.layers.beside_anew():
                self._line.end()

    def _begin(self) -> None:
        if self._line is not None or self.layers is None:
            return
        self.layers.model.profiled = True
        with self.layers.beside_anew():
            self._line = ProfileLine(self.layers)
        self._line.changed.connect(self._follow)
        self._line.ended.connect(self._on_ended)
        self._draw()
        self.switched.emit(True)

    def profile(self) -> Profile | None:
        return self._profile

    def refresh(self) -> None:
        self._soon.start()

    def _draw(self) -> None:
        path = None if self._line is None else self._line.path()
        self._profile = self._other = None
        if path is None or self.model is None:
            self.words.setText(ASK)
        else:
            try:
                self._profile, self._other = _profiles(self.model, path)
            except StentransError as error:
                self.words.setText(str(error))
        for part in (self.save, self.again):
            part.setEnabled(self._profile is not None)
        if self._profile is not None:
            self.words.setText(in_words(self._profile))
            self._plot().show_profile(self._profile, self._other)
        if self.plot is not None:
            self.plot.setVisible(self._profile is not None)

    def _plot(self) -> ProfilePlot:
        if self.plot is None:
            from napari_stentrans.plugin.panels.result.plots import (
                ProfilePlot,  # takes half a second
            )

            self.plot = ProfilePlot()
            self.rows.insertWidget(1, self.plot, 1)
        return self.plot

    def _draw_anew(self) -> None:
        if self._line is not None:
            self._line.draw_anew()

    def _save(self) -> None:
        """Ask where to, and write the profile there, off the window's thread."""
        profile, other = self._profile, self._other
        if profile is None:
            return
        called = profile.section.gene_label(profile.gene)
        path = ask_profile(self, f"{called}_profile.csv".replace("/", "_"))
        if path is not None:
            self._runner.start(lambda: _steps(profile, other, path), Phase.SAVING, self._on_saved)

    def _on_saved(self, path: Path) -> None:
        self.words.setText(f"Saved {path.name} in {path.parent}.")

    def _on_ended(self) -> None:
        self._line = self._profile = self._other = None
        if isalive(self):  # else the window was closed meanwhile
            if self.model is not None:
                self.model.profiled = False
            self.switched.emit(False)


def in_words(profile: Profile) -> str:
    """Say what the line crosses."""
    n = int((profile.spots.site >= 0).sum())
    unit = profile.label.split("(")[1].rstrip(")")
    lost = int(profile.lost.sum())
    marked = f", {lost:,} of them marked as lost" if lost else ""
    gene = profile.section.gene_label(profile.gene)
    return f"{gene} along {profile.length:,.0f} {unit}: {some(n, 'spot')}{marked}."


def _profiles(model: SectionModel, path: NDArray[np.float64]) -> tuple[Profile, Profile | None]:
    """The gene along a path (corner, 2), and in the run that is compared with, if there is one."""
    maps = model.maps
    left, right = map(short, maps.sides(model.enhancement))
    profile = profile_along(model.section, model.enhancement, model.gene, path, right)
    if maps.against is None:
        return profile, None
    return profile, profile_along(model.section, maps.against, model.gene, path, left)


def _steps(profile: Profile, other: Profile | None, path: Path) -> Steps[Path]:
    yield Progress("writing the profile", 0, 1)
    return save_profile(profile, path, other=other, overwrite=True)  # the dialog has asked
