"""From opening a real section to a saved result, by mouse and keys in a real window."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
from gestures import click, middle, paint, save_result, world_of
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_stentrans import StentransWarning, read_section


@pytest.fixture(
    params=[
        "visium_mini",
        "legacy_st/A1.tsv.gz",
        "mouse_olfactory_bulb/MOB1.tsv.gz",
        "mouse_olfactory_bulb/MOB1.tsv.gz as h5ad",
    ]
)
def path(request, data_dir, tmp_path):
    """A real section as it was downloaded, or as an AnnData file made of it."""
    name, _, as_h5ad = request.param.partition(" as ")
    if not as_h5ad:
        return data_dir / name
    file = tmp_path / "MOB1.h5ad"
    with pytest.warns(StentransWarning, match="1,555 of 1,934 spots were left out"):
        section = read_section(data_dir / name)
    section.adata.write_h5ad(file)
    return file


def type_gene(qtbot, dock, gene):
    dock.data.search.edit.selectAll()
    qtbot.keyClicks(dock.data.search.edit, gene.lower())
    qtbot.keyClick(dock.data.search.edit, Qt.Key.Key_Return)
    assert dock.data.search.edit.text() == gene


@pytest.mark.filterwarnings("ignore:.*have no counts at all", "ignore:.*spots were left out")
def test_open_search_paint_run_compare_save(dock, path, qtbot, ready, monkeypatch, tmp_path):
    folder = path.is_dir()
    chosen = str(path) if folder else (str(path), "")
    ask = "getExistingDirectory" if folder else "getOpenFileName"
    monkeypatch.setattr(QFileDialog, ask, lambda *_, **__: chosen)
    dock.data.open.menu().actions()[1 if folder else 0].trigger()
    ready(dock)
    layers, section = dock._layers, read_section(path)
    assert f"{section.n_spots:,} spots × {len(section.genes):,} genes" in dock.data.about.text()

    expressed = np.argsort(np.asarray(section.counts.sum(0)).ravel())[::-1]
    first, second = section.genes[expressed[:2]]
    type_gene(qtbot, dock, first)
    shown = layers.before.data.copy()
    np.testing.assert_array_equal(shown, section.raster.draw(section.gene_lognorm(first)))

    click(qtbot, dock.lost.new)
    step = 2 * section.lattice.spacing * (section.um_per_px or 1)
    spot = middle(section)
    paint(qtbot, dock.viewer, world_of(layers, spot), (0, step), (step, step))
    lost = layers.paint.mask().lost
    assert lost[spot]
    assert 3 <= lost.sum() < 100

    click(qtbot, dock.enhance.run)
    ready(dock, timeout=180_000)  # a whole section, by the default method
    result = layers.model.enhancement
    counted = (np.asarray(result.provenance[: section.n_spots]) == "lost") & (section.totals > 0)
    np.testing.assert_array_equal(counted, lost & (section.totals > 0))
    np.testing.assert_array_equal(layers.before.data, shown)
    row, column = result.raster.pixel_of(section.xy).T
    np.testing.assert_allclose(
        layers.after.data[row, column], result.gene(first).mean[: section.n_spots]
    )
    for layer, raster in ((layers.before, section.raster), (layers.after, result.raster)):
        at = layer.world_to_data(world_of(layers, spot))
        assert raster.index[tuple(np.rint(at).astype(int))] == spot

    type_gene(qtbot, dock, second)
    np.testing.assert_array_equal(layers.after.data, result.raster.draw(result.gene(second).mean))
    click(qtbot, dock.bar.views["side_by_side"])
    grid = getattr(dock.viewer, "canvas", dock.viewer).grid  # the viewer's, before napari 0.9
    assert grid.enabled
    assert layers.before.visible
    assert layers.after.visible

    target = tmp_path / "saved.h5ad"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(target), ""))
    save_result(qtbot, dock)
    qtbot.waitUntil(lambda: "Saved saved.h5ad" in dock.message.text(), timeout=120_000)
    saved = ad.read_h5ad(target, backed="r")
    assert list(saved.obs_names[: section.n_spots]) == list(section.adata.obs_names)
    assert list(saved.obs["provenance"]) == list(result.provenance)
    np.testing.assert_allclose(saved.obsm["spatial"][: section.n_spots], section.xy)
    saved.file.close()
