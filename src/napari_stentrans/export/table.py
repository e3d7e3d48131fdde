"""Tables of chosen genes (``.csv``, ``.csv.gz``): one row per site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.progress import Progress, Steps

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.enhancement import Enhancement

SITES_AT_ONCE = 1024
DIGITS = "%.6g"


def write_steps(
    enhancement: Enhancement, path: Path, genes: list[str] | None, *, std: bool
) -> Steps[None]:
    """Write site, x, y (full-resolution pixels), provenance, and mean and std of each gene.

    Values are log-normalised; ``std`` is always part of it, empty where it is not known.
    """
    sites, names = enhancement.sites, enhancement.names(genes)
    ((_, mean, spread),) = enhancement.blocks(names)  # a table has no more genes than a block
    columns = [f"{name} {what}" for name in names for what in ("mean", "std")]
    n_sites = len(sites)
    for start in range(0, n_sites, SITES_AT_ONCE):
        yield Progress("writing sites", start, n_sites)
        at = slice(start, start + SITES_AT_ONCE)
        places = {
            "x": np.char.mod("%.10g", sites.xy[at, 0]),
            "y": np.char.mod("%.10g", sites.xy[at, 1]),
            "provenance": np.asarray(enhancement.provenance[at]),
        }
        values = np.stack([mean[at], spread[at]], axis=2).reshape(-1, len(columns))
        index = sites.names[at].rename("site")
        rows = pd.concat(
            [pd.DataFrame(places, index), pd.DataFrame(values, index, columns)], axis=1
        )
        rows.to_csv(path, mode="a", header=start == 0, float_format=DIGITS, lineterminator="\n")
