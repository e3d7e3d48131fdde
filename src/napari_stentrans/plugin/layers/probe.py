"""Probe: what is known of the place under the cursor, in napari's status bar."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.plugin.models.maps import enhanced, measured, new_measurement
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.targets import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement, GeneMap
    from napari_stentrans.plugin.layers.layer_store import LayerStore
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.raster import SpotRaster

    Ends = tuple[NDArray[np.float32], NDArray[np.float32]]
    Shown = tuple[str, NDArray[np.float32], GeneMap | None, GeneMap | None, Ends | None]

MEANING = {
    "measured": "measured spot",
    "lost": "lost, filled",
    "unmeasured": "not measured, filled",
    "between": "between spots",
}
SITES = {"unmeasured": "unmeasured site"}
"""What sites are called that are no spots; others just so."""
NO_NAME = "; [No Properties]"
"""What napari says of the places of a Labels layer that have no label."""


class Probe:
    """Answers for all layers of a section what napari asks one layer.

    napari asks in a thread of its own, so nothing here changes a layer, and what is remembered
    is replaced as a whole.
    """

    def __init__(self, store: LayerStore, model: SectionModel) -> None:
        self._store, self._model = store, model
        self._known: tuple[object, object, object, Sequence[Shown]] | None = None

    def ask_here(self, layer: Layer) -> None:
        layer.get_status = partial(self._status, type(layer).get_status, layer)

    def leave(self, layer: Layer) -> None:
        vars(layer).pop("get_status", None)

    def at(self, world_yx: Any) -> tuple[str, str]:
        """Name and place of the site at a world position (y, x), and its values; or "" and ""."""
        section, result = self._model.section, self._model.enhancement
        xy = self._store.frame.xy(np.asarray(world_yx, float)[-2:])
        site = -1 if result is None else _site_at(result.raster, xy)
        spot = site if 0 <= site < section.n_spots else _site_at(section.raster, xy)
        if site < 0 and spot < 0:
            return "", ""
        names, positions = section.adata.obs_names, section.xy
        if site >= 0 and result is not None:
            names, positions = result.sites.names, result.sites.xy
        at = site if site >= 0 else spot
        scale, unit = (section.um_per_px, "µm") if section.um_per_px else (1.0, "px")
        x, y = positions[at] * scale
        # A site between two spots lies in the cell of neither.
        spot = spot if at == spot or site < 0 else -1
        what = names[at]
        if result is not None and site >= section.n_spots:  # its name is for files
            what = SITES.get(LABELS[result.sites.provenance[site]], "site")
        return f"{what} at x {x:,.0f}, y {y:,.0f} {unit}", (
            self._values(site, spot, result) + self._named(xy)
        )

    def _named(self, xy: NDArray[np.float64]) -> str:
        annotation, spot = self._model.annotation, _site_at(self._model.section.raster, xy)
        if annotation is None or spot < 0 or annotation.codes[spot] < 0:
            return ""
        return f"; named region: {annotation.names[annotation.codes[spot]]}"

    def _values(self, site: int, spot: int, result: Enhancement | None) -> str:
        """Values of all genes that are drawn, then what kind of place it is."""
        maps = self._model.maps
        against = maps.against
        left, right = map(short, maps.sides(result))
        place = -1 if against is None else _same_place(result, against, site)
        said = []
        for name, before, partner, after, ends in self._maps(result, against):
            parts = [f"measured {before[spot]:.2f}"] * (spot >= 0)
            parts += _estimate(left, partner, place) + _estimate(right, after, site, ends)
            said.append(f"{name}: {', '.join(parts)}" if parts else name)
        kind = ""
        if site >= 0 and result is not None:
            kind = f", {MEANING[LABELS[result.sites.provenance[site]]]}{_borrowed(result, site)}"
        return "; ".join(said) + kind

    def _maps(self, result: Enhancement | None, against: Enhancement | None) -> Sequence[Shown]:
        """Name and values of each map that is drawn, taken once per choice of maps and results."""
        maps = self._model.maps
        names, scale = maps.names, maps.look.scale
        known = self._known
        if known is None or known[0] != (names, scale) or known[1:3] != (result, against):
            section = self._model.section
            shown = [
                (
                    maps.label(name),
                    measured(section, name, scale),
                    None if against is None else enhanced(against, name, scale),
                    None if result is None else enhanced(result, name, scale),
                    None if result is None else new_measurement(result, name, scale),
                )
                for name in names
            ]
            known = self._known = ((names, scale), result, against, shown)
        return known[3]

    def _status(self, original: Any, layer: Layer, position: Any = None, **how: Any) -> Any:
        status = original(layer, position, **how)
        for name in ("coordinates", "value"):
            status[name] = str(status.get(name, "")).replace(NO_NAME, "")
        if position is None or not how.get("world"):
            return status
        place, values = self.at(position)
        if place:
            if layer is self._store.get("lost") and "region: " in status["value"]:
                values += f"; {status['value'].rpartition('; ')[2]}"
            status |= {"coordinates": f"{values} · {place}", "coords": place, "value": values}
        return status


def _estimate(called: str, of: GeneMap | None, site: int, ends: Ends | None = None) -> list[str]:
    """Say the value of a map at a site, where it has one, and where a new measurement would lie."""
    if of is None or site < 0:
        return []
    std = of.std[site]
    sure = f" ± {std:.2f}" if np.isfinite(std) else ""
    if ends is not None and np.isfinite(ends[0][site]):
        sure += f" (new measurement {ends[0][site]:.2f} to {ends[1][site]:.2f})"
    return [f"{called} {of.mean[site]:.2f}{sure}"]


def _borrowed(result: Enhancement, site: int) -> str:
    """Say which share of what is known of a site neighbouring sections add; "" where none do."""
    share = 0.0 if result.borrowed is None else float(result.borrowed[site])
    if not share >= 0.005:  # less would be said as 0%
        return ""
    given = result.record.neighbours
    whom = given[0].name if len(given) == 1 else "neighbouring sections"
    return f", borrowed from {whom}: {share:.0%}"


def _same_place(result: Enhancement | None, other: Enhancement, site: int) -> int:
    """Site of another result at the very place of a site; -1 where it has none there."""
    if result is None or site < 0:
        return -1
    xy = result.sites.xy[site]
    found = site if site < result.sites.n_spots else _site_at(other.raster, xy)
    return found if found >= 0 and np.allclose(other.sites.xy[found], xy) else -1


def _site_at(raster: SpotRaster, xy: NDArray[np.float64]) -> int:
    """Site whose pixel holds a position (x, y); -1 where there is none."""
    column, row = np.rint((xy - raster.origin) / raster.pixel).astype(int)
    rows, columns = raster.shape
    return int(raster.index[row, column]) if 0 <= row < rows and 0 <= column < columns else -1
