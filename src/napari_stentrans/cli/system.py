"""``stentrans info --system``: versions, devices, screen and folders of this machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from napari_stentrans.device import available_devices
from napari_stentrans.downloads import cache_folder
from napari_stentrans.version import package_version

PACKAGES = ("torch", "numpy", "scipy", "anndata", "zarr", "napari", "vispy")
BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")
EXTRAS = ("pyarrow", "spatialdata")
PATIENCE = 60
"""Seconds that the window is waited for."""

# Run as a program of its own: without a screen, or with a broken driver, Qt ends its process.
_ASK_NAPARI = """
import json
from napari.settings import get_settings
print(json.dumps({"settings_file": str(get_settings().config_path)}), flush=True)
"""
_ASK_GL = """
import json, qtpy
from vispy import app
from vispy.gloo import gl
app.use_app(qtpy.API_NAME)
canvas = app.Canvas(show=False)
canvas.set_current()
names = {"gl_vendor": gl.GL_VENDOR, "gl_renderer": gl.GL_RENDERER, "gl_version": gl.GL_VERSION}
print(json.dumps({name: gl.glGetParameter(key) for name, key in names.items()}), flush=True)
"""


def describe_system() -> dict[str, Any]:
    """Facts about this machine; None for what is not installed or cannot be found out."""
    facts: dict[str, Any] = {
        "napari-stentrans": package_version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    facts |= {name: _version(name) for name in PACKAGES}
    facts["qt_binding"] = [f"{name} {v}" for name in BINDINGS if (v := _version(name)) is not None]
    facts["extras"] = [f"{name} {v}" for name in EXTRAS if (v := _version(name)) is not None]
    facts["devices"] = [_device(name) for name in available_devices()]
    facts |= dict.fromkeys(("gl_vendor", "gl_renderer", "gl_version"))
    facts["screen"] = has_screen()
    if facts["screen"]:
        facts |= _ask(_ASK_GL)
    facts["cache_folder"] = str(cache_folder())
    facts["settings_file"] = None
    return facts | _ask(_ASK_NAPARI)


def has_screen() -> bool:
    """Whether there is a screen to open a window on."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _device(name: str) -> str:
    """Name of a device and what it can do, such as "cpu (4 threads)"."""
    if name == "cuda":
        card = torch.cuda.get_device_properties(0)
        return f"cuda ({card.name}, {card.total_memory / 2**30:.0f} GiB)"
    return f"cpu ({torch.get_num_threads()} threads)" if name == "cpu" else name


def _ask(program: str) -> dict[str, Any]:
    """What a small Python program prints as JSON; nothing where it fails."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", program],
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=True,
        )
        answer = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}
