"""All layers of a viewer in one unit, since napari warns of several and then uses none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_stentrans.plugin.layers.frame import Frame
from napari_stentrans.plugin.layers.registry import find

if TYPE_CHECKING:
    from collections.abc import Iterable

    import napari
    from napari.components import ViewerModel
    from napari.layers import Layer


class OneUnit(QObject):
    """Lets the sections of a viewer follow the unit of what comes beside them."""

    changed = Signal()
    """Sections lie elsewhere in world coordinates than before."""

    def __init__(self, parent: QObject, viewer: napari.Viewer) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._viewer.layers.events.inserted.connect(self._agree)

    def let_go(self) -> None:
        self._viewer.layers.events.inserted.disconnect(self._agree)

    def _agree(self, event: Any = None) -> None:
        if agree(self._viewer):
            self.changed.emit()


def agree(viewer: ViewerModel) -> bool:
    """Show sections in another unit where there are several; whether any had to be changed.

    napari asks at its next drawing, so that nothing is said of what was mended until then.
    """
    if _alike(viewer.layers):
        return False
    changed = False
    for layers in find(viewer):
        frame = Frame.of(
            layers.model.section, [o for o in viewer.layers if o not in layers.present]
        )
        if frame != layers.frame:
            layers.reframe(frame)
            changed = True
    return changed


def _alike(layers: Iterable[Layer]) -> bool:
    units = [unit for layer in layers for unit in layer.units[-2:]]
    return all(unit.is_compatible_with(units[0]) for unit in units)
