"""``stentrans info``: what a section holds, or what this machine is like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.cli.choose import add_choose
from napari_stentrans.damage import find_damage, is_quick
from napari_stentrans.errors import ConfigError
from napari_stentrans.image_fit import spots_on_images
from napari_stentrans.io import choices_of, read_section

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from napari_stentrans.section import Section


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.add_argument("path", type=Path, nargs="?", metavar="PATH", help="the section")
    add_choose(parser)
    parser.add_argument(
        "--system", action="store_true", help="versions, devices, screen and folders; no PATH"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    """Print facts about the section, or about the machine, in words or as JSON."""
    if arguments.system == (arguments.path is not None):
        raise ConfigError("Give either the PATH of a section, or --system.")
    if arguments.system:
        from napari_stentrans.cli.system import describe_system  # imports torch

        facts = describe_system()
    else:
        section = read_section(arguments.path, arguments.choose)
        facts = describe(section) | {"choices": _offers(arguments.path, section.chosen)}
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return
    if facts.get("spots_on_image") is not None:
        facts["spots_on_image"] = f"{facts['spots_on_image']:,} of {facts['spots']:,}"
    offers = facts.pop("choices", ())
    for name, value in facts.items():
        print(f"{name.replace('_', ' ') + ':':<25}{_in_words(value)}")
    for offer in offers:
        key, options = offer["key"], ", ".join(offer["options"])
        print(f"{key + ':':<25}{offer['chosen']}, of {options} (--choose {key}=VALUE)")


def _offers(path: Path, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """What there is to choose at a path, and what was taken."""
    facts = ("key", "label", "options", "default", "parts")
    return [
        {fact: getattr(choice, fact) for fact in facts} | {"chosen": chosen[choice.key]}
        for choice in choices_of(path)
    ]


def describe(section: Section) -> dict[str, Any]:
    """Facts about a section, as ``stentrans info --json`` prints them."""
    totals, low, high = section.totals, section.xy.min(0), section.xy.max(0)
    spacing_um = None if section.um_per_px is None else section.lattice.spacing * section.um_per_px
    return {
        "name": section.name,
        "spots": section.n_spots,
        "genes": len(section.genes),
        "lattice": section.lattice.kind,
        "spacing_px": round(section.lattice.spacing, 3),
        "spacing_um": None if spacing_um is None else round(spacing_um, 3),
        "x_range_px": [round(float(low[0]), 1), round(float(high[0]), 1)],
        "y_range_px": [round(float(low[1]), 1), round(float(high[1]), 1)],
        "median_counts_per_spot": round(float(np.median(totals)), 1),
        "median_genes_per_spot": float(np.median(np.diff(section.counts.tocsr().indptr))),
        "spots_without_counts": int((totals == 0).sum()),
        "looks_lost": _looks_lost(section),
        "filled_share": round(section.counts.nnz / np.prod(section.counts.shape), 4),
        "images": [image.name for image in section.images],
        "spots_on_image": spots_on_images(section),
        "raster_shape": list(section.raster.shape),
        "digest": section.digest,
        **_of_run(section),
    }


def _of_run(section: Section) -> dict[str, Any]:
    """What a result rests on, where the section is one and its record can be read."""
    if section.run_record is None:
        return {}
    from pydantic import ValidationError

    from napari_stentrans.record import RunRecord

    try:
        record = RunRecord.model_validate_json(section.run_record)
    except ValidationError:
        return {"rests_on": "the run record is of another version and cannot be read"}
    said = record.evidence_in_words
    return {"rests_on": said or "the measured spots around"}


def _looks_lost(section: Section) -> str:
    """Say in a line what looks lost; images that are slow to look at are left out."""
    quick = is_quick(section)
    found = find_damage(section, image=quick).in_words() or "nothing was found"
    return found if quick else f"{found} (the image is large and was not looked at)"


def _in_words(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(f"{v:,}" if isinstance(v, float) else str(v) for v in value) or "none"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
