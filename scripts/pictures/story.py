"""The visit that the pictures are of: from an empty window to a saved result."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from hands import LEFT
from PIL import Image
from plan import Plan
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QComboBox, QFileDialog, QLineEdit

from napari_stentrans.export import write_section
from napari_stentrans.plugin.layers.registry import find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from camera import Camera
    from hands import Hands

    from napari_stentrans import Enhancement, Section
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

SAMPLE = "Simulated Visium section"
SERIAL = "Two simulated serial sections"
CHECKED = "Noise in the counts allows"
LISTED = ("gene search", "list of genes to show", "genes", "about the list of genes")
"""The search line, and what opens below it."""
VIEWS = {"Difference": "difference", "Uncertainty": "uncertainty", "Origin": "provenance"}
"""Buttons, and what their pictures are called."""
TRUSTED = (
    "whether to trust the gene on the map", "how good the gene on the map is",
    "how good the result is",
)  # fmt: skip


class Story:
    """One visit; every method is a part of it and takes its pictures.

    Parameters
    ----------
    hands, camera
        Who does it, and who looks.
    section
        A section to open in place of the simulated sample.
    scratch
        A folder for files of the visit.
    """

    def __init__(self, hands: Hands, camera: Camera, section: Path | None, scratch: Path) -> None:
        self.hands, self.camera = hands, camera
        self.section, self.scratch = section, scratch
        self.plan: Plan
        self.first: Enhancement
        """Result of the first run."""
        self.first_section: Section
        self.said = ""
        """What the window said about its quality."""

    @property
    def layers(self) -> SectionLayers:
        return find(self.hands.viewer)[0]

    def tell(self) -> None:
        """Do all of it."""
        self.open()
        self.genes()
        self.colours()
        self.find_lost()
        self.paint()
        self.tissue()
        self.run()
        self.compare()
        self.profile()
        self.quality()
        self.queue()
        self.runs()
        self.two_runs()
        self.too_large()
        self.analyse()
        self.save()
        if self.section is None:
            self.lay_a_picture()
            self.neighbour()

    def open(self) -> None:
        hands, camera = self.hands, self.camera
        camera.window("empty")
        if self.section is None:
            hands.take("Open", "Sample", SAMPLE, look=lambda: camera.opened("sample_menu"))
        else:
            self._open(self.section)
        hands.wait(lambda: hands.can("Run"), "the section is open")
        hands.settle(1)
        self.plan = Plan.of(self.layers)
        genes = self.plan.genes or self._most_spatial()
        self.shown, self.second, self.third = genes
        self._show(self.shown)
        camera.window("section", light=True)

    def _most_spatial(self) -> tuple[str, ...]:
        self._list("Most spatial")
        names = self._listed()
        self._list("All genes")
        return names[0], names[1], names[2]

    def genes(self) -> None:
        hands, camera = self.hands, self.camera
        hands.key("/")
        first, second, third, *rest = self.shown
        slip = "".join([first, third, second, *rest])
        hands.type("gene search", slip, enter=False)
        camera.part("search", *LISTED)
        for gene in (self.second, self.third, self.shown):
            self._show(gene)
            hands.key("Ctrl+D")
        self._list("Favourites")
        camera.part("favourites", *LISTED)
        self._list("Most spatial")
        camera.part("most_spatial", *LISTED)
        hands.press("many genes at once")
        hands.settle(1)
        camera.window("many")
        hands.press("many genes at once")
        self._list("All genes")
        self._show("Total counts")
        camera.window("total_counts")
        self._show(self.shown)

    def colours(self) -> None:
        hands, camera = self.hands, self.camera
        hands.press("add a second gene")
        self._show(self.second)
        camera.window("overlay")
        hands.press("add a third gene")
        self._show(self.third)
        camera.window("overlay_three")
        for gene in (self.shown, self.second):
            hands.press(f"{gene} ×")
        self._show(self.shown)
        hands.press("units, colours and range")
        hands.choose("units", "Counts (linear)")
        hands.choose("colours", "magma")
        camera.window("look")
        hands.choose("units", "Expression (log)")
        hands.choose("colours", "viridis")
        hands.press("units, colours and range")

    def find_lost(self) -> None:
        hands, camera = self.hands, self.camera
        hands.wait_a_while(lambda: self.layers.model.damage is not None)
        if hands.can("Ignore"):
            hands.press("Show")
            camera.window("looks_lost")
            hands.press("Ignore")  # what follows finds and paints it by hand
        hands.take("Find damage", "Low counts…")
        hands.slide("threshold of counts, slider", 20)
        camera.window("low_counts")
        hands.press("Cancel")
        hands.take("Find damage", "Not covered…")
        hands.wait(lambda: not hands.says("Looking for tissue"), "the tissue is found")
        if hands.says("sites on the tissue"):
            camera.window("uncovered")
            hands.press("Cancel")

    def paint(self) -> None:
        self.paint_regions()
        self.camera.window("paint", light=True)

    def paint_regions(self) -> None:
        """Paint what is damaged, and name it."""
        hands = self.hands
        for name, path in self.plan.damage:
            hands.press("new region")
            rows: Any = hands.find("lost regions by name")
            if hands.seen("name of the region", QLineEdit) is None:
                rows.setFocus()
                QTest.keyClick(rows, Qt.Key.Key_F2)
            hands.settle(0.2)
            line: Any = hands.find("name of the region", QLineEdit)
            line.selectAll()
            QTest.keyClicks(line, name)
            QTest.keyClick(line, Qt.Key.Key_Return)
            if not hands.dock.lost.painting:
                hands.press("brush")
            hands.drag(path)
        hands.settle()

    def tissue(self) -> None:
        hands, camera = self.hands, self.camera
        if not self.layers.model.section.images:
            return
        hands.press("H&E")
        camera.window("show_tissue")
        hands.press("H&E")
        hands.choose("use of the tissue image", "damaged under the paint")
        camera.part("image_line", "enhance")
        hands.take("Find damage", "What the image tells")
        hands.wait(
            lambda: self.layers.image_features is not None or hands.seen("close message"),
            "the image is read",
        )
        if self.layers.image_features is None:  # an image that does not lie where the spots are
            hands.press("close message")
            return
        camera.window("image_tells")
        hands.take("Find damage", "What the image tells")

    def run(self) -> None:
        hands, camera = self.hands, self.camera
        camera.part("estimate", "Run")
        hands.press("Run")
        hands.wait(lambda: self.layers.model.preview_of or hands.can("Run"), "there is a preview")
        if hands.can("Pause"):
            hands.press("Pause")
            hands.wait(lambda: hands.can("Resume") or hands.can("Run"), "the run is held")
        if hands.can("Resume"):
            camera.window("preview")
            hands.press("Resume")
        hands.wait(lambda: self.layers.model.quality is not None, "it has been checked")
        hands.turn_to("Result")
        hands.read(CHECKED)
        self.said = hands.sentence(CHECKED)
        self.first_section, self.first = self.layers.model.section, self.layers.model.enhancement

    def compare(self) -> None:
        hands, camera = self.hands, self.camera
        hands.press("Side by side")
        camera.window("side_by_side")
        hands.press("Swipe")
        camera.window("swipe")
        hands.press("Swipe")
        after = camera.canvas()
        hands.canvas.setFocus()
        QTest.keyPress(hands.canvas, Qt.Key.Key_H)
        before = camera.canvas()
        QTest.keyRelease(hands.canvas, Qt.Key.Key_H)
        camera.side_by_side("hold", after, before)
        for view, name in VIEWS.items():
            hands.press(view)
            camera.window(name)
        hands.press("After")
        hands.hover(self.plan.spot)
        hands.settle(0.6)
        camera.window("probe")

    def profile(self) -> None:
        hands = self.hands
        hands.press("Profile…")
        hands.drag(self.plan.line)
        self.camera.window("profile")
        hands.press("Profile…")

    def quality(self) -> None:
        hands, camera = self.hands, self.camera
        hands.press("Table")
        camera.window("quality", light=True)
        table: Any = hands.find("quality by gene")
        gain = [table.model().headerData(i, Qt.Orientation.Horizontal) for i in range(4)]
        header = table.horizontalHeader()
        at = header.sectionViewportPosition(gain.index("gain")) + 8
        for _ in range(2):  # the worst on top
            if not table.model().index(0, gain.index("gain")).data().startswith("-"):
                QTest.mouseClick(header.viewport(), LEFT, pos=QPoint(at, 8))
                hands.settle(0.2)
        row = table.visualRect(table.model().index(0, 0))
        QTest.mouseClick(table.viewport(), LEFT, pos=row.center())
        hands.settle()
        camera.part("quality_warning", *TRUSTED)
        hands.press("Scatter")
        camera.window("quality_plot")
        hands.press("Scatter")
        self._list("Most changed by the run")
        hands.wait(self._listed, "the genes are ranked")
        camera.part("most_changed", *LISTED)
        self._list("All genes")
        self._show(self.shown)

    def queue(self) -> None:
        hands, camera = self.hands, self.camera
        self._method("Published")
        hands.press("Run")
        hands.wait(lambda: hands.seen("training loss"), "the network learns")
        hands.wait_a_while(lambda: len(self._losses()) > 8)
        camera.part("run", "training loss", "Cancel", light=True)
        self._method("Smooth map (kriging)")
        hands.press("Add to the queue")
        hands.read("1 waiting")
        hands.turn_to("Result")
        camera.part("queue", "Result", "Cancel")
        hands.press("Cancel")
        self._wait_for_run(2)

    def _losses(self) -> set[float]:
        curve: Any = self.hands.find("training loss")
        return {loss for _, loss in curve.points()}

    def runs(self) -> None:
        hands, camera = self.hands, self.camera
        hands.turn_to("Result")
        names: Any = hands.find("runs")
        names.setFocus()
        QTest.keyClick(names, Qt.Key.Key_F2)
        hands.settle(0.2)
        QTest.keyClicks(names.indexWidget(names.currentIndex()) or names.focusWidget(), "plain")
        camera.part("runs", "runs")
        QTest.keyClick(names.findChild(QLineEdit), Qt.Key.Key_Return)
        hands.peep("what can be done with the run", lambda: camera.opened("copy_menu", "runs"))

    def two_runs(self) -> None:
        hands = self.hands
        partner: Any = hands.find("compare with", QComboBox)
        hands.choose("compare with", partner.itemText(1))
        hands.press("Side by side")
        self.camera.window("two_runs")
        hands.press("After")
        hands.choose("compare with", "measured")

    def too_large(self) -> None:
        hands, camera = self.hands, self.camera
        hands.press("new region")
        hands.press("polygon")
        for corner in self.plan.large:
            hands.click(corner)
        hands.key("Return")
        hands.settle()
        camera.window("too_large")
        hands.press("Run")
        self._wait_for_run(3)
        hands.turn_to("Result")
        hands.press("Origin")
        camera.window("extrapolated")
        hands.press("After")

    def analyse(self) -> None:
        hands, camera = self.hands, self.camera
        hands.turn_to("Analyse")
        hands.press("Find domains")
        hands.wait(lambda: hands.can("Compare"), "there are domains")
        camera.window("domains", light=True)
        hands.press("Compare")
        hands.wait(lambda: hands.says("genes differ"), "the regions are compared")
        camera.window("compared")
        hands.press("Find patterns")
        hands.wait(lambda: hands.says("Click a pattern"), "there are patterns")
        table: Any = hands.find("what was found, by row")
        row = table.visualRect(table.model().index(0, 0))
        QTest.mouseClick(table.viewport(), LEFT, pos=row.center())
        hands.settle()
        camera.window("patterns")
        QTest.keyClick(table, Qt.Key.Key_Escape)
        self._show(self.shown)
        self.paper()

    def paper(self) -> None:
        """Save one figure of what was found."""
        hands, figure = self.hands, self.scratch / "figure.png"
        hands.turn_to("Export")
        hands.press("One figure for a paper")
        hands.choose("width of the figure", "One column (85 mm)")
        hands.choose("format", "Picture, for slides (.png)")
        with answered("getSaveFileName", (str(figure), "")):
            hands.press("Save…")
        hands.wait(lambda: hands.can("Run") and figure.exists(), "the figure is there")
        with Image.open(figure) as drawn:
            half = (drawn.width // 2, drawn.height // 2)
            small = drawn.convert("RGB").resize(half, Image.Resampling.LANCZOS)
        self.camera.save("paper", small)

    def save(self) -> None:
        hands, camera = self.hands, self.camera
        hands.peep("Section", lambda: camera.opened("session_menu"))
        hands.turn_to("Export")
        camera.part("save", "Export")
        bad = self.scratch / "notes.csv"
        bad.write_text("These are not counts.\nAt all.\n", encoding="utf-8")
        self._open(bad)
        hands.wait(lambda: hands.seen("close message"), "it is refused")
        camera.part("error", "message")

    def lay_a_picture(self) -> None:
        """Open the sample without its image, and lay that below the spots by hand."""
        hands, section = self.hands, self.first_section
        slide = self.scratch / "slide.png"
        Image.fromarray(np.asarray(section.images[0].data)[::2, ::2]).save(slide)
        self._open(write_section(section.with_images(()), self.scratch / "without_image.h5ad"))
        hands.wait(lambda: len(find(hands.viewer)) == 2 and hands.can("Open"), "it is open")
        hands.settle(1)
        with answered("getOpenFileName", (str(slide), "")):
            hands.take("Open", "Tissue image", "Picture in a file")
        hands.wait(lambda: hands.can("Use it so"), "the picture is there")
        hands.settle(1)
        self.camera.window("laying")
        hands.press("Do not use it")

    def neighbour(self) -> None:
        """Open two serial sections, lay one on the other, and fill the fold with it."""
        hands, camera, n = self.hands, self.camera, len(find(self.hands.viewer))
        hands.take("Open", "Sample", SERIAL)
        hands.wait(lambda: len(find(hands.viewer)) == n + 2, "both sections are there")
        hands.wait(lambda: hands.can("Open"), "they can be worked on")
        hands.settle(1)
        hands.type("gene search", "Gene2")
        hands.turn_to("Repair")
        self.plan = Plan.of(hands.dock.context.layers)
        self.paint_regions()
        hands.press("neighbouring sections")
        other = find(hands.viewer)[-2].model.title
        hands.take("Add neighbouring section…", other)
        hands.wait(lambda: hands.says("agrees "), "it is laid")
        hands.look_at("neighbouring sections")
        hands.settle(1)
        camera.window("neighbour")
        hands.press("Lay…")
        hands.press("Move")
        hands.settle(1)
        camera.window("neighbour_by_hand")
        hands.press("Landmarks")
        hands.settle(1)
        self._mark_pairs()
        camera.window("landmarks")
        hands.press("Landmarks")
        hands.press("Lay…")
        self._method("Smooth map (kriging)")
        hands.press("Run")
        hands.wait(lambda: hands.says(CHECKED), "it has run, and is checked")
        camera.part("neighbour_gain", *TRUSTED, "what neighbouring sections were good for")
        hands.press("Origin")
        camera.window("borrowed")

    def _mark_pairs(self) -> None:
        """Click three places on the section, and the same ones on the neighbour beside it."""
        tools, layers = self.hands.dock.neighbours.tools, self.hands.dock.context.layers
        xy = layers.model.section.xy
        away = tools.landmarks.aside
        for share in ((-0.25, 0.1), (0.05, -0.25), (0.25, 0.15)):
            place = xy.mean(0) + share * np.ptp(xy, axis=0)
            for at in (place, place + away):
                self.hands.click(layers.frame.world_yx(at))

    # ---- what is done often

    def _show(self, gene: str) -> None:
        self.hands.type("gene search", gene)
        self.hands.wait(lambda: self.layers.model.maps.shown == gene, f"{gene} is shown")
        self.hands.canvas.setFocus()  # the lists close
        self.hands.settle(0.1)

    def _method(self, name: str) -> None:
        hands = self.hands
        hands.press("expert settings")
        hands.choose("method", name)
        QTest.keyClick(hands.find("method", QComboBox), Qt.Key.Key_Escape)
        hands.settle(0.2)

    def _wait_for_run(self, number: int) -> None:
        """Wait until so many runs are there, and the last is checked."""
        layers = self.layers
        self.hands.wait(
            lambda: len(layers.model.runs) == number and layers.model.quality is not None,
            "it has run",
        )

    def _list(self, title: str) -> None:
        self.hands.choose("list of genes to show", title)
        self.hands.wait(self._listed, f"{title} is there")

    def _listed(self) -> list[str]:
        model: Any = self.hands.find("genes").model()
        return [model.index(row).data() for row in range(model.rowCount())]

    def _open(self, path: Path) -> None:
        """Answer the question for a file or a folder, which the system would ask."""
        folder = path.is_dir()
        ask = "getExistingDirectory" if folder else "getOpenFileName"
        with answered(ask, str(path) if folder else (str(path), "")):
            self.hands.take("Open", "Folder" if folder else "File")


@contextmanager
def answered(ask: str, answer: object) -> Iterator[None]:
    """Answer a question for a path in a moment."""
    kept = getattr(QFileDialog, ask)
    setattr(QFileDialog, ask, lambda *_, **__: answer)
    try:
        yield
    finally:
        setattr(QFileDialog, ask, kept)
