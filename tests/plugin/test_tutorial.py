"""The tutorial, heading by heading: what it names is in the window and does what it says."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from hands import Hands
from plan import Plan
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QFileDialog, QRadioButton

from napari_stentrans.plugin.layers.registry import find

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


class Step:
    """One heading: the buttons in bold, and the keys and texts in code, until they are used."""

    def __init__(self, text):
        prose = "\n".join(line for line in text.splitlines() if not line.startswith("    "))
        self.text = " ".join(text.split())
        self.buttons = [
            " ".join(name.split()) for name in re.findall(r"\*\*(.+?)\*\*", prose, re.DOTALL)
        ]
        self.codes = re.findall(r"`([^`]+)`", prose)
        self.left = {*self.buttons, *self.codes}

    def __call__(self, name):
        """Take something that the step names."""
        assert name in {*self.buttons, *self.codes}, f"the tutorial does not name {name} here"
        self.left.discard(name)
        return name

    def says(self, words):
        assert words in self.text, f"the tutorial does not say {words!r} here"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert not self.left, (
                f"the tutorial names {self.left}, which the window was not asked for"
            )


@pytest.fixture(scope="module")
def steps():
    """The steps by their number."""
    parts = re.split(r"^## \d+\. .+$", TUTORIAL.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(enumerate(map(Step, parts)))


@pytest.fixture
def hands(dock):
    """Mouse and keys over a window as large as a small laptop's screen."""
    dock.viewer.window.resize(1280, 800)
    return Hands(dock.viewer, dock)


def layers_of(hands):
    (layers,) = find(hands.viewer)
    return layers


def lost(hands):
    return layers_of(hands).paint.mask().lost


def check_drawn(layers, gene):
    section = layers.model.section
    np.testing.assert_array_equal(
        layers.before.data, section.raster.draw(section.gene_lognorm(gene))
    )
    if layers.model.enhancement is not None:
        enhanced = layers.model.enhancement
        np.testing.assert_array_equal(
            layers.after.data, enhanced.raster.draw(enhanced.gene(gene).mean)
        )


def test_a_name_that_nobody_looked_for_is_noticed():
    with pytest.raises(AssertionError, match="Fly"), Step("Press **Fly** or `F`.") as step:
        step("F")
    with pytest.raises(AssertionError, match="Swim"), Step("Press **Fly**.") as step:
        step("Swim")


@pytest.mark.looks_for_damage
@pytest.mark.slow
@pytest.mark.timeout(900)  # two runs of the default method on the sample as it is
def test_the_tutorial_word_by_word(steps, hands, plugin, monkeypatch, tmp_path):
    assert len(steps) == 9
    open_the_window(steps[1], hands, plugin)
    take_a_sample(steps[2], hands)
    show_a_gene(steps[3], hands)
    paint_what_is_lost(steps[4], hands)
    run(steps[5], hands)
    compare(steps[6], hands)
    ask_how_good_it_is(steps[7], hands)
    save(steps[8], hands, monkeypatch, tmp_path)


def open_the_window(step, hands, plugin):
    with step:
        (widget,) = plugin.contributions.widgets
        step.says(f"*Plugins > {widget.display_name} ({plugin.display_name})*")
        _, *named = re.findall(r"\*([^*]+)\*", step.text)
        assert named == ["Repair", "Result", "Export", "Analyse"]
        pages = hands.dock.pages
        assert [pages.tabText(at) for at in range(pages.count())] == named
        assert hands.dock.bar.isVisible()
        assert hands.dock.bar.mapToGlobal(QPoint()).y() < hands.canvas.mapToGlobal(QPoint()).y()


def take_a_sample(step, hands):
    with step:
        step.says("*Simulated Visium section (hex lattice)*")
        step.says("*Sample*")
        hands.take(step("Open"), "Sample", "Simulated Visium section (hex lattice)")
        hands.wait(lambda: hands.can("Run"), "the sample is there")
        layers = layers_of(hands)
        step.says(
            f"{layers.model.section.n_spots:,} spots, {len(layers.model.section.genes):,} genes"
        )
        assert hands.says("2,000 spots × 1,500 genes")
        assert set(layers.model.section.adata.obs["artefact"]) == {"none", "fold", "bubble"}
        assert layers.image.visible
        assert layers.before.visible
        assert hands.seen("Genes")


def show_a_gene(step, hands):
    with step:
        hands.key(step("/"))
        hands.wait(lambda: hands.find("gene search").hasFocus(), "the search has the keyboard")
        QTest.keyClicks(hands.find("gene search"), step("Gene2"))
        listed = hands.find("genes").model()
        names = [listed.index(row).data() for row in range(listed.rowCount())]
        assert names[0] == "Gene2"
        assert all(name.startswith("Gene2") for name in names[:100])
        for key, gene in (("Enter", "Gene2"), ("Down", names[1]), ("Up", "Gene2")):
            QTest.keyClick(hands.find("gene search"), getattr(Qt.Key, f"Key_{step(key)}"))
            check_drawn(layers_of(hands), gene)


def paint_what_is_lost(step, hands):
    layers = layers_of(hands)
    fold = dict(Plan.of(layers).damage)["fold"]
    damaged = (layers.model.section.adata.obs["artefact"] != "none").to_numpy()
    with step:
        hands.read("look lost")
        hands.press(step("Show"))
        assert layers.proposal is not None
        hands.press(step("Show"))
        assert layers.proposal is None
        hands.press(step("Ignore"))
        assert not hands.says("look lost")
        hands.press(step("Brush").lower())
        hands.drag(fold)
        painted = lost(hands)
        folded = (layers.model.section.adata.obs["artefact"] == "fold").to_numpy()
        assert painted[folded].mean() > 0.95
        assert painted[~damaged].mean() < 0.05
        hands.settle(0.3)
        assert hands.says(f"{painted.sum():,} spots lost")
        sizes = [layers.lost.brush_size]
        for key in ("[", "]"):
            hands.key(step(key))
            sizes.append(layers.lost.brush_size)
        assert sizes[1] < sizes[2] == sizes[0]
        hands.key(step("Ctrl+Z"))
        assert not lost(hands).any()
        hands.drag(fold)
        hands.key(step("Alt+N"))
        assert len(np.unique(layers.lost.features["region"].dropna())) >= 2
        opacity = layers.before.opacity
        hands.press(step("H&E"))
        assert layers.before.opacity < opacity / 2
        hands.key(step("Alt+Y"))
        assert layers.before.opacity == opacity
        find_it(step, hands)
        bubble = (layers.model.section.adata.obs["artefact"] == "bubble").to_numpy()
        assert (lost(hands) & bubble).sum() > 0.9 * bubble.sum()
        assert lost(hands)[~damaged].mean() < 0.05


def find_it(step, hands):
    step.says("*Low counts…*")
    by_menu = partial(hands.take, step("Find damage"), "Low counts…")
    for begin in (by_menu, lambda: hands.key(step("Alt+U"))):
        before = lost(hands)
        begin()
        assert layers_of(hands).proposal is not None
        hands.slide("threshold of counts, slider", 5)
        QTest.keyClick(hands.find("threshold of counts, slider"), Qt.Key.Key_Escape)
        assert layers_of(hands).proposal is None
        np.testing.assert_array_equal(lost(hands), before)
    by_menu()
    hands.press(step("Paint"))


def run(step, hands):
    with step:
        ticked = {step("Fill"): "fill lost regions",
                  step("Double"): "double the resolution",
                  step("Denoise"): "denoise measured spots"}  # fmt: skip
        for text, name in ticked.items():
            box = hands.find(name, QCheckBox)
            assert box.text().startswith(text)
            assert box.isChecked()
        step.says("*damaged under the paint*")
        assert hands.says(step("Tissue image"))
        hands.choose("use of the tissue image", "damaged under the paint")
        button = hands.find("Run")
        assert f"Fill {lost(hands).sum():,} spots" in button.text()
        assert "about" in button.text()
        hands.press(step("Run"))
        assert hands.can(step("Cancel"))
        hands.wait(lambda: layers_of(hands).model.preview_of, "there is a preview")
        hands.press(step("Pause"))
        hands.press(step("Resume"))
        hands.wait(lambda: hands.can("Run"), "the run has ended")
        step.says("on the page *Result*")
        hands.wait(lambda: hands.dock.result.isVisible(), "the page has come")
        result = layers_of(hands).model.enhancement
        counts = result.sites.counts()
        assert result.record.config.method == "transformer"
        assert result.record.config.denoise
        assert counts["lost"] == lost(hands).sum()
        assert counts["between"] > 2 * layers_of(hands).model.section.n_spots


def compare(step, hands):
    layers = layers_of(hands)
    grid = getattr(hands.viewer, "canvas", hands.viewer).grid  # the viewer's, before napari 0.9
    with step:
        for name, on in (("Side by side", True), ("After", False)):
            hands.press(step(name))
            assert grid.enabled is on
        hands.press(step("Swipe"))
        assert any(
            layer.name.startswith("swipe") and layer.visible for layer in hands.viewer.layers
        )
        hands.press("Swipe")
        hands.canvas.setFocus()
        for press, seen in ((QTest.keyPress, layers.before), (QTest.keyRelease, layers.after)):
            press(hands.canvas, getattr(Qt.Key, f"Key_{step('H')}"))
            hands.settle(0.1)
            assert [x for x in (layers.before, layers.after) if x.visible] == [seen]
        for view, role in (
            ("Difference", "difference"),
            ("Uncertainty", "uncertainty"),
            ("Origin", "provenance"),
        ):
            hands.press(step(view))
            assert getattr(layers, role).visible
            hands.press(view)
        hands.type("gene search", "Gene4")
        check_drawn(layers, "Gene4")
        assert len(layers.model.runs) == 1


def ask_how_good_it_is(step, hands):
    with step:
        hands.read("Noise in the counts allows")
        assert hands.find("whether to trust the gene on the map")
        hands.press(step("Table"))
        table = hands.find("quality by gene")
        row = table.model().index(2, 0)
        QTest.mouseClick(
            table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(row).center()
        )
        assert row.data() != "Gene4"
        check_drawn(layers_of(hands), row.data())


def save(step, hands, monkeypatch, tmp_path):
    target = tmp_path / f"repaired{step('.h5ad')}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(target), ""))
    with step:
        hands.turn_to(step("Export"))
        step.says("*The result, for analysis*")
        assert hands.find("The result, for analysis", QRadioButton).isEnabled()
        kind = hands.find("The result, for analysis", QRadioButton)
        QTest.mouseClick(kind, Qt.MouseButton.LeftButton, pos=QPoint(8, kind.height() // 2))
        assert kind.isChecked()
        hands.press(step("Save…"))
        hands.read("Saved repaired.h5ad")
        result = layers_of(hands).model.enhancement
        saved = ad.read_h5ad(target, backed="r")
        assert saved.shape == (len(result.sites), len(result.genes))
        saved.file.close()
        record = json.loads((tmp_path / f"repaired{step('.run.json')}").read_text(encoding="utf-8"))
        assert record["config"]["method"] == "transformer"
