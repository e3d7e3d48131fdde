"""The scoring program, which knows the real sections, what is hidden of them, and the scores."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def load_score(path: Path) -> ModuleType:
    """The scoring program as a module.

    Raises
    ------
    FileNotFoundError
        When it is not there.
    """
    if not path.is_file():
        raise FileNotFoundError(f"No scoring program at {path}. Give it by --score.")
    spec = importlib.util.spec_from_file_location("score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["score"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module
