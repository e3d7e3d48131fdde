"""The default method: kriging of spatial factors, refined by attention over the nearest spots.

``_run`` reads from top to bottom: factors, what pays on hidden spots, maps of the factors window by
window (kriging, then the network), decoding, uncertainty. The network was fitted to simulated
tissue; on the section nothing is trained, so a run takes seconds and the same input gives the same
numbers. Sections too small for it are kriged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.decoders import FactorDecoder
from napari_stentrans.device import one_blas_thread
from napari_stentrans.factors import lognorm
from napari_stentrans.method_table import Method, Rates
from napari_stentrans.methods.base import Prediction
from napari_stentrans.methods.calibration import noise_of, tune_loadings
from napari_stentrans.methods.doubt import doubted, suspect
from napari_stentrans.methods.transformer.factors import fit_spatial_factors
from napari_stentrans.methods.transformer.holdout_check import Trusted, check
from napari_stentrans.methods.transformer.maps import SMALLEST, Mapper
from napari_stentrans.methods.transformer.own_counts import own_evidence
from napari_stentrans.progress import Progress, Stage, named
from napari_stentrans.run_inputs import Modelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.methods.transformer.factors import SpatialFactors
    from napari_stentrans.methods.transformer.maps import TissueMaps
    from napari_stentrans.progress import Steps
    from napari_stentrans.run_inputs import RunInputs


def _run(inputs: RunInputs) -> Steps[Modelled]:
    """Model all spatial factors and the library size together, decode genes later."""
    section, seen, genes = inputs.section, inputs.seen, inputs.genes
    factors = yield from fit_spatial_factors(
        seen.counts,
        inputs.units,
        inputs.n_factors,
        median_total=section.median_total,
        seed=inputs.seed,
    )
    with one_blas_thread():
        trusted = yield from check(inputs)
        maps = yield from _maps(inputs, factors, trusted)
    tissue, size = maps.columns(slice(-1)), maps.columns(slice(-1, None))
    if inputs.config.denoise and len(seen.xy) >= SMALLEST:
        own = yield from own_evidence(seen.counts, inputs.units, factors, inputs.seed)
        plain = factors.n_plain
        beyond = (factors.scores - tissue.denoised)[:, :plain]
        tissue.denoised[:, :plain] += beyond @ own / factors.plain_share
    values = lognorm(seen.counts, seen.totals, section.median_total)
    yield Progress(Stage.DECODER, 0, 3)
    factors = tune_loadings(values, factors, tissue.kriged_left_out)
    yield Progress(Stage.DECODER, 1, 3)
    noise = noise_of(inputs, factors, tissue.others)
    yield Progress(Stage.DECODER, 2, 3)
    decoder = FactorDecoder(
        section.genes[genes],
        factors if len(genes) == len(section.genes) else factors.subset(genes),
        inputs.whole(tissue.denoised, tissue.mean),
        np.sqrt(inputs.whole(tissue.denoised_var, tissue.var) * noise.at_sites[:, None]),
        noise,
    )
    expected = np.exp(inputs.whole(size.denoised, size.mean)[:, 0], dtype=np.float64)
    return Modelled(decoder, expected, trusted.findings(inputs.evidence))


def _maps(inputs: RunInputs, factors: SpatialFactors, trusted: Trusted) -> Steps[TissueMaps]:
    """Factors and library size at spots and at the other targets.

    Sites for which some of the evidence cannot speak are predicted without it; in holes it is
    doubted where it disagrees with the spots around.
    """
    used, measured = trusted.looked.used(inputs.evidence), inputs.targets.measured
    mapper, at_sites = Mapper(inputs.config.device, trusted.network), np.flatnonzero(~measured)
    depth = np.log(inputs.seen.totals)[:, None]

    def at(
        sites: NDArray[np.intp], mute: NDArray[np.bool_], *, only_sites: bool = True
    ) -> Steps[TissueMaps]:
        heard = [k for k, silent in zip(used, mute, strict=True) if not silent]
        pairs = [k.pair(measured, at_sites[sites]) for k in heard]
        steps = mapper.maps(
            inputs.units, factors, depth, inputs.others[sites], pairs, only_sites=only_sites
        )
        return (yield from steps)

    every, none = np.arange(len(inputs.others)), np.zeros(len(used), bool)
    maps = yield from at(every, none, only_sites=False)
    if not used:
        return maps
    blind = np.column_stack([known.blind[~measured] for known in used])
    for mute in np.unique(blind[blind.any(1)], axis=0):
        sites = np.flatnonzero((blind == mute).all(1))
        alone = yield from named(Stage.DOUBTING, at(sites, mute))
        maps.mean[sites], maps.var[sites] = alone.mean, alone.var
    blind |= [known.kind.spoilt for known in used]
    doubtful = suspect(inputs, used)[~measured]
    for mute in np.unique(blind[doubtful], axis=0):
        sites = np.flatnonzero(doubtful & (blind == mute).all(1))
        alone = yield from named(Stage.DOUBTING, at(sites, mute))
        with_it = Prediction(maps.mean[sites], np.sqrt(maps.var[sites]))
        maps.var[sites] = doubted(with_it, Prediction(alone.mean, np.sqrt(alone.var))) ** 2
    return maps


METHODS = [
    Method(
        name="transformer",
        summary=(
            "Kriging, corrected by a small network that has learned from simulated tissue how "
            "borders and layers look: the most accurate, takes seconds, says how sure it is."
        ),
        run=_run,
        rates=Rates(0.05, 2.0e-3, 4.0e-4, 4.5e-7, 0.0, 60, 10_000, 2_000),
        n_factors=30,
        evidence=True,
        evidence_rates=(1.0, 5.0e-3, 150e6),
        std=True,
        settings=("factors",),
    )
]
