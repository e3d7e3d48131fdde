"""The published way of scoring: on the very map that the network was trained on.

For readers who want to relate to the paper's figures; it says little about spots that nobody
has measured. The network is trained to get from every other row and column to the whole
section, and scored by how well it does just that: correlation of raw counts over all spots.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from candidates import choose

from napari_stentrans.methods.interpolation import Linear
from napari_stentrans.methods.packing import PackedSpots
from napari_stentrans.methods.published import Published
from napari_stentrans.progress import drain

if TYPE_CHECKING:
    from types import ModuleType

    from napari_stentrans import EnhanceConfig, Section

TRAINED_ON_IT = "published, trained on the map it is scored on"


def rows(
    score: ModuleType, truth: Any, section: Section, epochs: int | None
) -> list[dict[str, Any]]:
    """The network, trained on the map that it is scored on, beside linear interpolation."""
    seen = score.upsample_observed(truth)
    config = choose(["published"], section.lattice, epochs)["published"]
    svg, made = score.spatially_variable(truth), []
    for label, predict in ((TRAINED_ON_IT, _trained_on_it), ("linear", _linear)):
        start = time.perf_counter()
        r = score.pearson(predict(truth, section, seen, config), truth.counts)
        made.append(
            {
                "section": truth.name,
                "hold_out": "published-way",
                "method": label,
                "pcc_svg_median": float(np.median(r[svg])),
                "pcc_median": float(np.median(r)),
                "pcc_mean": float(r.mean()),
                "seconds": time.perf_counter() - start,
            }
        )
    return made


def _trained_on_it(
    truth: Any, section: Section, seen: np.ndarray, config: EnhanceConfig
) -> np.ndarray:
    """Counts (spot, gene) from the seen spots, by a network trained on all of them."""
    method = Published(config, section.lattice)
    drain(method.fit(section.xy, truth.counts))
    assert method._fitted is not None
    coarse = PackedSpots.of(section.xy[seen], section.lattice)
    method._fitted = replace(method._fitted, spots=coarse, values=truth.counts[seen])
    return drain(method.predict(section.xy, slice(None))).mean


def _linear(truth: Any, section: Section, seen: np.ndarray, config: EnhanceConfig) -> np.ndarray:
    method = Linear(config, section.lattice)
    drain(method.fit(section.xy[seen], truth.counts[seen]))
    return drain(method.predict(section.xy, slice(None))).mean
