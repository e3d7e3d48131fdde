"""The layers of a section in a viewer: the only code that makes or changes them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from napari_stentrans.plugin.compare.views import Views
from napari_stentrans.plugin.layers.frame import Frame, drawn_on, rescale
from napari_stentrans.plugin.layers.gene_layers import GeneLayers
from napari_stentrans.plugin.layers.images import (
    FirstLook,
    features_layer,
    found_layer,
    proposal_layer,
    regions_layer,
)
from napari_stentrans.plugin.layers.layer_store import ORDER, LayerStore, owners
from napari_stentrans.plugin.layers.lost_layer import LostLayer
from napari_stentrans.plugin.layers.picture_layer import PictureLayer
from napari_stentrans.plugin.layers.probe import Probe
from napari_stentrans.plugin.layers.tags import TAG
from napari_stentrans.plugin.layers.visibility import Visibility
from napari_stentrans.plugin.models.section_model import SectionModel
from napari_stentrans.plugin.napari_compat import unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Labels, Layer
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.models.section_model import Scene
    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section

REGION_OUTLINE = 2
"""Width of the outlines of named regions, in raster pixels."""


def _layer_of(role: str, what: str) -> property:
    return property(lambda self: self.store.layer(role), doc=f"{what}; None when not there.")


def _free_title(viewer: ViewerModel, name: str, own: object = None) -> str:
    """Return the name, with a number where another section in the viewer has it."""
    taken = {owner.model.title for owner in owners(viewer) if owner is not own}
    names = (f"{name} [{number}]" if number else name for number in count())  # as napari does
    return next(free for free in names if free not in taken)


class SectionLayers:
    """The layers of one section in one viewer; they show what its model says.

    A person may rename, recolour, hide, move and delete the layers at any time: what is left
    goes on working, and nothing they chose is undone.

    Parameters
    ----------
    look
        What to show first; computed where not given. Make it in a worker thread
        (``FirstLook.of(section)``) to keep the window alive meanwhile.
    layers
        Layers by role that a reader made of this section, instead of new ones.
    in_turns
        Make the tissue image in a later turn of the event loop, or when it is asked for.

    Attributes
    ----------
    paint, pictures, genes
        What draws lost regions, the tissue image, and the maps.
    probe
        What is known of the place under the cursor.
    visibility
        Out of sight, while another section is looked at.
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
    found = _layer_of("found", "A map that an analysis found, such as a pattern")
    image_features = _layer_of("image_features", "What the tissue image tells, in colours")
    difference = _layer_of("difference", "Enhanced minus measured, at measured spots")

    def __init__(
        self,
        viewer: ViewerModel,
        section: Section,
        look: FirstLook | None = None,
        layers: Mapping[str, Layer] | None = None,
        *,
        in_turns: bool = False,
    ) -> None:
        self.viewer: ViewerModel = unwrapped(viewer)
        tag = next(iter(layers.values())).metadata[TAG] if layers else {}
        if not layers:
            look = look or FirstLook.of(section)
            tag = {"gene": look.gene, "origin": look.origin}
        self.model = SectionModel(section, tag["gene"], _free_title(self.viewer, section.name))
        self.model.origin = tag["origin"]
        self.store = LayerStore(self.viewer, self)
        self.paint = LostLayer(self.store, self.model)
        self.model.paint = self.paint
        self.pictures = PictureLayer(self.store, self.model)
        self.genes = GeneLayers(self.store, self.model, Views(self.store, self.model))
        self.views = self.genes.views
        self.visibility = Visibility(self.store, self.genes)
        self.probe = Probe(self.store, self.model)
        self.store.taken.connect(self.probe.ask_here)
        self.store.left.connect(self.probe.leave)
        self.store.removed.connect(self._on_removed)
        if layers:
            self.store.frame = tag["frame"]
            for role, layer in layers.items():
                self.store.take(role, layer)
        elif look is not None:
            self._show_first(look, in_turns=in_turns)
        self.genes.note_limits()
        self._scene: Scene = self.model.scene
        self.model.changing.connect(self._take_in)
        self.model.changed.connect(self._resolve)

    # ---- the layers

    @property
    def frame(self) -> Frame:
        return self.store.frame

    @property
    def present(self) -> list[Layer]:
        return self.store.present

    def has(self, role: str) -> bool:
        return self.store.has(role)

    def now(self, role: str) -> Layer | None:
        """Layer of a role as it is now; None where it is only about to be."""
        return self.store.get(role)

    # ---- what is drawn

    def _take_in(self) -> None:
        """Note what a person did on the layers, which is how they look already."""
        self.genes.take_in()
        now = self.model
        self._scene = replace(self._scene, by_hand=now.maps.by_hand, view=now.view)

    def _resolve(self) -> None:
        """Draw what is another than it was: the only step from the model to the canvas."""
        last, now, genes = self._scene, self.model.scene, self.genes
        self._scene = now
        if now.look.colormap != last.look.colormap:
            genes.recolour(now.look.colormap)
        if now.asked != last.asked:
            with self.visibility.back_for_a_moment():
                self._draw_result()
        elif _maps_of(now) != _maps_of(last):
            genes.redraw()
        elif now.sides != last.sides or now.against is not last.against:
            genes.redraw()
            self.views.call(now.sides)
            self.model.compared.emit()
        elif now.doubt != last.doubt:
            genes.draw("uncertainty")
            self.model.drawn.emit()
        if now.view != last.view:
            genes.look(now.view)
        self._scene = self.model.scene

    def _draw_result(self) -> None:
        if self.model.enhancement is None:
            self.genes.clear_result()
            self.paint.outline(on=False)
            return
        if self.image_features is not None:  # it would hide the result
            self.image_features.visible = False
            self.store.deferred.add("image_features", partial(self.show_image_features, None))
        self.genes.show_result()
        self.paint.outline(on=True)  # so that what was filled is seen
        self.genes.tell()
        self.model.drawn.emit()

    def show_enhancement(self, result: Enhancement) -> None:
        self.model.show_enhancement(result)
        self.store.deferred.finish()

    def bring_back(self) -> None:
        """Make the enhanced map again where a person deleted it; what is shown stays."""
        if self.model.enhancement is not None and not self.has("after"):
            self.genes.take_in()
            with self.visibility.back_for_a_moment():
                self._draw_result()

    def redraw(self) -> None:
        self.genes.take_in()
        self.genes.redraw()

    @contextmanager
    def beside_anew(self) -> Iterator[None]:
        """Let layers come or go that lie over both maps, where those are beside each other."""
        beside = self.views.shown == "side_by_side"
        if beside:
            self.genes.look("after")
        yield
        if beside:
            self.genes.look("side_by_side")

    # ---- what else is shown

    def add_lost(self) -> Labels:
        return self.paint.begin()

    def annotate(self, annotation: Annotation) -> None:
        """Show named regions of the spots, which results and files take over from now on."""
        self.model.annotate(annotation)
        self.store.remove("regions")
        with self.visibility.back_for_a_moment():
            self.store.put("regions", regions_layer(self.model.section, annotation, self.frame))

    def propose(self, cells: ArrayLike | None) -> None:
        """Show places (bool, row and column) that may be lost, over all else; None ends it."""
        if cells is None:
            self.store.remove("proposal")
            return
        if "proposal" not in self.store:
            self.views.end()
        self.store.put("proposal", proposal_layer(self.model.section, cells, self.frame))

    def show_image_features(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show what the tissue image tells (row, column, 4); None takes it away."""
        self.store.deferred.drop("image_features")
        if pixels is not None:
            self.store.put("image_features", features_layer(self.model.section, pixels, self.frame))
        else:
            self.store.remove("image_features")

    def show_found(self, raster: SpotRaster, values: NDArray[np.floating], name: str) -> None:
        """Show a map (site,) that an analysis found over those of genes."""
        self.views.end()
        self.store.remove("found")  # another may lie on another raster
        self.store.put("found", found_layer(self.model.section, raster, values, name, self.frame))
        self._outline_regions(on=True)
        self.model.compared.emit()

    def hide_found(self) -> None:
        """Show the maps of genes again."""
        if "found" in self.store:
            self.store.remove("found")
            self._outline_regions(on=False)
            self.model.compared.emit()

    def _outline_regions(self, *, on: bool) -> None:
        """Show the outlines of named regions, below which a map is seen, or their colours."""
        if "regions" in self.store:
            self.store["regions"].contour = REGION_OUTLINE if on else 0

    def show_line(self, line: NDArray[np.float64]) -> None:
        """Show the profile along a line, ends (2, 2) in full-resolution pixels (x, y), soon."""
        self.model.line, self.model.profiled = line, True
        self.store.deferred.add("line", self.model.lined.emit)

    # ---- the section in its viewer

    def rename(self, name: str) -> None:
        name = " ".join(name.split())
        if name:
            self.model.title = _free_title(self.viewer, name, self)

    def name_layers(self, *, by_section: bool) -> None:
        self.store.name_by(self.model.title if by_section else "")

    def reframe(self, frame: Frame) -> None:
        self.views.end()
        self.store.deferred.finish()
        ratio = frame.per_px / self.frame.per_px
        self.store.frame = frame
        for layer in (*self.present, *drawn_on(self.viewer, self)):
            rescale(layer, ratio, frame.unit)

    def remove(self) -> None:
        self.model.removed = True
        self.views.end()
        self.store.deferred.drop(*ORDER, None)
        self.store.remove(*self.store)

    def _show_first(self, look: FirstLook, *, in_turns: bool) -> None:
        store = self.store
        store.frame = Frame.of(self.model.section, self.viewer.layers)
        make_way(self.viewer, store.frame)
        *image, before = look.layer_data(store.frame)
        store.put("before", before)
        self.viewer.layers.selection.active = store["before"]
        for data in image:
            store.deferred.add("image", partial(store.put, "image", data))
        if not in_turns:
            store.deferred.finish()

    def _on_removed(self, role: str) -> None:
        if role == "after" and self.model.maps.against is not None:
            self.model.maps.against = None
            self.store.deferred.add("before", self._resolve)  # not while a layer is removed


def _maps_of(scene: Scene) -> tuple[object, ...]:
    """What decides how the maps look, whatever result they are of."""
    return scene.genes, scene.kept, scene.look, scene.by_hand


def make_way(viewer: ViewerModel, frame: Frame) -> None:
    """Show what is there in pixels before a section comes that cannot be shown otherwise.

    Done after it has come, napari would have drawn, and warned of several units, in between.
    """
    if frame.unit == "pixel":
        for layers in owners(viewer):
            if layers.frame != frame:
                layers.reframe(frame)


def adopt(viewer: ViewerModel) -> SectionLayers | None:
    """Turn layers that a reader made into SectionLayers; the last ones made, None without any."""
    viewer = unwrapped(viewer)
    found: dict[int, tuple[Section, dict[str, Layer]]] = {}
    for layer in viewer.layers:
        tag = layer.metadata.get(TAG, {})
        if "section" in tag and "layers" not in tag:
            _, layers = found.setdefault(id(tag["section"]), (tag["section"], {}))
            layers.setdefault(tag["role"], layer)
    adopted = [SectionLayers(viewer, section, layers=layers) for section, layers in found.values()]
    return adopted[-1] if adopted else None
