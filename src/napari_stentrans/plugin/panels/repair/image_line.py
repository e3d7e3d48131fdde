"""ImageLine: whether a run uses the tissue image, where it is damaged, and what it tells."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.plugin.jobs.image_map import map_steps
from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.widgets.make import choice
from napari_stentrans.plugin.widgets.panel import in_rows, row_of, words
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


DAMAGED = (
    "Damaged: where lost regions are painted, the image shows a fold, a bubble or a pen, and is "
    "not to be looked at either"
)
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


CHOICES = {"use": "use", "damaged": "damaged under the paint", "off": "do not use"}
"""What a run does with the tissue image."""


class ImageLine(QWidget):
    """One choice: whether a run uses the tissue image; and what it tells, as a map.

    It is there where a section has an image or an embedding of one.
    """

    valueChanged = Signal()
    failed = Signal(str)
    """What the image tells cannot be shown, in plain words."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self._runner = Runner(self, patience=0.0)
        self._runner.failed.connect(self.failed)
        self._runner.ended.connect(self._refresh)
        self._method: str = EnhanceConfig().method
        self._features: str | None = None
        tip = f"{named(EnhanceConfig, 'image').tip}. {DAMAGED}"
        self.choice = choice("use of the tissue image", tip, CHOICES)
        self.choice.currentIndexChanged.connect(self.valueChanged)
        self.asked = row_of(self.choice, label="Tissue image")
        self.meaning = words("what the colours of the image mean")
        self.meaning.setText(MEANING)
        in_rows(self, self.asked, self.meaning)
        self._refresh()

    @property
    def there(self) -> bool:
        """Whether there is an image, or an embedding of one."""
        section = None if self._layers is None else self._layers.model.section
        return section is not None and bool(section.images or embeddings(section))

    @property
    def used(self) -> bool:
        return self.there and self.value() == "auto" and self._asks

    def choose(self, name: str) -> None:
        """Choose "use", "damaged" or "off"."""
        self.choice.setCurrentIndex(self.choice.findData(name))

    def value(self) -> Literal["auto", "off"]:
        return "off" if self.choice.currentData() == "off" else "auto"

    def setValue(self, config: EnhanceConfig) -> None:
        if (config.image == "off") != (self.value() == "off"):
            self.choose("off" if config.image == "off" else "use")
        self.set_method(config.method)

    def set_layers(self, layers: SectionLayers | None) -> None:
        if layers is not self._layers:
            self._runner.stop()
            self._layers = layers
        self._refresh()

    def set_method(self, name: str) -> None:
        """Ask only where the method looks at images."""
        self._method = name
        self._refresh()

    def set_features(self, key: str | None) -> None:
        """Speak of a person's own embedding in place of the image."""
        self._features = key

    def damaged_spots(self, painted: LostMask) -> NDArray[np.bool_] | None:
        """Spots (spot,) at which a run is not to look at the image; None where it may at all."""
        return painted.lost if self.choice.currentData() == "damaged" else None

    @property
    def showing(self) -> bool:
        """Whether what the image tells is shown as a map, or is being made."""
        return self._runner.busy or self._told

    def toggle_map(self) -> None:
        """Show as a map what the image tells, once it is known, or take the map away."""
        layers, showing = self._layers, self.showing
        if layers is None:
            return
        self._runner.stop()
        if showing:
            layers.show_image_features(None)
        else:
            section = layers.model.section
            work, done = partial(map_steps, section, self._features), partial(self._on_map, layers)
            self._runner.start(work, Phase.LOADING, partial(done, section))
        self._refresh()

    @property
    def _asks(self) -> bool:
        """Whether the method looks at images."""
        return EnhanceConfig(method=self._method).sees_image

    @property
    def _told(self) -> bool:
        """Whether what the image tells is shown as a map."""
        return self._layers is not None and self._layers.image_features is not None

    def _refresh(self) -> None:
        self.asked.setVisible(self._asks)
        self.meaning.setVisible(self._told)
        self.setVisible(self.there and (self._asks or self._told))

    def _on_map(self, layers: SectionLayers, section: Section, pixels: NDArray[np.uint8]) -> None:
        if layers is self._layers and layers.model.section is section and layers.present:
            layers.show_image_features(pixels)
