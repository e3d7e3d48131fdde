"""Questions to the person: which file, where to, may it be replaced.

Who thinks better of it, and who does not want to replace a file, gives None.
"""

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

ALL = ";;All files (*)"
FOLDERS = "Open a folder: Space Ranger, Visium HD, Xenium, MERSCOPE, CosMx or SpatialData (.zarr)"
ACCEPT, OTHER, DESTROY = (
    QMessageBox.ButtonRole.AcceptRole,
    QMessageBox.ButtonRole.ActionRole,
    QMessageBox.ButtonRole.DestructiveRole,
)

# ---- what to open


def ask_file(parent: QWidget | None) -> Path | None:
    """Ask for a file that holds a section."""
    return _ask_open(parent, "Open a section", file_filters())


def ask_folder(parent: QWidget) -> Path | None:
    """Ask for a folder that holds a section."""
    return _used(QFileDialog.getExistingDirectory(parent, FOLDERS, _start()))


def ask_neighbours(parent: QWidget) -> list[Path]:
    """Ask for files that hold neighbouring sections; empty for none."""
    title = "Add neighbouring sections"
    chosen, _ = QFileDialog.getOpenFileNames(parent, title, _start(), file_filters())
    return [path for path in map(_used, chosen) if path is not None]


def ask_session(parent: QWidget) -> Path | None:
    """Ask for a session to open."""
    return _ask_open(parent, "Open a session", f"Sessions (*{SESSION}){ALL}")


def ask_image(parent: QWidget) -> Path | None:
    """Ask for a picture of the tissue."""
    kinds = " ".join(f"*{ending}" for ending in IMAGE_SUFFIXES)
    return _ask_open(parent, "Add a tissue image", f"Pictures ({kinds}){ALL}")


def ask_gene_list(parent: QWidget) -> Path | None:
    """Ask for a file that lists genes."""
    kinds = f"Lists of genes (*.csv *.tsv *.txt){ALL}"
    return _ask_open(parent, "Open a list of genes", kinds)


def ask_gene_table(parent: QWidget) -> Path | None:
    """Ask for a table of gene names."""
    kinds = f"Tables (*.txt *.tsv *.csv *.rpt *.gz){ALL}"
    return _ask_open(parent, "Use a table of gene names", kinds)


def ask_gene_sets(parent: QWidget) -> Path | None:
    """Ask for a file of gene sets."""
    return _ask_open(parent, "Open gene sets", f"Gene sets (*.gmt *.gmt.gz){ALL}")


def ask_regions_file(parent: QWidget) -> Path | None:
    """Ask for a file that names regions."""
    kinds = f"Regions (*.geojson *.json *.csv *.tsv *.txt){ALL}"
    return _ask_open(parent, "Open named regions", kinds)


# ---- where to save


def ask_place(
    parent: QWidget, proposed: str, formats: Mapping[str, str], ending: str, *, with_record: bool
) -> Path | None:
    """Ask where to save what has an ending.

    Another ending of ``formats`` may be written by hand. ``with_record`` says whether a run
    record is written beside it.
    """
    kind = f"{formats[ending].partition(' (')[0]} (*{ending})"
    path, _ = _ask_save(parent, "Save as", proposed, kind)
    path = _with_ending(path, ending, *formats)
    beside = (record_path(path),) if path is not None and with_record else ()
    return _unless_kept(parent, path, *beside)


def ask_table(parent: QWidget, proposed: str) -> Path | None:
    """Ask where to save a table."""
    path, _ = _ask_save(parent, "Save the table", proposed, "Table (*.csv)")
    return _unless_kept(parent, _with_ending(path, ".csv"))


def ask_session_target(parent: QWidget, proposed: str) -> Path | None:
    """Ask where to save a session."""
    path, _ = _ask_save(parent, "Save the session", proposed, f"Session (*{SESSION})")
    return _unless_kept(parent, _with_ending(path, SESSION))


def ask_profile(parent: QWidget, proposed: str) -> Path | None:
    """Ask where to save a profile, as a table or a figure."""
    kinds = "Table (*.csv);;Figure (*.png *.svg *.pdf)"
    path, kind = _ask_save(parent, "Save the profile", proposed, kinds)
    if path is not None and path.suffix.lower() not in PROFILE_ENDINGS:
        path = path.with_name(path.name + (".png" if kind.startswith("Figure") else ".csv"))
    return _unless_kept(parent, path)


# ---- what to do


def ask_moved(parent: QWidget, source: str) -> Path | None:
    """Ask where data are that were moved."""
    answer = _ask(
        parent,
        "Where are the data?",
        f"The data of this session are not at {source} any more.",
        "Say where they are now; the session is as it was.",
        {"Find the file…": ACCEPT, "Find the folder…": ACCEPT},
        default="Find the file…" if Path(source).suffix else "Find the folder…",
    )
    if answer == "Find the file…":
        return ask_file(parent)
    return ask_folder(parent) if answer else None


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
    answer = _ask(
        parent,
        "Download",
        f"Download {sample.title}, {in_megabytes(size)}?",
        f"From {sample.page}\nTerms: {sample.licence}\nIt is kept in {sample.folder}",
        {"Download": ACCEPT},
        default="Download",
    )
    return answer == "Download"


def in_megabytes(size: int | None) -> str:
    """Size of a download in words."""
    return "of unknown size" if size is None else f"{max(size / 1e6, 0.1):,.1f} MB"


def may_drop_result(parent: QWidget) -> bool:
    """Ask whether the result of a section may go, which is to be read otherwise."""
    what = "The enhanced maps of this section go with its layers. Read it again all the same?"
    return _agreed(parent, "Read the section again?", what)


def ask_unsaved(
    parent: QWidget, parts: Sequence[str], lost: str = "It is lost when the window is closed."
) -> Literal["save", "close", "stay"]:
    """Ask what to do with work that is not saved, which ``parts`` names, before it is ``lost``."""
    answer = _ask(
        parent,
        "Save your work?",
        "This is not saved yet:\n" + "\n".join(parts),
        lost,
        {"Save…": ACCEPT, "Close without saving": DESTROY},
        default="Save…",
    )
    if answer == "Close without saving":
        return "close"
    return "save" if answer else "stay"


def ask_regions(parent: QWidget, name: str, what: str) -> Literal["named", "lost", "none"]:
    """Ask what regions are that a file names: an annotation, or lost."""
    answer = _ask(
        parent,
        "What are these regions?",
        f"{name} names {what}.",
        "Named regions are shown and kept with the section; nothing is filled there. Lost regions "
        "are filled from their surroundings.",
        {"Named regions": ACCEPT, "Lost regions": OTHER},
        default="Named regions",
    )
    if answer == "Named regions":
        return "named"
    return "lost" if answer else "none"


def ask_name(parent: QWidget, name: str) -> str | None:
    """Ask for another name of a section."""
    given, agreed = QInputDialog.getText(parent, "Rename section", "Name of the section", text=name)
    return given if agreed else None


def _ask(
    parent: QWidget | None,
    title: str,
    text: str,
    more: str,
    answers: Mapping[str, QMessageBox.ButtonRole],
    default: str,
) -> str:
    """Ask with a button for each answer, and one that cancels; the answer, empty for that."""
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(text)
    box.setInformativeText(more)
    buttons = {answer: box.addButton(answer, role) for answer, role in answers.items()}
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(buttons[default])
    box.exec()
    clicked = box.clickedButton()
    return next((answer for answer, made in buttons.items() if made is clicked), "")


def _agreed(parent: QWidget, title: str, text: str) -> bool:
    return bool(QMessageBox.question(parent, title, text) == QMessageBox.StandardButton.Yes)


def _ask_open(parent: QWidget | None, title: str, kinds: str) -> Path | None:
    return _used(QFileDialog.getOpenFileName(parent, title, _start(), kinds)[0])


def _ask_save(parent: QWidget, title: str, name: str, kinds: str) -> tuple[Path | None, str]:
    """Path and kind; whether files may be replaced is asked after, for all that is written."""
    option = QFileDialog.Option.DontConfirmOverwrite
    chosen, kind = QFileDialog.getSaveFileName(parent, title, _start(name), kinds, options=option)
    return _used(chosen), kind


def _with_ending(path: Path | None, ending: str, *others: str) -> Path | None:
    if path is None or path.name.lower().endswith((ending, *others)):
        return path
    return path.with_name(path.name + ending)


def _unless_kept(parent: QWidget, path: Path | None, *beside: Path) -> Path | None:
    """Path, unless it or a file beside it is there and is to stay."""
    if path is None:
        return None
    names = [each.name for each in (path, *beside) if each.exists()]
    text = f"{' and '.join(names)} exist already. Replace them?"
    return path if not names or _agreed(parent, "Replace files?", text) else None


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
