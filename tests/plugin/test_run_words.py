"""Names, tooltips and summaries of runs say by what they differ, whatever that is."""

from __future__ import annotations

from itertools import combinations, permutations
from types import SimpleNamespace

import pytest
from gestures import click, said_of_run
from qtpy.QtCore import Qt

from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.pipeline import enhance
from napari_stentrans.plugin.models.result_words import describe
from napari_stentrans.plugin.models.run_words import differences
from napari_stentrans.plugin.models.runs import Runs
from napari_stentrans.plugin.panels.result.run_list import about
from napari_stentrans.record import RunRecord
from napari_stentrans.record_facts import NeighbourFacts, PlacedImage, ReferenceFacts

PUBLISHED = {
    "patch_size": 4,
    "heads": 2,
    "depth": 3,
    "epochs": 7,
    "batch_size": 16,
    "learning_rate": 0.01,
    "residual": True,
    "values": "lognorm",
}
OTHER = {
    "method": ["kriging", "linear"],
    "upscale": [2],
    "denoise": [False],
    "genes": [("A",), ("A", "B"), ("A", "C")],
    "seed": [1, 2],
    "device": ["cpu", "cuda"],
    "factors": [5, 6],
    "neighbours": [32],
    "image": ["off"],
    "features": ["X_a", "X_b"],
    "published": [PublishedConfig(**{name: value}) for name, value in PUBLISHED.items()],
}
"""Other values of every setting."""
NEXT = NeighbourFacts(
    source=None, digest="d", name="G3", alignment="{}", lies="agrees well", speaks_in_holes=1.0
)
CELLS = ReferenceFacts(
    source=None, digest="d", name="cells.h5ad", cells="900 cells of cells.h5ad", shared=300,
    predicted=900, reached=0.4, trusted=100,
)  # fmt: skip
MOVED = PlacedImage(path="he.png", affine=((1, 0, 5), (0, 1, 5)))
CIRCUMSTANCES = {
    "lost": [("a", "b"), ("a", "c")],
    "sites": [((1.0, 2.0),), ((1.0, 3.0),)],
    "image_damaged": [("a",), ("b",)],
    "image_placed": [MOVED, MOVED.model_copy(update={"path": None})],
    "findings": [
        {"image_used": 1.0, "image_gain": 0.1},
        {"image_used": 0.0, "image_gain": 0.0},
        {"image_blank": 1.0},
    ],
    "neighbours": [(NEXT,), (NEXT.model_copy(update={"lost": ("a",)}),), (NEXT,) * 3],
    "reference": [CELLS, CELLS.model_copy(update={"name": "other.h5ad", "digest": "e"})],
    "versions": [{"napari-stentrans": "1"}, {"napari-stentrans": "1", "torch": "2"}],
}
ALWAYS = {"format", "source", "chosen", "digest", "n_spots", "n_genes", "config"}
"""What all runs of a section have in common, and the settings, which have their own list."""
OF_THE_RUN = {"started", "seconds", "quality", "evidence", "regions"}
"""What is no cause of another result."""


@pytest.fixture(scope="module")
def record():
    return RunRecord(
        source=None, digest="", n_spots=3, n_genes=3, config=EnhanceConfig(), lost=(), sites=(),
        started="2026-01-01T10:00:00+00:00", seconds=1, versions={},
    )  # fmt: skip


@pytest.fixture(scope="module")
def variants(record):
    """Records that differ from the first one in one thing each, and from each other."""
    configs = [EnhanceConfig(**{name: v}) for name, values in OTHER.items() for v in values]
    found = [record.model_copy(update={"config": config}) for config in configs]
    for name, values in CIRCUMSTANCES.items():
        found += [record.model_copy(update={name: value}) for value in values]
    return [record, *found]


def test_every_setting_and_circumstance_is_tried():
    assert OTHER.keys() == EnhanceConfig.model_fields.keys()
    assert PUBLISHED.keys() == PublishedConfig.model_fields.keys()
    assert CIRCUMSTANCES.keys() | ALWAYS | OF_THE_RUN == RunRecord.model_fields.keys()


def names_of(records):
    """Names that runs get one after the other, without their number."""
    runs = Runs()
    made = [runs.add(SimpleNamespace(record=record)) for record in records]
    return [run.name.partition(": ")[2] for run in made]


def test_runs_that_differ_have_other_names_in_whatever_order(variants):
    for pair in permutations(variants, 2):
        first, second = names_of(pair)
        assert first != second, f"{first} for {pair}"


def test_the_names_of_all_runs_together_differ(variants):
    names = names_of(variants)
    assert len(set(names)) == len(names)
    assert all(len(name) < 60 for name in names)


def test_runs_that_are_alike_have_the_same_name(variants):
    for record in variants:
        first, second = names_of([record, record])
        assert first == second


def test_a_tooltip_says_by_what_a_run_differs_from_each_other_one(variants):
    for one, other in combinations(variants, 2):
        assert differences(one, other)
    runs = Runs()
    for config in (EnhanceConfig(), EnhanceConfig(seed=3), EnhanceConfig(image="off")):
        runs.add(SimpleNamespace(record=variants[0].model_copy(update={"config": config})))
    tip = about(list(runs)[2], list(runs))
    assert "Beside Run 1: no image (there image where it helps)" in tip
    assert "Beside Run 2: seed 0 (there seed 3), no image" in tip
    assert "Beside Run 3" not in tip


def test_a_summary_says_settings_that_the_result_does_not_show(section):
    config = EnhanceConfig(method="kriging", seed=4, factors=5, neighbours=40, image="off")
    said = describe(enhance(section, None, config))
    assert "With seed 4, 5 factors, 40 neighbours, no image." in said
    assert " With " not in describe(enhance(section, None, EnhanceConfig(method="linear")))


def test_runs_of_other_seeds_are_told_apart_in_the_window(loaded, qtbot, ready):
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    for seed in (0, 3):
        form.expert.boxes["seed"].value = seed
        click(qtbot, loaded.enhance.run)
        ready(loaded)
    names = loaded.result.runs.list
    assert names.item(1).text() == "Run 2: kriging, 2×, seed 3"
    assert "Beside Run 1: seed 3 (there seed 0)" in names.item(1).toolTip()
    assert "Beside Run 2: seed 0 (there seed 3)" in names.item(0).toolTip()
    said = said_of_run(loaded)
    assert "With seed 3." in said
    assert said.endswith("Beside Run 1: seed 3 (there seed 0).")
    tip = loaded.bar.partner.list.itemData(1, Qt.ItemDataRole.ToolTipRole)
    assert "Beside Run 2: seed 0 (there seed 3)" in tip
