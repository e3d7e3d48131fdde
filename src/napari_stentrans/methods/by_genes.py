"""Methods that predict genes one by one, in batches, into a store on disk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.decoders import GENES_AT_ONCE, GeneStore
from napari_stentrans.factors import lognorm
from napari_stentrans.methods.kriging import Kriging
from napari_stentrans.progress import Progress, Stage, Steps
from napari_stentrans.run_inputs import Modelled

if TYPE_CHECKING:
    from collections.abc import Callable

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from napari_stentrans.methods.base import FloatArray, Predictor
    from napari_stentrans.run_inputs import RunInputs


def by_genes(make: type[Predictor]) -> Callable[[RunInputs], Steps[Modelled]]:
    """Make the ``run`` of a method of a predictor that is given genes."""
    return partial(_run, make)


def _run(make: type[Predictor], inputs: RunInputs) -> Steps[Modelled]:
    section, seen, targets, genes = inputs.section, inputs.seen, inputs.targets, inputs.genes
    depth = Kriging(inputs.config, section.lattice)
    yield from depth.fit(seen.xy, np.log(seen.totals)[:, None].astype(np.float32))
    expected = np.exp((yield from depth.predict(targets.xy, slice(None))).mean[:, 0].astype(float))
    predictor = make(inputs.config, section.lattice)
    reads_counts = predictor.scale == "counts"
    values = (
        seen.counts if reads_counts else lognorm(seen.counts, seen.totals, section.median_total)
    )
    yield from predictor.fit(seen.xy, DenseColumns(values))
    store = GeneStore(section.genes[genes], len(targets))
    for start in range(0, len(genes), GENES_AT_ONCE):
        yield Progress(Stage.GENES, start, len(genes))
        batch = np.arange(start, min(start + GENES_AT_ONCE, len(genes)))
        mean, _ = yield from predictor.predict(targets.xy, genes[batch])
        mean = np.maximum(mean, 0)
        if reads_counts:  # predicted counts over the library size that goes with them
            mean = np.log1p(mean * (section.median_total / expected)[:, None].astype(np.float32))
        store.put(batch, mean)
    return Modelled(store, expected, {})


class DenseColumns:
    """A sparse matrix (spot, column) that gives its columns dense, a batch at a time."""

    def __init__(self, matrix: sp.csc_matrix) -> None:
        self._matrix = matrix
        self.shape: tuple[int, int] = matrix.shape

    def __getitem__(self, key: tuple[slice, NDArray[np.intp] | slice]) -> FloatArray:
        return np.asarray(self._matrix[key].toarray(), np.float32)
