"""Sessions of the dock: what is saved of it, and how it is brought back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.evaluation.quality import Quality
from napari_stentrans.export import write_section
from napari_stentrans.io import chosen_then
from napari_stentrans.io._shared import warn
from napari_stentrans.io.masks import LostMask
from napari_stentrans.plugin.jobs.autosave import is_kept_data
from napari_stentrans.plugin.jobs.job import draw_ahead
from napari_stentrans.plugin.jobs.laying import restored_steps
from napari_stentrans.plugin.jobs.loading import read_steps
from napari_stentrans.plugin.layers.regions import Regions
from napari_stentrans.plugin.models.maps import COLORMAPS, Look
from napari_stentrans.plugin.models.section_model import RunRequest
from napari_stentrans.progress import Progress
from napari_stentrans.record_facts import PlacedImage
from napari_stentrans.session import write_session
from napari_stentrans.session_facts import LookFacts, RunFacts, SessionFacts

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.layers.images import FirstLook
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.app_model import AppModel
    from napari_stentrans.plugin.models.beside import Beside
    from napari_stentrans.plugin.models.runs import Run
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section
    from napari_stentrans.session import Session


@dataclass(frozen=True, eq=False)
class Reopened:
    """A session whose section was read."""

    session: Session
    look: FirstLook
    """Its section, to be shown."""
    beside: list[Beside]
    """Its neighbouring sections."""
    results: list[tuple[Enhancement | None, Quality | None]]
    """Of its runs, and how good they are; None for one to be made again, and one not checked."""


def facts_of(
    model: SectionModel, app: AppModel, config: EnhanceConfig, data: Path | None = None
) -> SessionFacts:
    """What a session says of a section, the settings ``config`` and the lists of genes.

    Not yet its digest, which takes long: ``Work.steps`` adds it. ``data`` is where a section that
    was read from no file will be.

    Raises
    ------
    SectionError
        When the section was not read from a file, and ``data`` is not given.
    """
    section, lists = model.section, app.lists
    source = section.source or data
    if source is None:
        raise SectionError(
            "This section was not read from a file, so that a session could not find it again. "
            "Save a result instead, or open the section from a file."
        )
    runs = list(model.runs)
    shown, against = (model.runs.of(of) for of in (model.enhancement, model.maps.against))
    return SessionFacts(
        source=str(source.resolve()),
        title=model.title,
        chosen=dict(section.chosen),
        image=PlacedImage.of(section),
        digest="",
        gene=model.gene,
        look=LookFacts(**vars(model.maps.look)),
        favourites=tuple(name for name in lists.kept.favourites if name in section.genes),
        mine=None if lists.mine is None else lists.mine.names,
        listed=lists.which,
        config=config,
        fill=app.settings.fill,
        regions={} if model.paint is None else model.paint.names,
        ignores_damage=model.ignores_damage,
        runs=tuple(RunFacts(name=run.name, record=run.enhancement.record) for run in runs),
        shown=None if shown is None else runs.index(shown),
        against=None if against is None else runs.index(against),
        uncertainty=model.maps.doubt,
        line=None if model.line is None else model.line.tolist(),
        profiled=model.profiled,
        neighbours=tuple(place for place in model.neighbours.places if place.source),
    )


@dataclass(frozen=True, eq=False)
class Work:
    """All that a session is written from, taken on the window's thread."""

    section: Section
    facts: SessionFacts
    """What the session says, but for the digest of the section."""
    lost: np.ndarray | None
    """Labels (row, column) of the lost regions; None without any."""
    annotation: Annotation | None
    runs: list[Run]

    @classmethod
    def of(cls, model: SectionModel, facts: SessionFacts) -> Work:
        labels = None if model.paint is None else model.paint.labels
        lost = None if labels is None else np.array(labels)
        runs = [replace(run) for run in model.runs]
        return cls(model.section, facts, lost, model.annotation, runs)

    def steps(self, path: Path, most_bytes: int | None = None) -> Steps[list[Path]]:
        """Write it, away from the window's thread; what is at ``path`` is replaced.

        The data of a section that was read from no file are written where the facts say.
        """
        yield Progress(f"writing {path.name}", 0, 1)
        source = Path(self.facts.source)
        if self.section.source is None and not source.exists():
            write_section(self.section, source)
        facts = self.facts.model_copy(update={"digest": self.section.digest})
        results = [run.enhancement for run in self.runs]
        texts = [None if run.quality is None else run.quality.to_json() for run in self.runs]
        written = write_session(
            path, facts, self.lost, results, texts,
            overwrite=True, most_bytes=most_bytes, annotation=self.annotation,
        )  # fmt: skip
        return [written]


def reopen_steps(session: Session, source: Path) -> Steps[Reopened]:
    """Read the section of a session, and the results of its runs."""
    chosen = chosen_then(source, session.facts.chosen)
    look = yield from read_steps(source, chosen, session.image)
    if is_kept_data(source, session.path):  # which will be gone
        look = replace(look, section=look.section.without_source(), origin=None)
    session.check(look.section)
    results: list[tuple[Enhancement | None, Quality | None]] = []
    for at, run in enumerate(session.facts.runs):
        yield Progress(f"reading {run.name}", at, len(session.facts.runs))
        result = session.result(look.section, at)
        if result is not None:
            draw_ahead(result)
        results.append((result, _quality(session, at)))
    beside = yield from restored_steps(look.section, session.neighbours)
    return Reopened(session, look, beside, results)


def _quality(session: Session, at: int) -> Quality | None:
    """How good a result is; what cannot be read is no reason to go without the result."""
    found = session.quality(at)
    try:
        return None if found is None else Quality.from_json(found)
    except ReadError as error:
        warn(str(error))
        return None


def bring_back_steps(
    layers: SectionLayers, opened: Reopened, app: AppModel
) -> Generator[None, None, list[RunRequest]]:
    """Put all as it was, with turns in between; returns the runs that have to be made again."""
    model, facts, again = layers.model, opened.session.facts, []
    model.ignores_damage = facts.ignores_damage
    layers.rename(facts.title)
    yield from _painting(layers, opened)
    if opened.session.annotation is not None:
        layers.annotate(opened.session.annotation)
        yield
    if facts.look is not None and facts.look.colormap in COLORMAPS:
        model.set_look(Look(**facts.look.model_dump()))
        yield
    model.neighbours.restore(opened.beside)
    model.maps.doubt = facts.uncertainty
    if facts.gene != model.gene:
        model.show_gene(facts.gene)
        yield
    app.settings.wanted.emit(facts.config, facts.fill, model.gene)
    shown = against = None
    for at, (run, (result, quality)) in enumerate(zip(facts.runs, opened.results, strict=True)):
        if result is None:
            lost, config, sites, damaged = run.record.inputs(model.section)
            mask, beside = LostMask(lost, sites), run.record.neighbours
            again.append(RunRequest(model, config, mask, run.name, damaged, beside))
            continue
        kept = model.runs.add(result, run.name)
        kept.quality = quality
        shown = kept if at == facts.shown or shown is None else shown
        against = result if at == facts.against else against
    yield
    if shown is not None:
        model.show_run(shown)
        yield
        model.compare_with(None if against is shown.enhancement else against)
        yield
    app.lists.restore(facts.favourites, facts.mine, facts.listed)
    model.line = None if facts.line is None else np.array(facts.line)
    if model.line is not None and facts.profiled:
        layers.show_line(model.line)
    return again


def _painting(layers: SectionLayers, opened: Reopened) -> Iterator[None]:
    """Paint the lost regions, and give them their names."""
    labels, names = opened.session.lost, opened.session.facts.regions
    if labels is None:
        return
    shape = layers.model.section.raster.shape
    if labels.shape != shape:
        raise SectionError(
            f"The lost regions of the session have the shape {labels.shape}, the map of this "
            f"section {shape}. They are left out; paint them again."
        )
    layers.paint.make()
    yield
    layers.paint.relabel(labels)
    yield
    features = {"index": list(names), "region": list(names.values())}
    layers.lost.features = pd.DataFrame(features)
    Regions(layers.lost)  # gives them their colours
    yield
