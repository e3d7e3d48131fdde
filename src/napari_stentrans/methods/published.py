"""The published method: stEnTrans (arXiv 2407.08224), each gene map alone.

A network learns to double the resolution of a section from the section itself: its input is
every other row and column, its target the whole. Then it is given the whole and answers with
a map of twice the resolution.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from napari_stentrans.device import Compute
from napari_stentrans.errors import ConfigError, EnhancementFailed, StentransWarning
from napari_stentrans.method_table import Method, Rates
from napari_stentrans.methods.base import FloatArray, Prediction, Values
from napari_stentrans.methods.by_genes import by_genes
from napari_stentrans.methods.packing import PackedSpots
from napari_stentrans.methods.stentrans_net import StentransNet
from napari_stentrans.methods.training import Trainer, maps_of
from napari_stentrans.progress import Progress, Stage, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.lattice import Kind, Lattice


@dataclass(frozen=True)
class Recipe:
    """What the paper uses for one kind of lattice."""

    patch_size: int
    heads: int
    epochs: int


RECIPES: dict[Kind, Recipe] = {
    "square": Recipe(patch_size=3, heads=4, epochs=50),
    "hex": Recipe(patch_size=8, heads=8, epochs=10),
}
SEEN_IN = 0.1
"""Genes seen in more than this share of the spots are trained on."""
STEP_FLOPS = {"cpu": 4e10}
"""Work to do between two signs of life: a fraction of a second on two cores."""


class Published:
    """The published stEnTrans network and its training."""

    def __init__(self, config: EnhanceConfig, lattice: Lattice) -> None:
        """Take the settings; None in ``config.published`` means the paper's value.

        Raises
        ------
        ConfigError
            When the heads do not divide the width 4 p^2.
        EnhancementFailed
            When the lattice is irregular.
        """
        recipe, settings = RECIPES.get(lattice.kind), config.published
        if recipe is None:
            raise EnhancementFailed(
                "The method 'published' needs spots on a square or hex lattice, and these lie on "
                "none. Take 'kriging', 'linear', 'cubic' or 'nearest', which work for any spots."
            )
        self.scale: Literal["lognorm", "counts"] = settings.values
        self._lattice, self._seed, self._settings = lattice, config.seed, settings
        self._patch = settings.patch_size or recipe.patch_size
        self._heads = settings.heads or recipe.heads
        self._epochs = settings.epochs or recipe.epochs
        if 4 * self._patch**2 % self._heads:
            raise ConfigError(
                f"heads must divide 4 x patch_size^2 = {4 * self._patch**2}, got {self._heads}. "
                "Choose for example 4."
            )
        self._device = config.device
        self._fitted: _Fitted | None = None

    def fit(self, xy: NDArray[np.float64], values: Values) -> Steps[None]:
        """Train on values (spot, gene) at observed spots xy (spot, 2), full-resolution pixels.

        Raises
        ------
        EnhancementFailed
            When nothing was seen in any spot, training diverges, or torch fails.
        ConfigError
            When this machine has no such device.

        Warns
        -----
        StentransWarning
            When no gene is seen in enough spots, or memory is short.
        """
        spots = PackedSpots.of(xy, self._lattice)
        genes = yield from _training_genes(values)
        network = self.new_network()
        compute = Compute(self._device, partial(self._at_once, spots.train_shape))
        yield from self._train(network, compute, spots, values, genes)
        self._fitted = _Fitted(network, compute, spots, values)

    def predict(
        self, xy: NDArray[np.float64], columns: NDArray[np.intp] | slice
    ) -> Steps[Prediction]:
        """Predict the given genes at sites xy (site, 2); the network knows no uncertainty.

        Expression is never negative, so neither are the predictions.

        Raises
        ------
        EnhancementFailed
            When nothing was fitted, or torch fails.
        """
        if self._fitted is None:
            raise EnhancementFailed("The method 'published' must be fitted before it predicts.")
        fitted = self._fitted
        wanted = np.arange(fitted.values.shape[1])[columns]
        sites = fitted.spots.sites(xy, self._lattice)
        mean, done = np.empty((len(sites), len(wanted)), np.float32), 0
        while done < len(wanted):
            part = fitted.compute.attempt(partial(fitted.predict, sites, wanted[done:]))
            mean[:, done : done + part.shape[1]] = part
            done += part.shape[1]
            yield Progress(Stage.PREDICTING, done, len(wanted))
        return Prediction(mean, None)

    def new_network(self) -> StentransNet:
        """Make the untrained network; the same seed gives the same weights."""
        with torch.random.fork_rng(devices=[]):  # the user's random numbers stay as they were
            torch.manual_seed(self._seed)
            return StentransNet(
                self._patch, self._heads, self._settings.depth, residual=self._settings.residual
            )

    def _at_once(self, target_shape: tuple[int, int], device: torch.device) -> int:
        """Genes that go through the network at a time; gradients add up to those of a batch."""
        width = 4 * self._patch**2
        patches = np.prod([-(-side // (2 * self._patch)) for side in target_shape])
        # 8 E^2 multiplications for a token in a block, 2 operations each, 3 times for gradients.
        flops = 48 * width**2 * self._settings.depth * patches
        affordable = int(STEP_FLOPS.get(device.type, 100 * STEP_FLOPS["cpu"]) / flops)
        return int(np.clip(affordable, 1, self._settings.batch_size))

    def _train(
        self,
        network: StentransNet,
        compute: Compute,
        spots: PackedSpots,
        values: Values,
        genes: NDArray[np.intp],
    ) -> Steps[None]:
        """Go over the genes in batches, each in as many parts as memory and patience ask for."""
        batches = -(-len(genes) // self._settings.batch_size)
        trainer = Trainer(network, compute, spots, values, self._settings.learning_rate, batches)
        shuffle = np.random.default_rng(self._seed)
        total = self._epochs * len(genes)
        for epoch in range(self._epochs):
            order = shuffle.permutation(genes)
            for start in range(0, len(genes), self._settings.batch_size):
                batch = order[start : start + self._settings.batch_size]
                for done in trainer.learn(batch):
                    seen = epoch * len(genes) + start + done
                    yield Progress(Stage.TRAINING, seen, total, trainer.loss)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A trained network and what it needs to predict."""

    network: StentransNet
    compute: Compute
    spots: PackedSpots
    values: Values

    @torch.no_grad()
    def predict(self, sites: NDArray[np.int64], genes: NDArray[np.intp]) -> FloatArray:
        """(site, gene) values of as many of the genes as go at once."""
        device, genes = self.compute.device, genes[: self.compute.size]
        network = self.network.to(device)
        maps = maps_of(self.values[:, genes], self.spots.cell, self.spots.shape, device)
        finer = network.upsample(maps).flatten(1)
        return finer[:, torch.from_numpy(sites).to(device)].clamp_(min=0).T.cpu().numpy()


def _training_genes(values: Values) -> Steps[NDArray[np.intp]]:
    """Columns of the genes that are seen in enough spots."""
    n_genes, chunk = values.shape[1], 1024
    share = np.zeros(n_genes)
    for start in range(0, n_genes, chunk):
        part = slice(start, min(start + chunk, n_genes))
        share[part] = (values[:, part] > 0).mean(0)
        yield Progress(Stage.CHOOSING, part.stop, n_genes)
    genes = np.flatnonzero(share > SEEN_IN)
    if len(genes):
        return genes
    genes = np.flatnonzero(share)
    if len(genes) == 0:
        raise EnhancementFailed(
            "None of the genes is seen in any observed spot, so there is nothing to learn from. "
            "Choose other genes, or lose fewer spots."
        )
    warnings.warn(
        f"No gene is seen in more than {SEEN_IN:.0%} of the spots, which training asks for; the "
        f"{len(genes)} genes that are seen at all are used.",
        StentransWarning,
        stacklevel=2,
    )
    return genes


def _passes(config: EnhanceConfig, kind: Kind) -> int:
    return config.published.epochs or RECIPES.get(kind, RECIPES["hex"]).epochs


METHODS = [
    Method(
        name="published",
        summary="The stEnTrans network as published: learns each gene map alone, slow on a CPU.",
        run=by_genes(Published),
        rates=Rates(1.0, 1.4e-4, 2.7e-5, 1.5e-7, 3.0e-5, 150, 30_000, 1_000),
        costly=True,
        settings=("published",),
        passes=_passes,
    )
]
