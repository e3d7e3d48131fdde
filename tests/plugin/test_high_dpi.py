"""The same gestures on a screen with twice as many pixels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GESTURES = [
    "test_dock.py::test_painting_by_mouse_is_counted_and_comes_back_filled",
    "test_compare.py::test_the_handle_is_dragged_over_the_canvas",
    "test_compare.py::test_a_profile_along_a_drawn_line",
]


def test_gestures_go_where_they_point_on_a_high_dpi_screen():
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", *(str(folder / g) for g in GESTURES)],
        env={**os.environ, "QT_SCALE_FACTOR": "2"},
        cwd=folder.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "3 passed" in done.stdout
