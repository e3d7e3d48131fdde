"""``stentrans patterns``: groups of genes, tissue domains, and which genes vary in space."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_stentrans.analysis.domains import Domains, find_domains_steps
from napari_stentrans.analysis.hidden_spots import find_spatial_genes_after_steps
from napari_stentrans.analysis.patterns import Patterns, find_patterns_steps
from napari_stentrans.analysis.spatial_genes import SpatialGenes, find_spatial_genes_steps
from napari_stentrans.annotation import Annotation
from napari_stentrans.cli.bar import say, with_bar
from napari_stentrans.cli.choose import add_choose
from napari_stentrans.cli.opened import Opened, opened
from napari_stentrans.cli.outputs import Outputs
from napari_stentrans.cli.tables import as_text, records, write_table
from napari_stentrans.errors import ConfigError
from napari_stentrans.export import check_figure, check_file, write_h5ad
from napari_stentrans.export.sections import to_anndata
from napari_stentrans.io import read_mask
from napari_stentrans.wording import some

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from numpy.typing import NDArray


TABLE, ANNDATA = ".csv", ".h5ad"
ITSELF = 0
"""Stands for a number of groups that is chosen by what can be repeated."""
SHOWN = 15
"""Genes that are printed; the table has them all."""


@dataclass(frozen=True, eq=False)
class _Found:
    """What an analysis came to: in words, as a table to print, as the whole one, and itself."""

    said: str
    shown: pd.DataFrame
    whole: pd.DataFrame
    result: Patterns | Domains | SpatialGenes


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="the section, or a saved session (*.stentrans)"
    )
    add_choose(parser)
    parser.add_argument("--run", dest="which", metavar="NAME", help="which run of a session")
    _add_analyses(parser)
    parser.add_argument(
        "--lost", type=Path, metavar="MASK", help="lost spots, which are left out: as of 'enhance'"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default 0")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="write the table of one analysis (*.csv), or the section as it was measured with "
        "what all of them found (*.h5ad)",
    )
    parser.add_argument(
        "--figure",
        type=Path,
        metavar="FILE",
        help="one figure for a paper, of --genes and of what --domains and --patterns find, else "
        "of named regions: pdf, svg, png",
    )
    parser.add_argument("--genes", nargs="+", default=[], metavar="GENE", help="for the figure")
    parser.add_argument(
        "--width",
        choices=("one", "two"),
        help="of the figure: one column of a page (85 mm), or two (174 mm); default two",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def _add_analyses(parser: argparse.ArgumentParser) -> None:
    many = "or as many as halves of the counts find again"
    number: dict[str, Any] = {"nargs": "?", "type": int, "const": ITSELF, "metavar": "N"}
    parser.add_argument(
        "--patterns",
        **number,
        help=f"groups of genes with like maps, so many, {many}; this is done where nothing else "
        "is asked for",
    )
    parser.add_argument("--domains", **number, help=f"domains of like tissue, so many, {many}")
    parser.add_argument(
        "--spatial-genes", action="store_true", help="genes that vary in space, as measured"
    )
    parser.add_argument(
        "--after",
        action="store_true",
        help="with --spatial-genes: ask also how well runs foretell spots that are hidden from "
        "them; two runs of half the section",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print what the analyses come to; files are checked before the work starts."""
    asked = _asked(arguments)
    _check(arguments, asked)
    work = opened(arguments.path, arguments.choose, arguments.which or "")
    lost = None if arguments.lost is None else read_mask(arguments.lost, work.section).lost
    if lost is not None and work.result is not None:
        raise ConfigError("Lost spots are those of the run; give --lost with a section only.")
    found = {name: _find(name, arguments, work, lost) for name in asked}
    if arguments.json:
        facts: dict[str, Any] = {"section": work.section.name, "digest": work.section.digest}
        facts |= {name: _facts(each) for name, each in found.items()}
        print(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        print("\n\n".join(f"{each.said}\n\n{as_text(each.shown)}" for each in found.values()))
    outputs = Outputs()
    if arguments.output is not None:
        _write(arguments, work, list(found.values()), outputs)
    if arguments.figure is not None:
        outputs.write(
            arguments.figure, partial(_write_figure, arguments, work, list(found.values()), lost)
        )
    for path in outputs.written:
        say(str(path))
    outputs.check()


def _asked(arguments: argparse.Namespace) -> list[str]:
    """Analyses in the order in which they are made."""
    wanted = {
        "patterns": arguments.patterns is not None,
        "domains": arguments.domains is not None,
        "spatial_genes": arguments.spatial_genes,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted] or ["patterns"]


def _check(arguments: argparse.Namespace, asked: list[str]) -> None:
    """Find out before the work what cannot be done."""
    if arguments.after and not arguments.spatial_genes:
        raise ConfigError("--after goes with --spatial-genes.")
    for name in ("patterns", "domains"):
        n = getattr(arguments, name)
        if n is not None and n != ITSELF and n < 2:
            raise ConfigError(f"--{name} takes a number from 2, or none, got {n}.")
    for name in ("genes", "width"):
        if getattr(arguments, name) and arguments.figure is None:
            raise ConfigError(f"--{name} goes with a figure: say --figure FILE as well.")
    if arguments.figure is not None:
        check_figure(arguments.figure, overwrite=arguments.overwrite)
    if arguments.output is None:
        return
    is_table = arguments.output.suffix.lower() == TABLE
    if is_table and len(asked) > 1:
        raise ConfigError(
            f"'{arguments.output}' holds the table of one analysis, and {len(asked)} are asked "
            f"for. Ask for one, or write all of them to a file {ANNDATA}."
        )
    check_file(arguments.output, TABLE if is_table else ANNDATA, overwrite=arguments.overwrite)


def _find(
    name: str, arguments: argparse.Namespace, work: Opened, lost: NDArray[np.bool_] | None
) -> _Found:
    n, seed = getattr(arguments, name) or None, arguments.seed
    if name == "patterns":
        return _patterns(with_bar(find_patterns_steps(work.data, n, lost=lost, seed=seed)))
    if name == "domains":
        return _domains(with_bar(find_domains_steps(work.data, n, lost=lost, seed=seed)))
    section, config, damaged = work.section, None, None
    if work.result is not None:
        lost, config, _, damaged = work.result.record.inputs(section)
    if arguments.after:
        given = {"image_damaged": damaged, "seed": seed}
        return _spatial(with_bar(find_spatial_genes_after_steps(section, lost, config, **given)))
    return _spatial(with_bar(find_spatial_genes_steps(section, lost, seed=seed)))


def _patterns(found: Patterns) -> _Found:
    left = " and ".join(f"{some(n, 'gene')} {why}" for why, n in found.left_out.items())
    said = (
        f"{len(found.names)} patterns{_why(found.stability)}: {some(len(found.members), 'gene')} "
        f"with a map that repeats; left out: {left}."
    )
    return _Found(said, found.summary, found.members, found)


def _domains(found: Domains) -> _Found:
    sizes, maps = found.sizes, found.maps
    n = np.fromiter(sizes.values(), int)
    shown = pd.DataFrame({"domain": list(sizes), "sites": n, "share": n / n.sum()})
    whole = pd.DataFrame(
        {"site": maps.names, "x": maps.xy[:, 0], "y": maps.xy[:, 1]}
        | {"domain": np.array(found.names)[found.labels]}
    )
    said = f"{len(sizes)} domains of {some(maps.n_sites, 'site')}{_why(found.stability)}."
    return _Found(said, shown, whole, found)


def _spatial(found: SpatialGenes) -> _Found:
    whole = found.table.rename_axis("gene")
    return _Found(found.in_words(), whole.head(SHOWN).reset_index(), whole, found)


def _why(stability: pd.DataFrame) -> str:
    """Why there are so many groups; nothing where a person said how many."""
    chosen = stability[stability["chosen"]].iloc[0]
    if pd.isna(chosen["found_again"]):
        return ""
    return f" (as many as halves of the counts find again: {chosen['found_again']:.0%} of each)"


def _facts(found: _Found) -> dict[str, Any]:
    """What an analysis found, for JSON."""
    of = found.result
    if isinstance(of, SpatialGenes):
        return {"in_words": found.said, "table": records(found.whole.reset_index())}
    facts: dict[str, Any] = {"in_words": found.said, "table": records(found.shown)}
    facts["stability"] = records(of.stability)
    return facts | ({"members": records(of.members)} if isinstance(of, Patterns) else {})


def _write(
    arguments: argparse.Namespace, work: Opened, found: Sequence[_Found], outputs: Outputs
) -> None:
    if arguments.output.suffix.lower() == TABLE:
        outputs.write(arguments.output, partial(write_table, found[0].whole))
        return
    adata = to_anndata(work.section)
    for each in found:
        each.result.annotate(adata)
    write = partial(write_h5ad, adata, overwrite=arguments.overwrite)
    outputs.write(arguments.output, lambda path: [write(path)])


def _write_figure(
    arguments: argparse.Namespace,
    work: Opened,
    found: Sequence[_Found],
    lost: NDArray[np.bool_] | None,
    path: Path,
) -> list[Path]:
    from napari_stentrans.analysis.paper_figure import paper_figure_steps

    results = [each.result for each in found]
    named = work.annotation or Annotation.in_obs(work.section)
    domains = next((one for one in results if isinstance(one, Domains)), named)
    patterns = next((one for one in results if isinstance(one, Patterns)), None)
    steps = paper_figure_steps(
        work.data, path, arguments.genes, regions=domains, patterns=patterns,
        lost=lost, width=arguments.width or "two", overwrite=arguments.overwrite,
    )  # fmt: skip
    return [with_bar(steps)]
