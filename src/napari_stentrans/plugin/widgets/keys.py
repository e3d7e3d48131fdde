"""Keys: shortcuts that work on the canvas and in the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QGuiApplication, QKeySequence
from qtpy.QtWidgets import QShortcut

from napari_stentrans.plugin.actions import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel
    from qtpy.QtGui import QKeyEvent
    from qtpy.QtWidgets import QWidget


class Keys(QObject):
    """Binds actions of the table to the canvas of a viewer and to widgets beside it.

    A key works while the canvas or anything in the widgets has the focus; lines to type in keep
    their letters.
    """

    def __init__(self, viewer: ViewerModel, dock: QWidget, *others: QWidget) -> None:
        super().__init__(dock)
        self._viewer, self._widgets = viewer, (dock, *others)
        self._bound: list[str] = []
        self._held: dict[int, tuple[Callable[[], object], Callable[[], object]]] = {}
        application: Any = QGuiApplication.instance()
        application.applicationStateChanged.connect(self._on_state)

    def on(self, action: str, do: Callable[[], object]) -> None:

        def pressed(viewer: object) -> None:
            do()

        self._bind(action, pressed)
        for widget in self._widgets:
            shortcut = QShortcut(QKeySequence(keys_of(action)), widget)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda: do())

    def while_held(
        self, action: str, press: Callable[[], object], release: Callable[[], object]
    ) -> None:

        def held(viewer: object) -> Iterator[None]:
            press()
            yield
            release()

        self._bind(action, held)
        code = QKeySequence(keys_of(action))[0].key()
        self._held[int(getattr(code, "value", code))] = (press, release)

    def let_go(self) -> None:
        for keys in self._bound:
            self._viewer.bind_key(keys, None)
        self._bound.clear()
        self._held.clear()
        application: Any = QGuiApplication.instance()
        application.applicationStateChanged.disconnect(self._on_state)

    def take(self, event: QKeyEvent) -> bool:
        """Take a key that nothing in the dock wanted; whether it was one that can be held."""
        held = self._held.get(int(event.key()))
        if held is None or event.modifiers():
            return False
        if not event.isAutoRepeat():
            held[event.type() == QEvent.Type.KeyRelease]()
        return True

    def _bind(self, action: str, do: Callable[[object], object]) -> None:
        keys = keys_of(action).replace("+", "-")  # as napari writes them
        self._viewer.bind_key(keys, do, overwrite=True)
        self._bound.append(keys)

    def _on_state(self, state: object) -> None:
        """Release what is held when another program gets the keyboard: no key tells it then."""
        if state != Qt.ApplicationState.ApplicationActive:
            for _, release in self._held.values():
                release()
