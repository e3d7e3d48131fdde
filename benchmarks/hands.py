"""A real window with the dock, and hands: mouse and keys, or what they would do."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

# A person's settings stay theirs; napari reads this when it is imported.
os.environ.setdefault("NAPARI_CONFIG", str(Path(tempfile.mkdtemp()) / "napari.yaml"))

import napari
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.jobs.loading import look_steps
from napari_stentrans.plugin.models.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans import Section

LEFT = Qt.MouseButton.LeftButton


class Window:
    """A real window with the dock, and hands."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer(show=True)
        self.dock = StentransDock(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="stEnTrans", area="right")
        self.viewer.window.resize(1280, 800)
        self.wait(2)

    @property
    def layers(self) -> Any:
        return self.dock._layers

    def wait(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            QApplication.processEvents()
            time.sleep(0.001)
        # What is to be deleted later waits for a real event loop, which is not there.
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def until(self, true: Callable[[], bool], seconds: float = 1800) -> None:
        end = time.perf_counter() + seconds
        while not true():
            if time.perf_counter() > end:
                raise TimeoutError(self.dock.message.text())
            QApplication.processEvents()
            time.sleep(0.001)

    def open(self, section: Section) -> None:
        self.dock.jobs.loads.load(lambda: look_steps(section), "Reading")
        self.until(lambda: self.dock.enhance.run.isEnabled())
        self.dock.damage.ignore()  # what is measured is not how it asks

    def run(self, method: str = "kriging") -> None:
        form = self.dock.enhance.form
        form.method.setCurrentIndex(form.method.findData(method))
        QTest.mouseClick(self.dock.enhance.run, LEFT)
        self.until(lambda: self.dock.phase is Phase.READY)  # the check that follows is over too

    def drag(self, *points: tuple[float, float]) -> None:
        """Drag the mouse over the canvas, through points in parts of its width and height."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        at = [QPoint(int(x * canvas.width()), int(y * canvas.height())) for x, y in points]
        QTest.mouseMove(canvas, at[0])
        self.wait(0.05)
        QTest.mousePress(canvas, LEFT, Qt.KeyboardModifier.NoModifier, at[0])
        for point in at[1:]:
            QTest.mouseMove(canvas, point)
            self.wait(0.03)
        QTest.mouseRelease(canvas, LEFT, Qt.KeyboardModifier.NoModifier, at[-1])
        self.wait(0.2)

    def read(self, path: Path) -> None:
        """Open a section, or a session, from a file."""
        self.dock.open(path)
        self.until(lambda: self.dock.phase is Phase.LOADING)
        self.until(lambda: self.dock.phase is Phase.READY)

    def save_session(self, path: Path) -> None:
        """Save a session; the question where to is answered."""
        asked, QFileDialog.getSaveFileName = (
            QFileDialog.getSaveFileName,
            lambda *_, **__: (path, ""),
        )
        try:
            self.dock.save_session()
        finally:
            QFileDialog.getSaveFileName = asked
        self.until(lambda: self.dock.phase is Phase.READY)

    def press(self, view: str) -> None:
        self.click(self.dock.bar.views[view])

    def click(self, button: QWidget, seconds: float = 0.5) -> None:
        QTest.mouseClick(button, LEFT)
        self.wait(seconds)

    def gene(self, name: str) -> tuple[float, float]:
        """Seconds until another gene is drawn, and until it is painted as well."""
        start = time.perf_counter()
        self.dock.show_gene(name)
        drawn = time.perf_counter() - start
        QApplication.processEvents()
        return drawn, time.perf_counter() - start


def stops(n: int, start: tuple[float, float], end: tuple[float, float]) -> list[Any]:
    return [tuple(p) for p in np.linspace(start, end, n)]
