"""What is read at once is short: modules and functions outside the window."""

from __future__ import annotations

import ast
from pathlib import Path

import napari_stentrans

LINES, BODY = 300, 40
"""Lines of a module or a class, and of the body of a function without its docstring, at most."""
ROOT = Path(napari_stentrans.__file__).parent


def body(function: ast.FunctionDef) -> int:
    _, *others = function.body
    if ast.get_docstring(function) is None:
        others = function.body
    return others[-1].end_lineno - others[0].lineno + 1 if others else 0


def test_modules_and_functions_are_short() -> None:
    long = set()
    for path in ROOT.rglob("*.py"):
        name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        if name.startswith("plugin/"):
            continue
        if len(text.splitlines()) > LINES:
            long.add(name)
        functions = (f for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef))
        long |= {f"{name}: {f.name}" for f in functions if body(f) > BODY}
    assert not long


def classes(folder: Path) -> dict[str, tuple[int, set[str]]]:
    """Lines and bases of the classes below a folder, by name."""
    found = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                found[node.name] = (node.end_lineno - node.lineno + 1, bases)
    return found


def test_classes_of_the_window_are_short() -> None:
    assert {name for name, (n, _) in classes(ROOT / "plugin").items() if n > LINES} == set()


def test_classes_of_layers_are_composed_not_inherited() -> None:
    layers = classes(ROOT / "plugin" / "layers")
    assert {name for name, (_, bases) in layers.items() if bases & layers.keys()} == set()
