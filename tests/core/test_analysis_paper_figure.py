"""One figure for a paper: its parts, its texts, and that nothing lies over another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_stentrans import Annotation, EnhanceConfig, enhance, simulate_section
from napari_stentrans.analysis import (
    draw_paper_figure,
    find_domains,
    find_patterns,
    save_paper_figure,
)
from napari_stentrans.errors import ConfigError, GeneNotFound, WriteError

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from napari_stentrans import Enhancement, Section
    from napari_stentrans.analysis import Domains, Patterns


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
    heads = [text for text in said if re.match(r"[a-z]   \w", text)]
    assert [head[0] for head in heads] == ["a", "b", "c", "d"]
    assert "enhanced" in heads[0]
    assert "Domains of enhanced" in heads[1]
    assert "as measured" in heads[2]
    assert set(genes) <= set(said)
    assert set(domains.names) <= set(said)
    assert any(text.startswith(f"Pattern 3 ({len(patterns.genes('Pattern 3'))}") for text in said)
    assert figure.get_size_inches()[0] == pytest.approx(174 / 25.4)


@pytest.mark.parametrize("width", ["one", "two"])
def test_nothing_lies_over_another(
    result: Enhancement, domains: Domains, patterns: Patterns, width: str
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    genes = patterns.genes("Pattern 2")[: 1 if width == "one" else 2]
    figure = draw_paper_figure(result, genes, regions=domains, patterns=patterns, width=width)
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    frame = figure.bbox.extents
    panels = [axes.get_tightbbox(renderer).extents for axes in figure.findobj(type_of_axes())]
    for panel in panels:
        assert (panel[:2] >= frame[:2] - 2).all()
        assert (panel[2:] <= frame[2:] + 2).all()
    for i, (left, low, right, high) in enumerate(panels):
        for other in panels[:i]:
            across = min(right, other[2]) - max(left, other[0])
            along = min(high, other[3]) - max(low, other[1])
            assert across < 3 or along < 3, "two panels lie over each other"


def type_of_axes() -> type:
    from matplotlib.axes import Axes

    return Axes


def test_dots_are_of_measured_spots(section: Section, result: Enhancement) -> None:
    """A gene that is shown by half of the spots of a region has a dot of half the area."""
    codes = np.array(["one", "other"])[(section.xy[:, 0] > np.median(section.xy[:, 0])) * 1]
    annotation = Annotation.of(codes.tolist())
    gene = str(section.genes[0])
    figure = draw_paper_figure(result, [gene], regions=annotation)
    dots = max(figure.findobj(type_of_dots()), key=lambda made: len(made.get_offsets()))
    measured = result.sites.measured[: section.n_spots]
    shown = section.gene_counts(gene) > 0
    expected = [shown[measured & (codes == name)].mean() for name in annotation.names]
    np.testing.assert_allclose(dots.get_sizes(), 1 + 41 * np.array(expected))


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
    with pytest.raises(ConfigError, match=r"225 mm.*fewer genes.*two columns"):
        draw_paper_figure(section, list(section.genes[:20]), width="one")


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
