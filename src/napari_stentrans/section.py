"""Section: one tissue section with its counts, positions and images; what is passed around."""

from __future__ import annotations

import copy
import hashlib
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.anndata_parts import AnnDataParts, MadeWhenAsked, branches, run_record_of
from napari_stentrans.errors import GeneNotFound, SectionError, StentransWarning
from napari_stentrans.gene_naming import GeneNaming
from napari_stentrans.known_gene_tables import known_tables
from napari_stentrans.lattice import Lattice
from napari_stentrans.layout import Layout
from napari_stentrans.library_record import images_of, library_record, um_per_px_of
from napari_stentrans.parts import parts_of_barcodes, parts_of_columns
from napari_stentrans.raster import SpotRaster
from napari_stentrans.section_counts import check_counts, counts_of
from napari_stentrans.section_image import SectionImage
from napari_stentrans.section_positions import positions_of
from napari_stentrans.stacks import refuse_stack
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import anndata as ad
    import pandas as pd
    import scipy.sparse as sp
    from numpy.typing import NDArray

__all__ = ["Section", "SectionImage"]


@dataclass(frozen=True, eq=False)
class Section:
    """A section: AnnData + lattice + images. Make one with ``from_anndata`` or ``read_section``.

    Attributes
    ----------
    adata
        (spot, gene) raw counts in ``X`` (sparse, CSC, float32), ``obsm["spatial"]`` (spot, 2)
        full-resolution (x, y), ``obs["array_row"]`` and ``obs["array_col"]`` where known.
    lattice
        How the spots are arranged.
    images
        Tissue images, the best to look at first.
    um_per_px
        Micrometres per full-resolution pixel, or None where it is not known.
    source
        Where the section was read from, or None.
    name
        What to call it.
    chosen
        What was taken where the source holds several things, such as bin sizes.
    """

    adata: ad.AnnData
    lattice: Lattice
    images: tuple[SectionImage, ...] = ()
    um_per_px: float | None = None
    source: Path | None = None
    name: str = "section"
    chosen: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_anndata(
        cls,
        adata: ad.AnnData | AnnDataParts,
        *,
        images: Sequence[SectionImage] | None = None,
        um_per_px: float | None = None,
        source: Path | None = None,
        name: str | None = None,
    ) -> Section:
        """Make a section of an AnnData, or of what a reader found; it is not changed.

        Counts come from ``X``; where ``X`` does not hold whole numbers, from
        ``layers["counts"]`` or ``raw``. Positions come from ``obsm["spatial"]`` (x, y in
        full-resolution pixels), else from ``obs["array_row"]`` and ``obs["array_col"]``.
        Images and scale factors come from ``uns["spatial"]`` unless given. ``obsm``, ``varm``
        (where the counts are not those of ``raw``) and ``uns`` are kept.

        Raises
        ------
        SectionError
            When counts are negative or not finite, all are zero, there are no spots or genes,
            there are no positions, or most spots lie at the place of another, as those of
            several sections in one table do.

        Warns
        -----
        StentransWarning
            When names had to be made unique, counts are not whole numbers, or spots seem to be
            of several sections.
        """
        if adata.n_obs == 0 or adata.n_vars == 0:
            raise SectionError(
                f"A section needs spots and genes, got {some(adata.n_obs, 'spot')} and "
                f"{some(adata.n_vars, 'gene')}. Check that the table was filtered as intended."
            )
        counts, var = counts_of(adata)
        check_counts(counts)
        xy, rc = positions_of(adata)
        lattice = Lattice.of(xy, rc)
        _check_one_section(adata, xy, rc)
        obs = adata.obs.copy()
        if rc is None and lattice.kind != "irregular":
            obs[["array_row", "array_col"]] = lattice.nodes(xy)
        same_genes = var.index.equals(adata.var_names)
        parts = AnnDataParts(
            counts,
            _uniquely_named(obs, "barcodes"),
            _uniquely_named(var.copy(), "gene names"),
            uns=branches(adata.uns),
            obsm={**{key: part.copy() for key, part in adata.obsm.items()}, "spatial": xy},
            varm={key: part.copy() for key, part in adata.varm.items()} if same_genes else {},
        )
        library, spatial = library_record(adata, xy)
        if images is None:
            images = images_of(spatial)
        if um_per_px is None:
            um_per_px = um_per_px_of(spatial, lattice)
        return cls(parts, lattice, tuple(images), um_per_px, source, name or library or "section")

    @property
    def _parts(self) -> ad.AnnData | AnnDataParts:
        """The AnnData, or for as long as nobody has asked for it, what it will be made of."""
        held = self.__dict__["adata"]
        return held.latest if isinstance(held, AnnDataParts) else held

    @property
    def run_record(self) -> str | None:
        """JSON of the run that it is the result of; None where it is none."""
        return run_record_of(self._parts.uns)

    @property
    def obs(self) -> pd.DataFrame:
        """Table of the spots, by barcode: that of ``adata``."""
        return self._parts.obs

    @property
    def n_spots(self) -> int:
        """Number of spots."""
        return int(self._parts.n_obs)

    @property
    def genes(self) -> pd.Index:
        """Gene names, unique."""
        return self._parts.var_names

    @property
    def xy(self) -> NDArray[np.float64]:
        """(spot, 2) positions (x, y), full-resolution pixels."""
        return np.asarray(self._parts.obsm["spatial"], float)

    @property
    def counts(self) -> sp.csc_matrix:
        """(spot, gene) raw counts, CSC: one gene is one column."""
        return self._parts.X

    @cached_property
    def totals(self) -> NDArray[np.float64]:
        """(spot,) library size: counts of all genes."""
        return np.asarray(self.counts.sum(1), float).ravel()

    @cached_property
    def raster(self) -> SpotRaster:
        """The raster that shows the spots and takes painted masks."""
        return SpotRaster.of(self.xy, self.lattice)

    def with_images(self, images: Sequence[SectionImage]) -> Section:
        """Section with other images; it shares all else, also what was computed so far."""
        return self.with_facts(images=tuple(images))

    def without_source(self) -> Section:
        """Section that says no longer where it was read from, since that will be gone."""
        return self.with_facts(source=None)

    def with_facts(self, **facts: Any) -> Section:
        """Section with other ``images``, ``um_per_px``, ``source``, ``name`` or ``chosen``.

        It shares all else, also what was computed so far.
        """
        other = copy.copy(self)
        other.__dict__.update(facts)
        return other

    def gene_index(self, gene: str) -> int:
        """Column of a gene: by name, id, symbol, or another name that a table of gene names knows.

        Raises
        ------
        GeneNotFound
            When the section has no such gene, or it is not sure which is meant.

        Warns
        -----
        StentransWarning
            Which gene it is, when the word is another name of it.
        """
        if gene in self.genes:
            return int(self.genes.get_loc(gene))
        found = self.naming.meaning(gene)
        if found.gene is None:
            hint = self.naming.hint(gene)
            raise GeneNotFound(
                f"The section has no gene {gene!r} among its {len(self.genes)}.{hint}"
            )
        if found.said and gene not in self.naming.told:
            self.naming.told.add(gene)
            warnings.warn(found.said, StentransWarning, stacklevel=2)
        return found.gene

    def gene_label(self, gene: str) -> str:
        """What to show for a gene: the symbol where its name is an id, and the symbol is known."""
        return self.naming.label(gene)

    @property
    def naming(self) -> GeneNaming:
        """What the genes are called; made anew when there is another table of gene names."""
        tables, kept = known_tables(), self.__dict__.get("_naming")
        if kept is None or kept.tables is not tables:
            kept = self.__dict__["_naming"] = GeneNaming(self.genes, self._parts.var, tables)
        return kept

    def gene_counts(self, gene: str) -> NDArray[np.float32]:
        """(spot,) raw counts of one gene."""
        return np.asarray(self.counts[:, [self.gene_index(gene)]].toarray(), np.float32).ravel()

    def gene_lognorm(self, gene: str) -> NDArray[np.float32]:
        """(spot,) log1p of a gene's counts scaled to the median library size of the section."""
        scale = self.median_total / np.maximum(self.totals, 1)
        return np.log1p(self.gene_counts(gene) * scale).astype(np.float32)

    def features(self, key: str) -> NDArray[np.float32]:
        """(spot, feature) numbers of ``obsm[key]``, such as an embedding of the tissue image.

        Raises
        ------
        SectionError
            When there is no such key, or it does not hold numbers.
        """
        if key not in self._parts.obsm:
            raise SectionError(f"obsm has no {key!r}; it has {', '.join(self._parts.obsm)}.")
        try:
            values = np.asarray(self._parts.obsm[key], np.float32)
        except (ValueError, TypeError) as error:
            raise SectionError(f'obsm["{key}"] must hold numbers: {error}.') from error
        return values.reshape(self.n_spots, -1)

    @cached_property
    def median_total(self) -> float:
        """Median library size of the spots that have counts."""
        return float(np.median(self.totals[self.totals > 0]))

    @cached_property
    def digest(self) -> str:
        """Short hash of counts, names and positions: says whether two sections are the same."""
        digest = hashlib.sha256()
        for part in (self.counts.data, self.counts.indices, self.counts.indptr, self.xy):
            digest.update(np.ascontiguousarray(part).tobytes())
        digest.update("\n".join([*self._parts.obs_names, *self.genes]).encode())
        return digest.hexdigest()[:16]


Section.adata = MadeWhenAsked()


def _check_one_section(
    adata: ad.AnnData | AnnDataParts, xy: NDArray[np.float64], rc: NDArray[np.float64] | None
) -> None:
    """Refuse, or warn of, spots of several sections that lie over each other."""
    ways = (*parts_of_columns(adata.obs), *parts_of_barcodes(adata.obs_names))
    if problem := refuse_stack(Layout(xy, rc), ways):
        warnings.warn(problem, StentransWarning, stacklevel=3)


def _uniquely_named(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Table whose row names were made unique, as anndata does it."""
    repeated = table.index[table.index.duplicated()]
    if len(repeated):
        warnings.warn(
            f"{len(repeated)} {kind} stand more than once (first: {repeated[0]!r}); "
            "a number was added to tell them apart.",
            StentransWarning,
            stacklevel=3,
        )
        from anndata.utils import make_index_unique

        table.index = make_index_unique(table.index)
    return table
