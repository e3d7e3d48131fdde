"""Probe: what is known of the place under the cursor, in napari's status bar."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.errors import GeneNotFound
from napari_stentrans.targets import LABELS

if TYPE_CHECKING:
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement, GeneMap
    from napari_stentrans.plugin.layers import SectionLayers
    from napari_stentrans.raster import SpotRaster

MEANING = {
    "measured": "measured spot",
    "lost": "lost, filled",
    "unmeasured": "not measured, filled",
    "between": "between spots",
}


class Probe:
    """Answers for all layers of a section what napari asks one layer.

    napari asks in a thread of its own, so nothing here changes a layer, and what is remembered
    is replaced as a whole.
    """

    def __init__(self, layers: SectionLayers) -> None:
        self._layers = layers
        self._known: tuple[object, ...] = ()

    def ask_here(self, layer: Layer) -> None:
        """Let napari's status bar ask the probe when it asks this layer."""
        layer.get_status = partial(self._status, type(layer).get_status, layer)

    def leave(self, layer: Layer) -> None:
        """Let the layer answer for itself again."""
        vars(layer).pop("get_status", None)

    def at(self, world_yx: Any) -> tuple[str, str]:
        """Name and place of the site at a world position (y, x), and its values, in words.

        Both are empty where there is no site.
        """
        layers = self._layers
        section, result = layers.section, layers.enhancement
        xy = layers.frame.xy(np.asarray(world_yx, float)[-2:])
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
        return f"{names[at]} at x {x:,.0f}, y {y:,.0f} {unit}", self._values(site, spot, result)

    def _values(self, site: int, spot: int, result: Enhancement | None) -> str:
        gene = self._layers.gene
        measured, enhanced = self._maps(gene, result)
        parts = []
        if spot >= 0 and measured is not None:
            parts.append(f"measured {measured[spot]:.2f}")
        if site >= 0 and result is not None:
            if enhanced is not None:
                std = enhanced.std[site]
                sure = f" ± {std:.2f}" if np.isfinite(std) else ""
                parts.append(f"enhanced {enhanced.mean[site]:.2f}{sure}")
            parts.append(MEANING[LABELS[result.sites.provenance[site]]])
        return f"{gene}: {', '.join(parts)}" if parts else gene

    def _maps(
        self, gene: str, result: Enhancement | None
    ) -> tuple[NDArray[np.float32] | None, GeneMap | None]:
        """Values of the gene at all spots and all sites, taken once per gene and result."""
        known = self._known
        if not known or known[0] != gene or known[1] is not result:
            measured = enhanced = None
            try:
                measured = self._layers.section.gene_lognorm(gene)
                enhanced = None if result is None else result.gene(gene)
            except GeneNotFound:
                pass
            known = self._known = (gene, result, measured, enhanced)
        return known[2], known[3]  # type: ignore[return-value]

    def _status(self, original: Any, layer: Layer, position: Any = None, **how: Any) -> Any:
        """What ``layer.get_status`` returns, with the words of the probe."""
        status = original(layer, position, **how)
        if position is None or not how.get("world"):
            return status
        place, values = self.at(position)
        if place:
            if layer is self._layers.lost:  # the name of the region
                _, _, region = str(status.get("value", "")).partition("; ")
                values = f"{region}; {values}" if region.startswith("region") else values
            status |= {"coordinates": f"{place}: {values}", "coords": place, "value": values}
        return status


def _site_at(raster: SpotRaster, xy: NDArray[np.float64]) -> int:
    """Site whose pixel holds a position (x, y); -1 where there is none."""
    column, row = np.rint((xy - raster.origin) / raster.pixel).astype(int)
    rows, columns = raster.shape
    return int(raster.index[row, column]) if 0 <= row < rows and 0 <= column < columns else -1
