"""ImageLine: whether a run uses the tissue image, where it is damaged, and what it tells."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.plugin.jobs.image_map import map_steps
from napari_stentrans.plugin.jobs.job import Job
from napari_stentrans.plugin.widgets.panel import button, words
from napari_stentrans.plugin.widgets.shortcuts import bind, with_keys
from napari_stentrans.settings import named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.section import Section

OF_COUNTS = (
    "spatial", "x_spatial", "truth", "x_pca", "x_umap", "x_tsne", "x_scvi", "x_harmony", "x_diffmap"
)  # fmt: skip
"""Beginnings of keys in obsm that are no embeddings of an image: made of counts, or of places."""


MEANING = "Like colours are like tissue. Which colour it is means nothing."


def embeddings(section: Section) -> list[str]:
    """Keys of obsm that may be embeddings of the tissue image: tables of numbers."""
    return [
        key
        for key, values in section.adata.obsm.items()
        if not key.lower().startswith(OF_COUNTS)
        and getattr(values, "ndim", 0) == 2
        and np.asarray(values).dtype.kind in "fiu"
    ]


class ImageLine(QWidget):
    """A tick for using the tissue image, one for its damage, and a button for what it tells.

    It is there where a section has an image or an embedding of one.
    """

    valueChanged = Signal()
    failed = Signal(str)
    """What the image tells cannot be shown, in plain words."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self._job: Job | None = None
        self._method: str = EnhanceConfig().method
        self._painted = False
        self._features: str | None = None
        self._make_ticks()
        tip = (
            "Three numbers of the image as red, green and blue: like colours are like tissue. "
            "Colours are arbitrary, and some may look alike to you that are not"
        )
        self.show_map = button("Show what it tells", with_keys(tip, "tissue.map"))
        self.show_map.setCheckable(True)
        self.show_map.clicked.connect(self._toggle_map)
        bind(self, {"tissue.map": self.show_map.click})
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(5)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.use, 1)
        row.addWidget(self.show_map)
        rows.addLayout(row)
        rows.addWidget(self.damaged)
        self.meaning = words("what the colours of the image mean")
        self.meaning.setText(MEANING)
        rows.addWidget(self.meaning)
        self._refresh()

    def value(self) -> Literal["auto", "off"]:
        """Return the setting ``image`` of a run."""
        return "auto" if self.use.isChecked() else "off"

    def setValue(self, config: EnhanceConfig) -> None:
        """Show the settings of a config."""
        self.use.setChecked(config.image != "off")
        self.set_method(config.method)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of this section from now on."""
        if layers is not self._layers:
            self.stop()
            self._layers = layers
        self._refresh()

    def set_method(self, name: str) -> None:
        """Ask only where the method looks at images."""
        self._method = name
        self._refresh()

    def set_features(self, key: str | None) -> None:
        """Speak of a person's own embedding in place of the image."""
        self._features = key

    def set_lost(self, spots: int, sites: int) -> None:
        """Say what is painted."""
        self._painted = spots > 0
        self._refresh()

    def damaged_spots(self, painted: LostMask) -> NDArray[np.bool_] | None:
        """Spots (spot,) at which a run is not to look at the image; None where it may at all."""
        return painted.lost if self.damaged.isChecked() and self.value() == "auto" else None

    def stop(self) -> None:
        """Give up making a map."""
        if self._job is not None:
            self._job.stop(0)
            self._job.deleteLater()
            self._job = None

    def _make_ticks(self) -> None:
        setting = named(EnhanceConfig, "image")
        self.use = QCheckBox(setting.label)
        self.use.setChecked(True)
        self.use.setToolTip(setting.tip)
        self.damaged = QCheckBox("The image is damaged there too")
        self.damaged.setToolTip(
            "Where lost regions are painted, the image shows a fold, a bubble or a pen, and is "
            "not to be looked at either"
        )
        for box in (self.use, self.damaged):
            box.setAccessibleName(box.text().lower())
            box.toggled.connect(self.valueChanged)
        self.use.toggled.connect(self._refresh)

    def _refresh(self) -> None:
        layers = self._layers
        section = None if layers is None else layers.section
        there = section is not None and bool(section.images or embeddings(section))
        asked = EnhanceConfig(method=self._method).sees_image
        self.setVisible(there)
        self.use.setVisible(asked)
        self.damaged.setVisible(asked and self.use.isChecked() and self._painted)
        told = layers is not None and layers.told is not None
        self.show_map.setChecked(self._job is not None or told)
        self.meaning.setVisible(told)

    def _toggle_map(self, on: bool) -> None:
        """Show as a map what the image tells, once it is known, or take the map away."""
        layers = self._layers
        if layers is None:
            return
        self.stop()
        if on:
            self._job = job = Job(
                partial(map_steps, layers.section, self._features), self, announce=False
            )
            job.returned.connect(partial(self._on_map, layers, layers.section))
            job.failed.connect(self.failed)
            job.ended.connect(partial(self._on_ended, job))
            job.start()
        else:
            layers.show_told(None)
        self._refresh()

    def _on_map(self, layers: SectionLayers, section: Section, pixels: NDArray[np.uint8]) -> None:
        if layers is self._layers and layers.section is section and layers.present:
            layers.show_told(pixels)

    def _on_ended(self, job: Job) -> None:
        job.deleteLater()
        if job is self._job:
            self._job = None
        self._refresh()
