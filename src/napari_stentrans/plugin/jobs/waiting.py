"""Waiting for a job where a result is wanted at once, with a window that lives on meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qtpy.QtCore import QEventLoop, Qt, QThread
from qtpy.QtWidgets import QApplication, QProgressDialog

from napari_stentrans.errors import StentransError
from napari_stentrans.plugin.jobs.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.progress import Progress, Steps

T = TypeVar("T")


def window_is_alive() -> bool:
    """Whether this is the thread of a window whose events are being handled."""
    app, thread = QApplication.instance(), QThread.currentThread()
    if app is None or thread is None:
        return False
    return thread is app.thread() and thread.loopLevel() > 0


def wait_for(work: Callable[[], Steps[T]], doing: str, parent: QWidget | None) -> T:
    """Result of a job; a dialog shows how far it is, and cancels it.

    Raises
    ------
    StentransError
        When it fails or is cancelled.
    """
    dialog = QProgressDialog(f"{doing} …", "Cancel", 0, 0, parent)
    dialog.setWindowTitle("stEnTrans")
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.setMinimumDuration(300)
    dialog.setAutoClose(False)
    dialog.setAutoReset(False)
    loop = QEventLoop()
    results: list[T] = []
    problems = ["It was cancelled, and nothing was opened."]

    def show(step: Progress) -> None:
        known = step.total > 1
        dialog.setRange(0, 1000 if known else 0)
        dialog.setValue(round(1000 * step.fraction) if known else 0)
        dialog.setLabelText(f"{step.stage[:1].upper()}{step.stage[1:]} …")

    job = Job(work, dialog, announce=False)
    job.progressed.connect(show)
    job.returned.connect(results.append)
    job.failed.connect(lambda text: problems.insert(0, text))
    job.ended.connect(loop.quit)
    dialog.canceled.connect(job.cancel)
    job.start()
    loop.exec()
    dialog.close()
    dialog.deleteLater()
    if not results:
        raise StentransError(problems[0])
    return results[0]
