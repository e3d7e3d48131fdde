"""Lines in the dock, never a window of their own: what went wrong or was noticed, and questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_stentrans.plugin.widgets.icons import pixmap
from napari_stentrans.plugin.widgets.panel import Tool, button, called, in_row, in_rows, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind = Literal["error", "note"]
TINTS: dict[Kind, tuple[str, str]] = {
    "error": ("#e0563b", "rgba(224, 86, 59, 60)"),
    "note": ("#3f8fd2", "rgba(63, 143, 210, 50)"),
}

ANSWER = "Do something about what the message says"
LOOK = (
    "#stentransAsking {background-color: rgba(224, 160, 40, 50); border-left: 3px solid #e0a028;}"
    "#stentransAsking > QLabel {background-color: transparent;}"
)


class MessageBar(QFrame):
    """A message with an icon; its text can be selected and copied; the cross closes it.

    It may have buttons that do something about what it says.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stentransMessage")
        self.setAccessibleName("message")
        self._kind: Kind = "note"
        self._offered: dict[QPushButton, Callable[[], object]] = {}
        self._icon, self._label = QLabel(), words("message")
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        by_keys = Qt.TextInteractionFlag.TextSelectableByKeyboard
        self._label.setTextInteractionFlags(self._label.textInteractionFlags() | by_keys)
        self.close_button = Tool(
            "close message", "Close this message", self.clear, icon="close", flat=True
        )
        self.close_button.setIconSize(QSize(16, 16))
        self.action, self.other = (called(QPushButton(), "answer", ANSWER) for _ in range(2))
        actions = QVBoxLayout()
        actions.setSpacing(4)
        for made in (self.action, self.other):
            made.setMinimumHeight(24)  # words of one line would leave two buttons too little room
            made.clicked.connect(lambda _, made=made: self._act(made))
            made.hide()
            actions.addWidget(made)
        actions.addStretch(1)
        row = in_row(box=self, spacing=8)
        row.setContentsMargins(8, 6, 4, 6)
        row.addWidget(self._icon)
        row.addWidget(self._label, 1)
        row.addLayout(actions)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def text(self) -> str:
        return str(self._label.text())

    def show_message(self, text: str, kind: Kind = "error", whole: str = "") -> None:
        """Show a message; it stays until it is closed or another takes its place.

        ``whole`` is told by the tooltip, where the text leaves something out.
        """
        self._forget_offers()
        self._show(text, kind)
        self._label.setToolTip(whole)

    def add_note(self, text: str) -> None:
        """Add a note to those that are shown; an error stays, with the note below it."""
        shown = self.text().split("\n")
        if text not in shown:
            self._show("\n".join([*filter(None, shown), text]), self._kind)

    def offer(self, text: str, action: str, tip: str, do: Callable[[], object]) -> None:
        """Show a note with a button, which closes it and does something; once at most."""
        self.show_message(text, "note")
        self._offer(self.action, action, tip, do)

    def offer_also(self, action: str, tip: str, do: Callable[[], object]) -> None:
        """Add another button to what was just offered."""
        self._offer(self.other, action, tip, do)

    def act(self) -> None:
        """Do what the first button is for, where there is one."""
        self._act(self.action)

    def clear(self) -> None:
        self._label.clear()
        self._forget_offers()
        self._kind = "note"
        self.hide()

    def _show(self, text: str, kind: Kind) -> None:
        strong, tint = TINTS[kind]
        self._kind = kind
        self.setStyleSheet(
            f"#stentransMessage {{background-color: {tint}; border-left: 3px solid {strong};}}"
            "#stentransMessage > * {background-color: transparent;}"
        )
        self._icon.setPixmap(pixmap(kind, strong, 18))
        self._label.setText(text)
        self._label.setAccessibleName(f"{kind}: {text}")
        self.show()

    def _offer(self, made: QPushButton, text: str, tip: str, do: Callable[[], object]) -> None:
        called(made, text.lower(), tip).setText(text)
        self._offered[made] = do
        made.show()

    def _act(self, made: QPushButton) -> None:
        do = self._offered.get(made)
        if do is not None:
            self.clear()
            do()

    def _forget_offers(self) -> None:
        self._offered.clear()
        self.action.hide()
        self.other.hide()


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
