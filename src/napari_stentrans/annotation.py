"""Annotation: named regions of a section, such as those that a pathologist drew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.errors import SectionError
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.section import Section

COLUMN = "region"
"""Column of ``obs`` that holds the region of each spot."""
BEFORE = "region_before"
NOWHERE = -1
PLACES = ("in_tissue", "array_row", "array_col")
"""Columns of ``obs`` in Visium's files, whole numbers that name no regions."""
MOST_NAMED = 4
"""Regions that are named in words."""
MOST_REGIONS = 100
"""Of a column of ``obs``: one with more different values holds measures, or names of spots."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """Named regions of a section; a spot lies in one of them, or in none.

    Attributes
    ----------
    names
        Names of the regions, each once.
    codes
        (spot,) position of each spot's region in ``names``; -1 where it lies in none.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, labels: Sequence[object]) -> Annotation:
        """Make regions of one label for each spot; None, NaN and blanks are none.

        The order is that of first appearance.
        """
        cleaned = [_clean(label) for label in labels]
        names = tuple(dict.fromkeys(label for label in cleaned if label))
        at = {name: code for code, name in enumerate(names)}
        return cls(names, np.array([at.get(label, NOWHERE) for label in cleaned], np.int32))

    @classmethod
    def of_obs(cls, section: Section, column: str) -> Annotation:
        """Regions that a column of ``obs`` names, such as a pathologist's labels or clusters.

        Categories keep their order; numbers, as of clusters, are in theirs.

        Raises
        ------
        SectionError
            When there is no such column, it names nothing, or holds what spots measure and not
            what they belong to: fractions, or more than a hundred different values.
        """
        obs = section.obs
        if column not in obs:
            usable = cls.columns(section)
            there = f"it has {', '.join(usable)}" if usable else "it has none that names regions"
            raise SectionError(f"obs has no column {column!r}; {there}.")
        values = obs[column]
        if not _names_regions(values):
            raise SectionError(
                f'obs["{column}"] names no regions: expected labels or whole numbers of '
                f"clusters, {MOST_REGIONS} different ones at most, found "
                f"{values.nunique():,} different values of the type {values.dtype}. "
                "Choose another column."
            )
        return cls.of(values.tolist())._in_order(values)

    @staticmethod
    def columns(section: Section) -> list[str]:
        """Columns of ``obs`` that ``of_obs`` takes, but those that say where a spot lies."""
        obs = section.obs.drop(columns=list(PLACES), errors="ignore")
        return [str(name) for name in obs if _names_regions(obs[name])]

    def _in_order(self, values: pd.Series) -> Annotation:
        """Return the same regions in the order of categories, or of numbers."""
        if isinstance(values.dtype, pd.CategoricalDtype):
            known = {_clean(category): at for at, category in enumerate(values.cat.categories)}
        elif all(name.isdigit() for name in self.names):
            known = {name: int(name) for name in self.names}
        else:
            return self
        order = sorted(range(len(self.names)), key=lambda code: known[self.names[code]])
        place = np.full(len(order) + 1, NOWHERE, np.int32)  # the last is for those in none
        place[order] = np.arange(len(order))
        return Annotation(tuple(self.names[code] for code in order), place[self.codes])

    @classmethod
    def in_obs(cls, section: Section) -> Annotation | None:
        """Regions that ``obs["region"]`` of a section names; None where it names none."""
        if COLUMN not in section.adata.obs:
            return None
        named = section.adata.obs[COLUMN]
        return None if pd.api.types.is_numeric_dtype(named) else cls.of(named.tolist())

    @property
    def counts(self) -> dict[str, int]:
        """Number of spots in each region."""
        found = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))

    def in_words(self) -> str:
        """Say how many regions of how many spots there are, and what the first are called."""
        counts = self.counts
        named = [f"{name} ({n:,})" for name, n in list(counts.items())[:MOST_NAMED]]
        more = f" and {len(counts) - MOST_NAMED} more" if len(counts) > MOST_NAMED else ""
        what = f"{some(len(counts), 'region')} of {some(sum(counts.values()), 'spot')}"
        return f"{what}: {', '.join(named)}{more}"

    def spots(self, name: str) -> NDArray[np.bool_]:
        """(spot,) True in the region of this name.

        Raises
        ------
        SectionError
            When there is no such region.
        """
        if name not in self.names:
            raise SectionError(
                f"There is no region {name!r} among {', '.join(map(repr, self.names))}."
            )
        return np.asarray(self.codes == self.names.index(name))

    def categories(self) -> pd.Categorical:
        """(spot,) names of the regions; missing where there is none."""
        return pd.Categorical.from_codes(self.codes, categories=list(self.names))

    def check(self, section: Section) -> None:
        """Raise SectionError where they are those of a section with another number of spots."""
        if len(self.codes) != section.n_spots:
            raise SectionError(
                f"The regions are those of {len(self.codes):,} spots; this section has "
                f"{section.n_spots:,}. Read them for this section."
            )

    def write(self, section: Section) -> None:
        """Put the regions into ``obs["region"]`` of a section, which results and files take over.

        What the column held when the section was read stays in ``obs["region_before"]``.

        Raises
        ------
        SectionError
            When they are those of a section with another number of spots.
        """
        self.check(section)
        obs = section.adata.obs
        if COLUMN in obs and BEFORE not in obs and obs[COLUMN].dtype != self.categories().dtype:
            obs[BEFORE] = obs[COLUMN]
        obs[COLUMN] = self.categories()


def _names_regions(values: pd.Series) -> bool:
    """Whether values (spot,) say what spots belong to: labels, or clusters that are numbers."""
    known = values.dropna()
    if not 0 < known.nunique() <= MOST_REGIONS:
        return False
    if isinstance(values.dtype, pd.CategoricalDtype):
        known = pd.Series(values.cat.categories)
    if not pd.api.types.is_numeric_dtype(known):
        return True
    return bool((known == np.floor(known.astype(float))).all())


def _clean(label: object) -> str:
    if isinstance(label, float) and label.is_integer():  # of whole numbers, some missing
        label = int(label)
    if label is None or (isinstance(label, float) and np.isnan(label)):
        return ""
    return " ".join(str(label).split())
