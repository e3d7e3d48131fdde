"""Saving by mouse and keys: what is chosen in the dialog is what lies in the files."""

from __future__ import annotations

import json
from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import tifffile
from gestures import LEFT, click, save_dialog
from matplotlib.image import imread
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.io import read_mask
from napari_stentrans.plugin.layers.regions import Regions
from napari_stentrans.plugin.models import export_request as wishes
from napari_stentrans.plugin.models.export_request import ExportContext
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.export.save_dialog import SaveDialog


@pytest.fixture
def done(loaded, qtbot, ready):
    """The dock with a region that is painted, and a result by kriging."""
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    section = loaded._layers.section
    loaded._layers.paint.paint_spots(np.arange(section.n_spots) < 9)
    qtbot.wait(50)
    Regions(loaded._layers.lost).rename(1, "fold")
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    return loaded


@pytest.fixture
def save_to(qtbot, ready, monkeypatch):
    """Press Save as… and answer with a path; what was proposed."""

    def save_to(dock, dialog, path):
        proposed = []

        def answer(parent, title, name, *_, **__):
            proposed.append(name)
            return str(path), ""

        monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
        click(qtbot, dialog.save)
        ready(dock)
        return proposed[0]

    return save_to


def choose(qtbot, dialog, what):
    """Press the radio button of a thing, where its mark is."""
    made = dialog.kinds[what]
    qtbot.mouseClick(made, LEFT, pos=QPoint(8, made.height() // 2))
    assert dialog.what == what


def choose_data(box, data):
    box.setCurrentIndex(box.findData(data))
    assert box.currentData() == data


def opened(qtbot, dock):
    click(qtbot, dock.result.save)
    return save_dialog(qtbot, dock)


def test_everything_is_saved_as_a_folder_too(done, qtbot, save_to, tmp_path):
    dialog = opened(qtbot, done)
    assert dialog.what == "everything"
    choose_data(dialog.formats, ".zarr")
    assert "40 genes at " in dialog.words.text()
    proposed = save_to(done, dialog, tmp_path / "mine")
    assert proposed.endswith("_enhanced.zarr")
    result = done._layers.enhancement
    saved = ad.read_zarr(tmp_path / "mine.zarr")
    assert saved.shape == (len(result.sites), 40)
    assert "Saved mine.zarr and mine.run.json in " in done.message.text()
    assert str(tmp_path) in done.message._label.toolTip(), "the whole path, however long"


def test_images_hold_the_gene_shown_and_its_uncertainty(done, qtbot, save_to, tmp_path):
    done.show_gene("Gene5")
    dialog = opened(qtbot, done)
    choose(qtbot, dialog, "images")
    assert dialog.which.currentData() == "shown"
    click(qtbot, dialog.extras["std"])
    assert save_to(done, dialog, tmp_path / "maps").endswith("_Gene5.ome.tif")
    pixels = tifffile.imread(tmp_path / "maps.ome.tif")
    result = done._layers.enhancement
    np.testing.assert_array_equal(pixels[0], result.raster.draw(result.gene("Gene5").mean))
    assert len(pixels) == 2


def test_a_table_of_favourites_or_of_names_that_are_written(done, qtbot, save_to, tmp_path):
    for name in ("Gene3", "Gene7"):
        done.genes.toggle_favourite(name)
    dialog = opened(qtbot, done)
    choose(qtbot, dialog, "table")
    choose_data(dialog.which, "favourites")
    save_to(done, dialog, tmp_path / "stars.csv")
    columns = pd.read_csv(tmp_path / "stars.csv").columns[4:]
    kinds = ("mean", "std", "measurement std")
    assert list(columns) == [f"{gene} {kind}" for gene in ("Gene3", "Gene7") for kind in kinds]
    dialog = opened(qtbot, done)
    assert dialog.what == "table", "what was saved last comes first"
    choose_data(dialog.which, "these")
    assert not dialog.save.isEnabled()
    qtbot.keyClicks(dialog.these, "gene2, Gen77")
    assert "left out: Gen77" in dialog.words.text()
    save_to(done, dialog, tmp_path / "two.csv")
    assert "Gene2 mean" in pd.read_csv(tmp_path / "two.csv").columns


def test_a_figure_by_keys_with_all_that_can_be_added(done, qtbot, save_to, tmp_path):
    dialog = opened(qtbot, done)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog, Qt.Key.Key_F, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: dialog.what == "figure" and dialog.extras["std"].isVisible())
    assert not dialog.extras["image"].isEnabled(), "this section has no image"
    plain = tmp_path / "plain.png"
    save_to(done, dialog, plain)
    dialog = opened(qtbot, done)
    for extra in ("std", "provenance"):
        click(qtbot, dialog.extras[extra])
    save_to(done, dialog, tmp_path / "more.png")
    widths = [imread(path).shape[1] for path in (plain, tmp_path / "more.png")]
    assert widths[1] > 1.5 * widths[0]
    assert not (tmp_path / "more.run.json").exists()


def test_a_scale_bar_in_pixels_is_told_before(section, qtbot):
    unscaled = replace(section, um_per_px=None)
    for of, told in ((section, False), (unscaled, True)):
        result = enhance(of, config=EnhanceConfig(method="linear", genes=("Gene1",)))
        dialog = SaveDialog(None, ExportContext(of, result, GeneIndex.of(of), "Gene1"))
        qtbot.addWidget(dialog)
        dialog.show()
        choose(qtbot, dialog, "figure")
        assert ("scale bar is in pixels" in dialog.words.text()) == told


def test_lost_regions_keep_their_names(done, qtbot, save_to, tmp_path):
    dialog = opened(qtbot, done)
    choose(qtbot, dialog, "lost")
    assert not dialog.which.isVisible()
    save_to(done, dialog, tmp_path / "lost.geojson")
    section = done._layers.section
    mask = read_mask(tmp_path / "lost.geojson", section)
    np.testing.assert_array_equal(mask.lost, np.arange(section.n_spots) < 9)
    named = json.loads((tmp_path / "lost.geojson").read_text())["features"][0]["properties"]
    assert "fold" in json.dumps(named)


def test_limits_are_told_before_anything_is_written(done, qtbot, monkeypatch):
    dialog = opened(qtbot, done)
    choose(qtbot, dialog, "figure")
    choose_data(dialog.which, "all")
    assert not dialog.save.isEnabled()
    assert "A figure shows 20 genes at most, and these are 40" in dialog.words.text()
    choose_data(dialog.which, "shown")
    assert dialog.save.isEnabled()
    monkeypatch.setattr(wishes, "find_spec", lambda name: None)
    choose(qtbot, dialog, "everything")
    choose_data(dialog.formats, ".sdata.zarr")
    assert not dialog.save.isEnabled()
    assert "needs the package spatialdata" in dialog.words.text()


def test_escape_writes_nothing(done, qtbot, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: pytest.fail("asked"))
    dialog = opened(qtbot, done)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert done.phase is not Phase.SAVING


def test_without_a_result_the_section_as_measured_is_saved(
    loaded, qtbot, save_to, tmp_path, section
):
    loaded.save()
    dialog = save_dialog(qtbot, loaded)
    assert dialog.what == "measured"
    assert not dialog.kinds["everything"].isEnabled()
    assert "run first" in dialog.kinds["everything"].toolTip()
    save_to(loaded, dialog, tmp_path / "raw.h5ad")
    assert ad.read_h5ad(tmp_path / "raw.h5ad").shape == (section.n_spots, 40)


def test_a_figure_that_is_cancelled_leaves_no_file(done, qtbot, tmp_path, monkeypatch, ready):
    dialog = opened(qtbot, done)
    choose(qtbot, dialog, "figure")
    choose_data(dialog.which, "these")
    qtbot.keyClicks(dialog.these, " ".join(f"Gene{i}" for i in range(20)))
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "f.pdf"), "")
    )
    click(qtbot, dialog.save)
    qtbot.waitUntil(lambda: done.phase is Phase.SAVING)
    click(qtbot, done.enhance.cancel)
    ready(done)
    assert not list(tmp_path.glob("*.pdf"))
    assert "Saved" not in done.message.text()


def test_what_cannot_be_written_is_still_here_and_goes_elsewhere(done, qtbot, save_to, tmp_path):
    result = done._layers.enhancement
    dialog = opened(qtbot, done)
    save_to(done, dialog, tmp_path / "gone" / "r.h5ad")  # the folder was removed meanwhile
    text = done.message.text()
    assert "gone does not exist" in text
    assert "still in the viewer" in text
    assert done._layers.enhancement is result
    dialog = opened(qtbot, done)
    save_to(done, dialog, tmp_path / "r.h5ad")
    assert "Saved r.h5ad" in done.message.text()
    assert ad.read_h5ad(tmp_path / "r.h5ad").n_obs == len(result.sites)
