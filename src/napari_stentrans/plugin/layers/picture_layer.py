"""PictureLayer: a picture that a person lays below the spots, until it is the tissue image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from napari_stentrans.plugin.layers.images import image_layer, picture_layer
from napari_stentrans.plugin.layers.tags import TAG

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_stentrans.plugin.layers.layer_store import LayerStore
    from napari_stentrans.plugin.models.picture import Picture
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.section import Section


class PictureLayer:
    """Shows the tissue image of a section, and what a person lays in its place."""

    def __init__(self, store: LayerStore, model: SectionModel) -> None:
        self._store, self._model = store, model
        self._hidden_image: Layer | None = None
        store.removed.connect(self._on_gone)

    def lay(self, picture: Picture) -> None:
        store, section = self._store, self._model.section
        store.remove("picture")
        image = store.layer("image")
        if image is not None and image.visible:
            image.visible, self._hidden_image = False, image
        placed = section.images[0].placed if section.images else None
        again = placed is not None and picture.image is placed.original
        name = f"{picture.image.name} ({'being moved' if again else 'not in use yet'})"
        data = picture_layer(section, name, picture.pixels, picture.affine, store.frame)
        store.put("picture", data)
        self._model.laid = picture
        self._model.laidChanged.emit()

    def drop(self) -> None:
        self._store.remove("picture")

    def set_section(self, section: Section, pixels: Any) -> None:
        """Take the same section with other images; ``pixels`` of the first one, None without."""
        store = self._store
        self._hidden_image = None
        store.deferred.drop("image")
        store.remove("image", "picture", "image_features")
        self._model.set_section(section)
        for layer in store.present:
            layer.metadata[TAG]["section"] = section
        if pixels is not None:
            tag = {"section": section, "frame": store.frame}
            data = image_layer(section, pixels, store.frame, tag)
            store.deferred.add("image", partial(store.put, "image", data))
        self._model.laidChanged.emit()

    def _on_gone(self, role: str) -> None:
        if role != "picture":
            return
        self._model.laid = None
        hidden, self._hidden_image = self._hidden_image, None
        if hidden is not None and hidden in self._store.present:
            hidden.visible = True
        self._model.laidChanged.emit()
