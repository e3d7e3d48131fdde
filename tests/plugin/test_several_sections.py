"""Several sections in one window: named apart, kept together, renamed, closed, brought back."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import click, come_to, middle, paint, world_of
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QInputDialog, QMessageBox

from napari_stentrans.annotation import Annotation
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.models.unsaved import MARK


@pytest.fixture
def two(loaded, square_section, load):
    """The dock with two sections, the second one chosen."""
    return loaded, loaded._layers, load(loaded, square_section)


def names(dock):
    return [layer.name for layer in dock.viewer.layers]


def choose(qtbot, dock, step):
    """Choose the section above or below in the list, by key."""
    assert dock.data.sections.isEnabled()
    qtbot.keyClick(dock.data.sections, Qt.Key.Key_Up if step < 0 else Qt.Key.Key_Down)


def run(qtbot, dock, ready):
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    dock.jobs.enhancing.checks = False
    click(qtbot, dock.enhance.run)
    ready(dock)


def paint_some(qtbot, dock):
    layers = dock._layers
    click(qtbot, dock.lost.new)
    paint(qtbot, dock.viewer, world_of(layers, middle(layers.model.section)), (0, 3))
    qtbot.waitUntil(lambda: MARK in dock.data.section_menu.text())


# ---- names and order


def test_layers_are_named_by_section_only_beside_another(two, qtbot):
    dock, first, second = two
    for layers in (first, second):
        assert layers.before.name.startswith(f"{layers.model.title} · ")
    dock.show_gene("Gene3")
    assert second.before.name == f"{second.model.title} · Gene3 measured"
    dock.viewer.layers.remove(second.before)
    qtbot.waitUntil(lambda: dock._layers is first)
    assert names(dock) == [f"{first.model.gene} measured"]


def test_a_name_that_a_person_gave_a_layer_stays(loaded, square_section, load, qtbot):
    first = loaded._layers
    first.before.name = "mine"
    load(loaded, square_section)
    assert first.before.name == "mine"


def test_the_layers_of_a_section_are_kept_together(two, qtbot, ready):
    dock, first, second = two
    choose(qtbot, dock, -1)
    paint_some(qtbot, dock)
    run(qtbot, dock, ready)
    first.store.deferred.finish()
    owners = [layer.metadata["stentrans"]["layers"] for layer in dock.viewer.layers]
    assert owners == [first] * len(first.present) + [second] * len(second.present)
    assert first.present[-1] is first.lost, "paint is on top of its own section"


# ---- rename and close


def rename(qtbot, dock, name, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: (name, True))
    dock.data.section_menu.menu().actions()[0].trigger()


def test_a_section_is_renamed(two, qtbot, monkeypatch):
    dock, first, second = two
    rename(qtbot, dock, "  A1  left ", monkeypatch)
    assert second.model.title == "A1 left"
    assert dock.data.sections.currentText() == "A1 left"
    assert second.before.name.startswith("A1 left · ")
    rename(qtbot, dock, first.model.title, monkeypatch)
    assert second.model.title == f"{first.model.title} [1]", "two sections never have one name"
    rename(qtbot, dock, "   ", monkeypatch)
    assert second.model.title == f"{first.model.title} [1]"


def test_a_section_alone_is_renamed_and_closed(loaded, qtbot, monkeypatch):
    rename(qtbot, loaded, "B2", monkeypatch)
    assert loaded.data.about.text().startswith("B2: ")
    loaded.data.section_menu.menu().actions()[1].trigger()
    qtbot.waitUntil(lambda: loaded._layers is None)
    assert not loaded.viewer.layers
    assert not loaded.data.section_menu.isEnabled()
    assert not loaded.message.isVisible(), "it was meant"


def test_closing_asks_about_work_that_is_not_saved(two, qtbot, monkeypatch):
    dock, first, second = two
    paint_some(qtbot, dock)
    said, answers = [], ["Cancel", "Close without saving"]

    def clicked(box):
        wanted = answers[len(said) - 1]
        return next(b for b in box.buttons() if b.text().replace("&", "") == wanted)

    monkeypatch.setattr(QMessageBox, "exec", lambda box: said.append(box.text()))
    monkeypatch.setattr(QMessageBox, "clickedButton", clicked)
    close = dock.data.section_menu.menu().actions()[1]
    close.trigger()
    assert find(dock.viewer) == [first, second]
    close.trigger()
    assert find(dock.viewer) == [first]
    assert set(said) == {f"This is not saved yet:\n{second.model.title}: lost regions"}
    qtbot.waitUntil(lambda: dock._layers is first)
    assert any(layer.visible for layer in first.present)


# ---- chosen during a run


def test_another_section_is_looked_at_while_a_run_goes_on(two, slow, qtbot, ready):
    dock, first, second = two
    click(qtbot, dock.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    choose(qtbot, dock, -1)
    assert dock._layers is first
    assert dock.phase.running
    assert first.before.visible
    said = dock.enhance.progress.words
    qtbot.waitUntil(lambda: second.model.title.lower() in said.text().lower(), timeout=10_000)
    click(qtbot, dock.enhance.cancel)
    ready(dock)
    assert first.before.visible
    assert not any(layer.visible for layer in second.present)


def test_what_is_selected_belongs_to_the_section_that_is_looked_at(two, qtbot):
    """Else the status bar would speak of another section, and a brush would paint on it."""
    dock, first, second = two
    assert dock.viewer.layers.selection.active is second.before
    choose(qtbot, dock, -1)
    assert dock.viewer.layers.selection == {first.before}
    paint_some(qtbot, dock)
    assert dock.viewer.layers.selection.active is first.lost
    choose(qtbot, dock, 1)
    assert dock.viewer.layers.selection == {second.before}
    choose(qtbot, dock, -1)
    assert dock.viewer.layers.selection == {first.lost}, "as it was left"


def test_paint_is_held_against_the_result_of_its_own_section(two, qtbot, ready):
    """Sections have other numbers of spots, so anything else is an error."""
    dock, first, second = two
    assert first.model.section.n_spots != second.model.section.n_spots
    run(qtbot, dock, ready)
    paint_some(qtbot, dock)
    qtbot.waitUntil(lambda: "Marked since this run" in dock.result.unfilled.text())
    choose(qtbot, dock, -1)
    run(qtbot, dock, ready)
    assert not dock.result.unfilled.text()
    paint_some(qtbot, dock)
    qtbot.waitUntil(lambda: "Marked since this run" in dock.result.unfilled.text())
    choose(qtbot, dock, 1)
    choose(qtbot, dock, -1)
    assert "Marked since this run" in dock.result.unfilled.text()


def test_a_result_of_a_section_that_is_not_looked_at_waits_out_of_sight(two, qtbot, ready):
    dock, first, second = two
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    click(qtbot, dock.enhance.run)
    choose(qtbot, dock, -1)
    qtbot.waitUntil(lambda: len(second.model.runs) == 1, timeout=60_000)
    ready(dock)
    second.store.deferred.finish()
    assert dock._layers is first
    assert first.model.enhancement is None
    assert not any(layer.visible for layer in second.present)
    assert not dock.result.body.isVisible()
    choose(qtbot, dock, 1)
    assert second.after.visible
    come_to(qtbot, dock.result)
    assert dock.result.body.isVisible()


def test_deleting_the_section_of_a_run_stops_it_from_wherever(two, slow, qtbot, ready):
    dock, first, second = two
    click(qtbot, dock.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    choose(qtbot, dock, -1)
    second.remove()
    qtbot.waitUntil(slow.stopped.is_set)
    ready(dock)
    assert dock._layers is first
    assert dock.data.sections.count() == 1


def test_another_section_that_is_deleted_leaves_the_list(two, qtbot):
    dock, first, second = two
    first.remove()
    qtbot.waitUntil(lambda: dock.data.sections.count() == 1)
    assert dock._layers is second
    assert names(dock) == [f"{second.model.gene} measured"]


# ---- all layers deleted


def delete_all(qtbot, dock):
    """Select all in napari's list, and press Delete there."""
    view = dock.viewer.window._qt_viewer.layers
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(dock.viewer.layers.selection) == len(dock.viewer.layers)
    dock.viewer.layers.remove_selected()
    qtbot.waitUntil(dock.message.action.isVisible)


def test_all_that_was_deleted_comes_back_by_one_press(loaded, qtbot, ready):
    paint_some(qtbot, loaded)
    run(qtbot, loaded, ready)
    layers = loaded._layers
    layers.store.deferred.finish()
    layers.after.gamma = 0.7
    before = names(loaded)
    seen = [layer.visible for layer in loaded.viewer.layers]
    data = {layer.name: np.array(layer.data) for layer in loaded.viewer.layers}
    delete_all(qtbot, loaded)
    assert not loaded.viewer.layers
    assert loaded.message.text() == f"“{layers.model.title}” was deleted with all layers."
    qtbot.waitUntil(lambda: loaded._layers is None)
    click(qtbot, loaded.message.action)
    qtbot.waitUntil(lambda: names(loaded) == before)
    qtbot.wait(50)
    assert loaded._layers is layers
    assert [layer.visible for layer in loaded.viewer.layers] == seen
    for layer in loaded.viewer.layers:
        np.testing.assert_array_equal(layer.data, data[layer.name])
    assert layers.after.gamma == layers.before.gamma == 0.7
    assert len(layers.model.runs) == 1
    come_to(qtbot, loaded.result)
    assert loaded.result.body.isVisible()
    n_lost = int(layers.paint.mask().lost.sum())
    assert f"{n_lost} spots lost" in loaded.lost.words.text()
    layers.lost.undo()
    assert not layers.paint.mask().lost.any(), "also what was painted can still be undone"
    loaded.show_gene("Gene5")
    assert layers.before.name == "Gene5 measured"


def test_two_sections_come_back_by_one_press(two, qtbot):
    dock, first, second = two
    delete_all(qtbot, dock)
    assert f"“{first.model.title}” and “{second.model.title}” were deleted" in dock.message.text()
    click(qtbot, dock.message.action)
    qtbot.waitUntil(lambda: find(dock.viewer) == [first, second])
    qtbot.waitUntil(lambda: dock._layers is second)
    assert second.before.visible
    assert not first.before.visible


@pytest.mark.parametrize("which", [0, 1])
def test_of_two_sections_that_come_back_the_one_that_was_chosen_is_seen(two, which, qtbot):
    """Named regions of the other one are out of sight, and come with it when it is chosen."""
    dock, *sections = two
    for layers in sections:
        layers.annotate(Annotation.of(["tumour"] * layers.model.section.n_spots))
    if which == 0:
        choose(qtbot, dock, -1)
    dock.show_gene("Gene3")
    before = names(dock), [layer.visible for layer in dock.viewer.layers]
    delete_all(qtbot, dock)
    click(qtbot, dock.message.action)
    qtbot.waitUntil(lambda: len(dock.viewer.layers) == len(before[0]))
    for layers in sections:
        layers.store.deferred.finish()
    chosen, other = sections[which], sections[1 - which]
    qtbot.waitUntil(lambda: dock._layers is chosen)
    assert (names(dock), [layer.visible for layer in dock.viewer.layers]) == before
    assert chosen.regions.visible
    assert not other.regions.visible
    choose(qtbot, dock, 1 if which == 0 else -1)
    assert other.regions.visible
    assert other.before.visible
    assert not chosen.regions.visible


def test_a_difference_that_was_seen_comes_back_as_the_map(loaded, qtbot, ready):
    run(qtbot, loaded, ready)
    layers = loaded._layers
    click(qtbot, loaded.bar.views["difference"])
    delete_all(qtbot, loaded)
    click(qtbot, loaded.message.action)
    qtbot.waitUntil(lambda: layers.difference is not None and layers.after is not None)
    assert layers.after.visible
    assert not layers.difference.visible
    click(qtbot, loaded.bar.views["difference"])
    assert layers.difference.visible
    assert not layers.after.visible


def test_layers_of_a_persons_own_are_left_to_napari(loaded, qtbot):
    own = loaded.viewer.add_image(np.ones((4, 4)))
    loaded.viewer.layers.remove(own)
    qtbot.wait(20)
    assert not loaded.message.isVisible()
