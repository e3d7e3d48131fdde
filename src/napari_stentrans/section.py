"""Section: one tissue section with its counts, positions and images; what is passed around."""

from __future__ import annotations

import copy
import hashlib
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import scipy.sparse as sp

from napari_stentrans.errors import (
    GeneNotFound,
    ReadError,
    SectionError,
    StentransError,
    StentransWarning,
)
from napari_stentrans.gene_naming import GeneNaming
from napari_stentrans.gene_table import known_tables
from napari_stentrans.lattice import Lattice
from napari_stentrans.libraries import common_factors, library_of
from napari_stentrans.parts import parts_of_barcodes, parts_of_columns
from napari_stentrans.raster import SpotRaster
from napari_stentrans.stacks import Layout, refuse_stack
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

SHEET = "white_sheet"
"""In the metadata of a library: its image is only there to be drawn on."""
VISIUM_PITCH_UM = 100.0
"""Distance between the centres of neighbouring 10x Visium spots (10x Genomics)."""
WIDEST_SPOT = 0.9
"""Of their distance: Visium's spots are 55 um wide, or 65 by Space Ranger's account."""
VALUES_AT_ONCE = 4_000_000
RESULT, EXPECTED = "stentrans", 'layers["counts"]'
"""Key in ``uns`` of a result of this program, and where its expected counts are."""
UNREADABLE = (
    *(OSError, EOFError, KeyError, IndexError, TypeError, ValueError, RuntimeError),
    *(MemoryError, OverflowError, SyntaxError, zlib.error),
)
"""What the packages below raise for an image that is damaged or not there."""


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
    header
        (row, column) of the finest level, where that is known before the pixels are read.
    """

    name: str
    load: Callable[[], NDArray[np.generic] | list[Any]]
    scale: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    placed: Placed | None = None
    header: tuple[int, int] | None = None

    @cached_property
    def levels(self) -> tuple[Any, ...]:
        """Levels of the pyramid, the finest first; those of large images stay in their file.

        Raises
        ------
        ReadError
            When they cannot be read.
        """
        try:
            loaded = self.load()
        except StentransError:
            raise
        except UNREADABLE as error:
            cause = str(error).rstrip(". ") or type(error).__name__
            raise ReadError(f"it cannot be read: {cause}.") from error
        return tuple(loaded) if isinstance(loaded, list) else (loaded,)

    @property
    def size(self) -> tuple[int, int]:
        """(row, column) of the finest level; its file tells, where that is possible.

        Raises
        ------
        ReadError
            When its pixels have to be read and cannot.
        """
        rows, columns = self.header or self.shape[:2]
        return int(rows), int(columns)

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
        counts, var = _counts_of(adata)
        _check_counts(counts)
        xy, rc = _positions_of(adata)
        lattice = Lattice.of(xy, rc)
        _check_one_section(adata, xy, rc)
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
        library, spatial = _library_of(adata, xy)
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

    def without_source(self) -> Section:
        """Section that says no longer where it was read from, since that will be gone."""
        other = copy.copy(self)
        object.__setattr__(other, "source", None)
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
        candidates.append((EXPECTED, adata.layers["counts"], adata.var))
    if adata.raw is not None:
        candidates.append(("raw", adata.raw.X, adata.raw.var))
    if not candidates:
        raise SectionError('No counts: X is empty and there is no layers["counts"] or raw.')
    if RESULT in adata.uns:
        candidates.sort(key=lambda found: found[0] != EXPECTED)
        _, matrix, var = candidates[0]
        warnings.warn(_result_in_words(adata), StentransWarning, stacklevel=3)
        return _as_csc(matrix), var
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
    usable = [found for found in matrices if _are_positive(found[1].data)]
    name, matrix, var = next(iter(usable), matrices[0])
    if name != matrices[0][0]:
        warnings.warn(
            f"X holds negative values, as scaled data do; values are taken from {name}.",
            StentransWarning,
            stacklevel=3,
        )
    if usable:
        warnings.warn(
            "Expected raw counts (whole numbers) in X, found fractions: they are used as they "
            'are. Put raw counts into X or layers["counts"] for better results.',
            StentransWarning,
            stacklevel=3,
        )
    return matrix, var


def _result_in_words(adata: ad.AnnData) -> str:
    """Say that values are what this program expects, not what was measured."""
    found = adata.obs.get("provenance")
    measured = "" if found is None else f" ({int((found == 'measured').sum()):,} at measured spots)"
    return (
        f"These {adata.n_obs:,} sites{measured} are a result of this program: expected counts are "
        "read, not measured ones. Open the section that it was made from to run on what was "
        "measured."
    )


def _are_positive(values: NDArray[np.float32]) -> bool:
    """Whether all are finite and not below 0."""
    return bool(np.isfinite(values).all() and (values >= 0).all())


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


def _check_one_section(
    adata: ad.AnnData, xy: NDArray[np.float64], rc: NDArray[np.float64] | None
) -> None:
    """Refuse, or warn of, spots of several sections that lie over each other."""
    ways = (*parts_of_columns(adata.obs), *parts_of_barcodes(adata.obs_names))
    if problem := refuse_stack(Layout(xy, rc), ways):
        warnings.warn(problem, StentransWarning, stacklevel=3)


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


def _library_of(adata: ad.AnnData, xy: NDArray[np.float64]) -> tuple[str | None, Mapping[str, Any]]:
    """Library id and its record in ``uns["spatial"]``, of several that of these spots."""
    spatial = adata.uns.get("spatial")
    if not isinstance(spatial, Mapping):
        return None, {}
    records = {str(k): record for k, record in spatial.items() if isinstance(record, Mapping)}
    if len(records) < 2:
        return next(iter(records.items()), (None, {}))
    match = library_of(records, adata.obs, xy)
    if match.note:
        warnings.warn(match.note, StentransWarning, stacklevel=3)
    if match.library is None:
        return None, {"scalefactors": common_factors(records)}
    return match.library, records[match.library]


def _images_of(record: Mapping[str, Any]) -> tuple[SectionImage, ...]:
    factors, images = _factors_of(record), record.get("images")
    found = []
    if is_sheet(record):
        return ()
    for key in ("hires", "lowres"):
        pixels: Any = images.get(key) if isinstance(images, Mapping) else None
        if np.ndim(pixels) in (2, 3) and np.size(pixels):
            scale = factors.get(f"tissue_{key}_scalef", 1.0)
            found.append(SectionImage(key, partial(np.asarray, pixels), scale))
    return tuple(found)


def _factors_of(record: Mapping[str, Any]) -> dict[str, float]:
    """Scale factors of a library that are numbers above 0."""
    factors = record.get("scalefactors")
    found = {}
    for key, value in factors.items() if isinstance(factors, Mapping) else ():
        try:
            found[str(key)] = float(value)
        except (TypeError, ValueError):
            continue
    return {key: value for key, value in found.items() if 0 < value < np.inf}


def is_sheet(record: Mapping[str, Any]) -> bool:
    """Whether the image of a library shows nothing: a white sheet that plots need."""
    metadata = record.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get(SHEET))


def _um_per_px(record: Mapping[str, Any], lattice: Lattice) -> float | None:
    """Micrometres per pixel: Visium HD says it; the spots of Visium are 100 um apart.

    Spots that nearly touch are those of no Visium.
    """
    factors = _factors_of(record)
    if "microns_per_pixel" in factors:
        return factors["microns_per_pixel"]
    width = factors.get("spot_diameter_fullres")
    if lattice.kind == "hex" and width and width < WIDEST_SPOT * lattice.spacing:
        return VISIUM_PITCH_UM / lattice.spacing
    return None
