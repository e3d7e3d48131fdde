"""What is read at once is short: modules and functions outside the window."""

from __future__ import annotations

import ast
from pathlib import Path

import napari_stentrans

LINES, BODY = 300, 40
"""Lines of a module, and of the body of a function without its docstring, at most."""


def body(function: ast.FunctionDef) -> int:
    _, *others = function.body
    if ast.get_docstring(function) is None:
        others = function.body
    return others[-1].end_lineno - others[0].lineno + 1 if others else 0


def test_modules_and_functions_are_short() -> None:
    root, long = Path(napari_stentrans.__file__).parent, set()
    for path in root.rglob("*.py"):
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        if name.startswith("plugin/"):
            continue
        if len(text.splitlines()) > LINES:
            long.add(name)
        functions = (f for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef))
        long |= {f"{name}: {f.name}" for f in functions if body(f) > BODY}
    assert not long
