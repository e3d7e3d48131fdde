"""Small icons as SVG, and plots, coloured like the text beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QByteArray
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

SIZE = 48
"""Icons are drawn at this many pixels and scaled down, so that they stay sharp."""
FAINT = 0.35
"""Opacity of icons that cannot be pressed."""

_TEETH = "".join(
    f'<rect x="10.3" y="1.5" width="3.4" height="5" rx="1.2" transform="rotate({angle} 12 12)"/>'
    for angle in range(0, 360, 45)
)
_KEYS = (5, 9, 13, 17)
_LINE = 'fill="none" stroke="{color}" stroke-width="2" stroke-linecap="round"'
_BRUSH = (
    '<path d="M20.5 2 C22.5 3 22.3 4.6 21 6.2 L13.5 14.3 L10 11 L17.7 3.2 '
    "C18.7 2.2 19.7 1.7 20.5 2 Z M9 12.2 L12.4 15.4 C13 19.5 9 22.5 2 21.3 "
    'C5.2 19.8 3.8 14.2 9 12.2 Z"/>'
)
_SHAPES = {
    "gear": _TEETH
    + '<circle cx="12" cy="12" r="5.4" fill="none" stroke="{color}" stroke-width="4"/>',
    "keyboard": '<rect x="1.5" y="5" width="21" height="14" rx="2.5" fill="none" stroke="{color}" '
    'stroke-width="2"/>'
    + "".join(f'<rect x="{x}" y="{y}" width="2" height="2"/>' for y in (8.3, 11.6) for x in _KEYS)
    + '<rect x="7" y="14.8" width="10" height="2" rx="1"/>',
    "close": f'<path {_LINE} d="M6 6 L18 18 M18 6 L6 18"/>',
    "error": '<path d="M12 2 L23 21 H1 Z"/><rect x="11" y="8.5" width="2" height="6.5" '
    'fill="{hole}"/><rect x="11" y="16.5" width="2" height="2" fill="{hole}"/>',
    "note": '<circle cx="12" cy="12" r="10"/><rect x="11" y="10.5" width="2" height="7" '
    'fill="{hole}"/><rect x="11" y="6.5" width="2" height="2" fill="{hole}"/>',
    "brush": _BRUSH,
    "eraser": '<path d="M14.5 3 L21.5 10 L12 19.5 H21 V21.5 H7 L2.5 17 Z"/>',
    "polygon": f'<path {_LINE} d="M12 3 L21 10 L17.5 20.5 H6.5 L3 10 Z"/>',
    "bucket": '<path d="M10 3 L20 12 L11.5 20 Q10.5 21 9.5 20 L3 13.5 Q2 12.5 3 11.5 Z"/>'
    '<path d="M21 14 Q24 18.5 21.5 20.5 Q19 21.5 18.7 18.5 Z"/>',
    "undo": f'<path {_LINE} d="M5 9 H14 Q20 9 20 14 Q20 19 14 19 H9 M9.5 4.5 L5 9 L9.5 13.5"/>',
    "redo": f'<path {_LINE} d="M19 9 H10 Q4 9 4 14 Q4 19 10 19 H15 M14.5 4.5 L19 9 L14.5 13.5"/>',
    "eye": f'<path {_LINE} d="M1.5 12 Q12 1 22.5 12 Q12 23 1.5 12 Z"/>'
    '<circle cx="12" cy="12" r="3.5"/>',
    "eye_closed": f'<path {_LINE} d="M2 10 Q12 20 22 10 M5 14 L3 17 M12 15.5 V19 M19 14 L21 17"/>',
    "bin": f'<path {_LINE} d="M4 6 H20 M9 5.5 V3 H15 V5.5 M6 6.5 L7.3 21 H16.7 L18 6.5"/>',
    "palette": f'<circle {_LINE} cx="12" cy="12" r="9.5"/>'
    '<path d="M12 2.5 A9.5 9.5 0 0 1 12 21.5 Z"/>',
    "layers": f'<path {_LINE} d="M12 3 L22 8.5 L12 14 L2 8.5 Z M2 13 L12 18.5 L22 13"/>',
    "grid": "".join(
        f'<rect x="{x}" y="{y}" width="5" height="5" rx="1"/>'
        for y in (2.5, 9.5, 16.5)
        for x in (2.5, 9.5, 16.5)
    ),
    "swatch": '<rect x="2" y="2" width="20" height="20" rx="4"/>',
    "swatch_used": '<rect x="2" y="2" width="20" height="20" rx="4"/>'
    '<g transform="translate(4.2 4.2) scale(0.65)" fill="{hole}">' + _BRUSH + "</g>",
}


def icon(name: str, color: str) -> QIcon:
    """Icon of a name in a CSS colour, and faint where it cannot be pressed."""
    made = QIcon(pixmap(name, color))
    made.addPixmap(_faint(pixmap(name, color)), QIcon.Mode.Disabled)
    return made


def pixmap(name: str, color: str, size: int = SIZE) -> QPixmap:
    """Draw an icon ``size`` pixels wide."""
    shapes = _SHAPES[name].format(color=color, hole="#ffffff")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
        f'viewBox="0 0 24 24" fill="{color}">{shapes}</svg>'
    )
    drawn = QPixmap()
    drawn.loadFromData(QByteArray(svg.encode()), "SVG")
    return drawn


def _faint(drawn: QPixmap) -> QPixmap:
    pale = QPixmap(drawn.size())
    pale.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pale)
    painter.setOpacity(FAINT)
    painter.drawPixmap(0, 0, drawn)
    painter.end()
    return pale


def text_color(widget: QWidget) -> str:
    """Colour of a widget's text in the theme of the moment, as CSS."""
    widget.ensurePolished()
    color: QColor = widget.palette().color(widget.foregroundRole())
    return str(color.name())
