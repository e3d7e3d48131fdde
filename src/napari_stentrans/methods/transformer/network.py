"""The network: attention over the nearest observed spots, as a residual over kriging.

Tokens are spots; a target attends to its NEIGHBOURS nearest observed spots, so cost is linear in
spots and any lattice and any hole will do. Attention weights come from distance and from how alike
two tissues are (squared differences of factor maps, under learned metrics); there is one set of
weights for all factors. A gate per factor and target, which sees how far the factor reaches, how
sure kriging is and what the evidence says, decides how far to move away from kriging.

Values enter linearly, so the network does not care for the sign, the order or the number of the
factors. Gates start at zero, which is kriging exactly. Its 3,900 parameters are a prior on tissue,
fitted to simulated tissue by scripts/train_prior.py; nothing is trained on the section itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn
from torch.nn.functional import softplus

from napari_stentrans.methods.transformer.window_kriging import TISSUE_SCALES, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.grid_kriging import Ticks

NEIGHBOURS = 64
FAR = 100.0
"""Spots farther than this, in spacings, are padding."""
TARGETS_AT_ONCE = 512
WEIGHTS = Path(__file__).with_name("network.pt")
PER_TARGET = ("distance", "index", "mean", "log_sd", "tissue_mean")
PER_SPOT = ("values", "smooth", "loo")

Batch = dict[str, Tensor]


class Layer(nn.Module):
    """One round of attention; its estimates steer the next round's likeness of tissue.

    Parameters
    ----------
    heads
        Attention heads; each gives a mean of the neighbours' values and one of their smooth maps.
    metrics
        Learned ways to weigh the factors when two tissues are compared.
    hidden
        Width of the small networks for attention and gates.
    """

    def __init__(self, heads: int = 8, metrics: int = 4, hidden: int = 32) -> None:
        super().__init__()
        self.metric = nn.Sequential(nn.Linear(3, 16), nn.GELU(), nn.Linear(16, metrics))
        seen = 4 + 2 * metrics + 2
        self.logit = nn.Sequential(nn.Linear(seen, hidden), nn.GELU(), nn.Linear(hidden, heads))
        experts = 2 * heads + len(TISSUE_SCALES)
        self.gate = nn.Sequential(nn.Linear(12, hidden), nn.GELU(), nn.Linear(hidden, experts))
        for parameter in self.gate[2].parameters():
            nn.init.zeros_(parameter)

    def forward(self, m: Tensor, b: Batch, values: Tensor, smooth: Tensor, loo: Tensor) -> Tensor:
        """Move the estimate m (batch, target, factor) by what the neighbours say.

        ``values``, ``smooth`` and ``loo`` are (batch, target, neighbour, factor).
        """
        weight = self._attention(m, b, smooth, loo)  # batch, target, head, neighbour
        experts = torch.cat(
            [weight @ values, weight @ smooth, b["tissue_mean"].transpose(2, 3)], 2
        ).transpose(2, 3)
        gate = self._gates(m, b, weight, smooth)
        return m + (gate * (experts - m[..., None])).sum(-1)

    def _attention(self, m: Tensor, b: Batch, smooth: Tensor, loo: Tensor) -> Tensor:
        distance, here = b["distance"], m[:, :, None]
        metric = softplus(self.metric(b["stats"])) * b["weight"][..., None]
        metric = (metric / (metric.sum(1, keepdim=True) + 1e-3))[:, None]
        near = torch.log(distance + 0.2)
        place = torch.stack([distance, near, distance**2 / 10, near - near[..., :1]], -1)
        unlike = [torch.log((x - here) ** 2 @ metric + 0.01) for x in (smooth, loo)]
        section = b["section"][:, None, None].expand(*distance.shape, 2)
        logits = self.logit(torch.cat([place, *unlike, section], -1))
        logits = logits.masked_fill((distance > FAR)[..., None], -1e9)
        return torch.as_tensor(logits.softmax(2).transpose(2, 3))

    def _gates(self, m: Tensor, b: Batch, weight: Tensor, smooth: Tensor) -> Tensor:
        """How far to move towards each expert, (batch, target, factor, expert)."""
        unlike = (smooth - m[:, :, None]) ** 2 @ b["energy"][:, None, :, None]
        spread = torch.log((weight @ unlike)[..., 0].mean(-1) + 0.01)[..., None]
        near = torch.log(b["distance"][..., [0, 7]] + 0.2)
        section = b["section"][:, None, :1].expand(*spread.shape)
        target = torch.cat([near, spread, section], -1)[:, :, None]
        seen = [b["stats"][:, None], b["log_sd"][..., None], target, b["tissue_gain"][:, None]]
        seen = [*seen, b["gain"][:, None, None]]
        gates: Tensor = self.gate(torch.cat([x.expand(*m.shape, x.shape[-1]) for x in seen], -1))
        return gates


class Network(nn.Module):
    """The whole network: ``layers`` rounds of attention over a batch of windows."""

    def __init__(self, layers: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Layer() for _ in range(layers)])

    def forward(self, b: Batch) -> list[Tensor]:
        """Return the estimates (batch, target, factor) after each layer, the last one the best."""
        energy = b["signal"] * b["share"]
        b = b | {"weight": energy / b["share"].mean(1, keepdim=True)}
        b["energy"] = energy / energy.sum(1, keepdim=True)
        b["gain"] = (b["tissue_gain"] * b["energy"][..., None]).sum(1)
        b["section"] = torch.stack([energy.sum(1) / b["share"].sum(1), b["log_n"] - 5], -1)
        row = torch.arange(len(b["index"]), device=b["index"].device)[:, None, None]
        around = [b[name][row, b["index"]] for name in PER_SPOT]
        estimates = [b["mean"]]
        for layer in self.layers:
            estimates.append(layer(estimates[-1], b, *around))
        return estimates[1:]


def tensors(window: Window, at: slice = slice(None)) -> Batch:
    """Make a batch of one window; ``at`` picks targets. A target that is a spot sees the others."""
    itself = int(window.targets is window.xy)
    k = min(NEIGHBOURS, len(window.xy) - itself)
    distance, index = cKDTree(window.xy).query(window.targets[at], np.arange(1, k + itself + 1))
    padding = ((0, 0), (0, NEIGHBOURS - k))
    signal = window.signal
    stats = [np.log(signal / (1 - signal)), window.log_length, window.prominence]
    arrays = {
        "distance": np.pad(distance[:, itself:], padding, constant_values=10 * FAR),
        "values": window.values,
        "smooth": window.smooth,
        "loo": window.loo,
        "mean": window.mean[at],
        "log_sd": np.log(window.var[at]) / 2,
        "tissue_mean": window.tissue_mean[at],
        "tissue_gain": window.tissue_gain,
        "signal": signal,
        "share": window.share,
        "log_n": np.log(len(window.xy)),
        "stats": np.stack(stats, -1),
    }
    batch = {name: torch.as_tensor(np.asarray(a, np.float32))[None] for name, a in arrays.items()}
    return batch | {"index": torch.from_numpy(np.pad(index[:, itself:], padding))[None]}


def load_network(path: Path = WEIGHTS) -> Network:
    """Read the weights that come with the package."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Network(layers=1 + max(int(name.split(".")[1]) for name in state))
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


def refine(
    model: Network, window: Window, device: torch.device | None = None
) -> Ticks[NDArray[np.float64]]:
    """Return the network's estimate (target, factor) at the targets of one window."""
    refined = np.array(window.mean, float)
    for start in range(0, len(refined), TARGETS_AT_ONCE):
        at = slice(start, start + TARGETS_AT_ONCE)
        batch = {name: tensor.to(device) for name, tensor in tensors(window, at).items()}
        with torch.no_grad():
            refined[at] = model(batch)[-1][0].cpu().numpy()
        yield
    return refined
