"""Text that repeats a run: a Python script, or a command line."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ConfigError
from napari_stentrans.settings import flat, nested

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.record import RunRecord
    from napari_stentrans.record_facts import NeighbourFacts, PlacedImage, ReferenceFacts
    from napari_stentrans.settings import Setting

OUTPUT = "enhanced.h5ad"
REFERENCE, NEIGHBOUR = "reference", "neighbouring section"


def as_python(record: RunRecord) -> str:
    """Write a script that repeats a run and saves its result as ``enhanced.h5ad``.

    Raises
    ------
    ConfigError
        When the record does not say where the section was.
    """
    source = _source(record)
    imports, config = _config(record.config)
    imports |= {"enhance", "read_section"}
    chosen = f", {record.chosen!r}" if record.chosen else ""
    lines = [f"section = read_section({source!r}{chosen})"]
    if record.image_placed is not None:
        lines += _with_image(record.image_placed)
        imports.add("with_image")
    arguments = ["section", "None", config]
    if record.lost:
        lines += _spots("lost", "mask", record.lost)
        arguments[1] = "mask"
    if record.sites:
        lines += _listed("sites", [repr(tuple(xy)) for xy in record.sites])
        arguments.append("sites")
    if record.image_damaged:
        lines += _spots("damaged", "damaged", record.image_damaged)
        arguments.append("image_damaged=damaged")
    if record.neighbours:
        lines += _neighbours(record.neighbours)
        imports |= {"Alignment", "Neighbour"}
        arguments.append("neighbours=neighbours")
    if record.reference is not None:
        lines.append(_reference(record.reference, record.config.seed))
        imports.add("read_cells")
        arguments.append("reference=cells")
    head = [
        f"from napari_stentrans import {', '.join(sorted(imports))}",
        "from napari_stentrans.export import save",
        "",
    ]
    lines.append(f"result = enhance({', '.join(arguments)})")
    lines.append(f"save(result, {OUTPUT!r})")
    return "\n".join([*head, *lines]) + "\n"


def as_command(record: RunRecord, saved: Path | None = None) -> str:
    """Write a command line that repeats a run; from its record where that was saved.

    Raises
    ------
    ConfigError
        When the options of the command line do not say it all, and no record was saved; or when
        the record does not say where the section was.
    """
    if saved is not None and record.source is not None:
        return shlex.join(["stentrans", "enhance", "--record", str(saved), "-o", OUTPUT])
    words = ["stentrans", "enhance", _source(record)]
    changed = _changed(record.config)
    beyond = sorted(setting.name for setting, _ in changed if not setting.shown.option)
    if record.lost or record.sites or record.image_damaged:
        beyond.append("painted regions")
    if any(one.lost or one.chosen or _is_laid_by_hand(one) for one in record.neighbours):
        beyond.append("how a neighbouring section lies, or what of it is lost")
    if record.image_placed is not None:
        beyond.append("a tissue image that was laid below the spots")
    if beyond:
        raise ConfigError(
            f"The command line has no option for {', '.join(beyond)} of this run. Save the result: "
            "the command line then repeats the record that is saved with it. Or copy as Python."
        )
    for key, option in record.chosen.items():
        words += ["--choose", f"{key}={option}"]
    for one in record.neighbours:
        words += ["--neighbour", _file_of(one, NEIGHBOUR)]
    if record.reference is not None:
        words += ["--reference", _file_of(record.reference, REFERENCE)]
        if record.reference.cell_type is not None:
            words += ["--cell-type", record.reference.cell_type]
    for setting, value in changed:
        name = setting.flag
        if isinstance(value, bool):
            words.append(name if value else f"--no-{name[2:]}")
        else:
            words += [name, *(value if isinstance(value, tuple) else (str(value),))]
    return shlex.join([*words, "-o", OUTPUT])


def _source(record: RunRecord) -> str:
    if record.source is None:
        raise ConfigError(
            "This section was not read from a file, so that no text can say where it is. "
            "Open it from a file, and run again."
        )
    return record.source


def _changed(config: EnhanceConfig) -> list[tuple[Setting, Any]]:
    """Settings that are not as they begin."""
    return [(setting, value) for setting, value in flat(config) if value != setting.default]


def _config(config: EnhanceConfig) -> tuple[set[str], str]:
    """Names to import, and what makes a config."""
    changed = {setting.name: value for setting, value in _changed(config)}
    imports, parts = {"EnhanceConfig"}, {}
    for name, value in nested(EnhanceConfig, changed).items():
        group = type(getattr(config, name))
        if issubclass(group, BaseModel):
            imports.add(group.__name__)
            parts[name] = f"{group.__name__}({', '.join(f'{k}={v!r}' for k, v in value.items())})"
        else:
            parts[name] = repr(value)
    return imports, f"EnhanceConfig({', '.join(f'{name}={made}' for name, made in parts.items())})"


def _with_image(placed: PlacedImage) -> list[str]:
    """Lines that lay a picture below the spots."""
    if placed.path is None:
        raise ConfigError(
            "The tissue image of this run was a layer of napari, so that no text can say where "
            "it is. Save it as a TIFF, add that as the tissue image, and run again."
        )
    affine = [list(row) for row in placed.affine]
    return [
        f"picture = {placed.path!r}",
        f"section = with_image(section, picture, {affine!r})",
    ]


def _neighbours(facts: tuple[NeighbourFacts, ...]) -> list[str]:
    """Lines that read the neighbouring sections, and say how they lie."""
    lines = ["neighbours = []"]
    for fact in facts:
        chosen = f", {fact.chosen!r}" if fact.chosen else ""
        lines.append(f"other = read_section({_file_of(fact, NEIGHBOUR)!r}{chosen})")
        arguments = ["other", f"Alignment.from_json({fact.alignment!r})"]
        if fact.lost:
            lines += _listed("lost_there", [repr(name) for name in fact.lost])
            arguments.append("other.adata.obs_names.isin(lost_there)")
        lines.append(f"neighbours.append(Neighbour({', '.join(arguments)}))")
    return lines


def _reference(facts: ReferenceFacts, seed: int) -> str:
    """Line that reads the single cells, and draws the same ones."""
    arguments = [repr(_file_of(facts, REFERENCE))]
    if facts.cell_type is not None:
        arguments.append(f"cell_type={facts.cell_type!r}")
    if seed:
        arguments.append(f"seed={seed}")
    return f"cells = read_cells({', '.join(arguments)})"


def _file_of(facts: ReferenceFacts | NeighbourFacts, what: str) -> str:
    if facts.source is None:
        raise ConfigError(
            f"The {what} {facts.name} was not read from a file, so that no text can say where it "
            "is. Save it, take it from the file, and run again."
        )
    return facts.source


def _is_laid_by_hand(fact: NeighbourFacts) -> bool:
    return bool(json.loads(fact.alignment).get("by") == "hand")


def _spots(listed: str, mask: str, barcodes: tuple[str, ...]) -> list[str]:
    """Lines that name spots, and make a mask of them."""
    lines = _listed(listed, [repr(name) for name in barcodes])
    return [*lines, f"{mask} = section.adata.obs_names.isin({listed})"]


def _listed(name: str, values: list[str]) -> list[str]:
    """Assignment of a list, a few values a line."""
    rows = [", ".join(values[i : i + 4]) for i in range(0, len(values), 4)]
    return [f"{name} = [", *(f"    {row}," for row in rows), "]"]
