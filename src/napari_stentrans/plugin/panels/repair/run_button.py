"""RunButton: begins a run, and says what that will do and how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QFont, QFontMetrics
from qtpy.QtWidgets import QPushButton

from napari_stentrans.cost import Work, estimate
from napari_stentrans.method_table import DEFAULT
from napari_stentrans.plugin.actions import tip_of
from napari_stentrans.plugin.widgets.panel import name_button
from napari_stentrans.wording import roughly, some

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.enhancement import Enhancement

TIP = (
    "How long it takes on this machine and how much memory it needs is told roughly, from the "
    "size of the section and the speed of the machine"
)
MARGIN = 8
"""Pixels on each side of the words."""
WORTH_TELLING = 0.5
"""Gigabytes from which on memory is said."""
LOOK = """
QPushButton {background-color: #3f5fd0; color: white; font-weight: bold; padding: 4px;}
QPushButton:hover {background-color: #5472e0;}
QPushButton:disabled {background-color: rgba(128, 128, 128, 60); color: gray; font-weight: normal;}
QPushButton:focus {border: 2px solid #a9b8f5;}
"""


class RunButton(QPushButton):
    """A button like "Fill 17 spots, 2×, with image: about 5 s"."""

    def __init__(self, clicked: Callable[[], object]) -> None:
        super().__init__("Run")
        self._slower: dict[str, float] = {}
        self._work: Work | None = None
        self._said = ""
        name_button(self, tip_of("run.start"))
        self.setStyleSheet(LOOK)
        self.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 14)  # a long one has two lines
        self.clicked.connect(lambda: clicked())

    def show_task(self, work: Work | None, said: str) -> None:
        """Say what a run does, and how long its work takes; without work, why it cannot begin."""
        self._work, self._said = work, said
        self.refresh()

    def learn(self, result: Enhancement, seconds: float) -> None:
        """Follow from now on what a run took, with its method."""
        record = result.record
        amount = len(record.lost), len(record.sites), len(record.neighbours)
        work = Work.of(result.section, record.config, *amount)
        self._slower[work.method] = seconds / max(estimate(work).seconds, 1e-3)
        self.refresh()

    def refresh(self) -> None:
        """Say it anew, in two lines where one is too short."""
        self.setText(self._in_lines(self._words()))
        self.setAccessibleName(" ".join(self.text().lower().split()))
        why = self._said if self._work is None else ""
        self.setToolTip(tip_of("run.start", why or TIP))

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self.refresh()

    def _in_lines(self, text: str) -> str:
        font = QFont(self.font())
        font.setBold(True)  # as the style draws it
        width = QFontMetrics(font).horizontalAdvance
        lines = [""]
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and width(longer) > self.width() - 2 * MARGIN:
                lines.append(word)
            else:
                lines[-1] = longer
        return "\n".join(lines)

    def _words(self) -> str:
        if self._work is None:
            return "Run"
        cost = estimate(self._work)
        time = roughly(cost.seconds * self._slower.get(self._work.method, 1.0))
        memory = f", {cost.gigabytes:.1f} GB" if cost.gigabytes >= WORTH_TELLING else ""
        return f"{self._said}: {time}{memory}"


def tasks(
    config: EnhanceConfig, spots: int, sites: int, *, image: bool, neighbours: int = 0
) -> str:
    """What a run does, with so much to fill, like "Fill 17 spots, 2×, with image"."""
    filled = [some(spots, "spot")] * bool(spots) + [some(sites, "site")] * bool(sites)
    parts = [f"fill {' and '.join(filled)}"] * bool(filled)
    parts += ["2×" if filled else "double the resolution"] * (config.upscale == 2)
    parts += ["denoise"] * config.denoise
    beside = [some(neighbours, "neighbour")] * bool(neighbours)
    seen = [*["image"] * image, *beside]
    parts += [f"with {' and '.join(seen)}"] * bool(seen)
    parts += [f"by {config.method}"] * (config.method != DEFAULT)
    said = ", ".join(parts)
    return f"{said[:1].upper()}{said[1:]}" or "Run"
