"""What went into a run, in words: its name, its tooltip, and what tells it from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.record import TISSUE_IMAGE
from napari_stentrans.settings import flat
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.record import RunRecord
    from napari_stentrans.settings import Setting


class Trait(NamedTuple):
    """One of the things that may tell two runs apart.

    Attributes
    ----------
    value
        Two runs are alike in it where this is equal.
    words
        What it is, shortly; runs that differ may have the same words.
    named
        Whether it is always part of the name; else only where a run is alike in all others.
    """

    value: object
    words: str
    named: bool


MOST_NAMED = 2
"""Neighbouring sections that are named."""
SAYS: dict[str, Callable[..., str]] = {
    "method": str,
    "upscale": "{}×".format,
    "denoise": lambda on: "denoised" if on else "not denoised",
    "genes": lambda genes: (
        "all genes" if genes is None else genes[0] if len(genes) == 1 else f"{len(genes)} genes"
    ),
    "device": lambda device: "any device" if device == "auto" else f"on {device}",
    "factors": lambda n: "factors by the method" if n is None else some(n, "factor"),
    "neighbours": "{} neighbours".format,
    "image": lambda image: "no image" if image == "off" else "image where it helps",
    "features": lambda key: "no features" if key is None else f"features {key}",
}
"""How settings are said that are not said by their name and value."""


def traits(record: RunRecord) -> dict[str, Trait]:
    """All that may tell a run from others of its section, by name."""
    return _settings(record.config) | _circumstances(record)


def in_words(config: EnhanceConfig) -> str:
    """Settings of a run that are not as they begin, shortly: "transformer, 2×, seed 3"."""
    return ", ".join(trait.words for trait in _settings(config).values() if trait.named)


def facts(record: RunRecord) -> str:
    """Settings of a run that are not as they begin, and what else went into it, as a sentence."""
    filled = [f"{some(len(record.lost), 'lost spot')} filled"] * bool(record.lost)
    filled += [f"{some(len(record.sites), 'unmeasured site')} filled"] * bool(record.sites)
    said = [in_words(record.config), *(filled or ["nothing was lost"])]
    if record.image_damaged:
        said.append(f"the image is damaged at {some(len(record.image_damaged), 'spot')}")
    if record.image_placed is not None:
        said.append("the image was laid by hand")
    if record.neighbours:
        said.append(_beside(record))
    if record.reference is not None:
        said.append(_told_by(record))
    return "; ".join(said)


def beyond(record: RunRecord) -> str:
    """Say what went into a run and is not seen in its result; nothing where there is nothing."""
    seen = ("method", "upscale", "denoise", "genes")
    found = _settings(record.config).items()
    said = [trait.words for name, trait in found if trait.named and name not in seen]
    if record.image_damaged:
        said.append(f"the image not believed at {some(len(record.image_damaged), 'spot')}")
    if record.image_placed is not None:
        said.append("the image laid by hand")
    if record.neighbours:
        said.append(_beside(record))
    if record.reference is not None:
        said.append(_told_by(record))
    return f" With {', '.join(said)}." if said else ""


def name_of(record: RunRecord, others: Iterable[RunRecord]) -> str:
    """Words by which a run differs from all others that differ from it.

    Settings come first. Where another run has the same, the first other thing is said by which they
    differ. Where two runs have the same words for different things, such as other spots, the later
    one is said to have another set of them.
    """
    others = list(others)
    mine, theirs = traits(record), [traits(other) for other in others]
    named = [name for name, trait in mine.items() if trait.named]
    for other, its in zip(others, theirs, strict=True):
        differs = [name for name, trait in mine.items() if trait.value != its[name].value]
        if other.config == record.config and not set(differs) & set(named):
            named += differs[:1]
    return ", ".join(_told_apart(name, mine[name], theirs) for name in named)


def differences(record: RunRecord, other: RunRecord) -> str:
    """Say by what a run differs from another one; nothing where by nothing."""
    said = []
    theirs = traits(other)
    for name, trait in traits(record).items():
        there = theirs[name]
        if trait.value != there.value:
            same = trait.words == there.words
            said.append(f"{trait.words} ({'others there' if same else f'there {there.words}'})")
    return ", ".join(said)


def _settings(config: EnhanceConfig) -> dict[str, Trait]:
    found = {}
    for setting, value in flat(config):
        named = setting.name == "method" or value != setting.default
        found[setting.name] = Trait(value, _say(setting, value), named)
    return found


def _circumstances(record: RunRecord) -> dict[str, Trait]:
    """What else went into a run, which is said where its settings do not tell it from others."""
    n, seen = len(record.lost) + len(record.sites), _evidence(record)
    damaged, placed = len(record.image_damaged), record.image_placed
    made_by = record.versions.get("napari-stentrans", "unknown")
    found: dict[str, tuple[object, str]] = {
        "image used": (seen, seen),
        "lost": (
            (frozenset(record.lost), frozenset(record.sites)),
            f"{n:,} lost" if n else "nothing lost",
        ),
        "beside": (
            tuple((one.digest, one.lost, one.alignment) for one in record.neighbours),
            _beside(record),
        ),
        "reference": (
            record.reference and (record.reference.digest, record.reference.cell_type),
            _told_by(record),
        ),
        "damaged": (
            frozenset(record.image_damaged),
            f"image damaged at {some(damaged, 'spot')}" if damaged else "image nowhere damaged",
        ),
        "placed": (placed, "image of the section" if placed is None else "image laid by hand"),
        "versions": (tuple(sorted(record.versions.items())), f"version {made_by}"),
    }
    return {name: Trait(value, says, named=False) for name, (value, says) in found.items()}


def _beside(record: RunRecord) -> str:
    """Which neighbouring sections were given."""
    names = [one.name for one in record.neighbours]
    if len(names) > MOST_NAMED:
        return f"{len(names)} neighbouring sections"
    return f"neighbour {' and '.join(names)}" if names else "no neighbouring section"


def _told_by(record: RunRecord) -> str:
    """Which single cells were given."""
    cells = record.reference
    return "no reference" if cells is None else f"genes of {cells.name}"


def _say(setting: Setting, value: object) -> str:
    if setting.name in SAYS:
        return SAYS[setting.name](value)
    plain = setting.name.replace("_", " ")
    if isinstance(value, bool):
        return plain if value else f"not {plain}"
    return f"{plain} {setting.word(None) if value is None else value}"


def _evidence(record: RunRecord) -> str:
    found, said = record.findings, []
    for name, words in record.kinds.items():
        short = "image" if words == TISSUE_IMAGE else words
        blank = f"{short} blank" if f"{name}_blank" in found else f"{short} not used"
        said.append(short if found.get(f"{name}_used") else blank)
    return ", ".join(said) or "no image seen"


def _told_apart(name: str, mine: Trait, theirs: list[dict[str, Trait]]) -> str:
    """Words for a trait, with a number where other runs have the same words for other things."""
    seen = [of[name].value for of in theirs if of[name].words == mine.words]
    values = list(dict.fromkeys([*seen, mine.value]))
    at = values.index(mine.value) + 1
    return mine.words if at == 1 else f"{mine.words} (set {at})"
