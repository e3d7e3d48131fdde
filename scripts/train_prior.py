"""Fit the prior of the method "transformer" to simulated tissue.

    python scripts/train_prior.py                 # the weights that the package ships
    python scripts/train_prior.py --tissues 260 --steps 300 --out /tmp/network.pt

Half of the tissues are plain Gaussian fields, so that the network learns when to leave kriging
alone. The others mix domains with soft and sharp borders, layers along a warped coordinate,
gradients and hot spots, each with some field of its own. Genes load on them, on factors that are
not spatial (depth) and on noise. What the network sees is then computed as on a real section: SVD
of the observed spots, kriging, kriging within the tissue. It never sees a real section.

Every draw is seeded. About 4 minutes to simulate and 5 to train on one core.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_stentrans.methods.transformer.network import (
    PER_SPOT,
    PER_TARGET,
    WEIGHTS,
    Network,
    tensors,
)
from napari_stentrans.methods.transformer.window_kriging import krige
from napari_stentrans.progress import drain
from napari_stentrans.spacing import typical_spacing

if TYPE_CHECKING:
    from numpy.random import Generator as Rng

FACTORS, MOST_OBSERVED, MOST_TARGETS = 20, 240, 80
BATCH, TARGETS_DRAWN, VALIDATION, REPORT = 12, 32, 200, 300
RATE, WARM_UP = 3e-3, 100

Array = np.ndarray
Example = dict[str, Array]


def log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def field(rng: Rng, p: Array, length: float, nu: int = 0, waves: int = 96) -> Array:
    """A Gaussian field at p (spot, 2) by random waves: squared exponential, or Matern-nu/2."""
    w = rng.normal(size=(waves, 2)) / length
    if nu:
        w /= np.sqrt(rng.chisquare(nu, size=(waves, 1)) / nu)
    phase = rng.uniform(0, 2 * np.pi, waves)
    return np.sqrt(2 / waves) * np.cos(p @ w.T + phase).sum(1)


def any_field(rng: Rng, p: Array, low: float, high: float) -> Array:
    return field(rng, p, log_uniform(rng, low, high), int(rng.choice([1, 3, 0])))


def scaled(values: Array) -> Array:
    return (values - values.mean()) / (values.std() + 1e-6)


def lattice(rng: Rng, n: int) -> tuple[Array, Array, bool]:
    """Spots inside an irregular outline: positions, rows and columns, whether hexagonal."""
    size, hexagonal = int(np.sqrt(n) * 1.8) + 3, rng.random() < 0.5
    columns = 2 * size if hexagonal else size
    rc = np.indices((size, columns)).reshape(2, -1).T
    if hexagonal:
        rc = rc[rc.sum(1) % 2 == 0]
    p = rc * (np.array([np.sqrt(3) / 2, 0.5]) if hexagonal else 1.0)
    q, aspect, radius = p - p.mean(0), rng.uniform(0.6, 1.6), np.sqrt(n)
    edge = np.linalg.norm(q, axis=1) / radius * (1 + 0.5 * rng.random() * np.sign(q[:, 0]))
    edge += rng.uniform(0, 0.35) * field(rng, p, rng.uniform(3, 10))
    edge += 0.3 * (np.abs(q[:, 0]) * aspect - np.abs(q[:, 1]) / aspect) / radius
    keep = np.sort(np.argsort(edge)[:n])
    return p[keep], rc[keep], hexagonal


class Tissue:
    """A tissue with domains and layers, and the latent fields that follow them."""

    def __init__(self, rng: Rng, p: Array) -> None:
        self.rng, self.p, size = rng, p, np.sqrt(len(p))
        count = rng.integers(3, 8)
        levels = np.array([field(rng, p, rng.uniform(2, 0.35 * size + 2)) for _ in range(count)]).T
        sharpness = log_uniform(rng, 1.5, 30)
        self.domains = np.exp(sharpness * (levels - levels.max(1, keepdims=True)))
        self.domains /= self.domains.sum(1, keepdims=True)
        depth = field(rng, p, rng.uniform(0.25, 0.9) * size) * rng.uniform(0.3, 1.5)
        depth += p @ rng.normal(size=2) / size * rng.uniform(0, 3)
        self.depth = (depth - depth.min()) / (np.ptp(depth) + 1e-9)

    def fields(self) -> Array:
        """3 to 10 latent fields (spot, field) of unit variance."""
        rng = self.rng
        makers = [self.gaussian, self.of_domains, self.layers, self.gradient, self.hot_spots]
        odds = rng.dirichlet([0.6, 0.7, 0.7, 0.25, 0.25])
        plain, own = rng.random() < 0.45, rng.uniform(0, 1.2)
        found = []
        for _ in range(rng.integers(3, 11)):
            shared = scaled(makers[0 if plain else rng.choice(5, p=odds)]())
            found.append(scaled(shared + rng.uniform(0, own) * any_field(rng, self.p, 1, 10)))
        return np.array(found).T

    def gaussian(self) -> Array:
        fine = any_field(self.rng, self.p, 1, 12)
        return fine + self.rng.uniform(0, 1) * any_field(self.rng, self.p, 0.7, 20)

    def of_domains(self) -> Array:
        return self.domains @ self.rng.normal(size=self.domains.shape[1])

    def layers(self) -> Array:
        rng, total = self.rng, np.zeros(len(self.p))
        for _ in range(rng.integers(1, 4)):
            offset = (self.depth - rng.random()) / log_uniform(rng, 0.02, 0.25)
            band = rng.random() < 0.6
            shape = np.exp(-0.5 * offset**2) if band else 1 / (1 + np.exp(-5 * offset))
            total += rng.normal() * shape
        return total

    def gradient(self) -> Array:
        return self.p @ self.rng.normal(size=2)

    def hot_spots(self) -> Array:
        rng, total = self.rng, np.zeros(len(self.p))
        for _ in range(rng.integers(1, 6)):
            stretched = (self.p - self.p[rng.integers(len(self.p))]) @ rng.normal(size=(2, 2)) * 0.6
            d = np.linalg.norm(stretched, axis=1) / rng.uniform(0.8, 3)
            total += np.exp(-0.5 * d * d) if rng.random() < 0.6 else d < 1
        return total


def observed_spots(rng: Rng, p: Array, rc: Array, hexagonal: bool) -> Array:
    """Hide lost regions (half of the time), every other row and column (a third), or any spots."""
    n, kind = len(p), rng.random()
    if kind < 0.5:
        lost, fraction = np.zeros(n, bool), rng.uniform(0.06, 0.25)
        while lost.sum() < fraction * n:
            radius, stretch, turn = (
                rng.uniform(1.5, 4.5),
                rng.uniform(0.6, 1.6),
                rng.uniform(0, np.pi),
            )
            rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            d = (p - p[rng.integers(n)]) @ rotation
            lost |= (d[:, 0] / stretch) ** 2 + (d[:, 1] * stretch) ** 2 < radius**2
        return ~lost
    if kind < 0.87:
        a, b = rng.integers(0, 2, 2)
        columns = (rc[:, 1] - a - 2 * b) % 4 == 0 if hexagonal else rc[:, 1] % 2 == b
        return (rc[:, 0] % 2 == a) & columns
    return rng.random(n) > rng.uniform(0.1, 0.5)


def expression(rng: Rng, latent: Array) -> tuple[Array, Array]:
    """Standardised genes (spot, gene), and what of them is spatial."""
    n, genes = len(latent), int(rng.choice([300, 600, 1200]))
    amplitude = rng.gamma(0.5, 1, latent.shape[1]) + 0.05
    load = rng.normal(size=(len(amplitude), genes)) * amplitude[:, None]
    load *= rng.random(load.shape) < rng.uniform(0.2, 1)
    load[0] += amplitude[0] * rng.uniform(0.5, 2) * (rng.random() < 0.6)
    other = rng.normal(size=(n, rng.integers(1, 4)))
    load_other = rng.normal(size=(other.shape[1], genes)) * rng.gamma(0.5, 1, (other.shape[1], 1))
    if rng.random() < 0.6:
        load_other[0] = np.abs(load_other[0]) + 0.5  # depth moves all genes together
    signal, shared = latent @ load, other @ load_other
    signal /= np.sqrt((signal**2).mean())
    shared *= rng.uniform(0.1, 0.7) / np.sqrt((shared**2).mean())
    size = np.sqrt((signal**2).mean(0))
    typical = np.log(rng.choice([0.03, 0.06, 0.12, 0.25]))
    share = np.clip(np.exp(rng.normal(typical, 0.9, genes)), 0.004, 0.9)
    scale = np.where(size > 1e-3, np.sqrt(share) / np.maximum(size, 1e-3), 0)
    depth = np.exp(rng.normal(0, rng.uniform(0, 0.4), (n, 1)))
    noise = np.sqrt(1 - share) * depth * rng.normal(size=(n, genes))
    return (signal + shared) * scale + noise, signal * scale


def example(seed: int) -> Example:
    """One simulated section as the network sees it, with the true factors at the targets."""
    rng = np.random.default_rng(seed)
    while True:
        p, rc, hexagonal = lattice(rng, int(log_uniform(rng, 130, 520)))
        seen = observed_spots(rng, p, rc, hexagonal)
        if 40 <= seen.sum() <= MOST_OBSERVED and (~seen).sum() >= 8:
            break
    y, spatial = expression(rng, Tissue(rng, p).fields())
    mean, sd = y[seen].mean(0), y[seen].std(0) + 1e-6
    z = (y[seen] - mean) / sd
    power, u = np.linalg.eigh(z @ z.T)
    power, u = np.maximum(power[::-1][:FACTORS], 1e-6), u[:, ::-1][:, :FACTORS]
    loadings = u.T @ z / np.sqrt(len(z))
    truth = (spatial - mean) / sd @ loadings.T / (loadings**2).sum(1)
    hidden = rng.permutation(np.flatnonzero(~seen))[:MOST_TARGETS]
    units = p / typical_spacing(p[seen])
    prominence = np.log(power / power[-5:].mean())
    scores = u * np.sqrt(len(z))
    steps = krige(units[seen], scores, units[hidden], power / power.sum(), prominence)
    window = drain(steps)
    found = {name: tensor[0].numpy() for name, tensor in tensors(window).items()}
    origin = truth[seen].mean(0).astype(np.float32)
    return found | {"truth": truth[hidden].astype(np.float32), "origin": origin}


def collate(examples: list[Example], rng: Rng | None = None) -> dict[str, torch.Tensor]:
    """Pad spots, and draw targets (or take the first ones)."""
    most, batch = max(len(e["values"]) for e in examples), {}
    at = []
    for e in examples:
        n = len(e["truth"])
        drawn = rng.choice(n, TARGETS_DRAWN, n < TARGETS_DRAWN) if rng else None
        at.append(np.resize(np.arange(n), TARGETS_DRAWN) if drawn is None else drawn)
    for name in examples[0]:
        rows = [e[name] for e in examples]
        if name in PER_SPOT:
            rows = [np.pad(r, ((0, most - len(r)), (0, 0))) for r in rows]
        elif name in (*PER_TARGET, "truth"):
            rows = [r[s] for r, s in zip(rows, at, strict=True)]
        batch[name] = torch.from_numpy(np.stack(rows))
    return batch


def errors(b: dict[str, torch.Tensor], estimates: list[torch.Tensor]) -> torch.Tensor:
    """Squared error over the field's variance, factors by their share: (estimate, example)."""
    w = (b["share"] / b["share"].sum(1, keepdim=True))[:, None]
    variance = ((b["truth"] - b["origin"][:, None]) ** 2 * w).sum(2).mean(1) + 0.02
    return torch.stack([((e - b["truth"]) ** 2 * w).sum(2).mean(1) / variance for e in estimates])


def train(examples: list[Example], steps: int, seed: int) -> Network:
    rng, check = np.random.default_rng(seed), examples[:VALIDATION]
    rest = sorted(examples[VALIDATION:], key=lambda e: len(e["values"]))  # batches of like size
    model = Network()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda i: min(1, (i + 1) / WARM_UP) * (0.5 * (1 + np.cos(np.pi * i / steps)) + 0.01),
    )
    for step in range(1, steps + 1):
        first = rng.integers(len(rest) - BATCH + 1)
        batch = collate(rest[first : first + BATCH], rng)
        loss = errors(batch, model(batch)).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % REPORT == 0:
            print(f"step {step}: kriging and each layer {validate(model, check)}", flush=True)
    return model


@torch.no_grad()
def validate(model: Network, examples: list[Example]) -> list[float]:
    batches = [collate(examples[i : i + 20]) for i in range(0, len(examples), 20)]
    found = torch.cat([errors(b, [b["mean"], *model(b)]) for b in batches], 1).mean(1)
    return [round(float(x), 4) for x in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in {"tissues": 2600, "steps": 3600, "jobs": 2, "seed": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--out", default=str(WEIGHTS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    start, first = time.time(), arguments.seed * 10**6
    with ProcessPoolExecutor(arguments.jobs) as pool:
        seeds = range(first, first + arguments.tissues)
        examples = list(pool.map(example, seeds, chunksize=25))
    print(f"{len(examples)} tissues in {time.time() - start:.0f} s", flush=True)
    model = train(examples, arguments.steps, arguments.seed)
    torch.save(model.state_dict(), arguments.out)
    print(f"{arguments.out} after {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
