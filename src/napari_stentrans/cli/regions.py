"""``stentrans regions``: what is in each region, and how two of them differ."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.analysis.comparison import compare_regions_steps
from napari_stentrans.analysis.regions import region_genes_steps, region_table
from napari_stentrans.annotation import Annotation
from napari_stentrans.cli.bar import say, with_bar
from napari_stentrans.cli.choose import add_choose
from napari_stentrans.cli.opened import Opened, opened
from napari_stentrans.cli.outputs import Outputs
from napari_stentrans.cli.tables import as_text, records, write_table
from napari_stentrans.errors import ConfigError
from napari_stentrans.export import check_figure, check_file, save_plot
from napari_stentrans.io import read_mask, read_regions

if TYPE_CHECKING:
    import argparse

    import pandas as pd

    from napari_stentrans.analysis.comparison import Comparison

TABLE = ".csv"
SHOWN = 15
"""Genes that are printed; the table has them all."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="the section, or a saved session (*.stentrans)"
    )
    add_choose(parser)
    _add_regions(parser)
    parser.add_argument(
        "--lost", type=Path, metavar="MASK", help="lost spots, which are left out: as of 'enhance'"
    )
    parser.add_argument(
        "--enhance", action="store_true", help="run the default method, to see before and after"
    )
    parser.add_argument(
        "--compare",
        nargs="+",
        metavar="REGION",
        help="compare a region with another one, or with the rest",
    )
    parser.add_argument("--genes", nargs="+", metavar="GENE", help="say how much of them there is")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="TABLE.csv",
        help="write the table: of the comparison, else of --genes, else of the regions",
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw a volcano plot: png, svg or pdf"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def _add_regions(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where regions come from."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--regions",
        type=Path,
        metavar="FILE",
        help="regions: GeoJSON outlines with names, as of QuPath, or a table of barcodes and "
        "labels, as of Loupe",
    )
    which.add_argument(
        "--column", metavar="NAME", help="regions: a column of obs, such as clusters"
    )
    parser.add_argument(
        "--label", metavar="NAME", help="the column of labels where --regions has several"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print tables of the regions; files are checked before the work starts."""
    _check(arguments)
    work = opened(arguments.path, arguments.choose)
    annotation = _annotation(arguments, work)
    lost = None if arguments.lost is None else read_mask(arguments.lost, work.section).lost
    work = work.enhanced(lost) if arguments.enhance else work
    lost = lost if work.result is None else None
    each = region_table(work.data, annotation, lost=lost)
    genes = comparison = None
    if arguments.genes:
        steps = region_genes_steps(work.data, annotation, arguments.genes, lost=lost)
        genes = with_bar(steps)
    if arguments.compare:
        steps = compare_regions_steps(work.data, annotation, *arguments.compare, lost=lost)
        comparison = with_bar(steps)
    if work.result is None:
        say("Only what was measured is shown: give a saved session with a result, or --enhance.")
    _print(each, genes, comparison, as_json=arguments.json)
    _write(arguments, work, each if genes is None else genes, comparison)


def _check(arguments: argparse.Namespace) -> None:
    """Find out before the work what cannot be done."""
    if arguments.compare and len(arguments.compare) > 2:
        raise ConfigError(
            f"--compare takes one region or two, got {len(arguments.compare)}: "
            f"{', '.join(arguments.compare)}. Put a name with spaces into quotes."
        )
    if arguments.plot is not None:
        if not arguments.compare:
            raise ConfigError("--plot draws a comparison: say --compare REGION [REGION] as well.")
        check_figure(arguments.plot, overwrite=arguments.overwrite)
    if arguments.output is not None:
        check_file(arguments.output, TABLE, overwrite=arguments.overwrite)
    if arguments.label is not None and arguments.regions is None:
        raise ConfigError("--label names a column of the table that --regions gives.")


def _annotation(arguments: argparse.Namespace, work: Opened) -> Annotation:
    """Regions that were asked for, or that the section or the session has."""
    if arguments.regions is not None:
        return read_regions(arguments.regions, work.section, arguments.label)
    if arguments.column is not None:
        return Annotation.of_obs(work.section, arguments.column)
    found = work.annotation or Annotation.in_obs(work.section)
    if found is None:
        columns = Annotation.columns(work.section)
        there = f" obs has {', '.join(columns)}." if columns else ""
        raise ConfigError(
            f"There are no regions in {arguments.path.name}. Give a file with --regions, or a "
            f"column of obs with --column.{there}"
        )
    return found


def _print(
    each: pd.DataFrame,
    genes: pd.DataFrame | None,
    comparison: Comparison | None,
    *,
    as_json: bool,
) -> None:
    if as_json:
        facts: dict[str, object] = {"regions": records(each.reset_index())}
        if genes is not None:
            facts["genes"] = records(genes)
        if comparison is not None:
            facts["comparison"] = {
                "one": comparison.one,
                "other": comparison.other,
                "in_words": comparison.in_words(),
                "table": records(comparison.table.reset_index()),
            }
        print(json.dumps(facts, indent=1))
        return
    print(as_text(each.reset_index()))
    if genes is not None:
        print(f"\n{as_text(genes)}")
    if comparison is not None:
        print(f"\n{comparison.in_words()}\n")
        print(as_text(comparison.table.head(SHOWN).reset_index()))


def _write(
    arguments: argparse.Namespace, work: Opened, table: pd.DataFrame, comparison: Comparison | None
) -> None:
    outputs = Outputs()
    if arguments.output is not None:
        whole = table if comparison is None else comparison.table
        outputs.write(arguments.output, partial(write_table, whole))
    if arguments.plot is not None and comparison is not None:
        outputs.write(arguments.plot, partial(_write_plot, work, comparison))
    for path in outputs.written:
        say(str(path))
    outputs.check()


def _write_plot(work: Opened, comparison: Comparison, path: Path) -> list[Path]:
    from napari_stentrans.analysis.volcano import draw_volcano

    label = work.section.gene_label
    return [save_plot(path, lambda figure: draw_volcano(figure, comparison, label=label))]
