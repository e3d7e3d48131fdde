"""RunRecord: all that is needed to repeat a run and get the same numbers."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.record_facts import NeighbourFacts, PlacedImage, ReferenceFacts
from napari_stentrans.version import package_version
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.section import Section

FORMAT = 1
TISSUE_IMAGE = "the tissue image"
TWICE = 1.0
LEAST_OF_A_SHARE = 0.1
"""A correlation below it is so near 0 that no share of it is given."""


class RunRecord(BaseModel):
    """What went into a run; JSON both ways.

    Attributes
    ----------
    source
        Path that the section was read from, or None.
    chosen
        What was taken where the source holds several things, such as bin sizes.
    digest
        Hash of the section's counts, names and positions.
    config
        All settings.
    lost
        Barcodes of the lost spots.
    sites
        Extra sites (x, y), full-resolution pixels.
    image_damaged
        Barcodes of the spots where the tissue image is damaged.
    image_placed
        The tissue image that was looked at, where a person laid it below the spots.
    findings
        What the run found out: ``network_trust``, the share of the network's correction to
        kriging that was taken (method transformer). Of each kind of evidence, such as ``image``:
        ``image_used``, 0 or 1, and ``image_gain``, how much better it predicts hidden spots;
        how many were hidden at a time (``image_hidden``) and their mean correlation
        (``correlation_without_image``, ``correlation_with_image``, and the standard error of their
        difference, ``correlation_error_image``), as far as they were enough;
        ``image_blank``, 1 where it shows nothing, and ``image_elsewhere``, 1 where no spot lies
        on it or it cannot be read.
        Each neighbouring section is a kind of evidence, ``neighbour1`` and so on;
        ``borrowed_in_holes`` is the share that they add, of what is known of filled places.
    evidence
        What a person calls each kind of evidence that there was, by its name in ``findings``.
    neighbours
        Neighbouring sections that were given.
    reference
        Single cells that genes were predicted from, where there were any.
    quality
        How good the result is, where that was checked; of no account when the run is repeated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    source: str | None
    chosen: dict[str, str] = {}
    digest: str
    n_spots: int
    n_genes: int
    config: EnhanceConfig
    lost: tuple[str, ...]
    sites: tuple[tuple[float, float], ...]
    image_damaged: tuple[str, ...] = ()
    image_placed: PlacedImage | None = None
    started: str
    seconds: float
    versions: dict[str, str]
    findings: dict[str, float] = {}
    evidence: dict[str, str] = {}
    neighbours: tuple[NeighbourFacts, ...] = ()
    reference: ReferenceFacts | None = None
    quality: dict[str, Any] | None = None

    @classmethod
    def of(
        cls,
        section: Section,
        config: EnhanceConfig,
        lost: NDArray[np.bool_],
        sites: NDArray[np.float64],
        seconds: float,
        findings: dict[str, float] | None = None,
        image_damaged: NDArray[np.bool_] | None = None,
        evidence: dict[str, str] | None = None,
        neighbours: tuple[NeighbourFacts, ...] = (),
        reference: ReferenceFacts | None = None,
    ) -> RunRecord:
        """Write down a run that has just ended."""
        import torch

        barcodes = section.adata.obs_names
        return cls(
            source=None if section.source is None else str(section.source.resolve()),
            chosen=dict(section.chosen),
            digest=section.digest,
            n_spots=section.n_spots,
            n_genes=len(section.genes),
            config=config,
            lost=tuple(barcodes[lost]),
            sites=tuple((float(x), float(y)) for x, y in sites),
            image_damaged=() if image_damaged is None else tuple(barcodes[image_damaged]),
            image_placed=PlacedImage.of(section) if config.sees_image else None,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(seconds, 3),
            findings=findings or {},
            evidence=evidence or {},
            neighbours=neighbours,
            reference=reference,
            versions={
                "napari-stentrans": package_version(),
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": np.__version__,
            },
        )

    @classmethod
    def read(cls, path: str | Path) -> RunRecord:
        """Read a record from a JSON file.

        Raises
        ------
        ReadError
            When the file is missing or is not a run record.
        """
        try:
            return cls.model_validate_json(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ReadError(f"The run record {path} cannot be read: {error}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise ReadError(
                f"'{path}' is not a run record of napari-stentrans ({where}: {first['msg']}). "
                "Give the .run.json that was saved beside a result."
            ) from error

    @property
    def run_digest(self) -> str:
        """Hash of all that decides the numbers of the run: same inputs, same digest."""
        given = {
            "digest", "config", "lost", "sites", "image_damaged", "image_placed", "neighbours",
        }  # fmt: skip
        text = json.dumps(self.model_dump(mode="json", include=given), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def inputs(
        self, section: Section
    ) -> tuple[NDArray[np.bool_], EnhanceConfig, NDArray[np.float64], NDArray[np.bool_]]:
        """(lost, config, sites, image_damaged) to run again on the same section.

        Raises
        ------
        SectionError
            When the section is not the one of the record.
        """
        if section.digest != self.digest:
            raise SectionError(
                f"The record was made on a section of {some(self.n_spots, 'spot')} and "
                f"{some(self.n_genes, 'gene')} (digest {self.digest}); this one has "
                f"{some(section.n_spots, 'spot')} and {some(len(section.genes), 'gene')} "
                f"(digest {section.digest}). Give the same data."
            )
        names = section.adata.obs_names
        lost, damaged = (np.asarray(names.isin(given)) for given in (self.lost, self.image_damaged))
        return lost, self.config, np.array(self.sites, float).reshape(-1, 2), damaged

    @property
    def kinds(self) -> dict[str, str]:
        """Evidence that the run looked at: name in ``findings`` -> what a person calls it."""
        there = {"image": TISSUE_IMAGE, **self.evidence}  # older versions named the image only
        return {
            name: words
            for name, words in there.items()
            if any(found.startswith(f"{name}_") for found in self.findings)
        }

    @property
    def evidence_in_words(self) -> str:
        """What each kind of evidence was good for, in sentences; empty where there was none."""
        said = [_of_evidence(name, words, self.findings) for name, words in self.kinds.items()]
        if "borrowed_in_holes" in self.findings:
            share = self.findings["borrowed_in_holes"]
            said.append(
                f"Of what is known of the filled places, {share:.0%} is borrowed from neighbouring "
                f"sections and {1 - share:.0%} comes from the spots around."
            )
        if self.reference is not None:
            said.append(self.reference.in_words)
        return " ".join(said)

    @property
    def neighbours_in_words(self) -> str:
        """What neighbouring sections were good for, in sentences; empty without any."""
        kinds = {name: words for name, words in self.kinds.items() if name.startswith("neighbour")}
        return " ".join(_of_evidence(name, words, self.findings) for name, words in kinds.items())

    @property
    def image_in_words(self) -> str:
        """``evidence_in_words``, by the name that it had when there was only the image."""
        return self.evidence_in_words


def _of_evidence(name: str, words: str, found: dict[str, float]) -> str:
    words = words[:1].upper() + words[1:]
    if f"{name}_elsewhere" in found:
        return f"{words} was not used: no spot lies on it, or it cannot be read."
    if f"{name}_blank" in found:
        return f"{words} was not used: it is blank and shows nothing to go by."
    if f"{name}_gain" not in found:
        return (
            f"{words} was not used: there are too few spots to tell whether it helps "
            f"({found[f'{name}_hidden']:.0f} could be hidden to try)."
        )
    gain = found[f"{name}_gain"]
    if not found[f"{name}_used"]:
        return f"{words} was not used: it did not help on hidden spots."
    if f"correlation_without_{name}" not in found:  # a record of an older version
        much = f" {gain:.0%}" if gain < TWICE else ""
        return f"{words} predicts hidden spots{much} better here."
    before, after = (found[f"correlation_{way}_{name}"] for way in ("without", "with"))
    from_to = f"mean correlation {before:.2f} without it, {after:.2f} with it"
    if f"correlation_error_{name}" in found:
        from_to += f", ± {max(found[f'correlation_error_{name}'], 0.01):.2f}"
    # A percentage of what may be chance says nothing.
    chance = max(1 / math.sqrt(found[f"{name}_hidden"]), LEAST_OF_A_SHARE)
    much = f" {gain:.0%}" if before > chance else ""
    return f"{words} predicts hidden spots{much} better here ({from_to})."
