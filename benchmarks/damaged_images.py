"""What a damaged tissue image does to the spots that are painted there: next to nothing.

    python benchmarks/damaged_images.py
    python benchmarks/damaged_images.py --seeds 3 --spots 300

Sections are simulated, a patch of their image is spoilt as slides are, and the spots below it are
painted. By kind of damage stand the squared error of the true expression at painted spots over that
without any image (mean of the seeds, and the worst one), how often the image was used, and how far
what was measured there lies from what was predicted, in standard deviations of a measurement.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_stentrans import EnhanceConfig, enhance, simulate_section, true_expression
from napari_stentrans.section import SectionImage

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_stentrans import Section

    Pixels = NDArray[np.float32]

GENES = 60
"""So many genes, whose truth varies most, are looked at."""
RADIUS = 3.6
"""Of the damage, in spot spacings."""
PEN = np.array([40, 50, 140], np.float32)
WHITE = 242.0


def whole(pixels: Pixels, inside: NDArray[np.bool_], width: float) -> Pixels:
    """Nothing: what the image is worth where it is not spoilt."""
    return pixels


def bubble(pixels: Pixels, inside: NDArray[np.bool_], width: float) -> Pixels:
    """Air below the cover slip: out of focus and pale, with a dark rim."""
    soft = ndimage.gaussian_filter(pixels, (width / 6, width / 6, 0))
    pale = 0.45 * soft + 0.55 * WHITE
    rim = inside & ~ndimage.binary_erosion(inside, iterations=max(int(width / 12), 1))
    pale[rim] *= 0.55
    return np.where(inside[..., None], pale, pixels)


def fold(pixels: Pixels, inside: NDArray[np.bool_], width: float) -> Pixels:
    """Two layers of tissue: what they take away of the light adds up."""
    other = np.roll(pixels, (round(2 * width), -round(width)), (0, 1))
    return np.where(inside[..., None], pixels * other / 255, pixels)


def tear(pixels: Pixels, inside: NDArray[np.bool_], width: float) -> Pixels:
    """No tissue: the bare slide."""
    noise = np.random.default_rng(0).normal(0, 2, pixels.shape)
    return np.where(inside[..., None], WHITE + noise, pixels).astype(np.float32)


def pen(pixels: Pixels, inside: NDArray[np.bool_], width: float) -> Pixels:
    """Strokes of a marker, which let some of the tissue through."""
    rows = np.arange(len(pixels))[:, None] % max(round(width), 2) < 0.7 * width
    return np.where((inside & rows)[..., None], 0.25 * pixels + 0.75 * PEN, pixels)


KINDS: dict[str, Callable[[Pixels, NDArray[np.bool_], float], Pixels]] = {
    made.__name__: made for made in (whole, bubble, fold, tear, pen)
}


def spoilt(section: Section, kind: str, middle: NDArray[np.float64]) -> Section:
    """The section with a damaged image, around ``middle`` (x, y)."""
    image = section.images[0]
    pixels = image.data[..., :3].astype(np.float32)
    rows, columns = np.indices(pixels.shape[:2])
    width = section.lattice.spacing * image.scale
    x, y = middle * image.scale
    inside = np.hypot(rows - y, columns - x) < RADIUS * width
    made = np.clip(KINDS[kind](pixels, inside, width), 0, 255).astype(np.uint8)
    return replace(section, images=(SectionImage(kind, lambda: made, image.scale),))


def errors(
    section: Section, lost: NDArray[np.bool_], config: EnhanceConfig
) -> tuple[float, float, float]:
    """Squared error at painted spots, spread of z there, and whether the image was used."""
    truth = true_expression(section, list(section.genes))
    most = np.argsort(-truth[lost].std(0))[:GENES]
    result = enhance(section, lost, config)
    n = section.n_spots
    genes = list(section.genes)
    mean = result.to_anndata(genes, images=False).X[:n][lost]
    measured = np.column_stack([section.gene_lognorm(name)[lost] for name in genes])
    z = (measured - mean) / result.predictive_std(genes)[:n][lost]
    off = (mean - truth[lost])[:, most]
    used = result.record.findings.get("image_used", 0.0)
    return float((off**2).mean()), float(np.sqrt((z**2).mean())), used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--spots", type=int, default=400)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--method", default="transformer")
    arguments = parser.parse_args()
    found: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in arguments.kinds}
    for seed in range(arguments.seeds):
        section = simulate_section(arguments.spots, 300, seed=seed, artefacts=False)
        rng = np.random.default_rng(seed)
        inner = np.linalg.norm(section.xy - section.xy.mean(0), axis=1)
        middle = section.xy[rng.choice(np.flatnonzero(inner < np.quantile(inner, 0.5)))]
        far = np.linalg.norm(section.xy - middle, axis=1) / section.lattice.spacing
        lost = far < RADIUS + 0.5
        config = EnhanceConfig(method=arguments.method)
        plain, z, _ = errors(section, lost, config.model_copy(update={"image": "off"}))
        said = [f"seed {seed}: without {plain:.4f} (z {z:.2f})"]
        for kind in arguments.kinds:
            error, z, used = errors(spoilt(section, kind, middle), lost, config)
            found[kind].append((error / plain, z, used))
            said.append(f"{kind} {error / plain:.3f} (z {z:.2f}){'' if used else ' not used'}")
        print("  ".join(said), flush=True)
    for kind, rows in found.items():
        ratio, z, used = np.array(rows).T
        print(
            f"{kind}: {ratio.mean():.3f} (worst {ratio.max():.3f}), "
            f"z {np.sqrt((z**2).mean()):.2f}, used {used.mean():.0%}"
        )


if __name__ == "__main__":
    main()
