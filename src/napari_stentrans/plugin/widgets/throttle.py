"""Throttled slots: what may be asked for often, and is done so often that it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
