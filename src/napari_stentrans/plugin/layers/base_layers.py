"""BaseLayers: a section in a viewer, and its layers by role."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from napari_stentrans.plugin.layers.deferred import DeferredCalls
from napari_stentrans.plugin.layers.images import TAG
from napari_stentrans.plugin.layers.layer_store import LayerStore, insert
from napari_stentrans.plugin.layers.viewers import unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_stentrans.damage import Damage
    from napari_stentrans.plugin.layers.frame import Frame
    from napari_stentrans.section import Section


def _layer_of(role: str, what: str) -> property:
    return property(lambda self: self._layer(role), doc=f"{what}; None when not there.")


def _free_title(viewer: ViewerModel, name: str, own: object = None) -> str:
    """Return the name, with a number where another section in the viewer has it."""
    owners = (layer.metadata.get(TAG, {}).get("layers") for layer in viewer.layers)
    taken = {owner.title for owner in owners if owner is not None and owner is not own}
    numbered = (f"{name} [{number}]" for number in count(1))  # as napari names layers
    return name if name not in taken else next(t for t in numbered if t not in taken)


class BaseLayers:
    """What there is of a section in a viewer.

    Parameters
    ----------
    viewer
        Where its layers are.
    section
        The section.

    Attributes
    ----------
    damage
        What looks lost; None until that was looked for.
    ignores_damage
        Whether a person has said to leave that as it is.
    removed
        Whether it was taken out of the viewer on purpose.
    """

    image = _layer_of("image", "Tissue image")
    picture = _layer_of("picture", "A picture that is being laid below the spots")
    before = _layer_of("before", "Map of the gene as measured, or in the run compared with")
    regions = _layer_of("regions", "Named regions of an annotation, which are not lost")
    lost = _layer_of("lost", "Labels to paint lost regions on, on ``section.raster``")
    proposal = _layer_of("proposal", "Places that may be lost, to be looked at before painting")
    after = _layer_of("after", "Map of the gene as enhanced, on ``enhancement.raster``")
    provenance = _layer_of("provenance", "Where each enhanced value comes from")
    uncertainty = _layer_of("uncertainty", "Standard deviation of the enhanced map")
    told = _layer_of("told", "What the tissue image tells, in colours")
    difference = _layer_of("difference", "Enhanced minus measured, at measured spots")

    _frame: Frame

    def __init__(self, viewer: ViewerModel, section: Section) -> None:
        self.viewer: ViewerModel = unwrapped(viewer)
        self.section = section
        self.title = _free_title(self.viewer, section.name)
        self.damage: Damage | None = None
        self.ignores_damage = False
        self.removed = False
        self._deferred = DeferredCalls()
        self._layers = LayerStore(self.viewer, self)
        self._layers.removed.connect(self._on_gone)

    @property
    def frame(self) -> Frame:
        """World coordinates of the layers."""
        return self._frame

    def has(self, role: str) -> bool:
        """Whether the layer of a role is there, or about to be."""
        return role in self._layers or role in self._deferred

    def now(self, role: str) -> Layer | None:
        """Layer of a role as it is now; None where it is only about to be."""
        return self._layers.get(role)

    @property
    def present(self) -> list[Layer]:
        """Layers of the section that are in the viewer, the lowest first."""
        return [layer for layer in self.viewer.layers if layer in self._layers.values()]

    @property
    def over_tissue(self) -> list[Layer]:
        """Layers that hide the tissue image, the lowest first."""
        not_maps = ("image", "picture", "lost", "proposal")
        maps = (layer for role, layer in self._layers.items() if role not in not_maps)
        return sorted(maps, key=self.viewer.layers.index)

    def rename(self, name: str) -> None:
        """Give the section another title; a blank one is not taken."""
        name = " ".join(name.split())
        if name:
            self.title = _free_title(self.viewer, name, self)

    def name_layers(self, *, by_section: bool) -> None:
        """Begin the names of the layers with the title, as is needed beside other sections."""
        self._layers.name_by(self.title if by_section else "")

    def role_of(self, layer: Layer) -> str | None:
        """Role of a layer; None where it is none of the section's."""
        return next((role for role, own in self._layers.items() if own is layer), None)

    def later(self, role: str, step: Callable[[], None]) -> None:
        """Make the layer of a role in a turn of the event loop, or when it is asked for."""
        self._deferred.add(role, step)

    def put_back(self, role: str, layer: Layer, at: int) -> None:
        """Put a layer back that was taken out of the viewer, as it was."""
        insert(self.viewer.layers, min(at, len(self.viewer.layers)), layer)
        self._layers.take_back(role, layer)

    def stop(self) -> None:
        """Give up what is about to be made, since the window closes."""
        self._deferred.drop()

    def _on_gone(self) -> None:
        """Make no more layers of a section whose maps were deleted."""
        if "before" not in self._layers and "after" not in self._layers:
            self._deferred.drop()

    def _layer(self, role: str) -> Layer | None:
        self._deferred.finish(role)  # a layer that is about to be made is made when it is asked for
        return self._layers.get(role)
