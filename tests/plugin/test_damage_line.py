"""What looks lost is said once a section is open; it can be shown, painted and ignored."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import click, click_run, paint, world_of
from qtpy.QtCore import Qt

from napari_stentrans.damage import find_damage
from napari_stentrans.export import write_h5ad
from napari_stentrans.plugin.layers.regions import Regions
from napari_stentrans.session import read_session
from napari_stentrans.simulate import simulate_section
from napari_stentrans.targets import Provenance

pytestmark = pytest.mark.looks_for_damage


@pytest.fixture(scope="module")
def spoilt():
    """A small section with a bubble and a fold, and an image that shows both."""
    return simulate_section(150, 40, seed=1)


@pytest.fixture
def opened(dock, spoilt, load, qtbot):
    """The dock, once it has looked for damage."""
    load(dock, spoilt)
    qtbot.waitUntil(lambda: dock._layers.model.damage is not None, timeout=30_000)
    qtbot.waitUntil(dock.damage.line.isVisible, timeout=30_000)
    dock.enhance.form.choose_method("nearest")
    return dock


def answer(qtbot, asking, text):
    click(qtbot, asking.answers[text])
    qtbot.wait(60)


def test_it_says_what_looks_lost_and_outlines_it(opened, spoilt, qtbot):
    found = find_damage(spoilt)
    assert opened.damage.line.words.text() == f"{found.in_words()}."
    assert set(found.counts()) == {"few counts", "fold"}
    answer(qtbot, opened.damage.line, "Show")
    shown = opened._layers.proposal.data[..., 3] > 0
    np.testing.assert_array_equal(shown, spoilt.raster.paint(found.spots))
    assert opened._layers.lost is None
    answer(qtbot, opened.damage.line, "Show")
    assert opened._layers.proposal is None


def test_another_proposal_takes_the_outline_away(opened, qtbot):
    answer(qtbot, opened.damage.line, "Show")
    click(qtbot, opened.lost.sources["low_counts"])
    assert not opened.damage.line.answers["Show"].isChecked()
    assert opened.lost.finder.isVisible()
    assert not opened.damage.line.isVisible()  # one question at a time
    click(qtbot, opened.lost.finder.cancel)
    assert opened.damage.line.isVisible()


def test_it_is_painted_by_kind_as_one_step(opened, spoilt, qtbot):
    found = find_damage(spoilt)
    answer(qtbot, opened.damage.line, "Paint")
    lost = opened._layers.lost
    names = Regions(lost).names
    assert set(names.values()) == {"few counts", "fold"}
    for label, name in names.items():
        painted = spoilt.raster.lost(lost.data == label)
        np.testing.assert_array_equal(painted, found.reasons == name)
    qtbot.waitUntil(lambda: not opened.damage.line.isVisible())
    assert opened.enhance.form.image.choice.currentData() == "damaged"
    lost.undo()
    assert not lost.data.any()
    qtbot.waitUntil(opened.damage.line.isVisible)


def test_what_is_shown_is_painted_and_the_outline_goes(opened, qtbot):
    answer(qtbot, opened.damage.line, "Show")
    answer(qtbot, opened.damage.line, "Paint")
    assert opened._layers.proposal is None
    qtbot.waitUntil(lambda: not opened.damage.line.isVisible())


def test_what_a_person_paints_next_is_a_region_of_its_own(opened, spoilt, qtbot):
    answer(qtbot, opened.damage.line, "Paint")
    lost = opened._layers.lost
    found = lost.data.copy()
    click(qtbot, opened.lost.tools["paint"])
    spot = int(np.flatnonzero(~spoilt.raster.lost(found > 0))[0])
    paint(qtbot, opened.viewer, world_of(opened._layers, spot), (0, 0), (4, 4))
    new = set(np.unique(lost.data)) - set(np.unique(found))
    assert len(new) == 1
    assert Regions(lost).names[new.pop()] not in {"few counts", "fold"}
    np.testing.assert_array_equal(lost.data[found > 0], found[found > 0])


def test_in_a_narrow_dock_all_of_the_page_is_seen(opened, qtbot):
    window = opened.window()
    window.resizeDocks([opened.parent()], [opened.minimumWidth()], Qt.Orientation.Horizontal)
    page = opened.repair
    qtbot.waitUntil(lambda: opened.width() == opened.minimumWidth())
    qtbot.waitUntil(lambda: page.width() <= page.parentWidget().width())
    for made in opened.damage.line.answers.values():
        assert made.visibleRegion().boundingRect().size() == made.size()


def test_ignored_it_is_not_said_again_and_a_run_asks_nothing(opened, qtbot, ready):
    answer(qtbot, opened.damage.line, "Ignore")
    assert not opened.damage.line.isVisible()
    click(qtbot, opened.enhance.run)
    assert not opened.damage.question.isVisible()
    qtbot.waitUntil(lambda: opened._layers.model.enhancement is not None, timeout=60_000)
    ready(opened)


def test_a_run_asks_first_and_says_afterwards_what_it_took_as_measured(
    opened, spoilt, qtbot, ready
):
    n = int(find_damage(spoilt).spots.sum())
    click(qtbot, opened.enhance.run)
    qtbot.waitUntil(opened.damage.question.isVisible)
    assert f"{n} spots look lost" in opened.damage.question.words.text()
    assert "are not painted" in opened.damage.question.words.text()
    assert opened._layers.model.enhancement is None
    answer(qtbot, opened.damage.question, "Cancel")
    assert not opened.damage.question.isVisible()
    assert opened.phase.idle
    click(qtbot, opened.enhance.run)
    answer(qtbot, opened.damage.question, "Run as it is")
    qtbot.waitUntil(lambda: opened._layers.model.enhancement is not None, timeout=60_000)
    ready(opened)
    said = f"{n} spots look lost, and this run took them as measured"
    assert said in opened.result.unfilled.text()
    assert opened.result.unfilled.isVisible()


def test_a_run_paints_it_when_told_so(opened, spoilt, qtbot, ready):
    found = find_damage(spoilt)
    click(qtbot, opened.enhance.run)
    answer(qtbot, opened.damage.question, "Paint and run")
    qtbot.waitUntil(lambda: opened._layers.model.enhancement is not None, timeout=60_000)
    ready(opened)
    where = opened._layers.model.enhancement.sites.provenance[: spoilt.n_spots]
    np.testing.assert_array_equal(where == Provenance.LOST, found.spots)
    assert "look lost" not in opened.result.unfilled.text()
    click_run(qtbot, opened, 0)
    assert not opened.damage.question.isVisible()


def test_a_call_from_a_script_is_not_held_up(opened, qtbot, ready):
    opened.run()
    assert not opened.damage.question.isVisible()
    qtbot.waitUntil(lambda: opened._layers.model.enhancement is not None, timeout=60_000)
    ready(opened)


def test_whole_tissue_gets_no_line(dock, load, qtbot):
    load(dock, simulate_section(150, 40, seed=1, artefacts=False))
    qtbot.waitUntil(lambda: dock._layers.model.damage is not None, timeout=30_000)
    assert not dock.damage.line.isVisible()


def test_a_session_keeps_that_it_was_ignored(dock, spoilt, tmp_path, qtbot, ready, monkeypatch):
    path = tmp_path / "work.stentrans"
    write_h5ad(spoilt.adata, tmp_path / "spoilt.h5ad")
    dock.open(tmp_path / "spoilt.h5ad")
    ready(dock)
    qtbot.waitUntil(dock.damage.line.isVisible, timeout=30_000)
    answer(qtbot, dock.damage.line, "Ignore")
    monkeypatch.setattr(
        "napari_stentrans.plugin.jobs.session_keeper.ask_session_target", lambda *_: path
    )
    dock.save_session()
    qtbot.waitUntil(path.exists, timeout=30_000)
    ready(dock)
    assert read_session(path).facts.ignores_damage
    before = dock._layers
    dock.open_session(path)
    qtbot.waitUntil(lambda: dock._layers is not before, timeout=30_000)
    qtbot.waitUntil(lambda: dock._layers.model.damage is not None, timeout=30_000)
    assert not dock.damage.line.isVisible()
