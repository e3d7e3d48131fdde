"""Enhancement: the result of a run; any gene at any site, decoded when it is asked for."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import anndata as ad
import numpy as np
import pandas as pd

from napari_stentrans.annotation import COLUMN as REGION
from napari_stentrans.annotation import NOWHERE, Annotation
from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.errors import GeneNotFound
from napari_stentrans.factors import lognorm
from napari_stentrans.intervals import Behind, Intervals, around, check_level, half_count
from napari_stentrans.library import library_of
from napari_stentrans.raster import SpotRaster
from napari_stentrans.targets import LABELS, Reach, Sites, distance_to_measured, extrapolated
from napari_stentrans.var_table import NOT_COUNTS, var_of
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_stentrans.decoders import Decoder
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.record import RunRecord
    from napari_stentrans.section import Section

LIBRARY = "enhanced"
"""Its name in ``uns["spatial"]`` of a result."""


class GeneMap(NamedTuple):
    """One gene at all sites: ``mean`` and ``std`` (site,), log-normalised; std NaN if not known."""

    mean: FloatArray
    std: FloatArray


@dataclass(frozen=True, eq=False)
class Enhancement:
    """The enhanced section.

    Attributes
    ----------
    section
        What was measured; never changed.
    sites
        Where values are predicted, the section's spots first.
    decoder
        Gives genes at sites.
    totals
        (site,) expected library size: as measured at measured spots, kriged elsewhere.
    record
        What went into the run.
    borrowed
        (site,) share, 0 to 1, of what is known of a site that neighbouring sections add to the
        spots around; None without neighbours that help.
    """

    section: Section
    sites: Sites
    decoder: Decoder
    totals: NDArray[np.float64]
    record: RunRecord
    borrowed: FloatArray | None = None

    @property
    def genes(self) -> pd.Index:
        """Genes that can be asked for."""
        return self.decoder.genes

    @cached_property
    def trust(self) -> pd.Series | None:
        """Correlation to expect of each gene that a reference predicts; None without one."""
        told = getattr(self.decoder, "told", None)
        return None if told is None else pd.Series(told.trust, told.genes, name="trust")

    @property
    def measured_genes(self) -> pd.Index:
        """Genes of the result that the section has; the others are predicted from a reference."""
        return self.genes if self.trust is None else self.genes[: -len(self.trust) or None]

    def of_section(self, section: Section) -> Enhancement:
        """Return the result as that of the same section with other images."""
        other = copy.copy(self)
        object.__setattr__(other, "section", section)
        return other

    @cached_property
    def raster(self) -> SpotRaster:
        """Raster that draws values at sites, in the same pixel frame as the section's."""
        lattice = self.section.lattice
        if self.record.config.upscale == 2:
            lattice = lattice.halved()
        return SpotRaster.of(self.sites.xy, lattice)

    @cached_property
    def provenance(self) -> pd.Categorical:
        """(site,) "measured", "lost", "unmeasured" or "between"."""
        return pd.Categorical.from_codes(self.sites.provenance, LABELS)

    @cached_property
    def distance_to_measured(self) -> NDArray[np.float64]:
        """(site,) distance to the nearest measured spot, in spacings of the spots."""
        measured = self.section.xy[self.sites.measured_spots]
        return distance_to_measured(self.sites.xy, measured, self.section.lattice.spacing)

    @cached_property
    def extrapolated(self) -> NDArray[np.bool_]:
        """(site,) True where every measured spot is too far away for the value to be trusted."""
        return extrapolated(self.distance_to_measured)

    @property
    def reach(self) -> Reach:
        """How many places were filled, and how many of them are extrapolated."""
        return Reach.of(self.sites.provenance, self.extrapolated)

    def names(self, genes: list[str] | None = None) -> list[str]:
        """Names, each once, of genes given by name or id; of all genes when not given.

        Raises
        ------
        GeneNotFound
            When a gene is not part of the result.
        """
        return list(dict.fromkeys(str(name) for name in self.genes[self._selected(genes)]))

    def gene(self, name: str) -> GeneMap:
        """Mean and standard deviation of one gene at all sites, log-normalised.

        Where a run did not denoise, measured spots hold what was measured and a std of NaN.

        Raises
        ------
        GeneNotFound
            When the gene is not part of the result.
        """
        mean, std = self._columns(np.array([self._column(name)]))
        return GeneMap(mean[:, 0], std[:, 0])

    def predictive_std(self, genes: list[str]) -> FloatArray:
        """How far (site, gene) a new measurement would scatter around the mean; NaN if not known.

        ``gene(name).std`` is how uncertain the expression is. To that a measurement adds noise:
        counting, and all that is the gene's and the spot's own, which the factors do not tell.

        Raises
        ------
        GeneNotFound
            When a gene is not part of the result.
        """
        at = self._selected(genes)
        mean, std = self.decoder.columns(at)
        noise = self.decoder.noise(at)
        if std is None or noise is None:
            return np.full_like(mean, np.nan)
        return np.asarray(np.hypot(std, noise))

    def intervals(self, name: str, level: float = 0.68) -> Intervals:
        """Where a gene's expression lies at all sites, and where a new measurement would.

        Both hold a share ``level`` of the cases. NaN where they are not known: for methods without
        a standard deviation, and at measured spots that a run left as measured.

        Raises
        ------
        GeneNotFound
            When the gene is not part of the result.
        ValueError
            When ``level`` is not above 0 and below 1.
        """
        check_level(level)
        mean, std = self.gene(name)
        at = np.array([self._column(name)])
        scatter = self.predictive_std([name])[:, 0]
        known = np.flatnonzero(np.isfinite(std) & np.isfinite(scatter))
        half = half_count(self.totals[known], self.section.median_total)
        asked = self.decoder.asked(at, level)[0]
        ends = Behind.of(mean[known], scatter[known], half).interval(asked)
        low, high = np.full((2, len(mean)), np.nan, np.float32)
        low[known], high[known] = ends
        return Intervals(*around(mean, std, level), low, high)

    def blocks(
        self, genes: list[str] | None = None
    ) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Genes in blocks: (where they stand in ``genes``, mean (site, gene), std (site, gene))."""
        columns = self._selected(genes)
        for start in range(0, len(columns), GENES_AT_ONCE):
            at = columns[start : start + GENES_AT_ONCE]
            mean, std = self._columns(at)
            yield slice(start, start + len(at)), mean, std

    def expected_counts(self, mean: FloatArray) -> FloatArray:
        """Counts (site, gene) that log-normalised values stand for, given the library sizes."""
        scale = (self.totals / self.section.median_total)[:, None].astype(np.float32)
        return np.expm1(mean) * scale

    def to_anndata(self, genes: list[str] | None = None, *, images: bool = True) -> ad.AnnData:
        """A new AnnData of all sites (dense: choose ``genes`` where memory is short).

        ``X`` log-normalised expression, ``layers["counts"]`` expected counts, ``layers["std"]``,
        ``obs["provenance"]``, ``obs["distance_to_measured"]`` in spacings, ``obs["extrapolated"]``
        where that is too far to be trusted, ``obs["borrowed"]`` with neighbours that help,
        ``obsm["spatial"]`` full-resolution (x, y), ``uns["stentrans"]`` the run record as JSON and
        a note that these values are no counts. Spots keep their names and come first.
        ``var["symbol"]`` where genes are named by ids and a table of gene names knows them; with a
        reference, ``var["from_reference"]`` and ``var["trust"]``, the correlation to expect.
        ``uns["spatial"]["enhanced"]`` holds what scanpy and squidpy draw with: the diameter of a
        site and, unless ``images`` is False, a small copy of the image.
        """
        adata = self.skeleton(genes, images=images)
        shape = (adata.n_obs, adata.n_vars)
        x, std = np.empty(shape, np.float32), np.empty(shape, np.float32)
        for at, block_mean, block_std in self.blocks(genes):
            x[:, at], std[:, at] = block_mean, block_std
        adata.X = x
        adata.layers["counts"] = self.expected_counts(x)
        adata.layers["std"] = std
        return adata

    def skeleton(self, genes: list[str] | None = None, *, images: bool = True) -> ad.AnnData:
        """``to_anndata`` without its matrices."""
        columns = self._selected(genes)
        spots = self.section.adata
        obs = pd.DataFrame(index=self.sites.names)
        obs["provenance"] = self.provenance.remove_unused_categories()
        obs["distance_to_measured"] = np.round(self.distance_to_measured, 3)
        obs["extrapolated"] = self.extrapolated
        if self.borrowed is not None:
            obs["borrowed"] = np.round(self.borrowed, 3)
        obs["expected_total"] = self.totals
        if self.section.lattice.kind != "irregular":
            rc = np.round(self.section.lattice.rc(self.sites.xy), 3) + 0.0
            obs["array_row"], obs["array_col"] = rc[:, 0], rc[:, 1]
            if "array_row" in spots.obs:
                for column in ("array_row", "array_col"):
                    at = obs.columns.get_loc(column)
                    obs.iloc[: self.sites.n_spots, at] = spots.obs[column].to_numpy(float)
        annotation = Annotation.in_obs(self.section)
        if annotation is not None:  # of spots; nobody has said in which the other sites lie
            beyond = np.full(len(self.sites) - self.sites.n_spots, NOWHERE, np.int32)
            codes = np.concatenate([annotation.codes, beyond])
            obs[REGION] = Annotation(annotation.names, codes).categories()
        halved = self.record.config.upscale == 2
        library = library_of(self.section, halved=halved, images=images)
        uns: dict[str, Any] = {
            "stentrans": {"record": self.record.model_dump_json(), "note": NOT_COUNTS},
            "spatial": {LIBRARY: library},
        }
        return ad.AnnData(
            obs=obs,
            var=var_of(self.section, self.genes[columns], self.trust),
            obsm={"spatial": self.sites.xy.copy()},
            uns=uns,
        )

    def _selected(self, genes: list[str] | None) -> NDArray[np.intp]:
        if genes is None:
            return np.arange(len(self.genes))
        return np.array([self._column(g) for g in genes], np.intp)

    def _column(self, name: str) -> int:
        if name in self.genes:
            return int(self.genes.get_loc(name))
        named = self.section.genes[self.section.gene_index(name)]
        if named in self.genes:
            return int(self.genes.get_loc(named))
        raise GeneNotFound(
            f"{name!r} was not among the {some(len(self.genes), 'gene')} of this run. Run again "
            "with it."
        )

    def _columns(self, at: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        mean, std = self.decoder.columns(at)
        if std is None:
            std = np.full_like(mean, np.nan)
        if not self.record.config.denoise:
            measured = np.flatnonzero(self.sites.measured)
            own = np.flatnonzero(at < len(self.measured_genes))
            as_measured = np.ix_(measured, own)
            mean[as_measured] = self._measured(at[own])[measured]
            std[as_measured] = np.nan
        return mean, std

    def _measured(self, at: NDArray[np.intp]) -> FloatArray:
        """(spot, gene) log-normalised expression as measured."""
        section = self.section
        counts = section.counts[:, section.genes.get_indexer(self.genes[at])]
        dense = lognorm(counts, section.totals, section.median_total).toarray()
        return np.asarray(dense, np.float32)
