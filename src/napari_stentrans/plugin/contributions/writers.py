"""Writers: what napari's File > Save makes of the layers of a section.

A layer stands for what it shows: an enhanced map for the whole result, a measured map or the
tissue image for the section, the paint for the lost regions. napari has asked before a file that
is there is replaced; nothing else may be.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari.utils import progress
from napari_builtins.io import napari_write_image

from napari_stentrans import export
from napari_stentrans.errors import MaskError, WriteError
from napari_stentrans.export import MASK_ENDINGS, save_mask, save_steps
from napari_stentrans.export.files import ending_of
from napari_stentrans.plugin.layers.tags import TAG

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.layers.images import LayerData
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

T = TypeVar("T")

MEASURED = ("image", "before")
"""Roles of layers that stand for the section as it was measured."""
WHOLE = (".h5ad", ".sdata.zarr")
"""Endings of files that hold every gene; others hold the gene that is shown."""


def write_section(path: str, layers: list[LayerData]) -> list[str]:
    """Write the result, or the section as measured, that image layers (and labels) stand for.

    Raises
    ------
    WriteError
        When the layers belong to no section or to several, or there is no result yet for what
        is asked for, or the file cannot be written.
    """
    target = Path(path if Path(path).suffix else f"{path}{WHOLE[0]}")
    tags = [tag for _, options, _ in layers if (tag := _tag_of(options))]
    sections = {id(tag["section"]): tag["section"] for tag in tags}
    if len(sections) > 1:
        names = ", ".join(section.name for section in sections.values())
        raise WriteError(f"These layers belong to several sections ({names}). Select those of one.")
    owner: SectionLayers | None = next((t["layers"] for t in tags if "layers" in t), None)
    result = None if owner is None else _result_of(owner, {tag["role"] for tag in tags})
    if owner is not None and result is not None:
        return _write_result(target, result, owner.model.gene)
    if not ending_of(target, WHOLE[:1]):
        return _write_pixels(target, layers)
    if not sections:
        raise WriteError("These layers show no section. Open one with File > Open, and save it.")
    return _write_measured(target, next(iter(sections.values())))


def write_lost(path: str, data: Any, options: dict[str, Any]) -> list[str]:
    """Write the paint of lost regions as outlines or as a list of barcodes.

    Raises
    ------
    WriteError
        When the layer is another one, nothing is painted, or the file cannot be written.
    """
    tag = _tag_of(options)
    if tag.get("role") != "lost":
        raise WriteError(
            f"{options.get('name', 'This layer')!r} does not hold lost regions of a section. "
            "Select the layer that they are painted on, or save it as .tif."
        )
    target = Path(path if Path(path).suffix else f"{path}{MASK_ENDINGS[0]}")
    names = {}
    features = options.get("features")
    if features is not None and {"index", "region"} <= set(features):
        names = dict(zip(features["index"], features["region"], strict=True))
    try:
        written = save_mask(tag["section"], data, target, names=names, overwrite=target.exists())
    except MaskError as error:  # napari takes a ValueError for "no plugin can write this"
        raise WriteError(str(error)) from error
    return [str(written)]


def _tag_of(options: dict[str, Any]) -> dict[str, Any]:
    """What a layer of ours shows; empty for those of others."""
    return options.get("metadata", {}).get(TAG, {})


def _result_of(owner: SectionLayers, roles: set[str]) -> Enhancement | None:
    """Result that layers in these roles stand for; None where they are as measured."""
    if not roles <= set(MEASURED):
        return owner.model.enhancement
    return owner.model.maps.against if "before" in roles else None  # the run that is compared with


def _write_result(target: Path, enhancement: Enhancement, gene: str) -> list[str]:
    genes = None if ending_of(target, WHOLE) else [gene]
    steps = save_steps(enhancement, target, genes=genes, overwrite=target.exists())
    return [str(path) for path in _with_bar(f"Saving {target.name}", steps)]


def _write_measured(target: Path, section: Section) -> list[str]:
    return [str(export.write_section(section, target, overwrite=target.exists()))]


def _write_pixels(target: Path, layers: list[LayerData]) -> list[str]:
    """Let napari write the pixels of what is no result of ours."""
    written = None
    if len(layers) == 1 and layers[0][2] == "image":
        written = napari_write_image(str(target), *layers[0][:2])
    if written is None:
        raise WriteError(
            f"There is no result to write to {target.name}. Run the enhancement, and select its "
            f"map; or save what was measured as {WHOLE[0]}."
        )
    return [written]


def _with_bar(text: str, steps: Steps[T]) -> T:
    """Run steps to the end with a bar in napari's activity dock."""
    with progress(desc=text, total=100) as bar:
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                return stop.value
            bar.update(round(100 * step.fraction) - bar.n)
