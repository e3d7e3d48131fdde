"""What napari is told about the plugin, and what it makes of it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from napari.utils.notifications import notification_manager
from npe2 import PluginManifest
from qtpy.QtWidgets import QFileDialog

import napari_stentrans
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.jobs.sample_data import SAMPLES
from napari_stentrans.plugin.layers.section_layers import SectionLayers
from napari_stentrans.plugin.models.endings import ENDINGS, file_filters
from napari_stentrans.samples import REAL_SAMPLES

MANIFEST = Path(napari_stentrans.__file__).with_name("napari.yaml")


def test_every_command_can_be_imported_and_is_ours():
    manifest = PluginManifest.from_file(MANIFEST)
    assert manifest.name == "napari-stentrans"
    for command in manifest.contributions.commands:
        assert command.id.startswith("napari-stentrans.")
        module, name = command.python_name.split(":")
        assert callable(getattr(import_module(module), name))
    known = {command.id for command in manifest.contributions.commands}
    contributed = manifest.contributions.model_dump(exclude={"commands"}, exclude_none=True)
    used = set(_commands(contributed))
    assert used == known


def test_dialogs_ask_for_what_the_readers_accept():
    readers = PluginManifest.from_file(MANIFEST).contributions.readers
    accepted = {pattern for reader in readers for pattern in reader.filename_patterns}
    asked = {f"*.{ending}" for endings in ENDINGS.values() for ending in endings}
    assert accepted - asked == {"*.zarr"}  # a folder
    assert asked <= accepted
    assert all(
        f"{pattern})" in file_filters() or f"{pattern} " in file_filters() for pattern in asked
    )
    assert sum(reader.accepts_directories for reader in readers) == 1


def test_samples_are_the_same_in_the_menus_of_napari_and_of_the_dock():
    listed = PluginManifest.from_file(MANIFEST).contributions.sample_data
    titles = {key: sample.title for key, sample in [*SAMPLES.items(), *REAL_SAMPLES.items()]}
    assert [sample.key for sample in listed] == list(titles)
    for sample in listed:
        assert sample.display_name.startswith(titles[sample.key])


def _commands(node):
    if isinstance(node, dict):
        if isinstance(node.get("command"), str):
            yield node["command"]
        for part in node.values():
            yield from _commands(part)
    elif isinstance(node, list):
        for part in node:
            yield from _commands(part)


def _texts(menu, path=()):
    """Menu paths of all entries below a menu."""
    menu.aboutToShow.emit()
    for action in menu.actions():
        here = (*path, action.text().replace("&", ""))
        if action.menu() is None:
            yield here
        else:
            yield from _texts(action.menu(), here)


def test_the_menus_of_the_window_show_and_run_it(plugin, make_napari_viewer, section):
    viewer = make_napari_viewer()
    window = viewer.window
    entries = [
        entry
        for menu in (window.file_menu, window.layers_menu, window.plugins_menu)
        for entry in _texts(menu)
    ]
    expected = [
        ("Open Sample", "stEnTrans", "Simulated Visium section (hex lattice)"),
        ("Open Sample", "stEnTrans", "Simulated legacy ST section (square lattice)"),
        ("IO Utilities", "Open a spatial transcriptomics section... (stEnTrans)"),
        ("Data", "Use as a spatial transcriptomics section (stEnTrans)"),
        ("Annotate", "Paint lost regions (stEnTrans)"),
        ("Filter", "Repair and sharpen (stEnTrans)"),
        ("Repair and sharpen (stEnTrans)",),
    ]
    missing = [entry for entry in expected if entry not in entries]
    assert not missing, entries
    layers = SectionLayers(viewer, section)
    _action(window.layers_menu, "Paint lost regions (stEnTrans)").trigger()
    assert viewer.layers.selection.active is layers.lost
    _action(window.plugins_menu, "Repair and sharpen (stEnTrans)").trigger()
    (dock,) = (made for made in window.dock_widgets.values() if isinstance(made, StentransDock))
    assert isinstance(dock, StentransDock)


def _action(menu, text):
    for action in menu.actions():
        if action.menu() is not None:
            found = _action(action.menu(), text)
            if found is not None:
                return found
        elif action.text().replace("&", "") == text:
            return action
    return None


def test_painting_without_a_section_says_what_to_do(plugin, make_napari_viewer):
    viewer = make_napari_viewer()
    _action(viewer.window.layers_menu, "Paint lost regions (stEnTrans)").trigger()
    assert "Open a section first" in str(notification_manager.records[-1].message)
    assert len(viewer.layers) == 0


def test_open_a_section_asks_for_a_file_and_gives_it_to_the_dock(
    plugin, make_napari_viewer, qtbot, monkeypatch, tmp_path, section
):
    path = tmp_path / "mine.h5ad"
    section.adata.write_h5ad(path)
    viewer = make_napari_viewer()
    ask = _action(viewer.window.file_menu, "Open a spatial transcriptomics section... (stEnTrans)")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    ask.trigger()
    assert len(viewer.window.dock_widgets) == 0
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    for count in (1, 2):
        ask.trigger()
        qtbot.waitUntil(lambda n=count: len(viewer.layers) == n, timeout=30_000)
        qtbot.wait(50)
    docks = [
        made for made in viewer.window.dock_widgets.values() if isinstance(made, StentransDock)
    ]
    assert len(docks) == 1
