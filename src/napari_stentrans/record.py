"""RunRecord: all that is needed to repeat a run and get the same numbers."""

from __future__ import annotations

import hashlib
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.evidence_words import (
    RegionFacts,
    of_evidence,
    of_regions,
    of_what_is_borrowed,
)
from napari_stentrans.record_facts import NeighbourFacts, PlacedImage, ReferenceFacts
from napari_stentrans.version import package_version
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.section import Section

FORMAT = 1
TISSUE_IMAGE = "the tissue image"


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
    regions
        Lost regions and what they rest on, the largest first; only where neighbours were used.
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
    regions: tuple[RegionFacts, ...] = ()
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
        regions: tuple[RegionFacts, ...] = (),
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
            regions=regions,
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
        said = [
            *(of_evidence(name, words, self.findings) for name, words in self.kinds.items()),
            *of_what_is_borrowed(self.findings, self.evidence),
            *of_regions(self.regions, self.evidence),
        ]
        return " ".join(said if self.reference is None else [*said, self.reference.in_words])

    @property
    def neighbours_in_words(self) -> str:
        """What neighbouring sections were good for, in sentences; empty without any."""
        kinds = {name: words for name, words in self.kinds.items() if name.startswith("neighbour")}
        return " ".join(of_evidence(name, words, self.findings) for name, words in kinds.items())

    @property
    def image_in_words(self) -> str:
        """``evidence_in_words``, by the name that it had when there was only the image."""
        return self.evidence_in_words
