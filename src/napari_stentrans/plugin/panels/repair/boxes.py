"""Boxes that ask for a setting: those of magicgui, and of its kind for what may be None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.backends._qtpy.widgets import QBaseValueWidget
from magicgui.widgets import CheckBox, ComboBox, create_widget
from magicgui.widgets.bases import ValueWidget
from qtpy.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget
from superqt import QLargeIntSpinBox
from superqt.utils import signals_blocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_stentrans.settings import Setting

QT_MOST, MOST, MOST_FLOAT = 2**31 - 1, 2**63 - 1, 1e15
"""The greatest numbers: of Qt's box, of a larger one, and of one with a point."""
DECIMALS = 12


def box_of(
    setting: Setting, choices: Callable[[], Iterable[str]] | None = None
) -> ValueWidget[Any]:
    """Make the box of a setting: ``value`` is as in a config, ``native`` is the widget of Qt.

    Parameters
    ----------
    setting
        What it asks for.
    choices
        What there is to choose from at the moment, where the setting does not know that.
    """
    options: dict[str, Any] = {}
    if setting.choices or choices is not None:
        options = {"widget_type": _Choice, "setting": setting, "more": choices or tuple}
    elif setting.kind in (int, float, str):
        options = {"widget_type": _Field, "setting": setting}
    box: Any = create_widget(setting.default, setting.kind, setting.name, options=options)
    if isinstance(box, CheckBox):
        box.text = ""  # it has a label beside it
    return box


class _Choice(ComboBox):
    """The choices of a setting in words; None, where it is one, comes first."""

    def __init__(self, setting: Setting, more: Callable[[], Iterable[str]], **given: Any) -> None:
        self.null_string = setting.word(None)
        listed = [(setting.word(value), value) for value in setting.choices]
        given["choices"] = lambda _: [*listed, *((key, key) for key in more())]
        super().__init__(**given | {"nullable": setting.optional})


class _Field(ValueWidget[Any]):
    """A number or a text, or a word in place of None."""

    def __init__(self, setting: Setting, **given: Any) -> None:
        own = {"widget_type": _Backend, "backend_kwargs": {"setting": setting}}
        super().__init__(**given | own)


class _Backend(QBaseValueWidget):
    """The widget of Qt below a field: one value of it, below all others, stands for None."""

    def __init__(self, setting: Setting, parent: QWidget | None = None) -> None:
        kind = _widget_for(setting)
        names = ("value", "setValue", "valueChanged")
        if kind is QLineEdit:
            names = ("text", "setText", "textChanged")
        super().__init__(kind, *names, parent=parent)
        box: Any = self._qwidget
        self._none: object = None
        if isinstance(box, QLineEdit):
            self._none = "" if setting.optional else None
            box.setPlaceholderText(setting.word(None) if setting.optional else "")
            return
        low, high, unit = _limits(setting, kind)
        box.setRange(low - unit * setting.optional, high)
        if setting.optional:
            self._none = box.minimum()
            box.setSpecialValueText(setting.word(None))

    def _pre_set_hook(self, value: Any) -> Any:
        return self._none if value is None else value

    def _post_get_hook(self, value: Any) -> Any:
        return None if value == self._none else value


class _ShortNumber(QDoubleSpinBox):
    """A small number, written as short as it can be: 0.001, 5e-05."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(DECIMALS)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        return f"{value:.{DECIMALS}g}"


class _LargeNumber(QLargeIntSpinBox):
    """A whole number of any size."""

    def setValue(self, value: int) -> None:
        """Show a number; superqt would take the keyboard as well, as if it was typed."""
        edit: Any = self.lineEdit()
        with signals_blocked(edit):
            super().setValue(value)


def _widget_for(setting: Setting) -> type[QWidget]:
    if setting.kind is str:
        return QLineEdit
    if setting.kind is float:
        return _ShortNumber
    small = setting.optional or setting.high <= QT_MOST
    return QSpinBox if small else _LargeNumber


def _limits(setting: Setting, kind: type[QWidget]) -> tuple[float, float, float]:
    """The least and the greatest value that a box takes, and what is between two of its values."""
    if kind is not _ShortNumber:
        most = QT_MOST if kind is QSpinBox else MOST
        return int(max(setting.low, -most)), int(min(setting.high, most)), 1
    low, unit = max(setting.low, -MOST_FLOAT), 10.0**-DECIMALS
    above = low if round(low, DECIMALS) >= low else low + unit
    return above, min(setting.high, MOST_FLOAT), unit
