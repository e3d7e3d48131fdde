"""The form speaks EnhanceConfig, whatever is in it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qtpy.QtCore import Qt

from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.errors import ConfigError
from napari_stentrans.method_table import METHODS
from napari_stentrans.plugin.panels.repair.form import ConfigForm

METHOD_NAMES = list(METHODS)
published = st.builds(
    PublishedConfig,
    patch_size=st.none() | st.integers(1, 64),
    heads=st.none() | st.integers(1, 64),
    depth=st.integers(1, 48),
    epochs=st.none() | st.integers(1, 100_000),
    batch_size=st.integers(1, 4096),
    learning_rate=st.sampled_from([1e-3, 5e-5, 0.1, 1e-8, 2.0]),
    residual=st.booleans(),
    values=st.sampled_from(["counts", "lognorm"]),
)
configs = st.builds(
    EnhanceConfig,
    method=st.sampled_from(METHOD_NAMES),
    upscale=st.sampled_from([1, 2]),
    denoise=st.booleans(),
    genes=st.none() | st.lists(st.sampled_from(["A", "B-2", "mt.3"]), min_size=1).map(tuple),
    seed=st.integers(0, 2**40),
    device=st.sampled_from(["auto", "cpu", "cuda", "mps"]),
    factors=st.integers(1, 500),
    neighbours=st.integers(4, 1024),
    published=published,
)


@pytest.fixture
def form(qtbot):
    form = ConfigForm()
    qtbot.addWidget(form)
    form.show()
    return form


def test_it_begins_with_double_resolution(form):
    assert form.value() == EnhanceConfig(upscale=2)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(configs)
def test_what_is_put_in_comes_out(form, config):
    form.set_shown_gene("A")
    form.setValue(config)
    assert form.value() == config


def test_every_change_by_a_person_is_told(form, qtbot):
    for box in (form.double, form.denoise):
        with qtbot.waitSignal(form.valueChanged):
            qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center() * 0.1)
    assert form.value() == EnhanceConfig(upscale=1, denoise=False)
    with qtbot.waitSignal(form.valueChanged):
        qtbot.keyClick(form.expert.boxes["seed"].native, Qt.Key.Key_Up)
    assert form.value().seed == 1


def choose(form, qtbot, method):
    """Choose a method with the keyboard, as a person does, behind the gear."""
    pick(form.method, qtbot, method)


def pick(box, qtbot, value):
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findData(value)):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() == value


def test_methods_explain_themselves(form, qtbot):
    for name in METHOD_NAMES:
        choose(form, qtbot, name)
        assert form.summary.text() == METHODS[name].summary


def test_a_method_that_works_gene_by_gene_takes_the_gene_on_the_map(form, qtbot):
    form.set_shown_gene("Mbp")
    assert not form.which_genes.isVisible()
    choose(form, qtbot, "linear")
    assert form.which_genes.isVisible()
    assert form.value().genes == ("Mbp",)
    form.set_shown_gene("Plp1")
    assert form.value().genes == ("Plp1",)
    choose(form, qtbot, "kriging")
    assert form.value().genes is None
    assert not form.which_genes.isVisible()


def test_a_list_of_genes_may_be_written_in_any_way(form, qtbot):
    choose(form, qtbot, "linear")
    pick(form.which_genes, qtbot, "list")
    with pytest.raises(ConfigError, match="empty"):
        form.value()
    qtbot.keyClicks(form.genes, "Mbp, Plp1;Mobp  Gad1")
    assert form.value().genes == ("Mbp", "Plp1", "Mobp", "Gad1")


def test_no_gene_on_the_map_is_said(form, qtbot):
    choose(form, qtbot, "linear")
    with pytest.raises(ConfigError, match="section first"):
        form.value()


def test_the_gear_shows_what_the_method_listens_to(form, qtbot):
    expert = form.expert
    assert not expert.isVisible()
    qtbot.mouseClick(form.gear, Qt.MouseButton.LeftButton)
    assert expert.boxes["seed"].native.isVisible()
    assert expert.boxes["factors"].native.isVisible()
    assert not expert.boxes["epochs"].native.isVisible()
    choose(form, qtbot, "linear")
    assert not expert.boxes["factors"].native.isVisible()
    if "published" in METHODS:
        choose(form, qtbot, "published")
        assert expert.boxes["epochs"].native.isVisible()
        assert expert.boxes["epochs"].native.text() == "as published"


def test_reset_puts_expert_settings_back_and_leaves_the_rest(form, qtbot):
    form.setValue(EnhanceConfig(method="linear", upscale=1, seed=5, factors=7))
    qtbot.mouseClick(form.gear, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(form.expert.reset, Qt.MouseButton.LeftButton)
    assert form.value() == EnhanceConfig(method="linear", upscale=1)


def test_what_there_is_to_fill_is_said(form):
    form.set_lost(37, 12)
    assert form.fill.text() == "Fill (49)"
    form.set_lost(0, 0)
    assert form.fill.text() == "Fill"
