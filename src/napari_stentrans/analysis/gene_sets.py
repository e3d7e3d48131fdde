"""GeneSets: named sets of genes, such as pathways, read from a GMT file."""

from __future__ import annotations

import gzip
import io
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.errors import ConfigError, ReadError, StentransWarning
from napari_stentrans.gene_forms import DATE
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MOST_BYTES = 500_000_000
WEIGHT = re.compile(r",-?\d+(?:\.\d+)?$")
"""What Enrichr's files write behind a gene."""
A_FLOAT = re.compile(r"\d(?:\.\d+)?E\+\d+", re.I)
"""What a spreadsheet makes of clone names such as 2310009E13."""
TOLD = 5
"""Names that a note tells."""
REMEDY = "Give a file *.gmt: a set a line, with tabs between its name, a description and its genes."


@dataclass(frozen=True, eq=False)
class GeneSets:
    """Named sets of genes.

    Attributes
    ----------
    name
        What the collection is called.
    sets
        Genes of each set, each once, as the file writes them.
    described
        What the file says of each set, such as its id or its page.
    licence
        On what terms it may be used, and whose it is; "" where that is not known.
    """

    name: str
    sets: Mapping[str, tuple[str, ...]]
    described: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""

    def __post_init__(self) -> None:
        """Refuse what holds no set, or an empty one."""
        empty = [name for name, genes in self.sets.items() if not genes]
        if empty or not self.sets:
            raise ConfigError(
                f"{self.name} has {f'no genes in {_listed(empty)}' if empty else 'no sets'}. "
                "Give sets with one gene or more each."
            )

    def __len__(self) -> int:
        return len(self.sets)

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes of all sets, each once."""
        return tuple(dict.fromkeys(gene for genes in self.sets.values() for gene in genes))

    def chosen(self, names: Iterable[str]) -> GeneSets:
        """Only some of the sets.

        Raises
        ------
        ConfigError
            When there is no set of a name.
        """
        names = list(names)
        missing = [name for name in names if name not in self.sets]
        if missing:
            raise ConfigError(
                f"{self.name} has no set {_listed(missing)} among its "
                f"{some(len(self), 'set')}. Give names as the file writes them."
            )
        sets = {name: self.sets[name] for name in names}
        return GeneSets(self.name, sets, self.described, self.licence)


def read_gmt(path: str | Path, name: str = "", licence: str = "") -> GeneSets:
    """Read gene sets from a GMT file, plain, ``.gz`` or ``.zip``.

    Parameters
    ----------
    path
        The file: a set a line, with tabs between its name, a description and its genes.
    name, licence
        What to call it, and its terms.

    Raises
    ------
    ReadError
        When it cannot be read, is no GMT file, has no genes at all, or two sets of one name that
        nothing tells apart.

    Warns
    -----
    StentransWarning
        When sets are empty, stand there twice, or hold names that a spreadsheet has spoilt.
    """
    path = Path(path).expanduser()
    try:
        rows = list(_rows(path, _text(path)))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or error
        raise ReadError(f"'{path}' cannot be read as gene sets: {reason}. {REMEDY}") from error
    if not rows:
        raise ReadError(f"'{path}' is empty. {REMEDY}")
    full = [row for row in rows if row[2]]
    if not full:
        raise ReadError(f"'{path}' has {some(len(rows), 'set')}, and none has a gene. {REMEDY}")
    _note([row[0] for row in rows if not row[2]], path, "set is empty", "sets are empty")
    sets, described = _told_apart(path, full)
    spoilt = [gene for genes in sets.values() for gene in genes if is_spoilt(gene)]
    _note(
        list(dict.fromkeys(spoilt)),
        path,
        "name was made a date or a number by a spreadsheet",
        "names were made dates or numbers by a spreadsheet",
    )
    kept = {name: tuple(g for g in genes if not is_spoilt(g)) for name, genes in sets.items()}
    kept = {name: genes for name, genes in kept.items() if genes}
    if not kept:
        raise ReadError(f"'{path}' holds dates and numbers in the place of genes. {REMEDY}")
    return GeneSets(name or _stem(path), kept, described, licence)


def is_spoilt(gene: str) -> bool:
    """Whether a name is what a spreadsheet makes of a gene: "1-Mar", "2-Sep", "2.31E+13"."""
    date = DATE.fullmatch(gene.lower())
    months = ("mar", "mrz", "03", "sep", "09", "dec", "dez", "12")
    by_date = date is not None and any(part in months for part in date.groups() if part)
    return by_date or A_FLOAT.fullmatch(gene) is not None


def _text(path: Path) -> str:
    """Text of a file that is not too large for gene sets."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"PK":
        with zipfile.ZipFile(path) as packed:
            inside = [m for m in packed.infolist() if m.filename.lower().endswith(".gmt")]
            if len(inside) != 1:
                raise OSError(f"it holds {some(len(inside), 'GMT file')}, expected one")
            with packed.open(inside[0]) as member:
                data = member.read(MOST_BYTES + 1)
    else:
        opener = gzip.open if magic[:2] == b"\x1f\x8b" else open
        with opener(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError("it is too large for gene sets")
    return data.decode("utf-8-sig")


def _rows(path: Path, text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, description and genes of each set."""
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        line = line.rstrip("\n")
        if not line.strip() or line.startswith("#"):
            continue
        name, *rest = (cell.strip() for cell in line.split("\t"))
        if not rest or not name or "\0" in line:
            found = repr(line[:40]) + ("..." if len(line) > 40 else "")
            raise ReadError(
                f"'{path}' is no GMT file: line {number} is {found}, expected a name, a "
                f"description and genes with tabs between them. {REMEDY}"
            )
        genes = (WEIGHT.sub("", cell) for cell in rest[1:])
        yield name, rest[0], tuple(dict.fromkeys(filter(None, genes)))


def _told_apart(
    path: Path, rows: list[tuple[str, str, tuple[str, ...]]]
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Genes and descriptions by name; sets of one name get their description behind it."""
    rows = list(dict.fromkeys(rows))  # what stands there twice, word by word, is one
    times: dict[str, int] = {}
    for name, _, _ in rows:
        times[name] = times.get(name, 0) + 1
    sets: dict[str, tuple[str, ...]] = {}
    described: dict[str, str] = {}
    for name, description, genes in rows:
        called = name if times[name] == 1 else f"{name} ({description})"
        if called in sets:
            raise ReadError(
                f"'{path}' has two sets {name!r} with other genes and one description. Rename one "
                "of them."
            )
        sets[called], described[called] = genes, description
    twice = [name for name, n in times.items() if n > 1]
    _note(
        twice,
        path,
        "name is of several sets",
        "names are of several sets",
        "told apart by their descriptions",
    )
    return sets, described


def _note(names: list[str], path: Path, one: str, several: str, then: str = "left out") -> None:
    if names:
        warnings.warn(
            f"{path.name}: {len(names):,} {one if len(names) == 1 else several}, "
            f"{then}: {_listed(names)}.",
            StentransWarning,
            stacklevel=3,
        )


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:TOLD])) + ", ..." * (len(names) > TOLD)


def _stem(path: Path) -> str:
    return re.sub(r"(\.gmt)?(\.gz|\.zip)?$", "", path.name, flags=re.I) or path.name
