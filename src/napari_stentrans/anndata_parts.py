"""AnnDataParts: counts, tables and positions, for as long as nobody needs an AnnData."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pandas.api.types import is_string_dtype

if TYPE_CHECKING:
    import anndata as ad
    import pandas as pd


class AnnDataParts:
    """Counts, names and positions of spots, with the names they have in an AnnData.

    To import anndata takes seconds, and most of what is asked of a section needs no AnnData.

    Parameters
    ----------
    X
        (spot, gene) counts, sparse.
    obs, var
        Tables of spots and of genes, whose index are their names.
    uns, obsm, varm
        As in an AnnData.

    Raises
    ------
    ValueError
        When they do not fit together; anndata says how.
    """

    layers: ClassVar[Mapping[str, Any]] = {}
    raw: ClassVar[Any] = None

    def __init__(
        self,
        X: Any,
        obs: pd.DataFrame,
        var: pd.DataFrame,
        *,
        uns: dict[str, Any] | None = None,
        obsm: dict[str, Any] | None = None,
        varm: dict[str, Any] | None = None,
    ) -> None:
        self.X, self.obs, self.var = X, obs, var
        self.uns, self.obsm, self.varm = uns or {}, obsm or {}, varm or {}
        if not self._is_plain():  # anndata mends it, or says what is wrong
            adata = self.adata
            self.X, self.obs, self.var = adata.X, adata.obs, adata.var
            self.obsm, self.varm = dict(adata.obsm), dict(adata.varm)

    @property
    def n_obs(self) -> int:
        """Number of spots."""
        return len(self.obs)

    @property
    def n_vars(self) -> int:
        """Number of genes."""
        return len(self.var)

    @property
    def obs_names(self) -> pd.Index:
        """Names of the spots."""
        return self.obs.index

    @property
    def var_names(self) -> pd.Index:
        """Names of the genes."""
        return self.var.index

    @cached_property
    def adata(self) -> ad.AnnData:
        """All of it as an AnnData, always the same one."""
        import anndata as ad

        return ad.AnnData(self.X, self.obs, self.var, uns=self.uns, obsm=self.obsm, varm=self.varm)

    @property
    def latest(self) -> ad.AnnData | AnnDataParts:
        """The AnnData once there is one, since it may have been changed; until then these parts."""
        return self.__dict__.get("adata", self)

    def _is_plain(self) -> bool:
        """Whether an AnnData would hold just these parts."""
        tables = (self.obs, self.var)
        sizes = (self.n_obs, self.n_vars)
        arrays = [(part, len(self.obs)) for part in self.obsm.values()]
        arrays += [(part, len(self.var)) for part in self.varm.values()]
        return (
            getattr(self.X, "shape", None) == sizes
            and all(is_string_dtype(table.index) for table in tables)
            and all(not len(t.columns) or is_string_dtype(t.columns) for t in tables)
            and all(
                isinstance(part, np.ndarray) and part.ndim > 1 and len(part) == n
                for part, n in arrays
            )
        )


class MadeWhenAsked:
    """The field ``adata`` of a section: where it was given a AnnDataParts, the AnnData of that."""

    def __get__(self, section: Any, owner: type) -> ad.AnnData:
        if section is None:
            raise AttributeError  # so that dataclass finds no default
        held = section.__dict__["adata"]
        return held.adata if isinstance(held, AnnDataParts) else held

    def __set__(self, section: Any, value: ad.AnnData | AnnDataParts) -> None:
        section.__dict__["adata"] = value


def branches(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Copy nested dictionaries; what they hold, such as images, is shared."""
    return {
        key: branches(part) if isinstance(part, Mapping) else part for key, part in tree.items()
    }


def run_record_of(uns: Mapping[str, Any]) -> str | None:
    """JSON of the run that wrote a file; None where none did."""
    kept = uns.get("stentrans")
    found = kept.get("record") if isinstance(kept, Mapping) else None
    return None if found is None else str(found)
