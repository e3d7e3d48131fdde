"""Text that repeats a run: a Python script, or a command line."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.record import RunRecord

OUTPUT = "enhanced.h5ad"
_OPTIONS = ("method", "upscale", "denoise", "genes", "seed", "device", "image", "features")
_PUBLISHED = ("epochs", "residual", "values")
"""Settings that the command line has an option for."""


def as_python(record: RunRecord) -> str:
    """Write a script that repeats a run and saves its result as ``enhanced.h5ad``.

    Raises
    ------
    ConfigError
        When the record does not say where the section was.
    """
    source = _source(record)
    changed = _changed(record.config)
    published = changed.pop("published", {})
    settings = [f"{name}={value!r}" for name, value in changed.items()]
    names = ["EnhanceConfig", "enhance", "read_section"]
    if published:
        names.insert(1, "PublishedConfig")
        inside = ", ".join(f"{name}={value!r}" for name, value in published.items())
        settings.append(f"published=PublishedConfig({inside})")
    chosen = f", {record.chosen!r}" if record.chosen else ""
    lines = [
        f"from napari_stentrans import {', '.join(names)}",
        "from napari_stentrans.export import save",
        "",
        f"section = read_section({source!r}{chosen})",
    ]
    if record.image_placed is not None:
        if record.image_placed.path is None:
            raise ConfigError(
                "The tissue image of this run was a layer of napari, so that no text can say where "
                "it is. Save it as a TIFF, add that as the tissue image, and run again."
            )
        names.append("with_image")
        lines[0] = f"from napari_stentrans import {', '.join(names)}"
        affine = [list(row) for row in record.image_placed.affine]
        lines += [
            f"picture = {record.image_placed.path!r}",
            f"section = with_image(section, picture, {affine!r})",
        ]
    arguments = ["section", "None"]
    if record.lost:
        lines += _listed("lost", [repr(name) for name in record.lost])
        lines.append("mask = section.adata.obs_names.isin(lost)")
        arguments[1] = "mask"
    arguments.append(f"EnhanceConfig({', '.join(settings)})")
    if record.sites:
        lines += _listed("sites", [repr(tuple(xy)) for xy in record.sites])
        arguments.append("sites")
    if record.image_damaged:
        lines += _listed("damaged", [repr(name) for name in record.image_damaged])
        lines.append("damaged = section.adata.obs_names.isin(damaged)")
        arguments.append("image_damaged=damaged")
    lines.append(f"result = enhance({', '.join(arguments)})")
    lines.append(f"save(result, {OUTPUT!r})")
    return "\n".join(lines) + "\n"


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
    published = changed.pop("published", {})
    beyond = sorted({*changed, *published} - {*_OPTIONS, *_PUBLISHED})
    if record.lost or record.sites or record.image_damaged:
        beyond.append("painted regions")
    if record.image_placed is not None:
        beyond.append("a tissue image that was laid below the spots")
    if beyond:
        raise ConfigError(
            f"The command line has no option for {', '.join(beyond)} of this run. Save the result: "
            "the command line then repeats the record that is saved with it. Or copy as Python."
        )
    for key, option in record.chosen.items():
        words += ["--choose", f"{key}={option}"]
    for name, value in {**changed, **published}.items():
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        else:
            words += [f"--{name}", *(value if isinstance(value, tuple) else (str(value),))]
    return shlex.join([*words, "-o", OUTPUT])


def _source(record: RunRecord) -> str:
    if record.source is None:
        raise ConfigError(
            "This section was not read from a file, so that no text can say where it is. "
            "Open it from a file, and run again."
        )
    return record.source


def _changed(config: EnhanceConfig) -> dict[str, Any]:
    """Settings that are not as they begin; of the published network as a dictionary."""
    return {
        name: value if name != "published" else config.published.model_dump(exclude_defaults=True)
        for name, value in config
        if value != getattr(EnhanceConfig(), name)
    }


def _listed(name: str, values: list[str]) -> list[str]:
    """Assignment of a list, a few values a line."""
    rows = [", ".join(values[i : i + 4]) for i in range(0, len(values), 4)]
    return [f"{name} = [", *(f"    {row}," for row in rows), "]"]
