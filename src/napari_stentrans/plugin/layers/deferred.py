"""DeferredCalls: what napari takes long for, one thing in each turn of the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qtpy.QtCore import QCoreApplication, QObject, QTimer

from napari_stentrans.errors import StentransError
from napari_stentrans.plugin.widgets.throttle import timer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable

T = TypeVar("T")


class DeferredCalls:
    """Steps that wait for their turn, by name.

    napari needs nearly a tenth of a second to make a layer or to remove one. A window that does
    that one at a time still answers; one that makes five layers at once does not.
    """

    def __init__(self) -> None:
        self._steps: dict[Hashable, Callable[[], None]] = {}
        self._timer: QTimer | None = None

    def __contains__(self, name: Hashable) -> bool:
        return name in self._steps

    def add(self, name: Hashable, step: Callable[[], None], after_ms: int = 0) -> None:
        """Let a step wait for its turn, in place of one of the same name; turns begin after a time.

        It is done at once where there is no event loop.
        """
        if QCoreApplication.instance() is None:
            step()
            return
        self._steps.pop(name, None)
        self._steps[name] = step
        self._timer = self._timer or timer(None, self._on_turn)
        self._timer.start(after_ms)

    def finish(self, *names: Hashable) -> None:
        """Do steps at once, where they still wait: those of these names, or all."""
        for name in names or tuple(self._steps):
            step = self._steps.pop(name, None)
            if step is not None:
                step()

    def drop(self, *names: Hashable) -> None:
        """Give up steps that wait: those of these names, or all."""
        for name in names or tuple(self._steps):
            self._steps.pop(name, None)

    def _on_turn(self) -> None:
        name, *others = self._steps or [None]
        if others and self._timer is not None:
            self._timer.start(0)
        self.finish(name)


class Walk(QObject):
    """Steps of one piece of work, one in each turn of the event loop.

    ``done`` takes what they return, ``failed`` an error made for people.
    """

    def __init__(
        self,
        parent: QObject,
        steps: Generator[None, None, T],
        done: Callable[[T], None],
        failed: Callable[[StentransError], None],
    ) -> None:
        super().__init__(parent)
        self._steps, self._done, self._failed = steps, done, failed
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._on_turn)
        self._timer.start()

    def _on_turn(self) -> None:
        done, failed = self._done, self._failed
        try:
            next(self._steps)
        except StopIteration as end:
            self._end()
            done(end.value)
        except StentransError as error:
            self._end()
            failed(error)

    def _end(self) -> None:
        self._timer.stop()
        del self._steps, self._done, self._failed
        self.deleteLater()
