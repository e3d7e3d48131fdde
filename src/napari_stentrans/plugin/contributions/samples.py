"""Sample data: simulated sections, which need no network, and real ones, which are downloaded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

import napari

from napari_stentrans.errors import DownloadError
from napari_stentrans.plugin.jobs.loading import layers_of
from napari_stentrans.plugin.jobs.sample_data import HERE, missing_steps, real_steps, sample_steps
from napari_stentrans.plugin.jobs.waiting import wait_for, window_is_alive
from napari_stentrans.plugin.widgets.dialogs import may_download
from napari_stentrans.progress import drain
from napari_stentrans.samples import REAL_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.plugin.layers.images import FirstLook, LayerData
    from napari_stentrans.progress import Steps
    from napari_stentrans.samples import RealSample

T = TypeVar("T")


def hex_section() -> list[LayerData]:
    """Layers of a simulated section on the hex lattice of 10x Visium."""
    return _layers(partial(sample_steps, "hex"))


def square_section() -> list[LayerData]:
    """Layers of a simulated section on the square lattice of legacy Spatial Transcriptomics."""
    return _layers(partial(sample_steps, "square"))


def serial_sections() -> list[LayerData]:
    """Layers of two simulated sections that were cut one after the other, the first on top."""
    return _layers(partial(sample_steps, "serial"))


def human_lymph_node() -> list[LayerData]:
    """Layers of a human lymph node, downloaded where it is not here yet."""
    return _real_layers(REAL_SAMPLES["human_lymph_node"])


def mouse_brain() -> list[LayerData]:
    """Layers of a mouse brain, downloaded where it is not here yet."""
    return _real_layers(REAL_SAMPLES["mouse_brain"])


def her2_breast_cancer() -> list[LayerData]:
    """Layers of a breast tumour, downloaded where it is not here yet."""
    return _real_layers(REAL_SAMPLES["her2_breast_cancer"])


def _real_layers(sample: RealSample) -> list[LayerData]:
    """Layers of a real sample; a person is asked first, a script has asked already.

    Raises
    ------
    DownloadError
        When it cannot be downloaded, or the person does not want it to be.
    """
    if window_is_alive():
        missing = _wait(partial(missing_steps, sample), f"Looking for {sample.title}")
        if missing != HERE and not may_download(None, sample, missing):
            raise DownloadError("Nothing was downloaded, and no sample opened.")
    return _layers(partial(_alone, sample))


def _alone(sample: RealSample) -> Steps[list[FirstLook]]:
    return [(yield from real_steps(sample))]


def _layers(work: Callable[[], Steps[list[FirstLook]]]) -> list[LayerData]:
    """Layers of what a job makes; napari wants them at once, so a dialog keeps the window alive."""
    looks = _wait(work, "Opening the sample") if window_is_alive() else drain(work())
    return [data for look in looks for data in layers_of(look)]


def _wait(work: Callable[[], Steps[T]], doing: str) -> T:
    viewer = napari.current_viewer()
    return wait_for(work, doing, None if viewer is None else viewer.window._qt_window)
