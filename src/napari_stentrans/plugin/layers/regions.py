"""Regions: the named labels of a layer of lost regions, and what is painted with each.

Names are kept in the layer's features, so that napari's status bar shows them and they are saved;
colours, and whether a region is seen, in its colormap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from napari.utils.colormaps import DirectLabelColormap

from napari_stentrans.annotation import NOWHERE, Annotation
from napari_stentrans.errors import MaskError
from napari_stentrans.export.colours import ANNOTATION_COLOURS, LOST_COLOUR, REGION_COLOURS
from napari_stentrans.export.masks import region_name
from napari_stentrans.io.masks import LostMask, painted_to_lost
from napari_stentrans.plugin.layers.edits import added
from napari_stentrans.targets import Provenance, Reach, distance_to_measured, extrapolated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.section import Section

PRESETS = ("lost", "fold", "bubble", "tear", "not captured", "pen")
"""Names that are offered; any other may be typed."""
MOST = 255
"""Labels that a layer of bytes has room for."""


def names_of(layer: Labels) -> dict[int, str]:
    """Names of the regions of a layer by label, in the order of the list."""
    features = layer.features
    if not {"index", "region"} <= set(features):
        return {}
    rows = zip(features["index"], features["region"], strict=True)
    return {int(label): str(name) for label, name in rows if label}


class Regions:
    """Names, colours and visibility of the labels of a layer.

    Its ``features`` have the columns ``index`` and ``region``.

    Attributes
    ----------
    colours, other
        Colours by label, which begin again at last; that of a label that has no name yet.
    presets
        Names that new regions get, in turn.
    """

    colours: ClassVar[tuple[str, ...]] = REGION_COLOURS
    other: ClassVar[str] = LOST_COLOUR
    presets: ClassVar[tuple[str, ...]] = PRESETS

    def __init__(self, layer: Labels) -> None:
        self.layer = layer
        self._removed: dict[int, str] = {}
        self.take_in_painted()

    @property
    def names(self) -> dict[int, str]:
        return names_of(self.layer)

    @property
    def hidden(self) -> set[int]:
        colours = getattr(self.layer.colormap, "color_dict", {})
        return {label for label in self.names if label in colours and not colours[label][3]}

    @classmethod
    def colour_of(cls, label: int) -> str:
        """Colour of a region, as a CSS name; the same in files of outlines."""
        return cls.colours[(label - 1) % len(cls.colours)]

    @property
    def selected(self) -> int:
        return int(self.layer.selected_label)

    def add(self, name: str = "") -> int:
        """Add a region, named or as the next preset, and paint with it; MaskError if full."""
        names = self.names
        taken = set(np.unique(self.layer.data).tolist()) | names.keys()
        label = next((i for i in range(1, MOST + 1) if i not in taken), None)
        if label is None:
            raise MaskError(f"There are {MOST} regions, as many as there can be. Delete one.")
        left = [preset for preset in self.presets if preset not in names.values()]
        self._removed.pop(label, None)
        self._write(names | {label: name or next(iter(left), region_name(label))})
        self.select(label)
        return label

    def label_of(self, name: str) -> int:
        """Label of the region of a name, which is added where there is none."""
        known = {named: label for label, named in self.names.items()}
        return known[name] if name in known else self.add(name)

    def painted_with(self, parts: Sequence[tuple[NDArray[np.bool_], str]]) -> NDArray[np.integer]:
        """Labels (row, column) with these cells painted too, each with the region of a name.

        A region that nothing is painted with yet gives its place to a name that is new.
        """
        labels = np.asarray(self.layer.data)
        for cells, name in parts:
            unused = next((i for i in self.names if not (labels == i).any()), None)
            if name not in self.names.values() and unused is not None:
                self.rename(unused, name)
            labels = added(labels, cells, self.label_of(name))
        return labels

    def rename(self, label: int, name: str) -> None:
        """Give a region another name; a blank one is not taken."""
        names = self.names
        name = " ".join(name.split())
        if name and names.get(label, name) != name:
            self._write(names | {label: name})

    def remove(self, label: int) -> None:
        """Take a region off the list, and its paint away; undo brings both back."""
        names = self.names
        if label not in names:
            return
        self._removed[label] = names.pop(label)
        painted = np.nonzero(np.asarray(self.layer.data) == label)
        if len(painted[0]):
            self.layer.data_setitem(painted, 0)
        self._write(names)
        if self.selected == label and names:
            self.select(next(iter(names)))

    def select(self, label: int) -> None:
        self.set_visible(label, on=True)
        self.layer.selected_label = label

    def set_visible(self, label: int, *, on: bool) -> None:
        hidden = self.hidden
        if (label in hidden) == on:
            self._colour(self.names, hidden - {label} if on else hidden | {label})

    def take_in_painted(self) -> None:
        """Name the labels that are painted and have no name yet, as after an undo."""
        names = self.names
        new = {int(i) for i in np.unique(self.layer.data) if i} - names.keys()
        if new:
            fresh = {i: self._removed.pop(i, region_name(i)) for i in sorted(new)}
            self._write(dict(sorted((names | fresh).items())))
        elif not names.keys() <= getattr(self.layer.colormap, "color_dict", {}).keys():
            self._colour(names, self.hidden)

    def _write(self, names: dict[int, str]) -> None:
        hidden = self.hidden
        self.layer.features = pd.DataFrame({"index": list(names), "region": list(names.values())})
        self._colour(names, hidden)

    def _colour(self, names: dict[int, str], hidden: set[int]) -> None:
        colours = {i: "transparent" if i in hidden else self.colour_of(i) for i in names}
        self.layer.colormap = DirectLabelColormap(
            color_dict={None: self.other, 0: "transparent"} | colours
        )


class NamedRegions(Regions):
    """Regions of an annotation, which are not lost."""

    colours = ANNOTATION_COLOURS
    other = "transparent"
    presets = ()

    def annotation(self, section: Section) -> Annotation:
        """Regions of the spots, each with the label that covers most of its cell."""
        names = self.names
        codes = np.full(max(names, default=0) + 1, NOWHERE, np.int32)
        codes[list(names)] = np.arange(len(names))
        labels = label_of_spots(section, np.asarray(self.layer.data))
        return Annotation(tuple(names.values()), codes[labels])


@dataclass(frozen=True, eq=False)
class Painted:
    """What is painted, in spots and sites.

    Attributes
    ----------
    mask
        Lost spots, and places without a spot.
    labels
        (lost spot + site,) region of each, spots first.
    far
        (lost spot + site,) True where every measured spot is too far away to be trusted.
    reach
        The same of all that a run would fill, in numbers: spots without counts are filled too.
    """

    mask: LostMask
    labels: NDArray[np.integer]
    far: NDArray[np.bool_]
    reach: Reach

    @classmethod
    def of(cls, section: Section, painted: ArrayLike) -> Painted:
        """Count labels (row, column) that are painted on the section's raster; else MaskError."""
        painted = np.asarray(painted)
        mask = painted_to_lost(section, painted)
        row, column = section.raster.pixel_of(mask.sites).T
        labels = [label_of_spots(section, painted)[mask.lost], painted[row, column]]
        measured = ~mask.lost & (section.totals > 0)
        xy = np.concatenate([section.xy[~measured], mask.sites])
        spacing = section.lattice.spacing
        far = extrapolated(distance_to_measured(xy, section.xy[measured], spacing))
        reach = Reach.of(np.full(len(xy), Provenance.LOST, np.int8), far)
        by_hand = np.append(mask.lost[~measured], np.ones(len(mask.sites), bool))
        return cls(mask, np.concatenate(labels), far[by_hand], reach)

    def counts(self, label: int) -> tuple[int, int]:
        of_region = self.labels == label
        n_spots = int(self.mask.lost.sum())
        return int(of_region[:n_spots].sum()), int(of_region[n_spots:].sum())

    def too_large(self) -> list[int]:
        """Labels of the regions that reach too far from every measured spot."""
        return [int(label) for label in np.unique(self.labels[self.far]) if label]


def label_of_spots(section: Section, painted: NDArray[np.integer]) -> NDArray[np.integer]:
    """(spot,) the label that covers most of each spot's cell; 0 where nothing is painted."""
    index = section.raster.index
    on = (painted != 0) & (index >= 0)
    found = np.zeros(section.n_spots, painted.dtype)
    if on.any():
        labels, which = np.unique(painted[on], return_inverse=True)
        share = np.bincount(
            index[on] * len(labels) + which.ravel(), minlength=section.n_spots * len(labels)
        ).reshape(section.n_spots, -1)
        found[share.any(1)] = labels[share.argmax(1)][share.any(1)]
    return found
