"""Result: what a run did, ways to look at it, and saving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QPushButton

from napari_stentrans.export.colours import EXTRAPOLATED_COLOUR, PROVENANCE_COLOURS
from napari_stentrans.plugin.panel import Panel, button, words
from napari_stentrans.plugin.profile_panel import ProfilePanel
from napari_stentrans.plugin.run_list import RunList
from napari_stentrans.plugin.shortcuts import SHORTCUTS, with_keys
from napari_stentrans.plugin.swipe_handle import SwipeHandle
from napari_stentrans.plugin.views import NAMES as VIEWS_OF_BOTH
from napari_stentrans.targets import TRUSTED_REACH

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.keys import Keys
    from napari_stentrans.plugin.layers import SectionLayers

MEANING = {
    "measured": "measured",
    "lost": "lost, filled",
    "unmeasured": "not measured, filled",
    "between": "between spots",
}
VIEWS = {
    "side_by_side": ("Side by side", "Measured and enhanced map beside each other"),
    "swipe": ("Swipe", "Measured on the left, enhanced on the right of a handle that you drag"),
    "blink": (
        "Blink",
        "Change between the measured and the enhanced map twice a second. "
        "Or hold H to see the other map.",
    ),
    "difference": ("Difference", "Enhanced minus measured: red is more, blue is less"),
    "uncertainty": ("Uncertainty", "How sure each value is: its standard deviation"),
    "provenance": ("Provenance", "Where each value comes from, in the colours below"),
    "profile": ("Profile…", "Draw a line over the tissue and see the gene along it"),
}


class ResultPanel(Panel):
    """Words, views and the save button of the last result of a section."""

    saveWanted = Signal()

    def __init__(self) -> None:
        super().__init__("Result")
        self._layers: SectionLayers | None = None
        self.runs = RunList()
        self.rows.addWidget(self.runs)
        self.words = words("what was done")
        self.rows.addWidget(self.words)
        grid = QGridLayout()
        grid.setSpacing(6)
        self.views: dict[str, QPushButton] = {}
        for i, (view, (name, tip)) in enumerate(VIEWS.items()):
            made = button(name, f"{tip} ({SHORTCUTS[f'compare.{view}'][0]})")
            made.setCheckable(True)
            made.clicked.connect(lambda on, view=view: self._show(view, on))
            alone = i % 2 == 0 and i == len(VIEWS) - 1
            grid.addWidget(made, i // 2, i % 2, 1, 1 + alone)
            self.views[view] = made
        self.rows.addLayout(grid)
        self.handle = SwipeHandle()
        self.rows.addWidget(self.handle)
        self.profile = ProfilePanel()
        self.legend = words("where values come from")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.rows.addWidget(self.legend)
        self.save = button(
            "Save…",
            with_keys(
                "Write the result for analysis, as images, table or figure; or the lost regions",
                "save.anything",
            ),
            self.saveWanted.emit,
        )
        self.rows.addWidget(self.save)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Show the result of this section from now on."""
        if self._layers is not None:
            self._layers.compared.disconnect(self.refresh, missing_ok=True)
        self._layers = layers
        self.profile.set_layers(layers)
        if layers is not None:
            layers.compared.connect(self.refresh)
        self.runs.set_layers(layers)
        self.refresh()

    def bind(self, keys: Keys) -> None:
        """Let the views be switched by keys too."""
        for view, made in self.views.items():
            keys.on(f"compare.{view}", made.click)
        keys.while_held("compare.hold", self._hold, self._release)

    def refresh(self) -> None:
        """Show what there is of the result."""
        if not isalive(self):
            return  # the window was closed in the middle of a view
        result = None if self._layers is None else self._layers.enhancement
        self.setVisible(result is not None)
        self.handle.set_swipe(None if self._layers is None else self._layers.views.swipe)
        self.runs.refresh()
        if result is None or self._layers is None:
            return
        missing = (
            ""
            if self._layers.gene_is_enhanced
            else (f" {self._layers.gene} was not part of this run: run again to enhance it.")
        )
        waiting = self._layers.preview_of
        said = f"Preview by kriging; {waiting} is at work …" if waiting else describe(result)
        self.words.setText(said + missing)
        self.legend.setText(legend(result))
        self._watch(self._layers)

    def _watch(self, layers: SectionLayers) -> None:
        """Let the buttons follow the layers, which a person may also switch in napari."""
        both = layers.has("after") and layers.has("before")
        there = {
            **dict.fromkeys(VIEWS_OF_BOTH, both),
            "difference": True,
            "profile": True,
            "uncertainty": layers.has("uncertainty"),
            "provenance": layers.has("provenance"),
        }
        on = {view: layers.views.shown == view for view in VIEWS_OF_BOTH}
        on["profile"] = self.profile.on
        for view in ("difference", "uncertainty", "provenance"):
            layer = layers.now(view)
            on[view] = layer is not None and layer.visible
            if layer is not None:
                layer.events.visible.connect(self._on_visible)
        for view, made in self.views.items():
            made.setEnabled(there[view])
            made.setChecked(on[view])

    def _on_visible(self, event: object = None) -> None:
        if self._layers is None:
            return
        for view in ("difference", "uncertainty", "provenance"):
            layer = self._layers.now(view)
            self.views[view].setChecked(layer is not None and layer.visible)

    def _hold(self) -> None:
        if self._layers is not None:
            self._layers.views.hold()

    def _release(self) -> None:
        if self._layers is not None:
            self._layers.views.release()

    def _show(self, view: str, on: bool) -> None:
        """Switch a view on or off."""
        if self._layers is None:
            return
        if view in VIEWS_OF_BOTH:
            self._layers.set_view(view, on)
        elif view == "profile":
            self.profile.set_on(on)
        elif view == "difference":
            self._layers.set_difference(on)
        else:
            layer = getattr(self._layers, view)
            if layer is not None:
                layer.visible = on
        self.refresh()


def describe(result: Enhancement) -> str:
    """Say what a run did, in a sentence or two."""
    config, counts = result.record.config, result.sites.counts()
    done = []
    filled = counts["lost"] + counts["unmeasured"]
    if filled:
        done.append(f"filled {filled:,} sites")
    if counts["between"]:
        done.append(f"added {counts['between']:,} sites between the spots")
    if config.denoise:
        done.append("denoised the measured spots")
    what = ", ".join(done) or "changed nothing"
    genes = f"{len(result.genes):,} genes" if len(result.genes) != 1 else str(result.genes[0])
    return (
        f"{config.method.capitalize()} {what}: {genes} at {len(result.sites):,} sites "
        f"in {result.record.seconds:.1f} s.{trusted(result.record.findings)}"
        f"{extrapolated(result)} {result.record.image_in_words}"
    ).rstrip()


def trusted(findings: dict[str, float]) -> str:
    """Say how far the network was trusted; nothing where it was in full, or took no part."""
    trust = findings.get("network_trust", 1)
    if trust > 0.95:
        return ""
    if trust < 0.05:
        return " On hidden spots plain kriging did about as well: the network was left out."
    return f" Hidden spots say how far to follow the network: its correction counts by {trust:.0%}."


def extrapolated(result: Enhancement) -> str:
    """Warn of sites that are too far from what was measured; nothing where there are none."""
    n = int(result.extrapolated.sum())
    if not n:
        return ""
    return (
        f" {n:,} sites lie more than {TRUSTED_REACH:g} spots from any measured one: their values "
        "are extrapolated, do not trust them."
    )


def legend(result: Enhancement) -> str:
    """Where values come from, as rich text: a coloured square, words and a number each."""
    rows = [
        (PROVENANCE_COLOURS[label], MEANING[label], n) for label, n in result.sites.counts().items()
    ]
    rows.append((EXTRAPOLATED_COLOUR, "of these extrapolated", int(result.extrapolated.sum())))
    return "&nbsp;&nbsp; ".join(
        f'<span style="color:{colour}">■</span>&nbsp;{text.replace(" ", "&nbsp;")}&nbsp;{n:,}'
        for colour, text, n in rows
        if n
    )
