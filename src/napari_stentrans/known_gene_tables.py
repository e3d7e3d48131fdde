"""Tables of gene names that are known: those that are kept among the downloads, and one more.

Of a table that a person gives, or of HGNC's, what is needed is kept, and read from there.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.errors import DownloadError, ReadError, StentransWarning
from napari_stentrans.gene_table import GeneTable, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "STENTRANS_GENE_TABLE"
"""Environment variable that names a table to know beside those that are kept."""
FOLDER, ENDING = "gene_names", ".tsv"

_read: dict[tuple[str, str], tuple[GeneTable, ...]] = {}


def folder() -> Path:
    """Where tables are kept."""
    from napari_stentrans.downloads import cache_folder  # imports what downloads

    return cache_folder() / FOLDER


def kept_tables() -> list[Path]:
    """Files of the tables that are kept."""
    return sorted(folder().glob(f"*{ENDING}")) if folder().is_dir() else []


def known_tables() -> tuple[GeneTable, ...]:
    """Tables that are kept, and the one that the environment names; read when first asked for.

    Warns
    -----
    StentransWarning
        When one of them cannot be read: it is left out.
    """
    if _place() not in _read:
        _read_anew()
    return _read[_place()]


def _place() -> tuple[str, str]:
    return str(folder()), os.environ.get(VARIABLE, "")


def _read_anew() -> None:
    """Read all tables; those of before are known until then."""
    place = _place()
    paths = kept_tables() + [Path(name).expanduser() for name in place[1:] if name]
    tables = []
    for path in paths:
        try:
            tables.append(read_table(path))
        except ReadError as error:
            warnings.warn(f"No other names of genes: {error}", StentransWarning, stacklevel=3)
    _read[place] = tuple(tables)


def keep_table(path: Path) -> GeneTable:
    """Read a table and keep what is needed of it: it is known from now on.

    A table of the same name is replaced.

    Raises
    ------
    ReadError
        When it is no table of gene names.
    DownloadError
        When it cannot be kept.
    """
    table = read_table(path)
    lines = ["symbol\tensembl_gene_id\tother_names"]
    lines += [f"{row.symbol}\t{'|'.join(row.ids)}\t{'|'.join(row.others)}" for row in table.rows]
    target = folder() / f"{table.name}{ENDING}"
    part = target.with_suffix(".part")
    with writing():
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.replace(part, target)
    _read_anew()
    return table


def forget_tables() -> list[Path]:
    """Delete the tables that are kept, and return which they were."""
    found = kept_tables()
    with writing():
        for path in found:
            path.unlink(missing_ok=True)
    _read_anew()
    return found


@contextmanager
def writing() -> Iterator[None]:
    """Turn what goes wrong while a table is written into a DownloadError with a remedy."""
    try:
        yield
    except DownloadError:  # an OSError, as the next ones are
        raise
    except OSError as error:
        raise DownloadError(
            f"'{folder()}' cannot be written: {error.strerror or error}. Free some space, or set "
            "STENTRANS_CACHE to another folder."
        ) from error
