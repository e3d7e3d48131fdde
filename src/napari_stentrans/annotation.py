"""Annotation: named regions of a section, such as those that a pathologist drew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.errors import SectionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.section import Section

COLUMN = "region"
"""Column of ``obs`` that holds the region of each spot."""
BEFORE = "region_before"
NOWHERE = -1


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

    def write(self, section: Section) -> None:
        """Put the regions into ``obs["region"]`` of a section, which results and files take over.

        What the column held when the section was read stays in ``obs["region_before"]``.

        Raises
        ------
        SectionError
            When they are those of a section with another number of spots.
        """
        if len(self.codes) != section.n_spots:
            raise SectionError(
                f"The regions are those of {len(self.codes):,} spots; this section has "
                f"{section.n_spots:,}. Read them for this section."
            )
        obs = section.adata.obs
        if COLUMN in obs and BEFORE not in obs and obs[COLUMN].dtype != self.categories().dtype:
            obs[BEFORE] = obs[COLUMN]
        obs[COLUMN] = self.categories()


def _clean(label: object) -> str:
    if label is None or (isinstance(label, float) and np.isnan(label)):
        return ""
    return " ".join(str(label).split())
