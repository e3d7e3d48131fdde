"""BarSettings: how a person left the bar, in a small file among napari's settings."""

from __future__ import annotations

from contextlib import suppress

from napari_stentrans.plugin.models.small_files import load_json, settings_folder, store_json

FILE = "bar.json"


class BarSettings:
    """Whether napari's own docks of layers are folded away; that it is lost stops nothing."""

    def __init__(self) -> None:
        self._path = settings_folder() / FILE

    @property
    def folded(self) -> bool:
        return load_json(self._path).get("folded") is True

    @folded.setter
    def folded(self, on: bool) -> None:
        with suppress(OSError):
            store_json(self._path, {"folded": on})
