"""The methods, one module each, and the one table of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from napari_stentrans.methods.base import Choice, Method, Prediction, Values
from napari_stentrans.methods.interpolation import Cubic, Linear, Nearest
from napari_stentrans.methods.kriging import Kriging
from napari_stentrans.methods.published import Published
from napari_stentrans.methods.transformer import Transformer

if TYPE_CHECKING:
    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.lattice import Lattice

METHODS: dict[str, type[Choice]] = {
    method.name: method for method in (Transformer, Kriging, Published, Linear, Cubic, Nearest)
}


def make_method(config: EnhanceConfig, lattice: Lattice) -> Method:
    """Build the method that a config names, one that works on columns."""
    return cast("type[Method]", METHODS[config.method])(config, lattice)


__all__ = ["METHODS", "Choice", "Method", "Prediction", "Values", "make_method"]
