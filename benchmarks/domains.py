"""Domains against a pathologist's labels, and of simulated sections: adjusted Rand index.

    python benchmarks/domains.py --data DIR [--times]

DIR holds NAME.tsv.gz and NAME_labeled_coordinates.tsv of the HER2+ study (github almaan/her2st).
"undetermined" is left out; the number of domains is that of the labels. K-means is the best of 20
starts by its own criterion.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.cluster.vq import kmeans2

from napari_stentrans import Section, enhance, read_section, simulate_section
from napari_stentrans.analysis.agreement import adjusted_rand
from napari_stentrans.analysis.domains import find_domains
from napari_stentrans.analysis.latent import latent_steps, telling_genes
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.analysis.patterns import find_patterns
from napari_stentrans.progress import drain

SIMULATED = {
    "square": {"n_spots": 350, "lattice": "square", "seed": 1, "artefacts": False},
    "spoilt": {"n_spots": 350, "lattice": "square", "seed": 2},
    "shallow": {"n_spots": 600, "seed": 3, "artefacts": False, "depth": 800},
    "hex": {"n_spots": 600, "seed": 4},
}
WEIGHT = 0.3


def labelled(folder: Path, name: str) -> tuple[Section, np.ndarray]:
    section = read_section(folder / f"{name}.tsv.gz")
    table = pd.read_csv(folder / f"{name}_labeled_coordinates.tsv", sep="\t").dropna(subset=["x"])
    at = {
        (round(x), round(y)): str(label)
        for x, y, label in zip(table.x, table.y, table.label, strict=True)
    }
    spots = [tuple(round(float(v)) for v in spot.split("x")) for spot in section.adata.obs_names]
    return section, np.array([at.get(spot, "undetermined") for spot in spots])


def k_means(latent: np.ndarray, n: int) -> np.ndarray:
    best, found = np.inf, None
    for seed in range(20):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a cluster may run empty
            centres, codes = kmeans2(latent, n, minit="++", seed=seed)
        loss = ((latent - centres[codes]) ** 2).sum()
        if loss < best:
            best, found = loss, codes
    return found


def followed(latent: np.ndarray, xy: np.ndarray) -> float:
    """Correlation of distances in the latent space with those in the tissue."""
    one, other = np.random.default_rng(0).integers(len(xy), size=(2, 20_000))
    return float(
        np.corrcoef(
            np.linalg.norm(latent[one] - latent[other], axis=1),
            np.linalg.norm(xy[one] - xy[other], axis=1),
        )[0, 1]
    )


def scores(section: Section, labels: np.ndarray) -> dict[str, float]:
    known = ~np.isin(labels, ("undetermined", "nan"))
    n = len(set(labels[known]))

    def score(codes: np.ndarray) -> float:
        return adjusted_rand(labels[known], codes[known])

    maps, result = Maps.of(section), enhance(section)
    raw = drain(latent_steps(maps.columns, telling_genes(maps, maps.spots), maps.n_sites))
    ours, other = find_domains(section, n), find_domains(result, n)
    near, other_near = (find_domains(data, n, spatial_weight=WEIGHT) for data in (section, result))
    return {
        "raw, k-means": score(k_means(raw[:, :10], n)),
        "kriged, k-means": score(k_means(ours.latent, n)),
        "enhanced, k-means": score(k_means(other.latent, n)),
        "ours, section": score(ours.labels),
        "ours, enhanced": score(other.labels),
        "section + places": score(near.labels),
        "enhanced + places": score(other_near.labels),
        "ours, section, own number": score(find_domains(section).labels),
        "distances, section": followed(ours.latent, section.xy),
        "distances, section + places": followed(near.latent, section.xy),
        "distances, enhanced": followed(other.latent, section.xy),
        "distances, enhanced + places": followed(other_near.latent, section.xy),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled sections")
    parser.add_argument("--times", action="store_true", help="5,000 spots x 20,000 genes")
    asked = parser.parse_args()
    names = sorted(path.name.split("_")[0] for path in asked.data.glob("*_labeled_coordinates.tsv"))
    table = {name: scores(*labelled(asked.data, name)) for name in names}
    for name, arguments in SIMULATED.items():
        section = simulate_section(n_genes=2000, image=False, **arguments)
        table[name] = scores(section, section.adata.obs["domain"].astype(str).to_numpy())
    found = pd.DataFrame(table)
    found.insert(len(names), "mean", found[names].mean(axis=1))
    found["mean simulated"] = found[list(SIMULATED)].mean(axis=1)
    print(found.round(3).to_string())
    if asked.times:
        section = simulate_section(5000, 20_000, image=False)
        for what in (find_domains, find_patterns):
            start = time.perf_counter()
            what(section)
            print(f"{what.__name__}: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
