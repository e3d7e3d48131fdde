"""What analyses come to, as the window shows it; each a generator of Progress, for a worker.

The analyses are imported when they are asked for, on the worker's thread: that takes a second.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.plugin.models.analyses import Found, MapOf
from napari_stentrans.plugin.models.analysis_script import lost_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_stentrans.analysis.gene_sets import GeneSets
    from napari_stentrans.analysis.maps import Maps
    from napari_stentrans.annotation import Annotation
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

    Data = Section | Enhancement
    Lost = NDArray[np.bool_] | None

FDR = 0.05
COMPARED = (
    "log2_fold_change", "fdr", "pvalue", "low", "high", "after_log2_fold_change", "after_low",
    "after_high", "fraction_one", "fraction_other", "pvalue_wilcoxon", "fdr_wilcoxon",
)  # fmt: skip
"""Columns of a comparison that are shown; a file has all."""


def domains(data: Data, lost: Lost, n: int | None) -> Steps[Found]:
    """Find domains."""
    from napari_stentrans.analysis.domains import find_domains_steps

    found = yield from find_domains_steps(data, n, lost=lost)
    sizes = found.sizes
    share = np.array(list(sizes.values())) / max(sum(sizes.values()), 1)
    table = pd.DataFrame({"sites": list(sizes.values()), "share": share}, list(sizes))
    agreement = found.stability["agreement"][found.stability["chosen"]].iloc[0]
    why = "as many as you asked for"
    if np.isfinite(agreement):
        why = f"as many as halves of the counts find again (adjusted Rand index {agreement:.2f})"
    return Found(
        "domains",
        f"{len(sizes)} domains: {why}. They are regions now: paint, rename and compare them.",
        table,
        of="domain",
        maps=_maps(found.maps, data, {n: found.labels == i for i, n in enumerate(found.names)}),
        python=_python("find_domains", "" if n is None else f", {n}", data, lost),
        annotation=found.annotation(),
        drawn=found,
        data=data,
        lost=lost,
    )


def compare(
    data: Data, lost: Lost, annotation: Annotation, one: str, other: str | None
) -> Steps[Found]:
    """Compare two regions."""
    from napari_stentrans.analysis.comparison import compare_regions_steps

    found = yield from compare_regions_steps(data, annotation, one, other, lost=lost)
    columns = [name for name in COMPARED if name in found.table]
    given = f", annotation, {one!r}" + (f", {other!r}" if other is not None else "")
    spatial, ranks = (int((found.table[by] < FDR).sum()) for by in ("fdr", "fdr_wilcoxon"))
    words = (
        f"{found.one} against {found.other}: {spatial:,} of {len(found.table):,} genes differ at "
        f"an FDR of {FDR:.0%}. Wilcoxon's test, which takes spots nearby as independent, says "
        f"{ranks:,}."
    )
    return Found(
        "compare",
        words,
        found.table[columns],
        volcano=True,
        more=found.in_words(),
        python=_python("compare_regions", given, data, lost),
        annotated=annotation,
        data=data,
        lost=lost,
    )


def described(data: Data, lost: Lost, annotation: Annotation, gene: str) -> Steps[Found]:
    """Say what is in each region, and how much there is of a gene, before and after."""
    from napari_stentrans.analysis.regions import region_genes_steps, region_table

    each = region_table(data, annotation, lost=lost)
    of_gene = yield from region_genes_steps(data, annotation, [gene], lost=lost)
    of_gene = of_gene.set_index("region").drop(columns="gene")
    table = pd.concat([each[["spots"]], of_gene, each.drop(columns="spots")], axis=1)
    label = _as_measured(data, lost)[0].gene_label(gene)
    words = f"{len(table)} regions, and {label} in each: mean, interval (95%), share of spots."
    of, left = _of(data), lost_lines(lost)
    given = f"{of}, annotation"
    kept = ", lost=lost" if left else ""
    python = (
        "from napari_stentrans.analysis import region_genes, region_table\n\n"
        f"{left}found = region_table({given}{kept})\n"
        f"genes = region_genes({given}, [{gene!r}]{kept})"
    )
    return Found("regions", words, table, data, of="region", python=python, annotated=annotation)


def spatial(data: Data, lost: Lost, after: bool = False) -> Steps[Found]:
    """Find spatially variable genes, on what was measured; ``after``: with the help of runs."""
    from napari_stentrans.analysis.hidden_spots import find_spatial_genes_after_steps
    from napari_stentrans.analysis.spatial_genes import find_spatial_genes_steps

    section, lost = _as_measured(data, lost)
    if after and isinstance(data, Enhancement):
        config, damaged = data.record.config, data.record.inputs(section)[3]
        steps = find_spatial_genes_after_steps(section, lost, config, image_damaged=damaged)
        of: Data = data  # its script makes the result as well
        call, given = "find_spatial_genes_after", ", config=result.record.config"
    else:
        steps, of = find_spatial_genes_steps(section, lost), section
        call, given = "find_spatial_genes", ""
    found = yield from steps
    python = _python(call, given, section, lost)
    kept = None if of is data and isinstance(of, Enhancement) else lost
    return Found("spatial", found.in_words(), found.table, of, python=python, lost=kept)


def patterns(data: Data, lost: Lost, n: int | None) -> Steps[Found]:
    """Sort genes into patterns."""
    from napari_stentrans.analysis.patterns import find_patterns_steps

    found = yield from find_patterns_steps(data, n, lost=lost)
    values = dict(zip(found.names, found.values.T, strict=True))
    left = ", ".join(f"{count:,} {why}" for why, count in found.left_out.items())
    words = (
        f"{len(found.names)} patterns of {len(found.members):,} genes; left out: {left}. "
        "Click a pattern to see its map and its genes."
    )
    return Found(
        "patterns",
        words,
        found.summary.set_index("pattern"),
        of="pattern",
        maps=_maps(found.maps, data, values),
        inner=found.members.set_index("gene"),
        python=_python("find_patterns", "" if n is None else f", {n}", data, lost),
        drawn=found,
        data=data,
        lost=lost,
    )


def pathways(data: Data, lost: Lost, sets: GeneSets, where: str) -> Steps[Found]:
    """Score gene sets, which ``where`` makes in Python, as maps."""
    from napari_stentrans.analysis.pathway_scores import score_pathways_steps

    found = yield from score_pathways_steps(data, sets, lost=lost)
    values = {str(name): found.scores[name].to_numpy() for name in found.scores}
    table = found.table.set_index("set").sort_values("sd", ascending=False)
    words = (
        f"{len(values):,} sets of {sets.name} have enough genes here ({found.matched.how}). "
        "Click one to see where it is active."
    )
    return Found(
        "pathways",
        words,
        table,
        of="pathway",
        maps=_maps(found.maps, data, values),
        python=_sets(where) + _python("score_pathways", ", sets", data, lost),
        data=data,
    )


def coherent(data: Data, lost: Lost, sets: GeneSets, where: str) -> Steps[Found]:
    """Find sets whose maps are more alike than those of random sets, as measured and of a run."""
    from napari_stentrans.analysis.coherence import in_words, measure_coherence_steps, side_by_side

    section, lost = _as_measured(data, lost)
    found = yield from measure_coherence_steps(section, sets, lost=lost)
    python = _python("measure_coherence", ", sets", section, lost)
    table, words = found.table, in_words(found)
    if isinstance(data, Enhancement):
        after = yield from measure_coherence_steps(data, sets)
        python += "\nafter = measure_coherence(result, sets)"
        table, words = side_by_side(found, after), in_words(found, after)
    table = table.set_index("set").select_dtypes("number")
    left = None if isinstance(data, Enhancement) else lost
    return Found(
        "coherent",
        words,
        table,
        data,
        of="set",
        map_later=partial(_map_of_set, data, left, sets),
        python=_sets(where) + python,
    )


def enriched(shown: Found, row: str, sets: GeneSets, where: str) -> Steps[Found]:
    """Find sets that stand out in the genes of an analysis: of a ``row``, where it has several."""
    from napari_stentrans.analysis.enrichment import over_representation_steps, preranked_steps
    from napari_stentrans.analysis.maps import Maps

    data, lost = shown.data, shown.lost
    among = Maps.of(data, lost)
    if shown.kind == "compare":
        ranking = shown.table["log2_fold_change"]
        found = yield from preranked_steps(ranking, sets, among)
        what = "the fold changes"
        call = "preranked(found.table['log2_fold_change'], sets, {})"
    else:
        genes, what, picked = _listed(shown, row)
        found = yield from over_representation_steps(genes, sets, among)
        call = f"over_representation({picked}, sets, {{}})"
    table = found.table.set_index("set")
    n = int((table["fdr"] < FDR).sum())
    words = (
        f"{n:,} of {len(table):,} sets of {sets.name} stand out in {what} at an FDR of {FDR:.0%} "
        f"({found.kind}, by gseapy). Click one to see where it is active."
    )
    name, python = call.partition("(")[0], _of(data)
    if lost_lines(lost):
        name, python = f"Maps, {name}", "Maps.of(section, lost)"
    imports = f"from napari_stentrans.analysis import {name}\n\n"
    python = f"{shown.python}\n{_sets(where)}{imports}enriched = {call.format(python)}"
    later = partial(_map_of_set, data, lost, sets)
    return Found("enriched", words, table, data, of="set", map_later=later, python=python)


def _map_of_set(data: Data, lost: Lost, sets: GeneSets, name: str) -> Steps[MapOf]:
    """Score one set, however few genes of it there are."""
    from napari_stentrans.analysis.pathway_scores import score_pathways_steps

    one = replace(sets, sets={name: sets.sets[name]})
    found = yield from score_pathways_steps(data, one, lost=lost, least=1)
    return _maps(found.maps, data, {name: found.scores[name].to_numpy()})


def _listed(shown: Found, row: str) -> tuple[Iterable[str], str, str]:
    """Genes of an analysis, what they are in words, and how Python comes by them."""
    if shown.inner is not None:
        row = row or str(shown.table.index[0])
        genes = shown.inner.index[shown.inner[shown.of] == row]
        return [str(gene) for gene in genes], f"the genes of {row}", f"found.genes({row!r})"
    genes = shown.table.index[shown.table["fdr"] <= FDR]
    if not len(genes):
        raise ConfigError(f"No gene of the table has an FDR of {FDR:.0%} or less.")
    return [str(gene) for gene in genes], "the genes that vary in space", "found.called()"


def _maps(maps: Maps, data: Data, values: dict[str, NDArray[np.floating]]) -> MapOf:
    """Maps by name on the raster of the sites; NaN at spots that took no part."""
    if isinstance(data, Enhancement):
        return MapOf(data.raster, lambda name: np.asarray(values[name], np.float32))

    return MapOf(maps.section.raster, lambda name: maps.at_spots(values[name]))


def _as_measured(data: Data, lost: Lost) -> tuple[Section, Lost]:
    """What was measured of a section or a result, and the spots that are left out."""
    if isinstance(data, Enhancement):
        return data.section, ~data.sites.measured_spots
    return data, lost


def _of(data: Data) -> str:
    """What a script calls it."""
    return "result" if isinstance(data, Enhancement) else "section"


def _python(name: str, given: str, data: Data, lost: Lost = None) -> str:
    imports = f"from napari_stentrans.analysis import {name}\n\n"
    left = lost_lines(lost)
    return f"{imports}{left}found = {name}({_of(data)}{given}{', lost=lost' if left else ''})"


def _sets(where: str) -> str:
    return f"from napari_stentrans.analysis import read_gmt\n\nsets = {where}\n"
