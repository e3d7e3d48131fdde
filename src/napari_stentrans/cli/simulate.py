"""``stentrans simulate``: a section whose true expression is known."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.cli.outputs import Outputs
from napari_stentrans.errors import ConfigError
from napari_stentrans.export import check_file, write_h5ad
from napari_stentrans.simulate import simulate_section, simulate_serial

if TYPE_CHECKING:
    import argparse

    from napari_stentrans.section import Section


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
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
    parser.add_argument(
        "--serial", type=Path, metavar="NEXT.h5ad", help="write the section cut next to it, too"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT when it is there")


def run(arguments: argparse.Namespace) -> None:
    """Simulate a section, or two serial ones, and write them."""
    paths = [arguments.output] if arguments.serial is None else [arguments.output, arguments.serial]
    for path in paths:
        check_file(path, ".h5ad", overwrite=arguments.overwrite)
    if len({path.resolve() for path in paths}) < len(paths):
        raise ConfigError("Give --serial another file than --output.")
    given = {"lattice": arguments.lattice, "seed": arguments.seed}
    sections: tuple[Section, ...]
    if arguments.serial is None:
        sections = (simulate_section(arguments.spots, arguments.genes, **given),)
    else:
        sections = simulate_serial(arguments.spots, arguments.genes, **given)
    outputs, overwrite = Outputs(), arguments.overwrite
    for section, to in zip(sections, paths, strict=True):
        outputs.write(to, partial(_written, section, overwrite=overwrite))
    for path in outputs.written:
        print(path)
    outputs.check()


def _written(section: Section, path: Path, *, overwrite: bool) -> list[Path]:
    return [write_h5ad(section.adata, path, overwrite=overwrite)]
