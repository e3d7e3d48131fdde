"""One figure for a paper: its parts, its texts, and that nothing lies over another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from napari_stentrans import Annotation, EnhanceConfig, enhance, simulate_section
from napari_stentrans.analysis import (
    draw_paper_figure,
    find_domains,
    find_patterns,
    save_paper_figure,
)
from napari_stentrans.errors import ConfigError, GeneNotFound, WriteError
from napari_stentrans.export.colours import ANNOTATION_COLOURS
from napari_stentrans.version import package_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from napari_stentrans import Enhancement, Section
    from napari_stentrans.analysis import Domains, Patterns
    from napari_stentrans.analysis.paper_room import Width


@pytest.fixture(scope="module")
def section() -> Section:
    return simulate_section(250, 300, seed=3, depth=4000, artefacts=False, image=False)


@pytest.fixture(scope="module")
def result(section: Section) -> Enhancement:
    lost = np.linalg.norm(section.xy - section.xy.mean(0), axis=1) < 2.5 * section.lattice.spacing
    return enhance(section, lost, EnhanceConfig(method="kriging"))


@pytest.fixture(scope="module")
def domains(result: Enhancement) -> Domains:
    return find_domains(result, 4)


@pytest.fixture(scope="module")
def patterns(result: Enhancement) -> Patterns:
    return find_patterns(result, 3)


def texts(figure: Figure) -> list[str]:
    from matplotlib.text import Text

    return [made.get_text() for made in figure.findobj(Text) if made.get_text().strip()]


def test_every_part_has_a_letter_and_says_what_it_is(
    result: Enhancement, domains: Domains, patterns: Patterns
) -> None:
    genes = patterns.genes("Pattern 1")[:2]
    figure = draw_paper_figure(result, genes, regions=domains, patterns=patterns)
    said = texts(figure)
    assert [text for text in said if re.fullmatch("[a-z]", text)] == ["a", "b", "c", "d"]
    heads = "Expression as measured, and enhanced", "Domains of enhanced expression"
    assert {*heads, "Genes there, as measured", "Patterns of enhanced expression"} <= set(said)
    assert set(genes) <= set(said)
    assert set(domains.names) <= set(said)
    assert {"Pattern 3", f"{len(patterns.genes('Pattern 3'))} genes"} <= set(said)
    assert figure.get_size_inches()[0] == pytest.approx(174 / 25.4)


def regions_of(section: Section, n: int) -> Annotation:
    """Regions, as strips, with long names."""
    kinds = ("invasive cancer of the left breast, part", "adipose tissue", "stroma, dense, of part")
    order = np.argsort(np.argsort(section.xy[:, 0] + section.xy[:, 1] / 1e3))
    return Annotation.of([f"{kinds[at % 3]} {at}" for at in order * n // section.n_spots])


def drawn_texts(figure: Figure) -> dict[str, list[NDArray[np.float64]]]:
    """Where texts are drawn, pixels (left, low, right, high), by what they say."""
    figure.draw_without_rendering()
    found: dict[str, list[NDArray[np.float64]]] = {}
    for made in every_text(figure):
        if made.get_text().strip() and made.get_visible():
            found.setdefault(made.get_text(), []).append(made.get_window_extent().extents)
    return found


def every_text(figure: Figure) -> Iterator[Text]:
    """Texts, but no ticks of axes that are not drawn, or beyond the ends of one."""
    yield from figure.texts
    for axes in figure.axes:
        yield from axes.texts
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            low, high = sorted(axis.get_view_interval())
            for tick in axis.majorTicks:
                if low <= tick.get_loc() <= high:
                    yield from (tick.label1, tick.label2)


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pixels, in the direction in which they share less."""
    return float((np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])).min())


def assert_nothing_overlaps(figure: Figure) -> None:
    """No text lies over another, over a map, or beyond the paper; no map over another."""
    boxes = [(text, box) for text, every in drawn_texts(figure).items() for box in every]
    maps = [("a map", axes.bbox.extents) for axes in figure.axes if axes.images]
    frame = figure.bbox.extents
    for i, (text, box) in enumerate(boxes + maps):
        assert (box[:2] >= frame[:2] - 1).all(), text
        assert (box[2:] <= frame[2:] + 1).all(), text
        for other, there in (boxes + maps)[:i]:
            assert overlap(box, there) < 1, f"{text!r} lies over {other!r}"


@pytest.mark.parametrize("width", ["one", "two"])
@pytest.mark.parametrize("n", [3, 14, 30])
def test_nothing_lies_over_another(
    result: Enhancement, patterns: Patterns, section: Section, n: int, width: Width
) -> None:
    regions = regions_of(section, n)
    genes = patterns.genes("Pattern 2")[:3]
    for given in ({"genes": genes}, {"patterns": patterns}, {}):
        figure = draw_paper_figure(result, regions=regions, width=width, **given)
        figure.set_dpi(300)
        assert_nothing_overlaps(figure)
        names = [
            text
            for text in drawn_texts(figure)
            if text.startswith(("invasive", "adipose", "stroma"))
        ]
        assert len(names) == n  # each is there, and none as another


@pytest.mark.parametrize("width", ["one", "two"])
def test_three_genes_domains_and_patterns_fit_on_a_page(
    result: Enhancement, domains: Domains, patterns: Patterns, width: Width
) -> None:
    genes = patterns.genes("Pattern 1")[:3]
    figure = draw_paper_figure(result, genes, regions=domains, patterns=patterns, width=width)
    assert figure.get_size_inches()[1] * 25.4 <= 225
    assert_nothing_overlaps(figure)


def test_the_check_of_overlaps_can_fail(section: Section) -> None:
    figure = draw_paper_figure(section, [str(section.genes[0])])
    for x in (0.6, 0.61):
        figure.text(x, 0.9, "stroma")
    with pytest.raises(AssertionError, match="lies over"):
        assert_nothing_overlaps(figure)


def test_every_region_has_another_colour(section: Section) -> None:
    figure = draw_paper_figure(section, regions=regions_of(section, len(ANNOTATION_COLOURS)))
    swatches = max(figure.findobj(type_of_dots()), key=lambda made: len(made.get_offsets()))
    assert len(np.unique(swatches.get_facecolors(), axis=0)) == len(ANNOTATION_COLOURS)
    with pytest.raises(ConfigError, match="32 regions apart by colour at most, got 33"):
        draw_paper_figure(section, regions=regions_of(section, 33))


def test_lost_spots_are_marked_in_all_maps(
    section: Section, result: Enhancement, domains: Domains, patterns: Patterns
) -> None:
    from matplotlib.contour import ContourSet

    gene = str(section.genes[0])
    figure = draw_paper_figure(result, [gene], regions=domains, patterns=patterns)
    maps = [axes for axes in figure.axes if axes.images]
    assert len(maps) == 2 + 1 + 3
    hatched = [
        any(isinstance(made, ContourSet) and made.filled for made in axes.collections)
        for axes in maps
    ]
    assert hatched == [True] + [False] * 5  # where no value is known
    assert all(any(isinstance(made, ContourSet) for made in axes.collections) for axes in maps)
    said = [text for text in texts(figure) if "lost" in text]
    assert said == ["lost or not measured; outlined where a value is known"]
    assert not [text for text in texts(draw_paper_figure(section, [gene])) if "lost" in text]


def test_gene_sets_are_dots(result: Enhancement) -> None:
    names = [f"a process of the cell number {at}" for at in range(20)]
    table = pd.DataFrame(
        {"set": names, "fdr": np.logspace(-9, -1, 20), "score": np.linspace(2, -2, 20)}
    )
    for width in ("one", "two"):
        figure = draw_paper_figure(result, sets={"Pattern 1": table}, width=width)
        assert_nothing_overlaps(figure)
        said = texts(figure)
        assert {"Gene sets", "-log10 FDR", "score", "Pattern 1"} <= set(said)
        assert len([text for text in set(said) if text.startswith("a process")]) == 12  # the first


def test_dots_are_of_measured_spots(section: Section, result: Enhancement) -> None:
    """A gene that is shown by half of the spots of a region has a dot of half the area."""
    codes = np.array(["one", "other"])[(section.xy[:, 0] > np.median(section.xy[:, 0])) * 1]
    annotation = Annotation.of(codes.tolist())
    gene = str(section.genes[0])
    figure = draw_paper_figure(result, [gene], regions=annotation)
    (dots,) = dots_with(figure, len(annotation.names))
    measured = result.sites.measured[: section.n_spots]
    shown = section.gene_counts(gene) > 0
    expected = [shown[measured & (codes == name)].mean() for name in annotation.names]
    np.testing.assert_allclose(dots.get_sizes(), 1 + 39 * np.array(expected))


def dots_with(figure: Figure, n: int) -> list[PathCollection]:
    """Dots that have values, n of them."""
    every = figure.findobj(type_of_dots())
    return [made for made in every if made.get_array() is not None and len(made.get_offsets()) == n]


def type_of_dots() -> type:
    from matplotlib.collections import PathCollection

    return PathCollection


def test_text_stays_text(tmp_path: Path, section: Section) -> None:
    gene = str(section.genes[5])
    drawing = save_paper_figure(section, tmp_path / "figure.svg", [gene]).read_text()
    assert f">{gene}</text>" in drawing
    assert "as measured" in drawing
    document = save_paper_figure(section, tmp_path / "figure.pdf", [gene]).read_bytes()
    assert b"/FontFile2" in document  # TrueType, which other programs can edit
    assert b"/Type3" not in document


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({}, ConfigError, "nothing to draw"),
        ({"width": "three"}, ConfigError, "'one' or 'two'"),
        ({"genes": ["nobody"]}, GeneNotFound, "nobody"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    section: Section, given: dict, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        draw_paper_figure(section, **given)


def test_a_figure_is_no_taller_than_a_page(section: Section) -> None:
    regions, many = regions_of(section, 30), list(section.genes[:60])
    with pytest.raises(ConfigError, match=r"225 mm \(genes \d+ mm\).*fewer genes.*two columns"):
        draw_paper_figure(section, many, width="one")
    sets = {"set": [f"set {at}" for at in range(12)], "fdr": 0.1, "score": 1.0}
    with pytest.raises(ConfigError, match=r"genes \d+, regions \d+, gene sets .*fewer regions"):
        draw_paper_figure(
            section, many[:8], regions=regions, sets={"x": pd.DataFrame(sets)}, width="one"
        )


def test_more_genes_than_find_room_as_dots_are_refused(section: Section) -> None:
    regions = regions_of(section, 3)
    with pytest.raises(ConfigError, match=r"25 genes find no room.*fewer genes"):
        draw_paper_figure(section, list(section.genes[:25]), regions=regions, width="one")


def test_domains_of_another_section_are_refused(domains: Domains) -> None:
    other = simulate_section(250, 300, seed=4, image=False)
    with pytest.raises(ConfigError, match="not found on"):
        draw_paper_figure(other, regions=domains)
    with pytest.raises(ConfigError, match="not found on"):  # of a result, on the section alone
        draw_paper_figure(domains.maps.section, regions=domains)


def test_no_half_a_file_is_left(tmp_path: Path, section: Section) -> None:
    there = tmp_path / "figure.png"
    there.write_bytes(b"mine")
    with pytest.raises(WriteError):
        save_paper_figure(section, there, [str(section.genes[0])])
    assert there.read_bytes() == b"mine"
    with pytest.raises(GeneNotFound):
        save_paper_figure(section, there, ["nobody"], overwrite=True)
    assert there.read_bytes() == b"mine"


def test_a_file_says_what_it_is_of_and_is_the_same_again(
    tmp_path: Path, section: Section, result: Enhancement
) -> None:
    gene = str(section.genes[5])
    said = f"{section.name}, digest {section.digest}; run of kriging, digest "
    said += result.record.run_digest
    for ending in (".png", ".svg", ".pdf"):
        first = save_paper_figure(result, tmp_path / f"first{ending}", [gene]).read_bytes()
        assert save_paper_figure(result, tmp_path / f"again{ending}", [gene]).read_bytes() == first
        assert f"napari-stentrans {package_version()}".encode() in first
        assert said.encode() in first, ending


def test_the_digest_of_a_run_is_that_of_its_inputs(section: Section, result: Enhancement) -> None:
    record = result.record
    assert (
        record.model_copy(update={"seconds": 9.0, "started": "x"}).run_digest == record.run_digest
    )
    for change in ({"lost": ()}, {"config": EnhanceConfig(method="kriging", seed=3)}):
        assert record.model_copy(update=change).run_digest != record.run_digest
