"""SpatialData stores (``.zarr``), by the package of that name, which comes with an extra.

Spots are the centres of the shapes, labels or points that a table annotates, brought into the
chosen coordinate system by their transformation. An image that is only scaled there is laid
under them by its scale. One that is also moved, turned or stretched is not: then the spots are
brought into the pixels of that image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import warn
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.spatialdata_package import foreign, opened, whole_image
from napari_stentrans.io.spatialdata_store import Store, is_store
from napari_stentrans.section import Section
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from pathlib import Path

    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.io.choices import Chosen

PARTS = ("table", "element")
"""Choices of which the rest is left out."""
MICROMETRES = ("micrometers", "micrometres", "microns", "um")
"""What a coordinate system of micrometres is called."""

claims = is_store
recognises = is_store


def choices(path: Path) -> tuple[Choice, ...]:
    """Table, annotated element, coordinate system and image, each where there are several.

    Raises
    ------
    ReadError
        When the store is damaged or holds no table.
    """
    store = Store.of(path)
    table = next(iter(store.tables))
    regions = [region for names in store.tables.values() for region in names]
    element = next(iter(store.tables[table]), None)
    system = store.system_of(element)
    systems = [name for region in regions for name in store.systems.get(region, ())]
    offered = (
        ("table", "Table", store.tables, table),
        ("element", "Spots or cells", regions, element),
        ("coordinates", "Coordinate system", systems, system),
        ("image", "Image", store.images, store.image_in(system) or next(iter(store.images), None)),
    )
    return tuple(
        Choice(key, label, tuple(dict.fromkeys(options)), default, parts=key in PARTS)
        for key, label, options, default in offered
        if default is not None and len(set(options)) > 1
    )


def read(path: Path, chosen: Chosen) -> Section:
    """Read a table of a SpatialData store with the elements and the image that belong to it.

    Raises
    ------
    ReadError
        When the package is missing, the store is damaged, or what was chosen does not fit
        together.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When rows of the table have no place, or the image has none in the coordinate system.
    """
    store = Store.of(path)
    for image in store.damaged:
        warn(f"The image {image!r} is left out: the store does not say where it lies.")
    name = chosen.get("table", next(iter(store.tables)))
    element = _element(store, name, chosen.get("element"), path)
    system = _system(store, element, chosen.get("coordinates"), path)
    shown = _image_name(store, system, chosen.get("image"))
    kinds = {store.elements[element] if element else "shapes", "tables"}
    data = opened(path, kinds)
    others = [image for image in store.images if system in store.systems[image]]
    to_image, images = whole_image(path, dict.fromkeys([shown, *others]), system)
    with foreign(path):
        adata = data.tables[name].copy()
        centres, diameter = _centres(data, element, system)
        um = _um_per_unit(data, element, system)
    adata, xy = _placed(adata, centres, element, path)
    adata.obsm["spatial"] = xy @ to_image[:2, :2].T + to_image[:2, 2]
    scale = np.sqrt(abs(np.linalg.det(to_image[:2, :2])))
    factors = {"spot_diameter_fullres": diameter * scale} if diameter else {}
    if um:
        factors["microns_per_pixel"] = um / scale
    adata.uns["spatial"] = {element: {"scalefactors": factors}}
    title = path.stem if len(store.tables) == 1 else f"{path.stem}_{name}"
    return Section.from_anndata(adata, images=images, source=path, name=title)


def _element(store: Store, table: str, chosen: str | None, path: Path) -> str | None:
    """Name of the element whose rows of the table are read; None where it annotates none."""
    regions = store.tables[table]
    element = chosen if chosen in regions else next(iter(regions), None)
    if chosen not in (None, element) and len(regions) > 1:
        raise ReadError(
            f"The table {table!r} of {path} belongs to {', '.join(regions)}, not to {chosen!r}. "
            "Choose one of these."
        )
    if element is not None and element not in store.elements:
        raise ReadError(
            f"The table {table!r} of {path} belongs to {element!r}, which is not in the store: "
            f"it has {', '.join(store.elements) or 'none'}. Save it together with its shapes."
        )
    return element


def _system(store: Store, element: str | None, chosen: str | None, path: Path) -> str | None:
    """Coordinate system to read in; where the default does not suit the element, one that does."""
    own, offered = store.system_of(element), {c.key: c.default for c in choices(path)}
    if element is None or chosen in store.systems[element]:
        return chosen
    if chosen is not None and chosen != offered["coordinates"]:
        raise ReadError(
            f"{element!r} of {path} has no place in the coordinate system {chosen!r}, only in "
            f"{', '.join(store.systems[element])}. Choose one of these."
        )
    return own


def _image_name(store: Store, system: str | None, chosen: str | None) -> str | None:
    """Image to show in a system: the chosen one, if it has a place there."""
    if chosen is None or system in store.systems[chosen]:
        return chosen or store.image_in(system)
    other = store.image_in(system)
    warn(
        f"The image {chosen!r} has no place in the coordinate system {system!r}; "
        f"{f'{other!r} is shown' if other else 'none is shown'}."
    )
    return other


def _centres(data: Any, element: str | None, system: str | None) -> tuple[Any, float | None]:
    """(spot, 2) centres x, y in the system, indexed by instance, and the diameter of circles.

    None and None where the table belongs to no element.
    """
    if element is None:
        return None, None
    from spatialdata import get_centroids
    from spatialdata.transformations import get_transformation

    centres = get_centroids(data[element], coordinate_system=system).compute()[["x", "y"]]
    if "radius" not in getattr(data[element], "columns", ()):
        return centres, None
    matrix = get_transformation(data[element], system).to_affine_matrix(("x", "y"), ("x", "y"))
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    return centres, 2 * float(np.median(data[element]["radius"])) * scale


def _um_per_unit(data: Any, element: str | None, system: str | None) -> float | None:
    """Micrometres per unit of a system, where the element has a place in micrometres too."""
    from spatialdata.transformations import get_transformation

    if element is None:
        return None
    known = get_transformation(data[element], get_all=True)
    micrometres = next((name for name in MICROMETRES if name in known), None)
    if micrometres is None or system not in known:
        return None
    there, here = (
        abs(np.linalg.det(known[name].to_affine_matrix(("x", "y"), ("x", "y"))[:2, :2]))
        for name in (micrometres, system)
    )
    return float(np.sqrt(there / here))


def _placed(
    adata: ad.AnnData, centres: Any, element: str | None, path: Path
) -> tuple[ad.AnnData, NDArray[np.float64]]:
    """Rows of the table that have a centre, and those centres (spot, 2)."""
    if centres is None:
        if "spatial" not in adata.obsm:
            raise ReadError(
                f'The table of {path} belongs to no shapes and has no obsm["spatial"]: its rows '
                "have no positions. Annotate the shapes with it before it is saved."
            )
        return adata, np.asarray(adata.obsm["spatial"], float)[:, :2]
    attributes = adata.uns["spatialdata_attrs"]
    instances = adata.obs[attributes["instance_key"]]
    ours = adata.obs[attributes["region_key"]].astype(str) == element
    centres = centres[~centres.index.duplicated()]
    at = centres.index.get_indexer(pd.Index(instances))
    if not (ours & (at >= 0)).any():
        raise ReadError(
            f"No row of the table of {path} names an instance of {element!r}: "
            f"rows name {instances.iloc[0]!r}, the element has {centres.index[0]!r}."
        )
    missing = int((ours & (at < 0)).sum())
    if missing:
        warn(
            f"{some(missing, 'row of the table names', 'rows of the table name')} no instance "
            f"of the element and {'was' if missing == 1 else 'were'} left out."
        )
    placed = np.flatnonzero(ours & (at >= 0))
    return adata[placed].copy(), centres.to_numpy(float)[at[placed]]
