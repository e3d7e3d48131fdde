"""Evaluation: the scores of methods on one section, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.evaluation.box_plot import draw_boxes
from napari_stentrans.export import beside, check_file
from napari_stentrans.export.files import target
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from napari_stentrans.evaluation.protocols import ProtocolName

FORMAT = 1
DIGITS = 4


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well methods did.

    Attributes
    ----------
    section, digest
        Name of the section and hash of its counts, names and positions.
    protocol
        What was hidden: "upsample", "lost" or "denoise".
    genes
        By gene: ``morans_i``, ``ceiling`` (the correlation that the noise in the counts allows
        at all) and whether the gene is ``spatially_variable``, measured on the whole section.
    pcc
        (gene, method) correlation of predicted with measured values, the mean over the seeds.
    runs
        One row for each method and seed: ``sites`` that were scored, what ``scores`` sums up,
        and ``seconds``.
    """

    section: str
    digest: str
    protocol: ProtocolName
    genes: pd.DataFrame
    pcc: pd.DataFrame
    runs: pd.DataFrame

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row for each method, the mean over the seeds.

        ``pcc_svg_median``, of the spatially variable genes; ``pcc_median`` and ``pcc_mean``, of
        all; ``of_ceiling_svg``, the share of the ceiling; ``nmse_median``, squared error over
        variance; ``z_spread``, standard deviation of (measured - predicted) / std, 1 where the
        uncertainty is right and NaN where there is none; ``seconds`` for one run. Where neighbours
        were given, ``neighbours_used`` is the share of them that were used, NaN for a method
        that was run without.
        """
        means = self.runs.drop(columns=["seed", "sites"]).groupby("method", sort=False).mean()
        return means.loc[list(self.pcc.columns)]

    def table(self) -> str:
        """``scores`` as text, with a line that says what was done."""
        seeds, sites = self.runs["seed"].nunique(), round(self.runs["sites"].mean())
        what = "scored" if self.protocol == "denoise" else "hidden"
        head = (
            f"{self.section}, protocol {self.protocol}: {some(len(self.genes), 'gene')}, of which "
            f"{int(self.genes['spatially_variable'].sum()):,} spatially variable (svg); "
            f"{some(sites, 'spot')} {what}, {some(seeds, 'seed')}"
        )
        scores = self.scores.rename_axis(None)
        body = scores.to_string(float_format=lambda v: f"{v:.3f}", na_rep="-")
        return f"{head}\n{body}"

    def to_json(self) -> str:
        """All of it as JSON; a value that is not known is null."""
        facts = {
            "format": FORMAT,
            "section": self.section,
            "digest": self.digest,
            "protocol": self.protocol,
            "scores": _rows(self.scores),
            "runs": json.loads(self.runs.round(DIGITS).to_json(orient="records")),
            "genes": _rows(self.genes.join(self.pcc.add_prefix("pcc "))),
        }
        return json.dumps(facts, indent=1) + "\n"

    def box_plot(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Draw the correlation of the spatially variable genes, a box for each method, as PNG.

        Raises
        ------
        WriteError
            When ``path`` does not end in .png, is there and may not be replaced, or cannot be
            written.
        """
        path = target(path)
        check_file(path, ".png", overwrite=overwrite)
        variable = self.genes["spatially_variable"].to_numpy(bool)
        boxes = {str(name): self.pcc.loc[variable, name].to_numpy() for name in self.pcc}
        ceiling = float(np.median(self.genes.loc[variable, "ceiling"]))
        title = f"{self.section}: {self.protocol}, {int(variable.sum()):,} spatially variable genes"
        figure = draw_boxes(boxes, title, "correlation with what was measured", ceiling)
        with beside(path) as fresh:
            figure.savefig(fresh, format="png", dpi=200, metadata={"Software": None})
        return path


def _rows(frame: pd.DataFrame) -> dict[str, Any]:
    rows: dict[str, Any] = json.loads(frame.round(DIGITS).to_json(orient="index"))
    return rows
