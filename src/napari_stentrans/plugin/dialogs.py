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
    path = _ask_name(parent, "Save the result", proposed, "AnnData (*.h5ad)", ".h5ad")
    return path if path is None or _may_replace(parent, path, record_path(path)) else None


def ask_table(parent: QWidget, proposed: str) -> Path | None:
    """Ask where to save a table; None when the person does not want to, or not to replace."""
    path = _ask_name(parent, "Save the table", proposed, "Table (*.csv)", ".csv")
    return path if path is None or _may_replace(parent, path) else None


def ask_gene_list(parent: QWidget) -> Path | None:
    """Ask for a file that lists genes; None when the person thinks better of it."""
    kinds = "Lists of genes (*.csv *.tsv *.txt);;All files (*)"
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open a list of genes", "", kinds)
    return Path(chosen) if chosen else None


def _ask_name(parent: QWidget, title: str, proposed: str, kind: str, ending: str) -> Path | None:
    chosen, _ = QFileDialog.getSaveFileName(
        parent,
        title,
        proposed,
        kind,
        options=QFileDialog.Option.DontConfirmOverwrite,  # asked after, for all that is written
    )
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix == ending else path.with_name(path.name + ending)


def _may_replace(parent: QWidget, *paths: Path) -> bool:
    names = [path.name for path in paths if path.exists()]
    if not names:
        return True
    answer = QMessageBox.question(
        parent, "Replace files?", f"{' and '.join(names)} exist already. Replace them?"
    )
    return bool(answer == QMessageBox.StandardButton.Yes)
