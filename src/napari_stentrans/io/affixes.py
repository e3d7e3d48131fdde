"""Files of several runs or segmentations in one folder, which belong together by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError
from napari_stentrans.io.choices import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen

Couples = dict[str, tuple["Path", "Path"]]
"""Name -> table of counts and table of positions."""


def couples(
    path: Path, word: str, counts: Sequence[Path], other: str, others: Sequence[Path]
) -> Couples:
    """Pair files ``A_word.csv`` and ``A_other.csv``, by what stands before and after the words.

    Where there is one of each, they belong together whatever they are called. Of a file that
    was given only its own pair.
    """
    partners = {_rest(file, other): file for file in others}
    pairs = [(file, partners[rest]) for file in counts if (rest := _rest(file, word)) in partners]
    if len(counts) == len(others) == 1:
        pairs = [(counts[0], others[0])]
    return {
        _rest(one, word) or word: (one, two)
        for one, two in pairs
        if path.is_dir() or path in (one, two)
    }


def choice_of(couples: Couples, key: str, label: str) -> tuple[Choice, ...]:
    """Which of several pairs; the one without a name of its own, else the first, by default."""
    names = tuple(sorted(couples, key=len))
    return (Choice(key, label, names, names[0]),) if len(names) > 1 else ()


def chosen_couple(couples: Couples, key: str, chosen: Chosen, path: Path) -> tuple[Path, Path]:
    """The pair that was chosen, or the only one.

    Raises
    ------
    ReadError
        When a file of a pair is missing.
    """
    if not couples:
        folder = path if path.is_dir() else path.parent
        raise ReadError(
            f"'{folder}' has no two tables whose names fit each other, beside "
            f"'{path.name}'. Give both tables of a run the same name but for their kind."
        )
    return couples[chosen.get(key, min(couples, key=len))]


def _rest(file: Path, word: str) -> str:
    """What a file is called beside its kind, without suffixes: "Lung5" for Lung5_exprMat_file."""
    before, _, after = file.name.partition(word)
    parts = (before, after.split(".")[0])
    return "_".join(part.strip("_-. ") for part in parts if part.strip("_-. "))
