"""``stentrans enhance``: a run, from its settings or from the record of another."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.cli.bar import console, with_bar
from napari_stentrans.cli.choose import add_choose
from napari_stentrans.cli.options import add_neighbour, add_reference, add_setting
from napari_stentrans.cli.outputs import Outputs, as_session
from napari_stentrans.config import EnhanceConfig
from napari_stentrans.damage import find_damage, is_quick
from napari_stentrans.errors import ConfigError, StentransWarning
from napari_stentrans.export import (
    ENDINGS,
    check_figure,
    check_target,
    save_figure,
    save_steps,
)
from napari_stentrans.io import chosen_then, read_mask, read_section
from napari_stentrans.neighbours import Neighbour, again
from napari_stentrans.pipeline import by_name, enhance_steps
from napari_stentrans.placing import again_steps
from napari_stentrans.record import RunRecord
from napari_stentrans.reference.reading import again as reference_again
from napari_stentrans.reference.reading import read_cells
from napari_stentrans.settings import nested, settings_of

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.reference import Cells
    from napari_stentrans.section import Section
    from napari_stentrans.settings import Setting


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.add_argument("path", type=Path, nargs="?", metavar="PATH", help="the section")
    add_choose(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help=f"the result, named *{', *'.join(ENDINGS)}; maps and tables are for chosen genes",
    )
    parser.add_argument(
        "--figure", type=Path, metavar="FILE", help="draw --genes before and after: png, svg, pdf"
    )
    parser.add_argument(
        "--lost",
        type=Path,
        metavar="MASK",
        help="lost regions: label image (tif, png, npy) in full-resolution pixels or of a "
        "gene map's shape, csv of barcodes, or GeoJSON polygons",
    )
    for setting in _options():
        add_setting(parser, setting)
    parser.add_argument(
        "--image-damaged",
        type=Path,
        metavar="MASK",
        help="regions where the tissue image is damaged (fold, bubble, pen): a mask as of --lost",
    )
    add_neighbour(parser)
    add_reference(parser)
    parser.add_argument("--record", type=Path, metavar="RUN.json", help="repeat a recorded run")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT when it is there")


def run(arguments: argparse.Namespace) -> None:
    """Enhance and write the result; whether it can be written is found out before."""
    _check_outputs(arguments)
    if arguments.record is not None:
        record = _record_alone(arguments)
        path = arguments.path or Path(record.source or "")
        section = read_section(path, chosen_then(path, record.chosen))
        section = with_bar(again_steps(section, record.image_placed))
        lost, config, sites, damaged = record.inputs(section)
        neighbours: list[Neighbour] = again(section, record.neighbours)
        cells = reference_again(record.reference, config.seed)
    else:
        if arguments.path is None:
            raise ConfigError("Give the PATH of a section, or --record RUN.json to repeat a run.")
        config = _config(arguments)
        section = read_section(arguments.path, arguments.choose)
        lost, sites = np.zeros(section.n_spots, bool), np.empty((0, 2))
        if arguments.lost is not None:
            mask = read_mask(arguments.lost, section)
            lost, sites = mask.lost, mask.sites
        damaged = None
        if arguments.image_damaged is not None:
            damaged = read_mask(arguments.image_damaged, section).lost
        neighbours = [Neighbour(path) for path in arguments.neighbour or ()]
        cells = _cells(arguments, config)
    config = by_name(section, config, cells)
    chosen = None if config.genes is None else list(dict.fromkeys(config.genes))
    _check_outputs(arguments, len(section.genes if chosen is None else chosen))
    if arguments.record is None:
        _note_lost(section, lost, sites)
    steps = enhance_steps(section, lost, config, sites, damaged, neighbours, cells)
    enhancement = with_bar(steps)
    outputs = _write(enhancement, chosen, arguments)
    counts = ", ".join(f"{n:,} {label}" for label, n in enhancement.sites.counts().items() if n)
    console().print(
        f"{config.method}: {counts} sites in {enhancement.record.seconds:.1f} s", highlight=False
    )
    if enhancement.record.evidence_in_words:
        console().print(enhancement.record.evidence_in_words, highlight=False, soft_wrap=True)
    for path in outputs.written:
        print(path)
    outputs.check()


def _cells(arguments: argparse.Namespace, config: EnhanceConfig) -> Cells | None:
    """The reference that was given."""
    if arguments.reference is None:
        if arguments.cell_type is not None:
            raise ConfigError("--cell-type names a column of a --reference, and there is none.")
        return None
    return read_cells(arguments.reference, arguments.cell_type, config.seed)


def _note_lost(section: Section, lost: NDArray[np.bool_], sites: NDArray[np.float64]) -> None:
    """Note what looks lost and is not in the mask."""
    left = find_damage(section, image=is_quick(section)).without(lost, sites)
    if left.spots.any():
        said = f"{left.spots_in_words()}; what is not in --lost is taken as measured."
        warnings.warn(said, StentransWarning, stacklevel=2)


def _write(
    enhancement: Enhancement, genes: list[str] | None, arguments: argparse.Namespace
) -> Outputs:
    """Write a result, and its figure where there is to be one."""
    outputs, overwrite = Outputs(), arguments.overwrite
    outputs.write(
        arguments.output,
        lambda path: with_bar(save_steps(enhancement, path, genes=genes, overwrite=overwrite)),
        partial(as_session, enhancement),
    )
    if arguments.figure is not None:
        shown = list(enhancement.genes)
        outputs.write(
            arguments.figure,
            lambda path: [save_figure(enhancement, shown, path, overwrite=overwrite)],
        )
    return outputs


def _check_outputs(arguments: argparse.Namespace, n_genes: int | None = None) -> None:
    """Find out before the run whether its results can be written."""
    overwrite = arguments.overwrite
    check_target(arguments.output, overwrite=overwrite, n_genes=n_genes)
    if arguments.figure is not None:
        check_figure(arguments.figure, overwrite=overwrite, n_genes=n_genes)


def _record_alone(arguments: argparse.Namespace) -> RunRecord:
    """Read the record of a run to repeat; its settings may not be changed."""
    changed = [
        f"--{name.replace('_', '-')}"
        for name in (
            "choose",
            "lost",
            "image_damaged",
            "neighbour",
            "reference",
            "cell_type",
            *(setting.name for setting in _options()),
        )
        if getattr(arguments, name) is not None
    ]
    if changed:
        raise ConfigError(f"A recorded run is repeated as it was: leave out {', '.join(changed)}.")
    record = RunRecord.read(arguments.record)
    if arguments.path is None and record.source is None:
        raise ConfigError("The record does not say where the section was. Give its PATH as well.")
    return record


def _config(arguments: argparse.Namespace) -> EnhanceConfig:
    """The settings that were given; the rest keeps the defaults of EnhanceConfig."""
    given = {setting.name: getattr(arguments, setting.name) for setting in _options()}
    given = {name: value for name, value in given.items() if value is not None}
    return EnhanceConfig(**nested(EnhanceConfig, given))


def _options() -> list[Setting]:
    """Settings that the command line asks for."""
    return [setting for setting in settings_of(EnhanceConfig) if setting.shown.option]
