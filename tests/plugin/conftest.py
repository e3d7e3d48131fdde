"""A viewer with the dock, a small section, and methods that take long or break."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path

import napari.settings
import numpy as np
import pytest
import torch
from napari.utils._proxies import PublicOnlyProxy
from npe2 import PluginManager, PluginManifest
from npe2.manifest import _bases
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject

import napari_stentrans
from napari_stentrans import downloads
from napari_stentrans.method_table import DEFAULT, METHODS
from napari_stentrans.methods.base import Prediction
from napari_stentrans.methods.by_factors import by_factors
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.jobs import safekeeping
from napari_stentrans.plugin.jobs.loading import look_steps
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.repair.damage_line import DamageLine
from napari_stentrans.progress import Progress
from napari_stentrans.simulate import simulate_section

QtBot.waitUntil.__kwdefaults__["timeout"] = 60_000
"""Milliseconds: a machine that is slow, or busy with other tests, is no failure."""


@pytest.fixture(scope="session", autouse=True)
def manifests_read_once():
    """Read each plugin's manifest once: every viewer asks for all of them, twice."""
    load, known = _bases._load_yaml_no_duplicates, {}

    def load_once(stream):
        text = stream.read()
        if text not in known:
            known[text] = load(text)
        return deepcopy(known[text])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_bases, "_load_yaml_no_duplicates", load_once)
        yield


turns = itertools.count(1)


@pytest.fixture(autouse=True)
def quick_collections():
    """Look at what is old for garbage every twentieth time: it would take half a second each."""
    gc.collect(2 if next(turns) % 20 == 0 else 1)
    gc.freeze()


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """Keep favourites and preferences of the tests away from those of a person."""
    config = str(tmp_path / "settings" / "napari.yaml")
    monkeypatch.setenv("NAPARI_CONFIG", config)
    monkeypatch.setattr("napari.settings._CFG_PATH", config, raising=False)
    forget = getattr(napari.settings, "_clear_plugin_settings_cache", lambda: None)
    forget()
    yield tmp_path / "settings" / "napari-stentrans"
    forget()
    downloads.use_folder(None)


@pytest.fixture(autouse=True)
def looks_for_damage(request, monkeypatch):
    """Look for damage only in tests that are about it: others run with damage that they know."""
    wanted = request.node.get_closest_marker("looks_for_damage") is not None
    monkeypatch.setattr(DamageLine, "looks", wanted)


@pytest.fixture(autouse=True)
def no_autosave(monkeypatch):
    """Autosave only where a test asks for it, not whenever a slow one has made a run."""
    monkeypatch.setattr(safekeeping, "AFTER_RUN_MS", 3_600_000)
    monkeypatch.setattr(safekeeping, "EVERY_MS", 3_600_000)


@pytest.fixture(scope="session")
def section():
    """A small hexagonal section."""
    return simulate_section(150, 40, image=False)


@pytest.fixture(scope="session")
def square_section():
    """A small square section."""
    return simulate_section(100, 30, lattice="square", image=False)


@pytest.fixture
def dock(make_napari_viewer, qtbot):
    """The dock in a viewer that is really shown, given to it as napari gives it to plugins."""
    viewer = make_napari_viewer(show=True)
    dock = StentransDock(PublicOnlyProxy(viewer))
    viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
    viewer.window.resize(1000, 700)
    qtbot.wait(50)
    return dock


@pytest.fixture
def load(qtbot):
    """Open a section that is in memory, in the way that a file is opened."""

    def load(dock, section):
        dock.jobs.loads.load(lambda: look_steps(section), "Reading")
        wait_ready(qtbot, dock)
        return dock._layers

    return load


@pytest.fixture
def loaded(dock, section, load):
    """The dock with a section open."""
    load(dock, section)
    return dock


def wait_ready(qtbot, dock, timeout=120_000):
    """Wait until nothing is being computed and a run could begin, or would only refuse."""

    def is_ready():
        idle = dock.phase is Phase.READY
        return dock.enhance.run.isEnabled() or (idle and bool(dock.enhance.why_not()))

    qtbot.waitUntil(is_ready, timeout=timeout)


@pytest.fixture
def ready(qtbot):
    """Wait until nothing is being computed and a run could begin."""
    return partial(wait_ready, qtbot)


class Hoard(QObject):
    """Keeps every event of the application, as garbage that is not collected yet would."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def eventFilter(self, watched, event):
        self.kept.append(event)
        return False


@pytest.fixture
def old_events(qapp):
    """Old events stay alive, and PyQt takes new ones at the same addresses for them."""
    hoard = Hoard()
    qapp.installEventFilter(hoard)
    yield
    qapp.removeEventFilter(hoard)


class SlowMethod:
    """A predictor that takes ten seconds in small steps, and says when it was stopped."""

    scale = "lognorm"
    began = threading.Event()
    stopped = threading.Event()
    steps = 0

    def __init__(self, config, lattice):
        pass

    def fit(self, xy, values):
        self.began.set()
        try:
            for i in range(500):
                yield Progress("taking long", i, 500, loss=1 / (i + 1))
                type(self).steps = i
                time.sleep(0.02)
        finally:
            self.stopped.set()

    def predict(self, xy, columns):
        yield Progress("predicting", 1, 1)
        return Prediction(np.zeros((len(xy), 21), np.float32), None)


def slowly(predictor):
    """Make the default method one of a predictor of 20 factors and the library size."""
    return replace(METHODS[DEFAULT], run=by_factors(predictor), n_factors=20)


@pytest.fixture
def slow(monkeypatch):
    """Let the default method take ten seconds."""
    SlowMethod.began.clear()
    SlowMethod.stopped.clear()
    SlowMethod.steps = 0
    monkeypatch.setitem(METHODS, DEFAULT, slowly(SlowMethod))
    return SlowMethod


class BrokenMethod(SlowMethod):
    """A predictor that multiplies matrices of shapes that do not fit."""

    def fit(self, xy, values):
        yield Progress("breaking", 0, 2)
        torch.ones(2, 3) @ torch.ones(2, 3)


@pytest.fixture
def broken(monkeypatch):
    """Let the default method break inside torch."""
    monkeypatch.setitem(METHODS, DEFAULT, slowly(BrokenMethod))
    return BrokenMethod


@pytest.fixture
def plugin(monkeypatch):
    """The plugin's manifest, registered whether or not the package is installed."""
    manager = PluginManager()
    monkeypatch.setattr(PluginManager, "instance", lambda: manager)
    manager.discover()
    if "napari-stentrans" not in manager:
        path = Path(napari_stentrans.__file__).with_name("napari.yaml")
        manager.register(PluginManifest.from_file(path))
    return manager.get_manifest("napari-stentrans")
