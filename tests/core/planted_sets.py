"""A simulated section, and gene sets of which some are planted."""

from __future__ import annotations

import numpy as np

from napari_stentrans import Section, simulate_section
from napari_stentrans.analysis.gene_sets import GeneSets
from napari_stentrans.simulate import PROGRAMMES

PLANTED, RANDOM = 12, 60
"""Genes of a set; random sets."""


def small_section() -> Section:
    return simulate_section(500, 600, image=False, artefacts=False, depth=4000)


def planted_sets(section: Section) -> GeneSets:
    """A set of each of two programmes, and random ones of genes without any."""
    rng, pattern = np.random.default_rng(0), section.adata.var["truth_pattern"]
    loadings = section.adata.varm["truth_loadings"]
    found = {
        f"planted {name}": tuple(
            section.genes[np.argsort(-loadings[:, PROGRAMMES.index(name)])[:PLANTED]]
        )
        for name in ("layer2", "layer3")
    }
    quiet = section.genes[pattern == "none"]
    found |= {f"random {i}": tuple(rng.choice(quiet, PLANTED, False)) for i in range(RANDOM)}
    return GeneSets("simulated", found)
