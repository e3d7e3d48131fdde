"""Preferences: what a person set in napari's preferences, and the dock that follows them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from napari_stentrans import downloads
from napari_stentrans.config import EnhanceConfig
from napari_stentrans.plugin.layers.images import LOST_OPACITY
from napari_stentrans.plugin.models.maps import Look
from napari_stentrans.plugin.models.run_settings import START
from napari_stentrans.settings import named

if TYPE_CHECKING:
    from napari_stentrans.plugin.jobs.enhancing import Enhancing
    from napari_stentrans.plugin.jobs.safekeeping import Safekeeping
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.run_settings import RunSettings

PLUGIN = "napari-stentrans"
GROUPS = ("start", "maps", "files")
OF_RUN = {"method": "method", "double": "upscale", "denoise": "denoise", "device": "device"}
"""Preferences that are settings of a run; napari.yaml says of them what their fields say."""


@dataclass(frozen=True)
class Preferences:
    """What ``configurations`` in napari.yaml list, under the same names, with its defaults.

    The defaults are those of the program, which a section and the form begin with.
    """

    method: str = START.method
    double: bool = START.upscale == 2
    denoise: bool = START.denoise
    check: bool = True
    device: str = START.device
    colormap: str = Look.colormap
    low: float = Look.low
    high: float = Look.high
    lost_opacity: float = LOST_OPACITY
    samples: str = ""
    autosave: bool = True

    @classmethod
    def of(cls, settings: object) -> Preferences:
        """Preferences as napari keeps them; what it does not know has its default."""
        found = {}
        for group in GROUPS:
            values = getattr(settings, group, None)
            for name in (field.name for field in fields(cls)):
                if hasattr(values, name):
                    found[name] = getattr(values, name)
        return cls(**found)

    @property
    def config(self) -> EnhanceConfig:
        """Settings that the form begins with."""
        upscale = 2 if self.double else 1
        return EnhanceConfig(
            method=self.method, upscale=upscale, denoise=self.denoise, device=self.device
        )

    @property
    def folder(self) -> Path | None:
        """Folder for samples; None for the usual one."""
        return Path(self.samples).expanduser() if self.samples.strip() else None


def properties() -> dict[str, dict[str, Any]]:
    """Those that are settings of a run, as the manifest lists them: see scripts/manifest.py."""
    found: dict[str, dict[str, Any]] = {}
    for name, of in OF_RUN.items():
        setting, default = named(EnhanceConfig, of), getattr(Preferences(), name)
        kind = "boolean" if isinstance(default, bool) else "string"
        found[name] = {"title": setting.label, "description": setting.tip, "type": kind}
        if kind == "string":
            found[name]["enum"] = list(setting.choices)
        found[name]["default"] = default
    return found


class PreferencesSync:
    """Lets a dock begin with the preferences, and follow them while they change.

    What a person has set otherwise in the dock stays as they set it.

    Parameters
    ----------
    settings
        Of a run.
    enhancing
        Checks results, or does not.
    safe
        Autosaves, or does not.
    """

    def __init__(self, settings: RunSettings, enhancing: Enhancing, safe: Safekeeping) -> None:
        self._of_run, self._enhancing, self._safe = settings, enhancing, safe
        self._seen: WeakSet[SectionLayers] = WeakSet()
        self._settings = _settings()
        self.now = Preferences.of(self._settings)
        if self._settings is not None:
            self._settings.events.changed.connect(self._on_changed)
        settings.preferred.emit(START, self.now.config)
        self._take_other()

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Give a section that is new the look that is preferred."""
        if layers is None or layers in self._seen:
            return
        self._seen.add(layers)
        self._change_maps(layers, Preferences())

    def let_go(self) -> None:
        """Follow no longer."""
        if self._settings is not None:
            self._settings.events.changed.disconnect(self._on_changed)
            self._settings = None

    def _on_changed(self, event: object = None) -> None:
        old, self.now = self.now, Preferences.of(self._settings)
        self._of_run.preferred.emit(old.config, self.now.config)
        self._take_other()
        for layers in list(self._seen):
            self._change_maps(layers, old)

    def _take_other(self) -> None:
        self._enhancing.checks = self.now.check
        self._safe.on = self.now.autosave
        downloads.use_folder(self.now.folder)

    def _change_maps(self, layers: SectionLayers, old: Preferences) -> None:
        look, now = layers.model.maps.look, self.now
        wanted = {
            name: getattr(now, name)
            for name in ("colormap", "low", "high")
            if getattr(look, name) == getattr(old, name) != getattr(now, name)
        }
        if wanted:
            layers.model.set_look(replace(look, **wanted))
        if layers.lost is not None and layers.lost.opacity == old.lost_opacity:
            layers.lost.opacity = now.lost_opacity
        layers.paint.opacity = now.lost_opacity


def _settings() -> Any:
    """What napari keeps for this plugin; None where it keeps nothing, or cannot read it."""
    try:
        from napari.settings import get_plugin_settings
    except ImportError:  # before napari 0.9
        return None
    try:
        return get_plugin_settings(PLUGIN)
    except (KeyError, AssertionError, OSError, ValueError):
        return None  # not registered, or a file that napari cannot make sense of
