"""The straight line from a section to its enhancement; read this first."""

from __future__ import annotations

import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.device import one_blas_thread
from napari_stentrans.enhancement import (
    GENES_AT_ONCE,
    Decoder,
    Enhancement,
    FactorDecoder,
    GeneStore,
    Noise,
)
from napari_stentrans.errors import StentransWarning
from napari_stentrans.factors import fit_factors, lognorm
from napari_stentrans.intervals import half_count
from napari_stentrans.methods import METHODS, make_method
from napari_stentrans.methods.base import FactorMethod, LeftOut
from napari_stentrans.methods.calibration import (
    coverage,
    gene_noise,
    noise_in_space,
    tune_loadings,
)
from napari_stentrans.methods.gate import look_at_hidden_spots
from napari_stentrans.methods.image_trend import image_helps, krige_with_image, left_out
from napari_stentrans.methods.own_evidence import own_evidence
from napari_stentrans.methods.transformer import SMALLEST, Transformer
from napari_stentrans.progress import Progress, Steps, drain
from napari_stentrans.record import RunRecord
from napari_stentrans.spatial_factors import fit_spatial_factors
from napari_stentrans.targets import Provenance, Sites, check_lost, check_observed, target_sites
from napari_stentrans.tissue_image import Shown, components, filled, looked_at, tissue_words
from napari_stentrans.windows import spacing
from napari_stentrans.wording import some

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.factors import Factors
    from napari_stentrans.methods.base import FloatArray
    from napari_stentrans.methods.gate import Trust
    from napari_stentrans.methods.transformer import TissueMaps
    from napari_stentrans.section import Section
    from napari_stentrans.spatial_factors import SpatialFactors

Modelled: TypeAlias = "tuple[Decoder, NDArray[np.float64], dict[str, float]]"
"""What gives genes at the targets, library sizes (target,), and what was found on the way."""


class Seen(NamedTuple):
    """What a run learns from: spots that are neither lost nor without counts.

    Attributes
    ----------
    counts
        (spot, gene) raw counts.
    totals
        (spot,) their sums.
    xy
        (spot, 2) positions, full-resolution pixels.
    """

    counts: sp.csc_matrix
    totals: NDArray[np.float64]
    xy: NDArray[np.float64]


def enhance(
    section: Section,
    lost: ArrayLike | None = None,
    config: EnhanceConfig | None = None,
    sites: ArrayLike | None = None,
    image_damaged: ArrayLike | None = None,
) -> Enhancement:
    """Fill lost spots, add sites, denoise: all that ``config`` asks for.

    Parameters
    ----------
    section
        The section, from ``read_section`` or ``Section.from_anndata``.
    lost
        (spot,) bool, True where a spot is lost; its counts are not looked at.
    config
        Settings; ``EnhanceConfig()`` where not given.
    sites
        (site, 2) extra positions (x, y) to predict at, full-resolution pixels.
    image_damaged
        (spot,) bool, True where the tissue image is damaged, by a fold, a bubble or a pen: it is
        not looked at there, nor at sites to which such a spot is the nearest.

    Raises
    ------
    MaskError
        When the mask or the sites do not fit the section, or no spot is left to learn from.
    GeneNotFound
        When a gene of ``config.genes`` is not in the section.
    EnhancementFailed
        When the method cannot run on this section.
    """
    return drain(enhance_steps(section, lost, config, sites, image_damaged))


def enhance_steps(
    section: Section,
    lost: ArrayLike | None = None,
    config: EnhanceConfig | None = None,
    sites: ArrayLike | None = None,
    image_damaged: ArrayLike | None = None,
) -> Steps[Enhancement]:
    """Do what ``enhance`` does, one Progress at a time; closing the generator cancels the run."""
    started = time.perf_counter()
    config = by_name(section, config or EnhanceConfig())
    lost = check_lost(section, lost)
    damaged = check_lost(section, image_damaged, "image_damaged")
    observed = _observed(section, lost)
    targets = target_sites(section, ~observed, sites, config.upscale)
    genes = _genes(section, config)
    way = {"section": _enhance_section, "factors": _enhance_factors, "genes": _enhance_genes}
    steps = way[METHODS[config.method].works_on]
    shown = (yield from _shown(section, targets, config, damaged)) if config.sees_image else None
    seen = Seen(section.counts[observed], section.totals[observed], section.xy[observed])
    decoder, totals, findings = yield from steps(section, seen, targets, genes, config, shown)
    if config.sees_image and config.features is None and section.images and shown is None:
        why = "image_blank" if looked_at(section) else "image_elsewhere"
        findings = {**findings, why: 1.0}
    totals[targets.measured] = seen.totals
    extra = targets.xy[targets.n_spots :][
        targets.provenance[targets.n_spots :] == Provenance.UNMEASURED
    ]
    seconds = time.perf_counter() - started
    record = RunRecord.of(section, config, lost, extra, seconds, findings, damaged)
    return Enhancement(section, targets, decoder, totals, record)


def _enhance_section(
    section: Section,
    seen: Seen,
    targets: Sites,
    genes: NDArray[np.intp],
    config: EnhanceConfig,
    shown: Shown | None,
) -> Steps[Modelled]:
    """Model all spatial factors and the library size together, decode genes later."""
    unit, measured = spacing(seen.xy), targets.measured
    units = seen.xy / unit
    factors = yield from fit_spatial_factors(
        seen.counts, units, config.n_factors, median_total=section.median_total, seed=config.seed
    )
    with one_blas_thread():
        maps, trust = yield from _maps(section, seen, factors, units, targets, config, shown)
    tissue, size = maps.columns(slice(-1)), maps.columns(slice(-1, None))
    if config.denoise and len(units) >= SMALLEST:
        own = yield from own_evidence(seen.counts, units, factors, config.seed)
        plain = factors.n_plain
        beyond = (factors.scores - tissue.denoised)[:, :plain]
        tissue.denoised[:, :plain] += beyond @ own / factors.plain_share
    values = lognorm(seen.counts, seen.totals, section.median_total)
    yield Progress("tuning the decoder", 0, 3)
    factors = tune_loadings(values, factors, tissue.kriged_left_out)
    yield Progress("tuning the decoder", 1, 3)
    noise = _noise(section, seen, targets, genes, factors, tissue.others)
    yield Progress("tuning the decoder", 2, 3)
    var = _merge(measured, tissue.denoised_var, tissue.var)
    decoder = FactorDecoder(
        section.genes[genes],
        factors if len(genes) == len(section.genes) else factors.subset(genes),
        _merge(measured, tissue.denoised, tissue.mean),
        np.sqrt(var * noise.at_sites[:, None]),
        noise,
    )
    expected = _merge(measured, size.denoised, size.mean)[:, 0]
    return decoder, np.exp(expected, dtype=np.float64), trust.findings()


def _maps(
    section: Section,
    seen: Seen,
    factors: SpatialFactors,
    units: NDArray[np.float64],
    targets: Sites,
    config: EnhanceConfig,
    shown: Shown | None,
) -> Steps[tuple[TissueMaps, Trust]]:
    """Factors and library size at spots and at the other targets, and what was trusted.

    ``units`` (spot, 2) are positions in spacings. Where the image is used but cannot speak for a
    site, that site is predicted without it.
    """
    measured = targets.measured
    others = targets.xy[~measured] / spacing(seen.xy)
    here = None if shown is None else shown.components[measured]
    trust = yield from look_at_hidden_spots(
        seen.counts, units, here, config, section.lattice, section.median_total
    )
    attention = Transformer(config, section.lattice, trust.network)
    depth = np.log(seen.totals)[:, None]
    if shown is None or here is None or trust.image is None or not trust.image.used:
        return (yield from attention.maps(units, factors, depth, others)), trust
    pair = (here, shown.components[~measured])
    maps = yield from attention.maps(units, factors, depth, others, pair)
    blind = np.flatnonzero(shown.blind[~measured])
    if len(blind):
        alone = yield from attention.maps(units, factors, depth, others[blind])
        maps.mean[blind], maps.var[blind] = alone.mean, alone.var
    return maps, trust


def _shown(
    section: Section, targets: Sites, config: EnhanceConfig, damaged: NDArray[np.bool_]
) -> Steps[Shown | None]:
    """What the tissue image, or a person's own features, show at the targets (target, component).

    Where a target is no spot, a person's features are the mean of those of the spots around.
    Where the image is damaged (spot,), or looks like no measured spot, these are asked instead.
    """
    spots, between = cKDTree(section.xy), targets.xy[targets.n_spots :]
    if config.features is None:
        words = yield from tissue_words(section)
        if words is None:
            return None
        features = words.at(targets.xy)
    else:
        own = np.where(damaged[:, None], np.nan, section.features(config.features))
        near = spots.query(between, range(1, min(4, section.n_spots) + 1))[1]
        features = np.vstack([own, own[near].mean(1)])
    features[np.concatenate([damaged, damaged[spots.query(between)[1]]])] = np.nan
    return filled(components(features), targets.xy, targets.measured)


def _merge(measured: NDArray[np.bool_], at_spots: FloatArray, at_sites: FloatArray) -> FloatArray:
    """Rows of all targets, in order: measured spots and the other sites."""
    merged = np.empty((len(measured), at_spots.shape[1]), np.float32)
    merged[measured], merged[~measured] = at_spots, at_sites
    return merged


def _enhance_factors(
    section: Section,
    seen: Seen,
    targets: Sites,
    genes: NDArray[np.intp],
    config: EnhanceConfig,
    shown: Shown | None,
) -> Steps[Modelled]:
    """Model a few spatial factors and the library size, decode genes later."""
    factors = yield from fit_factors(
        seen.counts, config.n_factors, median_total=section.median_total, seed=config.seed
    )
    depth = np.log(seen.totals)[:, None].astype(np.float32)
    make = partial(make_method, config, section.lattice)
    pair, findings = None, {}
    if shown is not None:
        here = shown.components[targets.measured]
        image = yield from image_helps(
            seen.counts, seen.xy, here, config, make, section.median_total
        )
        pair, findings = ((here, shown.components) if image.used else None), image.findings()
    columns, method = np.hstack([factors.scores, depth]), make()
    mean, std = yield from krige_with_image(method, seen.xy, columns, targets.xy, pair)
    totals, tissue = np.exp(mean[:, -1], dtype=np.float64), slice(-1)
    std, noise = None if std is None else std[:, tissue], None
    if isinstance(method, FactorMethod):
        mean_of_others, var = yield from left_out(method, columns, pair)
        others = LeftOut(mean_of_others[:, tissue], var[:, tissue])
        noise = _noise(section, seen, targets, genes, factors, others)
        if std is not None:
            std = std * np.sqrt(noise.at_sites)[:, None]
    chosen = factors if len(genes) == len(section.genes) else factors.subset(genes)
    decoder = FactorDecoder(section.genes[genes], chosen, mean[:, tissue], std, noise)
    return decoder, totals, findings


def _noise(
    section: Section,
    seen: Seen,
    targets: Sites,
    genes: NDArray[np.intp],
    factors: Factors,
    others: LeftOut,
) -> Noise:
    """What measurements add to the genes asked for, from how the others predict each spot."""
    unit = spacing(seen.xy)
    values = lognorm(seen.counts, seen.totals, section.median_total)
    noise = gene_noise(values, factors, others)
    scale = noise_in_space(values, factors, others, noise, seen.xy / unit, targets.xy / unit)
    half = half_count(seen.totals, section.median_total)
    held = coverage(values, factors, others, noise, scale[targets.measured], half)
    return Noise(noise[genes], scale, held.subset(genes))


def _enhance_genes(
    section: Section,
    seen: Seen,
    targets: Sites,
    genes: NDArray[np.intp],
    config: EnhanceConfig,
    shown: Shown | None,
) -> Steps[Modelled]:
    """Predict genes one by one, in batches, into a store on disk."""
    depth = make_method(config.model_copy(update={"method": "kriging"}), section.lattice)
    yield from depth.fit(seen.xy, np.log(seen.totals)[:, None].astype(np.float32))
    expected = np.exp((yield from depth.predict(targets.xy, slice(None))).mean[:, 0].astype(float))
    method = make_method(config, section.lattice)
    reads_counts = method.scale == "counts"
    values = (
        seen.counts if reads_counts else lognorm(seen.counts, seen.totals, section.median_total)
    )
    yield from method.fit(seen.xy, DenseColumns(values))
    store = GeneStore(section.genes[genes], len(targets))
    for start in range(0, len(genes), GENES_AT_ONCE):
        yield Progress("predicting genes", start, len(genes))
        batch = np.arange(start, min(start + GENES_AT_ONCE, len(genes)))
        mean, _ = yield from method.predict(targets.xy, genes[batch])
        mean = np.maximum(mean, 0)
        if reads_counts:  # predicted counts over the library size that goes with them
            mean = np.log1p(mean * (section.median_total / expected)[:, None].astype(np.float32))
        store.put(batch, mean)
    return store, expected, {}


class DenseColumns:
    """A sparse matrix (spot, column) that gives its columns dense, a batch at a time."""

    def __init__(self, matrix: sp.csc_matrix) -> None:
        self._matrix = matrix
        self.shape: tuple[int, int] = matrix.shape

    def __getitem__(self, key: tuple[slice, NDArray[np.intp] | slice]) -> FloatArray:
        return np.asarray(self._matrix[key].toarray(), np.float32)


def _observed(section: Section, lost: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(spot,) True where a spot can be learned from: not lost and not without counts."""
    observed = check_observed(section, lost)
    empty = int((~observed & ~lost).sum())
    if empty:
        warnings.warn(
            f"{some(empty, 'spot has', 'spots have')} no counts at all: treated as lost.",
            StentransWarning,
            stacklevel=2,
        )
    return observed


def by_name(section: Section, config: EnhanceConfig) -> EnhanceConfig:
    """Settings with other names of genes, such as HER2, replaced by those of the section.

    A record is so repeated where no table of gene names is.

    Raises
    ------
    GeneNotFound
        When the section has no such gene.
    """
    if config.genes is None or all(gene in section.genes for gene in config.genes):
        return config
    names = tuple(str(section.genes[section.gene_index(gene)]) for gene in config.genes)
    return config.model_copy(update={"genes": names})


def _genes(section: Section, config: EnhanceConfig) -> NDArray[np.intp]:
    """Columns of the genes that a run is asked for."""
    if config.genes is None:
        return np.arange(len(section.genes))
    names = pd.unique(np.array(config.genes, object))
    return np.array([section.gene_index(g) for g in names], np.intp)
