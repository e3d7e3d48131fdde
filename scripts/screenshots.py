"""Take the pictures of the README and the docs: a real window, driven by mouse and keys.

xvfb-run -a -s "-screen 0 1280x800x24" .venv/bin/python scripts/screenshots.py docs/images
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from demo import wait
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_stentrans.plugin.app import open_viewer
from napari_stentrans.plugin.found import find
from napari_stentrans.plugin.phase import Phase

if TYPE_CHECKING:
    import napari
    from numpy.typing import NDArray

SIZE = (1280, 800)
COLOURS = 192
"""Pictures keep so many colours, so that they stay small."""


def settle(seconds: float = 0.5) -> None:
    """Let the window draw."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def paint(viewer: napari.Viewer, world_yx: NDArray[np.floating]) -> None:
    """Drag the mouse over the canvas along world positions (point, 2)."""
    qt_viewer = viewer.window._qt_viewer
    canvas = qt_viewer.canvas.native
    camera = getattr(viewer, "scene", viewer).camera  # the viewer's, before napari 0.9
    centre, zoom = np.array(camera.center[-2:]), camera.zoom
    middle = np.array([canvas.height(), canvas.width()]) / 2
    points = [QPoint(*map(int, yx[::-1])) for yx in (world_yx - centre) * zoom + middle]
    button = Qt.MouseButton.LeftButton
    QTest.mouseMove(canvas, points[0])
    settle(0.05)
    QTest.mousePress(canvas, button, pos=points[0])
    for point in points[1:]:
        settle(0.05)
        QTest.mouseMove(canvas, point)
    settle(0.05)
    QTest.mouseRelease(canvas, button, pos=points[-1])
    settle()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    viewer, dock = open_viewer()
    viewer.window.resize(*SIZE)

    def shoot(name: str) -> None:
        settle()
        path = folder / f"{name}.png"
        pixels = viewer.screenshot(canvas_only=False, flash=False)
        Image.fromarray(pixels).convert("RGB").quantize(COLOURS).save(path, optimize=True)
        print(f"screenshots: {path}")

    dock.open_sample("hex")
    wait(lambda: find(viewer) and dock.phase.idle, "the sample is there")
    layers = find(viewer)[0]
    section = layers.section
    dock.show_gene("Gene2")
    layers.add_lost()
    settle()
    per_px = section.um_per_px or 1.0
    for artefact in ("fold", "bubble"):
        damaged = section.xy[(section.adata.obs["artefact"] == artefact).to_numpy()]
        across = np.linalg.svd(damaged - damaged.mean(0), full_matrices=False)[2][0]
        path = damaged[np.argsort((damaged - damaged.mean(0)) @ across)]
        paint(viewer, path[:, ::-1] * per_px)
    shoot("paint")
    dock.run()
    wait(lambda: dock.phase is Phase.READY, "the run and its check have ended")
    layers.set_side_by_side(on=True)
    shoot("side_by_side")
    layers.set_side_by_side(on=False)
    layers.provenance.visible = True
    shoot("provenance")
    viewer.close()


if __name__ == "__main__":
    main()
