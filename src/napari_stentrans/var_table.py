"""What a result says of its genes: what the section says, symbols, and what is from a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandas.api.types import is_bool_dtype, is_object_dtype

if TYPE_CHECKING:
    import pandas as pd

    from napari_stentrans.section import Section

SYMBOL = "symbol"
"""Column of ``var`` for the symbols of genes that the file names by ids."""
NOT_COUNTS = (
    "Enhanced values are estimates, not counts: spots lend each other strength, so they are not "
    "independent. They are for maps and for looking, not for differential tests; test on the "
    "measured counts of the section."
)
"""What every exported result says of its values."""


def var_of(section: Section, genes: pd.Index, trust: pd.Series | None) -> pd.DataFrame:
    """Table of genes (gene,), for ``var`` of an AnnData that can be written.

    Parameters
    ----------
    trust
        Of the genes that a reference predicts, by name; None without a reference.
    """
    naming, at, var = section.naming, section.genes.get_indexer(genes), section.adata.var
    told = at < 0
    if told.any():
        kinds = var.dtypes
        var = var.reindex(genes)
        for column, kind in kinds.items():  # no file takes NaN among these
            if is_bool_dtype(kind):
                var[column] = var[column].astype("boolean")
            elif is_object_dtype(kind):
                var[column] = var[column].fillna("")
    else:
        var = var.iloc[at].copy()
    if naming.table is not None and any(naming.symbols) and SYMBOL not in var:
        var[SYMBOL] = ["" if gene < 0 else naming.symbols[gene] for gene in at]
    if trust is not None:
        var["from_reference"] = told
        var["trust"] = trust.reindex(genes).where(told).to_numpy(float)
    return var
