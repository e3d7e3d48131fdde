"""Asking: a line of words with buttons below it, in the dock; never a window of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFrame

from napari_stentrans.plugin.widgets.panel import button, in_row, in_rows, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOOK = (
    "#stentransAsking {background-color: rgba(224, 160, 40, 50); border-left: 3px solid #e0a028;}"
    "#stentransAsking > QLabel {background-color: transparent;}"
)


class Asking(QFrame):
    """Words about what ``name`` says, and what can be done about them; hidden until it is asked.

    ``answers`` are texts of buttons, with their tooltips and what they do.
    """

    def __init__(self, name: str, answers: Mapping[str, tuple[str, Callable[[], object]]]) -> None:
        super().__init__()
        self.setObjectName("stentransAsking")
        self.setAccessibleName(name)
        self.setStyleSheet(LOOK)
        self.words = words(name)
        self.answers = {text: button(text, tip, do) for text, (tip, do) in answers.items()}
        row = in_row(*self.answers.values())
        in_rows(self, self.words, row, margins=(8, 5, 5, 5), spacing=4)
        self.hide()

    def ask(self, text: str) -> None:
        self.words.setText(text)
        self.setVisible(bool(text))
