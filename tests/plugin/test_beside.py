"""Files that belong to the section that is open: its tissue image, and regions with names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile
from gestures import click
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_stentrans.annotation import Annotation
from napari_stentrans.export import write_section
from napari_stentrans.plugin.layers.deferred import Walk
from napari_stentrans.plugin.layers.regions import Regions
from napari_stentrans.plugin.models.endings import file_filters


@pytest.fixture
def labels(section):
    middle = np.median(section.xy[:, 0])
    return np.where(section.xy[:, 0] < middle, "tumour", "stroma")


@pytest.fixture
def table(section, labels, tmp_path):
    path = tmp_path / "A1_labeled_coordinates.tsv"
    rows = pd.DataFrame({"Row.names": section.adata.obs_names, "label": labels})
    rows.to_csv(path, sep="\t", index=False)
    return path


def open_file(dock, path, monkeypatch):
    """Open… > File…, and choose."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    dock.data.open.menu().actions()[0].trigger()


def answer(monkeypatch, button):
    """Answer the next question with a button; the texts of what was asked."""
    asked = []

    def clicked(box):
        asked.append(box.text())
        return next(b for b in box.buttons() if b.text().replace("&", "") == button)

    monkeypatch.setattr(QMessageBox, "exec", lambda box: 0)
    monkeypatch.setattr(QMessageBox, "clickedButton", clicked)
    return asked


def test_a_picture_that_is_opened_becomes_the_tissue_image(
    loaded, tmp_path, monkeypatch, qtbot, ready
):
    pixels = np.full((60, 60, 3), 250, np.uint8)
    pixels[10:50, 10:50] = 150
    path = tmp_path / "B4_HE.tif"
    tifffile.imwrite(path, pixels)
    open_file(loaded, path, monkeypatch)
    qtbot.waitUntil(lambda: loaded._layers.model.laid is not None, timeout=60_000)
    qtbot.waitUntil(loaded.placing.use.isEnabled)
    assert loaded.data.section_menu.toolTip().endswith("the place of the tissue image")
    click(qtbot, loaded.placing.use)
    qtbot.waitUntil(lambda: bool(loaded._layers.model.section.images), timeout=60_000)
    ready(loaded)
    assert loaded._layers.model.section.images[0].placed.path == path
    assert not loaded.message.isVisible()


def test_labels_that_are_opened_become_named_regions(
    loaded, table, labels, section, monkeypatch, qtbot, ready
):
    asked = answer(monkeypatch, "Named regions")
    open_file(loaded, table, monkeypatch)
    layers = loaded._layers
    qtbot.waitUntil(lambda: layers.regions is not None)
    ready(loaded)
    (n_tumour, n_stroma) = (int((labels == name).sum()) for name in ("tumour", "stroma"))
    named = f"tumour ({n_tumour})", f"stroma ({n_stroma})"
    assert "2 regions of 150 spots: " in asked[0]
    assert all(name in asked[0] for name in named)
    assert layers.lost is None, "they are not lost"
    at = section.raster.pixel_of(section.xy)
    names = dict(zip(*(layers.regions.features[c] for c in ("index", "region")), strict=True))
    shown = [names[code] for code in layers.regions.data[at[:, 0], at[:, 1]]]
    np.testing.assert_array_equal(shown, labels)
    assert layers.regions.visible
    assert Annotation.in_obs(layers.model.section).counts == {
        "tumour": n_tumour,
        "stroma": n_stroma,
    }


def test_labels_that_are_opened_become_lost_regions(
    loaded, table, labels, section, monkeypatch, qtbot
):
    answer(monkeypatch, "Lost regions")
    open_file(loaded, table, monkeypatch)
    layers = loaded._layers
    qtbot.waitUntil(lambda: layers.lost is not None and loaded.phase.idle)
    assert layers.regions is None
    names = Regions(layers.lost).names
    assert {"tumour", "stroma"} <= set(names.values())
    label = {name: at for at, name in names.items()}
    found = layers.lost.data[tuple(section.raster.pixel_of(section.xy).T)]
    np.testing.assert_array_equal(found, [label[name] for name in labels])


def test_labels_that_are_not_wanted_change_nothing(loaded, table, monkeypatch, qtbot, ready):
    asked = answer(monkeypatch, "Cancel")
    open_file(loaded, table, monkeypatch)
    qtbot.waitUntil(lambda: bool(asked))
    ready(loaded)
    assert loaded._layers.regions is None
    assert loaded._layers.lost is None


def test_labels_of_another_section_are_told(loaded, tmp_path, monkeypatch, qtbot, ready):
    path = tmp_path / "other.csv"
    path.write_text("barcode,label\nAAAC-1,tumour\nAAAG-1,stroma\n")
    open_file(loaded, path, monkeypatch)
    qtbot.waitUntil(loaded.message.isVisible)
    assert "is not about the spots of this section" in loaded.message.text()
    ready(loaded)


def test_a_run_is_not_stopped_for_labels(loaded, table, slow, monkeypatch, qtbot, ready):
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    open_file(loaded, table, monkeypatch)
    assert loaded.message.text().startswith("Wait until the run has ended")
    assert loaded.phase.running
    click(qtbot, loaded.enhance.cancel)
    ready(loaded)


def test_a_section_that_is_opened_is_a_section_of_its_own(
    loaded, square_section, tmp_path, monkeypatch, qtbot, ready
):
    path = tmp_path / "other.h5ad"
    write_section(square_section, path)
    open_file(loaded, path, monkeypatch)
    qtbot.waitUntil(lambda: loaded._layers.model.section.n_spots == square_section.n_spots)
    ready(loaded)


def test_named_regions_come_back_with_the_session(
    dock, section, table, labels, tmp_path, monkeypatch, qtbot, ready
):
    path = tmp_path / "data" / "A1.h5ad"
    path.parent.mkdir()
    write_section(section, path)
    dock.open(path)
    ready(dock)
    answer(monkeypatch, "Named regions")
    open_file(dock, table, monkeypatch)
    qtbot.waitUntil(lambda: dock._layers.regions is not None)
    ready(dock)
    shown = dock._layers.regions.data.copy()
    saved = tmp_path / "work.stentrans"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(saved), ""))
    dock.save_session()
    qtbot.waitUntil(lambda: "Saved work.stentrans" in dock.message.text())
    dock._layers.remove()
    qtbot.waitUntil(lambda: dock._layers is None)
    dock.open(saved)
    qtbot.waitUntil(lambda: dock._layers is not None and dock._layers.regions is not None)
    ready(dock)
    np.testing.assert_array_equal(dock._layers.regions.data, shown)
    assert set(dock._layers.model.annotation.names) == {"tumour", "stroma"}


def test_a_session_comes_back_in_turns_with_a_sign(
    dock, section, tmp_path, monkeypatch, qtbot, ready
):
    path = tmp_path / "data" / "A1.h5ad"
    path.parent.mkdir()
    write_section(section, path)
    dock.open(path)
    ready(dock)
    dock._layers.paint.paint_spots(np.arange(section.n_spots) < 9)
    saved = tmp_path / "work.stentrans"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(saved), ""))
    dock.save_session()
    qtbot.waitUntil(lambda: "Saved work.stentrans" in dock.message.text())
    dock._layers.remove()
    qtbot.waitUntil(lambda: dock._layers is None)
    turns, on_turn = [], Walk._on_turn

    def watched(walk):
        turns.append((dock.data.busy_row.isVisible(), dock.enhance.run.isEnabled()))
        on_turn(walk)

    monkeypatch.setattr(Walk, "_on_turn", watched)
    dock.open(saved)
    qtbot.waitUntil(lambda: bool(turns), timeout=20_000)
    ready(dock)
    assert len(turns) >= 4, "all that takes long has a turn of its own"
    assert set(turns) == {(True, False)}
    assert not dock.data.busy_row.isVisible()
    assert dock._layers.paint.mask().lost.sum() == 9


def test_the_dialog_offers_pictures_and_regions(loaded):
    filters = file_filters()
    assert "*.jpg" in filters
    assert "*.geojson" in filters
