"""Whether the map of a gene is to be trusted, as far as a check of its run says."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from napari_stentrans.evaluation.verdict import Verdict, noise
from napari_stentrans.factors import SEEN
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.record import RunRecord


class Trust(Enum):
    """How far a map is to be trusted, in words."""

    TRUST = "Trust"
    CARE = "With care"
    DO_NOT = "Do not trust"
    UNKNOWN = "Not checked yet"


OF_VERDICT = {
    Verdict.BETTER: Trust.TRUST,
    Verdict.NO_BETTER: Trust.CARE,
    Verdict.HARDLY_PREDICTABLE: Trust.DO_NOT,
}
MEANING = {
    Trust.TRUST: "on hidden spots the map was better than plain interpolation, by more than chance",
    Trust.CARE: "on hidden spots plain interpolation did as well, or nearly: what the map adds is "
    "not shown to be right",
    Trust.DO_NOT: "on hidden spots the map hardly predicted this gene: it says little, or is wrong",
    Trust.UNKNOWN: "nothing is known of this gene here",
}
"""What is meant by each."""
DOUBTS = {
    Verdict.HARDLY_PREDICTABLE: "hardly predicted here",
    Verdict.NO_BETTER: "no better than the plain method, or not clearly",
}


def trust(model: SectionModel) -> Trust:
    """How far the map of the gene that is shown is to be trusted."""
    quality = None if model.preview_of else model.quality
    if quality is None or model.gene not in quality.table.index:
        return Trust.UNKNOWN
    return OF_VERDICT[quality.verdict(model.gene)]


def about_gene(quality: Quality, gene: str, *, in_run: bool = True, called: str = "") -> str:
    """How good one gene is, in a sentence.

    ``in_run`` says whether the run enhanced it, ``called`` what to call it.
    """
    called = called or gene
    if gene not in quality.table.index:
        seldom = f"it is seen in {SEEN:.0%} of the spots or fewer"
        return f"{called} was not checked: {seldom if in_run else 'it was not part of the run'}."
    row, name = quality.table.loc[gene], f"{quality.yardstick} interpolation"
    ours, plain = row["correlation"], row[quality.yardstick]
    says = figures(ours, plain, quality.yardstick)
    found = quality.verdict(gene)
    if found is Verdict.BETTER:
        return f"{called}: better than {name} here ({says})."
    if found is Verdict.HARDLY_PREDICTABLE:
        instead = plain - ours > float(noise(plain, quality.hidden))
        better = f"; {name} does better" if instead else ""
        return f"{called}: hardly predicted here{better} ({says})."
    if ours <= plain:
        return f"{called}: no better than {name} here ({says})."
    says += f"; up to {float(noise(ours, quality.hidden)):.2f} may be chance"
    return f"{called}: not clearly better than {name} here ({says})."


def of_all(quality: Quality, called: Callable[[str], str] = str) -> str:
    """How good a result is, in two sentences; ``called`` says what to call a gene."""
    genes = quality.evaluation.genes
    whose = called(str(genes.index[0])) if len(genes) == 1 else "A typical spatial gene"
    ours, plain = quality.typical(quality.method), quality.typical(quality.yardstick)
    return (
        f"{whose}: {figures(ours, plain, quality.yardstick)}, with what was measured at "
        f"{some(quality.hidden, 'spot')} that {'was' if quality.hidden == 1 else 'were'} hidden. "
        f"Noise in the counts allows {quality.ceiling:.2f}."
    )


def with_neighbours(record: RunRecord, *, checked: bool) -> str:
    """What neighbouring sections were good for in a run; nothing without any."""
    said = record.neighbours_in_words
    without = " The check was made without them." if said and checked else ""
    return f"{said}{without}"


def figures(ours: float, plain: float, yardstick: str) -> str:
    """Say correlations with what was measured at hidden spots, everywhere in the same way."""
    return f"correlation {ours:.2f}, {yardstick} {plain:.2f}"


def how_many(marks: NDArray[np.object_]) -> str:
    """Say how many genes are doubtful."""
    n = int((marks != "").sum())
    return f"{n:,} of {some(len(marks), 'gene')} {'is' if n == 1 else 'are'} doubtful (⚠)."
