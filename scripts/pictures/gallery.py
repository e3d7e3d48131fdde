"""The gallery: what was measured, what the first run made of it, and the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from napari.utils.colormaps import ensure_colormap
from PIL import Image, ImageDraw, ImageFont

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.simulate import true_expression, true_expression_at

if TYPE_CHECKING:
    from pathlib import Path

    from camera import Camera
    from numpy.typing import NDArray
    from story import Story

    from napari_stentrans import Enhancement, Section
    from napari_stentrans.raster import SpotRaster

WIDTH = 380
"""Of a panel, pixels."""
GAP, LINE = 8, 20
PAPER, INK = "#f4f4f4", "#202020"
GENES = 300
"""Genes with a pattern that a median is taken over."""
BEGIN, END = "<!-- figures: written by scripts/pictures -->", "<!-- end of figures -->"


class View(NamedTuple):
    """A gene, and the box (left, top, right, bottom) that is seen, full-resolution pixels."""

    gene: str
    box: tuple[float, float, float, float]


def draw_pairs(story: Story, camera: Camera) -> None:
    """Draw the pictures of the gallery."""
    section, result = story.first_section, story.first
    for name, view in views(section).items():
        camera.save(f"gallery_{name}", triptych(section, result, view))


def views(section: Section) -> dict[str, View]:
    """What is looked at: both artefacts, a border from near, and everything."""
    xy, step = section.xy, section.lattice.spacing
    kind = section.adata.obs["artefact"].to_numpy()
    border = xy[true_expression(section, ["Gene2"])[:, 0].argmax()]
    return {
        "fold": View("Gene2", _box(xy[kind == "fold"], 5 * step)),
        "bubble": View("Gene4", _box(xy[kind == "bubble"], 5 * step)),
        "double": View("Gene2", _box(border[None], 7 * step)),
        "denoise": View("Gene1", _box(xy, 2 * step)),
    }


def triptych(section: Section, result: Enhancement, view: View) -> Image.Image:
    """Draw what was measured, what was made of it and the truth, in the same colours."""
    gene, sites = view.gene, result.sites.xy
    measured = section.gene_lognorm(gene)
    truth = true_expression_at(section, sites, [gene])[:, 0]
    top = float(np.quantile(measured, 0.995))
    panels = {
        f"{gene}, measured": (section.raster, measured),
        "enhanced": (result.raster, result.gene(gene).mean),
        "the truth": (result.raster, truth),
    }
    left, up, right, down = view.box
    height = round(WIDTH * (down - up) / (right - left))
    paper = Image.new("RGB", (3 * (WIDTH + GAP) - GAP, height + LINE), PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(14)
    for at, (title, (raster, values)) in enumerate(panels.items()):
        x = at * (WIDTH + GAP)
        draw.text((x, 1), title, INK, font)
        paper.paste(panel(raster, values / top, view.box, height), (x, LINE))
    return paper


def panel(
    raster: SpotRaster, values: NDArray[np.floating], box: tuple[float, ...], height: int
) -> Image.Image:
    """Draw values (site,), 0 to 1, of what is in a box; nothing is interpolated."""
    left, top, right, bottom = box
    x, y = np.linspace(left, right, WIDTH), np.linspace(top, bottom, height)
    columns, rows = (
        np.rint((along - start) / raster.pixel).astype(int)
        for along, start in zip((x, y), raster.origin, strict=True)
    )
    there = (rows >= 0)[:, None] & (rows < raster.shape[0])[:, None]
    there = there & (columns >= 0) & (columns < raster.shape[1])
    drawn = raster.draw(values).take(rows, 0, mode="clip").take(columns, 1, mode="clip")
    colours = ensure_colormap("viridis").map(np.nan_to_num(drawn).clip(0, 1).ravel())
    pixels = np.rint(255 * colours[:, :3]).astype(np.uint8).reshape(*drawn.shape, 3)
    pixels[~there | np.isnan(drawn)] = 255
    return Image.fromarray(pixels)


def write_figures(page: Path, story: Story) -> None:
    """Put into the page what the window said, and how near to the truth the maps are."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "\n".join([
        "| where | spots | measured | enhanced |",
        "|---|---|---|---|",
        *(f"| {where} | {n:,} | {old:.2f} | {new:.2f} |" for where, n, old, new in near(story)),
    ])  # fmt: skip
    said = f"The window said, of spots that it had hidden from itself:\n\n> {story.said}"
    page.write_text(f"{before}{BEGIN}\n{table}\n\n{said}\n{END}{after}", encoding="utf-8")


def near(story: Story) -> list[tuple[str, int, float, float]]:
    """Median correlation with the truth of genes that have a pattern, before and after."""
    section, result = story.first_section, story.first
    counted = np.asarray(section.counts.sum(0)).ravel()
    counted[(section.adata.var["truth_pattern"] == "none").to_numpy()] = 0
    genes = [str(gene) for gene in section.genes[np.argsort(-counted)[:GENES]]]
    truth = true_expression(section, genes)
    measured = np.column_stack([section.gene_lognorm(gene) for gene in genes])
    enhanced = np.column_stack([result.gene(gene).mean for gene in genes])
    kind = section.adata.obs["artefact"].to_numpy()
    rows = []
    for where, artefact in (("fold", "fold"), ("bubble", "bubble"), ("elsewhere", "none")):
        at = kind == artefact
        made = enhanced[: section.n_spots][at]
        rows.append((where, int(at.sum()), alike(measured[at], truth[at]), alike(made, truth[at])))
    between = np.asarray(result.provenance) == "between"
    there = true_expression_at(section, result.sites.xy[between], genes)
    plain, made = interpolated(section, result, genes)[between], enhanced[between]
    where = "between the spots, where linear interpolation stands for the measured"
    rows.append((where, int(between.sum()), alike(plain, there), alike(made, there)))
    return rows


def interpolated(section: Section, result: Enhancement, genes: list[str]) -> NDArray[np.floating]:
    """Values (site, gene) of linear interpolation at the sites of the run."""
    came = np.asarray(result.provenance)
    config = EnhanceConfig(method="linear", upscale=2, genes=tuple(genes))
    lost, sites = came[: section.n_spots] == "lost", result.sites.xy[came == "unmeasured"]
    plain = enhance(section, lost, config, sites)
    return np.column_stack([plain.gene(gene).mean for gene in genes])


def alike(values: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Median over genes of the correlation (spot, gene); a map without a pattern counts as 0."""
    pairs = zip(values.T, truth.T, strict=True)
    return float(np.median([np.corrcoef(a, b)[0, 1] if a.std() else 0.0 for a, b in pairs]))


def _box(xy: NDArray[np.floating], margin: float) -> tuple[float, float, float, float]:
    (left, top), (right, bottom) = xy.min(0) - margin, xy.max(0) + margin
    return float(left), float(top), float(right), float(bottom)
