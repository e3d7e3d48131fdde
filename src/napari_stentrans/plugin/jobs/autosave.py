"""Shelf: where work that is not saved is kept, until it is or the window is closed.

Every window has a folder of its own there, which it locks; what a folder holds whose window is gone
is what a crash, or a mistake, has left.
"""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from qtpy.QtCore import QLockFile, QStandardPaths

from napari_stentrans.plugin.models.small_files import settings_folder
from napari_stentrans.session import ENDING

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

LOCK = "lock"
MOST_LEFT = 10
"""Of what was left, the oldest beyond this many are deleted."""
DATA = ".h5ad"
"""Of a section that was read from no file, the data are kept beside its session."""


def data_folder() -> Path:
    """Where work that is not saved is kept: among a person's data, or where napari's settings are.

    The latter where ``NAPARI_CONFIG`` says where that is.
    """
    if os.environ.get("NAPARI_CONFIG"):
        return settings_folder() / "unsaved"
    kind = QStandardPaths.StandardLocation.GenericDataLocation
    return Path(QStandardPaths.writableLocation(kind)) / "napari-stentrans" / "unsaved"


def is_kept_data(source: Path, session: Path) -> bool:
    """Whether the data of a session are but kept beside it, among work that is not saved."""
    here = session.resolve()
    kept = here.with_suffix(DATA), data_folder().resolve()
    return (source.resolve(), here.parent.parent) == kept


class Shelf:
    """Places for the autosaved sessions of one window, in a folder that the windows share.

    Attributes
    ----------
    places
        Where the work on each section is kept, which may be what another window has left.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or data_folder()
        self._locks: dict[Path, QLockFile] = {}
        self._own: Path | None = None
        self.places: WeakKeyDictionary[SectionLayers, Path] = WeakKeyDictionary()

    def place(self, layers: SectionLayers) -> Path:
        """Place for the session of a section; its folder is there, and locked.

        Raises
        ------
        OSError
            When the folder cannot be made.
        """
        path = self.places.get(layers)
        if path is None or path.parent not in self._locks:
            path = self._folder() / f"{uuid.uuid4().hex[:8]}{ENDING}"
            self.places[layers] = path
        return path

    def forget(self, layers: SectionLayers) -> None:
        path = self.places.pop(layers, None)
        if path is not None:
            self.delete(path)

    def delete(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink(missing_ok=True)
            path.with_suffix(DATA).unlink(missing_ok=True)

    def left(self) -> list[Path]:
        """Sessions that windows have left, the latest first; they are this window's from now on."""
        found: list[Path] = []
        for folder in list(self._root.glob("*/")):
            if folder not in self._locks and self._lock(folder):
                sessions = list(folder.glob(f"*{ENDING}"))
                found += sessions
                if not sessions:
                    self._drop(folder)
        found.sort(key=_when, reverse=True)
        for path in found[MOST_LEFT:]:
            self.delete(path)
        return found[:MOST_LEFT]

    def let_go(self) -> None:
        """Leave what is still there to the next window."""
        self._own = None
        for folder in list(self._locks):
            if not any(folder.glob(f"*{ENDING}")):
                self._drop(folder)
            else:
                self._locks.pop(folder).unlock()

    def _folder(self) -> Path:
        if self._own is None or not self._own.is_dir():
            self._own = self._root / uuid.uuid4().hex
            self._own.mkdir(parents=True)
            self._lock(self._own)
        return self._own

    def _lock(self, folder: Path) -> bool:
        """Lock a folder for this window; False where another has it."""
        lock = QLockFile(str(folder / LOCK))
        lock.setStaleLockTime(0)  # whose process is gone is stale, and nothing else
        if not lock.tryLock(0):
            return False
        self._locks[folder] = lock
        return True

    def _drop(self, folder: Path) -> None:
        lock = self._locks.pop(folder, None)
        if lock is not None:
            lock.unlock()
        shutil.rmtree(folder, ignore_errors=True)


def when(path: Path) -> str:
    """Say when a session was written: "14:32" today, else with its day."""
    then = datetime.fromtimestamp(_when(path)).astimezone()
    today = then.date() == datetime.now().astimezone().date()
    return f"{then:%H:%M}" if today else f"{then:%Y-%m-%d %H:%M}"


def _when(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
