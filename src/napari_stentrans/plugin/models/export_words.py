"""What an export will hold, and why it cannot be written, in words."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.plugin.models.export_request import KINDS, OF_RUNS
from napari_stentrans.plugin.models.paper import offered
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.export_request import ExportContext, What, WhichGenes
    from napari_stentrans.plugin.models.gene_names import Listed

BYTES_PER_VALUE = 12
"""Of a value, its expected count and its standard deviation in a file for analysis."""
WORTH_SAYING = 100_000_000
"""Bytes above which the size of a file is said before it is written."""
MOST_NAMED = 5
"""Genes that are named which are not in the result."""
NEEDS = {".sdata.zarr": "spatialdata"}
"""Packages that formats cannot do without, by ending."""


class Asked(NamedTuple):
    """What is chosen: what, in which format, and of which genes; ``text`` names "these"."""

    what: What
    ending: str
    which: WhichGenes
    text: str


def why_not(stock: ExportContext, asked: Asked, listed: Listed | None) -> str:
    """Why it cannot be written, in words; empty where it can.

    ``listed`` are its genes; None for all of the result.
    """
    kind = KINDS[asked.what]
    reason = stock.why_not(asked.what)
    if reason:
        return reason
    package = NEEDS.get(asked.ending)
    if package and find_spec(package) is None:
        return (
            f"This format needs the package {package}, which is not installed. Save as .h5ad "
            f'or .zarr, or close napari, run pip install "napari-stentrans[{package}]" and '
            "start it again."
        )
    if not kind.by_gene:
        return ""
    n, most = _n_genes(stock, listed), kind.most_genes
    if not n:
        return _no_genes(stock, asked, listed)
    if most is not None and n > most:
        what = "A figure shows" if asked.what in ("figure", "paper") else "This format holds"
        return f"{what} {some(most, 'gene')} at most, and these are {n:,}. Choose fewer genes."
    return ""


def about(stock: ExportContext | None, what: What, listed: Listed | None) -> str:
    """What will be in the file, and how large it becomes where that matters."""
    kind = KINDS[what]
    parts = [kind.about]
    if stock is not None and what == "paper":
        return " ".join(filter(None, (kind.about, _found(stock))))
    if stock is not None and kind.by_gene and stock.result is not None:
        n_sites, n = len(stock.result.sites), _n_genes(stock, listed)
        size = n * n_sites * BYTES_PER_VALUE
        large = ""
        if kind.most_genes is None and size > WORTH_SAYING:
            gb, mb = f"{size / 1e9:,.1f} GB", f"{size / 1e6:,.0f} MB"
            large = f", up to {gb if size >= 1e9 else mb}"
        parts.append(f"{some(n, 'gene')} at {some(n_sites, 'site')}{large}.")
        parts.append(_left_out(listed, "Not in the result, and left out: {}."))
    if what == "figure" and stock is not None and stock.section.um_per_px is None:
        parts.append("The scale bar is in pixels: how large one is was not in the data.")
    if what in OF_RUNS:
        parts.append("The settings of the run are written beside it (.run.json).")
    return " ".join(filter(None, parts))


def _found(stock: ExportContext) -> str:
    """What was found that can be part of a figure."""
    there = stock.found or len(offered(stock)) > 1
    return "" if there else "Nothing of that was found yet, so it shows genes alone."


def _no_genes(stock: ExportContext, asked: Asked, listed: Listed | None) -> str:
    if asked.which == "these" and not asked.text.strip():
        return "Write the names of genes, with commas between them."
    if asked.which == "shown":
        return f"{stock.label(stock.shown)} was not part of this run. Run again to enhance it."
    return f"None of these genes is in the result{_left_out(listed, ' ({})')}."


def _left_out(listed: Listed | None, said: str) -> str:
    left = () if listed is None else listed.unknown
    more = " …" if len(left) > MOST_NAMED else ""
    return said.format(", ".join(left[:MOST_NAMED]) + more) if left else ""


def _n_genes(stock: ExportContext, listed: Listed | None) -> int:
    if listed is not None:
        return len(listed.names)
    return len(stock.section.genes if stock.result is None else stock.result.genes)
