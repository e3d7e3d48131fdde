"""Training of the published network: batches of genes, in as many parts as memory asks for."""

from __future__ import annotations

from collections import deque
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from napari_stentrans.errors import EnhancementFailed
from napari_stentrans.methods.stentrans_net import StentransNet, masked_loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_stentrans.device import Compute
    from napari_stentrans.methods.base import FloatArray, Values
    from napari_stentrans.methods.packing import PackedSpots


class Trainer:
    """One optimiser step for a batch of genes; an epoch has ``batches``."""

    def __init__(
        self,
        network: StentransNet,
        compute: Compute,
        spots: PackedSpots,
        values: Values,
        learning_rate: float,
        batches: int,
    ) -> None:
        self._losses: deque[float] = deque(maxlen=batches)
        self._network, self._compute = network.to(compute.device), compute
        self._spots, self._values = spots, values
        self._adam = torch.optim.Adam(
            network.parameters(), lr=learning_rate, betas=(0.5, 0.6), eps=1e-6, fused=True
        )
        tissue = np.ones((len(spots.train_spot), 1), np.float32)
        self._in_tissue = maps_of(tissue, spots.train_cell, spots.train_shape, torch.device("cpu"))[
            0
        ]

    @property
    def loss(self) -> float | None:
        """Mean of the last epoch, since each batch has other genes; None before the first."""
        return fmean(self._losses) if self._losses else None

    def learn(self, genes: NDArray[np.intp]) -> Iterator[int]:
        """Take one step of Adam; yield after each part how many of the genes are done."""
        loss, done = 0.0, 0
        total: tuple[Tensor, ...] | None = None
        while done < len(genes):
            size, part_loss, part = self._compute.attempt(partial(self._gradients, genes, done))
            total = part if total is None else _added(total, part)
            loss, done = loss + part_loss, done + size
            if done == len(genes):
                self._compute.attempt(partial(self._step, total, loss))
            yield done

    def _gradients(
        self, genes: NDArray[np.intp], done: int
    ) -> tuple[int, float, tuple[Tensor, ...]]:
        """Loss and gradients of the next genes of a batch, and how many these are."""
        device, spots = self._compute.device, self._spots
        part = genes[done : done + self._compute.size]
        observed = self._values[:, part][spots.train_spot]
        target = maps_of(observed, spots.train_cell, spots.train_shape, device)
        network = self._network.to(device)
        predicted = network.upsample(target[:, ::2, ::2])
        loss = masked_loss(predicted, target, self._in_tissue.to(device)) * len(part) / len(genes)
        return len(part), loss.item(), torch.autograd.grad(loss, tuple(network.parameters()))

    def _step(self, gradients: tuple[Tensor, ...], loss: float) -> None:
        if not np.isfinite(loss):
            raise EnhancementFailed(
                f"Training diverged: the loss is {loss}. Choose a lower learning rate, or "
                "log-normalised values."
            )
        parameters = self._network.parameters()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.to(parameter.device)
        self._adam.load_state_dict(self._adam.state_dict())  # to where the parameters are now
        self._adam.step()
        self._losses.append(loss)


def maps_of(
    columns: FloatArray, cell: NDArray[np.int64], shape: tuple[int, int], device: torch.device
) -> Tensor:
    """Lay columns (spot, map) into maps (map, row, column), zero where there is no spot."""
    values = torch.as_tensor(np.ascontiguousarray(columns.T, np.float32), device=device)
    maps = torch.zeros(len(values), shape[0] * shape[1], device=device)
    maps[:, torch.from_numpy(cell).to(device)] = values
    return maps.view(-1, *shape)


def _added(total: tuple[Tensor, ...], part: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Add gradients on the device of the second; that of the first may have been left."""
    return tuple(t.to(p.device).add_(p) for t, p in zip(total, part, strict=True))
