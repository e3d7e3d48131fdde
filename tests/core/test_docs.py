"""The documentation tells the truth: options, links, names and the code that it shows."""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import runpy
import tomllib
import warnings
from functools import cache
from inspect import ismodule
from pathlib import Path
from typing import Any

import pytest

import napari_stentrans
from napari_stentrans import analysis, export, io
from napari_stentrans.cli import _parser

REPO = Path(__file__).parents[2]
PACKAGE = REPO / "src" / "napari_stentrans"
DOCS = REPO / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def parsers() -> dict[str, argparse.ArgumentParser]:
    actions = _parser()._actions
    found = next(a.choices for a in actions if isinstance(a, argparse._SubParsersAction))
    return dict(found)


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {name for a in parser._actions for name in a.option_strings} - {"-h", "--help"}


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)


def test_the_command_line_page_names_every_command_and_option() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    commands = parsers()
    assert set(sections) == set(commands)
    for name, parser in commands.items():
        table = re.findall(r"^\| (`.*?) \| ", sections[name], re.MULTILINE)
        listed = {option for row in table for option in re.findall(r"`(--?[a-z][\w-]*)`", row)}
        assert listed == options(parser), f"{name}: run scripts/cli_docs.py"


def test_the_command_line_page_is_as_the_parser_says() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    fresh = runpy.run_path(str(REPO / "scripts" / "cli_docs.py"))["page"](text)
    assert fresh == text, "run scripts/cli_docs.py"


def test_the_page_of_keys_is_as_the_dock_has_them() -> None:
    pytest.importorskip("qtpy.QtWidgets")
    text = (DOCS / "keys.md").read_text(encoding="utf-8")
    fresh = runpy.run_path(str(REPO / "scripts" / "keys_docs.py"))["page"](text)
    assert fresh == text, "run scripts/keys_docs.py"


@pytest.mark.parametrize("page", [*PAGES, REPO / "README.md"], ids=lambda page: page.name)
def test_commands_that_are_shown_can_be_given(page: Path) -> None:
    """Every line of a shell block that begins with ``stentrans`` names what exists."""
    text, known = page.read_text(encoding="utf-8"), parsers()
    shown = re.findall(r"^ {4}(?:\.venv/bin/)?stentrans (\w+)(.*)$", text, re.MULTILINE)
    shown += re.findall(r"`stentrans ([a-z]\w*)( [^`]*)?`", text)
    for command, rest in shown:
        assert command in known, f"{page.name}: stentrans {command}"
        given = set(re.findall(r"(?<!\S)(--?[a-z][\w-]*)", rest.split("#")[0])) - {"--help"}
        assert given <= options(known[command]), f"{page.name}: stentrans {command}{rest}"


def test_pages_show_commands() -> None:
    """Else the test above has nothing to look at."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in [*PAGES, REPO / "README.md"])
    shown = set(re.findall(r"^ {4}stentrans (\w+)", text, re.MULTILINE))
    assert {"enhance", "evaluate", "info"} <= shown


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip()) for title in titles}


@pytest.mark.parametrize("page", [*PAGES, REPO / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


TECHNICAL = [
    "artefact", "correlation", "counts", "denoise", "difference", "embedding", "extrapolated",
    "factors", "interpolation", "interval", "kriging", "lattice", "library", "log-normalised",
    "moran", "noise", "profile", "provenance", "queue", "record", "run",
    "seed", "session", "site", "smooth", "spacing", "spot", "standard",
    "transformer", "uncertainty",
]  # fmt: skip
"""Words that a newcomer to the field may not know."""


@cache
def words_of_the_window() -> str:
    """What the window may say: its texts that are sentences or labels, and those of settings."""
    said = []
    for path in [*(PACKAGE / "plugin").rglob("*.py"), PACKAGE / "config.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        notes = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        said += [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in notes
            and (" " in node.value or node.value[:1].isupper())
        ]
    return "\n".join(said).lower()


def glossary() -> dict[str, str]:
    """What is said of each word, by the word and what else it is called."""
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    found = re.findall(r"^- \*\*(.+?)\*\*(.*?): (.+?)(?=^- |^#|\Z)", text, re.DOTALL | re.MULTILINE)
    return {name + also: " ".join(says.split()) for name, also, says in found}


def test_the_glossary_has_the_terms_that_the_window_uses() -> None:
    window, explained = words_of_the_window(), " ".join(glossary()).lower()
    used = [term for term in TECHNICAL if re.search(rf"\b{term}", window)]
    assert len(used) > 20
    assert [term for term in used if term.rstrip("s") not in explained] == []


def test_the_glossary_explains_only_what_is_said_somewhere_and_briefly() -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGES if page.name != "glossary.md"]
    said = words_of_the_window() + " ".join("\n".join(pages).lower().split())
    for term, says in glossary().items():
        names = [name.strip("` )").rstrip("s") for name in re.split(r" \(|, ", term.lower())]
        assert any(name in said for name in names), f"nobody says {term}"
        assert 3 < len(says.split()) < 50, f"{term}: one sentence or two"


def test_every_page_is_in_the_menu() -> None:
    text = (REPO / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"\b(\w+\.md)$", text, re.MULTILINE))
    assert listed == {page.name for page in PAGES}


def test_every_picture_is_shown_and_made_by_the_script() -> None:
    pictures = runpy.run_path(str(REPO / "scripts" / "pictures" / "names.py"))
    there = {path.name for path in (DOCS / "images").iterdir()}
    assert there == {f"{name}.png" for name in (*pictures["PICTURES"], pictures["SHEET"])}
    named: set[str] = set()
    for page in PAGES:
        named |= set(re.findall(r"\(images/([\w.]+)\)", page.read_text(encoding="utf-8")))
    assert named == there


def test_the_pictures_stay_small() -> None:
    assert sum(path.stat().st_size for path in (DOCS / "images").iterdir()) < 3_750_000


def test_the_python_page_has_every_public_name() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    paths = re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE)
    for path in paths:
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name), path
    named = {path.rpartition(".")[2] for path in paths}
    top = {n for n in napari_stentrans.__all__ if not ismodule(getattr(napari_stentrans, n))}
    public = {*top, *io.__all__, *export.__all__, *analysis.__all__}
    assert named == {name for name in public if not name.isupper()}


def test_code_of_the_page_of_analyses_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DOCS / "analysis.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    section = napari_stentrans.simulate_section(200, 80, image=False)
    export.write_section(section, "section.h5ad")
    names: dict[str, Any] = {}
    exec(compile(code, "analysis.md", "exec"), names)
    assert names["found"].one == "layer2"
    assert "stentrans_regions" in names["section"].adata.uns
    assert {"pattern", "genes", "reproducibility", "top_genes"} <= set(names["patterns"].summary)
    assert {"pvalue", "fdr", "range", "n_spots", "morans_i"} <= set(names["genes"].table)


def test_code_of_the_scripting_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DOCS / "scripting.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for block in blocks:
            exec(compile(block, "scripting.md", "exec"), names)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"section.h5ad", "lost.geojson", "enhanced.h5ad", "maps.ome.tif", "gene2.png"} <= written


def test_the_extra_that_builds_the_site_is_there() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(need.startswith("mkdocs") for need in project["optional-dependencies"]["docs"])
