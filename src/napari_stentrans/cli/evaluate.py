"""``stentrans evaluate``: how good the methods are on a section."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.cli.bar import console, with_bar
from napari_stentrans.cli.choose import add_choose
from napari_stentrans.cli.options import add_neighbour, add_setting
from napari_stentrans.cli.outputs import Outputs
from napari_stentrans.config import EnhanceConfig
from napari_stentrans.evaluation import DEFAULT_METHODS, PROTOCOLS, evaluate_steps
from napari_stentrans.export import beside, check_file
from napari_stentrans.io import read_section
from napari_stentrans.method_table import METHODS
from napari_stentrans.settings import named

if TYPE_CHECKING:
    import argparse

    from napari_stentrans.evaluation import Evaluation


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.add_argument("path", type=Path, metavar="PATH", help="the section")
    add_choose(parser)
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default="lost",
        help="what is hidden: three quarters of the spots, regions (default), half of the counts",
    )
    parser.add_argument(
        "--method",
        nargs="+",
        choices=sorted(METHODS),
        metavar="NAME",
        help=f"methods side by side, of {', '.join(sorted(METHODS))}",
    )
    both = {"both": "with and without it, side by side"}
    add_setting(parser, named(EnhanceConfig, "image"), both)
    add_setting(parser, named(EnhanceConfig, "features"))
    add_neighbour(parser)
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="times (default 3)")
    parser.add_argument("--genes", nargs="+", metavar="GENE", help="score only these genes")
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write all scores")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw a box plot")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def run(arguments: argparse.Namespace) -> None:
    """Evaluate and print the table; files are checked before the work starts."""
    overwrite = arguments.overwrite
    for path, ending in ((arguments.json, ".json"), (arguments.plot, ".png")):
        if path is not None:
            check_file(path, ending, overwrite=overwrite)
    section = read_section(arguments.path, arguments.choose)
    steps = evaluate_steps(
        section,
        arguments.protocol,
        _methods(arguments),
        seeds=arguments.seeds,
        genes=arguments.genes,
        neighbours=arguments.neighbour or (),
    )
    evaluation = with_bar(steps)
    print(evaluation.table())
    outputs = Outputs()
    if arguments.json is not None:
        outputs.write(arguments.json, partial(_write_json, evaluation))
    if arguments.plot is not None:
        outputs.write(arguments.plot, lambda path: [evaluation.box_plot(path, overwrite=overwrite)])
    for path in outputs.written:
        console().print(str(path), highlight=False, soft_wrap=True)
    outputs.check()


def _write_json(evaluation: Evaluation, path: Path) -> list[Path]:
    with beside(path) as fresh:
        fresh.write_text(evaluation.to_json(), encoding="utf-8")
    return [path]


def _methods(arguments: argparse.Namespace) -> dict[str, EnhanceConfig]:
    """Settings by label; with ``--image both``, methods that see the image stand there twice."""
    used = "off" if arguments.image == "off" else "auto"
    methods = {}
    for name in arguments.method or DEFAULT_METHODS:
        config = EnhanceConfig(method=name, image=used, features=arguments.features)
        methods[name] = config
        if arguments.image == "both" and config.sees_image:
            methods[f"{name}, no image"] = config.model_copy(update={"image": "off"})
    return methods
