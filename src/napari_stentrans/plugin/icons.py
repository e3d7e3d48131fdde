"""Small icons as SVG, coloured like the text beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QByteArray
from qtpy.QtGui import QColor, QIcon, QPixmap

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

SIZE = 48
"""Icons are drawn at this many pixels and scaled down, so that they stay sharp."""

_TEETH = "".join(
    f'<rect x="10.3" y="1.5" width="3.4" height="5" rx="1.2" transform="rotate({angle} 12 12)"/>'
    for angle in range(0, 360, 45)
)
_LINE = 'fill="none" stroke="{color}" stroke-width="2" stroke-linecap="round"'
_SHAPES = {
    "gear": _TEETH
    + '<circle cx="12" cy="12" r="5.4" fill="none" stroke="{color}" stroke-width="4"/>',
    "close": f'<path {_LINE} d="M6 6 L18 18 M18 6 L6 18"/>',
    "error": '<path d="M12 2 L23 21 H1 Z"/><rect x="11" y="8.5" width="2" height="6.5" '
    'fill="{hole}"/><rect x="11" y="16.5" width="2" height="2" fill="{hole}"/>',
    "note": '<circle cx="12" cy="12" r="10"/><rect x="11" y="10.5" width="2" height="7" '
    'fill="{hole}"/><rect x="11" y="6.5" width="2" height="2" fill="{hole}"/>',
    "brush": '<path d="M20.5 2 C22.5 3 22.3 4.6 21 6.2 L13.5 14.3 L10 11 L17.7 3.2 '
    "C18.7 2.2 19.7 1.7 20.5 2 Z M9 12.2 L12.4 15.4 C13 19.5 9 22.5 2 21.3 "
    'C5.2 19.8 3.8 14.2 9 12.2 Z"/>',
    "eraser": '<path d="M14.5 3 L21.5 10 L12 19.5 H21 V21.5 H7 L2.5 17 Z"/>',
    "polygon": f'<path {_LINE} d="M12 3 L21 10 L17.5 20.5 H6.5 L3 10 Z"/>',
}


def icon(name: str, color: str) -> QIcon:
    """Icon of a name in a CSS colour."""
    return QIcon(pixmap(name, color))


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


def text_color(widget: QWidget) -> str:
    """Colour of a widget's text in the theme of the moment, as CSS."""
    widget.ensurePolished()
    color: QColor = widget.palette().color(widget.foregroundRole())
    return str(color.name())
