"""The contact sheet: all pictures, small, on one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from names import PICTURES, SHEET
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from pathlib import Path

    from camera import Camera

ACROSS = 4
CELL = (256, 160)
GAP, LINE = 8, 16
PAPER, INK = "#f4f4f4", "#202020"
PAGE = """# All pictures

The window, piece by piece, on a simulated section. `scripts/pictures` drives a real window by mouse
and keys, takes them all and writes this page.

![All pictures, small](images/{sheet}.png)

{lines}
"""


def draw_sheet(camera: Camera) -> None:
    """Draw what the camera has taken, in the order of the visit, with the name of each."""
    names = [name for name in PICTURES if name in camera.taken]
    wide, high = CELL[0] + GAP, CELL[1] + GAP + LINE
    size = (ACROSS * wide + GAP, -(-len(names) // ACROSS) * high + GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for at, name in enumerate(names):
        left, top = GAP + at % ACROSS * wide, GAP + at // ACROSS * high
        with Image.open(camera.folder / f"{name}.png") as taken:
            small = taken.convert("RGB")
        small.thumbnail(CELL, Image.Resampling.LANCZOS)
        sheet.paste(small, (left + (CELL[0] - small.width) // 2, top))
        draw.text((left, top + CELL[1] + 1), f"{at + 1}  {name}", INK, font)
    camera.save(SHEET, sheet)


def write_sheet(page: Path) -> None:
    """Write the page with the contact sheet and a line for each picture."""
    named = enumerate(PICTURES.items(), 1)
    lines = "\n".join(f"{at}. [{what}](images/{name}.png)" for at, (name, what) in named)
    page.write_text(PAGE.format(sheet=SHEET, lines=lines), encoding="utf-8")
