"""The expert form is what the fields of a config say, one row each."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import pytest
from added import field_added
from gestures import click, said_of_run
from pydantic import BaseModel, Field
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit

from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.method_table import METHODS
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.models.run_words import differences
from napari_stentrans.plugin.panels.repair.boxes import box_of
from napari_stentrans.plugin.panels.repair.expert_form import ExpertForm
from napari_stentrans.settings import Shown, settings_of

SETTINGS = [setting for setting in settings_of(EnhanceConfig) if setting.shown.expert]


@pytest.fixture
def form(qtbot):
    form = ExpertForm()
    qtbot.addWidget(form)
    form.show()
    return form


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_those_that_the_method_listens_to(form, method):
    form.set_embeddings(["uni"])
    form.set_method(method)
    for setting in SETTINGS:
        listens = not setting.shown.by_method or METHODS[method].listens(setting.listened)
        assert form.boxes[setting.name].native.isVisible() == listens, setting.name


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_a_row_says_what_the_field_says(form, setting):
    box = form.boxes[setting.name].native
    assert box.toolTip().startswith(setting.tip)
    assert box.accessibleName() == setting.label.lower()
    assert form.boxes[setting.name].value == setting.default
    if isinstance(box, QComboBox):
        choices = [None] * setting.optional + list(setting.choices)
        assert [box.itemData(i) for i in range(box.count())] == choices
        assert box.currentText() == setting.word(setting.default)
    elif not isinstance(box, QCheckBox | QLineEdit):
        assert box.text() == (setting.word(None) if setting.optional else f"{setting.default:g}")
        lowest = 1e-12 if setting.kind is float else setting.low - setting.optional
        assert box.minimum() == lowest
        assert box.maximum() == setting.high or setting.high > 1e9


def test_a_word_is_reached_and_left_by_keys(form, qtbot):
    form.set_method("kriging")
    factors = form.boxes["factors"]
    assert factors.native.toolTip().endswith("; 0: by method")
    qtbot.keyClick(factors.native, Qt.Key.Key_Up)
    assert (factors.native.text(), factors.value) == ("1", 1)
    with qtbot.waitSignal(form.valueChanged):
        qtbot.keyClick(factors.native, Qt.Key.Key_Down)
    assert (factors.native.text(), factors.value) == ("by method", None)


def test_the_greatest_seed_can_be_typed(form, qtbot):
    seed = form.boxes["seed"].native
    seed.selectAll()
    qtbot.keyClicks(seed, str(2**63 - 1))
    assert form.value()["seed"] == 2**63 - 1
    config = EnhanceConfig(**form.value())
    form.setValue(EnhanceConfig())
    form.setValue(config)
    assert form.value()["seed"] == 2**63 - 1
    form.setValue(EnhanceConfig(seed=2**80))
    assert form.value()["seed"] == 2**63 - 1


def test_small_numbers_are_short(form):
    for rate, text in ((1e-3, "0.001"), (5e-5, "5e-05"), (0.1, "0.1")):
        config = EnhanceConfig(published=PublishedConfig(learning_rate=rate))
        form.setValue(config)
        assert form.boxes["learning_rate"].native.text() == text
        assert EnhanceConfig(**form.value()) == config


def test_showing_a_config_leaves_the_keyboard_where_it_is(form, qtbot):
    form.set_method("published")
    form.window().activateWindow()
    form.boxes["device"].native.setFocus()
    qtbot.waitUntil(form.boxes["device"].native.hasFocus)
    form.setValue(EnhanceConfig(seed=12, published=PublishedConfig(batch_size=7)))
    assert form.boxes["seed"].native.text() == "12"
    assert form.boxes["device"].native.hasFocus()


def test_the_embeddings_of_the_section_are_offered_and_a_choice_is_kept(form, qtbot):
    box = form.boxes["features"]
    form.set_method("kriging")
    form.set_embeddings(["one", "two"])
    with qtbot.waitSignal(form.featuresChanged) as told:
        qtbot.keyClick(box.native, Qt.Key.Key_End)
    assert told.args == ["two"]
    form.set_embeddings(["three", "two"])
    assert box.value == "two"
    with qtbot.waitSignal(form.featuresChanged) as told, qtbot.waitSignal(form.valueChanged):
        qtbot.keyClick(box.native, Qt.Key.Key_Home)
    assert told.args == [None]
    form.setValue(EnhanceConfig(method="kriging", features="of another section"))
    assert form.value()["features"] == "of another section"
    form.set_embeddings([])
    assert form.value()["features"] is None


class Odd(BaseModel):
    """Settings of kinds that no run has yet."""

    share: Annotated[float | None, Field(ge=0, le=1), Shown(words={None: "found out"})] = None
    shift: Annotated[int, Field(ge=-5, le=5)] = 0
    note: Annotated[str | None, Shown(words={None: "no note"})] = None
    title: str = "a"


def test_boxes_for_settings_of_any_kind(qtbot):
    share, shift, note, title = map(box_of, settings_of(Odd))
    for box in (share, shift, note, title):
        qtbot.addWidget(box.native)
    assert (share.value, share.native.text()) == (None, "found out")
    for value in (0, 0.25, 1, None):
        share.value = value
        assert share.value == value
    share.native.selectAll()
    qtbot.keyClicks(share.native, "0.5")
    assert share.value == 0.5
    shift.value = -5
    qtbot.keyClick(shift.native, Qt.Key.Key_Down)
    assert shift.value == -5
    assert (note.value, note.native.placeholderText()) == (None, "no note")
    qtbot.keyClicks(note.native, "x")
    assert note.value == "x"
    note.value = None
    assert note.value is None
    title.value = ""
    assert title.value == ""


@pytest.fixture
def damping(monkeypatch):
    """A method of one's own, and a field of its own that is the only line about it."""
    says = Field(ge=0, le=1, title="Damping", description="how much is damped")
    shown = Shown(words={None: "not at all"}, expert=True, by_method=True)
    method = replace(METHODS["nearest"], name="damped", settings=("damping",))
    monkeypatch.setitem(METHODS, "damped", method)
    with field_added(EnhanceConfig, "damping", Annotated[float | None, says, shown], None):
        monkeypatch.setattr(
            "napari_stentrans.plugin.panels.repair.form.START", EnhanceConfig(upscale=2)
        )
        yield


def test_a_field_more_is_a_row_more_and_goes_into_the_run(
    damping, make_napari_viewer, load, section, ready, qtbot
):
    viewer = make_napari_viewer(show=True)
    dock = StentransDock(viewer)
    viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
    load(dock, section)
    form = dock.enhance.form
    click(qtbot, form.gear)
    box = form.expert.boxes["damping"].native
    form.choose_method("kriging")
    assert not box.isVisible()
    form.choose_method("damped")
    assert box.isVisible()
    assert (box.text(), box.toolTip()) == ("not at all", "How much is damped")
    box.selectAll()
    qtbot.keyClicks(box, "0.5")
    click(qtbot, dock.enhance.run)
    ready(dock)
    record = dock._layers.model.enhancement.record
    assert record.config.damping == 0.5
    assert "damping 0.5" in said_of_run(dock)
    other = record.model_copy(update={"config": record.config.model_copy(update={"damping": None})})
    assert differences(record, other) == "damping 0.5 (there damping not at all)"
