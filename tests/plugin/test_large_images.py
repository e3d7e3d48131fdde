"""A tissue image that stays in its file is shown in place, at any zoom."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from qtpy.QtWidgets import QApplication

from napari_stentrans.io import tiff
from napari_stentrans.io.images import lazy_image
from napari_stentrans.plugin.layers.images import FirstLook
from napari_stentrans.plugin.layers.section_layers import SectionLayers
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("form", ["colours", "grey", "channels"])
def test_image_in_its_file(
    make_napari_viewer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(tiff, "IN_MEMORY", 1_000_000)
    section = simulate_section(n_spots=200, n_genes=30, lattice="square", image=False)
    size = (1600, 1500)
    rows, columns = np.indices(size)
    plane = ((rows + columns) // 16 % 256).astype(np.uint8)
    path = tmp_path / "fullres.tif"
    if form == "colours":
        pixels = np.stack([plane, plane, 255 - plane], axis=-1)
        tifffile.imwrite(path, pixels, tile=(256, 256), compression="zlib", photometric="rgb")
    elif form == "grey":
        tifffile.imwrite(path, plane, tile=(256, 256), compression="zlib")
    else:
        stack = np.stack([plane.astype(np.uint16) * 10] * 4)
        tifffile.imwrite(tmp_path / "fullres.ome.tif", stack, metadata={"axes": "CYX"},
                         tile=(256, 256))  # fmt: skip
        path = tmp_path / "fullres.ome.tif"
    section = replace(section, images=(lazy_image(path, "fullres", 0.9),), um_per_px=0.5)
    look = FirstLook.of(section)
    assert not isinstance(look.pixels[0], np.ndarray)
    viewer = make_napari_viewer()
    image = SectionLayers(viewer, section, look).image
    assert image.multiscale
    assert image.rgb == (form != "grey")
    np.testing.assert_allclose(image.downsample_factors[1][:2], 2)
    np.testing.assert_allclose(image.scale[-2:], 0.5 / 0.9)
    viewer.window.show()
    for layer in viewer.layers:
        layer.visible = layer is image
    camera = getattr(viewer, "scene", viewer).camera  # moved in napari 0.9
    for zoom, level in ((0.5, 1), (4, 0)):  # the whole image, and a part of its finest level
        camera.center, camera.zoom = image.extent.world.mean(0), zoom
        QApplication.processEvents()
        shot = viewer.screenshot(canvas_only=True, flash=False)
        assert len(np.unique(shot[..., :3].reshape(-1, 3), axis=0)) > 5
        assert image.data_level == level
    assert image.thumbnail[..., :3].max() > 0
    at = np.array([[30, 400, 1500], [70, 300, 1499]])
    shown = np.asarray(image.data[0])[at[0], at[1]].reshape(3, -1)[:, 0].astype(float)
    assert np.corrcoef(shown, plane[at[0], at[1]])[0, 1] > 0.99
