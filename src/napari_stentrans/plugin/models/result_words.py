"""What the result of a run is, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.export.colours import MOSTLY, ORIGIN_COLOURS
from napari_stentrans.plugin.models.run_words import beyond, differences
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.targets import TRUSTED_REACH, Provenance
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.damage import Damage
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.targets import Reach

MEANING = {
    "measured": "measured",
    "lost": "lost, filled",
    "unmeasured": "not measured, filled",
    "between": "between spots",
    "borrowed": "of these mostly from a neighbour",
    "extrapolated": "of these extrapolated",
}
PLAIN = {"kriging": "smooth map (kriging)"}
"""Plain words for methods whose names are terms."""


def describe(result: Enhancement) -> str:
    """Say what a run did, in a sentence or two."""
    config, counts = result.record.config, result.sites.counts()
    done = []
    filled = counts["lost"] + counts["unmeasured"]
    if filled:
        done.append(f"filled {some(filled, 'site')}")
    if counts["between"]:
        done.append(f"added {some(counts['between'], 'site')} between the spots")
    if config.denoise:
        done.append("denoised the measured spots")
    what = ", ".join(done) or "changed nothing"
    one = result.section.gene_label(result.genes[0]) if len(result.genes) == 1 else ""
    genes = one or f"{len(result.genes):,} genes"
    return (
        f"{plain(config.method).capitalize()} {what}: {genes} at "
        f"{some(len(result.sites), 'site')} in {result.record.seconds:.1f} s."
        f"{beyond(result.record)}"
    )


def remarks(result: Enhancement) -> str:
    """Say what came of the network and of the evidence in a run."""
    return f"{trusted(result.record.findings)} {result.record.evidence_in_words}".strip()


def plain(method: str) -> str:
    """Name of a method, a plain word first where the name is a term."""
    return PLAIN.get(method, method)


def apart(model: SectionModel) -> str:
    """Say by what the run shown differs from the one compared with, or the last one before it."""
    runs, shown = list(model.runs), model.runs.of(model.enhancement)
    if shown is None or len(runs) < 2:
        return ""
    at = runs.index(shown)
    other = model.runs.of(model.maps.against) or runs[at - 1 if at else 1]
    differs = differences(shown.enhancement.record, other.enhancement.record)
    return f" Beside {short(other.name)}: {differs or 'the same settings and paint'}."


def missing(model: SectionModel) -> str:
    """Say that the gene on the map is not part of the run shown, or of the one compared with."""
    said, gene = "", model.maps.label(model.gene)
    if not model.gene_is_enhanced:
        said = f" {gene} was not part of this run: run again to enhance it."
    if model.maps.lacking:
        left, _ = model.maps.sides(model.enhancement)
        said += f" {gene} was not part of {short(left)}: its map is blank."
    return said


def trusted(findings: dict[str, float]) -> str:
    """Say how far the network was trusted; nothing where it was in full, or took no part."""
    trust = findings.get("network_trust", 1)
    if trust > 0.95:
        return ""
    if trust < 0.05:
        return (
            "On hidden spots the smooth map (kriging) alone did about as well: the network was "
            "left out."
        )
    return f"Hidden spots say how far to follow the network: its correction counts by {trust:.0%}."


def extrapolated(result: Enhancement) -> str:
    """Warn of sites that are too far from what was measured; nothing where there are none."""
    said = too_far(result.reach)
    return f"⚠ {said} Their values are extrapolated, do not trust them." if said else ""


def too_far(reach: Reach) -> str:
    """Say how many places are too far from what was measured, of those that a run fills."""
    filled, far, between = reach
    parts = [f"{far:,} of {some(filled, 'site')}"] if far else []
    if between:
        parts.append(f"{between:,} between them" if far else f"{some(between, 'site')} in between")
    if not parts:
        return ""
    verb = "lies" if sum(reach[1:]) == 1 else "lie"
    all_in_all = f" ({far + between:,} in all)" if len(parts) > 1 else ""
    where = f"more than {TRUSTED_REACH:g} spots from any measured one"
    return f"{' and '.join(parts)}{all_in_all} {verb} {where}."


def legend(result: Enhancement) -> str:
    """Where values come from, as rich text: a coloured square, words and a number each."""
    share = result.borrowed
    counts = result.sites.counts() | {
        "borrowed": 0 if share is None else int((share > MOSTLY).sum()),
        "extrapolated": int(result.extrapolated.sum()),
    }
    rows = [(ORIGIN_COLOURS[label], MEANING[label], n) for label, n in counts.items()]
    return "&nbsp;&nbsp; ".join(
        f'<span style="color:{colour}">■</span>&nbsp;{text.replace(" ", "&nbsp;")}&nbsp;{n:,}'
        for colour, text, n in rows
        if n
    )


def marked_since(result: Enhancement, marked: LostMask | None) -> str:
    """Say that something is marked as lost which the run did not fill; else nothing."""
    if marked is None:
        return ""
    filled = result.sites.provenance[: result.sites.n_spots] == Provenance.LOST
    known = set(map(tuple, result.record.sites))
    sites = map(tuple, marked.sites.tolist())
    if (marked.lost & ~filled).any() or any(site not in known for site in sites):
        return "⚠ Marked since this run: run again to fill it."
    return ""


def taken_as_measured(result: Enhancement, damage: Damage | None) -> str:
    """Say how many spots look lost that the run took as measured; else nothing."""
    if damage is None or damage.section is not result.section:
        return ""
    n = int((damage.spots & result.sites.measured_spots).sum())
    if not n:
        return ""
    looks = some(n, "spot looks", "spots look")
    return f"⚠ {looks} lost, and this run took {'it' if n == 1 else 'them'} as measured."
