"""Copy the run that is shown as text that repeats it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QApplication

from napari_stentrans.errors import ConfigError
from napari_stentrans.script import as_command, as_python

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.plugin.widgets.message_bar import MessageBar
    from napari_stentrans.record import RunRecord


def copy_run(bar: MessageBar, how: str, record: RunRecord, saved: Path | None) -> None:
    """Put a run on the clipboard as "python" or "command", and say so, or why not."""
    try:
        text = as_python(record) if how == "python" else as_command(record, saved)
    except ConfigError as error:
        bar.show_message(str(error))
        return
    copy_text(bar, text, "Python" if how == "python" else "a command line")


def copy_text(bar: MessageBar, text: str, what: str) -> None:
    """Put text on the clipboard, and say so."""
    clipboard = QApplication.clipboard()
    if clipboard is None:
        bar.show_message("There is no clipboard here to copy to.")
        return
    clipboard.setText(text)
    bar.show_message(f"Copied as {what}: paste it anywhere.", "note")
