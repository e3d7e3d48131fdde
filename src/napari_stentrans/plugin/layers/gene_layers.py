"""GeneLayers: the layers that show a gene, before and after, and the ways to look at them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.plugin.compare.views import NAMES as BOTH
from napari_stentrans.plugin.layers.images import (
    gene_layer,
    overlay_layer,
    provenance_layer,
)
from napari_stentrans.plugin.layers.layer_store import GENE_ROLES, TWIN

if TYPE_CHECKING:
    from napari.layers import Image, Layer

    from napari_stentrans.plugin.compare.views import Views
    from napari_stentrans.plugin.layers.images import LayerData
    from napari_stentrans.plugin.layers.layer_store import LayerStore
    from napari_stentrans.plugin.models.maps import Limits
    from napari_stentrans.plugin.models.section_model import SectionModel, View

RESULT_ROLES = ("after", "uncertainty", "provenance", "difference")
OVER: tuple[View, ...] = ("difference", "provenance", "uncertainty")
"""Roles of layers that cover the maps, the topmost first."""
UNDER_DIFFERENCE = ("before", "after", "uncertainty", "provenance")

UNSEEN_MS = 100
"""How long the maps that are not seen wait for the one that is: until it is painted."""


class GeneLayers:
    """Draws the maps of a section, and brings them into view.

    A person may switch layers in napari's list too: what is seen then is told to the model, unless
    the section is ``away`` while another is looked at.
    """

    def __init__(self, store: LayerStore, model: SectionModel, views: Views) -> None:
        self._store, self.model, self.views = store, model, views
        self._given: dict[str, Limits] = {}
        self._hidden: list[Layer] | None = None
        self._busy = self.away = False
        views.changed.connect(self._on_views_changed)
        store.taken.connect(self._on_taken)
        store.left.connect(self._on_left)
        store.removed.connect(self._on_removed)

    # ---- maps

    def data(self, role: str) -> LayerData:
        model, frame = self.model, self._store.frame
        if role == "provenance" and model.enhancement is not None:
            return provenance_layer(model.enhancement, frame)
        shown = model.maps.of_layer(role, model.enhancement)
        tag = {"section": model.section, "gene": shown.genes, "called": shown.called}
        if shown.limits is None:
            return overlay_layer(role, shown.raster, shown.values, frame, tag)
        colours = model.maps.colormap
        return gene_layer(role, shown.raster, shown.values, frame, tag, shown.limits, colours)

    def take_in(self) -> None:
        """Remember what a person changed on the layers, before they show something else."""
        deferred = self._store.deferred
        if None in deferred:
            deferred.finish(*TWIN, None)
        for role in GENE_ROLES:
            layer = self._store.get(role)
            if layer is None or layer.rgb or role in deferred:
                continue
            if role in TWIN:
                self.model.maps.colormap = layer.colormap
            now = _limits_of(layer)
            if now != self._given.get(role, now):
                self.model.maps.set_limits(role, now)
                self._given[role] = now

    def note_limits(self) -> None:
        """Take the contrast of the layers as given, not as set by a person."""
        for role in GENE_ROLES:
            if role in self._store:
                self._given[role] = _limits_of(self._store[role])

    def recolour(self, colormap: str) -> None:
        for role in TWIN:
            if role in self._store:
                self._store[role].colormap = colormap

    def draw(self, role: str) -> None:
        """Give the layer of a role the values of the gene, where it is there."""
        if role in self._store:
            self._store.put(role, self.data(role), new_limits=True)
            self._given[role] = _limits_of(self._store[role])

    def redraw(self) -> None:
        store = self._store
        coloured = len(self.model.maps.names) > 1
        swapped = [role for role in TWIN if role in store and store[role].rgb != coloured]
        view = self.model.view
        held = view in ("side_by_side", "difference")  # which hold on to what they arrange
        if swapped and held:
            self.look("after")
        for role in GENE_ROLES:
            unseen = role in store and not store[role].visible
            if role in swapped:
                store.deferred.add(role, partial(self.draw, role))
            elif unseen and not self.views.shown:
                store.deferred.add(role, partial(self.draw, role), UNSEEN_MS)
            else:
                self.draw(role)
        if swapped:
            store.deferred.add(None, partial(self._on_swapped, view if held else None))
        else:
            self.model.drawn.emit()

    def _on_swapped(self, view: View | None) -> None:
        """Show maps of another kind in the view in which the last ones were."""
        if view is not None:
            self.look(view)
        self.model.drawn.emit()

    # ---- results

    def show_result(self) -> None:
        model, store = self.model, self._store
        first = store.layer("after") is None
        if first:
            self.views.end()
        result = model.maps.result(model.enhancement)
        std_known = result is not None and bool(np.isfinite(result.std).any())
        if not std_known:
            store.deferred.drop("uncertainty")
            store.remove("uncertainty")
        for role in GENE_ROLES:
            if role in {*TWIN, *store}:
                of_result = role not in TWIN  # the values as measured give those of the twins
                store.put(role, self.data(role), new_limits=of_result)
        self.note_limits()
        for role in ("uncertainty",) * std_known + ("provenance",):
            if role in store:
                self._put_hidden(role)
            else:
                store.deferred.add(role, partial(self._put_hidden, role))
        if first:
            store["before"].visible = False  # its rim would show around a finer map
        self.views.call(model.maps.sides(model.enhancement))

    def clear_result(self) -> None:
        self.look("before")
        self._store.remove(*RESULT_ROLES)
        if "before" in self._store:
            self._store["before"].visible = True
        self.redraw()

    def _put_hidden(self, role: str) -> None:
        """Show of the result what is not seen at first."""
        if self.model.enhancement is not None:
            self._store.put(role, self.data(role))
            self.note_limits()

    # ---- ways to look

    @property
    def seen(self) -> tuple[View, ...]:
        """Views that are seen now, the topmost first, whoever brought that about.

        They are several where a person has made several layers visible that cover the maps.
        """
        if self.views.shown:
            return (self.views.shown,)
        roles: tuple[View, ...] = (*OVER, "after", "before")
        seen = tuple(role for role in roles if role in self._store and self._store[role].visible)
        return tuple(role for role in seen if role in OVER) or seen[:1]

    def look(self, view: View) -> None:
        """Bring a view about, in place of the one before; what there is nothing for changes none.

        The difference hides other maps, which would be seen in its holes.
        """
        self._busy = True
        try:
            self.views.end()
            if view in BOTH:  # bring back themselves what they hide
                self.end_difference()
                self.views.show(view)
            else:
                self._leave()
                self._enter(view)
        finally:
            self._busy = False
        self.tell()

    def _leave(self) -> None:
        """Show the plain map."""
        store = self._store
        for role in OVER:
            layer = store.layer(role)
            if layer is not None:
                layer.visible = False
        before, after = store.layer("before"), store.layer("after")
        if after is not None:
            if before is not None and not after.visible:
                before.visible = False
            after.visible = True

    def _enter(self, view: View) -> None:
        store = self._store
        before, after = store.layer("before"), store.layer("after")
        if view == "difference" and self.model.enhancement is not None:
            self._show_difference()
        elif view == "before" and before is not None and after is not None:
            before.visible, after.visible = True, False
        elif view in OVER and view in store:
            store[view].visible = True

    def _show_difference(self) -> None:
        store = self._store
        if "difference" not in store:
            self.take_in()
            store.put("difference", self.data("difference"), new_limits=True)
            self.note_limits()
        store["difference"].visible = True
        self._hide_others()

    def end_difference(self) -> None:
        if "difference" in self._store:
            self._store["difference"].visible = False
            self._hide_others()

    def _hide_others(self) -> None:
        """Hide other maps while the difference is seen, or bring them back."""
        store = self._store
        shown = "difference" in store and store["difference"].visible
        if shown and self._hidden is None:
            maps = [store[role] for role in UNDER_DIFFERENCE if role in store]
            self._hidden = [layer for layer in maps if layer.visible]
            for layer in self._hidden:
                layer.visible = False
        elif not shown and self._hidden is not None:
            hidden, self._hidden = self._hidden, None
            for layer in hidden:
                layer.visible = True
            self.show_measured()

    def show_measured(self) -> None:
        """Let the canvas not be left empty where the enhanced map is not there.

        With nothing else to see some drivers also crash (vispy draws what is hidden).
        """
        before, difference = self._store.get("before"), self._store.get("difference")
        covered = difference is not None and difference.visible
        if self._store.get("after") is None and before is not None and not covered:
            before.visible = True

    # ---- what a person does in napari

    def tell(self) -> None:
        if not self._busy and not self.away:
            self.model.see(*self.seen)

    def _on_visible(self, event: Any = None) -> None:
        if not self.views.shown:
            self._hide_others()
        self.tell()

    def _on_views_changed(self) -> None:
        if not self.views.shown and self.model.enhancement is not None:
            self.show_measured()
        self.tell()

    def _on_taken(self, layer: Layer) -> None:
        if self._store.role_of(layer) in (*TWIN, *OVER):
            layer.events.visible.connect(self._on_visible)

    def _on_left(self, layer: Layer) -> None:
        layer.events.visible.disconnect(self._on_visible)

    def _on_removed(self, role: str) -> None:
        if role == "difference":
            self._hide_others()
        if role == "after" and self.model.enhancement is not None:
            self.show_measured()
            self.model.lacking.emit()
        if role in (*TWIN, *OVER):
            self.tell()


def _limits_of(layer: Image) -> Limits:
    low, high = layer.contrast_limits
    return float(low), float(high)
