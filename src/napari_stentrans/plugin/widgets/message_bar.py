"""MessageBar: one line that says what went wrong, or what was noticed, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_stentrans.plugin.widgets.icons import icon, pixmap, text_color

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["error", "note"]
TINTS: dict[Kind, tuple[str, str]] = {
    "error": ("#e0563b", "rgba(224, 86, 59, 60)"),
    "note": ("#3f8fd2", "rgba(63, 143, 210, 50)"),
}


class MessageBar(QFrame):
    """A message with an icon; its text can be selected and copied; the cross closes it.

    It may have a button that does something about what it says.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stentransMessage")
        self.setAccessibleName("message")
        self._kind: Kind = "note"
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.close_button = QToolButton()
        self.close_button.setToolTip("Close this message")
        self.close_button.setAccessibleName("close message")
        self.close_button.setAutoRaise(True)
        self.close_button.clicked.connect(self.clear)
        self.action, self.other = QPushButton(), QPushButton()
        for made in (self.action, self.other):
            made.setToolTip("Do what the message offers")
            made.setAccessibleName("do it")
            made.setMinimumHeight(24)  # words of one line would leave two buttons too little room
            made.hide()
        self.action.clicked.connect(self.act)
        self.other.clicked.connect(self._act_otherwise)
        self._do: Callable[[], object] | None = None
        self._do_other: Callable[[], object] | None = None
        actions = QVBoxLayout()
        actions.setSpacing(4)
        actions.addWidget(self.action)
        actions.addWidget(self.other)
        actions.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 4, 6)
        row.setSpacing(8)
        row.addWidget(self._icon, 0)
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
        self._forget_action()
        self._show(text, kind)
        self._label.setToolTip(whole)

    def offer(self, text: str, action: str, tip: str, do: Callable[[], object]) -> None:
        """Show a note with a button, which closes it and does something; once at most."""
        self.show_message(text, "note")
        _name(self.action, action, tip)
        self._do = do

    def offer_also(self, action: str, tip: str, do: Callable[[], object]) -> None:
        _name(self.other, action, tip)
        self._do_other = do

    def act(self) -> None:
        if self._do is not None:
            do = self._do
            self.clear()
            do()

    def _act_otherwise(self) -> None:
        do = self._do_other
        if do is not None:
            self.clear()
            do()

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
        self._recolour()
        self.show()

    def add_note(self, text: str) -> None:
        """Add a note to those that are shown; an error stays, with the note below it."""
        shown = self.text().split("\n")
        if text not in shown:
            self._show("\n".join([*filter(None, shown), text]), self._kind)

    def clear(self) -> None:
        self._label.clear()
        self._forget_action()
        self._kind = "note"
        self.hide()

    def _forget_action(self) -> None:
        self._do = self._do_other = None
        self.action.hide()
        self.other.hide()

    def changeEvent(self, event: Any) -> None:
        """Keep the cross readable when the theme changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and not self.isHidden():
            self._recolour()

    def _recolour(self) -> None:
        self.close_button.setIcon(icon("close", text_color(self._label)))


def _name(made: QPushButton, text: str, tip: str) -> None:
    made.setText(text)
    made.setToolTip(tip)
    made.setAccessibleName(text.lower())
    made.show()
