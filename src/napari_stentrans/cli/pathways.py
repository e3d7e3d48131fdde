"""``stentrans pathways``: gene sets that stand out in maps, in a list or in a ranking."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_stentrans.analysis.coherence import in_words, measure_coherence_steps, side_by_side
from napari_stentrans.analysis.dot_plot import save_dots
from napari_stentrans.analysis.enrichment import over_representation_steps, preranked_steps
from napari_stentrans.analysis.gene_lists import read_list, read_ranking
from napari_stentrans.analysis.gene_sets import read_gmt
from napari_stentrans.analysis.orthologues import MGI_TERMS, fetch_orthologues_steps
from napari_stentrans.analysis.pathway_scores import score_pathways_steps
from napari_stentrans.analysis.set_collections import COLLECTIONS, collection, collection_steps
from napari_stentrans.cli.bar import say, with_bar
from napari_stentrans.cli.choose import add_choose
from napari_stentrans.cli.opened import opened
from napari_stentrans.cli.outputs import Outputs
from napari_stentrans.errors import ConfigError
from napari_stentrans.export import FIGURE_ENDINGS, beside, check_file
from napari_stentrans.export.files import check_ending, check_place

if TYPE_CHECKING:
    import argparse

    import pandas as pd

    from napari_stentrans.analysis.gene_sets import GeneSets
    from napari_stentrans.cli.opened import Opened

SHOWN = 20
"""Rows of a table that are printed."""
LETTERS = 50
"""Letters of a name that are printed."""
SMALL = 0.001
"""Numbers below are printed as powers of ten."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.add_argument(
        "path", type=Path, nargs="?", metavar="PATH", help="the section, or a session (*.stentrans)"
    )
    add_choose(parser)
    parser.add_argument("--run", dest="which", metavar="NAME", help="which run of a session")
    _add_sets(parser)
    _add_lists(parser)
    _add_outputs(parser)


def _add_sets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sets",
        metavar="SETS",
        help=f"gene sets: FILE.gmt, or to be downloaded: {', '.join(COLLECTIONS)}",
    )
    parser.add_argument(
        "--only", nargs="+", metavar="SET", help="only these sets, named as the file does"
    )
    parser.add_argument("--anew", action="store_true", help="download the sets again")
    parser.add_argument(
        "--orthologues",
        action="store_true",
        help=f"download MGI's table of genes of man and mouse ({MGI_TERMS})",
    )


def _add_lists(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--genes",
        nargs="+",
        metavar="GENE",
        help="sets that are frequent in this list: names of genes, or files of them",
    )
    way.add_argument(
        "--ranking",
        type=Path,
        metavar="TABLE.csv",
        help="sets at the ends of this ranking: a table of genes and numbers, such as fold changes",
    )
    parser.add_argument("--by", metavar="COLUMN", help="column of TABLE.csv to rank by")
    parser.add_argument(
        "--background", type=Path, metavar="FILE", help="genes that could have come into the list"
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scores", type=Path, metavar="SCORES.csv", help="write a score of each set at each spot"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the null (default 0)")
    parser.add_argument(
        "--random",
        type=int,
        default=1000,
        metavar="N",
        help="random sets, or permutations of a ranking (default 1000)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("-o", "--output", type=Path, metavar="TABLE.csv", help="write the table")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the first sets as dots: png, svg, pdf"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def run(arguments: argparse.Namespace) -> None:
    """Analyse and print the table; files are checked before the work starts."""
    if arguments.orthologues:
        say(f"MGI's table of orthologues: {MGI_TERMS}.")
        with_bar(fetch_orthologues_steps())
        if arguments.path is None:
            return
    if arguments.path is None or arguments.sets is None:
        raise ConfigError("Give the PATH of a section or a session, and --sets.")
    _check(arguments)
    genes = None if arguments.genes is None else _listed(arguments.genes)
    ranking = (
        None if arguments.ranking is None else read_ranking(arguments.ranking, arguments.by or "")
    )
    background = None if arguments.background is None else read_list(arguments.background)
    sets = _sets(arguments)
    data = opened(arguments.path, arguments.choose, arguments.which or "")
    if genes is not None:
        steps = over_representation_steps(genes, sets, data.data, background=background)
        tables, told = _enriched(with_bar(steps), "list")
    elif ranking is not None:
        ranked = preranked_steps(
            ranking,
            sets,
            data.data,
            seed=arguments.seed,
            permutations=arguments.random,
        )
        tables, told = _enriched(with_bar(ranked), str(ranking.name))
    else:
        tables, told = _coherent(data, sets, arguments)
    _finish(data, sets, tables, told, arguments)


def _check(arguments: argparse.Namespace) -> None:
    """Find out before the work whether its outputs can be written, and options go together."""
    for path in (arguments.output, arguments.scores):
        if path is not None:
            check_file(path, ".csv", overwrite=arguments.overwrite)
    if arguments.plot is not None:
        check_ending(arguments.plot, FIGURE_ENDINGS, "A dot plot")
        check_place(arguments.plot, overwrite=arguments.overwrite)
    if arguments.background is not None and arguments.genes is None:
        raise ConfigError("--background goes with --genes.")
    if arguments.by and arguments.ranking is None:
        raise ConfigError("--by goes with --ranking.")


def _listed(words: list[str]) -> list[str]:
    """Genes that are named, or that stand in files."""
    found: list[str] = []
    for word in words:
        path = Path(word).expanduser()
        found += read_list(path) if path.suffix and path.is_file() else [word]
    return found


def _sets(arguments: argparse.Namespace) -> GeneSets:
    """Sets of a file, or of a collection that is downloaded."""
    path = Path(arguments.sets).expanduser()
    is_file = path.is_file() or path.suffix.lower() in (".gmt", ".gz", ".zip")
    if is_file and arguments.sets not in COLLECTIONS:
        sets = read_gmt(path)
    else:
        wanted = collection(arguments.sets)
        if arguments.anew or not wanted.is_here:
            say(f"{wanted.title}, from {wanted.page}; terms: {wanted.licence}.")
        sets = with_bar(collection_steps(wanted, anew=arguments.anew))
    return sets if arguments.only is None else sets.chosen(arguments.only)


def _enriched(found: Any, name: str) -> tuple[dict[str, pd.DataFrame], str]:
    hits = int((found.table["fdr"] <= 0.05).sum())
    return {name: found.table}, (
        f"{found.kind}: {hits:,} of {len(found.table):,} sets at FDR 5%; {found.n_genes:,} genes, "
        f"background {found.n_background:,}."
    )


def _coherent(
    data: Opened, sets: GeneSets, arguments: argparse.Namespace
) -> tuple[dict[str, pd.DataFrame], str]:
    """Sets whose genes go together in the maps: as measured and, of a session, as enhanced."""
    given = {"random": arguments.random, "seed": arguments.seed}
    lost = None
    if data.result is not None:  # what is compared with it leaves out the same spots
        lost = ~data.result.sites.measured_spots
    before = with_bar(measure_coherence_steps(data.section, sets, lost=lost, **given))
    tables = {"measured": before.table}
    if data.result is None:
        return tables, in_words(before)
    after = with_bar(measure_coherence_steps(data.result, sets, **given))
    tables["enhanced"] = after.table
    return tables | {"both": side_by_side(before, after)}, in_words(before, after)


def _finish(
    data: Opened,
    sets: GeneSets,
    tables: dict[str, pd.DataFrame],
    told: str,
    arguments: argparse.Namespace,
) -> None:
    """Print, and write what was asked for."""
    whole = tables.get("both", next(iter(tables.values())))
    if arguments.json:
        facts = {
            "section": data.section.name,
            "digest": data.section.digest,
            "sets": {"name": sets.name, "n": len(sets), "licence": sets.licence},
            "summary": told,
            "table": json.loads(whole.to_json(orient="records", double_precision=15)),
        }
        print(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        print(_in_columns(whole))
        print(told)
    outputs = Outputs()
    if arguments.output is not None:
        outputs.write(arguments.output, partial(_write_table, whole))
    if arguments.scores is not None:
        scored = with_bar(score_pathways_steps(data.data, sets))
        positions = scored.scores.assign(x=scored.maps.xy[:, 0], y=scored.maps.xy[:, 1])
        columns = ["x", "y", *scored.scores.columns]
        table = positions[columns].rename_axis("site").reset_index()
        outputs.write(arguments.scores, partial(_write_table, table))
    if arguments.plot is not None:
        drawn = {name: table for name, table in tables.items() if name != "both"}
        draw = partial(save_dots, drawn, title=sets.name, overwrite=arguments.overwrite)
        outputs.write(arguments.plot, lambda path: [draw(path)])
    for path in outputs.written:
        say(str(path))
    outputs.check()


def _in_columns(table: pd.DataFrame) -> str:
    """The first rows in columns of one width, without what is long."""
    shown = table.drop(columns="members", errors="ignore")[:SHOWN].copy()
    shown["set"] = [n if len(n) <= LETTERS else f"{n[: LETTERS - 1]}…" for n in shown["set"]]
    text: str = shown.to_string(index=False, float_format=_number)
    left = len(table) - len(shown)
    return text + (f"\n... and {left:,} more; -o writes all" if left else "")


def _number(value: float) -> str:
    return f"{value:.1e}" if 0 < abs(value) < SMALL else f"{value:.3f}"


def _write_table(table: pd.DataFrame, path: Path) -> list[Path]:
    with beside(path) as fresh:
        table.to_csv(fresh, index=False, lineterminator="\n")
    return [path]
