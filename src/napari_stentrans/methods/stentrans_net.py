"""The published stEnTrans network: one gene map in, a map of twice the resolution out.

A small Vision Transformer (arXiv 2407.08224): patches of p x p spots become tokens of
E = 4 p^2 numbers, attention lets the patches look at each other, and a token's E numbers are
read back as four channels for each of its p x p spots, which are woven into the finer map.
Written from the description of the method; names of the weights are those of the published
program, so that weights can be compared.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEW_TOKENS = 48
"""Up to so many patches in a map, attention spelled out is the faster one on a CPU."""


class Attention(nn.Module):
    """Multi-head self-attention between the patches of one map."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(map, token, width) -> the same shape."""
        maps, tokens, width = x.shape
        qkv = self.qkv(x).view(maps, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (map, head, token, width / heads)
        seen = attend(q, k, v)
        out: Tensor = self.proj(seen.transpose(1, 2).reshape(maps, tokens, width))
        return out


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scaled dot-product attention; all (map, head, token, part of the width)."""
    tokens, width = q.shape[2:]
    if q.device.type != "cpu" or tokens > FEW_TOKENS:
        return F.scaled_dot_product_attention(q, k, v)
    # The fused kernel is made for long rows of tokens and takes up to twice as long for a dozen.
    # With keys as rows, softmax runs along whole vectors of queries instead of a few numbers.
    weight: Tensor = (k @ q.transpose(2, 3) * width**-0.5).softmax(2)
    return weight.transpose(2, 3) @ v


class MLP(nn.Module):
    """Two layers with a GELU between them, for each token alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 2 * width)
        self.fc2 = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(map, token, width) -> the same shape."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Pre-norm Transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = MLP(width)

    def forward(self, x: Tensor) -> Tensor:
        """(map, token, width) -> the same shape."""
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class PatchEmbed(nn.Module):
    """One token for each patch of p x p spots, row-major."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, width, kernel_size=patch, stride=patch)

    def forward(self, maps: Tensor) -> Tensor:
        """(map, 1, row, column) -> (map, token, width)."""
        tokens: Tensor = self.proj(maps).flatten(2).transpose(1, 2)
        return tokens


class StentransNet(nn.Module):
    """The whole network.

    Parameters
    ----------
    patch
        Side p of a patch, in spots.
    heads
        Attention heads; they must divide 4 p^2.
    depth
        Number of Transformer blocks.
    residual
        Add the input to each output channel, as in the paper's figure. The published program
        leaves it out.
    """

    def __init__(self, patch: int, heads: int, depth: int = 12, *, residual: bool = False) -> None:
        super().__init__()
        self.patch, self.width, self.residual = patch, 4 * patch**2, residual
        self.patch_embed = PatchEmbed(patch, self.width)
        self.blocks = nn.ModuleList(Block(self.width, heads) for _ in range(depth))
        self.register_buffer("position", torch.empty(0, self.width), persistent=False)
        self.position: Tensor

    def forward(self, maps: Tensor) -> Tensor:
        """Four channels for each spot.

        Parameters
        ----------
        maps
            (map, 1, H, W); H and W are multiples of the patch size.

        Returns
        -------
        Tensor
            (map, 4, H, W): the sites (even, even), (even, odd), (odd, even), (odd, odd) of the
            2H x 2W map.
        """
        x = self.patch_embed(maps)
        x = x + self._positions(x.shape[1])
        for block in self.blocks:
            x = block(x)
        channels = self._reverse_embed(x, *maps.shape[2:])
        return channels + maps if self.residual else channels

    def upsample(self, maps: Tensor) -> Tensor:
        """(map, H, W) of any size -> (map, 2H, 2W), measured spots at the even rows and columns."""
        rows, columns = maps.shape[1:]
        padded = F.pad(maps, (0, -columns % self.patch, 0, -rows % self.patch))
        return weave(self(padded[:, None]))[:, : 2 * rows, : 2 * columns]

    def _positions(self, tokens: int) -> Tensor:
        """Position code (token, width) of a map's tokens, kept from call to call."""
        if len(self.position) != tokens:
            self.position = position_code(tokens, self.width).to(self.position)
        return self.position

    def _reverse_embed(self, x: Tensor, rows: int, columns: int) -> Tensor:
        """(map, token, 4 p^2) -> (map, 4, H, W): each token holds (p x p spots, 4 channels)."""
        p = self.patch
        x = x.view(len(x), rows // p, columns // p, p, p, 4)
        return x.permute(0, 5, 1, 3, 2, 4).reshape(len(x), 4, rows, columns)


def position_code(tokens: int, width: int) -> Tensor:
    """Make the fixed position code (token, width).

    For token t and even i: sin(t / 10000^(2i/E)) at i and cos of the same at i + 1. That i is
    doubled although it is even already is how it was published.
    """
    i = torch.arange(0, width, 2, dtype=torch.float64)
    angle = torch.arange(tokens, dtype=torch.float64)[:, None] / 10000 ** (2 * i / width)
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1).float()


def weave(channels: Tensor) -> Tensor:
    """(map, 4, H, W) -> (map, 2H, 2W): channel 2a + b goes to the sites (2r + a, 2c + b)."""
    return F.pixel_shuffle(channels, 2)[:, 0]


def masked_loss(predicted: Tensor, target: Tensor, in_tissue: Tensor) -> Tensor:
    """Mean over all sites, in tissue or not, of the squared error in the tissue.

    Parameters
    ----------
    predicted, target
        (map, row, column).
    in_tissue
        (row, column) 1 in the tissue, 0 elsewhere.
    """
    return ((predicted - target).square() * in_tissue).mean()
