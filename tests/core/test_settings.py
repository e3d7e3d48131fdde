"""A setting is one field: command line, scripts and settings of methods follow it."""

from __future__ import annotations

import argparse
import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from added import field_added
from pydantic import BaseModel, Field

from napari_stentrans import EnhanceConfig, enhance, read_section
from napari_stentrans.cli import _parser, main
from napari_stentrans.config import PublishedConfig
from napari_stentrans.errors import ConfigError
from napari_stentrans.method_table import METHODS
from napari_stentrans.script import as_command, as_python
from napari_stentrans.settings import Shown, flat, named, nested, settings_of
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_stentrans.section import Section

SETTINGS = settings_of(EnhanceConfig)


def options(command: str) -> dict[str, argparse.Action]:
    actions = _parser()._actions
    parsers = next(a.choices for a in actions if isinstance(a, argparse._SubParsersAction))
    return {name: a for a in dict(parsers)[command]._actions for name in a.option_strings}


@pytest.fixture
def damping() -> Iterator[None]:
    """One more setting of a run, and one of the published network."""
    says = Field(gt=0, le=1, title="Damping", description="how much is damped, 50% at most")
    shown = Shown(words={None: "by method"}, expert=True, option=True, by_method=True)
    paces = Field(title="Pace", description="how fast it learns")
    with (
        field_added(EnhanceConfig, "damping", Annotated[float | None, says, shown], None),
        field_added(
            PublishedConfig,
            "pace_of_it",
            Annotated[Literal["slow", "fast"], paces, Shown(option=True)],
            "slow",
        ),
    ):
        yield


@pytest.fixture
def section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Section:
    monkeypatch.chdir(tmp_path)
    simulate_section(60, 10, image=False).adata.write_h5ad("section.h5ad")
    return read_section("section.h5ad")


def test_every_setting_says_what_people_need() -> None:
    for setting in SETTINGS:
        assert setting.label
        assert setting.help, setting.name
        assert setting.help[-1] != "."
        assert set(setting.shown.words) <= {*setting.choices, None}
        assert not setting.optional or setting.default is None
    names = [setting.name for setting in SETTINGS]
    assert len(set(names)) == len(names), "the command line has no groups"


def test_the_page_about_runs_names_every_expert_setting() -> None:
    page = (Path(__file__).parents[2] / "docs" / "run.md").read_text(encoding="utf-8")
    part = page.partition("## Expert settings")[2].lower()
    missing = [s.label for s in SETTINGS if s.shown.expert and s.label.lower() not in part]
    assert not missing


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_the_command_line_offers_what_the_field_takes(setting: Any) -> None:
    found = options("enhance")
    assert (setting.flag in found) == setting.shown.option
    if not setting.shown.option:
        return
    option = found[setting.flag]
    assert setting.help in option.help
    assert option.dest == setting.name
    assert option.default is None, "what is not given keeps the default of the field"
    assert set(option.choices or ()) == set(setting.choices)
    assert option.nargs == {bool: 0, tuple: "+"}.get(setting.kind)


def test_evaluate_offers_one_choice_more_for_the_image() -> None:
    image = options("evaluate")["--image"]
    assert image.choices == ["auto", "off", "both"]
    assert named(EnhanceConfig, "image").help in image.help


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_ranges_are_those_that_are_checked(setting: Any) -> None:
    if setting.kind not in (int, float) or setting.choices:
        return
    unit = 1 if setting.kind is int else 0.0
    for edge, beyond in ((setting.low, -1), (setting.high, 1)):
        if math.isinf(edge):
            continue
        EnhanceConfig(**nested(EnhanceConfig, {setting.name: edge}))
        over = edge + beyond * unit if unit else math.nextafter(edge, beyond * math.inf)
        with pytest.raises(ConfigError, match=setting.name):
            EnhanceConfig(**nested(EnhanceConfig, {setting.name: over}))


class Bounded(BaseModel):
    """Settings with every kind of bound."""

    whole: Annotated[int, Field(gt=0, lt=10)] = 1
    number: Annotated[float, Field(ge=0.5, lt=1)] = 0.5
    free: int = 0
    word: str | None = None


def test_bounds_and_names_are_read_from_any_model() -> None:
    whole, number, free, word = settings_of(Bounded)
    assert (whole.low, whole.high) == (1, 9)
    assert (number.low, number.high) == (0.5, math.nextafter(1, 0))
    assert (free.low, free.high) == (-math.inf, math.inf)
    assert (word.label, word.kind, word.optional) == ("Word", str, True)


def test_a_method_that_is_registered_later_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    method = named(EnhanceConfig, "method")
    monkeypatch.setitem(METHODS, "late", METHODS["nearest"])
    assert "late" in method.choices
    assert "late" in (options("enhance")["--method"].choices or ())


def test_values_by_name_make_the_config_again() -> None:
    config = EnhanceConfig(seed=3, published=PublishedConfig(epochs=7, residual=True))
    values = {setting.name: value for setting, value in flat(config)}
    assert EnhanceConfig(**nested(EnhanceConfig, values)) == config


def test_a_method_listens_to_what_it_names_and_to_evidence_where_it_can() -> None:
    heard = {
        name: {s.name for s in SETTINGS if s.shown.by_method and method.listens(s.listened)}
        for name, method in METHODS.items()
    }
    assert heard["linear"] == set()
    assert heard["kriging"] == {"factors", "neighbours", "image", "features"}
    assert heard["published"] == set(PublishedConfig.model_fields)


def test_a_field_more_is_an_option_and_stands_in_scripts(
    damping: None, section: Section, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        main(["enhance", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "--damping DAMPING how much is damped, 50% at most (default: by method)" in said
    assert "--pace-of-it {fast,slow} method published: how fast it learns (default slow)" in said
    given = ["--damping", "0.25", "--pace-of-it", "fast", "--method", "linear"]
    assert main(["enhance", "section.h5ad", *given, "-o", "out.h5ad"]) == 0
    assert main(["enhance", "section.h5ad", "--damping", "2", "-o", "no.h5ad"]) == 1
    assert "damping" in capsys.readouterr().err

    config = EnhanceConfig(
        **nested(EnhanceConfig, {"method": "linear", "damping": 0.25, "pace_of_it": "fast"})
    )
    record = enhance(section, None, config).record
    assert "damping=0.25" in as_python(record)
    assert "published=PublishedConfig(pace_of_it='fast')" in as_python(record)
    assert main([*shlex.split(as_command(record))[1:]]) == 0
    written = read_section("enhanced.h5ad").adata.uns["stentrans"]["record"]
    assert EnhanceConfig.model_validate(json.loads(written)["config"]) == config
    for path in Path().glob("enhanced.*"):
        path.unlink()
    made: dict[str, Any] = {}
    exec(as_python(record), made)
    assert made["result"].record.config == config


def test_the_field_is_gone_after_the_test() -> None:
    assert "damping" not in EnhanceConfig.model_fields
    with pytest.raises(ConfigError, match="damping"):
        EnhanceConfig(damping=0.5)  # type: ignore[call-arg]
