"""Preferences in napari's own dialog: what a dock begins with, and follows."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from gestures import click
from napari.settings import get_plugin_settings
from npe2 import PluginManifest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QCheckBox, QComboBox, QDialog, QLabel, QListWidget

import napari_stentrans
from napari_stentrans import downloads
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.jobs.preferences import GROUPS, PLUGIN, Preferences
from napari_stentrans.plugin.models.maps import COLORMAPS
from napari_stentrans.plugin.panels.repair.form import START
from napari_stentrans.plugin.widgets.help_corner import BY_HAND, PAGE

MANIFEST = PluginManifest.from_file(Path(napari_stentrans.__file__).with_name("napari.yaml"))


@pytest.fixture
def kept(plugin):
    """What napari keeps of our preferences."""
    return get_plugin_settings(PLUGIN)


@pytest.fixture
def open_dock(make_napari_viewer, qtbot):
    def open_dock():
        viewer = make_napari_viewer(show=True)
        dock = StentransDock(viewer)
        viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
        return dock

    return open_dock


def test_the_manifest_and_the_program_have_the_same_preferences():
    listed = MANIFEST.contributions.configurations
    assert tuple(listed) == GROUPS
    properties = {
        name: found for group in listed.values() for name, found in group.properties.items()
    }
    assert {name: found.default for name, found in properties.items()} == vars(Preferences())
    assert properties["colormap"].enum == list(COLORMAPS)
    assert Preferences().config == START
    assert MANIFEST.display_name == PAGE


def test_the_manifest_says_of_settings_what_their_fields_say():
    path = Path(__file__).parents[2] / "src" / "napari_stentrans" / "napari.yaml"
    text = path.read_text(encoding="utf-8")
    fresh = runpy.run_path(str(path.parents[2] / "scripts" / "manifest.py"))["page"](text)
    assert fresh == text, "run scripts/manifest.py"


def test_a_new_dock_begins_with_what_is_preferred(kept, open_dock, load, section, tmp_path, qtbot):
    kept.start.method, kept.start.double, kept.start.device = "kriging", False, "cpu"
    kept.maps.colormap, kept.maps.high, kept.maps.lost_opacity = "magma", 95.0, 0.3
    kept.files.samples = str(tmp_path / "mine")
    dock = open_dock()
    config = dock.enhance.form.value()
    assert (config.method, config.upscale, config.device) == ("kriging", 1, "cpu")
    layers = load(dock, section)
    assert layers.before.colormap.name == "magma"
    values = section.gene_lognorm(layers.model.gene)
    assert layers.before.contrast_limits[1] == pytest.approx(np.percentile(values, 95), rel=1e-5)
    click(qtbot, dock.lost.new)
    assert layers.lost.opacity == 0.3
    assert downloads.cache_folder() == tmp_path / "mine"


def test_the_dock_follows_but_leaves_what_a_person_chose(kept, open_dock, load, section, qtbot):
    dock = open_dock()
    layers = load(dock, section)
    form = dock.enhance.form
    click(qtbot, form.denoise)
    kept.start.method, kept.start.double, kept.start.denoise = "linear", False, True
    assert form.value().method == "linear"
    assert form.value().genes == (layers.model.gene,), "a method by gene begins with one gene"
    assert not form.double.isChecked()
    assert not form.denoise.isChecked()
    kept.maps.colormap = "cividis"
    assert layers.before.colormap.name == "cividis"
    dock.genes.look_button.form.colormap.setCurrentText("gray")
    kept.maps.colormap = "plasma"
    assert layers.before.colormap.name == "gray"


def limits_of(dock):
    return tuple(dock._layers.before.contrast_limits)


def percentile(dock, q):
    layers = dock._layers
    return np.percentile(layers.model.section.gene_lognorm(layers.model.gene), q)


def saw_low(dock):
    return np.isclose(limits_of(dock)[0], percentile(dock, 30))


def saw_high(dock):
    return np.isclose(limits_of(dock)[1], percentile(dock, 80))


CHANGES = {
    "method": ("start", "kriging", lambda dock: dock.enhance.form.value().method == "kriging"),
    "double": ("start", False, lambda dock: dock.enhance.form.value().upscale == 1),
    "denoise": ("start", False, lambda dock: not dock.enhance.form.value().denoise),
    "check": ("start", False, lambda dock: not dock.jobs.enhancing.checks),
    "device": ("start", "cpu", lambda dock: dock.enhance.form.value().device == "cpu"),
    "colormap": ("maps", "magma", lambda dock: dock._layers.before.colormap.name == "magma"),
    "low": ("maps", 30.0, saw_low),
    "high": ("maps", 80.0, saw_high),
    "lost_opacity": ("maps", 0.25, lambda dock: dock._layers.lost.opacity == 0.25),
    "autosave": ("files", False, lambda dock: not dock.jobs.keeping.safe.on),
    "samples": ("files", "~/mine", lambda _: downloads.cache_folder() == Path.home() / "mine"),
}
"""Where each preference is, another value, and what is seen of it in the window."""


def opened(open_dock, load, section, qtbot):
    """A dock with a section, a gene that is seen everywhere, and a layer to paint on."""
    dock = open_dock()
    load(dock, section).model.show_gene(str(section.genes[section.counts.sum(0).argmax()]))
    click(qtbot, dock.lost.new)
    return dock


def test_each_preference_has_an_effect_on_a_new_dock(kept, open_dock, load, section, qtbot):
    assert CHANGES.keys() == vars(Preferences()).keys()
    for name, (group, value, _) in CHANGES.items():
        setattr(getattr(kept, group), name, value)
    dock = opened(open_dock, load, section, qtbot)
    assert [name for name, (*_, seen) in CHANGES.items() if not seen(dock)] == []


def test_each_preference_has_an_effect_on_a_dock_that_is_open(
    kept, open_dock, load, section, qtbot
):
    dock = opened(open_dock, load, section, qtbot)
    assert [name for name, (*_, seen) in CHANGES.items() if seen(dock)] == []
    for name, (group, value, seen) in CHANGES.items():
        setattr(getattr(kept, group), name, value)
        assert seen(dock), name


def test_the_look_that_a_section_begins_with_is_the_one_that_is_preferred(
    kept, open_dock, load, section
):
    layers = load(open_dock(), section)
    now = Preferences()
    look = layers.model.maps.look
    assert (look.low, look.high, look.colormap) == (now.low, now.high, now.colormap)
    kept.maps.low = 0.0
    assert layers.model.maps.look.low == 0


def test_a_run_goes_unchecked_where_that_is_preferred(kept, open_dock, load, section, qtbot, ready):
    dock = open_dock()
    kept.start.method, kept.start.check = "kriging", False
    layers = load(dock, section)
    click(qtbot, dock.enhance.run)
    ready(dock)
    qtbot.wait(300)
    assert layers.model.enhancement is not None
    assert layers.model.quality is None
    assert dock.quality.check.isVisible()


def test_the_gear_opens_our_page_and_a_change_there_is_seen(kept, open_dock, qtbot):
    dock = open_dock()
    dock.window().activateWindow()
    qtbot.waitUntil(dock.window().isActiveWindow)
    click(qtbot, dock.context.actions["help.preferences"])
    dialog = next(
        widget
        for widget in QApplication.topLevelWidgets()
        if isinstance(widget, QDialog) and widget.windowTitle() == "Preferences"
    )
    assert dialog.findChild(QListWidget, "Preferences").currentItem().text() == PAGE
    shown = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
    assert {"Method", "Colours", "Folder for samples"} <= set(shown)
    method = next(
        box
        for box in dialog.findChildren(QComboBox)
        if box.isVisible() and box.count() == 6 and box.itemText(0) == "transformer"
    )
    method.setFocus()
    qtbot.keyClick(method, Qt.Key.Key_Down)
    assert dock.enhance.form.value().method == "kriging"
    box = next(box for box in dialog.findChildren(QCheckBox) if box.isVisible())
    assert dock.enhance.form.double.isChecked()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert not dock.enhance.form.double.isChecked()
    assert dock.message.text() == ""
    dialog.reject()
    assert dock.enhance.form.value() == START, "Cancel takes both back"


def test_without_a_page_the_dock_says_where_to_look(dock, qtbot, monkeypatch):
    monkeypatch.setattr("napari_stentrans.plugin.widgets.help_corner.PAGE", "no such page")
    click(qtbot, dock.context.actions["help.preferences"])
    assert dock.message.text() == BY_HAND
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.windowTitle() == "Preferences":
            widget.reject()


@pytest.mark.parametrize(
    "text", ["start: {method: magic, double: 5}", "- a list", "::", "start: 3"]
)
def test_a_spoilt_file_does_not_keep_the_dock_from_opening(plugin, own_settings, open_dock, text):
    own_settings.parent.mkdir(exist_ok=True)
    (own_settings.parent / f"{PLUGIN}.yaml").write_text(text)
    assert open_dock().enhance.form.value() == START


def test_two_docks_follow_the_same_preferences(kept, open_dock):
    docks = [open_dock(), open_dock()]
    kept.start.double = False
    assert [dock.enhance.form.value().upscale for dock in docks] == [1, 1]
    docks[0].shut_down()
    kept.start.double = True
    assert docks[1].enhance.form.value().upscale == 2
