"""Keys of the dock as a whole; panels bind those that are theirs alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_stentrans.plugin.widgets.panel import reveal
from napari_stentrans.plugin.widgets.shortcuts import bind

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QAbstractButton, QPushButton

    from napari_stentrans.plugin.dock import StentransDock
    from napari_stentrans.plugin.panels.result.page import ResultPage
    from napari_stentrans.plugin.widgets.help_corner import HelpCorner


def bind_dock(dock: StentransDock, corner: HelpCorner) -> None:
    """Let everything in the dock that has a button be done by keys; buttons that are off do not."""
    enhance, runs = dock.enhance, dock.result.runs
    bind(
        dock,
        {
            "data.open": partial(_if_on, dock.data.open, dock.data.fileWanted.emit),
            "session.open": partial(_if_on, dock.data.session, dock.data.session.openWanted.emit),
            "session.save": dock.save_session,
            "save.anything": dock.save,
            "save.figure": partial(dock.save, "figure"),
            "run.start": partial(_press, enhance.run, enhance.add),
            "run.pause": partial(_press, enhance.pause),
            "run.cancel": partial(_press, enhance.cancel, dock.data.cancel),
            "runs.next": partial(runs.step, 1),
            "runs.previous": partial(runs.step, -1),
            "runs.rename": runs.rename,
            "runs.delete": runs.delete.trigger,
            "compare.with": dock.bar.partner.open,
            "runs.python": runs.as_python.trigger,
            "runs.command": runs.as_command.trigger,
            "quality.check": partial(_check, dock.result),
            "help.keys": corner.show_keys,
            "help.preferences": corner.show_preferences,
        },
    )


def _if_on(made: QPushButton, do: Callable[[], object]) -> None:
    if made.isEnabled():
        do()


def _press(*buttons: QAbstractButton) -> None:
    """Press the first of some buttons that is there and on."""
    for made in buttons:
        if made.isEnabled() and made.isVisible():
            made.click()
            return


def _check(page: ResultPage) -> None:
    """Begin a check, or show what it found."""
    _press(page.quality.check)
    _press_if_off(page.opens["table"])
    reveal(page.quality)


def _press_if_off(made: QAbstractButton) -> None:
    if made.isEnabled() and not made.isChecked():
        made.click()
