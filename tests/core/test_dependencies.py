"""What the program imports is what it says that it needs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import import_module
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
BY_OTHERS = {"imagecodecs"}
"""Needed though not imported here: tifffile decodes with it."""
WITH_SPATIALDATA = {"dask", "distributed"}


def plain(name: str) -> str:
    """Name of a distribution as all spell it."""
    return re.split(r"[^\w.-]", name.replace("_", "-").lower())[0]


def imported() -> set[str]:
    """Distributions whose modules are imported somewhere in the program."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names = [part.name for part in node.names] if isinstance(node, ast.Import) else names
            found |= {name.split(".")[0] for name in names if name}
    distributions = packages_distributions()
    own = sys.stdlib_module_names | {"napari_stentrans"}
    return {plain(distributions.get(name, [name])[0]) for name in found - own}


def has(module: ModuleType, name: str) -> bool:
    """Whether a module has a name, or is a package with a module of it."""
    if hasattr(module, name):
        return True
    return hasattr(module, "__path__") and find_spec(f"{module.__name__}.{name}") is not None


@pytest.mark.parametrize("folder", ["scripts", "benchmarks"])
def test_what_scripts_and_benchmarks_import_of_the_program_is_there(folder: str) -> None:
    missing = []
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if module.split(".")[0] != "napari_stentrans" or "plugin" in module:
                continue
            there, names = import_module(module), [part.name for part in node.names]
            missing += [f"{path.name}: {module}.{n}" for n in names if not has(there, n)]
    assert missing == []


def test_imports_and_declared_dependencies_are_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {plain(name) for name in project["dependencies"]}
    extras = {plain(name) for part in project["optional-dependencies"].values() for name in part}
    assert imported() - needed - extras - WITH_SPATIALDATA == set()
    assert needed - imported() - BY_OTHERS == set()
