"""Files that appear whole or not at all: written beside their place first, then renamed.

A link is kept: what it leads to is written.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.errors import StentransError, WriteError
from napari_stentrans.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator

STORE_MARKS = ("zarr.json", ".zgroup", ".zattrs")
"""Files of which each zarr store has one at its root."""
NEST = ".stentrans-"
"""How the folders begin in which files come into being."""
A_LITTLE = bytes(64)


def target(path: str | Path) -> Path:
    """Path of a file to write, from the root.

    Raises
    ------
    WriteError
        When ``~NAME`` names nobody, or the working folder is gone.
    """
    return absolute(path, WriteError)


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

    It writes a little there and takes it away again: permissions alone do not tell what a disk
    that is full, read only or far away will say.

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
    targets = tuple(target(each) for each in (path, *companions))
    with write_errors(path):
        _check_kind(targets[0], store=store)
        for place in targets:
            folder = _followed(place).parent
            if not folder.is_dir():
                raise WriteError(f"The folder {folder} does not exist. Make it first.")
            _try_out(folder, place.name)
        there = [str(place) for place in targets if place.exists()]
    if there and not overwrite:
        raise WriteError(
            f"{' and '.join(there)} would be replaced. Choose another name, or allow overwriting."
        )


def _check_kind(path: Path, *, store: bool) -> None:
    """Raise WriteError where a folder or a file is in the way."""
    if path.is_dir() and not (store and _is_store(path)):
        raise WriteError(
            f"'{path}' is a folder{' and no zarr store' if store else ''}. "
            "Give a name that is not taken."
        )
    if store and path.is_file():
        raise WriteError(f"'{path}' is a file, and a zarr store is a folder. Choose another name.")


def _try_out(folder: Path, name: str) -> None:
    """Write a little under a name in a folder, and take it away again."""
    try:
        nest = tempfile.TemporaryDirectory(dir=folder, prefix=NEST, ignore_cleanup_errors=True)
    except PermissionError as error:
        raise WriteError(
            f"The folder {folder} may not be written to ({error.strerror}). Choose another one."
        ) from error
    with nest as inside, (Path(inside) / name).open("wb") as file:
        file.write(A_LITTLE)
        file.flush()
        os.fsync(file.fileno())  # some disks say only then that they are full


@contextmanager
def beside(path: str | Path) -> Iterator[Path]:
    """A place on the disk of ``path`` for a file or folder that takes its name if all goes well.

    Raises
    ------
    WriteError
        When the disk is full or does not let it be written; what was there stays.
    """
    path = target(path)
    with write_errors(path):
        place = _followed(path)
        nest = tempfile.TemporaryDirectory(
            dir=place.parent, prefix=NEST, ignore_cleanup_errors=True
        )
        with nest as folder:
            fresh = Path(folder).absolute() / path.name
            yield fresh
            _put(fresh, place)


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Say in our words what goes wrong when a path is written; h5py raises RuntimeError too."""
    try:
        yield
    except StentransError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error  # without the paths that we made up
        raise WriteError(
            f"'{path}' could not be written: {cause}. Check the name, the free space and the "
            "folder."
        ) from error


def _followed(path: Path) -> Path:
    """Where a link leads to; any other path as it is."""
    return path.resolve() if path.is_symlink() else path


def _put(fresh: Path, path: Path) -> None:
    """Give ``fresh`` the name ``path``; a folder of that name is moved away until it is done."""
    if not path.is_dir():
        fresh.replace(path)
        return
    old = Path(tempfile.mkdtemp(dir=fresh.parent)) / "old"
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
