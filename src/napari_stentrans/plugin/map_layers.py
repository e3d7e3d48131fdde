"""MapLayers: the maps of a section, of the genes that are chosen, and the views of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_stentrans.plugin.aside import Aside
from napari_stentrans.plugin.lost_layers import LostLayers
from napari_stentrans.plugin.roles import GENE_ROLES, MAPS
from napari_stentrans.plugin.runs import Runs
from napari_stentrans.plugin.views import OVER, Views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.gene_maps import GeneMaps
    from napari_stentrans.plugin.maps import Look
    from napari_stentrans.section import Section

UNDER_DIFFERENCE = (*MAPS, "uncertainty", "provenance")


class MapLayers(LostLayers):
    """A section in a viewer, the maps of whose genes are drawn and compared."""

    drawn = Signal()
    """Another gene is shown, or the same in other colours."""
    compared = Signal()
    """A view of both maps or the difference was switched, or what is compared has changed."""
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
        self.aside = Aside(self)

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
        for role in MAPS:
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

    def set_view(self, name: str, on: bool) -> None:
        """Begin or end a view of both maps: "side_by_side", "swipe" or "blink".

        The view before it ends. Nothing happens where one of the two maps is not there.
        """
        if on and self.views.shown != name:
            self.views.show(name)
        elif not on and self.views.shown == name:
            self.views.end()

    def choose_view(self, name: str) -> None:
        """Show one view and no other: one of both maps, or one of ``OVER``; the map where empty."""
        self._end_view()
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

    @property
    def other(self) -> Layer | None:
        """Map that the enhanced one is compared with: as measured, or of another run."""
        return self.before if self.maps.against is None else self.partner

    def compare_with(self, result: Enhancement | None) -> None:
        """Compare the result that is shown with another from now on; None: with the measured map.

        A view of both goes on with it. The map of another result has a layer of its own, which
        is hidden while no view shows it.
        """
        last = self.maps.against
        if result is last:
            return
        self._watch()
        view = self._end_view() if last is None or result is None else ""  # it is of other layers
        self.maps.against = result
        if last is None or result is None:
            self._turns.add("parting" if result is None else "partner", self._fit_partner)
        else:
            self._draw("partner")
        self._call_sides()
        self._turns.add("difference", self._draw_difference)
        if view:
            self._turns.add(None, partial(self._show_again, view))
        self.compared.emit()

    def _end_view(self) -> str:
        """Show the maps as before; returns the name of the view of both that was there."""
        view = self.views.shown or ("difference" if self.difference_shown else "")
        self.views.end()
        self.set_difference(on=False)
        return view

    def _show_again(self, view: str) -> None:
        if view == "difference":
            self.set_difference(on=True)
        elif view:
            self.set_view(view, on=True)

    def _fit_partner(self) -> None:
        """Make the layer of the run that is compared with, or take it away where there is none."""
        if self.maps.against is None or self.enhancement is None:
            self._layers.remove("partner")
        else:
            self._layers.put("partner", self.maps.layer("partner", self.enhancement))
            self._note_limits()

    def _draw_difference(self) -> None:
        self._draw("difference")
        if self.difference_shown:
            self.compared.emit()

    def _call_sides(self) -> None:
        """Let the layers of both sides be called by what they show."""
        for role in ("partner", "after"):
            if role in self._layers:
                _, options, _ = self.maps.layer(role, self.enhancement)
                self._layers.rename(role, options)
        self.views.call(self.maps.sides(self.enhancement))

    def _on_runs_changed(self) -> None:
        """Compare with the measured map where the run is gone, and follow the names of runs."""
        against = self.maps.against
        if against is None:
            return
        if self.runs.of(against) is None:
            self._end_view()
            self.compare_with(None)
        else:
            self._call_sides()
            self.compared.emit()

    def _redraw(self) -> None:
        """Give the layers that show a gene their values anew."""
        coloured = len(self.maps.names) > 1
        swapped = [role for role in MAPS if self._layers.swaps(role, coloured=coloured)]
        view = self._end_view() if swapped else ""  # it holds on to the layers that it arranges
        for role in GENE_ROLES:
            if role in swapped or self._waits(role):
                self._turns.add(role, partial(self._draw, role))
            else:
                self._draw(role)
        if swapped:
            self._turns.add(None, partial(self._on_swapped, view))
        else:
            self.drawn.emit()

    def _waits(self, role: str) -> bool:
        """Whether a layer is out of sight and linked with none, so that it can be drawn later."""
        layer = self.now(role)
        return layer is not None and role not in MAPS and not layer.visible

    def _parting(self, role: str) -> bool:
        """Whether a layer is about to be taken away; OpenGL may break down where it is changed."""
        return role == "partner" and self.maps.against is None

    def _draw(self, role: str) -> None:
        """Give the layer of a role the values of the gene, where it is there."""
        if role in self._layers and not self._parting(role):
            self._layers.put(role, self.maps.layer(role, self.enhancement), new_limits=True)
            self.maps.given(role, self._layers[role])

    def _on_swapped(self, view: str) -> None:
        """Show maps of another kind in the view in which the last ones were."""
        self._show_again(view)
        self.drawn.emit()

    def _note_limits(self) -> None:
        for role in GENE_ROLES:
            if role in self._layers:
                self.maps.given(role, self._layers[role])

    def _watch(self) -> None:
        """Remember what a person changed on the layers that show a gene."""
        self._turns.finish(*MAPS, None)
        for role in GENE_ROLES:
            if role in self._layers:
                self.maps.watch(role, self._layers[role])

    def _on_removed(self, role: str) -> None:
        if role == "difference":
            self._on_difference()
        if role == "partner" and self.maps.against is not None:  # deleted by a person
            self.maps.against = None
            self._turns.add("sides", self._call_sides)
            self._turns.add("difference", self._draw_difference)
            self.compared.emit()
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
