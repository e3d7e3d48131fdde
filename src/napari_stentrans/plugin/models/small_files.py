"""Small files among napari's settings: what is remembered for the next time."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def settings_folder() -> Path:
    """Where napari keeps its settings, else the user's folder for settings."""
    ours = os.environ.get("NAPARI_CONFIG")
    if ours:
        return Path(ours).parent / "napari-stentrans"
    return _config_folder() / "napari-stentrans"


def _config_folder() -> Path:
    """The user's folder for settings, as Qt has it (QStandardPaths, GenericConfigLocation)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Preferences"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def load_json(path: Path) -> dict[str, object]:
    """Read a small JSON file; empty where it is not there, or spoilt."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there yet, or spoilt: begin anew
        return {}
    return stored if isinstance(stored, dict) else {}


def store_json(path: Path, stored: dict[str, Any]) -> None:
    """Write a small JSON file beside its place, then rename it; OSError where that fails."""
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps(stored, indent=1), encoding="utf-8")
    part.replace(path)


def names_in(stored: object) -> list[str]:
    """Names in what was stored, each once."""
    found = stored if isinstance(stored, list) else []
    return list(dict.fromkeys(name for name in found if isinstance(name, str)))
