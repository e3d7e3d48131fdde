"""Open sample: simulated ones at once, real ones after a question, from a local server."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from file_server import FileServer
from gestures import LEFT, click
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QMessageBox, QProgressDialog, QPushButton

from napari_stentrans import downloads
from napari_stentrans.downloads import CACHE_VARIABLE, Remote
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.layers.section_layers import adopt
from napari_stentrans.samples import REAL_SAMPLES

KEY = "her2_breast_cancer"


@pytest.mark.parametrize(
    ("key", "lattice", "n_spots", "n_genes"),
    [("hex", "hex", 2000, 1500), ("square", "square", 900, 1000)],
)
def test_samples_open_and_can_be_worked_on(
    plugin, make_napari_viewer, key, lattice, n_spots, n_genes
):
    viewer = make_napari_viewer()
    viewer.open_sample("napari-stentrans", key)
    layers = adopt(viewer)
    assert (layers.model.section.lattice.kind, layers.model.section.n_spots) == (lattice, n_spots)
    assert len(layers.model.section.genes) == n_genes
    assert layers.image.rgb
    assert [str(unit) for unit in layers.image.units] == ["micrometer"] * 2
    low, high = layers.image.extent.world
    inside = (layers.model.section.xy[:, ::-1] * layers.model.section.um_per_px > low).all()
    assert inside
    assert (layers.model.section.xy[:, ::-1] * layers.model.section.um_per_px < high).all()
    layers.model.show_gene("Gene3")
    assert layers.before.name == "Gene3 measured"


def test_serial_sections_open_both_and_the_one_with_the_fold_is_worked_on(dock, qtbot, ready):
    choose(dock, "Two simulated")
    qtbot.waitUntil(lambda: len(dock.context.sections) == 2)
    ready(dock)
    section = dock._layers.model.section
    assert (section.adata.obs["artefact"] == "fold").any()
    other = next(of for of in dock.context.sections if of is not dock._layers)
    assert "serial" in other.model.section.adata.uns


def test_napari_opens_serial_sections_too(plugin, make_napari_viewer):
    viewer = make_napari_viewer()
    viewer.open_sample("napari-stentrans", "serial")
    assert (adopt(viewer).model.section.adata.obs["artefact"] == "fold").any()
    assert len(find(viewer)) == 2


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Serves a small table in the place of a real sample."""
    monkeypatch.setattr(downloads, "PAUSE", 0.01)
    monkeypatch.setattr(downloads, "TIMEOUT", (2, 2))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    made = FileServer()
    lines = ["\tActb\tGapdh", *(f"{x}x{y}\t{x + y}\t{x * y}" for x in range(9) for y in range(8))]
    table = ("\n".join(lines) + "\n" + "\n" * 400_000).encode()
    made.files["B4.tsv"] = table
    remote = Remote("B4.tsv", f"{made.url}/B4.tsv", hashlib.sha256(table).hexdigest())
    sample = replace(REAL_SAMPLES[KEY], remotes=(remote,), opens="B4.tsv")
    monkeypatch.setitem(REAL_SAMPLES, KEY, sample)
    yield made
    made.close()


def choose(dock, words="HER2+"):
    """Choose a sample in the dock's menu."""
    actions = dock.data.open.samples.actions()
    next(action for action in actions if action.text().startswith(words)).trigger()


@pytest.fixture
def answer(qtbot):
    """Press a button of the next question, and keep what it asked."""
    asked = []

    def answer(text):
        def press():
            box = QApplication.activeModalWidget()
            if not isinstance(box, QMessageBox):
                QTimer.singleShot(20, press)
                return
            asked.append(f"{box.text()}\n{box.informativeText()}")
            button = next(b for b in box.buttons() if b.text().replace("&", "") == text)
            qtbot.mouseClick(button, LEFT)

        QTimer.singleShot(20, press)
        return asked

    return answer


def test_the_menu_says_which_samples_need_no_network_and_how_large_the_others_are(dock):
    texts = [action.text() for action in dock.data.open.samples.actions() if action.text()]
    assert texts == [
        "Simulated Visium section (hex lattice)",
        "Simulated legacy ST section (square lattice)",
        "Two simulated serial sections",
        "Human lymph node (Visium): download (size asked on click)…",
        "Mouse brain, sagittal posterior (Visium): download (size asked on click)…",
        "HER2+ breast cancer B4 (legacy ST): download (4.7 MB)…",
    ]


def test_a_real_sample_is_asked_about_downloaded_opened_and_kept(
    dock, server, answer, ready, qtbot, tmp_path
):
    asked = answer("Download")
    choose(dock)
    qtbot.waitUntil(lambda: "72 spots" in dock.data.about.text(), timeout=20_000)
    ready(dock)
    (question,) = asked
    assert "HER2+ breast cancer B4 (legacy ST), 0.4 MB?" in question
    assert "https://github.com/almaan/her2st" in question
    assert "Andersson" in question
    assert str(tmp_path / "cache" / "HER2_B4") in question
    assert [ask[0] for ask in server.asked] == ["HEAD", "GET"]
    choose(dock)
    qtbot.waitUntil(lambda: len(dock.viewer.layers) == 2, timeout=20_000)
    ready(dock)
    assert len(server.asked) == 2  # from the cache, and no question
    assert len(asked) == 1


def test_who_does_not_want_the_download_gets_none(dock, server, answer, qtbot):
    asked = answer("Cancel")
    choose(dock)
    qtbot.waitUntil(lambda: bool(asked))
    qtbot.waitUntil(dock.data.open.isEnabled)
    assert [ask[0] for ask in server.asked] == ["HEAD"]
    assert len(dock.viewer.layers) == 0
    assert "Drop a file or folder here" in dock.data.about.text()
    assert dock.message.text() == ""


def test_a_download_shows_how_far_it_is_and_is_cancelled(dock, server, answer, qtbot, tmp_path):
    server.faults = ["slow"]
    answer("Download")
    choose(dock)
    qtbot.waitUntil(lambda: "ownloading B4.tsv … " in dock.data.about.text(), timeout=20_000)
    qtbot.waitUntil(lambda: dock.data.busy.value() > 0)
    click(qtbot, dock.data.cancel)
    server.release.set()
    qtbot.waitUntil(dock.data.open.isEnabled, timeout=20_000)
    assert len(dock.viewer.layers) == 0
    assert list((tmp_path / "cache" / "HER2_B4").iterdir()) == []
    assert not dock.data.busy.isVisible()


def test_no_network_is_told_in_the_dock_with_the_remedy(dock, monkeypatch, qtbot, server):
    sample = REAL_SAMPLES[KEY]
    away = replace(sample.remotes[0], url="http://127.0.0.1:9/B4.tsv")
    monkeypatch.setitem(REAL_SAMPLES, KEY, replace(sample, remotes=(away,)))
    choose(dock)
    qtbot.waitUntil(lambda: bool(dock.message.text()))
    assert "127.0.0.1:9 cannot be reached" in dock.message.text()
    assert "simulated samples need no network" in dock.message.text()
    qtbot.waitUntil(dock.data.open.isEnabled)
    assert len(dock.viewer.layers) == 0


# ---- File > Open Sample


def later(qtbot, act):
    """Run something as napari's menus do, while events are handled; return what it raised."""
    ended = []

    def run():
        try:
            act()
        except Exception as error:  # noqa: BLE001 - napari shows it to the person
            ended.append(error)
        else:
            ended.append(None)

    QTimer.singleShot(0, run)
    qtbot.waitUntil(lambda: bool(ended), timeout=30_000)
    return ended[0]


def test_a_real_sample_of_napari_s_menu(plugin, make_napari_viewer, server, answer, qtbot):
    viewer = make_napari_viewer(show=True)
    asked = answer("Download")
    assert later(qtbot, lambda: viewer.open_sample("napari-stentrans", KEY)) is None
    assert len(asked) == 1
    assert adopt(viewer).model.section.n_spots == 72
    assert QApplication.activeModalWidget() is None


def test_a_sample_of_napari_s_menu_that_is_cancelled(
    plugin, make_napari_viewer, server, answer, qtbot
):
    viewer = make_napari_viewer(show=True)
    server.faults = ["slow"]
    answer("Download")

    def cancel():
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QProgressDialog) and dialog.value() > 0:
            qtbot.mouseClick(dialog.findChild(QPushButton), LEFT)
            server.release.set()
        else:
            QTimer.singleShot(20, cancel)

    QTimer.singleShot(20, cancel)
    error = later(qtbot, lambda: viewer.open_sample("napari-stentrans", KEY))
    assert "cancelled" in str(error)
    assert len(viewer.layers) == 0


def test_simulated_samples_of_napari_s_menu_leave_the_window_alive(
    plugin, make_napari_viewer, qtbot
):
    viewer = make_napari_viewer(show=True)
    told = len(notification_manager.records)
    beats = []
    heart = QTimer(viewer.window._qt_window)
    heart.timeout.connect(lambda: beats.append(None))
    heart.start(10)
    assert later(qtbot, lambda: viewer.open_sample("napari-stentrans", "square")) is None
    heart.stop()
    assert len(beats) > 5
    assert len(viewer.layers) == 2
    assert not [str(note) for note in notification_manager.records[told:] if "Error" in str(note)]


def test_a_script_gets_a_real_sample_without_being_asked(plugin, make_napari_viewer, server):
    viewer = make_napari_viewer()
    (layer,) = viewer.open_sample("napari-stentrans", KEY)
    assert layer.metadata["stentrans"]["section"].n_spots == 72
