"""The layers of a section in a viewer: the only code that makes or changes them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.plugin.layers.frame import Frame, drawn_on, rescale
from napari_stentrans.plugin.layers.gene_maps import GeneMaps
from napari_stentrans.plugin.layers.images import (
    TAG,
    FirstLook,
    proposal_layer,
    provenance_layer,
    regions_layer,
    told_layer,
)
from napari_stentrans.plugin.layers.layer_store import GENE_ROLES, ORDER, TWIN
from napari_stentrans.plugin.layers.map_layers import MapLayers
from napari_stentrans.plugin.layers.probe import Probe
from napari_stentrans.plugin.layers.regions import Regions
from napari_stentrans.plugin.layers.units import make_way
from napari_stentrans.plugin.layers.viewers import unwrapped
from napari_stentrans.plugin.models.unsaved import Unsaved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.plugin.models.runs import Run
    from napari_stentrans.section import Section

RESULT_ROLES = ("after", "uncertainty", "provenance", "difference")
OUTLINE = 3
"""Width of the outline of lost regions once they are filled, in raster pixels; at most."""
CELLS_PER_OUTLINE = 250
"""Raster pixels along a map for each of that width: a wide one would hide a spot of a small map."""


class SectionLayers(MapLayers):
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
    in_turns
        Make the tissue image in a later turn of the event loop, or when it is asked for.

    Attributes
    ----------
    viewer, section
        As given.
    enhancement
        The result that is shown, or None.
    quality
        How good that result is, where it was checked.
    annotation
        Named regions that were opened; None without any.
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
    visibility
        Out of sight, while another section is looked at.
    title
        Name of the section, with a number where another in the viewer has it.
    unsaved
        What was done since it was opened, or last saved.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        section: Section,
        look: FirstLook | None = None,
        layers: Mapping[str, Layer] | None = None,
        *,
        in_turns: bool = False,
    ) -> None:
        super().__init__(viewer, section)
        self.quality: Quality | None = None
        self.annotation: Annotation | None = None
        self.preview_of = ""
        self._last: tuple[Enhancement | None, Quality | None] = (None, None)
        self.probe = Probe(self)
        self._layers.taken.connect(self.probe.ask_here)
        self._layers.left.connect(self.probe.leave)
        self.unsaved = Unsaved(self)
        if layers is None:
            self._show_first(look or FirstLook.of(section), in_turns=in_turns)
            return
        tag = next(iter(layers.values())).metadata[TAG]
        self.gene, self._frame, self.origin = tag["gene"], tag["frame"], tag["origin"]
        self.maps = GeneMaps(section, self.gene, self._frame, self.runs)
        for role, layer in layers.items():
            self._layers.take(role, layer)
        self._note_limits()

    def annotate(self, annotation: Annotation) -> None:
        """Show named regions of the spots, which results and files take over from now on."""
        annotation.write(self.section)
        self.annotation = annotation
        self._layers.remove("regions")
        with self.visibility.back_for_a_moment():
            self._layers.put("regions", regions_layer(self.section, annotation, self._frame))

    def paint_regions(self, annotation: Annotation) -> None:
        """Paint named regions as lost, where nothing is painted yet, as one step."""
        layer = self._lost_layer()
        regions, labels = Regions(layer), np.array(layer.data)
        known = {name: label for label, name in regions.names.items()}
        for name in annotation.names:
            label = known[name] if name in known else regions.add(name)
            cells = self.section.raster.paint(annotation.spots(name))
            labels[cells & (labels == 0)] = label
        self.relabel(labels)

    def propose(self, cells: ArrayLike | None) -> None:
        """Show places (bool, row and column) that may be lost, over all else; None ends it."""
        if cells is not None:
            layer_data = proposal_layer(self.section, cells, self._frame)
            if self.proposal is not None:
                self.proposal.data = layer_data[0]
                return
            self.views.end()
            self._layers.put("proposal", layer_data)
        else:
            self._layers.remove("proposal")

    def show_enhancement(self, enhancement: Enhancement, *, in_turns: bool = False) -> None:
        """Show a result of this section, in the layers of the last one where they are left.

        ``in_turns`` makes layers that are hidden at first in later turns of the event loop, or
        when they are asked for, so that the window answers meanwhile.
        """
        self.quality, self.preview_of, self._last = None, "", (None, None)
        self._show(enhancement)
        if not in_turns:
            self._deferred.finish()

    def show_preview(
        self, enhancement: Enhancement, preview_of: str, *, in_turns: bool = False
    ) -> None:
        """Show a first result until the one of the method ``preview_of`` comes."""
        last = (self.enhancement, self.quality)
        self.show_enhancement(enhancement, in_turns=in_turns)
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

    def show_run(self, run: Run, *, in_turns: bool = False) -> None:
        """Show the result of a run that is kept."""
        self.show_enhancement(run.enhancement, in_turns=in_turns)
        self.quality = run.quality

    def delete_run(self, run: Run) -> None:
        """Let go of a run; where it is shown, the one next to it in the list takes its place.

        Where the one shown would be compared with it, the measured map is.
        """
        left, result = self.runs.remove(run), run.enhancement
        if self._last[0] is result:
            self._last = (None, None) if left is None else (left.enhancement, left.quality)
        if self.enhancement is not result:
            return
        if left is None:
            self._clear_enhancement()
        else:
            self.show_run(left)

    def restore_run(self, run: Run, at: int, against: Enhancement | None = None) -> None:
        """Take back a run that was let go of, at its place in the list, and show it.

        It is compared again with what it was, where that is still there.
        """
        self.runs.insert(at, run)
        self.show_run(run)
        if self.runs.of(against) is not None:
            self.compare_with(against)

    def bring_back(self) -> None:
        """Make the enhanced map again where a person deleted it; what is shown stays."""
        if self.enhancement is not None and not self.has("after"):
            self._show(self.enhancement)

    def _clear_enhancement(self) -> None:
        """Take the result away, as if there had been none."""
        with self.visibility.back_for_a_moment():
            self._clear_maps()

    def _clear_maps(self) -> None:
        self.compare_with(None)
        self.views.end()
        self.set_difference(on=False)
        self.enhancement, self.quality, self.preview_of, self._last = None, None, "", (None, None)
        self._layers.remove(*RESULT_ROLES)
        if self.before is not None:
            self.before.visible = True
        if self.lost is not None:
            self.lost.contour = 0
        self.drawn.emit()

    def _show(self, enhancement: Enhancement) -> None:
        with self.visibility.back_for_a_moment():
            self._show_maps(enhancement)

    def _show_maps(self, enhancement: Enhancement) -> None:
        self._watch()
        if self.told is not None:  # it would hide the result
            self.told.visible = False
            self._deferred.add("told", partial(self.show_told, None))
        if enhancement is self.maps.against:  # the two change places
            last = self.runs.of(self.enhancement)
            self.maps.against = None if last is None else last.enhancement
        first = self.after is None
        if first:
            self.views.end()
        self.enhancement = enhancement
        result = self.maps.result(enhancement)
        std_known = result is not None and bool(np.isfinite(result.std).any())
        if not std_known:
            self._deferred.drop("uncertainty")
            self._layers.remove("uncertainty")
        for role in GENE_ROLES:
            if role in {"before", "after", *self._layers}:
                of_result = role not in TWIN  # the values as measured give those of the twins
                data = self.maps.layer(role, enhancement)
                self._layers.put(role, data, new_limits=of_result)
        self._note_limits()
        for role in ("uncertainty",) * std_known + ("provenance",):
            if role in self._layers:
                self._add_hidden(role)
            else:
                self._deferred.add(role, partial(self._add_hidden, role))
        if first:
            self.before.visible = False  # its rim would show around a finer map
        if self.lost is not None:
            cells = max(self.section.raster.shape)  # so that what was filled is seen
            self.lost.contour = min(1 + cells // CELLS_PER_OUTLINE, OUTLINE)
        self.views.call(self.maps.sides(enhancement))
        self.drawn.emit()

    def show_told(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show what the tissue image tells (row, column, 4); None takes it away."""
        self._deferred.drop("told")
        if pixels is not None:
            self._layers.put("told", told_layer(self.section, pixels, self._frame))
        else:
            self._layers.remove("told")

    def reframe(self, frame: Frame) -> None:
        """Show all layers in other world coordinates."""
        self.views.end()
        self._deferred.finish()
        ratio = frame.per_px / self._frame.per_px
        self._frame = self.maps.frame = frame
        for layer in (*self.present, *drawn_on(self.viewer, self)):
            rescale(layer, ratio, frame.unit)

    def remove(self) -> None:
        """Take all layers of the section out of the viewer, for good."""
        self.removed = True
        self.views.end()
        self._deferred.drop(*ORDER, None)
        self._layers.remove(*self._layers)

    def _show_first(self, look: FirstLook, *, in_turns: bool) -> None:
        self.gene, self.origin = look.gene, look.origin
        self._frame = Frame.of(self.section, self.viewer.layers)
        make_way(self.viewer, self._frame)
        self.maps = GeneMaps(self.section, self.gene, self._frame, self.runs)
        *image, before = look.layer_data(self._frame)
        self._layers.put("before", before)
        self.viewer.layers.selection.active = self._layers["before"]
        self._note_limits()
        for data in image:
            self._deferred.add("image", partial(self._layers.put, "image", data))
        if not in_turns:
            self._deferred.finish()

    def _add_hidden(self, role: str) -> None:
        """Show of the result what is not seen at first."""
        if self.enhancement is None:
            return
        if role == "provenance":
            self._layers.put(role, provenance_layer(self.enhancement, self._frame))
        else:
            self._layers.put(role, self.maps.layer(role, self.enhancement))
            self._note_limits()


def adopt(viewer: ViewerModel) -> SectionLayers | None:
    """Turn layers that a reader made into SectionLayers; the last ones made, None without any."""
    viewer = unwrapped(viewer)
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
