"""The layers of a section in a viewer: the only code that makes or changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Layer
from psygnal import Signal

from napari_stentrans.io.masks import LostMask, painted_to_lost
from napari_stentrans.plugin.frame import Frame
from napari_stentrans.plugin.gene_maps import GeneMaps
from napari_stentrans.plugin.images import (
    LOST_OPACITY,
    TAG,
    FirstLook,
    brush_of,
    lost_layer,
    proposal_layer,
    provenance_layer,
    told_layer,
)
from napari_stentrans.plugin.probe import Probe
from napari_stentrans.plugin.roles import GENE_ROLES, TWIN, RoleLayers
from napari_stentrans.plugin.runs import Runs
from napari_stentrans.plugin.views import Views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.plugin.maps import Look
    from napari_stentrans.plugin.runs import Run
    from napari_stentrans.section import Section

RESULT_ROLES = ("after", "uncertainty", "provenance", "difference")
UNDER_DIFFERENCE = ("before", "after", "uncertainty", "provenance")
OUTLINE = 3
"""Width of the outline of lost regions once they are filled, in raster pixels."""


def _layer_of(role: str, what: str) -> property:
    return property(lambda self: self._layers.get(role), doc=f"{what}; None when not there.")


class SectionLayers:
    """The layers of one section in one viewer.

    A person may rename, recolour, hide, move and delete the layers at any time: what is left
    goes on working, and nothing they chose is undone.

    Parameters
    ----------
    viewer
        Where to show the section.
    section
        The section.
    look
        What to show first; computed where not given. Make it in a worker thread
        (``FirstLook.of(section)``) to keep the window alive meanwhile.
    layers
        Layers by role that a reader made of this section, instead of new ones.

    Attributes
    ----------
    viewer, section
        As given.
    enhancement
        The result that is shown, or None.
    quality
        How good that result is, where it was checked.
    lost_opacity
        Opacity of the layer of lost regions when it is made.
    preview_of
        Method whose result is awaited while a preview is shown, else empty.
    gene
        Name of the gene that is shown, or was last.
    origin
        Where the section was read from, and what else there was to choose; None where unknown.
    runs
        Results that are kept, by name.
    maps
        What is shown of the genes, which may be a sum over them or several at once, and how.
    views
        Ways to see both maps together.
    probe
        What is known of the place under the cursor.
    """

    drawn = Signal()
    """Another gene is shown, or the same in other colours."""
    compared = Signal()
    """A view of both maps or the difference was switched, by a button or in napari."""

    image = _layer_of("image", "Tissue image")
    before = _layer_of("before", "Map of the gene as measured")
    lost = _layer_of("lost", "Labels to paint lost regions on, on ``section.raster``")
    proposal = _layer_of("proposal", "Places that may be lost, to be looked at before painting")
    after = _layer_of("after", "Map of the gene as enhanced, on ``enhancement.raster``")
    provenance = _layer_of("provenance", "Where each enhanced value comes from")
    uncertainty = _layer_of("uncertainty", "Standard deviation of the enhanced map")
    told = _layer_of("told", "What the tissue image tells, in colours")
    difference = _layer_of("difference", "Enhanced minus measured, at measured spots")

    def __init__(
        self,
        viewer: ViewerModel,
        section: Section,
        look: FirstLook | None = None,
        layers: Mapping[str, Layer] | None = None,
    ) -> None:
        self.viewer: ViewerModel = getattr(viewer, "__wrapped__", viewer)
        self.section = section
        self.enhancement: Enhancement | None = None
        self.quality: Quality | None = None
        self.runs = Runs()
        self.preview_of = ""
        self.lost_opacity = LOST_OPACITY
        self._last: tuple[Enhancement | None, Quality | None] = (None, None)
        self._layers = RoleLayers(self.viewer, self)
        self._layers.removed.connect(self._on_removed)
        self.views = Views(self)
        self.views.changed.connect(self._on_views_changed)
        self.probe = Probe(self)
        self._layers.taken.connect(self.probe.ask_here)
        self._layers.left.connect(self.probe.leave)
        self._hidden: list[Layer] | None = None
        if layers is None:
            self._show_first(look or FirstLook.of(section))
            return
        tag = next(iter(layers.values())).metadata[TAG]
        self.gene, self._frame, self.origin = tag["gene"], tag["frame"], tag["origin"]
        self.maps = GeneMaps(section, self.gene, self._frame)
        for role, layer in layers.items():
            self._layers.take(role, layer)
        self._note_limits()

    def show_gene(self, name: str) -> None:
        """Show a gene, given by name or id, in every layer that shows one.

        The name may be one of ``maps.SUMS``. What a person set of the last one is remembered.

        Where the last run left this gene out, the enhanced layers go blank.

        Raises
        ------
        GeneNotFound
            When the section has no such gene; the layers stay as they were.
        """
        self._watch()
        self.maps.show(name)
        self.gene = self.maps.gene
        self._redraw()

    def lay_over(self, names: Sequence[str]) -> None:
        """Keep these genes: the maps before and after show them and the chosen one in colours."""
        self._watch()
        self.maps.keep(names)
        self._redraw()

    def set_look(self, look: Look) -> None:
        """Show the genes in other units, colours or contrast."""
        self._watch()
        recoloured = look.colormap != self.maps.look.colormap
        self.maps.set_look(look)
        for role in TWIN:
            if recoloured and role in self._layers:
                self._layers[role].colormap = look.colormap
        self._redraw()

    def follow_values(self) -> None:
        """Let the contrast of the gene that is shown follow its values again."""
        self.maps.follow_values()
        self._redraw()

    @property
    def frame(self) -> Frame:
        """World coordinates of the layers."""
        return self._frame

    @property
    def gene_is_enhanced(self) -> bool:
        """Whether there is a result that knows the gene that is shown."""
        return self.maps.result(self.enhancement) is not None

    def add_lost(self) -> Labels:
        """Let the person paint: make the layer of lost regions if needed, and select it."""
        layer = self._lost_layer()
        self.viewer.layers.selection.active = layer
        layer.mode = "paint"
        return layer

    def painted(self) -> LostMask:
        """Spots and sites that are painted as lost; none where there is no such layer."""
        nothing = np.zeros(self.section.raster.shape, bool)
        return painted_to_lost(self.section, nothing if self.lost is None else self.lost.data)

    def paint_spots(self, lost: ArrayLike) -> None:
        """Paint the cells of spots (bool per spot) as lost, as one step that can be undone."""
        layer = self._lost_layer()
        cells = self.section.raster.paint(lost) & (np.asarray(layer.data) == 0)
        layer.data_setitem(np.nonzero(cells), 1)

    def relabel(self, labels: ArrayLike) -> None:
        """Repaint lost regions with labels (row, column), as one step that can be undone."""
        layer = self._lost_layer()
        labels = np.asarray(labels)
        changed = np.nonzero(labels != np.asarray(layer.data))
        if len(changed[0]):
            layer.data_setitem(changed, labels[changed])

    def propose(self, cells: ArrayLike | None) -> None:
        """Show places (bool, row and column) that may be lost, over all else; None ends it."""
        if cells is not None:
            layer_data = proposal_layer(self.section, cells, self._frame)
            if self.proposal is not None:
                self.proposal.data = layer_data[0]
                return
            self.views.end()
            self._layers.put("proposal", layer_data)
        elif self.proposal is not None:
            self.viewer.layers.remove(self.proposal)

    def show_enhancement(self, enhancement: Enhancement) -> None:
        """Show a result of this section, in the layers of the last one where they are left."""
        self.quality, self.preview_of, self._last = None, "", (None, None)
        self._show(enhancement)

    def show_preview(self, enhancement: Enhancement, preview_of: str) -> None:
        """Show a first result until the one of the method ``preview_of`` comes."""
        last = (self.enhancement, self.quality)
        self.show_enhancement(enhancement)
        self.preview_of, self._last = preview_of, last

    def drop_preview(self) -> None:
        """Show again what was shown before the preview; nothing happens where there is none."""
        if not self.preview_of:
            return
        enhancement, quality = self._last
        if enhancement is None:
            self._clear_enhancement()
        else:
            self.show_enhancement(enhancement)
            self.quality = quality

    def show_run(self, run: Run) -> None:
        """Show the result of a run that is kept."""
        self.show_enhancement(run.enhancement)
        self.quality = run.quality

    def delete_run(self, run: Run) -> None:
        """Let go of a run; where it is shown, the one next to it in the list takes its place."""
        left, result = self.runs.remove(run), run.enhancement
        if self.maps.against is result:
            self.set_difference(on=False)
            self.maps.against = None
        if self._last[0] is result:
            self._last = (None, None) if left is None else (left.enhancement, left.quality)
        if self.enhancement is not result:
            return
        if left is None:
            self._clear_enhancement()
        else:
            self.show_run(left)

    def _clear_enhancement(self) -> None:
        """Take the result away, as if there had been none."""
        self.views.end()
        self.set_difference(on=False)
        self.enhancement, self.quality, self.preview_of, self._last = None, None, "", (None, None)
        for role in RESULT_ROLES:
            if role in self._layers:
                self.viewer.layers.remove(self._layers[role])
        if self.before is not None:
            self.before.visible = True
        if self.lost is not None:
            self.lost.contour = 0
        self.drawn.emit()

    def _show(self, enhancement: Enhancement) -> None:
        self._watch()
        first = self.after is None
        if first:
            self.views.end()
        self.enhancement = enhancement
        result = self.maps.result(enhancement)
        std_known = result is not None and bool(np.isfinite(result.std).any())
        if self.uncertainty is not None and not std_known:
            self.viewer.layers.remove(self.uncertainty)
        wanted = {"before", "after", *self._layers} | ({"uncertainty"} if std_known else set())
        for role in GENE_ROLES:
            if role in wanted:
                self._layers.put(role, self.maps.layer(role, enhancement))
        self._note_limits()
        self._layers.put("provenance", provenance_layer(enhancement, self._frame))
        if first:
            self.before.visible = False  # its rim would show around a finer map
            if self.lost is not None:
                self.lost.contour = OUTLINE  # so that what was filled is seen
        self.drawn.emit()

    @property
    def side_by_side(self) -> bool:
        """Whether the measured and the enhanced map are shown beside each other."""
        return self.views.shown == "side_by_side"

    def set_side_by_side(self, on: bool) -> None:
        """Show the measured and the enhanced map beside each other, or all layers as before.

        The difference is put away. Nothing happens where one of the two maps is not there.
        """
        self.set_view("side_by_side", on)

    def set_view(self, name: str, on: bool) -> None:
        """Begin or end a view of both maps: "side_by_side", "swipe" or "blink".

        The view before it ends. Nothing happens where one of the two maps is not there.
        """
        if on and self.views.shown != name:
            self.views.show(name)
        elif not on and self.views.shown == name:
            self.views.end()

    @property
    def difference_shown(self) -> bool:
        """Whether the map of enhanced minus measured is shown."""
        return self.difference is not None and self.difference.visible

    def set_difference(self, on: bool, against: Enhancement | None = None) -> None:
        """Show the map of enhanced minus measured alone, or the other maps as before.

        Where another result is given, that is subtracted. Other views end. Nothing happens
        where there is no result.
        """
        if on and self.enhancement is not None:
            self.views.end()
            first, other = self.difference is None, against is not self.maps.against
            self._watch()
            self.maps.against = against
            if first or other:
                data = self.maps.layer("difference", self.enhancement)
                self._layers.put("difference", data, new_limits=True)
                self._note_limits()
            if first:
                self._layers["difference"].events.visible.connect(self._on_difference)
                self._on_difference()
        if self.difference is not None:
            self.difference.visible = on

    def show_told(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show what the tissue image tells (row, column, 4); None takes it away."""
        if pixels is not None:
            self._layers.put("told", told_layer(self.section, pixels, self._frame))
        elif self.told is not None:
            self.viewer.layers.remove(self.told)

    @property
    def over_tissue(self) -> list[Layer]:
        """Layers that hide the tissue image, the lowest first."""
        not_maps = ("image", "lost", "proposal")
        maps = (layer for role, layer in self._layers.items() if role not in not_maps)
        return sorted(maps, key=self.viewer.layers.index)

    @property
    def present(self) -> list[Layer]:
        """Layers of the section that are in the viewer, the lowest first."""
        return [layer for layer in self.viewer.layers if layer in self._layers.values()]

    def remove(self) -> None:
        """Take all layers of the section out of the viewer."""
        self.views.end()
        for layer in list(self._layers.values()):
            self.viewer.layers.remove(layer)

    def _show_first(self, look: FirstLook) -> None:
        self.gene, self.origin = look.gene, look.origin
        was_empty = not len(self.viewer.layers)
        self._frame = Frame.of(self.section, self.viewer.layers)
        self.maps = GeneMaps(self.section, self.gene, self._frame)
        for data in look.layer_data(self._frame):
            layer = Layer.create(*data)
            self.viewer.layers.append(layer)
            self._layers.take(layer.metadata[TAG]["role"], layer)
        self._note_limits()
        if was_empty:
            self.viewer.reset_view()

    def _lost_layer(self) -> Labels:
        """Layer of lost regions, made if needed, visible and filled."""
        if self.lost is None:
            self._layers.put("lost", lost_layer(self.section, self._frame))
            self._layers["lost"].brush_size = brush_of(self.section.raster)
            self._layers["lost"].selected_label = 1
            self._layers["lost"].opacity = self.lost_opacity
        layer: Labels = self._layers["lost"]
        layer.visible, layer.contour = True, 0
        return layer

    def _redraw(self) -> None:
        """Give the layers that show a gene their values anew."""
        coloured = {self._layers[role].rgb for role in TWIN if role in self._layers}
        swaps = coloured != {len(self.maps.names) > 1}
        beside, difference = self.side_by_side, self.difference_shown
        if swaps:  # both hold on to the layers that they arrange
            self.set_side_by_side(on=False)
            self.set_difference(on=False)
        for role in GENE_ROLES:
            if role in self._layers:
                self._layers.put(role, self.maps.layer(role, self.enhancement), new_limits=True)
        self._note_limits()
        if swaps:
            self.set_side_by_side(on=beside)
            self.set_difference(on=difference, against=self.maps.against)
        self.drawn.emit()

    def _note_limits(self) -> None:
        for role in GENE_ROLES:
            if role in self._layers:
                self.maps.given(role, self._layers[role])

    def _watch(self) -> None:
        """Remember what a person changed on the layers that show a gene."""
        for role in GENE_ROLES:
            if role in self._layers:
                self.maps.watch(role, self._layers[role])

    def _on_removed(self, role: str) -> None:
        if role == "difference":
            self._on_difference()

    def _on_difference(self) -> None:
        """Hide other maps, which would be seen in its holes, or bring them back."""
        if self.difference_shown == (self._hidden is not None):
            return
        if self._hidden is None:
            maps = [self._layers[role] for role in UNDER_DIFFERENCE if role in self._layers]
            self._hidden = [layer for layer in maps if layer.visible]
            for layer in self._hidden:
                layer.visible = False
        else:
            for layer in self._hidden:
                layer.visible = True
            self._hidden = None
        self.compared.emit()

    def _on_views_changed(self) -> None:
        self.compared.emit()


def find(viewer: ViewerModel) -> list[SectionLayers]:
    """Sections whose layers are in the viewer, the lowest first."""
    found: dict[int, SectionLayers] = {}
    for layer in getattr(viewer, "__wrapped__", viewer).layers:
        owner = layer.metadata.get(TAG, {}).get("layers")
        if owner is not None and layer in owner._layers.values():
            found[id(owner)] = owner
    return list(found.values())


def adopt(viewer: ViewerModel) -> SectionLayers | None:
    """Turn layers that a reader made into SectionLayers; the last ones made, None without any."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    sections: dict[int, dict[str, Layer]] = {}
    for layer in viewer.layers:
        tag = layer.metadata.get(TAG, {})
        if "section" in tag and "layers" not in tag:
            sections.setdefault(id(tag["section"]), {}).setdefault(tag["role"], layer)
    adopted = None
    for layers in sections.values():
        section = next(iter(layers.values())).metadata[TAG]["section"]
        adopted = SectionLayers(viewer, section, layers=layers)
    return adopted
