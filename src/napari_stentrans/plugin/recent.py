"""Recent: the files and folders that were opened last, in a small file among napari's settings."""

from __future__ import annotations

import json
from pathlib import Path

from napari_stentrans.plugin.gene_names import load_json, names_in, settings_folder

FILE, MOST = "recent.json", 8


class Recent:
    """What was opened last, the latest first.

    Parameters
    ----------
    path
        The file; need not be there.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or settings_folder() / FILE

    @property
    def paths(self) -> list[Path]:
        """Files and folders that are still there; read anew, since windows share them."""
        stored = [Path(name) for name in names_in(load_json(self._path).get("opened"))]
        return [path for path in stored if path.exists()]

    def visit(self, path: Path) -> None:
        """Put a file in front; that it cannot be remembered is no reason to stop."""
        path = path.resolve()
        opened = [path, *(other for other in self.paths if other != path)][:MOST]
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"opened": [str(other) for other in opened]}, indent=1)
            part.write_text(text, encoding="utf-8")
            part.replace(self._path)
        except OSError:
            return
