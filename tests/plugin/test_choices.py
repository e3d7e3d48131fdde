"""What may be chosen of a path, in the dock: by mouse and keys in a real window."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from gestures import click
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_stentrans import io
from napari_stentrans.errors import ReadError, StentransWarning
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.layers.section_layers import adopt
from napari_stentrans.simulate import simulate_section

BINS = {"8": 120, "16": 60, "24": 0}
"""Bin size -> spots; the last cannot be read."""


class Bins:
    """A format that offers bin sizes and matrices of one path; says on which thread it read."""

    def __init__(self):
        self.threads = []
        self.go_on = threading.Event()
        self.go_on.set()

    def claims(self, path):
        return path.suffix == ".bins"

    recognises = claims

    def choices(self, path):
        self.threads.append(threading.current_thread())
        bins = io.Choice("bin", "Bin size", tuple(BINS), "8")
        return (bins, io.Choice("counts", "Counts", ("X", "raw"), "X"))

    def read(self, path, chosen):
        self.go_on.wait(30)
        if chosen["bin"] == "24":
            raise ReadError(f"{path.name} has no bins of 24 um. Choose others.")
        section = simulate_section(BINS[chosen["bin"]], 30, image=False, seed=3)
        if chosen["counts"] == "raw":
            section.counts.data *= 2
        return section


@pytest.fixture
def bins(monkeypatch):
    made = Bins()
    monkeypatch.setattr(io, "_FORMATS", (made,))
    return made


@pytest.fixture
def path(bins, tmp_path):
    file = tmp_path / "sample.bins"
    file.touch()
    return file


@pytest.fixture
def opened(dock, path, ready, monkeypatch):
    """The dock with such a path open, by its menu."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    dock.data.open.menu().actions()[0].trigger()
    ready(dock)
    return dock


def take(qtbot, dock, key, option):
    """Choose an option with the keyboard, as a person does it in the list that is open."""
    made = dock.data.choices.lists[key]
    made.setFocus()
    made.showPopup()
    view = made.view()
    view.setCurrentIndex(made.model().index(made.findText(option), 0))
    qtbot.keyClick(view, Qt.Key.Key_Return)


def test_what_there_is_to_choose_is_shown_with_what_was_taken(opened, bins):
    rows = opened.data.choices
    assert rows.isVisible()
    assert list(rows.lists) == ["bin", "counts"]
    assert rows.lists["bin"].currentText() == "8"
    assert [rows.lists["bin"].itemText(i) for i in range(3)] == list(BINS)
    assert "120 spots" in opened.data.about.text()
    assert threading.main_thread() not in bins.threads


@pytest.mark.filterwarnings("ignore:.*24 of 72 spots were left out")
def test_spots_on_glass_come_when_they_are_wanted(dock, qtbot, ready, tmp_path):
    """A legacy table whose table of positions selects the spots on tissue."""
    array = np.array([(x, y) for x in range(9) for y in range(8)])
    counts = np.random.default_rng(1).poisson(2.0, (len(array), 5))
    table = pd.DataFrame(counts, [f"{x}x{y}" for x, y in array], list("abcde"))
    table.to_csv(tmp_path / "S1.tsv", sep="\t")
    places = pd.DataFrame(array, columns=["x", "y"])
    places[["pixel_x", "pixel_y"]] = 50 * array + 25
    places["selected"] = (array[:, 0] > 2).astype(int)
    places.to_csv(tmp_path / "S1_selection.tsv", sep="\t", index=False)
    dock.open(tmp_path / "S1.tsv")
    ready(dock)
    spots = dock.data.choices.lists["spots"]
    assert spots.isVisible()
    assert spots.currentText() == "on tissue"
    assert "48 spots" in dock.data.about.text()
    take(qtbot, dock, "spots", "all")
    ready(dock)
    assert "72 spots" in dock.data.about.text()
    assert dock._layers.model.section.chosen == {"spots": "all"}


def test_nothing_is_shown_where_there_is_nothing_to_choose(loaded):
    assert not loaded.data.choices.isVisible()


def test_another_choice_is_read_and_takes_the_place_of_the_first(opened, qtbot, ready, bins):
    opened.show_gene("Gene7")
    first = opened._layers
    take(qtbot, opened, "bin", "16")
    ready(opened)
    assert find(opened.viewer) == [opened._layers]
    assert opened._layers is not first
    assert opened._layers.model.section.chosen == {"bin": "16", "counts": "X"}
    assert "60 spots" in opened.data.about.text()
    assert [layer.name for layer in opened.viewer.layers] == ["Gene7 measured"]
    assert opened.data.choices.lists["bin"].currentText() == "16"
    assert threading.main_thread() not in bins.threads


def test_a_choice_that_cannot_be_read_leaves_what_is_open(opened, qtbot):
    before = list(opened.viewer.layers)
    take(qtbot, opened, "bin", "24")
    qtbot.waitUntil(opened.message.isVisible)
    assert "no bins of 24" in opened.message.text()
    qtbot.waitUntil(opened.enhance.run.isEnabled)
    assert list(opened.viewer.layers) == before
    assert opened.data.choices.lists["bin"].currentText() == "8"
    assert "120 spots" in opened.data.about.text()


def test_reading_can_be_cancelled_and_leaves_what_is_open(opened, qtbot, bins):
    before = list(opened.viewer.layers)
    bins.go_on.clear()
    take(qtbot, opened, "bin", "16")
    assert not opened.data.choices.isEnabled()
    click(qtbot, opened.data.cancel)
    bins.go_on.set()
    qtbot.waitUntil(opened.enhance.run.isEnabled)
    assert list(opened.viewer.layers) == before
    assert opened.data.choices.lists["bin"].currentText() == "8"


def test_paint_goes_along_where_the_spots_are_the_same(opened, qtbot, ready):
    section = opened._layers.model.section
    lost = np.arange(section.n_spots) < 9
    opened._layers.paint.paint_spots(lost)
    take(qtbot, opened, "counts", "raw")
    ready(opened)
    np.testing.assert_array_equal(opened._layers.paint.mask().lost, lost)
    assert opened._layers.model.section.counts.sum() == 2 * section.counts.sum()
    take(qtbot, opened, "bin", "16")
    ready(opened)
    assert opened._layers.lost is None
    assert "Paint them again" in opened.message.text()


def test_a_result_is_not_dropped_without_asking(opened, qtbot, ready, monkeypatch):
    opened.enhance.form.method.setCurrentIndex(opened.enhance.form.method.findData("nearest"))
    click(qtbot, opened.enhance.run)
    ready(opened)
    result = opened._layers.model.enhancement
    answer = SimpleNamespace(given=QMessageBox.StandardButton.No)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answer.given)
    take(qtbot, opened, "bin", "16")
    assert opened._layers.model.enhancement is result
    assert opened.data.choices.lists["bin"].currentText() == "8"
    answer.given = QMessageBox.StandardButton.Yes
    take(qtbot, opened, "bin", "16")
    qtbot.waitUntil(lambda: "60 spots" in opened.data.about.text(), timeout=30_000)
    ready(opened)
    assert opened._layers.model.enhancement is None
    assert len(opened.viewer.layers) == 1


def test_a_dropped_path_offers_the_same(plugin, dock, path, ready, qtbot, monkeypatch):
    from napari_stentrans.plugin.contributions.reader import get_reader

    with pytest.warns(StentransWarning, match="choose by bin=16"):
        found = get_reader(str(path))(str(path))
    for data in found:
        dock.viewer._add_layer_from_data(*data)
    ready(dock)
    assert adopt(dock.viewer) is None
    assert dock.data.choices.lists["bin"].currentText() == "8"
    take(qtbot, dock, "bin", "16")
    ready(dock)
    assert "60 spots" in dock.data.about.text()
