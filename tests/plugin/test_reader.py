"""Sections dropped on napari."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import h5py
import napari
import numpy as np
import pytest
from napari._qt.widgets.qt_progress_bar import QtLabeledProgressBar
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDropEvent
from superqt.utils._qthreading import WorkerBase

from napari_stentrans import io
from napari_stentrans.errors import ReadError
from napari_stentrans.plugin.contributions.reader import get_reader, get_session_reader
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.layers.section_layers import SectionLayers, adopt
from napari_stentrans.session import write_session
from napari_stentrans.session_facts import SessionFacts

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.section import Section


@pytest.fixture
def h5ad(tmp_path: Path, section: Section) -> Path:
    path = tmp_path / "sample.h5ad"
    section.adata.write_h5ad(path)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A legacy table of 6 x 5 spots and two genes."""
    lines = ["\tActb\tGapdh"]
    lines += [f"{x}x{y}\t{x + y}\t{x * y}" for x in range(1, 7) for y in range(1, 6)]
    path = tmp_path / "ST1.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_becomes_a_map_that_carries_its_section(h5ad: Path, section: Section):
    for path in (h5ad, str(h5ad), [str(h5ad)]):
        assert get_reader(path) is not None
    ((data, options, kind),) = get_reader(str(h5ad))(str(h5ad))
    assert kind == "image"
    assert data.shape == section.raster.shape
    assert options["units"] == ("micrometer", "micrometer")
    tag = options["metadata"]["stentrans"]
    assert tag["role"] == "before"
    assert tag["section"].digest == section.digest
    assert options["name"] == f"{tag['gene']} measured"


def test_a_session_without_a_viewer_is_its_section(h5ad: Path, section: Section, tmp_path: Path):
    facts = SessionFacts(source=str(h5ad), digest=section.digest, gene="Gene3")
    path = write_session(tmp_path / "a.stentrans", facts, None, [])
    assert get_session_reader([str(path), str(path)]) is None
    assert get_session_reader(str(h5ad)) is None
    ((data, options, _),) = get_session_reader(str(path))(str(path))
    assert data.shape == section.raster.shape
    assert options["metadata"]["stentrans"]["section"].digest == section.digest
    h5ad.unlink()
    with pytest.raises(ReadError, match="are not at"):
        get_session_reader(str(path))(str(path))


def test_what_is_not_a_section_is_refused(tmp_path: Path, h5ad: Path):
    points = tmp_path / "points.csv"
    points.write_text("index,axis-0,axis-1\n0,1.5,2.5\n1,3.5,4.5\n")
    table = tmp_path / "table.tsv"
    table.write_text("name\tvalue\nfirst\t1\nsecond\t2\n")
    image = tmp_path / "image.tif"
    image.write_bytes(b"II*\0")
    weights = tmp_path / "weights.h5"
    with h5py.File(weights, "w") as file:
        file["layer"] = np.zeros(3)
    empty, zarr = tmp_path / "empty", tmp_path / "image.zarr"
    empty.mkdir()
    zarr.mkdir()
    (zarr / ".zgroup").write_text("{}")
    refused = [points, table, image, weights, empty, zarr, tmp_path / "gone.h5ad"]
    assert [path.name for path in refused if get_reader(str(path)) is not None] == []
    assert get_reader([str(h5ad), str(h5ad)]) is None


def test_a_broken_section_says_what_is_wrong_and_leaves_the_viewer(
    plugin, make_napari_viewer, h5ad: Path, tmp_path: Path
):
    viewer = make_napari_viewer()
    broken = tmp_path / "broken.h5ad"
    broken.write_bytes(h5ad.read_bytes()[:5000])
    with pytest.raises(ReadError, match=r"broken\.h5ad.*whole"):
        viewer.open(broken, plugin="napari-stentrans")
    assert len(viewer.layers) == 0


def test_dropped_section_has_the_layers_that_the_dock_makes(
    plugin, make_napari_viewer, h5ad: Path, table: Path
):
    viewer = make_napari_viewer()
    viewer.open(h5ad, plugin=None)  # as a drop does: no other plugin claims it
    assert find(viewer) == []
    adopted = adopt(viewer)
    assert find(viewer) == [adopted]
    assert adopt(viewer) is None
    gene = adopted.model.section.genes[7]
    adopted.model.show_gene(gene)
    assert [layer.name for layer in viewer.layers] == [f"{gene} measured"]
    assert adopted.add_lost().scale[0] == adopted.before.scale[0]

    own = SectionLayers(viewer, adopted.model.section)
    own.model.show_gene(gene)
    np.testing.assert_array_equal(own.before.data, adopted.before.data)
    np.testing.assert_array_equal(own.before.extent.world, adopted.before.extent.world)
    assert own.before.units == adopted.before.units
    assert own.before.contrast_limits == adopted.before.contrast_limits
    own.remove()

    viewer.open(table, plugin="napari-stentrans")
    legacy = adopt(viewer)
    assert legacy.model.section.n_spots == 30
    assert len(find(viewer)) == 2


def test_dropped_beside_pixels_it_lies_in_pixels(
    plugin, make_napari_viewer, h5ad: Path, section: Section
):
    viewer = make_napari_viewer()
    viewer.add_image(np.zeros((50, 60)))
    assert napari.current_viewer() is viewer
    (layer,) = viewer.open(h5ad, plugin="napari-stentrans")
    assert {str(unit) for unit in layer.units} == {"pixel"}
    assert layer.scale[0] == pytest.approx(section.raster.pixel)


def test_space_ranger_folder_with_its_image(plugin, make_napari_viewer, data_dir: Path):
    viewer = make_napari_viewer()
    layers = viewer.open(data_dir / "visium_mini", plugin="napari-stentrans")
    assert layers[0].name == "visium_mini image"
    adopted = adopt(viewer)
    assert adopted.image is layers[0]
    assert adopted.before is layers[1]
    # Visium's own numbers: spots 100 um apart, an image of 2,000 x 1,998 hires pixels.
    section = adopted.model.section
    world = section.xy[:, ::-1] * section.um_per_px
    distance = np.linalg.norm(world - world[0], axis=1)
    assert np.sort(distance)[1] == pytest.approx(100, rel=0.03)
    corner = adopted.image.extent.world[1] / section.um_per_px
    np.testing.assert_allclose(corner, np.array([1998, 2000]) / 0.17211704, rtol=1e-3)


# ---- dropped on a window that is alive


class Slow:
    """A format that takes as long as the test wants."""

    def __init__(self, section: Section):
        self.section = section
        self.go_on = threading.Event()
        self.thread: threading.Thread | None = None

    def claims(self, path: Path) -> bool:
        return path.suffix == ".h5ad"

    recognises = claims

    def choices(self, path: Path) -> tuple:
        return ()

    def read(self, path: Path, chosen: object) -> Section:
        self.thread = threading.current_thread()
        self.go_on.wait(30)
        if path.stem == "broken":
            raise ReadError("broken.h5ad is broken. Mend it.")
        return self.section


@pytest.fixture
def slow_format(monkeypatch, section: Section) -> Slow:
    slow = Slow(section)
    monkeypatch.setattr(io, "_FORMATS", (slow,))
    return slow


def drop(qtbot, viewer: napari.Viewer, *paths: Path) -> None:
    """Drop files on the window, while its events are handled; returns when napari has them."""
    target = viewer.window._qt_viewer
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, none = QPointF(10, 10), Qt.KeyboardModifier.NoModifier
    event = QDropEvent(where, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none)
    done = []
    QTimer.singleShot(0, lambda: done.append(target.dropEvent(event)))  # as Qt calls it
    qtbot.waitUntil(lambda: bool(done))


def bars(viewer: napari.Viewer) -> list[str]:
    """Labels of the progress bars in the activity dock."""
    dialog = viewer.window._qt_window._activity_dialog
    return [bar.description_label.text() for bar in dialog.findChildren(QtLabeledProgressBar)]


def test_a_drop_of_a_slow_section_leaves_the_window_alive(
    plugin, make_napari_viewer, qtbot, h5ad: Path, slow_format: Slow
):
    viewer = make_napari_viewer(show=True)
    drop(qtbot, viewer, h5ad)
    assert len(viewer.layers) == 0
    assert f"Reading {h5ad.name}" in viewer.status
    assert bars(viewer) == ["Reading sample.h5ad: "]
    slow_format.go_on.set()
    qtbot.waitUntil(lambda: len(viewer.layers) == 1)
    assert slow_format.thread is not threading.main_thread()
    assert adopt(viewer).model.section.digest == slow_format.section.digest
    qtbot.waitUntil(lambda: "Reading" not in viewer.status)
    qtbot.waitUntil(lambda: bars(viewer) == [])


def test_several_drops_at_once_all_arrive(
    plugin, make_napari_viewer, qtbot, h5ad: Path, slow_format: Slow
):
    second = h5ad.with_name("second.h5ad")
    second.touch()
    slow_format.go_on.set()
    viewer = make_napari_viewer(show=True)
    drop(qtbot, viewer, h5ad, second)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2)
    qtbot.waitUntil(lambda: viewer.status == "Ready")


def test_a_drop_of_a_broken_section_is_told_and_adds_nothing(
    plugin, make_napari_viewer, qtbot, h5ad: Path, slow_format: Slow
):
    broken = h5ad.with_name("broken.h5ad")
    broken.touch()
    viewer = make_napari_viewer(show=True)
    drop(qtbot, viewer, broken)
    notification_manager.records.clear()
    slow_format.go_on.set()
    qtbot.waitUntil(lambda: bool(notification_manager.records))
    assert "broken.h5ad is broken. Mend it." in str(notification_manager.records[-1].message)
    qtbot.waitUntil(lambda: "Reading" not in viewer.status)
    assert len(viewer.layers) == 0


def test_the_window_may_be_closed_while_a_drop_is_read(
    plugin, make_napari_viewer, qtbot, h5ad: Path, slow_format: Slow
):
    viewer = make_napari_viewer(show=True)
    drop(qtbot, viewer, h5ad)
    qtbot.waitUntil(lambda: slow_format.thread is not None)
    (worker,) = WorkerBase._worker_set
    notification_manager.records.clear()
    viewer.close()
    slow_format.go_on.set()
    qtbot.waitUntil(lambda: not worker.is_running, timeout=20_000)
    qtbot.wait(100)
    assert not notification_manager.records
