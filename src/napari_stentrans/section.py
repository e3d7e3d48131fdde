"""Section: one tissue section with its counts, positions and images; what is passed around."""

from __future__ import annotations

import copy
import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import scipy.sparse as sp

from napari_stentrans.errors import GeneNotFound, SectionError, StentransWarning
from napari_stentrans.gene_naming import GeneNaming
from napari_stentrans.gene_table import known_tables
from napari_stentrans.lattice import Lattice
from napari_stentrans.raster import SpotRaster
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

VISIUM_PITCH_UM = 100.0
"""Distance between the centres of neighbouring 10x Visium spots (10x Genomics)."""
VALUES_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class SectionImage:
    """An image of the tissue that is read when it is first looked at.

    Attributes
    ----------
    name
        What to call it, for example "hires".
    load
        Returns the pixels, (row, column) or (row, column, 3 or 4), or the levels of their
        pyramid as a list, the finest first: arrays, or objects that are sliced like arrays.
    scale
        Image pixels per full-resolution pixel, as in Space Ranger's scale factors:
        a full-resolution position, less ``origin``, times ``scale`` is a position in this image.
    origin
        Full-resolution (x, y) of the image's corner; (0, 0) where it begins with the positions.
    placed
        What is known of an image that a person laid below the spots; None for other images.
    """

    name: str
    load: Callable[[], NDArray[np.generic] | list[Any]]
    scale: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    placed: Placed | None = None

    @cached_property
    def levels(self) -> tuple[Any, ...]:
        """Levels of the pyramid, the finest first; those of large images stay in their file."""
        loaded = self.load()
        return tuple(loaded) if isinstance(loaded, list) else (loaded,)

    @property
    def shape(self) -> tuple[int, ...]:
        """(row, column) or (row, column, 3 or 4) of the finest level."""
        return tuple(self.levels[0].shape)

    @property
    def data(self) -> NDArray[np.generic]:
        """The pixels of the finest level, all in memory; ask a large image for its levels."""
        return np.asarray(self.levels[0])


@dataclass(frozen=True, eq=False)
class Placed:
    """How an image was laid below the spots.

    Attributes
    ----------
    original
        The picture as it was before.
    affine
        (2, 3): positions (x, y) in the pixels of the original file, 0 at the centre of the first
        one, to full-resolution positions.
    path
        Where the picture was read from; None where it was not read from a file.
    instead_of
        Images that the section had before.
    """

    original: SectionImage
    affine: NDArray[np.float64]
    path: Path | None = None
    instead_of: tuple[SectionImage, ...] = ()


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
        adata: ad.AnnData,
        *,
        images: Sequence[SectionImage] | None = None,
        um_per_px: float | None = None,
        source: Path | None = None,
        name: str | None = None,
    ) -> Section:
        """Make a section of an AnnData, which is not changed.

        Counts come from ``X``; where ``X`` does not hold whole numbers, from
        ``layers["counts"]`` or ``raw``. Positions come from ``obsm["spatial"]`` (x, y in
        full-resolution pixels), else from ``obs["array_row"]`` and ``obs["array_col"]``.
        Images and scale factors come from ``uns["spatial"]`` unless given. ``obsm``, ``varm``
        (where the counts are not those of ``raw``) and ``uns`` are kept.

        Raises
        ------
        SectionError
            When counts are negative or not finite, all are zero, there are no spots or genes,
            or there are no positions.

        Warns
        -----
        StentransWarning
            When names had to be made unique, or counts are not whole numbers.
        """
        if adata.n_obs == 0 or adata.n_vars == 0:
            raise SectionError(
                f"A section needs spots and genes, got {some(adata.n_obs, 'spot')} and "
                f"{some(adata.n_vars, 'gene')}. Check that the table was filtered as intended."
            )
        counts, var = _counts_of(adata)
        _check_counts(counts)
        xy, rc = _positions_of(adata)
        lattice = Lattice.of(xy, rc)
        obs = adata.obs.copy()
        if rc is None and lattice.kind != "irregular":
            obs[["array_row", "array_col"]] = lattice.nodes(xy)
        fresh = ad.AnnData(
            counts,
            _uniquely_named(obs, "barcodes"),
            _uniquely_named(var.copy(), "gene names"),
            uns=_branches(adata.uns),
            obsm={**{key: part.copy() for key, part in adata.obsm.items()}, "spatial": xy},
        )
        if var.index.equals(adata.var_names):
            for key, part in adata.varm.items():
                fresh.varm[key] = part.copy()
        library, spatial = _library_of(adata)
        if images is None:
            images = _images_of(spatial)
        if um_per_px is None:
            um_per_px = _um_per_px(spatial, lattice)
        return cls(fresh, lattice, tuple(images), um_per_px, source, name or library or "section")

    @property
    def n_spots(self) -> int:
        """Number of spots."""
        return int(self.adata.n_obs)

    @property
    def genes(self) -> pd.Index:
        """Gene names, unique."""
        return self.adata.var_names

    @property
    def xy(self) -> NDArray[np.float64]:
        """(spot, 2) positions (x, y), full-resolution pixels."""
        return np.asarray(self.adata.obsm["spatial"], float)

    @property
    def counts(self) -> sp.csc_matrix:
        """(spot, gene) raw counts, CSC: one gene is one column."""
        return self.adata.X

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
        other = copy.copy(self)
        object.__setattr__(other, "images", tuple(images))
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
            kept = self.__dict__["_naming"] = GeneNaming(self.genes, self.adata.var, tables)
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
        if key not in self.adata.obsm:
            raise SectionError(f"obsm has no {key!r}; it has {', '.join(self.adata.obsm)}.")
        try:
            values = np.asarray(self.adata.obsm[key], np.float32)
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
        digest.update("\n".join([*self.adata.obs_names, *self.genes]).encode())
        return digest.hexdigest()[:16]


def _counts_of(adata: ad.AnnData) -> tuple[sp.csc_matrix, pd.DataFrame]:
    """Raw counts (spot, gene) as CSC float32, and their gene table."""
    candidates: list[tuple[str, object, pd.DataFrame]] = []
    if adata.X is not None:
        candidates.append(("X", adata.X, adata.var))
    if "counts" in adata.layers:
        candidates.append(('layers["counts"]', adata.layers["counts"], adata.var))
    if adata.raw is not None:
        candidates.append(("raw", adata.raw.X, adata.raw.var))
    if not candidates:
        raise SectionError('No counts: X is empty and there is no layers["counts"] or raw.')
    matrices = [(name, _as_csc(matrix), var) for name, matrix, var in candidates]
    for name, matrix, var in matrices:
        if _are_whole(matrix.data):
            if name != "X":
                warnings.warn(
                    f"X does not hold whole numbers; counts are taken from {name}.",
                    StentransWarning,
                    stacklevel=3,
                )
            return matrix, var
    _, matrix, var = matrices[0]
    if np.isfinite(matrix.data).all() and (matrix.data >= 0).all():
        warnings.warn(
            "Expected raw counts (whole numbers) in X, found fractions: they are used as they "
            'are. Put raw counts into X or layers["counts"] for better results.',
            StentransWarning,
            stacklevel=3,
        )
    return matrix, var


def _are_whole(values: NDArray[np.float32]) -> bool:
    """Whether all are whole numbers; a part at a time, to need no copy of them all."""
    parts = (values[i : i + VALUES_AT_ONCE] for i in range(0, len(values), VALUES_AT_ONCE))
    return all(bool(np.isfinite(p).all() and (p == np.rint(p)).all()) for p in parts)


def _as_csc(matrix: object) -> sp.csc_matrix:
    """CSC float32 with sorted indices and no stored zeros; a copy."""
    if not sp.issparse(matrix):
        matrix = np.asarray(matrix)
    try:
        _check_indices(matrix)
        with np.errstate(over="ignore"):
            csc = sp.csc_matrix(matrix, dtype=np.float32, copy=True)
    except (ValueError, TypeError) as error:
        raise SectionError(f"Counts must be a whole matrix of numbers: {error}.") from error
    csc.sum_duplicates()
    csc.eliminate_zeros()
    return csc


def _check_indices(matrix: Any) -> None:
    """Raise ValueError where indices leave the matrix: scipy trusts them, and crashes Python."""
    if getattr(matrix, "format", None) in ("csr", "csc"):
        if {matrix.indices.dtype.kind, matrix.indptr.dtype.kind} - set("iu"):
            raise ValueError("indices of a sparse matrix must be whole numbers")
        matrix.check_format(full_check=True)


def _check_counts(counts: sp.csc_matrix) -> None:
    bad = ~np.isfinite(counts.data)
    if bad.any():
        raise SectionError(
            f"Counts must be finite, found {int(bad.sum())} NaN or infinite values. "
            "Replace them by 0 or remove their spots."
        )
    negative = counts.data < 0
    if negative.any():
        raise SectionError(
            f"Counts must not be negative, found {int(negative.sum())} negative values "
            f"(lowest {counts.data.min():g}). Give raw counts, not scaled or centred values."
        )
    if counts.nnz == 0:
        raise SectionError(
            f"All counts of {some(counts.shape[0], 'spot')} and {some(counts.shape[1], 'gene')} "
            "are zero. "
            "Check that the right matrix was chosen."
        )


def _positions_of(
    adata: ad.AnnData,
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """(spot, 2) pixel positions (x, y) and, where known, (spot, 2) array row and column."""
    rc = None
    if {"array_row", "array_col"} <= set(adata.obs.columns):
        try:
            rc = adata.obs[["array_row", "array_col"]].to_numpy(float)
        except (ValueError, TypeError) as error:
            raise SectionError(
                f'obs["array_row"], obs["array_col"] must be numbers: {error}.'
            ) from error
    if "spatial" in adata.obsm:
        xy = np.asarray(adata.obsm["spatial"])
        if xy.ndim != 2 or xy.shape[1] < 2:
            raise SectionError(
                f'obsm["spatial"] must have the shape ({adata.n_obs}, 2), got {xy.shape}.'
            )
        try:
            return xy[:, :2].astype(float), rc
        except (ValueError, TypeError) as error:
            raise SectionError(f'obsm["spatial"] must hold numbers: {error}.') from error
    if rc is None:
        raise SectionError(
            'No positions: expected obsm["spatial"] (x, y in full-resolution pixels) or '
            f'obs["array_row"] and obs["array_col"]; obsm has {list(adata.obsm)}.'
        )
    return positions_from_array(rc), rc


def positions_from_array(rc: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (x, y) for spots of which only array row and column are known, spacing 1.

    Rows that are all staggered by one are taken as hex.
    """
    if np.isfinite(rc).all() and len(rc) > 2 and (rc.sum(1) % 2 == rc[0].sum() % 2).all():
        return np.asarray(rc[:, ::-1] * [0.5, 3**0.5 / 2])
    return np.asarray(rc[:, ::-1], float)


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
        table.index = ad.utils.make_index_unique(table.index)
    return table


def _branches(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Copy nested dictionaries; what they hold, such as images, is shared."""
    return {
        key: _branches(part) if isinstance(part, Mapping) else part for key, part in tree.items()
    }


def _library_of(adata: ad.AnnData) -> tuple[str | None, dict[str, Any]]:
    """First library id and its record in ``uns["spatial"]``."""
    spatial = adata.uns.get("spatial")
    if isinstance(spatial, dict):
        for library, record in spatial.items():
            if isinstance(record, dict):
                return str(library), record
    return None, {}


def _images_of(record: dict[str, Any]) -> tuple[SectionImage, ...]:
    factors = record.get("scalefactors") or {}
    found = []
    for key in ("hires", "lowres"):
        pixels = (record.get("images") or {}).get(key)
        if pixels is not None:
            scale = float(factors.get(f"tissue_{key}_scalef", 1.0))
            found.append(SectionImage(key, partial(np.asarray, pixels), scale))
    return tuple(found)


def _um_per_px(record: dict[str, Any], lattice: Lattice) -> float | None:
    """Micrometres per pixel: Visium HD says it; the spots of Visium are 100 um apart."""
    factors = record.get("scalefactors") or {}
    if factors.get("microns_per_pixel"):
        return float(factors["microns_per_pixel"])
    if lattice.kind == "hex" and factors.get("spot_diameter_fullres"):
        return VISIUM_PITCH_UM / lattice.spacing
    return None
