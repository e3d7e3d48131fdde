"""What a SpatialData store (``.zarr``) holds, from its metadata alone; no package is needed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import reading

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "spatialdata_attrs"
METADATA = ("zarr.json", ".zattrs")
"""Where zarr 3 and zarr 2 keep what is written about a node."""
SPATIAL = ("shapes", "labels", "points")
"""Kinds of elements that a table may annotate, in the order in which they are looked through."""


@dataclass(frozen=True)
class Store:
    """Names in a store.

    Attributes
    ----------
    tables
        Table -> names of the elements that it annotates.
    elements
        Element with spots or cells -> its kind.
    images
        Names of the images.
    systems
        Element or image -> names of the coordinate systems that it has a place in.
    damaged
        Images of which the store does not say where they lie.
    """

    tables: dict[str, tuple[str, ...]]
    elements: dict[str, str]
    images: tuple[str, ...]
    systems: dict[str, tuple[str, ...]]
    damaged: tuple[str, ...]

    @classmethod
    def of(cls, path: Path) -> Store:
        """Look into a store.

        Raises
        ------
        ReadError
            When it holds no table or its metadata is damaged.
        """
        remedy = "Expected a SpatialData store that is whole: write or copy it again."
        with reading(path, remedy):
            tables = {
                name: _regions(path / "tables" / name) for name in _names(path / "tables")
            } or {name: _regions(path / "table" / name) for name in _names(path / "table")}
            elements = {n: kind for kind in SPATIAL for n in _names(path / kind)}
            systems = {name: _systems(path / kind / name) for name, kind in elements.items()}
        images, damaged = _images(path / "images", systems)
        if not tables:
            raise ReadError(
                f"'{path}' is a SpatialData store without a table of counts; it has "
                f"{', '.join([*elements, *images]) or 'nothing'}. Save its table too."
            )
        return cls(tables, elements, images, systems, damaged)

    def system_of(self, element: str | None) -> str | None:
        """Coordinate system in which an element is shown where nothing else is asked for."""
        found = self.systems.get(element or "", ())
        return "global" if "global" in found else next(iter(found), None)

    def image_in(self, system: str | None) -> str | None:
        """Image that is shown in a system: the reduced one of Space Ranger, else the first."""
        found = [image for image in self.images if system in self.systems[image]]
        return next((n for n in found if "hires" in n), found[0] if found else None)


def is_store(path: Path) -> bool:
    """Whether a folder is a SpatialData store."""
    if not path.is_dir() or not any((path / name).is_file() for name in (".zgroup", *METADATA)):
        return False
    try:
        if ROOT in _attributes(path):
            return True
    except (OSError, ValueError):
        return False
    return any((path / "tables" / name).is_file() for name in (".zgroup", *METADATA))


def _attributes(node: Path) -> dict[str, Any]:
    for name in METADATA:
        if (node / name).is_file():
            content = json.loads((node / name).read_text(encoding="utf-8"))
            return dict(content["attributes"] if name == METADATA[0] else content)
    return {}


def _names(group: Path) -> tuple[str, ...]:
    if not group.is_dir():
        return ()
    return tuple(sorted(p.name for p in group.iterdir() if p.is_dir() and p.name[0] != "."))


def _images(
    group: Path, systems: dict[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of images that have a place, and of others; ``systems`` gets those that they lie in.

    An image is optional: none that is damaged stops a section from being read.
    """
    found: list[str] = []
    damaged: list[str] = []
    for name in _names(group):
        try:
            with reading(group / name):
                systems[name] = _systems(group / name)
        except ReadError:
            systems[name] = ()
        (found if systems[name] else damaged).append(name)
    return tuple(found), tuple(damaged)


def _regions(table: Path) -> tuple[str, ...]:
    region = _attributes(table).get("region") or ()
    return (region,) if isinstance(region, str) else tuple(map(str, region))


def _systems(element: Path) -> tuple[str, ...]:
    attributes = _attributes(element)
    inner = attributes.get("ome", attributes).get("multiscales")
    transforms = (inner[0] if inner else attributes).get("coordinateTransformations") or ()
    return tuple(str(t["output"]["name"]) for t in transforms if "output" in t)
