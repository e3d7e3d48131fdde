"""What is imported when: nobody waits for torch or anndata who does not need them."""

from __future__ import annotations

import json
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from small_files import annotated, gem, giotto, legacy, merscope, slideseq, spaceranger

import napari_stentrans.analysis

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAVY = ("torch", "anndata", "dask", "zarr", "scipy.optimize", "scipy.stats", "scipy.interpolate",
         "matplotlib", "napari_stentrans.methods")  # fmt: skip
"""Packages that take longer to import than a small section takes to read."""


def imported_by(program: str, *arguments: str) -> set[str]:
    """Modules that a Python of its own has imported after a program."""
    tell = "\nimport json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program + tell, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def called(*arguments: str) -> set[str]:
    """Modules that the command line has imported; it must have gone well."""
    lines = (
        "import sys",
        "from napari_stentrans.cli import main",
        "try: code = main(sys.argv[1:])",
        "except SystemExit as left: code = left.code",  # as --help does
        "assert not code, code",
    )
    return imported_by("\n".join(lines), *arguments)


def test_the_package_alone_imports_none_of_its_modules() -> None:
    found = imported_by("import napari_stentrans")
    assert not found & {*HEAVY, "numpy", "pandas", "pydantic"}
    assert not [name for name in found if name.startswith("napari_stentrans.")]


def test_the_analyses_import_none_of_their_modules_before_they_are_asked_for() -> None:
    found = imported_by("import napari_stentrans.analysis")
    assert not found & {*HEAVY, "numpy", "pandas", "pydantic", "gseapy"}
    assert not [name for name in found if name.startswith("napari_stentrans.analysis.")]


def test_help_and_version_import_nothing_that_computes() -> None:
    for option in ("--help", "--version"):
        assert not called(option) & {*HEAVY, "numpy", "pandas", "scipy"}


@pytest.mark.parametrize(
    ("write", "name"),
    [(annotated, "s.h5ad"), (spaceranger, "outs"), (legacy, "A1.tsv"), (merscope, "run"),
     (gem, "s.gem.gz"), (slideseq, "puck"), (giotto, "pair")],
)  # fmt: skip
def test_facts_about_a_section_need_neither_torch_nor_anndata(
    write: Callable[[Path], Path], name: str, tmp_path: Path
) -> None:
    found = called("info", str(write(tmp_path / name)))
    assert "napari_stentrans.damage" in found
    assert not found & set(HEAVY)


@pytest.mark.parametrize("name", napari_stentrans.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(napari_stentrans, name) is not None
    assert name in dir(napari_stentrans)


@pytest.mark.parametrize("name", napari_stentrans.analysis.__all__)
def test_every_name_of_the_analyses_is_there_and_no_module(name: str) -> None:
    assert getattr(napari_stentrans.analysis, name) is not None
    assert not isinstance(getattr(napari_stentrans.analysis, name), ModuleType)
    assert name in dir(napari_stentrans.analysis)


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        napari_stentrans.nothing_of_that_name  # noqa: B018
