"""``stentrans simulate``: a section whose true expression is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.cli.outputs import Outputs
from napari_stentrans.export import check_file, write_h5ad
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    import argparse


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
    parser.add_argument("--overwrite", action="store_true", help="replace OUT when it is there")


def run(arguments: argparse.Namespace) -> None:
    """Simulate a section and write it."""
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
