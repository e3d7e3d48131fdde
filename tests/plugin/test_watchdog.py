"""The watchdog sees what blocks the window, and whose thread it was."""

from __future__ import annotations

import time

import pytest
from qtpy.QtCore import QTimer
from watchdog import Watchdog


def test_a_block_is_seen_with_the_line_that_made_it(qtbot):
    def asleep():
        time.sleep(0.3)

    with Watchdog() as dog:
        dog.during = "nap"
        QTimer.singleShot(0, asleep)
        qtbot.wait(100)
        dog.during = "rest"
    worst = dog.worst("nap")
    assert worst.seconds >= 0.3
    assert worst.cpu < worst.seconds / 2
    assert any("asleep" in line for line in worst.where)
    assert dog.worst("never").seconds == 0


def test_computing_in_the_window_counts_as_its_own(qtbot):
    def busy():
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass

    with Watchdog(longest=0.1) as dog:
        QTimer.singleShot(0, busy)
        qtbot.wait(50)
    assert dog.worst().cpu == pytest.approx(0.2, abs=0.1)
