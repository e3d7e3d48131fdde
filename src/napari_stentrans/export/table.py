"""Tables of chosen genes (``.csv``, ``.csv.gz``): one row per site."""

from __future__ import annotations

import csv
import gzip
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from napari_stentrans.export.files import beside, check_file, target
from napari_stentrans.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from napari_stentrans.enhancement import Enhancement

OF_A_GENE = ("mean", "std", "measurement std")
SITES_AT_ONCE = 1024
LEVEL = 6
"""Of compression: 9 takes three times as long for nothing."""


def write_steps(
    enhancement: Enhancement, path: Path, genes: list[str] | None, *, std: bool
) -> Steps[None]:
    """Write site, x, y (full-resolution pixels), provenance, and the values of each gene.

    Values are log-normalised: mean, standard deviation of that estimate, and that of a new
    measurement. ``std`` is always part of it, empty where it is not known.
    """
    sites, names = enhancement.sites, enhancement.names(genes)
    ((_, mean, spread),) = enhancement.blocks(names)  # a table has no more genes than a block
    scatter = np.where(np.isnan(spread), np.nan, enhancement.predictive_std(names))
    columns = [f"{name} {what}" for name in names for what in OF_A_GENE]
    numbers = ",".join(["%.6g"] * len(columns))
    with _open(path) as file:
        rows = csv.writer(file, lineterminator="")
        rows.writerow(("site", "x", "y", "provenance", *columns))
        for site, (name, (x, y), label) in enumerate(
            zip(sites.names, sites.xy, enhancement.provenance, strict=True)
        ):
            if site % SITES_AT_ONCE == 0:
                yield Progress("writing sites", site, len(sites))
            values = np.column_stack([mean[site], spread[site], scatter[site]]).ravel()
            file.write("\n")
            rows.writerow((name, f"{x:.10g}", f"{y:.10g}", label))
            # The csv module would take ten times as long for numbers.
            file.write("," + (numbers % tuple(values.tolist())).replace("nan", ""))
        file.write("\n")


def save_table(
    table: pd.DataFrame, path: str | Path, label: str, *, overwrite: bool = False
) -> Path:
    """Write a table as CSV, its index in a first column of the name ``label``.

    Raises
    ------
    WriteError
        When ``path`` does not end in .csv, is there and may not be replaced, or cannot be written.
    """
    path = target(path)
    check_file(path, ".csv", overwrite=overwrite)
    with beside(path) as fresh:
        table.to_csv(fresh, index_label=label, float_format="%.6g")
    return path


@contextmanager
def _open(path: Path) -> Iterator[IO[str]]:
    if path.suffix.lower() == ".gz":
        with gzip.open(path, "wt", LEVEL, encoding="utf-8", newline="") as file:
            yield cast("IO[str]", file)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
