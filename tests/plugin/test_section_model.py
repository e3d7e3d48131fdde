"""The model of a section: what is shown, without Qt, napari or a window."""

from dataclasses import replace

import numpy as np
import pytest

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import GeneNotFound
from napari_stentrans.pipeline import enhance
from napari_stentrans.plugin.models.maps import Look
from napari_stentrans.plugin.models.section_model import SectionModel


@pytest.fixture(scope="module")
def enhancement(section):
    """A result, by a method that is quick."""
    return enhance(section, config=EnhanceConfig(method="nearest", upscale=2))


@pytest.fixture
def model(section):
    return SectionModel(section, section.genes[0])


@pytest.fixture
def scenes(model):
    """Scenes that were to be drawn, in order."""
    found = []
    model.changed.connect(lambda: found.append(model.scene))
    return found


def another(enhancement):
    """An equal result of another run."""
    return replace(enhancement, record=enhancement.record.model_copy())


class TestGenes:
    """Which maps are shown, and how."""

    def test_a_gene_is_shown_under_its_name(self, model, scenes, section):
        model.show_gene(section.genes[3])
        assert model.gene == section.genes[3]
        assert scenes[-1].genes == (section.genes[3],)

    def test_a_gene_that_is_not_there_changes_nothing(self, model, scenes, section):
        before = model.scene
        with pytest.raises(GeneNotFound):
            model.show_gene("no such gene")
        assert not scenes
        assert model.scene == before

    def test_a_gene_is_laid_over_those_that_are_kept(self, model, scenes, section):
        first, second = section.genes[:2]
        model.lay_over([first])
        model.show_gene(second)
        assert scenes[-1].genes == (first, second)

    def test_another_look_is_another_scene_and_the_same_one_is_not(self, model, scenes):
        before = model.scene
        model.set_look(Look(colormap="magma"))
        assert scenes[-1] != before
        model.set_look(Look())
        assert scenes[-1] == before

    def test_contrast_set_by_hand_is_kept_for_its_gene_until_it_follows_again(self, model, section):
        model.maps.set_limits("before", (0.0, 7.0))
        assert model.maps.limits("after", section.genes[0]) == (0.0, 7.0)
        model.show_gene(section.genes[1])
        assert not model.scene.by_hand
        model.show_gene(section.genes[0])
        assert model.scene.by_hand
        model.follow_values()
        assert model.maps.limits("before", section.genes[0]) != (0.0, 7.0)

    def test_who_draws_is_asked_before_anything_changes(self, model, section):
        asked = []
        model.changing.connect(lambda: asked.append(model.gene))
        model.show_gene(section.genes[2])
        assert asked == [section.genes[0]]


class TestResults:
    """Results, previews and runs."""

    def test_quality_belongs_to_the_run(self, model, enhancement):
        model.show_enhancement(enhancement)
        assert model.quality is None
        run = model.runs.add(enhancement)
        assert model.run is run
        run.quality = object()
        assert model.quality is run.quality
        model.show_enhancement(another(enhancement))
        assert model.quality is None
        model.show_run(run)
        assert model.quality is run.quality

    def test_a_preview_gives_way_to_what_was_shown_before(self, model, enhancement):
        run = model.runs.add(enhancement)
        model.show_run(run)
        model.show_preview(another(enhancement), "transformer")
        assert model.preview_of == "transformer"
        assert model.run is not run
        model.drop_preview()
        assert model.run is run
        assert not model.preview_of
        model.clear()
        model.show_preview(enhancement, "transformer")
        model.drop_preview()
        assert model.enhancement is None

    def test_the_run_compared_with_changes_places_with_the_one_shown(self, model, enhancement):
        one, two = model.runs.add(enhancement), model.runs.add(another(enhancement))
        model.show_run(two)
        model.compare_with(one.enhancement)
        assert model.scene.sides == (one.name, two.name)
        model.show_run(one)
        assert model.maps.against is two.enhancement

    def test_a_run_that_goes_is_followed_by_its_neighbour_and_comes_back(self, model, enhancement):
        one, two = model.runs.add(enhancement), model.runs.add(another(enhancement))
        model.show_run(two)
        model.compare_with(one.enhancement)
        model.delete_run(one)
        assert model.maps.against is None
        assert model.run is two
        model.restore_run(one, 0, two.enhancement)
        assert list(model.runs) == [one, two]
        assert (model.run, model.maps.against) == (one, two.enhancement)
        model.delete_run(one)
        assert model.run is two
        model.delete_run(two)
        assert model.enhancement is None

    def test_the_same_result_can_be_asked_for_again(self, model, scenes, enhancement):
        run = model.runs.add(enhancement)
        model.show_run(run)
        model.show_run(run)
        assert scenes[-1] != scenes[-2]  # its layers may have been deleted

    def test_a_run_that_is_renamed_is_called_so(self, model, scenes, enhancement):
        one, two = model.runs.add(enhancement), model.runs.add(another(enhancement))
        model.show_run(two)
        model.compare_with(one.enhancement)
        model.runs.rename(one, "first try")
        assert scenes[-1].sides[0] == "first try"


class TestViews:
    """Ways to look."""

    def test_what_is_chosen_is_drawn_and_what_is_seen_is_said(self, model, scenes):
        said = []
        model.compared.connect(lambda: said.append(model.view))
        model.choose_view("swipe")
        assert scenes[-1].view == "swipe"
        model.see("after")  # who draws could not, or a person ended it in napari
        model.see("after")
        assert said == ["after"]


class TestUnsaved:
    """What is in no file yet."""

    def test_runs_and_paint_are_named_until_they_are_saved(self, model, enhancement):
        class Paint:
            labels, names = None, {1: "fold"}

        model.paint = Paint()
        assert not model.unsaved.parts
        model.runs.add(enhancement)
        model.paint.labels = np.ones(model.section.raster.shape, np.uint8)
        assert model.unsaved.parts == ["1 run", "lost regions"]
        assert model.unsaved.marked == f"{model.title} ●"
        model.unsaved.keep(model.unsaved.state())
        assert not model.unsaved.parts
        model.paint.names = {1: "tear"}
        assert model.unsaved.parts == ["lost regions"]
