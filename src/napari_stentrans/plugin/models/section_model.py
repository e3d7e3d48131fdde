"""SectionModel: one section, what a person did with it, and what of it they look at."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal

from napari_stentrans.plugin.models.beside import NeighbourList
from napari_stentrans.plugin.models.gene_maps import GeneMaps
from napari_stentrans.plugin.models.runs import Run, Runs
from napari_stentrans.plugin.models.unsaved import Unsaved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.damage import Damage
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.io import LostMask
    from napari_stentrans.neighbours import Neighbour
    from napari_stentrans.plugin.models.analyses import Found, Kind
    from napari_stentrans.plugin.models.maps import Doubt, Limits, Look
    from napari_stentrans.plugin.models.paint import Paint
    from napari_stentrans.record_facts import NeighbourFacts
    from napari_stentrans.section import Section

View = Literal[
    "before", "after", "side_by_side", "swipe", "blink", "difference", "uncertainty", "provenance"
]
"""Ways to look at a section, one at a time."""


@dataclass(frozen=True)
class Scene:
    """All that decides what is drawn of a section, at one time; results are told by identity.

    Attributes
    ----------
    genes, kept
        Names of the maps that are drawn, and of those that stay when another is chosen.
    by_hand
        Contrast limits that a person set of these maps.
    doubt
        Whose uncertainty is shown.
    result, against
        The result, and what it is compared with; None for the section as measured.
    asked
        How often a result was asked for: one that was deleted in napari is drawn again.
    sides
        What both are called.
    """

    genes: tuple[str, ...]
    kept: tuple[str, ...]
    look: Look
    by_hand: frozenset[tuple[tuple[str, str, str], Limits]]
    doubt: Doubt
    result: Enhancement | None
    against: Enhancement | None
    asked: int
    sides: tuple[str, str]
    view: View


class SectionModel:
    """One section in the window. Neither Qt nor napari is known here.

    A method that changes what is drawn emits ``changing`` and then ``changed``; who draws compares
    the ``scene`` with the last and draws the difference.

    Attributes
    ----------
    origin
        Where the section was read from, and what else there was to choose; None where unknown.
    maps
        What is shown of the genes, which may be a sum over them or several at once, and how.
    runs
        Results that are kept, by name.
    preview_of
        Method whose result is awaited while a preview is shown, else empty.
    view, seen
        Way to look at the section; those that are seen, several where a person made several
        layers visible, the topmost first.
    annotation
        Named regions that were opened; None without any.
    paint
        Lost regions; None where nothing can be painted.
    damage
        What looks lost; None until that was looked for.
    ignores_damage
        Whether a person has said to leave that as it is.
    line
        Ends (2, 2) of the line of the profile, (x, y) in full-resolution pixels; None without one.
    profiled
        Whether the line and its profile are shown.
    found
        What analyses came to, the last of each kind.
    laid
        The picture that is being laid below the spots; None where there is none.
    neighbours
        Sections cut beside it, which runs are given.
    stopped
        Runs that came to nothing because the dock was closed, until that was said.
    removed
        Whether it was closed on purpose.
    unsaved
        What was done since it was opened, or last saved.
    in_change
        Whether a change is being drawn: what layers say meanwhile is not the last word.
    """

    changing = Signal()
    """Something is about to change: what a person did on the canvas is to be taken in."""
    changed = Signal()
    """Something else is to be drawn."""
    drawn = Signal()
    """Another gene is shown, or the same in other colours."""
    compared = Signal()
    """The section is looked at in another way, or compared with something else."""
    lined = Signal()
    """The line of the profile is to be shown."""
    lacking = Signal()
    """The enhanced map was deleted, though there is a result."""
    laidChanged = Signal()
    """A picture came, went or was taken as the tissue image."""

    def __init__(self, section: Section, gene: str = "", title: str = "") -> None:
        self.section, self.title = section, title or section.name
        self.origin: Any = None
        self.runs = Runs()
        self.runs.changed.connect(self._on_runs_changed)
        self.maps = GeneMaps(section, gene, self.runs)
        self.preview_of, self.in_change = "", False
        self._run: Run | None = None
        self._last: Run | None = None
        self._asked = 0
        self.view: View = "before"
        self.seen: tuple[View, ...] = ("before",)
        self.annotation: Annotation | None = None
        self.paint: Paint | None = None
        self.damage: Damage | None = None
        self.ignores_damage = False
        self.line: NDArray[np.float64] | None = None
        self.profiled = False
        self.found: dict[Kind, Found] = {}
        self.laid: Any = None
        self.neighbours = NeighbourList()
        self.removed = False
        self.stopped: list[RunRequest] = []
        self.unsaved = Unsaved(self)

    # ---- what is shown

    @property
    def gene(self) -> str:
        return self.maps.gene

    @property
    def run(self) -> Run | None:
        return None if self._run is None else self.runs.of(self._run.enhancement) or self._run

    @property
    def enhancement(self) -> Enhancement | None:
        return None if self._run is None else self._run.enhancement

    @property
    def quality(self) -> Quality | None:
        return None if self.run is None else self.run.quality

    @property
    def gene_is_enhanced(self) -> bool:
        return self.maps.result(self.enhancement) is not None

    @property
    def scene(self) -> Scene:
        maps = self.maps
        return Scene(
            maps.names,
            maps.kept,
            maps.look,
            maps.by_hand,
            maps.doubt,
            self.enhancement,
            maps.against,
            self._asked,
            maps.sides(self.enhancement),
            self.view,
        )

    @contextmanager
    def _change(self) -> Iterator[None]:
        self.changing.emit()
        yield
        outer, self.in_change = self.in_change, True
        try:
            self.changed.emit()
        finally:
            self.in_change = outer

    # ---- genes

    def show_gene(self, name: str) -> None:
        """Show a map, by its name or a gene id, in every layer; blank where the result lacks it.

        GeneNotFound when the section has no such gene; what is shown stays.
        """
        with self._change():
            self.maps.show(name)

    def lay_over(self, names: Sequence[str]) -> None:
        with self._change():
            self.maps.keep(names)

    def set_look(self, look: Look) -> None:
        with self._change():
            self.maps.set_look(look)

    def follow_values(self) -> None:
        with self._change():
            self.maps.follow_values()

    def set_doubt(self, whose: Doubt) -> None:
        with self._change():
            self.maps.doubt = whose

    # ---- ways to look at them

    def choose_view(self, view: View) -> None:
        """Look at the section in another way; what there is nothing for leaves it as it was."""
        with self._change():
            self.view = view

    def see(self, *seen: View) -> None:
        """Take in how the canvas shows the section, which a person may change in napari too."""
        view = seen[0] if seen else "before"
        if (view, seen) != (self.view, self.seen):
            self.view, self.seen = view, seen
            self.compared.emit()

    def compare_with(self, result: Enhancement | None) -> None:
        """Compare the result that is shown with another; None: with what was measured."""
        if result is not self.maps.against:
            with self._change():
                self.maps.against = result

    # ---- results

    def show_enhancement(self, result: Enhancement) -> None:
        self.show_run(self.runs.of(result) or Run("", result))

    def show_preview(self, result: Enhancement, preview_of: str) -> None:
        """Show a first result until the one of the method ``preview_of`` comes."""
        self.show_run(Run("", result), preview_of)

    def show_run(self, run: Run, preview_of: str = "") -> None:
        """Show the result of a run; compared with it, the one shown until now changes places."""
        with self._change():
            if run.enhancement is self.maps.against:
                kept = self.runs.of(self.enhancement)
                self.maps.against = None if kept is None else kept.enhancement
            self._last = self.run if preview_of else None
            self._run, self.preview_of = run, preview_of
            self._asked += 1

    def drop_preview(self) -> None:
        """Show again what was shown before the preview; nothing happens where there is none."""
        if self.preview_of:
            self.clear() if self._last is None else self.show_run(self._last)

    def delete_run(self, run: Run) -> None:
        """Let go of a run; where it is shown, the one next to it in the list takes its place."""
        left = self.runs.remove(run)
        if self._last is run:
            self._last = left
        if self.enhancement is run.enhancement:
            self.clear() if left is None else self.show_run(left)

    def restore_run(self, run: Run, at: int, against: Enhancement | None = None) -> None:
        """Take back a run that was let go of, show it, and compare it again with what it was."""
        self.runs.insert(at, run)
        self.show_run(run)
        if self.runs.of(against) is not None:
            self.compare_with(against)

    def clear(self) -> None:
        with self._change():
            self.maps.against = None
            self._run, self.preview_of, self._last = None, "", None
            self._asked += 1

    def _on_runs_changed(self) -> None:
        """Go on with the measured map where the run compared with is gone; follow new names."""
        against = self.maps.against
        if against is not None:
            with self._change():
                self.maps.against = None if self.runs.of(against) is None else against

    # ---- the section itself

    def set_section(self, section: Section) -> None:
        self.section = self.maps.section = section

    def annotate(self, annotation: Annotation) -> None:
        annotation.write(self.section)
        self.annotation = annotation


@dataclass(frozen=True, eq=False)
class RunRequest:
    """A run to be made, with settings and what is lost as they were when it was asked for.

    It is named by its settings where the name is empty; ``damaged`` (spot,) is True where the image
    is not to be looked at. ``neighbours`` are as they lie, or those of the record of a run that is
    made again.
    """

    model: SectionModel
    config: EnhanceConfig
    mask: LostMask
    name: str = ""
    damaged: NDArray[np.bool_] | None = None
    neighbours: tuple[Neighbour | NeighbourFacts, ...] = ()
