"""A watchdog of the window: how long its event loop was blocked, and by what."""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from types import FrameType, TracebackType

BEAT_MS = 2
"""Milliseconds between two beats of an event loop that has nothing to do."""
LOOK_EVERY = 0.01
"""Seconds between two looks at what the event loop is doing."""
OWN = "napari_stentrans"


@dataclass
class Block:
    """A time in which the event loop did not come round.

    Attributes
    ----------
    seconds
        By the clock: this is what a person waits.
    cpu
        Seconds of it that the window's thread computed; other threads and programs had the rest.
    during
        What the program was doing, as it was told to the watchdog.
    where
        Lines of the program in which the thread was seen, with how often, the commonest first.
    """

    seconds: float
    cpu: float
    during: str
    where: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        seen = max(self.where, key=self.where.__getitem__, default="not seen")
        return f"{1000 * self.seconds:.0f} ms ({1000 * self.cpu:.0f} ms CPU) in {seen}"


class Watchdog:
    """Counts the beats of a timer of the window's thread, and looks at it when one is late.

    Use it as a context manager in the window's thread, which must be the main one. ``during`` may
    be set at any time, to say what goes on.

    Parameters
    ----------
    longest
        Seconds; what takes longer is a block.
    """

    def __init__(self, longest: float = 0.05) -> None:
        self.longest = longest
        self.during = ""
        self.blocks: list[Block] = []
        self._beats = QTimer()
        self._beats.setInterval(BEAT_MS)
        self._beats.timeout.connect(self._beat)
        self._at = self._cpu = 0.0
        self._seen: dict[str, int] = {}
        self._over = threading.Event()
        self._main = threading.get_ident()
        self._watcher = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._at, self._cpu = time.perf_counter(), time.thread_time()
        self._handler = signal.signal(signal.SIGUSR2, self._on_signal)
        self._beats.start()
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beat()
        self._beats.stop()
        self._over.set()
        self._watcher.join()
        signal.signal(signal.SIGUSR2, self._handler)

    def worst(self, during: str | None = None) -> Block:
        """Longest block, of all or of those that came during something; 0 s where none was."""
        of = [block for block in self.blocks if during in (None, block.during)]
        return max(of, key=lambda block: block.seconds, default=Block(0.0, 0.0, during or ""))

    def _beat(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        if now - self._at > self.longest:
            seen = dict(sorted(self._seen.items(), key=lambda item: -item[1]))
            self.blocks.append(Block(now - self._at, cpu - self._cpu, self.during, seen))
        self._at, self._cpu = now, cpu
        self._seen = {}

    def _watch(self) -> None:
        looked = time.perf_counter()
        while not self._over.wait(LOOK_EVERY):
            self._look(looked)
            looked = time.perf_counter()

    def _look(self, last: float) -> None:
        """Note what goes on, where the event loop or this thread has waited for long.

        The window's thread is asked to look at itself. From here its frames would be held, and
        their names with them; a painter that outlives its turn crashes Qt.
        """
        now = time.perf_counter()
        if now - last > self.longest / 2:  # this thread could not look: nor could any other
            frames = sys._current_frames()
            frames.pop(self._main, None)
            frames.pop(threading.get_ident(), None)
            for line in map(_line_of, frames.values()):
                if "() at " in line:
                    self._note(f"another thread, which let no other run: {line}")
        elif now - self._at > self.longest / 2:
            signal.pthread_kill(self._main, signal.SIGUSR2)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if frame is not None:
            self._note(_line_of(frame))

    def _note(self, line: str) -> None:
        self._seen[line] = self._seen.get(line, 0) + 1


def _line_of(frame: FrameType) -> str:
    """Innermost line of ours in a stack, and the innermost of all."""
    stack = [(f.f_code.co_name, f.f_code.co_filename, at) for f, at in traceback.walk_stack(frame)]
    ours = [entry for entry in stack if f"/{OWN}/" in entry[1]]
    name, file, _ = stack[0]
    inner = f"{name} in {'/'.join(file.split('/')[-2:])}"
    if not ours:
        outer = next((name for name, file, _ in reversed(stack) if "/napari/" in file), "")
        return f"{outer} > {inner}" if outer else inner
    name, file, at = ours[0]
    return f"{name}() at {Path(file).name}:{at} > {inner}"
