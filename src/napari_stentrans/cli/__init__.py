"""The command line, ``stentrans``: info, enhance, evaluate, genes, simulate and view."""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape

from napari_stentrans.cli import evaluate, genes
from napari_stentrans.cli.bar import console, with_bar
from napari_stentrans.cli.choose import add_choose
from napari_stentrans.cli.image import add_image
from napari_stentrans.cli.outputs import Outputs, as_session
from napari_stentrans.cli.system import describe_system
from napari_stentrans.config import EnhanceConfig
from napari_stentrans.damage import find_damage, is_quick
from napari_stentrans.errors import ConfigError, StentransError, StentransWarning
from napari_stentrans.export import (
    ENDINGS,
    check_figure,
    check_file,
    check_target,
    save_figure,
    save_steps,
    write_h5ad,
)
from napari_stentrans.image_fit import spots_on_images
from napari_stentrans.io import choices_of, chosen_then, read_mask, read_section
from napari_stentrans.method_table import METHODS
from napari_stentrans.paths import absolute
from napari_stentrans.pipeline import by_name, enhance_steps
from napari_stentrans.placing import again_steps
from napari_stentrans.record import RunRecord, package_version
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.section import Section


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when all went well, 1 on an error that is ours, 2 on bad usage."""
    arguments = _parser().parse_args(argv)
    warnings.showwarning = _show_warning
    warnings.simplefilter("always", StentransWarning)
    try:
        for name, value in vars(arguments).items():
            if isinstance(value, Path):
                setattr(arguments, name, absolute(value))
        arguments.run(arguments)
    except StentransError as error:
        _say("[bold red]Error:[/]", str(error))
        return 1
    except KeyboardInterrupt:
        console.print("Cancelled; nothing was written.")
        return 130
    except BrokenPipeError:  # whoever read our output, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _say(what: str, text: str) -> None:
    console.print(what, escape(text), highlight=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stentrans", description="Repair and sharpen spatial transcriptomics."
    )
    parser.add_argument("--version", action="version", version=package_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_info, _add_enhance, evaluate.add, genes.add, _add_simulate, _add_view):
        add(commands)
    return parser


def _command(
    commands: Any, name: str, text: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def _add_info(commands: Any) -> None:
    parser = _command(
        commands, "info", "Say what a section holds, or what this machine is like.", _info
    )
    parser.add_argument("path", type=Path, nargs="?", metavar="PATH", help="the section")
    add_choose(parser)
    parser.add_argument(
        "--system", action="store_true", help="versions, devices, screen and folders; no PATH"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_enhance(commands: Any) -> None:
    parser = _command(
        commands, "enhance", "Fill lost spots, double the resolution, denoise.", _enhance
    )
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
    parser.add_argument("--upscale", type=int, choices=(1, 2), help="2 doubles the resolution")
    parser.add_argument(
        "--denoise",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="replace measured spots by the method's estimate (on unless said otherwise)",
    )
    parser.add_argument(
        "--method", choices=sorted(METHODS), help="how values are estimated (default transformer)"
    )
    parser.add_argument("--genes", nargs="+", metavar="GENE", help="only these genes")
    parser.add_argument("--seed", type=int, help="same seed, same numbers (default 0)")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        help="auto: a GPU where there is one",
    )
    add_image(parser, ("auto", "off"))
    parser.add_argument(
        "--image-damaged",
        type=Path,
        metavar="MASK",
        help="regions where the tissue image is damaged (fold, bubble, pen): a mask as of --lost",
    )
    parser.add_argument("--epochs", type=int, help="method published: passes over the genes")
    parser.add_argument(
        "--residual",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="method published: add the input to the output, as in the paper's figure",
    )
    parser.add_argument(
        "--values", choices=("counts", "lognorm"), help="method published: what the network sees"
    )
    parser.add_argument("--record", type=Path, metavar="RUN.json", help="repeat a recorded run")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT when it is there")


def _add_simulate(commands: Any) -> None:
    parser = _command(
        commands, "simulate", "Make a section whose true expression is known.", _simulate
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.h5ad", help="file")
    parser.add_argument("--spots", type=int, default=2000, help="spots on tissue (default 2000)")
    parser.add_argument("--genes", type=int, default=2000, help="genes (default 2000)")
    parser.add_argument(
        "--lattice",
        choices=("hex", "square"),
        default="hex",
        help="hex as Visium (default), square as legacy ST",
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, another organ")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT when it is there")


def _add_view(commands: Any) -> None:
    parser = _command(commands, "view", "Open napari with the dock.", _view)
    parser.add_argument(
        "path", type=Path, nargs="?", metavar="PATH", help="a section or a session to open"
    )
    add_choose(parser)


def _info(arguments: argparse.Namespace) -> None:
    if arguments.system == (arguments.path is not None):
        raise ConfigError("Give either the PATH of a section, or --system.")
    if arguments.system:
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
    }


def _looks_lost(section: Section) -> str:
    """Say in a line what looks lost; images that are slow to look at are left out."""
    quick = is_quick(section)
    found = find_damage(section, image=quick).in_words() or "nothing was found"
    return found if quick else f"{found} (the image is large and was not looked at)"


def _note_lost(section: Section, lost: NDArray[np.bool_], sites: NDArray[np.float64]) -> None:
    """Note what looks lost and is not in the mask."""
    left = find_damage(section, image=is_quick(section)).without(lost, sites)
    if left.spots.any():
        said = f"{left.spots_in_words()}; what is not in --lost is taken as measured."
        warnings.warn(said, StentransWarning, stacklevel=2)


def _in_words(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(f"{v:,}" if isinstance(v, float) else str(v) for v in value) or "none"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _enhance(arguments: argparse.Namespace) -> None:
    _check_outputs(arguments)
    if arguments.record is not None:
        record = _record_alone(arguments)
        path = arguments.path or Path(record.source or "")
        section = read_section(path, chosen_then(path, record.chosen))
        section = with_bar(again_steps(section, record.image_placed))
        lost, config, sites, damaged = record.inputs(section)
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
    config = by_name(section, config)
    chosen = None if config.genes is None else list(dict.fromkeys(config.genes))
    _check_outputs(arguments, len(section.genes if chosen is None else chosen))
    if arguments.record is None:
        _note_lost(section, lost, sites)
    enhancement = with_bar(enhance_steps(section, lost, config, sites, damaged))
    outputs = _write(enhancement, chosen, arguments)
    counts = ", ".join(f"{n:,} {label}" for label, n in enhancement.sites.counts().items() if n)
    console.print(
        f"{config.method}: {counts} sites in {enhancement.record.seconds:.1f} s", highlight=False
    )
    if enhancement.record.evidence_in_words:
        console.print(enhancement.record.evidence_in_words, highlight=False, soft_wrap=True)
    for path in outputs.written:
        print(path)
    outputs.check()


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
        for name in ("choose", "lost", "image_damaged", *_SETTINGS)
        if getattr(arguments, name) is not None
    ]
    if changed:
        raise ConfigError(f"A recorded run is repeated as it was: leave out {', '.join(changed)}.")
    record = RunRecord.read(arguments.record)
    if arguments.path is None and record.source is None:
        raise ConfigError("The record does not say where the section was. Give its PATH as well.")
    return record


_PUBLISHED = ("epochs", "residual", "values")
_SETTINGS = (
    "upscale", "denoise", "method", "genes", "seed", "device", "image", "features", *_PUBLISHED
)  # fmt: skip


def _config(arguments: argparse.Namespace) -> EnhanceConfig:
    """The settings that were given; the rest keeps the defaults of EnhanceConfig."""
    given = {k: getattr(arguments, k) for k in _SETTINGS if getattr(arguments, k) is not None}
    published = {k: given.pop(k) for k in _PUBLISHED if k in given}
    return EnhanceConfig(**given, published=published)


def _simulate(arguments: argparse.Namespace) -> None:
    check_file(arguments.output, ".h5ad", overwrite=arguments.overwrite)
    section = simulate_section(
        n_spots=arguments.spots,
        n_genes=arguments.genes,
        lattice=arguments.lattice,
        seed=arguments.seed,
    )
    outputs, overwrite = Outputs(), arguments.overwrite
    outputs.write(
        arguments.output, lambda path: [write_h5ad(section.adata, path, overwrite=overwrite)]
    )
    for path in outputs.written:
        print(path)
    outputs.check()


def _view(arguments: argparse.Namespace) -> None:
    try:
        from napari_stentrans.plugin.app import view
    except ImportError as error:
        raise ConfigError(
            f"The viewer needs napari and Qt ({error}). Install napari-stentrans[all]."
        ) from error
    view(arguments.path, arguments.choose)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, StentransWarning):
        _say("[yellow]Note:[/]", str(message))
