"""A method and a kind of evidence that others bring are in the dock, without a line of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gestures import click, said_of_run
from qtpy.QtCore import Qt

from napari_stentrans import evidence
from napari_stentrans.method_table import METHODS
from napari_stentrans.methods.by_genes import by_genes
from napari_stentrans.methods.interpolation import Nearest
from napari_stentrans.progress import Progress


@pytest.fixture(autouse=True)
def brought(monkeypatch):
    """A method, and evidence that is the place itself; both are there before the dock."""
    method = replace(METHODS["nearest"], name="copied", summary="Copies.", run=by_genes(Nearest))
    monkeypatch.setitem(METHODS, "copied", method)
    monkeypatch.setattr(evidence, "KINDS", [*evidence.KINDS, Atlas()])


class Atlas:
    """A table that knows nothing of use."""

    name, words, spoilt = "atlas", "the atlas", False

    def asked(self, section, config):
        return METHODS[config.method].evidence

    def at(self, section, config, sites, damaged):
        yield Progress("asking the atlas", 0, 1)
        return np.random.default_rng(0).normal(size=(len(sites), 4)).astype(np.float32)

    def silence(self, section):
        return ""


def test_a_method_that_was_brought_is_chosen_and_runs(brought, loaded, ready, qtbot):
    box = loaded.enhance.form.method
    qtbot.keyClicks(box, "Cop")
    qtbot.keyClick(box, Qt.Key.Key_Enter)
    assert box.currentData() == "copied"
    assert loaded.enhance.form.summary.text() == "Copies."
    loaded.enhance.form.double.setChecked(True)
    qtbot.waitUntil(lambda: " s" in loaded.enhance.run.text())
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    result = loaded._layers.model.enhancement
    assert result.record.config.method == "copied"
    assert np.isfinite(result.gene(str(result.genes[0])).mean).all()


def test_evidence_that_was_brought_is_named_in_record_and_dock(brought, loaded, ready, qtbot):
    loaded.enhance.form.choose_method("kriging")
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    record = loaded._layers.model.enhancement.record
    assert record.kinds == {"atlas": "the atlas"}
    assert record.findings["atlas_used"] == 0
    assert "The atlas was not used: it did not help" in said_of_run(loaded)
