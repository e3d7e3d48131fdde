"""How long a whole visit takes, from a section that is dropped to files that are saved.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/visit.py SECTION ... [--folder OUT]

Everything is done by mouse and keys, as a person would who knows what they want: drop, paint, run,
look at both maps in every way, at the next gene, find another, save a figure and the result. Each
step ends when the window shows its outcome; what was written is read again at the end. The times
are those of the window, with none for a person to think. A gesture is a press, a stroke, a key, a
choice from a list, or a drop.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("NAPARI_CONFIG", str(Path(tempfile.mkdtemp()) / "napari.yaml"))
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts" / "pictures"))

import anndata as ad
import numpy as np
from hands import LEFT, Hands
from matplotlib.image import imread
from plan import Plan
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_stentrans.plugin.contributions.app import open_viewer
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.models.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

SIZE = (1280, 800)
VIEWS = ("Side by side", "Swipe", "Blink", "Difference", "Uncertainty", "Origin", "After")


class Visit:
    """One visit to a section, and the seconds of its steps."""

    def __init__(self, folder: Path) -> None:
        viewer, dock = open_viewer()
        viewer.window.resize(*SIZE)
        self.viewer, self.hands, self.folder = viewer, Hands(viewer, dock), folder
        self.total, self.gestures = 0.0, 0
        self.hands.settle(1)

    @property
    def layers(self) -> SectionLayers:
        return find(self.viewer)[0]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start, done = time.perf_counter(), self.gestures
        yield
        seconds, n = time.perf_counter() - start, self.gestures - done
        self.total += seconds
        print(f"  {name:<36}{n:>3} gestures {seconds:7.1f} s", flush=True)

    def do(self, gesture: Callable[..., object], *what: object) -> None:
        """Make a gesture, and count it."""
        self.gestures += 1
        gesture(*what)

    def go(self, path: Path) -> None:
        hands = self.hands
        with self.step("drop, until a map is shown"):
            self.do(self._drop, path)
            hands.wait(lambda: self.hands.dock.phase is Phase.READY, "the section is open")
        with self.step("paint a lost region"):
            self.do(hands.press, "brush")
            for _, strokes in Plan.of(self.layers).damage:
                self.do(hands.drag, strokes)
            hands.wait(lambda: self.layers.paint.mask().lost.any(), "spots are lost")
        lost = self.layers.paint.mask().lost
        with self.step("run, until the result is shown"):
            self.do(hands.press, "Run")
            hands.wait(lambda: len(self.layers.model.runs) == 1, "there is a result")
        print(f"  {'a repaired map':<36}{self.gestures:>3} gestures {self.total:7.1f} s")
        with self.step("the next gene, compared"):
            self._compare_next()
        with self.step("how good it is here"):
            hands.wait(lambda: self.layers.model.quality is not None, "it has been checked")
        with self.step("rank genes, show the most spatial"):
            self.do(hands.choose, "list of genes to show", "Most spatial")
            genes: Any = hands.find("genes")
            hands.wait(lambda: genes.model().rowCount(), "the genes are ranked")
            gene = genes.model().index(0, 0).data()
            self.do(partial(QTest.mouseClick, genes.viewport(), LEFT, pos=self._first(genes)))
            hands.wait(lambda: self.layers.model.gene == gene, f"{gene} is shown")
        with self.step(f"{len(VIEWS)} ways to look"):
            for view in VIEWS:
                self.do(hands.press, view)
        with self.step("profile along a line"):
            self.do(hands.press, "Profile…")
            self.do(hands.drag, Plan.of(self.layers).line)
            hands.wait(lambda: self.hands.dock.result.profile.profile(), "there is a profile")
            self.do(hands.press, "Profile…")
        figure, result = self.folder / f"{path.stem}.png", self.folder / f"{path.stem}.h5ad"
        with self.step("save a figure"):
            self._save("A figure, before and after", figure)
        with self.step("save the result"):
            self._save("The result, for analysis", result)
        self._read_again(figure, result, lost)
        print(f"  {'in all':<36}{self.gestures:>3} gestures {self.total:7.1f} s")
        self.viewer.close()

    def _compare_next(self) -> None:
        """Show the next gene before and after: two keys."""
        hands, gene = self.hands, self.layers.model.gene
        self.do(hands.key, "N")
        hands.wait(lambda: self.layers.model.gene != gene, "the next gene is shown")
        self.do(hands.key, "Shift+S")
        hands.wait(lambda: self.layers.model.view == "side_by_side", "both maps are shown")
        hands.press("After")

    def _first(self, genes: Any) -> QPoint:
        genes.scrollToTop()
        return genes.visualRect(genes.model().index(0, 0)).center()

    def _drop(self, path: Path) -> None:
        """Let go of a file or folder over the canvas."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        canvas = self.hands.canvas
        at, copy = canvas.rect().center(), Qt.DropAction.CopyAction
        given = (copy, data, LEFT, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, QDragEnterEvent(at, *given))
        QApplication.sendEvent(canvas, QDropEvent(QPointF(at), *given))

    def _save(self, what: str, path: Path) -> None:
        """Choose what to save on the page Export, and answer the question where to."""
        hands, kept = self.hands, QFileDialog.getSaveFileName
        QFileDialog.getSaveFileName = staticmethod(lambda *_, **__: (str(path), ""))

        self.do(hands.key, "Alt+E")
        self.do(hands.press, what)
        self.do(hands.press, "Save…")
        hands.wait(lambda: hands.says(f"Saved {path.name}"), f"{path.name} is saved")
        QFileDialog.getSaveFileName = kept

    def _read_again(self, figure: Path, result: Path, lost: np.ndarray) -> None:
        """Check that the files hold what was done."""
        pixels = imread(figure)
        adata = ad.read_h5ad(result)
        said = np.asarray(adata.obs["provenance"][: len(lost)] == "lost")
        counted = self.layers.model.section.totals > 0
        if not (said[counted] == lost[counted]).all() or pixels[..., :3].std() == 0:
            raise SystemExit("visit: the files do not hold what was done")
        print(f"  {figure.name}: {pixels.shape[1]} x {pixels.shape[0]}; {result.name}: "
              f"{adata.n_obs:,} sites, {int(said.sum())} lost")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="+", type=Path, metavar="SECTION")
    parser.add_argument("--folder", type=Path, help="where to save; default: a temporary one")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        parser.error(f"{folder} is not empty: the window would ask whether to replace files")
    for path in arguments.sections:
        print(path.name)
        Visit(folder).go(path.resolve())


if __name__ == "__main__":
    main()
