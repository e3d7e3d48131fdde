"""MapLayers: the maps of a section, of the genes that are chosen, and the views of them."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_stentrans.plugin.compare.views import OVER, Views
from napari_stentrans.plugin.layers.layer_store import GENE_ROLES, TWIN
from napari_stentrans.plugin.layers.lost_layers import LostLayers
from napari_stentrans.plugin.layers.visibility import Visibility
from napari_stentrans.plugin.models.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.layers.gene_maps import GeneMaps
    from napari_stentrans.plugin.models.maps import Doubt, Look
    from napari_stentrans.section import Section

UNDER_DIFFERENCE = ("before", "after", "uncertainty", "provenance")


class MapLayers(LostLayers):
    """A section in a viewer, the maps of whose genes are drawn and compared.

    Attributes
    ----------
    line
        Ends (2, 2) of the line of the profile, (x, y) in full-resolution pixels; None without one.
    line_layer
        The layer of that line, while it is shown.
    profiled
        Whether the line and its profile are shown.
    """

    drawn = Signal()
    """Another gene is shown, or the same in other colours."""
    compared = Signal()
    """A view of both maps or the difference was switched, or what is compared has changed."""
    lined = Signal()
    """The line of the profile is to be shown."""
    lacking = Signal()
    """The enhanced map was deleted, though there is a result."""

    gene: str
    maps: GeneMaps

    def __init__(self, viewer: ViewerModel, section: Section) -> None:
        super().__init__(viewer, section)
        self.enhancement: Enhancement | None = None
        self.runs = Runs()
        self.runs.changed.connect(self._on_runs_changed)
        self.views = Views(self)
        self.views.changed.connect(self._on_views_changed)
        self._layers.removed.connect(self._on_removed)
        self._hidden: list[Layer] | None = None
        self.line: NDArray[np.float64] | None = None
        self.line_layer: Layer | None = None
        self.profiled = False
        self.visibility = Visibility(self)

    def set_section(self, section: Section, pixels: Any) -> None:
        """Take the same section with other images; ``pixels`` of the first one, None without."""
        super().set_section(section, pixels)
        self.maps.section = section

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
        self._watch()
        self.maps.follow_values()
        self._redraw()

    @property
    def gene_is_enhanced(self) -> bool:
        """Whether there is a result that knows the gene that is shown."""
        return self.maps.result(self.enhancement) is not None

    @property
    def side_by_side(self) -> bool:
        """Whether the measured and the enhanced map are shown beside each other."""
        return self.views.shown == "side_by_side"

    def set_side_by_side(self, on: bool) -> None:
        """Show the measured and the enhanced map beside each other, or all layers as before.

        The difference is put away. Nothing happens where one of the two maps is not there.
        """
        self.set_view("side_by_side", on)

    @contextmanager
    def beside_anew(self) -> Iterator[None]:
        """Let layers come or go that lie over both maps, where those are beside each other."""
        beside = self.side_by_side
        self.set_side_by_side(on=False)
        yield
        self.set_side_by_side(on=beside)

    def set_view(self, name: str, on: bool) -> None:
        """Begin or end a view of both maps: "side_by_side", "swipe" or "blink".

        The view before it ends. Nothing happens where one of the two maps is not there.
        """
        if on and self.views.shown != name:
            self.views.show(name)
        elif not on and self.views.shown == name:
            self.views.end()

    def compare_with(self, result: Enhancement | None) -> None:
        """Compare the result that is shown with another from now on; None: with what was measured.

        The layer before shows it instead of the measured map, so that every view goes on with it.
        """
        if result is not self.maps.against:
            self._watch()
            self.maps.against = result
            self._draw_sides()

    def doubt(self, whose: Doubt) -> None:
        """Let the map of uncertainty be that of the estimate, or of a new measurement."""
        self._watch()
        self.maps.doubt = whose
        self._draw("uncertainty")
        self.drawn.emit()

    def choose_view(self, name: str) -> None:
        """Show one view and no other: one of both maps, or one of ``OVER``; the map where empty."""
        self.views.end()
        self.set_difference(on=False)
        for role in OVER:
            if role in self._layers:
                self._layers[role].visible = False
        if self.after is not None:
            self.after.visible = True
        if name == "difference":
            self.set_difference(on=True)
        elif name in OVER and name in self._layers:
            self._layers[name].visible = True
        elif name:
            self.set_view(name, on=True)

    def show_line(self, line: NDArray[np.float64]) -> None:
        """Show the profile along a line, ends (2, 2) in full-resolution pixels (x, y), soon."""
        self.line, self.profiled = line, True
        self._deferred.add("line", self.lined.emit)

    @property
    def difference_shown(self) -> bool:
        """Whether the map of enhanced minus measured is shown."""
        return self.difference is not None and self.difference.visible

    def set_difference(self, on: bool) -> None:
        """Show the result minus what it is compared with alone, or the other maps as before.

        Other views end. Nothing happens where there is no result.
        """
        if on and self.enhancement is not None:
            self.views.end()
            if self.difference is None:
                self._watch()
                data = self.maps.layer("difference", self.enhancement)
                self._layers.put("difference", data, new_limits=True)
                self._note_limits()
                self._layers["difference"].events.visible.connect(self._on_difference)
                self._on_difference()
        if self.difference is not None:
            self.difference.visible = on

    def _on_runs_changed(self) -> None:
        """Go on with the measured map where the run compared with is gone; follow new names."""
        against = self.maps.against
        if against is not None and self.runs.of(against) is None:
            self.compare_with(None)
        elif against is not None:
            self._watch()
            self._draw_sides()

    def _draw_sides(self) -> None:
        """Draw both maps that are compared, and what depends on them, and call them by name."""
        self._redraw()
        self.views.call(self.maps.sides(self.enhancement))
        self.compared.emit()

    def _redraw(self) -> None:
        """Give the layers that show a gene their values anew."""
        coloured = len(self.maps.names) > 1
        swapped = [role for role in TWIN if self._layers.swaps(role, coloured=coloured)]
        beside, difference = self.side_by_side, self.difference_shown
        if swapped:  # both hold on to the layers that they arrange
            self.set_side_by_side(on=False)
            self.set_difference(on=False)
        for role in GENE_ROLES:
            if role in swapped or self._waits(role):
                self._deferred.add(role, partial(self._draw, role))
            else:
                self._draw(role)
        if swapped:
            self._deferred.add(None, partial(self._on_swapped, beside, difference))
        else:
            self.drawn.emit()

    def _waits(self, role: str) -> bool:
        """Whether a layer is out of sight and linked with none, so that it can be drawn later."""
        layer = self.now(role)
        return layer is not None and role not in TWIN and not layer.visible

    def _draw(self, role: str) -> None:
        """Give the layer of a role the values of the gene, where it is there."""
        if role in self._layers:
            self._layers.put(role, self.maps.layer(role, self.enhancement), new_limits=True)
            self.maps.given(role, self._layers[role])

    def _on_swapped(self, beside: bool, difference: bool) -> None:
        """Show maps of another kind in the view in which the last ones were."""
        if beside:
            self.set_side_by_side(on=True)
        if difference:
            self.set_difference(on=True)
        self.drawn.emit()

    def _note_limits(self) -> None:
        for role in GENE_ROLES:
            if role in self._layers:
                self.maps.given(role, self._layers[role])

    def _watch(self) -> None:
        """Remember what a person changed on the layers that show a gene."""
        self._deferred.finish(*TWIN, None)
        for role in GENE_ROLES:
            if role in self._layers:
                self.maps.watch(role, self._layers[role])

    def _on_removed(self, role: str) -> None:
        if role == "difference":
            self._on_difference()
        if role == "after" and self.maps.against is not None:
            self.maps.against = None
            self._deferred.add("before", self._draw_sides)  # not while a layer is removed
        if role == "after" and self.enhancement is not None:
            self._show_measured()
            self.lacking.emit()

    def _show_measured(self) -> None:
        """Let the canvas not be left empty where the enhanced map is not there.

        With nothing else to see some drivers also crash (vispy draws what is hidden).
        """
        lacks = self.enhancement is not None and self.after is None
        if lacks and self.before is not None and not self.difference_shown:
            self.before.visible = True

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
            self._show_measured()
        self.compared.emit()

    def _on_views_changed(self) -> None:
        if not self.views.shown:
            self._show_measured()
        self.compared.emit()
