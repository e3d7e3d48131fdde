"""Facts of a run record: the picture, the neighbours and the reference that a run was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.section import Section

TRUSTED, HARDLY = 0.3, 0.05
"""Correlations with measurements from which a predicted gene is worth a look, and below which a
reference is no good; measurements are noisy, so that the truth is nearer."""


class PlacedImage(BaseModel):
    """A picture that a person laid below the spots.

    Attributes
    ----------
    path
        Its file; None where it was not read from one.
    affine
        (2, 3): its pixels (x, y), 0 at the centre of the first one, to full-resolution positions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None
    affine: tuple[tuple[float, float, float], tuple[float, float, float]]

    @classmethod
    def of(cls, section: Section) -> PlacedImage | None:
        """Write down the picture of a section; None where its image is no such."""
        placed = section.images[0].placed if section.images else None
        if placed is None:
            return None
        path = None if placed.path is None else str(placed.path.resolve())
        return cls(path=path, affine=placed.affine.tolist())


class NeighbourPlace(BaseModel):
    """A neighbouring section, and how it lies on the section.

    Attributes
    ----------
    source, chosen, digest
        As of the section of a run.
    name
        What it was called.
    lost
        Barcodes of its own spots that were not to be believed.
    alignment
        ``Alignment.to_json``: where its places lie on the section; empty where that is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None
    chosen: dict[str, str] = {}
    digest: str
    name: str
    lost: tuple[str, ...] = ()
    alignment: str


class NeighbourFacts(NeighbourPlace):
    """A neighbouring section of a run, and how it was laid on the section.

    Attributes
    ----------
    lies
        ``alignment`` in words, with how well it agrees.
    speaks_in_holes
        Share of what was filled of which it says something.
    """

    lies: str
    speaks_in_holes: float


class ReferenceFacts(BaseModel):
    """Single cells that genes were predicted from.

    Attributes
    ----------
    source, digest, name
        Where they were read from, a hash of those that were looked at, and what to call them.
    cell_type
        Column of ``obs`` that names their types, where one was given.
    cells
        How many were looked at, in words.
    shared, predicted
        Genes in common with the section, and those that only the reference has.
    reached
        Median correlation of shared genes, when they were held out, with their measurements.
    trusted
        Of the predicted genes, those of which a correlation of ``TRUSTED`` is expected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None
    digest: str
    name: str
    cell_type: str | None = None
    cells: str
    shared: int
    predicted: int
    reached: float
    trusted: int

    @property
    def in_words(self) -> str:
        """What the reference was good for, in a sentence or two."""
        said = (
            f"{some(self.predicted, 'gene')} predicted from {self.cells}; of {self.trusted:,} a "
            f"correlation of {TRUSTED} or more is to be expected. Shared genes that were held out "
            f"reach {self.reached:.2f} in the middle."
        )
        if self.reached < HARDLY:
            said += " The reference hardly fits this section: do not trust what is predicted."
        return said
