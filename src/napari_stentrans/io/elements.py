"""``read_elem`` as of anndata, which is not imported for what most files hold.

To import anndata takes seconds. What an HDF5 file says it holds is read here for the kinds below,
as the specification of the format tells; whatever else there is, is left to anndata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import pandas as pd
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Callable


def read_elem(node: Any) -> Any:
    """Read an element of an AnnData file or store, as ``anndata.io.read_elem`` does.

    Raises
    ------
    ValueError
        When anndata does not know its kind.
    """
    if isinstance(node, h5py.Dataset | h5py.Group):
        kind = tuple(node.attrs.get(f"encoding-{name}") for name in ("type", "version"))
        read = _READERS.get(kind)
        if read is not None:
            return read(node)
    from anndata._io.specs.registry import IORegistryError
    from anndata.io import read_elem as read_any

    try:
        return read_any(node)
    except IORegistryError as error:
        raise ValueError(str(error)) from error


def _sparse(node: h5py.Group, kind: type) -> Any:
    matrix = kind(tuple(int(n) for n in node.attrs["shape"]), dtype=node["data"].dtype)
    matrix.data, matrix.indices = node["data"][()], node["indices"][()]
    matrix.indptr = node["indptr"][()]
    return matrix


def _table(node: h5py.Group) -> pd.DataFrame:
    columns, index = list(node.attrs["column-order"]), node.attrs["_index"]
    table = pd.DataFrame(
        {name: read_elem(node[name]) for name in columns},
        index=read_elem(node[index]),
        columns=columns or None,
    )
    if index != "_index":
        table.index.name = index
    return table


def _categorical(node: h5py.Group) -> pd.Categorical:
    return pd.Categorical.from_codes(
        read_elem(node["codes"]),
        read_elem(node["categories"]),
        ordered=bool(node.attrs["ordered"]),
    )


_READERS: dict[tuple[Any, ...], Callable[[Any], Any]] = {
    ("dict", "0.1.0"): lambda node: {key: read_elem(part) for key, part in node.items()},
    ("array", "0.2.0"): lambda node: node[()],
    ("string-array", "0.2.0"): lambda node: node.asstr()[()],
    ("numeric-scalar", "0.2.0"): lambda node: node[()].item(),
    ("string", "0.2.0"): lambda node: node.asstr()[()],
    ("categorical", "0.2.0"): _categorical,
    ("dataframe", "0.2.0"): _table,
    ("csr_matrix", "0.1.0"): lambda node: _sparse(node, sp.csr_matrix),
    ("csc_matrix", "0.1.0"): lambda node: _sparse(node, sp.csc_matrix),
}
"""What reads an element, by its encoding and the version of that."""
