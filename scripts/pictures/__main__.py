"""Take the pictures of the README and the docs: a real window, driven by mouse and keys.

    xvfb-run -a -s "-screen 0 1280x800x24" .venv/bin/python scripts/pictures

It takes about three minutes, writes docs/images, and puts what the window said into docs/gallery.md
and docs/contact_sheet.md. To look at a section of your own, or at the light theme:

    ... scripts/pictures --section outs --folder looked_at
    ... scripts/pictures --theme light --folder looked_at
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).parents[2]
SIZE = (1280, 800)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="default: docs/images")
    parser.add_argument("--section", type=Path, help="a section of your own")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    given = parser.parse_args()
    if given.folder is None and (given.section or given.theme != "dark"):
        parser.error("only simulated sections in the dark theme go into the docs: give a --folder")
    return given


def main() -> None:
    given = arguments()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="stentrans-") as scratch:
        os.environ["NAPARI_CONFIG"] = f"{scratch}/napari.yaml"  # nobody's settings are changed
        section = given.section.resolve() if given.section else None
        folder = (given.folder or REPO / "docs" / "images").resolve()
        take(folder, section, given.theme, Path(scratch), pages=given.folder is None)
    print(f"pictures: {time.monotonic() - began:.0f} s")


def take(folder: Path, section: Path | None, theme: str, scratch: Path, *, pages: bool) -> None:
    """Take all pictures, and write the pages where the pictures are those of the docs."""
    from camera import Camera
    from gallery import draw_pairs, write_figures
    from hands import Hands
    from names import PICTURES, SHEET
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication
    from sheet import draw_sheet, write_sheet
    from story import Story

    from napari_stentrans.plugin.contributions.app import open_viewer

    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    viewer, dock = open_viewer()
    viewer.window.resize(*SIZE)
    viewer.window._qt_window.move(0, 0)
    hands = Hands(viewer, dock)
    hands.settle(1)
    camera = Camera(hands, folder, theme)
    os.chdir(scratch)
    story = Story(hands, camera, section, scratch)
    story.tell()
    if section is None:
        draw_pairs(story, camera)
    draw_sheet(camera)
    if pages:
        write_figures(REPO / "docs" / "gallery.md", story)
        write_sheet(REPO / "docs" / "contact_sheet.md")
        missing = {*PICTURES, SHEET} ^ set(camera.taken)
        if missing:
            raise SystemExit(f"pictures: names.py and what was taken differ: {sorted(missing)}")
    viewer.close()
    QApplication.processEvents()


if __name__ == "__main__":
    main()
