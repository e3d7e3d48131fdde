"""How long the window is blocked, and by what, in a section of 5,000 spots x 35,000 genes.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/ui.py              # all
    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/ui.py load gene    # some
    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/ui.py leak

A block is a time in which the event loop of a real window did not come round: what a person
waits. Beside it stands the processor time of the window's own thread in it, which does not depend
on what else the machine does. What is left is napari's: 60 to 100 ms of that for each layer that is
made, 30 to 100 for each that is removed (docs/architecture.md). Everything is done by mouse and
keys, or as they would do it.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from hands import Window, stops
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugin"))

from watchdog import Watchdog

from napari_stentrans import simulate_section
from napari_stentrans.export.sections import write_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_stentrans import Section

EVERYTHING = [
    "load", "paint", "run", "gene", "overlay", "views", "swipe", "profile", "probe", "delete",
    "image_features", "session", "leak",
]  # fmt: skip
NEED_A_RUN = {"gene", "overlay", "views", "swipe", "profile", "delete"}


def paint(window: Window) -> None:
    window.click(window.dock.lost.new, 1)
    window.drag(*stops(30, (0.4, 0.4), (0.6, 0.6)))
    window.wait(0.5)


def genes(window: Window, section: Section) -> None:
    names = np.random.default_rng(0).choice(section.genes, 40, replace=False)
    ms = 1000 * np.array([window.gene(str(name)) for name in names]).T
    for step, taken in zip(("drawn", "drawn and painted"), ms, strict=True):
        print(f"  a gene {step}: median {np.median(taken):.0f} ms, longest {taken.max():.0f} ms")


def overlay(window: Window, section: Section) -> None:
    """Lay two genes over each other, walk on, and let the first one go; twice."""
    line = window.dock.genes.overlay
    for _ in range(2):
        window.click(line.over)
        for name in section.genes[:3]:
            window.gene(str(name))
            window.wait(0.5)
        window.click(line.chips[0])


def views(window: Window) -> None:
    for view in ("side_by_side", "swipe", "blink", "difference", "uncertainty", "provenance"):
        for _ in range(2):
            window.press(view)


def swipe(window: Window) -> None:
    window.press("swipe")
    window.drag(*stops(40, (0.5, 0.3), (0.7, 0.3)))
    window.press("swipe")


def profile(window: Window, section: Section) -> None:
    window.click(window.dock.result.opens["profile"])
    window.drag((0.35, 0.5), (0.5, 0.5), (0.65, 0.52))
    window.wait(1)
    for name in section.genes[:10]:
        window.gene(str(name))
        window.wait(0.1)
    window.click(window.dock.result.opens["profile"])


def delete(window: Window) -> None:
    """Make another run, and delete both."""
    window.run()
    for _ in range(2):
        window.dock.result.runs.delete.trigger()
        window.wait(0.5)


def told(window: Window, spots: int) -> None:
    """Show what the image tells, and both maps beside each other on the image."""
    window.open(simulate_section(spots, 500, seed=1, image=True))
    action = window.dock.lost.sources["map"]
    for _ in range(2):
        action.trigger()
        window.until(
            lambda: (
                window.layers.image_features is not None and window.layers.image_features.visible
            )
        )
        window.wait(0.5)
        action.trigger()
    window.run()
    for _ in range(4):
        window.press("side_by_side")


def session(window: Window, section: Section) -> None:
    """Save all that was done with a section that was read from a file, and open it again."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_section(section, Path(folder) / "section.h5ad")
        window.read(path)
        paint(window)
        window.run()
        window.save_session(Path(folder) / "work.stentrans")
        window.viewer.layers.clear()
        window.wait(1)
        window.read(Path(folder) / "work.stentrans")
        window.wait(1)


def probe(window: Window, section: Section) -> None:
    """Milliseconds that the status bar costs, which napari asks for in a thread of its own."""
    positions = window.layers.frame.world_yx(section.xy[:: max(len(section.xy) // 500, 1)])
    layer = window.layers.before
    layer.get_status(positions[0], world=True)  # the gene is taken once
    start = time.perf_counter()
    for position in positions:
        layer.get_status(position, world=True)
    print(f"  a move of the probe: {1000 * (time.perf_counter() - start) / len(positions):.2f} ms")


def state() -> dict[str, float]:
    """What must not grow: resident memory (MiB), widgets and threads."""
    QApplication.processEvents()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "MiB": pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        "widgets": len(QApplication.allWidgets()),
        "threads": threading.active_count() + QThreadPool.globalInstance().activeThreadCount(),
    }


def leak(runs: int, switches: int) -> None:
    """Many runs and many genes in one viewer."""
    section = simulate_section(300, 60, seed=0, image=False)
    window = Window()
    window.open(section)
    steps = {"after 5 runs": 5, f"after {runs} runs": runs - 5}
    for said, n in steps.items():
        for _ in range(n):
            window.run()
        print(f"  {said:<24}", *(f"{v:8.0f} {k}" for k, v in state().items()))
    for i in range(switches):
        window.gene(str(section.genes[i % len(section.genes)]))
        if i in (19, switches - 1):
            said = f"after {i + 1} genes"
            print(f"  {said:<24}", *(f"{v:8.0f} {k}" for k, v in state().items()))
    for i in range(60):
        for view in ("swipe", "side_by_side"):
            window.dock.bar.views[view].click()
            window.wait(0.02)
        if i in (2, 59):
            window.layers.views.end()
            window.wait(0.5)
            said = f"after {2 * (i + 1)} views"
            print(f"  {said:<24}", *(f"{v:8.0f} {k}" for k, v in state().items()))
    window.viewer.close()


def blocks(dog: Watchdog) -> None:
    print("\n  longest blocks by the clock, and by the processor time of the window's thread")
    for during in dict.fromkeys(block.during for block in dog.blocks):
        of = [block for block in dog.blocks if block.during == during]
        print(f"  {during} ({len(of)})")
        for by in ("seconds", "cpu"):
            for block in sorted(of, key=lambda block: -getattr(block, by))[:2]:
                where = sorted(block.where.items(), key=lambda item: -item[1])[:2]
                seen = "; ".join(f"{n} x {line}" for line, n in where) or "not seen"
                print(f"    {1000 * block.seconds:>6.0f} ms {1000 * block.cpu:>6.0f} ms  {seen}")


@contextmanager
def collecting(found: list[tuple[str, float, bool]], dog: Watchdog) -> Iterator[None]:
    """Note full garbage collections, in which no thread runs: when, seconds, whether our own."""
    window, began = threading.get_ident(), 0.0

    def on_collection(phase: str, facts: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        elif facts["generation"] == 2:
            own = threading.get_ident() == window
            found.append((dog.during, time.perf_counter() - began, own))

    gc.callbacks.append(on_collection)
    yield
    gc.callbacks.remove(on_collection)


def watched(what: list[str], spots: int, n_genes: int) -> None:
    """Do what is asked for in one window, with a watchdog."""
    start = time.perf_counter()
    section = simulate_section(spots, n_genes, seed=0, image=False)
    print(f"{spots:,} x {n_genes:,}, {section.counts.nnz:,} counts, "
          f"simulated in {time.perf_counter() - start:.0f} s")  # fmt: skip
    window = Window()
    collections: list[tuple[str, float, bool]] = []
    with Watchdog() as dog, collecting(collections, dog):
        steps: dict[str, Callable[[], object]] = {
            "load": lambda: window.open(section),
            "paint": lambda: paint(window),
            "run": window.run,
            "gene": lambda: genes(window, section),
            "overlay": lambda: overlay(window, section),
            "views": lambda: views(window),
            "swipe": lambda: swipe(window),
            "profile": lambda: profile(window, section),
            "probe": lambda: probe(window, section),
            "delete": lambda: delete(window),
            "image_features": lambda: told(window, spots),
            "session": lambda: session(window, section),
        }
        needed = {"load"} | ({"run"} if NEED_A_RUN & set(what) else set())
        for name, step in steps.items():
            if name in what or name in needed:
                dog.during = name
                start = time.perf_counter()
                step()
                window.wait(0.5)
                print(f"  {name:<12}{time.perf_counter() - start:7.1f} s")
    blocks(dog)
    for during in dict.fromkeys(name for name, *_ in collections):
        of = [(took, own) for name, took, own in collections if name == during]
        print(f"  {during}: {len(of)} full garbage collections, "
              f"{sum(own for _, own in of)} in the window's thread, "
              f"{1000 * sum(took for took, _ in of):.0f} ms in all")  # fmt: skip
    window.viewer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=EVERYTHING)
    parser.add_argument("--spots", type=int, default=5000)
    parser.add_argument("--genes", type=int, default=35_000)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--switches", type=int, default=500)
    arguments = parser.parse_args()
    what = [name for name in arguments.what if name != "leak"]
    if what:
        watched(what, arguments.spots, arguments.genes)
    if "leak" in arguments.what:
        leak(arguments.runs, arguments.switches)


if __name__ == "__main__":
    main()
