"""Session: a piece of work in one file, to be gone on with another day.

A ``.stentrans`` file is a zip of ``session.json``, ``lost.npy`` (the labels of the lost regions),
``regions.npy`` (the named region of each spot) and, for each run, ``run0.npz`` and so on: the
result as factors, or gene by gene where that is small; and ``quality0.json`` and so on where it
was checked how good it is. The section stays where it is; the file says where, and what its data
must be.
"""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from napari_stentrans.annotation import Annotation
from napari_stentrans.decoders import unpacked
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.export.files import beside, check_file, target
from napari_stentrans.paths import absolute
from napari_stentrans.reference.decoder import ReferenceDecoder, WithReference
from napari_stentrans.session_facts import SessionFacts
from napari_stentrans.targets import target_sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.record import RunRecord
    from napari_stentrans.record_facts import NeighbourPlace, PlacedImage
    from napari_stentrans.section import Section

ENDING = ".stentrans"
MOST_BYTES = 200_000_000
"""Results gene by gene that are larger are not stored, but made again."""


@dataclass(frozen=True, eq=False)
class Session:
    """A session that was read.

    Attributes
    ----------
    path
        The file.
    facts
        What it says.
    lost
        Labels (row, column) on the raster of the section; None where nothing was painted.
    annotation
        Named regions of its spots; None without any.
    """

    path: Path
    facts: SessionFacts
    lost: NDArray[np.uint8] | None
    annotation: Annotation | None = None

    @property
    def source(self) -> Path | None:
        """Where the section is now; None where it was moved."""
        near = [] if self.facts.beside is None else [self.path.parent / self.facts.beside]
        places = [Path(self.facts.source), *near]
        return next((place for place in places if place.exists()), None)

    @property
    def image(self) -> PlacedImage | None:
        """The tissue image that was laid below the spots, where its file is now."""
        facts, near = self.facts.image, self.facts.image_beside
        if facts is None or facts.path is None or near is None or Path(facts.path).exists():
            return facts
        return facts.model_copy(update={"path": str(self.path.parent / near)})

    @property
    def neighbours(self) -> tuple[NeighbourPlace, ...]:
        """Sections cut beside it, where their files are now."""
        near = self.facts.neighbours_beside
        return tuple(
            self._found(place, beside)
            for place, beside in zip_longest(self.facts.neighbours, near)
            if place is not None
        )

    def _found(self, place: NeighbourPlace, beside: str | None) -> NeighbourPlace:
        if place.source is None or beside is None or Path(place.source).exists():
            return place
        return place.model_copy(update={"source": str(self.path.parent / beside)})

    def check(self, section: Section) -> None:
        """Make sure that a section is the one of the session.

        Raises
        ------
        SectionError
            When its counts, names or positions are others.
        """
        if section.digest != self.facts.digest:
            raise SectionError(
                f"{section.source or section.name} does not hold the data of this session: it was "
                f"saved with the digest {self.facts.digest}, and these have {section.digest}. Open "
                f"{self.path.name} again and point to the right data, or open the data alone."
            )

    def quality(self, at: int) -> str | None:
        """How good the result of a run is, as it was written; None where that was not checked.

        Raises
        ------
        ReadError
            When the file is damaged.
        """
        name = f"quality{at}.json"
        try:
            with zipfile.ZipFile(self.path) as file:
                there = name in file.namelist()
                return file.read(name).decode("utf-8") if there else None
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise _damaged(self.path, error) from error

    def result(self, section: Section, at: int) -> Enhancement | None:
        """Result of a run; None where it was too large to be stored.

        Raises
        ------
        ReadError
            When the file is damaged.
        """
        run = self.facts.runs[at]
        if not run.stored:
            return None
        try:
            with zipfile.ZipFile(self.path) as file, file.open(f"run{at}.npz") as member:
                arrays = dict(np.load(io.BytesIO(member.read()), allow_pickle=False))
            return _unpacked(section, run.record, arrays)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise _damaged(self.path, error) from error


def write_session(
    path: Path,
    facts: SessionFacts,
    lost: NDArray[np.integer] | None,
    results: Sequence[Enhancement],
    qualities: Sequence[str | None] = (),
    *,
    overwrite: bool = False,
    most_bytes: int | None = None,
    annotation: Annotation | None = None,
) -> Path:
    """Write a session; what was there stays until the new file is whole.

    Parameters
    ----------
    path
        The file, ``*.stentrans``.
    facts
        What there is, without ``runs[...].stored`` and ``beside``, which are found here.
    lost
        Labels (row, column) of the lost regions, or None.
    results
        Of ``facts.runs``, in their order.
    qualities
        How good each of them is, as text that ``Session.quality`` gives back; None where that
        was not checked.
    overwrite
        Replace a file that is there.
    most_bytes
        Results gene by gene that are larger are made again when it is opened; ``MOST_BYTES``
        where not given.
    annotation
        Named regions of the spots.

    Raises
    ------
    WriteError
        When it cannot be written.
    """
    path = target(path)
    check_file(path, ENDING, overwrite=overwrite)
    most = MOST_BYTES if most_bytes is None else most_bytes
    packed = [_packed(result, most) for result in results]
    runs = tuple(
        run.model_copy(update={"stored": arrays is not None})
        for run, arrays in zip(facts.runs, packed, strict=True)
    )
    near = _seen_from(path.parent, facts.source)
    picture = None if facts.image is None else facts.image.path
    image_near = None if picture is None else _seen_from(path.parent, picture)
    named = () if annotation is None else annotation.names
    others = tuple(
        None if one.source is None else _seen_from(path.parent, one.source)
        for one in facts.neighbours
    )
    seen = {"runs": runs, "beside": near, "image_beside": image_near, "annotated": named}
    facts = facts.model_copy(update={**seen, "neighbours_beside": others})
    with beside(path) as fresh, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("session.json", facts.model_dump_json(indent=1))
        if lost is not None:
            file.writestr("lost.npy", _as_bytes(np.asarray(lost, np.uint8)))
        if annotation is not None:
            file.writestr("regions.npy", _as_bytes(annotation.codes))
        for at, arrays in enumerate(packed):
            if arrays is not None:
                buffer = io.BytesIO()
                np.savez(buffer, allow_pickle=False, **arrays)
                file.writestr(f"run{at}.npz", buffer.getvalue())
        for at, quality in enumerate(qualities):
            if quality is not None:
                file.writestr(f"quality{at}.json", quality)
    return path


def read_session(path: Path) -> Session:
    """Read a session, but not yet the results of its runs.

    Raises
    ------
    ReadError
        When the file is missing, damaged, or no session.
    """
    path = absolute(path)
    try:
        with zipfile.ZipFile(path) as file:
            facts = SessionFacts.model_validate_json(file.read("session.json"))
            lost, codes = (_array(file, f"{name}.npy") for name in ("lost", "regions"))
    except FileNotFoundError as error:
        raise ReadError(f"There is no session at {path}. It may have been moved.") from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the file"
        raise ReadError(
            f"'{path}' is not a session that this version can read ({where}: "
            f"{error.errors()[0]['msg']}). Update napari-stentrans, or open the data alone."
        ) from error
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error
    annotation = None if codes is None else Annotation(facts.annotated, codes)
    return Session(path, facts, lost, annotation)


def _array(file: zipfile.ZipFile, name: str) -> Any:
    """Array of a session; None where it has none of this name."""
    if name not in file.namelist():
        return None
    return np.load(io.BytesIO(file.read(name)), allow_pickle=False)


def _damaged(path: Path, error: Exception) -> ReadError:
    return ReadError(
        f"'{path}' is not a session of napari-stentrans, or is damaged ({error}). Give a "
        f"{ENDING} file that was saved here, or open the data alone."
    )


def _seen_from(folder: Path, source: str) -> str | None:
    """Path of the source from a folder, with slashes; None where they share no disk."""
    try:
        return Path(os.path.relpath(source, folder.resolve())).as_posix()
    except ValueError:
        return None


def _packed(result: Enhancement, most_bytes: int) -> dict[str, Any] | None:
    """Arrays that a result is made of; None where they are too large."""
    if result.decoder.nbytes > most_bytes:
        return None
    genes = np.array(result.measured_genes, str)
    borrowed = {} if result.borrowed is None else {"borrowed": result.borrowed}
    return {"totals": result.totals, "genes": genes, **borrowed, **result.decoder.arrays()}


def _unpacked(section: Section, record: RunRecord, arrays: dict[str, Any]) -> Enhancement:
    lost, config, extra, _ = record.inputs(section)
    sites = target_sites(section, lost | (section.totals <= 0), extra, config.upscale)
    if len(arrays["totals"]) != len(sites):
        raise ValueError(f"{len(arrays['totals'])} values for {len(sites)} sites")
    decoder = unpacked(pd.Index(arrays["genes"].astype(object)), arrays)
    if record.reference is not None:
        decoder = WithReference(decoder, ReferenceDecoder.of_arrays(arrays))
    return Enhancement(section, sites, decoder, arrays["totals"], record, arrays.get("borrowed"))


def _as_bytes(array: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
