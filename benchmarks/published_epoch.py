"""One training epoch of the method "published" against a plain transcription of the paper.

The transcription makes its position table anew in every forward pass, in Python loops, spells
attention out, and gives a whole batch to autograd at once. From the same weights both must
come to the same numbers. The published program also pads a map by a whole patch where its
sides are multiples of the patch size already; that changes the numbers a little, so it is
timed as a third, separate way.

    python benchmarks/published_epoch.py
"""

from __future__ import annotations

import math
import time
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.lattice import Lattice
from napari_stentrans.methods.packing import PackedSpots
from napari_stentrans.methods.published import RECIPES, Published

if TYPE_CHECKING:
    from numpy.typing import NDArray

GENES, BATCH = 1024, 512


class PlainAttention(nn.Module):
    """Self-attention, spelled out."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.qkv, self.proj = (
            heads,
            nn.Linear(width, 3 * width),
            nn.Linear(width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(map, token, width) -> the same shape."""
        maps, tokens, width = x.shape
        qkv = self.qkv(x).reshape(maps, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        weight = (q @ k.transpose(-2, -1) / math.sqrt(width / self.heads)).softmax(-1)
        return self.proj((weight @ v).transpose(1, 2).reshape(maps, tokens, width))


class PlainBlock(nn.Module):
    """Pre-norm Transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = PlainAttention(width, heads)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(width, 2 * width), "fc2": nn.Linear(2 * width, width)}
        )

    def forward(self, x: Tensor) -> Tensor:
        """(map, token, width) -> the same shape."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class PlainNet(nn.Module):
    """The network as it is written; (map, H, W) in, (map, 2H, 2W) out."""

    def __init__(self, patch: int, heads: int, *, whole_patch: bool, depth: int = 12) -> None:
        super().__init__()
        self.patch, self.width, self.whole_patch = patch, 4 * patch**2, whole_patch
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, self.width, patch, patch)})
        self.blocks = nn.ModuleList(PlainBlock(self.width, heads) for _ in range(depth))

    def position(self, tokens: int) -> Tensor:
        """Position code (token, width)."""
        table = torch.zeros(tokens, self.width)
        for t in range(tokens):
            for i in range(0, self.width, 2):
                table[t, i] = math.sin(t / 10000 ** (2 * i / self.width))
                table[t, i + 1] = math.cos(t / 10000 ** (2 * i / self.width))
        return table

    def forward(self, maps: Tensor) -> Tensor:
        """(map, H, W) -> (map, 2H, 2W)."""
        rows, columns, p = maps.shape[1], maps.shape[2], self.patch
        below, right = p - rows % p, p - columns % p
        if not self.whole_patch:
            below, right = below % p, right % p
        maps = F.pad(maps[:, None], (0, right, 0, below))
        high, wide = maps.shape[2:]
        x = self.patch_embed["proj"](maps).flatten(2).transpose(1, 2)
        x = x + self.position(x.shape[1])
        for block in self.blocks:
            x = block(x)
        x = x.reshape(len(x), high // p, wide // p, p, p, 4).permute(0, 5, 1, 3, 2, 4)
        x = x.reshape(len(x), 4, high, wide)
        finer = torch.zeros(len(x), 2 * high, 2 * wide)
        for channel in range(4):
            finer[:, channel // 2 :: 2, channel % 2 :: 2] = x[:, channel]
        return finer[:, : 2 * rows, : 2 * columns]


def plain_epoch(net: PlainNet, maps: Tensor, in_tissue: Tensor) -> list[float]:
    """Train for one epoch over maps (gene, row, column); the loss of every batch."""
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.6), eps=1e-6)
    losses = []
    for target in maps.split(BATCH):
        loss = ((net(target[:, ::2, ::2]) - target) ** 2 * in_tissue).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return losses


def section(kind: str) -> tuple[Lattice, NDArray[np.float64], NDArray[np.float32]]:
    """Lattice, positions and random counts of a full grid of spots."""
    rc = np.argwhere(np.ones((78, 64) if kind == "hex" else (24, 18))).astype(float)
    if kind == "hex":
        rc[:, 1] = 2 * rc[:, 1] + rc[:, 0] % 2
    xy = rc[:, ::-1] * ([0.5, 3**0.5 / 2] if kind == "hex" else [1, 1])
    counts = np.random.default_rng(0).poisson(2, (len(rc), GENES)).astype(np.float32)
    return Lattice.of(xy, rc), xy, counts


def packed_target(
    xy: NDArray[np.float64], lattice: Lattice, counts: NDArray[np.float32]
) -> tuple[Tensor, Tensor]:
    """Return maps (gene, row, column) to train on, and 1 where they hold a spot."""
    spots = PackedSpots.of(xy, lattice)
    columns = np.column_stack([counts, np.ones(len(xy), np.float32)])
    maps = torch.zeros(columns.shape[1], math.prod(spots.train_shape))
    maps[:, spots.train_cell] = torch.from_numpy(columns[spots.train_spot].T.copy())
    maps = maps.view(-1, *spots.train_shape)
    return maps[:-1], maps[-1]


def compare(kind: str, repeats: int) -> dict[str, float]:
    """Median seconds of an epoch in each way; the ways take turns."""
    lattice, xy, counts = section(kind)
    config = EnhanceConfig(device="cpu", published=PublishedConfig(epochs=1, batch_size=BATCH))
    order = np.random.default_rng(config.seed).permutation(GENES)
    maps, in_tissue = packed_target(xy, lattice, counts[:, order])
    recipe = RECIPES[lattice.kind]
    seconds: dict[str, list[float]] = {"ours": [], "plain": [], "plain, whole patch": []}
    for _ in range(repeats):
        method = Published(config, lattice)
        weights = method.new_network().state_dict()
        start = time.perf_counter()
        losses = [step.loss for step in method.fit(xy, counts) if step.loss is not None]
        seconds["ours"].append(time.perf_counter() - start)
        for way in ("plain", "plain, whole patch"):
            net = PlainNet(recipe.patch_size, recipe.heads, whole_patch=way != "plain")
            net.load_state_dict(weights)
            start = time.perf_counter()
            expected = plain_epoch(net, maps, in_tissue)
            seconds[way].append(time.perf_counter() - start)
            if way == "plain":
                np.testing.assert_allclose(list(dict.fromkeys(losses)), expected, rtol=1e-4)
    return {way: median(taken) for way, taken in seconds.items()}


def measure(repeats: int = 3) -> dict[str, dict[str, float]]:
    """Seconds of an epoch for a hex and a square section, and how much faster ours is."""
    found = {kind: compare(kind, repeats) for kind in ("hex", "square")}
    for seconds in found.values():
        seconds["ratio"] = seconds["plain"] / seconds["ours"]
        seconds["ratio, whole patch"] = seconds["plain, whole patch"] / seconds["ours"]
    return found


if __name__ == "__main__":
    for kind, figures in measure().items():
        for what, figure in figures.items():
            print(f"{kind:8}{what:24}{figure:8.2f}")
