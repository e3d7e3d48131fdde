"""Slots that are called later: once for several calls, or in the next turn of the event loop."""

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


def next_turn(slot: Callable[[], None], parent: QObject | None = None) -> QTimer:
    """Make what calls a slot once, in the next turn of the event loop after ``start()``."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(0)
    timer.timeout.connect(slot)
    return timer
