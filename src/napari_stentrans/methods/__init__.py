"""The methods, one module each, and the one table of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.methods.base import Choice, Method, Prediction, Values
from napari_stentrans.methods.interpolation import Cubic, Linear, Nearest
from napari_stentrans.methods.kriging import Kriging
from napari_stentrans.methods.published import Published
from napari_stentrans.methods.transformer import Transformer

if TYPE_CHECKING:
    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.lattice import Lattice

COLUMN_METHODS: dict[str, type[Method]] = {
    method.name: method for method in (Kriging, Published, Linear, Cubic, Nearest)
}
METHODS: dict[str, type[Choice]] = {Transformer.name: Transformer, **COLUMN_METHODS}


def make_method(config: EnhanceConfig, lattice: Lattice) -> Method:
    """Build the method that a config names, one that works on columns."""
    return COLUMN_METHODS[config.method](config, lattice)


__all__ = ["COLUMN_METHODS", "METHODS", "Choice", "Method", "Prediction", "Values", "make_method"]
