"""When something is done: soon, and not too often; and whose signals it follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from superqt.utils import QSignalThrottler

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QObject


def throttled_slot(
    every_ms: int, slot: Callable[[], None], parent: QObject | None = None
) -> QSignalThrottler:
    """Make what calls a slot once after ``throttle()``, however often that was called meanwhile."""
    throttler = QSignalThrottler(QSignalThrottler.EmissionPolicy.Trailing, parent)
    throttler.setTimeout(every_ms)
    throttler.triggered.connect(slot)
    return throttler


def timer(parent: QObject | None, do: Callable[[], object], after_ms: int = 0) -> QTimer:
    """Make what does something once after ``start()``; 0: in the next turn of the event loop."""
    made = QTimer(parent)
    made.setSingleShot(True)
    made.setInterval(after_ms)
    made.timeout.connect(do)
    return made


def follow(old: object, new: object, do: Callable[..., object], *signals: str) -> None:
    """Do something on these signals of ``new``, and no more on those of ``old``.

    Of a layer of napari they are its events. None stands for nothing to follow; both may be
    the same.
    """
    for thing, wire in ((old, "disconnect"), (new, "connect")):
        for name in signals if thing is not None else ():
            getattr(getattr(getattr(thing, "events", thing), name), wire)(do)
