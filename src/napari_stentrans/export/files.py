"""Files that appear whole or not at all: written beside their place first, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_stentrans.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORE_MARKS = ("zarr.json", ".zgroup", ".zattrs")
"""Files of which each zarr store has one at its root."""


def ending_of(path: Path, endings: tuple[str, ...]) -> str | None:
    """Longest of the endings that the name of a file has, in any case; None without one."""
    name = path.name.lower()
    fitting = [e for e in endings if name.endswith(e) and len(name) > len(e)]
    return max(fitting, key=len, default=None)


def check_ending(path: Path, endings: tuple[str, ...], what: str = "The result") -> str:
    """Ending of a file to write.

    Raises
    ------
    WriteError
        When it is none of ``endings``.
    """
    ending = ending_of(path, endings)
    if ending is None:
        raise WriteError(
            f"{what} is written as {' or '.join(endings)}, got {path.name!r}. "
            f"Name it NAME{endings[0]}."
        )
    return ending


def check_file(
    path: Path, ending: str, *, overwrite: bool, companions: tuple[Path, ...] = ()
) -> None:
    """Raise WriteError where ``path`` and what goes with it cannot be written."""
    check_ending(path, (ending,))
    check_place(path, overwrite=overwrite, companions=companions)


def check_place(
    path: Path, *, overwrite: bool, companions: tuple[Path, ...] = (), store: bool = False
) -> None:
    """Raise WriteError where nothing can be written; cheap, to be called before a long run.

    Parameters
    ----------
    path
        The file, or the folder that is a zarr store.
    overwrite
        Replace what is there.
    companions
        Files that are written with it.
    store
        Whether a zarr store is written, which may only take the place of another one.
    """
    if path.is_dir() and not (store and _is_store(path)):
        raise WriteError(
            f"'{path}' is a folder{' and no zarr store' if store else ''}. "
            "Give a name that is not taken."
        )
    if store and path.is_file():
        raise WriteError(f"'{path}' is a file, and a zarr store is a folder. Choose another name.")
    folder = path.parent
    if not folder.is_dir():
        raise WriteError(f"The folder {folder} does not exist. Make it first.")
    if not os.access(folder, os.W_OK):
        raise WriteError(f"The folder {folder} may not be written to. Choose another one.")
    there = [str(target) for target in (path, *companions) if target.exists()]
    if there and not overwrite:
        raise WriteError(
            f"{' and '.join(there)} would be replaced. Choose another name, or allow overwriting."
        )


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A place on the disk of ``path`` for a file or folder that takes its name if all goes well.

    Raises
    ------
    WriteError
        When the disk is full or does not let it be written; what was there stays.
    """
    try:
        nest = tempfile.TemporaryDirectory(
            dir=path.parent, prefix=".stentrans-", ignore_cleanup_errors=True
        )
        with nest as folder:
            fresh = path.parent / folder / path.name
            yield fresh
            _put(fresh, path)
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(
            f"'{path}' could not be written: {error}. Check the free space and the folder."
        ) from error


def _put(fresh: Path, path: Path) -> None:
    """Give ``fresh`` the name ``path``; a folder of that name is moved away until it is done."""
    if not path.is_dir():
        fresh.replace(path)
        return
    old = fresh.with_name(f"old-{path.name}")
    path.rename(old)
    try:
        fresh.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _is_store(folder: Path) -> bool:
    """Whether a folder is a zarr store, or empty."""
    names = {member.name for member in folder.iterdir()}
    return not names or not names.isdisjoint(STORE_MARKS)
