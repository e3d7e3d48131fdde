"""GeneNaming: what the genes of a section are called, and which gene a word stands for.

Names stay those of the file: results, sessions and records know genes by them. Where they are
ids, symbols are shown that the file or a table of gene names knows.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.gene_forms import forms_of, stem_of
from napari_stentrans.gene_table import AN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

    from napari_stentrans.gene_table import GeneTable

SYMBOL_COLUMNS = ("genename", "genenames", "symbol", "symbols", "genesymbol", "genesymbols",
                  "featurename", "hgncsymbol", "mgisymbol", "externalgenename", "geneshortname",
                  "name", "gene")  # fmt: skip
ID_COLUMNS = ("geneids", "geneid", "ensemblid", "ensemblids", "ensembl", "ensemblgeneid",
              "featureid", "id")  # fmt: skip
"""Columns of ``var``, by their letters and digits, the best first."""
MOST_NAMED = 5
"""Genes that are named where a word may stand for several."""
EMPTY = frozenset({"", "nan", "none", "na", "<na>", "-"})


class Meaning(NamedTuple):
    """What a word stands for.

    Attributes
    ----------
    gene
        The gene, or None where there is none, or where it is not sure which.
    said
        In words, what a person should know; "" where the word is the gene's name, id or symbol.
    """

    gene: int | None
    said: str = ""


class GeneNaming:
    """Names, symbols, ids and other names of the genes of a section.

    Parameters
    ----------
    names
        (gene,) names, unique: those of the file.
    var
        (gene, ...) what else the file says of its genes.
    tables
        Tables of gene names; of these, the one is used that knows the most genes.

    Attributes
    ----------
    labels
        (gene,) what to show: the symbol where the name is an id and its symbol is known, else
        the name. Unique.
    told
        Words of which it was said already what they are here.
    symbols
        (gene,) symbol of a gene that is named by its id, where the file or a table knows it;
        "" for all others.
    ids
        (gene,) ids of the file, else of the table; "" where none is known. A name that is an id
        is one.
    """

    def __init__(
        self, names: Sequence[str], var: pd.DataFrame, tables: Sequence[GeneTable] = ()
    ) -> None:
        self.tables = tables
        self.told: set[str] = set()
        self.names = [str(name) for name in names]
        self._place = {name: gene for gene, name in enumerate(self.names)}
        given = _column(var, ID_COLUMNS, _are_ids)
        named_by_id = [AN_ID.fullmatch(name) is not None or name.isdigit() for name in self.names]
        self.ids = [
            name if is_id else other
            for name, is_id, other in zip(self.names, named_by_id, given, strict=True)
        ]
        self.table = max(tables, key=self._known_to, default=None)
        self._entries = [self._entry_of(gene) for gene in range(len(self.names))]
        self.ids = [gene_id or self._id_in_table(gene) for gene, gene_id in enumerate(self.ids)]
        self.symbols = self._found_symbols(var, named_by_id)
        self.labels = self._unique(self.symbols)

    def _known_to(self, table: GeneTable) -> int:
        by_id = sum(bool(i) and table.of_id(i) is not None for i in self.ids)
        return by_id + sum(table.of_symbol(name) is not None for name in self.names)

    def _entry_of(self, gene: int) -> int | None:
        """Row of the table that is about a gene: by its id, its symbol, or a name of before."""
        if self.table is None:
            return None
        found = self.table.of_id(self.ids[gene]) if self.ids[gene] else None
        if found is None:
            found = self.table.of_symbol(self.names[gene])
        if found is None and not AN_ID.fullmatch(self.names[gene]):
            meant = self.table.meant(self.names[gene])
            same_case = [e for e in meant if self.names[gene] in self.table.rows[e].others]
            found = same_case[0] if len(same_case) == len(meant) == 1 else None
        return found

    def _id_in_table(self, gene: int) -> str:
        """Id of a gene that the file gives none of."""
        entry = self._entries[gene]
        if entry is None or self.table is None:
            return ""
        ids = self.table.rows[entry].ids
        return next((name for name in ids if name.startswith("ENS")), "".join(ids[:1]))

    def _found_symbols(self, var: pd.DataFrame, named_by_id: Sequence[bool]) -> list[str]:
        """(gene,) symbol of a gene that is named by its id; "" for all others."""
        if not any(named_by_id):
            return [""] * len(self.names)
        given = _column(var, SYMBOL_COLUMNS, _are_symbols)
        known = [
            "" if entry is None or self.table is None else self.table.rows[entry].symbol
            for entry in self._entries
        ]
        return [
            (in_file or in_table) if by_id else ""
            for by_id, in_file, in_table in zip(named_by_id, given, known, strict=True)
        ]

    def _unique(self, symbols: Sequence[str]) -> list[str]:
        """(gene,) what to show; the id stands behind a symbol that several genes have."""
        times: dict[str, int] = defaultdict(int)
        for name, symbol in zip(self.names, symbols, strict=True):
            times[symbol or name] += 1
        return [
            name if not symbol else symbol if times[symbol] == 1 else f"{symbol} ({name})"
            for name, symbol in zip(self.names, symbols, strict=True)
        ]

    def label(self, name: str) -> str:
        """What to show for a gene of this name; the name itself where there is no such gene."""
        gene = self._place.get(name)
        return name if gene is None else self.labels[gene]

    def others(self, gene: int) -> tuple[str, ...]:
        """Other names of a gene, and its symbol of now, as far as the table knows."""
        entry = self._entries[gene]
        if entry is None or self.table is None:
            return ()
        row = self.table.rows[entry]
        known = {self.names[gene], self.symbols[gene]}
        return tuple(name for name in (row.symbol, *row.others) if name not in known)

    def meaning(self, word: str) -> Meaning:
        """Which gene a word stands for: a name, an id, a symbol, or one of its other names.

        Nothing is guessed: a word that may stand for several genes stands for none, and ``said``
        names them.
        """
        if word in self._place:
            return Meaning(self._place[word])
        for known, key in (
            (self._by_id, word),
            (self._by_stem, stem_of(word)),
            (self._by_symbol, word),
        ):
            genes = known.get(key, ())
            if len(genes) == 1:
                return Meaning(genes[0])
            if genes:
                return Meaning(None, f"{word} may be {self._either(genes)}.")
        return self._by_table(word)

    def _by_table(self, word: str) -> Meaning:
        if self.table is None:
            return Meaning(None)
        entries = self.table.meant(word)
        here = [gene for entry in entries for gene in self._by_entry.get(entry, ())]
        absent = [self.table.rows[e].symbol for e in entries if e not in self._by_entry]
        if len(here) == 1 and not absent:
            if self.labels[here[0]].lower() == word.lower():  # only hinted at, as without a table
                return Meaning(None)
            return Meaning(here[0], f"{word} is {self.labels[here[0]]} here.")
        if here:
            gone = [f"{symbol}, which is not in this section" for symbol in absent]
            return Meaning(None, f"{word} may be {self._either(here, gone)}.")
        if absent and absent[0].lower() != word.lower():
            verb = "is" if len(absent) == 1 else "may be"
            return Meaning(None, f"{word} {verb} {_or(absent)}, not in this section.")
        return Meaning(None)

    def hint(self, word: str) -> str:
        """What may have been meant by a word that stands for no gene; in words, or ""."""
        said = self.meaning(word).said
        wanted = forms_of(word)
        if self.table is not None:
            wanted |= {self.table.rows[entry].symbol.lower() for entry in self.table.meant(word)}
        near = sorted({gene for form in wanted for gene in self._by_form.get(form, ())})
        guess = f" Did you mean {_or([repr(self.names[gene]) for gene in near[:MOST_NAMED]])}?"
        return (f" {said}" if said else "") + (guess if near and not said.count(" may be ") else "")

    def _either(self, genes: Iterable[int], more: Iterable[str] = ()) -> str:
        names = [self.labels[gene] for gene in genes]
        return _or([*names[:MOST_NAMED], *more]) + (" …" if len(names) > MOST_NAMED else "")

    @cached_property
    def _by_id(self) -> dict[str, list[int]]:
        return _places(self.ids)

    @cached_property
    def _by_stem(self) -> dict[str, list[int]]:
        return _places([stem_of(gene_id) for gene_id in self.ids])

    @cached_property
    def _by_symbol(self) -> dict[str, list[int]]:
        return _places(self.symbols)

    @cached_property
    def _by_entry(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for gene, entry in enumerate(self._entries):
            if entry is not None:
                found[entry].append(gene)
        return found

    @cached_property
    def _by_form(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for gene, symbol in enumerate(self.symbols):
            for form in forms_of(self.names[gene]) | forms_of(symbol):
                found[form].append(gene)
        return found


def _column(
    var: pd.DataFrame, titles: Sequence[str], fits: Callable[[str, list[str]], bool]
) -> list[str]:
    """(gene,) texts of the first column of these titles that fits; "" where there is none."""
    plain = {"".join(sign for sign in str(c).lower() if sign.isalnum()): c for c in var.columns}
    for title in titles:
        if title in plain:
            values = ["" if str(v).lower() in EMPTY else str(v) for v in var[plain[title]]]
            if fits(title, [value for value in values if value]):
                return values
    return [""] * len(var)


def _are_ids(title: str, values: list[str]) -> bool:
    """Whether these are ids of genes; what our readers call so always is."""
    return title == "geneids" or _most(AN_ID.fullmatch(value) is not None for value in values)


def _are_symbols(title: str, values: list[str]) -> bool:
    """Whether these are symbols of genes, not ids or numbers."""
    return _most(not (AN_ID.fullmatch(value) or _is_number(value)) for value in values)


def _most(answers: Iterable[bool]) -> bool:
    found = list(answers)
    return 2 * sum(found) > len(found)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _places(names: Sequence[str]) -> dict[str, list[int]]:
    """Genes of each name; "" is none."""
    found: dict[str, list[int]] = defaultdict(list)
    for gene, name in enumerate(names):
        if name:
            found[name].append(gene)
    return found


def _or(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
