"""Recent: what was opened last, and where, in a small file among napari's settings."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from napari_stentrans.plugin.models.small_files import (
    load_json,
    names_in,
    settings_folder,
    store_json,
)

FILE, MOST = "recent.json", 8


class Recent:
    """What was opened last, the latest first."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or settings_folder() / FILE

    @property
    def paths(self) -> list[Path]:
        stored = [Path(name) for name in names_in(load_json(self._path).get("opened"))]
        return [path for path in stored if path.exists()]

    def visit(self, path: Path) -> None:
        """Put a file in front; that it cannot be remembered is no reason to stop."""
        path = path.resolve()
        opened = [path, *(other for other in self.paths if other != path)][:MOST]
        self._write(opened, self._used)

    @property
    def folder(self) -> Path | None:
        folders = [*filter(None, [self._used]), *(path.parent for path in self.paths)]
        return next((folder for folder in folders if folder.is_dir()), None)

    def use(self, folder: Path) -> None:
        self._write(self.paths, folder.resolve())

    @property
    def _used(self) -> Path | None:
        stored = load_json(self._path).get("folder")
        return Path(stored) if isinstance(stored, str) else None

    def _write(self, opened: list[Path], folder: Path | None) -> None:
        stored: dict[str, object] = {"opened": [str(path) for path in opened]}
        if folder is not None:
            stored["folder"] = str(folder)
        with suppress(OSError):
            store_json(self._path, stored)
