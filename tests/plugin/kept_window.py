"""A napari window that tests have one after the other; each finds it as if it were new.

To make a window takes half a second, and to close it a quarter. What a test has put into it is
taken out again, what it set is set back, and what its dock left behind fails the test.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import napari
from napari._app_model._app import NapariApplication, _napari_names
from napari._qt.dialogs.qt_notification import NapariQtNotification
from napari._qt.qt_main_window import _QtMainWindow
from napari._qt.qt_viewer import QtViewer
from napari._qt.threads.status_checker import StatusChecker
from napari.settings import get_settings
from napari.utils.events import EventedModel
from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_stentrans.plugin.jobs.safekeeping import Safekeeping
from napari_stentrans.plugin.layers.gl_context import GlContext

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

OWN = "napari_stentrans"
CALLBACKS = (
    "mouse_move_callbacks",
    "mouse_drag_callbacks",
    "mouse_wheel_callbacks",
    "mouse_double_click_callbacks",
)


class KeptWindow:
    """One window for many tests, made when it is first asked for.

    Attributes
    ----------
    viewer
        Its viewer; None: there is none now.
    """

    def __init__(self) -> None:
        self.viewer: napari.Viewer | None = None
        self._patches = ExitStack()

    def lend(self, qtbot: QtBot) -> napari.Viewer:
        """Give the window to a test, shown and empty."""
        if self.viewer is None:
            reset_settings()
            self._make(qtbot)
        elif self._window.isHidden():
            self._window.show()
            qtbot.waitExposed(self._window, timeout=5000)
        self._window._qt_viewer.setFocus()
        assert self.viewer is not None
        return self.viewer

    def hide(self) -> None:
        """Leave the screen to the windows that a test makes itself."""
        if self.viewer is not None:
            self._window.hide()

    def take_back(self) -> list[str]:
        """Make the window as it was, and say what could not be taken out of it."""
        if self.viewer is None:
            return []
        if not self._is_open():
            self.close()
            return []
        self.viewer.layers.clear()
        self.viewer.window.remove_dock_widget("all")
        for kept in self._window.findChildren(Safekeeping):
            kept.eventFilter(self._window, QCloseEvent())  # lets go, as where the window closes
            kept.deleteLater()
        for notice in list(NapariQtNotification._instances):
            notice.close()
        deliver_deletions()
        self._set_back()
        reset_settings()
        return self._left()

    def close(self) -> None:
        """Close the window for good."""
        viewer, self.viewer = self.viewer, None
        if viewer is None:
            return
        if hasattr(viewer.window, "_qt_window"):
            with patch.object(viewer.window._qt_window, "_save_current_window_settings"):
                viewer.close()
        else:
            viewer.close()
        self._patches.close()
        deliver_deletions()

    @property
    def _window(self) -> Any:
        assert self.viewer is not None
        return self.viewer.window._qt_window

    def _make(self, qtbot: QtBot) -> None:
        """Make it in the way of ``make_napari_viewer``."""
        from napari._qt._qapp_model.qactions import init_qactions
        from napari.plugins import _initialize_plugins

        _initialize_plugins.cache_clear()
        init_qactions.cache_clear()
        app = NapariApplication("kept_window")
        app.injection_store.namespace = _napari_names
        made = self._patches
        made.callback(init_qactions.cache_clear)
        made.callback(_initialize_plugins.cache_clear)
        made.callback(NapariApplication.destroy, "kept_window")
        made.enter_context(patch.object(NapariApplication, "get_app_model", return_value=app))
        made.enter_context(patch.object(StatusChecker, "start", lambda *_: None))
        made.enter_context(patch.object(QtViewer, "_get_console", no_console))
        self.viewer = napari.Viewer(show_welcome_screen=False)
        QtViewer._instances.clear()  # those that a test makes itself are counted
        qtbot.waitExposed(self._window, timeout=5000)
        self._context = QObject()
        GlContext(self.viewer, self._context)  # tests take their docks, and theirs, away
        self._at_first = settings_of(self.viewer)
        self._bound = bound(self.viewer)
        self._layout, self._size = self._window.saveState(), self._window.size()

    def _is_open(self) -> bool:
        assert self.viewer is not None
        window = getattr(self.viewer.window, "_qt_window", None)
        return window in _QtMainWindow._instances  # out of which napari takes what was closed

    def _set_back(self) -> None:
        assert self.viewer is not None
        set_back(self.viewer, self._at_first)
        self._window.restoreState(self._layout)
        self._window.resize(self._size)

    def _left(self) -> list[str]:
        assert self.viewer is not None
        now = bound(self.viewer)
        left = [f"{what}: {now[what]}" for what, then in self._bound.items() if now[what] != then]
        return left + [f"in the window: {kept}" for kept in own_objects(self._window)]


def reset_settings() -> None:
    """Bring back napari's own settings, which it would write to a file one by one."""
    settings = get_settings()
    with patch.object(type(settings), "_maybe_save", lambda *_: None):
        settings.reset()


def no_console(*_: object) -> QWidget:
    """Stand in for napari's console, which takes seconds to make."""
    widget = QWidget()
    widget._update_theme = lambda *_: None
    return widget


def own_objects(window: QObject) -> list[Any]:
    """What the plugin has put into the window."""
    made = window.findChildren(QObject)
    return [child for child in made if type(child).__module__.startswith(OWN)]


def deliver_deletions() -> None:
    """Delete what is to be deleted later, now."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def bound(viewer: napari.Viewer) -> dict[str, str]:
    """What answers to keys and to the mouse in a viewer."""
    of = {name: str(getattr(viewer, name)) for name in CALLBACKS}
    return {"keys": str(sorted(map(str, viewer.keymap))), **of}


def settings_of(model: EventedModel) -> dict[str, Any]:
    """Plain values of a model and of the models in it; layers and what they decide are none."""
    found: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if name in ("layers", "dims", "size", "mouse_over_canvas"):  # Qt tells of the mouse
            continue
        if isinstance(value, EventedModel):
            found[name] = settings_of(value)
        elif hasattr(value, "events"):  # overlays by name
            found[name] = {key: settings_of(overlay) for key, overlay in value.items()}
        elif not field.frozen:
            found[name] = value
    return found


def set_back(model: Any, values: dict[str, Any]) -> None:
    """Give a model the values that it had."""
    for name, value in values.items():
        now = getattr(model, name)
        if isinstance(value, dict) and not isinstance(now, dict):
            for extra in set(now) - set(value) if hasattr(now, "pop") else ():
                del now[extra]
            set_back(now, value)
        elif str(now) != str(value):
            setattr(model, name, value)
