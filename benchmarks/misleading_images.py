"""What a wrong tissue image does to a run: nothing, if the gate shuts it out.

    python benchmarks/misleading_images.py --data DIR
    python benchmarks/misleading_images.py --data DIR --sections C2 B4 --lost 2

Each section is enhanced with its own image and with wrong ones: shifted by ten spots, turned by
180 degrees, blank, noise, another section's. Beside each stands the median correlation over the
most spatial genes, in brackets that without any image, and how often the image was used.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from candidates import run_on, section_of, values
from scoring import load_score

from napari_stentrans import EnhanceConfig, StentransWarning
from napari_stentrans.section import SectionImage

if TYPE_CHECKING:
    from types import ModuleType

    from napari_stentrans import Section

SHIFT = 10
"""Spot spacings that an image is shifted by."""


def wrong_images(section: Section, other: Section) -> dict[str, np.ndarray]:
    """Pixels (row, column, 3) like those of the section's image, by what is wrong with them."""
    right = section.images[0].data[..., :3]
    shift = round(SHIFT * section.lattice.spacing)
    others = other.images[0].data[..., :3]
    rows, columns = (np.arange(n) % m for n, m in zip(right.shape[:2], others.shape, strict=False))
    return {
        "right": right,
        "shifted": np.roll(right, (shift, shift), (0, 1)),
        "turned": right[::-1, ::-1],
        "blank": np.full_like(right, 240),
        "noise": np.random.default_rng(0).integers(0, 256, right.shape, np.uint8),
        "another's": others[rows[:, None], columns],
    }


def with_image(section: Section, pixels: np.ndarray) -> Section:
    """The section with another image in the place of its own."""
    return replace(section, images=(SectionImage("wrong", lambda: pixels),))


def svg(
    score: ModuleType, truth: Any, section: Section, observed: np.ndarray, image: bool
) -> tuple[float, float]:
    """Correlation at hidden spots, and whether the image was used (1) or not (0)."""
    settings = EnhanceConfig(image="auto" if image else "off")
    result = run_on(section, observed, settings)
    figures = score.score(truth, observed, values(result, observed)[0])
    return figures["pcc_svg_median"], result.record.findings.get("image_used", 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the real sections")
    parser.add_argument("--score", type=Path, help="scoring program; default DIR/../score.py")
    parser.add_argument("--sections", nargs="+", metavar="NAME", help="default: those with images")
    parser.add_argument("--lost", type=int, default=2, help="lost regions (default 2)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", StentransWarning)
    score = load_score(arguments.score or arguments.data.resolve().parent / "score.py")
    names = arguments.sections or list(score.WITH_IMAGE)
    truths = {name: score.load(name, arguments.data) for name in {*names, *score.WITH_IMAGE}}
    made = {k: section_of(t, score.image(t, arguments.data)) for k, t in truths.items()}
    for name in names:
        truth, section = truths[name], made[name]
        other = next(s for k, s in made.items() if k != name)
        hold_outs = list(score.protocols(truth, arguments.lost))
        plain = [svg(score, truth, section, hidden, image=False)[0] for _, hidden in hold_outs]
        for label, pixels in wrong_images(section, other).items():
            given = with_image(section, pixels)
            found = np.array(
                [svg(score, truth, given, hidden, image=True) for _, hidden in hold_outs]
            )
            said = "  ".join(
                f"{hold_out} {with_it:.3f} ({without:.3f})"
                for (hold_out, _), with_it, without in zip(
                    hold_outs, found[:, 0], plain, strict=True
                )
            )
            print(
                f"{name:<6}{label:<11}{said}   used {found[:, 1].sum():.0f} of {len(found)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
