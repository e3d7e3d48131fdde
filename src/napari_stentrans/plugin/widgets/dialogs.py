"""Questions to the person: which file, where to, may it be replaced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from qtpy.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from napari_stentrans.export import record_path
from napari_stentrans.export.profile_files import ENDINGS as PROFILE_ENDINGS
from napari_stentrans.io.images import IMAGE_SUFFIXES
from napari_stentrans.plugin.models.endings import file_filters
from napari_stentrans.plugin.models.recent import Recent
from napari_stentrans.session import ENDING as SESSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def ask_file(parent: QWidget | None) -> Path | None:
    """Ask for a file that holds a section; None when the person thinks better of it."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open a section", _start(), file_filters())
    return _used(chosen)


def ask_folder(parent: QWidget) -> Path | None:
    """Ask for a folder that holds a section; None when the person thinks better of it."""
    chosen = QFileDialog.getExistingDirectory(
        parent,
        "Open a folder: Space Ranger, Visium HD, Xenium, MERSCOPE, CosMx or SpatialData (.zarr)",
        _start(),
    )
    return _used(chosen)


def ask_place(
    parent: QWidget, proposed: str, formats: Mapping[str, str], ending: str, *, with_record: bool
) -> Path | None:
    """Ask where to save what has an ending; None when the person thinks better of it.

    Another ending of ``formats`` may be written by hand. ``with_record`` says whether a run
    record is written beside it.
    """
    filters = f"{formats[ending].partition(' (')[0]} (*{ending})"
    path = _ask_name(parent, "Save as", proposed, filters, ending, *formats)
    if path is None:
        return None
    files = (path, record_path(path)) if with_record else (path,)
    return path if _may_replace(parent, *files) else None


def ask_table(parent: QWidget, proposed: str) -> Path | None:
    """Ask where to save a table; None when the person does not want to, or not to replace."""
    path = _ask_name(parent, "Save the table", proposed, "Table (*.csv)", ".csv")
    return path if path is None or _may_replace(parent, path) else None


def ask_session(parent: QWidget) -> Path | None:
    """Ask for a session to open; None when the person thinks better of it."""
    chosen, _ = QFileDialog.getOpenFileName(
        parent, "Open a session", _start(), f"Sessions (*{SESSION});;All files (*)"
    )
    return _used(chosen)


def ask_session_target(parent: QWidget, proposed: str) -> Path | None:
    """Ask where to save a session; None when the person does not want to, or not to replace."""
    kind = f"Session (*{SESSION})"
    path = _ask_name(parent, "Save the session", proposed, kind, SESSION)
    return path if path is None or _may_replace(parent, path) else None


def ask_moved(parent: QWidget, source: str) -> Path | None:
    """Ask where data are that were moved; None when the person does not know."""
    box = QMessageBox(parent)
    box.setWindowTitle("Where are the data?")
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(f"The data of this session are not at {source} any more.")
    box.setInformativeText("Say where they are now; the session is as it was.")
    file = box.addButton("Find the file…", QMessageBox.ButtonRole.AcceptRole)
    folder = box.addButton("Find the folder…", QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(folder if not Path(source).suffix else file)
    box.exec()
    if box.clickedButton() is file:
        return ask_file(parent)
    return ask_folder(parent) if box.clickedButton() is folder else None


class Downloadable(Protocol):
    """What may be downloaded: what it is, where it is from, on what terms, and where it goes."""

    @property
    def title(self) -> str: ...
    @property
    def page(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def folder(self) -> Path: ...


def may_download(parent: QWidget | None, sample: Downloadable, size: int | None) -> bool:
    """Ask whether something may be downloaded; say how large, whose, and where it goes."""
    box = QMessageBox(parent)
    box.setWindowTitle("Download")
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(f"Download {sample.title}, {in_megabytes(size)}?")
    box.setInformativeText(
        f"From {sample.page}\nTerms: {sample.licence}\nIt is kept in {sample.folder}"
    )
    download = box.addButton("Download", QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(download)
    box.exec()
    return box.clickedButton() is download


def in_megabytes(size: int | None) -> str:
    """Size of a download in words."""
    return "of unknown size" if size is None else f"{max(size / 1e6, 0.1):,.1f} MB"


def may_drop_result(parent: QWidget) -> bool:
    """Ask whether the result of a section may go, which is to be read otherwise."""
    answer = QMessageBox.question(
        parent,
        "Read the section again?",
        "The enhanced maps of this section go with its layers. Read it again all the same?",
    )
    return bool(answer == QMessageBox.StandardButton.Yes)


def ask_unsaved(
    parent: QWidget, parts: Sequence[str], lost: str = "It is lost when the window is closed."
) -> Literal["save", "close", "stay"]:
    """Ask what to do with work that is not saved, which ``parts`` names, before it is ``lost``."""
    box = QMessageBox(parent)
    box.setWindowTitle("Save your work?")
    box.setIcon(QMessageBox.Icon.Question)
    box.setText("This is not saved yet:\n" + "\n".join(parts))
    box.setInformativeText(lost)
    save = box.addButton("Save…", QMessageBox.ButtonRole.AcceptRole)
    close = box.addButton("Close without saving", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(save)
    box.exec()
    if box.clickedButton() is close:
        return "close"
    return "save" if box.clickedButton() is save else "stay"


def ask_regions(parent: QWidget, name: str, what: str) -> Literal["named", "lost", "none"]:
    """Ask what regions are that a file names: an annotation, or lost."""
    box = QMessageBox(parent)
    box.setWindowTitle("What are these regions?")
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(f"{name} names {what}.")
    box.setInformativeText(
        "Named regions are shown and kept with the section; nothing is filled there. Lost regions "
        "are filled from their surroundings."
    )
    named = box.addButton("Named regions", QMessageBox.ButtonRole.AcceptRole)
    lost = box.addButton("Lost regions", QMessageBox.ButtonRole.ActionRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(named)
    box.exec()
    if box.clickedButton() is named:
        return "named"
    return "lost" if box.clickedButton() is lost else "none"


def ask_name(parent: QWidget, name: str) -> str | None:
    """Ask for another name of a section; None when the person thinks better of it."""
    given, agreed = QInputDialog.getText(parent, "Rename section", "Name of the section", text=name)
    return given if agreed else None


def ask_image(parent: QWidget) -> Path | None:
    """Ask for a picture of the tissue; None when the person thinks better of it."""
    kinds = " ".join(f"*{ending}" for ending in IMAGE_SUFFIXES)
    chosen, _ = QFileDialog.getOpenFileName(
        parent, "Add a tissue image", _start(), f"Pictures ({kinds});;All files (*)"
    )
    return _used(chosen)


def ask_gene_list(parent: QWidget) -> Path | None:
    """Ask for a file that lists genes; None when the person thinks better of it."""
    kinds = "Lists of genes (*.csv *.tsv *.txt);;All files (*)"
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open a list of genes", _start(), kinds)
    return _used(chosen)


def ask_gene_table(parent: QWidget) -> Path | None:
    """Ask for a table of gene names; None when the person thinks better of it."""
    kinds = "Tables (*.txt *.tsv *.csv *.rpt *.gz);;All files (*)"
    chosen, _ = QFileDialog.getOpenFileName(parent, "Use a table of gene names", _start(), kinds)
    return _used(chosen)


def ask_profile(parent: QWidget, proposed: str) -> Path | None:
    """Ask where to save a profile; None when the person does not want to, or not to replace."""
    kinds = "Table (*.csv);;Figure (*.png *.svg *.pdf)"
    chosen, kind = QFileDialog.getSaveFileName(
        parent,
        "Save the profile",
        _start(proposed),
        kinds,
        options=QFileDialog.Option.DontConfirmOverwrite,
    )
    path = _used(chosen)
    if path is None:
        return None
    if path.suffix.lower() not in PROFILE_ENDINGS:
        path = path.with_name(path.name + (".png" if kind.startswith("Figure") else ".csv"))
    return path if _may_replace(parent, path) else None


def _ask_name(
    parent: QWidget, title: str, proposed: str, kind: str, ending: str, *others: str
) -> Path | None:
    chosen, _ = QFileDialog.getSaveFileName(
        parent,
        title,
        _start(proposed),
        kind,
        options=QFileDialog.Option.DontConfirmOverwrite,  # asked after, for all that is written
    )
    path = _used(chosen)
    if path is None:
        return None
    known = path.name.lower().endswith((ending, *others))
    return path if known else path.with_name(path.name + ending)


def _start(name: str = "") -> str:
    """Where a dialog begins: in the folder that was used last, with a name."""
    folder = Recent().folder
    return name if folder is None else str(folder / name)


def _used(chosen: str) -> Path | None:
    """Path that was chosen, whose folder the next dialog begins in; None for none."""
    if not chosen:
        return None
    Recent().use(Path(chosen).parent)
    return Path(chosen)


def _may_replace(parent: QWidget, *paths: Path) -> bool:
    names = [path.name for path in paths if path.exists()]
    if not names:
        return True
    answer = QMessageBox.question(
        parent, "Replace files?", f"{' and '.join(names)} exist already. Replace them?"
    )
    return bool(answer == QMessageBox.StandardButton.Yes)
