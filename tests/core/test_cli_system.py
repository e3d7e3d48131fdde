"""``stentrans info --system``: what a person copies into a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from napari_stentrans.cli import main


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line says warnings in its own way; that ends with the test."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(warnings, "filters", list(warnings.filters))


def test_versions_devices_and_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STENTRANS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))
    assert main(["info", "--system", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["torch"] == torch.__version__
    assert facts["napari"] == version("napari")
    assert f"cpu ({torch.get_num_threads()} threads)" in facts["devices"]
    assert facts["cache_folder"] == str(tmp_path / "cache")
    assert facts["settings_file"] == str(tmp_path / "settings.yaml")
    if facts["screen"]:
        assert facts["gl_vendor"]
        assert facts["gl_renderer"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_a_screen_that_is_not_there_and_no_napari(tmp_path: Path) -> None:
    """Qt ends its process without a screen; the command goes on, and so it does without napari."""
    (tmp_path / "napari.py").write_text("raise ImportError('not installed')")
    told = subprocess.run(
        [sys.executable, "-m", "napari_stentrans.cli", "info", "--system"],
        env={
            **os.environ,
            "DISPLAY": ":9876",
            "QT_QPA_PLATFORM": "xcb",
            "PYTHONPATH": os.pathsep.join(
                [str(tmp_path), str(Path(__file__).parents[2] / "src"), *sys.path[1:]]
            ),
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "gl renderer:             not known" in told
    assert "settings file:           not known" in told
    assert "screen:                  yes" in told


@pytest.mark.parametrize("arguments", [["info"], ["info", "a.h5ad", "--system"]])
def test_either_a_section_or_the_system(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert "either the PATH of a section, or --system" in capsys.readouterr().err
