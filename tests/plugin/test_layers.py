"""Layers of a section: where they lie, what they show, and what a person may do to them."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import GeneNotFound, MaskError, StentransWarning
from napari_stentrans.io import read_section
from napari_stentrans.pipeline import enhance
from napari_stentrans.plugin.layers.frame import Frame
from napari_stentrans.plugin.layers.images import (
    FirstLook,
    first_gene,
    limits_of,
)
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.layers.section_layers import SectionLayers, adopt
from napari_stentrans.section import Section, SectionImage
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement

SCALE = 0.25
"""Pixels of the test image per full-resolution pixel."""


def with_numbered_image(section: Section) -> Section:
    """Give it an image whose pixel under spot number i holds i + 1, and 0 elsewhere."""
    column, row = np.floor((section.xy + 0.5) * SCALE).astype(int).T
    pixels = np.zeros((row.max() + 9, column.max() + 5), np.uint16)
    pixels[row, column] = np.arange(section.n_spots) + 1
    return replace(section, images=(SectionImage("numbers", lambda: pixels, SCALE),))


@pytest.fixture(scope="module")
def section() -> Section:
    return with_numbered_image(simulate_section(160, 40, image=False, artefacts=False))


@pytest.fixture(scope="module")
def lost(section: Section) -> NDArray[np.bool_]:
    middle = section.xy.mean(0)
    return np.linalg.norm(section.xy - middle, axis=1) < 2.2 * section.lattice.spacing


@pytest.fixture(scope="module")
def enhancement(section: Section, lost: NDArray[np.bool_]) -> Enhancement:
    return enhance(section, lost, EnhanceConfig(factors=5))


@pytest.fixture(scope="module")
def doubled(section: Section, lost: NDArray[np.bool_]) -> Enhancement:
    return enhance(section, lost, EnhanceConfig(factors=5, upscale=2))


def value_at(layer: Layer, world_yx: NDArray[np.float64]) -> NDArray[np.generic]:
    """Values of the pixels of a layer that cover world positions (site, 2)."""
    at = np.array([layer.world_to_data(position) for position in world_yx])
    rows, columns = np.rint(at).astype(int).T
    data = layer.data[0] if layer.multiscale else layer.data
    return np.asarray(data[rows, columns])


def drawn(layer: Layer) -> NDArray[np.bool_]:
    return np.isfinite(layer.data)


class TestPlace:
    """Layers lie where the data say."""

    def test_spots_map_and_image_agree_in_micrometres(self, make_napari_viewer, section):
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section)
        assert [layer.name for layer in viewer.layers] == [
            f"{section.name} image",
            f"{layers.model.gene} measured",
        ]
        assert {str(unit) for layer in viewer.layers for unit in layer.units} == {"micrometer"}
        world = section.xy[:, ::-1] * section.um_per_px
        assert np.linalg.norm(world[:, None] - world[None], axis=2)[0].min() == 0
        np.testing.assert_array_equal(value_at(layers.image, world), np.arange(160) + 1)
        index = copy.copy(section.raster.index)
        layers.before.data = index.astype(np.float32)
        np.testing.assert_array_equal(value_at(layers.before, world), np.arange(160))

    def test_enhanced_maps_lie_exactly_on_the_measured_one(
        self, make_napari_viewer, section, lost, enhancement, doubled
    ):
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section)
        layers.show_enhancement(enhancement)
        np.testing.assert_array_equal(layers.after.extent.world, layers.before.extent.world)
        np.testing.assert_array_equal(drawn(layers.after), drawn(layers.before))
        for result in (enhancement, doubled):
            layers.show_enhancement(result)
            mean = result.gene(layers.model.gene).mean
            world = result.sites.xy[:, ::-1] * section.um_per_px
            np.testing.assert_array_equal(value_at(layers.after, world), mean)
            np.testing.assert_array_equal(
                value_at(layers.provenance, world), result.sites.provenance + 1
            )
            assert (value_at(layers.provenance, world[: len(lost)])[lost] == 2).all()
            assert (layers.provenance.data == 0).sum() == (~drawn(layers.after)).sum()
        grown = layers.after.extent.world - layers.before.extent.world
        assert np.abs(grown).max() < 5 * section.lattice.spacing * section.um_per_px
        assert len(viewer.layers) == 5

    def test_square_section_without_scale_lies_in_pixels(self, make_napari_viewer):
        section = simulate_section(80, 20, lattice="square", image=False)
        section = with_numbered_image(replace(section, um_per_px=None))
        layers = SectionLayers(make_napari_viewer(), section)
        labels = layers.add_lost()
        result = enhance(section, None, EnhanceConfig(factors=3, upscale=2))
        layers.show_enhancement(result)
        world = section.xy[:, ::-1]
        np.testing.assert_array_equal(value_at(layers.image, world), np.arange(80) + 1)
        np.testing.assert_array_equal(
            value_at(layers.before, world), section.gene_lognorm(layers.model.gene)
        )
        np.testing.assert_array_equal(
            value_at(layers.after, result.sites.xy[:, ::-1]), result.gene(layers.model.gene).mean
        )
        assert labels.data.shape == section.raster.shape
        np.testing.assert_array_equal(labels.extent.world, layers.before.extent.world)
        assert {str(u) for u in labels.units + layers.after.units} == {"pixel"}

    def test_beside_other_layers_their_unit_is_taken(self, section):
        assert Frame.of(section) == Frame("micrometer", section.um_per_px)
        pixels, nm = Image(np.zeros((4, 4))), Image(np.zeros((4, 4)), units=("nm", "nm"))
        assert Frame.of(section, [pixels]) == Frame("pixel", 1.0)
        assert Frame.of(section, [nm, pixels]) == Frame("pixel", 1.0)
        beside = Frame.of(section, [nm])
        assert beside.unit == "nanometer"
        assert beside.per_px == pytest.approx(1000 * section.um_per_px)
        assert Frame.of(replace(section, um_per_px=None), [nm]) == Frame("nanometer", 1.0)

    @pytest.mark.filterwarnings("ignore:.* have no row in alignment_table")
    def test_real_spots_lie_on_the_dark_tissue_of_their_image(
        self, make_napari_viewer, data_dir: Path
    ):
        section = read_section(data_dir / "mouse_olfactory_bulb" / "MOB1.tsv.gz", {"spots": "all"})
        layers = SectionLayers(make_napari_viewer(), section)
        world = section.xy[:, ::-1] * (section.um_per_px or 1)
        middle = 2 * world.mean(0)
        depth = np.log1p(section.totals)  # tissue holds RNA and is dark

        def dark(world_yx: NDArray[np.float64]) -> float:
            brightness = value_at(layers.image, world_yx)[:, :3].mean(1)
            return -float(np.corrcoef(depth, brightness)[0, 1])

        turned = [world[:, ::-1], middle - world, world * [1, -1] + middle * [0, 1]]
        shifted = [world + np.array([0, 40]), world - np.array([40, 0])]
        assert dark(world) > 0.7
        assert dark(world) > max(dark(other) for other in turned + shifted) + 0.03

    def test_large_real_image_is_a_pyramid_in_place(self, make_napari_viewer, data_dir: Path):
        section = read_section(data_dir / "legacy_st" / "C2.tsv.gz")
        look = FirstLook.of(section)
        assert [level.shape[:2] for level in look.pixels][:2] == [(9911, 9274), (4956, 4637)]
        assert max(look.pixels[-1].shape) <= 1024
        assert look.pixels[0] is section.images[0].data  # no second copy of 276 MB
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section, look)
        assert layers.image.multiscale
        world = section.xy[:, ::-1] * section.um_per_px
        rows, columns = np.rint(section.xy[:, ::-1]).astype(int).T
        np.testing.assert_array_equal(
            value_at(layers.image, world), section.images[0].data[rows, columns]
        )
        assert np.mean(value_at(layers.image, world).mean(1) < 225) > 0.9
        factors = layers.image.downsample_factors
        np.testing.assert_allclose(factors[1], 2, rtol=1e-3)


class TestLook:
    """What is shown, and in which colours."""

    def test_contrast_limits_are_never_empty(self):
        assert limits_of(np.array([0, 1, 2, 3.0]))[1] == pytest.approx(2.985)
        assert limits_of(np.zeros(5)) == (0, 1)
        assert limits_of(np.full(3, np.nan)) == (0, 1)
        assert limits_of(np.append(np.zeros(999), 4.0)) == (0, 4)

    def test_first_gene_is_spatial_and_not_mitochondrial(self, section):
        def without_its_pattern(gene: str) -> Section:
            adata = section.adata.copy()
            counts = adata.X.toarray()
            at = section.gene_index(gene)
            counts[:, at] = np.random.default_rng(0).permutation(counts[:, at])
            adata.X = counts
            return Section.from_anndata(adata)

        gene = first_gene(section)
        assert first_gene(without_its_pattern(gene)) != gene
        adata = section.adata.copy()
        adata.var_names = ["mt-" + g if g == gene else g for g in adata.var_names]
        assert first_gene(Section.from_anndata(adata)) not in (gene, f"mt-{gene}")

    def test_layers_share_contrast_and_name_what_is_under_the_cursor(
        self, make_napari_viewer, section, enhancement
    ):
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section)
        layers.show_enhancement(enhancement)
        assert layers.before.contrast_limits == layers.after.contrast_limits
        layers.after.contrast_limits = (0.5, 1.5)
        layers.before.colormap = "inferno"
        assert list(layers.before.contrast_limits) == [0.5, 1.5]
        assert layers.after.colormap.name == "inferno"
        assert [layer.visible for layer in (layers.before, layers.after)] == [False, True]
        assert not layers.uncertainty.visible
        assert not layers.provenance.visible
        np.testing.assert_array_equal(
            np.unique(layers.uncertainty.data[drawn(layers.uncertainty)]),
            np.unique(enhancement.gene(layers.model.gene).std),
        )
        world = section.xy[enhancement.sites.provenance == 1][0][::-1] * section.um_per_px
        layers.provenance.visible = True
        assert "lost" in layers.provenance.get_status(world, world=True)["coordinates"]
        colours = layers.provenance.colormap.map(np.arange(5))
        assert len(np.unique(colours, axis=0)) == 5
        assert colours[0, 3] == 0

    def test_genes_switch_in_every_layer(self, make_napari_viewer, section, lost, doubled):
        layers = SectionLayers(make_napari_viewer(), section)
        layers.show_enhancement(doubled)
        layers.model.choose_view("difference")
        gene = next(str(g) for g in section.genes if g != layers.model.gene)
        layers.model.show_gene(gene)
        measured, (mean, std) = section.gene_lognorm(gene), doubled.gene(gene)
        world = section.xy[:, ::-1] * section.um_per_px
        sites = doubled.sites.xy[:, ::-1] * section.um_per_px
        np.testing.assert_array_equal(value_at(layers.before, world), measured)
        np.testing.assert_array_equal(value_at(layers.after, sites), mean)
        np.testing.assert_array_equal(value_at(layers.uncertainty, sites), std)
        np.testing.assert_allclose(
            value_at(layers.difference, world), np.where(lost, np.nan, mean[:160] - measured)
        )
        low, high = layers.difference.contrast_limits
        assert low == -high < 0
        assert layers.before.contrast_limits[1] == pytest.approx(limits_of(measured)[1])
        names = [layers.before.name, layers.after.name, layers.uncertainty.name]
        assert names == [f"{gene} measured", f"{gene} enhanced", f"{gene} uncertainty"]
        with pytest.raises(GeneNotFound, match="no gene 'Nonsense'"):
            layers.model.show_gene("Nonsense")
        assert (layers.model.gene, layers.before.name) == (gene, f"{gene} measured")

    def test_gene_that_the_run_left_out_is_blank_in_the_result(
        self, make_napari_viewer, section, lost
    ):
        layers = SectionLayers(make_napari_viewer(), section)
        known, left_out = section.genes[3], section.genes[4]
        layers.model.show_gene(known)
        layers.show_enhancement(enhance(section, lost, EnhanceConfig(factors=5, genes=(known,))))
        assert layers.model.gene_is_enhanced
        layers.model.show_gene(left_out)
        assert not layers.model.gene_is_enhanced
        assert not drawn(layers.after).any()
        assert drawn(layers.before).any()
        layers.model.show_gene(known)
        assert drawn(layers.after).any()

    def test_no_uncertainty_where_the_method_knows_none(
        self, make_napari_viewer, section, lost, enhancement
    ):
        layers = SectionLayers(make_napari_viewer(), section)
        layers.show_enhancement(enhancement)
        layers.show_enhancement(enhance(section, lost, EnhanceConfig(method="nearest")))
        assert layers.uncertainty is None
        layers.show_enhancement(enhancement)
        assert layers.uncertainty is not None

    def test_unreadable_image_is_left_out(self, section, tmp_path: Path):
        def missing() -> NDArray[np.generic]:
            return np.load(tmp_path / "gone.npy")

        broken = replace(section, images=(SectionImage("gone", missing),))
        with pytest.warns(StentransWarning, match="'gone' is left out"):
            assert FirstLook.of(broken).pixels is None

    @pytest.mark.parametrize(
        ("pixels", "shape"),
        [
            (np.full((6, 5, 4), 1000, np.uint16), (6, 5, 4)),
            (np.full((6, 5, 2), 9, np.uint8), (6, 5)),
            (np.ones((6, 5, 3), np.float32), (6, 5, 3)),
            (np.ones((6, 5), bool), (6, 5)),
        ],
    )
    def test_any_kind_of_image_can_be_shown(self, section, pixels, shape):
        shown = FirstLook.of(replace(section, images=(SectionImage("x", lambda: pixels),))).pixels
        assert shown.shape == shape
        Image(shown, rgb=len(shape) == 3)
        if len(shape) == 3:
            assert shown.dtype == np.uint8


class TestPainting:
    """Lost regions are painted on the section's raster."""

    def test_painted_cells_are_lost_spots_and_can_be_undone(
        self, make_napari_viewer, section, lost, enhancement
    ):
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section)
        assert not layers.paint.mask().lost.any()
        labels = layers.add_lost()
        assert isinstance(labels, Labels)
        assert viewer.layers.selection.active is labels
        assert viewer.layers[-1] is labels
        assert labels.mode == "paint"
        spot = section.lattice.spacing / section.raster.pixel
        assert spot <= labels.brush_size <= 4 * spot
        row, column = section.raster.pixel_of(section.xy[[5]])[0]
        labels.paint((row, column), 1)
        painted = layers.paint.mask().lost
        assert painted[5]
        assert painted.sum() < 9
        layers.paint.paint_spots(lost)
        np.testing.assert_array_equal(layers.paint.mask().lost, lost | painted)
        labels.undo()
        np.testing.assert_array_equal(layers.paint.mask().lost, painted)
        layers.show_enhancement(enhancement)
        assert viewer.layers[-1] is labels
        assert viewer.layers.selection.active is labels
        assert labels.contour > 0
        assert layers.add_lost() is labels
        assert labels.contour == 0

    def test_corner_beyond_the_section_gives_sites(self, make_napari_viewer, section):
        layers = SectionLayers(make_napari_viewer(), section)
        layers.add_lost().data[:40, :40] = 3  # any label means lost
        mask = layers.paint.mask()
        assert len(mask.sites) > 2
        with pytest.raises(MaskError, match="must have the shape"):
            layers.paint.paint_spots(np.ones(3, bool))


class TestCompare:
    """Side by side and difference, on and off."""

    def test_side_by_side_shows_both_maps_on_tissue_and_brings_all_back(
        self, make_napari_viewer, section, enhancement
    ):
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section)
        switched = []
        layers.model.compared.connect(lambda: switched.append(layers.model.view == "side_by_side"))
        layers.model.choose_view("side_by_side")
        assert layers.model.view != "side_by_side"  # nothing to compare with yet
        layers.add_lost()
        layers.show_enhancement(enhancement)
        layers.uncertainty.visible = True
        viewer.add_points([(0, 0)], units=layers.before.units)
        before = [(layer.name, layer.visible) for layer in viewer.layers]

        layers.model.choose_view("side_by_side")
        cells = [
            [viewer.layers[i].name for i in inside if viewer.layers[i].visible]
            for _, inside in viewer.canvas.grid.iter_viewboxes(viewer.layers)
        ]
        image = f"{section.name} image"
        assert cells == [
            [image, f"{layers.model.gene} measured", "lost regions (beside)"],
            [f"{image} (beside)", f"{layers.model.gene} enhanced", "lost regions"],
        ]
        layers.image.visible = False
        assert not viewer.layers[f"{image} (beside)"].visible
        layers.image.visible = True
        layers.views.end()
        assert [(layer.name, layer.visible) for layer in viewer.layers] == before
        assert not viewer.canvas.grid.enabled

        layers.model.choose_view("side_by_side")
        viewer.canvas.grid.enabled = False  # napari's own button
        assert layers.model.view != "side_by_side"
        assert [(layer.name, layer.visible) for layer in viewer.layers] == before
        assert [on for on, _ in groupby(switched)] == [False, True, False, True, False]

        layers.model.choose_view("side_by_side")
        viewer.layers.remove(layers.after)
        layers.model.choose_view("after")
        layers.show_enhancement(enhancement)
        assert {(layer.name, layer.visible) for layer in viewer.layers} >= set(before[:2])

    def test_what_is_seen_is_said_once(self, make_napari_viewer, section, enhancement):
        layers, said = SectionLayers(make_napari_viewer(), section), []
        layers.model.compared.connect(lambda: said.append(layers.model.seen))
        layers.model.choose_view("side_by_side")  # nothing to compare with yet
        assert said == [("before",)]
        layers.show_enhancement(enhancement)
        said.clear()
        layers.model.choose_view("side_by_side")
        layers.views.end()
        layers.model.choose_view("uncertainty")
        layers.provenance.visible = True  # a person may see several at once
        assert said == [
            ("side_by_side",),
            ("after",),
            ("uncertainty",),
            ("provenance", "uncertainty"),
        ]

    def test_difference_ends_side_by_side(self, make_napari_viewer, section, enhancement):
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section)
        layers.model.choose_view("difference")
        assert layers.difference is None
        layers.show_enhancement(enhancement)
        layers.model.choose_view("side_by_side")
        layers.model.choose_view("difference")
        assert layers.model.view != "side_by_side"
        assert layers.model.view == "difference"
        assert not layers.after.visible  # it would be seen where there is no difference
        np.testing.assert_array_equal(layers.difference.extent.world, layers.before.extent.world)

        def put_away() -> None:
            layers.model.choose_view("after")

        def hide() -> None:
            layers.difference.visible = False

        def delete() -> None:
            viewer.layers.remove(layers.difference)

        for end in (put_away, hide, delete):
            layers.model.choose_view("difference")
            assert not layers.after.visible
            end()
            assert layers.model.view != "difference"
            assert layers.after.visible
            assert not layers.before.visible
        layers.model.choose_view("difference")
        layers.model.choose_view("side_by_side")
        assert layers.model.view != "difference"
        layers.model.choose_view("after")
        assert layers.after.visible
        assert layers.model.view != "difference"


class TestHands:
    """A person may change, rename, delete and copy layers."""

    def test_choices_are_kept(self, make_napari_viewer, section, enhancement, doubled):
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section)
        layers.show_enhancement(enhancement)
        layers.after.name = "my map"
        layers.after.colormap = "gray"
        layers.after.opacity = 0.4
        layers.after.contrast_limits = (0, 0.7)
        layers.before.visible = layers.provenance.visible = True
        viewer.layers.move(viewer.layers.index(layers.after), 0)
        order = [layer.name for layer in viewer.layers]
        layers.show_enhancement(doubled)
        assert [layer.name for layer in viewer.layers] == order
        assert tuple(layers.after.contrast_limits) == (0, 0.7)
        layers.model.show_gene(section.genes[5])
        assert layers.after.name == f"{section.genes[5]}: my map"
        assert layers.after.colormap.name == "gray"
        assert layers.after.opacity == 0.4
        assert layers.before.visible
        assert layers.provenance.visible
        assert viewer.layers[0] is layers.after

    def test_deleted_layers_are_done_without(self, make_napari_viewer, section, enhancement):
        viewer = make_napari_viewer()
        layers = SectionLayers(viewer, section)
        layers.show_enhancement(enhancement)
        layers.add_lost()
        viewer.layers.selection = {layers.before, layers.image, layers.lost}
        viewer.layers.remove_selected()
        assert layers.before is layers.image is layers.lost is None
        gene = section.genes[2]
        layers.model.show_gene(gene)
        assert layers.after.name == f"{gene} enhanced"
        np.testing.assert_allclose(
            layers.after.contrast_limits, limits_of(section.gene_lognorm(gene))
        )
        assert not layers.paint.mask().lost.any()
        viewer.layers.remove(layers.after)
        layers.model.show_gene(section.genes[3])
        layers.show_enhancement(enhancement)
        assert None not in (layers.before, layers.after, layers.provenance, layers.uncertainty)
        layers.after.contrast_limits = (0, 0.25)
        assert layers.before.contrast_limits == layers.after.contrast_limits

    def test_two_sections_a_duplicate_and_removal(self, make_napari_viewer, section):
        viewer = make_napari_viewer()
        first, second = SectionLayers(viewer, section), SectionLayers(viewer, section)
        assert second.before.name == f"{section.name and second.model.gene} measured [1]"
        second.model.show_gene(section.genes[1])
        assert second.before.name == f"{section.genes[1]} measured"
        data, state, kind = first.before.as_layer_data_tuple()
        twin = viewer.add_image(data, **{**copy.deepcopy(state), "name": "kept"})
        assert kind == "image"
        assert find(viewer) == [first, second]
        assert adopt(viewer) is None
        first.remove()
        second.remove()
        assert list(viewer.layers) == [twin]
        assert find(viewer) == []

    def test_a_section_after_one_that_was_deleted_notices_deletions_too(self, section):
        viewer = ViewerModel()
        deleted = SectionLayers(viewer, section)
        viewer.layers.clear()
        later = SectionLayers(viewer, section)  # the other is kept, to be brought back
        assert deleted.before is None
        assert later.before is not None
        viewer.layers.clear()
        assert later.before is None


def test_a_name_that_a_person_gave_outlasts_those_of_sections_and_a_deletion(section):
    layers = SectionLayers(ViewerModel(), section)
    store, before = layers.store, layers.before
    before.name = "mine"
    layers.model.show_gene("Gene9")
    store.name_by("A1")
    assert before.name == "Gene9: mine"
    layers.viewer.layers.remove(before)
    store.put_back("before", before, 0)
    assert before.name == "Gene9: mine"
    layers.viewer.layers.remove(before)
    store.put("before", layers.genes.data("before"))  # a new one, which nobody named
    layers.model.show_gene("Gene3")
    assert layers.before.name == "A1 · Gene3 measured"
