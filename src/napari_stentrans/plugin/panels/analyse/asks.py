"""Asks: what can be asked of a section or a result: a button for each analysis."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QSpinBox, QWidget

from napari_stentrans.cost import Work, estimate
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.plugin.jobs import analyses
from napari_stentrans.plugin.panels.analyse.sets_button import SetsButton
from napari_stentrans.plugin.widgets.make import choice, laid, offer
from napari_stentrans.plugin.widgets.panel import allow, button, called, in_rows, parting, row_of
from napari_stentrans.wording import roughly

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.plugin.jobs.analysing import Analysing
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.models.analyses import Found
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

REST = "the rest"
MOST = 30
"""Domains or patterns that can be asked for."""
NO_SECTION = "Open a section first"
BUSY = "Wait until what is being analysed has ended, or cancel it"
NO_REGIONS = "There are no named regions yet: find domains, or bring regions"
NO_SETS = "Choose gene sets first"
NO_LIST = "First compare regions, or find spatial genes or patterns"
AFTER = (
    "Ask also how well runs foretell spots that are hidden from them: two more runs, each of half "
    "of the spots"
)
NO_RESULT = "First run, and look at the result"
TIPS = {
    "domains": "Sort the tissue into domains by what its genes do together; they become regions",
    "compare": "Which genes differ between these regions, tested on measured counts",
    "spatial": "Which genes have a pattern in space, tested on measured counts",
    "patterns": "Sort genes by their maps into a handful of patterns",
    "regions": "Say what is in each region, and how much there is of the gene that is shown",
    "coherent": "Which gene sets have maps more alike than random sets, before and after a run",
    "pathways": "Draw a map of each gene set: where it is active",
    "enriched": "Which gene sets stand out in the genes that were listed last",
}


class Asks(QWidget):
    """Buttons of analyses, with what each needs to know; ``regions`` stand above the first.

    Attributes
    ----------
    begins
        Button of each analysis.
    """

    wanted = Signal(object)
    """(data, lost) -> steps of an analysis."""

    def __init__(self, context: Context, jobs: Analysing, regions: QWidget) -> None:
        super().__init__()
        self.setAccessibleName("analyses")
        self._annotation: Annotation | None = None
        self._listed: tuple[Found | None, str] = (None, "")
        self._gene = ""
        press: dict[str, tuple[str, Callable[[], None]]] = {
            "domains": ("Find domains", self._find_domains),
            "compare": ("Compare", self._compare),
            "spatial": ("Find spatial genes", self._find_spatial),
            "patterns": ("Find patterns", self._find_patterns),
            "regions": ("Describe regions", self._describe),
            "pathways": ("Draw maps", partial(self._of_sets, analyses.pathways)),
            "coherent": ("Go together", partial(self._of_sets, analyses.coherent)),
            "enriched": ("Enrichment", self._enrich),
        }
        self.begins = {
            kind: button(text, TIPS[kind], pressed) for kind, (text, pressed) in press.items()
        }
        self.after = called(QCheckBox("also after"), "spatial genes after enhancement", AFTER)
        self.n_domains, self.n_patterns = _how_many("domains"), _how_many("patterns")
        self.one = choice("region to compare", "The region that is looked at", least=6)
        self.other = choice("region to compare with", "What it is compared with", least=6)
        self.sets = SetsButton(context, jobs)
        begins = self.begins
        in_rows(
            self,
            regions,
            row_of(begins["domains"], self.n_domains),
            begins["regions"],
            laid(QHBoxLayout(), begins["compare"], (self.one, 1), (self.other, 1), spacing=6),
            parting(),
            row_of(begins["spatial"], self.after),
            row_of(begins["patterns"], self.n_patterns),
            row_of(self.sets, begins["pathways"]),
            row_of(begins["coherent"], begins["enriched"]),
            spacing=8,
        )

    def set_annotation(self, annotation: Annotation | None) -> None:
        """Offer regions to be described and compared."""
        self._annotation = annotation
        names = () if annotation is None else annotation.names
        offer(self.one, {name: name for name in names}, self.one.currentData())
        others = {name: f"and {name}" for name in (REST, *names)}
        offer(self.other, others, self.other.currentData())

    def set_listed(self, found: Found | None, row: str) -> None:
        """Take the analysis, and its row, in whose genes sets may stand out."""
        self._listed = found, row

    def set_data(self, data: Section | Enhancement | None, gene: str, *, busy: bool) -> None:
        """Allow what can be asked of this; ``gene`` is the one that is shown."""
        self._gene = gene
        here = data is not None
        regions, sets = self._annotation is not None, self.sets.value is not None
        asks = {
            "domains": (here, ""),
            "compare": (regions, NO_REGIONS),
            "spatial": (here, ""),
            "patterns": (here, ""),
            "regions": (regions, NO_REGIONS),
            "pathways": (sets, NO_SETS),
            "coherent": (sets, NO_SETS),
            "enriched": (sets and self._listed[0] is not None, NO_LIST if sets else NO_SETS),
        }
        for kind, (on, why) in asks.items():
            why = BUSY if busy else why if here else NO_SECTION
            allow(self.begins[kind], here and on and not busy, TIPS[kind], why)
        for part in (self.one, self.other):
            part.setEnabled(regions)
        result = isinstance(data, Enhancement)
        tip = f"{AFTER}: {_time_after(data)} here" if isinstance(data, Enhancement) else AFTER
        allow(self.after, result, tip, NO_RESULT)

    # ---- what is asked for

    def _want(self, work: Callable[[Any, Any], Steps[Found]]) -> None:
        self.wanted.emit(work)

    def _find_domains(self) -> None:
        n = self.n_domains.value() or None
        self._want(lambda data, lost: analyses.domains(data, lost, n))

    def _compare(self) -> None:
        annotation, one, other = self._annotation, self.one.currentData(), None
        if annotation is None:
            return
        if self.other.currentData() != REST:
            other = self.other.currentData()
        self._want(lambda data, lost: analyses.compare(data, lost, annotation, one, other))

    def _find_spatial(self) -> None:
        self._want(partial(analyses.spatial, after=self.after.isChecked()))

    def _describe(self) -> None:
        annotation, gene = self._annotation, self._gene
        if annotation is not None:
            self._want(lambda data, lost: analyses.described(data, lost, annotation, gene))

    def _find_patterns(self) -> None:
        n = self.n_patterns.value() or None
        self._want(lambda data, lost: analyses.patterns(data, lost, n))

    def _of_sets(self, work: Callable[..., Steps[Found]]) -> None:
        sets, where = self.sets.value, self.sets.python
        if sets is not None:
            self._want(lambda data, lost: work(data, lost, sets, where))

    def _enrich(self) -> None:
        sets, where, (shown, row) = self.sets.value, self.sets.python, self._listed
        if sets is not None and shown is not None:
            self._want(lambda data, lost: analyses.enriched(shown, row, sets, where))


def _time_after(result: Enhancement) -> str:
    """About how long the two runs take that the test after enhancement needs."""
    section, config = result.section, result.record.config
    each = Work.of(section, config.model_copy(update={"upscale": 1}), section.n_spots // 2)
    return roughly(2 * estimate(each).seconds)


def _how_many(what: str) -> QSpinBox:
    made = QSpinBox()
    made.setRange(0, MOST)
    made.setSpecialValueText("number: auto")
    made.setPrefix("number: ")
    tip = f"How many {what}; as many as both halves of the counts agree on, unless said"
    return called(made, f"how many {what}", tip)
