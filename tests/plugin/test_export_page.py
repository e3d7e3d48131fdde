"""Saving by mouse and keys: what is chosen on the page is what lies in the files."""

from __future__ import annotations

import json
from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import tifffile
from gestures import choose_kind, click, export_page, export_shown
from matplotlib.image import imread
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.annotation import Annotation
from napari_stentrans.export import write_section
from napari_stentrans.io import read_mask
from napari_stentrans.plugin.jobs import analyses
from napari_stentrans.plugin.layers.regions import Regions
from napari_stentrans.plugin.models import export_words as wishes
from napari_stentrans.plugin.models.export_request import ExportContext
from napari_stentrans.plugin.models.export_words import about
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.progress import drain
from napari_stentrans.session import read_session


@pytest.fixture
def done(loaded, qtbot, ready):
    """The dock with a region that is painted, and a result by kriging."""
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    section = loaded._layers.model.section
    loaded._layers.paint.paint_spots(np.arange(section.n_spots) < 9)
    qtbot.wait(50)
    Regions(loaded._layers.lost).rename(1, "fold")
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    return loaded


@pytest.fixture
def save_to(qtbot, ready, monkeypatch):
    """Press Save… and answer with a path; what was proposed."""

    def save_to(dock, page, path):
        proposed = []

        def answer(parent, title, name, *_, **__):
            proposed.append(name)
            return str(path), ""

        monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
        click(qtbot, page.save)
        ready(dock)
        return proposed[0]

    return save_to


def choose_data(box, data):
    box.setCurrentIndex(box.findData(data))
    assert box.currentData() == data


def test_everything_is_saved_as_a_folder_too(done, qtbot, save_to, tmp_path):
    page = export_page(qtbot, done)
    assert page.what == "everything"
    choose_data(page.formats, ".zarr")
    assert "40 genes at " in page.words.text()
    proposed = save_to(done, page, tmp_path / "mine")
    assert proposed.endswith("_enhanced.zarr")
    result = done._layers.model.enhancement
    saved = ad.read_zarr(tmp_path / "mine.zarr")
    assert saved.shape == (len(result.sites), 40)
    assert "Saved mine.zarr and mine.run.json in " in done.message.text()
    assert str(tmp_path) in done.message._label.toolTip(), "the whole path, however long"


def test_images_hold_the_gene_shown_and_its_uncertainty(done, qtbot, save_to, tmp_path):
    done.show_gene("Gene5")
    page = export_page(qtbot, done)
    choose_kind(qtbot, page, "images")
    assert page.which.currentData() == "shown"
    click(qtbot, page.extras["std"])
    assert save_to(done, page, tmp_path / "maps").endswith("_Gene5.ome.tif")
    pixels = tifffile.imread(tmp_path / "maps.ome.tif")
    result = done._layers.model.enhancement
    np.testing.assert_array_equal(pixels[0], result.raster.draw(result.gene("Gene5").mean))
    assert len(pixels) == 2


def test_a_table_of_favourites_or_of_names_that_are_written(done, qtbot, save_to, tmp_path):
    for name in ("Gene3", "Gene7"):
        done.genes.toggle_favourite(name)
    page = export_page(qtbot, done)
    choose_kind(qtbot, page, "table")
    choose_data(page.which, "favourites")
    save_to(done, page, tmp_path / "stars.csv")
    columns = pd.read_csv(tmp_path / "stars.csv").columns[4:]
    kinds = ("mean", "std", "measurement std")
    assert list(columns) == [f"{gene} {kind}" for gene in ("Gene3", "Gene7") for kind in kinds]
    page = export_page(qtbot, done)
    assert page.what == "table", "what was saved last comes first"
    choose_data(page.which, "these")
    assert not page.save.isEnabled()
    qtbot.keyClicks(page.these, "gene2, Gen77")
    assert "left out: Gen77" in page.words.text()
    save_to(done, page, tmp_path / "two.csv")
    assert "Gene2 mean" in pd.read_csv(tmp_path / "two.csv").columns


def test_a_figure_by_keys_with_all_that_can_be_added(done, qtbot, save_to, tmp_path):
    done.window().activateWindow()
    qtbot.waitUntil(done.isActiveWindow)
    both = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(done, Qt.Key.Key_E, both)
    page = export_shown(qtbot, done)
    assert QApplication.focusWidget() is page.kinds["figure"]
    qtbot.waitUntil(lambda: page.what == "figure" and page.extras["std"].isVisible())
    assert not page.extras["image"].isEnabled(), "this section has no image"
    plain = tmp_path / "plain.png"
    save_to(done, page, plain)
    page = export_page(qtbot, done)
    for extra in ("std", "provenance"):
        click(qtbot, page.extras[extra])
    save_to(done, page, tmp_path / "more.png")
    widths = [imread(path).shape[1] for path in (plain, tmp_path / "more.png")]
    assert widths[1] > 1.5 * widths[0]
    assert not (tmp_path / "more.run.json").exists()


def test_a_scale_bar_in_pixels_is_told_before(section):
    unscaled = replace(section, um_per_px=None)
    for of, told in ((section, False), (unscaled, True)):
        result = enhance(of, config=EnhanceConfig(method="linear", genes=("Gene1",)))
        stock = ExportContext(of, result, GeneIndex.of(of), "Gene1")
        said = about(stock, "figure", stock.genes("shown"))
        assert ("scale bar is in pixels" in said) == told


def test_lost_regions_keep_their_names(done, qtbot, save_to, tmp_path):
    page = export_page(qtbot, done)
    choose_kind(qtbot, page, "lost")
    assert not page.which.isVisible()
    save_to(done, page, tmp_path / "lost.geojson")
    section = done._layers.model.section
    mask = read_mask(tmp_path / "lost.geojson", section)
    np.testing.assert_array_equal(mask.lost, np.arange(section.n_spots) < 9)
    named = json.loads((tmp_path / "lost.geojson").read_text())["features"][0]["properties"]
    assert "fold" in json.dumps(named)


def test_limits_are_told_before_anything_is_written(done, qtbot, monkeypatch):
    page = export_page(qtbot, done)
    choose_kind(qtbot, page, "figure")
    choose_data(page.which, "all")
    assert not page.save.isEnabled()
    assert "A figure shows 20 genes at most, and these are 40" in page.words.text()
    choose_data(page.which, "shown")
    assert page.save.isEnabled()
    monkeypatch.setattr(wishes, "find_spec", lambda name: None)
    choose_kind(qtbot, page, "everything")
    choose_data(page.formats, ".sdata.zarr")
    assert not page.save.isEnabled()
    assert "needs the package spatialdata" in page.words.text()


def test_a_table_is_written_by_keys_alone(done, qtbot, ready, tmp_path, monkeypatch):
    path = tmp_path / "values.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    done.window().activateWindow()
    qtbot.waitUntil(done.isActiveWindow)
    page = export_page(qtbot, done)
    assert QApplication.focusWidget() is page.kinds["everything"]
    for _ in range(2):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
    assert page.what == "table"
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    ready(done)
    assert f"{done._layers.model.gene} mean" in pd.read_csv(path).columns


def test_thinking_better_of_it_writes_nothing(done, qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: ("", ""))
    click(qtbot, export_page(qtbot, done).save)
    assert done.phase is not Phase.SAVING
    assert not done.message.isVisible()


def test_the_page_follows_what_is_shown_and_says_beside_it_what_cannot_be(loaded, qtbot, ready):
    page = export_page(qtbot, loaded)
    assert "run first" in page.reasons["figure"].text()
    assert page.what == "measured"
    assert "Not read from a file" in page.reasons["session"].text()
    assert "Nothing is painted" in page.reasons["lost"].text()
    loaded._layers.paint.paint_spots(np.arange(loaded._layers.model.section.n_spots) < 9)
    qtbot.waitUntil(lambda: not page.reasons["lost"].text())
    assert page.kinds["lost"].isEnabled()
    assert page.what == "lost"
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(lambda: loaded.phase is Phase.RUNNING)
    assert not page.save.isEnabled()
    ready(loaded)
    export_page(qtbot, loaded)
    qtbot.waitUntil(lambda: not page.reasons["figure"].text())
    assert page.what == "everything", "nothing else was chosen"
    choose_kind(qtbot, page, "images")
    for gene in ("Gene7", "Gene3"):
        loaded.show_gene(gene)
        assert page.which.currentText() == f"The gene shown ({gene})"
        assert page.value().genes == (gene,)


def test_a_session_is_saved_from_the_page(dock, section, load, qtbot, ready, save_to, tmp_path):
    path = tmp_path / "s.h5ad"
    section.adata.write_h5ad(path)
    dock.open(path)
    ready(dock)
    page = export_page(qtbot, dock)
    choose_kind(qtbot, page, "session")
    assert not page.which.isVisible()
    save_to(dock, page, tmp_path / "mine")
    assert read_session(tmp_path / "mine.stentrans").facts.source == str(path)


def test_without_a_result_the_section_as_measured_is_saved(
    loaded, qtbot, save_to, tmp_path, section
):
    loaded.save()
    page = export_shown(qtbot, loaded)
    assert page.what == "measured"
    assert not page.kinds["everything"].isEnabled()
    assert "run first" in page.kinds["everything"].toolTip()
    save_to(loaded, page, tmp_path / "raw.h5ad")
    assert ad.read_h5ad(tmp_path / "raw.h5ad").shape == (section.n_spots, 40)


def test_a_figure_that_is_cancelled_leaves_no_file(done, qtbot, tmp_path, monkeypatch, ready):
    page = export_page(qtbot, done)
    choose_kind(qtbot, page, "figure")
    choose_data(page.which, "these")
    qtbot.keyClicks(page.these, " ".join(f"Gene{i}" for i in range(20)))
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "f.pdf"), "")
    )
    click(qtbot, page.save)
    qtbot.waitUntil(lambda: done.phase is Phase.SAVING)
    click(qtbot, done.enhance.cancel)
    ready(done)
    assert not list(tmp_path.glob("*.pdf"))
    assert "Saved" not in done.message.text()


def test_what_cannot_be_written_is_still_here_and_goes_elsewhere(done, qtbot, save_to, tmp_path):
    result = done._layers.model.enhancement
    page = export_page(qtbot, done)
    save_to(done, page, tmp_path / "gone" / "r.h5ad")  # the folder was removed meanwhile
    text = done.message.text()
    assert "gone does not exist" in text
    assert "still in the viewer" in text
    assert done._layers.model.enhancement is result
    page = export_page(qtbot, done)
    save_to(done, page, tmp_path / "r.h5ad")
    assert "Saved r.h5ad" in done.message.text()
    assert ad.read_h5ad(tmp_path / "r.h5ad").n_obs == len(result.sites)


def test_one_figure_for_a_paper_shows_what_was_found(done, qtbot, save_to, tmp_path):
    model = done._layers.model
    page = export_page(qtbot, done)
    choose_kind(qtbot, page, "paper")
    assert "genes alone" in page.words.text()
    save_to(done, page, tmp_path / "alone.svg")
    assert "Domain 1" not in (tmp_path / "alone.svg").read_text()
    found = drain(analyses.domains(model.enhancement, None, 3))
    model.found["domains"] = found
    page.refresh()
    assert "genes alone" not in page.words.text()
    save_to(done, page, tmp_path / "paper.svg")
    drawn = (tmp_path / "paper.svg").read_text()
    for text in (model.section.gene_label(model.gene), "enhanced", "Domain 3", "as measured"):
        assert text in drawn


def test_a_figure_for_a_paper_of_named_regions_is_copied_as_python(
    done, qtbot, save_to, tmp_path, monkeypatch
):
    model = done._layers.model
    half = np.where(model.section.xy[:, 0] > np.median(model.section.xy[:, 0]), "Tumour", "Stroma")
    page = export_page(qtbot, done)
    choose_kind(qtbot, page, "paper")
    regions, width = page.paper.regions, page.paper.width
    assert regions.currentData() == "none"
    model.annotate(Annotation.of(half.tolist()))
    for kind in ("domains", "patterns"):
        model.found[kind] = drain(getattr(analyses, kind)(model.enhancement, None, 3))
    page.refresh()
    assert "Domains as found (3)" in regions.currentText(), "what was found is proposed"
    pick(qtbot, regions, "named")
    pick(qtbot, width, "one")
    choose_data(page.formats, ".svg")
    page.refresh()
    assert regions.currentData() == "named", "what was chosen stays"
    save_to(done, page, tmp_path / "named.svg")
    drawn = (tmp_path / "named.svg").read_text()
    assert "Tumour" in drawn
    assert "Domain 3" not in drawn
    assert 'width="240.' in drawn  # points: one column
    click(qtbot, page.copy)
    assert "not read from a file" in done.message.text()
    source = write_section(model.section, tmp_path / "section.h5ad")
    object.__setattr__(model.enhancement.record, "source", str(source))  # as if it had been opened
    click(qtbot, page.copy)
    assert "Copied as Python" in done.message.text()
    script = QApplication.clipboard().text()
    monkeypatch.chdir(tmp_path)
    exec(script, {})
    again = (tmp_path / "figure.svg").read_text()
    for text in ("Tumour", "Pattern 3", model.section.gene_label(model.gene)):
        assert text in again
    assert 'width="240.' in again
    choose_kind(qtbot, page, "figure")
    assert not any(made.isVisible() for made in (page.copy, regions, width))


def pick(qtbot, box, data):
    """Choose in a list by keys."""
    box.setFocus()
    while box.currentData() != data:
        at = box.currentIndex()
        qtbot.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() > at
