"""The main job on a simulated section: mask what is damaged, enhance, compare, score.

    python scripts/demo.py                       # in a window, which stays open
    python scripts/demo.py --screenshot demo.png # without a person: ends with a picture

Besides the simulated fold and bubble a few healthy regions are masked. What comes back there is
compared with what was measured, which the method never saw: the held-out score.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.masking import blobs
from napari_stentrans.plugin.contributions.app import open_viewer
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.models.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans import Enhancement, Section

SCORED_GENES = 100
PATIENCE = 300


def wait(until: Callable[[], object], what: str) -> None:
    """Let the window live until something has happened."""
    deadline = time.monotonic() + PATIENCE
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit(f"demo: gave up waiting until {what}")
        QApplication.processEvents()
        time.sleep(0.01)


def held_out(section: Section) -> np.ndarray:
    """(spot,) healthy spots that are masked only to be scored."""
    units = section.xy / section.lattice.spacing
    regions = blobs(units, 0.08, np.random.default_rng(0))
    return regions & (section.adata.obs["artefact"] == "none").to_numpy()


def score(section: Section, hidden: np.ndarray, result: Enhancement, genes: list[str]) -> float:
    """Median over genes of the correlation with what was measured at the hidden spots."""
    enhanced = result.to_anndata(genes).X[: section.n_spots][hidden]
    measured = np.column_stack([section.gene_lognorm(gene) for gene in genes])[hidden]
    pairs = zip(enhanced.T, measured.T, strict=True)
    return float(np.median([np.corrcoef(a, b)[0, 1] for a, b in pairs if a.std() and b.std()]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--screenshot", type=Path, help="write a picture and end")
    arguments = parser.parse_args()

    viewer, dock = open_viewer()
    viewer.window.resize(1280, 800)
    print("demo: simulating a Visium section with a fold and a bubble")
    dock.open_sample("hex")
    wait(lambda: find(viewer) and dock.phase.idle, "the sample is there")
    layers = find(viewer)[0]
    section = layers.model.section
    damaged = (section.adata.obs["artefact"] != "none").to_numpy()
    hidden = held_out(section)
    layers.add_lost()
    layers.paint.paint_spots(damaged | hidden)
    dock.show_gene("Gene2")
    print(f"demo: masked {damaged.sum()} damaged spots, and {hidden.sum()} healthy ones to score")
    dock.run()
    wait(lambda: dock.phase is Phase.READY, "the run and its check have ended")
    result = layers.model.enhancement
    if result is None:
        raise SystemExit("demo: the run gave no result; see the message in the window")
    sites = ", ".join(f"{n:,} {label}" for label, n in result.sites.counts().items() if n)
    print(f"demo: {result.record.config.method}, {result.record.seconds:.1f} s: {sites}")

    totals = np.asarray(section.counts.sum(0)).ravel()
    totals[section.adata.var["truth_pattern"] == "none"] = 0
    genes = list(section.genes[np.argsort(totals)[::-1][:SCORED_GENES]])
    linear = enhance(section, damaged | hidden, EnhanceConfig(method="linear", genes=tuple(genes)))
    print(f"demo: held-out score, median correlation of {len(genes)} genes that have a pattern")
    print(f"demo:   {result.record.config.method:<12}{score(section, hidden, result, genes):6.3f}")
    print(f"demo:   {'linear':<12}{score(section, hidden, linear, genes):6.3f}")

    layers.model.choose_view("side_by_side")
    if arguments.screenshot is None:
        napari.run()
        return
    for _ in range(20):
        QApplication.processEvents()
        time.sleep(0.02)
    arguments.screenshot.parent.mkdir(parents=True, exist_ok=True)
    viewer.screenshot(str(arguments.screenshot), canvas_only=False, flash=False)
    viewer.close()


if __name__ == "__main__":
    main()
