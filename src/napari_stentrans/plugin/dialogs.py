"""Questions to the person: which file, where to, may it be replaced."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_stentrans.export import record_path

SECTIONS = "Sections (*.h5ad *.h5 *.tsv *.tsv.gz *.csv *.csv.gz *.txt *.txt.gz);;All files (*)"


def ask_file(parent: QWidget) -> Path | None:
    """Ask for a file that holds a section; None when the person thinks better of it."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open a section", "", SECTIONS)
    return Path(chosen) if chosen else None


def ask_folder(parent: QWidget) -> Path | None:
    """Ask for a Space Ranger folder; None when the person thinks better of it."""
    chosen = QFileDialog.getExistingDirectory(parent, "Open a Space Ranger folder")
    return Path(chosen) if chosen else None


def ask_target(parent: QWidget, proposed: str) -> Path | None:
    """Ask where to save a result; None when the person does not want to, or not to replace."""
    chosen, _ = QFileDialog.getSaveFileName(
        parent,
        "Save the result",
        proposed,
        "AnnData (*.h5ad)",
        options=QFileDialog.Option.DontConfirmOverwrite,  # asked below, for both files
    )
    if not chosen:
        return None
    path = Path(chosen)
    path = path if path.suffix == ".h5ad" else path.with_name(path.name + ".h5ad")
    there = [p.name for p in (path, record_path(path)) if p.exists()]
    return path if not there or _may_replace(parent, there) else None


def _may_replace(parent: QWidget, names: list[str]) -> bool:
    answer = QMessageBox.question(
        parent, "Replace files?", f"{' and '.join(names)} exist already. Replace them?"
    )
    return bool(answer == QMessageBox.StandardButton.Yes)
