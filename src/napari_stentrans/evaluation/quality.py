"""Quality: how good the result of a run is, measured on the very section that it was made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_stentrans.errors import ReadError
from napari_stentrans.evaluation import Evaluation, evaluate_steps
from napari_stentrans.evaluation.protocols import subset
from napari_stentrans.evaluation.verdict import Verdict, verdicts
from napari_stentrans.export.table import save_table
from napari_stentrans.method_table import METHODS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.progress import Steps
    from napari_stentrans.record import RunRecord
    from napari_stentrans.section import Section

_FRAMES = ("genes", "pcc", "runs")
SEED = 0
DIGITS = 4


@dataclass(frozen=True, eq=False)
class Quality:
    """What a check of a result found.

    Attributes
    ----------
    evaluation
        Of the run's method and the yardstick, protocol "lost", one seed.
    method
        Name of the run's method.
    yardstick
        Name of the plain method that it is compared with.
    """

    evaluation: Evaluation
    method: str
    yardstick: str

    @cached_property
    def table(self) -> pd.DataFrame:
        """By gene: ``correlation`` at hidden spots, that of ``yardstick``, and the ``gain``."""
        pcc = self.evaluation.pcc
        table = pd.DataFrame(
            {"correlation": pcc[self.method], self.yardstick: pcc[self.yardstick]}, pcc.index
        )
        table["gain"] = table["correlation"] - table[self.yardstick]
        return table

    def verdict(self, gene: str) -> Verdict:
        """What hidden spots say of a gene of ``table``."""
        row = self.table.loc[gene]
        return Verdict(int(verdicts(row["correlation"], row[self.yardstick], self.hidden)))

    @property
    def verdicts(self) -> NDArray[np.int64]:
        """What hidden spots say of each gene of ``table``, as ``Verdict`` values (gene,)."""
        return verdicts(self.table["correlation"], self.table[self.yardstick], self.hidden)

    @property
    def hidden(self) -> int:
        """How many spots were hidden."""
        return int(self.evaluation.runs["sites"].iloc[0])

    @cached_property
    def ceiling(self) -> float:
        """Correlation that the noise in the counts allows a typical spatial gene."""
        genes = self.evaluation.genes
        return float(np.median(genes.loc[genes["spatially_variable"], "ceiling"]))

    def typical(self, method: str) -> float:
        """Correlation of a typical spatial gene: the median of the spatially variable ones."""
        return float(self.evaluation.scores.loc[method, "pcc_svg_median"])

    def facts(self) -> dict[str, Any]:
        """Sum it up for the run record."""
        scores = self.evaluation.scores[["pcc_svg_median", "pcc_median"]].round(DIGITS)
        return {
            "protocol": self.evaluation.protocol,
            "seed": SEED,
            "spots_hidden": self.hidden,
            "genes": len(self.evaluation.genes),
            "ceiling_svg_median": round(self.ceiling, DIGITS),
            "methods": {str(name): row.to_dict() for name, row in scores.iterrows()},
        }

    def to_json(self) -> str:
        """All of it as JSON; ``from_json`` gives it back."""
        names = ("section", "digest", "protocol")
        facts: dict[str, Any] = {name: getattr(self.evaluation, name) for name in names}
        facts |= {name: getattr(self.evaluation, name).to_dict("split") for name in _FRAMES}
        return json.dumps({"method": self.method, "yardstick": self.yardstick, **facts})

    @classmethod
    def from_json(cls, text: str) -> Quality:
        """Quality that ``to_json`` wrote.

        Raises
        ------
        ReadError
            When the text is something else.
        """
        try:
            facts = json.loads(text)
            method, yardstick = facts.pop("method"), facts.pop("yardstick")
            frames = {name: pd.DataFrame(**facts.pop(name)) for name in _FRAMES}
            return cls(Evaluation(**facts, **frames), method, yardstick)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ReadError(
                f"What a check had found cannot be read ({error}). Check the result again."
            ) from error

    def save_table(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write ``table`` as CSV.

        Raises
        ------
        WriteError
            When ``path`` does not end in .csv, is there and may not be replaced, or cannot be
            written.
        """
        return save_table(self.table.round(DIGITS), path, "gene", overwrite=overwrite)


def is_cheap(config: EnhanceConfig) -> bool:
    """Whether a check, which costs about one more run, is begun without being asked for."""
    return not METHODS[config.method].costly


def quality_steps(section: Section, record: RunRecord) -> Steps[Quality]:
    """Check the result of a run: hide a part of the spots that it used and predict them again.

    Spots that were lost in the run take no part, neither as what is seen nor as what is scored.

    Parameters
    ----------
    section
        The section of the run.
    record
        What went into the run; when it was asked for some genes, only those are scored.

    Raises
    ------
    SectionError
        When too few spots are left to hide a part of them, or the record is of another section.
    ConfigError
        When no gene is seen often enough.
    EnhancementFailed
        When a method cannot run on this section.
    """
    lost, config, _, damaged = record.inputs(section)
    method = config.method
    yardstick = "nearest" if method == "linear" else "linear"
    methods = {
        method: config.model_copy(update={"upscale": 1}),
        yardstick: config.model_copy(update={"upscale": 1, "method": yardstick}),
    }
    used = subset(section, ~lost) if lost.any() else section
    evaluation = yield from evaluate_steps(
        used, "lost", methods, seeds=1, genes=config.genes, image_damaged=damaged[~lost]
    )
    return Quality(evaluation, method, yardstick)
