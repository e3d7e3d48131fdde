"""What ``session.json`` of a session says; every fact added since the first has a default."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.record import RunRecord
from napari_stentrans.record_facts import NeighbourPlace, PlacedImage


class RunFacts(BaseModel):
    """One run: its name, what went into it, and whether its result is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    record: RunRecord
    stored: bool = False


class LookFacts(BaseModel):
    """How values become colours: units, percentiles and colormap."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale: Literal["log", "linear"] = "log"
    low: float = 0.0
    high: float = 99.5
    colormap: str = "viridis"


class SessionFacts(BaseModel):
    """What ``session.json`` says.

    Attributes
    ----------
    source, beside
        Where the section was: as a whole, and seen from the folder of the session.
    image, image_beside
        A tissue image that was laid below the spots, and its file seen from that folder.
    chosen
        What was taken where the source holds several things.
    digest
        Hash of the section.
    title
        What the section was called; empty in sessions that do not say.
    annotated
        Names of the regions of an annotation; ``regions.npy`` says which spot lies in which.
    gene
        The gene that was shown.
    look
        How it was shown; None in sessions that do not say.
    favourites
        Genes with a star.
    mine
        A list of genes that was pasted, dropped or opened; None without any.
    listed
        Which list of genes was shown; empty in sessions that do not say.
    config, fill
        Settings of the form.
    regions
        Names of the lost regions by label.
    ignores_damage
        Whether what looks lost was to be left as it is.
    runs
        Runs that were kept.
    shown
        Which of them was shown; None for none.
    against
        Which of them it was compared with; None for the measured map.
    uncertainty
        Whose uncertainty was shown.
    neighbours, neighbours_beside
        Sections cut beside it, and the file of each as seen from the folder of the session.
    line, profiled
        Ends (x, y) of the line of the profile, full-resolution pixels, or None; and whether it
        was shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    source: str
    beside: str | None = None
    image: PlacedImage | None = None
    image_beside: str | None = None
    chosen: dict[str, str] = {}
    digest: str
    title: str = ""
    annotated: tuple[str, ...] = ()
    gene: str
    look: LookFacts | None = None
    favourites: tuple[str, ...] = ()
    mine: tuple[str, ...] | None = None
    listed: str = ""
    config: EnhanceConfig = EnhanceConfig()
    fill: bool = True
    regions: dict[int, str] = {}
    ignores_damage: bool = False
    runs: tuple[RunFacts, ...] = ()
    shown: int | None = None
    against: int | None = None
    uncertainty: Literal["estimate", "measurement"] = "estimate"
    line: tuple[tuple[float, float], tuple[float, float]] | None = None
    profiled: bool = False
    neighbours: tuple[NeighbourPlace, ...] = ()
    neighbours_beside: tuple[str | None, ...] = ()
