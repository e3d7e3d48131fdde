"""PictureLayers: a picture that a person lays below the spots, until it is the tissue image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_stentrans.plugin.layers.base_layers import BaseLayers
from napari_stentrans.plugin.layers.images import TAG, image_layer, picture_layer

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_stentrans.plugin.jobs.pictures import Picture
    from napari_stentrans.section import Section


class PictureLayers(BaseLayers):
    """A section in a viewer, below whose spots a picture can be laid.

    Attributes
    ----------
    laid
        The picture that is being laid; None where there is none.
    """

    laidChanged = Signal()
    """A picture came, went or was taken as the tissue image."""

    def __init__(self, viewer: ViewerModel, section: Section) -> None:
        super().__init__(viewer, section)
        self.laid: Picture | None = None
        self._hidden_image: Layer | None = None
        self._layers.removed.connect(self._on_picture_gone)

    def lay(self, picture: Picture) -> None:
        """Show a picture where it is guessed to lie, in place of the tissue image."""
        if self.picture is not None:
            self._layers.remove("picture")
        image = self.image
        if image is not None and image.visible:
            image.visible, self._hidden_image = False, image
        images = self.section.images
        placed = images[0].placed if images else None
        again = placed is not None and picture.image is placed.original
        name = f"{picture.image.name} ({'being moved' if again else 'not in use yet'})"
        data = picture_layer(self.section, name, picture.pixels, picture.affine, self.frame)
        self._layers.put("picture", data)
        self.laid = picture
        self.laidChanged.emit()

    def drop_picture(self) -> None:
        """Take the picture away, as if it had not been laid."""
        self._layers.remove("picture")

    def set_section(self, section: Section, pixels: Any) -> None:
        """Take the same section with other images; ``pixels`` of the first one, None without."""
        self._hidden_image = None
        self._deferred.drop("image")
        self._layers.remove("image", "picture", "told")
        self.section = section
        for layer in self.present:
            layer.metadata[TAG]["section"] = section
        if pixels is not None:
            tag = {"section": section, "frame": self.frame}
            data = image_layer(section, pixels, self.frame, tag)
            self._deferred.add("image", partial(self._layers.put, "image", data))
        self.laidChanged.emit()

    def _on_picture_gone(self, role: str) -> None:
        if role != "picture":
            return
        self.laid = None
        hidden, self._hidden_image = self._hidden_image, None
        if hidden is not None and hidden in self.present:
            hidden.visible = True
        self.laidChanged.emit()
