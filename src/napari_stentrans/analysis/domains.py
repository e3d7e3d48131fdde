"""Domains: sites in clusters of like tissue, as many clusters as can be found again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.analysis.borders import neighbours_of, settled
from napari_stentrans.analysis.clusters import Tree, by_size
from napari_stentrans.analysis.halving import as_asked, compared, kriged_counts, measured_spots
from napari_stentrans.analysis.latent import latent_steps, telling_genes, with_places
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.analysis.placed import as_annotation, check_number, rows_of
from napari_stentrans.device import on_one_thread
from napari_stentrans.errors import ConfigError
from napari_stentrans.progress import Progress, drain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.analysis.halving import Halves
    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

LEAST, LEAST_SITES = 0.02, 3
"""A domain holds this share of the sites, and so many, at least; what is smaller is merged."""
MOST = 12
"""Domains that are tried at most where a person does not say how many."""
MOST_ASKED = 60
"""Domains that may be asked for."""
COLUMN, LATENT, UNS = "domain", "X_stentrans", "stentrans_domains"


@dataclass(frozen=True, eq=False)
class Domains:
    """Tissue domains.

    Attributes
    ----------
    maps
        The sites, and what was looked at.
    labels
        (site,) position of each site's domain in ``names``.
    names
        "Domain 1", "Domain 2", ...: the largest first.
    latent
        (site, component) what the domains were found on: the larger a component, the first.
    stability
        For each number of domains ``n``: ``agreement`` of the domains found on two halves of the
        counts (adjusted Rand index: 1 where they are the same, 0 by chance); ``found_again``,
        the share of a domain that the other half finds as one, mean over domains (Jaccard
        index); ``chosen``. NaN where a person said how many.
    seed
        Of all that was drawn at random.
    """

    maps: Maps
    labels: NDArray[np.intp]
    names: tuple[str, ...]
    latent: FloatArray
    stability: pd.DataFrame
    seed: int = 0

    @property
    def sizes(self) -> dict[str, int]:
        """Number of sites in each domain."""
        count = np.bincount(self.labels, minlength=len(self.names))
        return dict(zip(self.names, count.tolist(), strict=True))

    def annotation(self) -> Annotation:
        """Domains of the spots of the section as its regions; a spot without counts has none."""
        return as_annotation(self.maps, self.labels, self.names)

    def annotate(self, adata: ad.AnnData) -> None:
        """Put domains and latent into an AnnData of the section or the result, by names of sites.

        ``obs["domain"]``, ``obsm["X_stentrans"]`` (which scanpy's neighbours, UMAP and Leiden
        take as ``use_rep``), ``uns["stentrans_domains"]``: the columns of
        ``stability``, and ``seed``.
        Sites without a domain are missing, their latent is NaN.

        Raises
        ------
        SectionError
            When the AnnData has none of the sites.
        """
        at = rows_of(self.maps, adata)
        codes = np.where(at >= 0, self.labels[at], -1)
        adata.obs[COLUMN] = pd.Categorical.from_codes(codes, list(self.names))
        latent = self.latent[at].copy()
        latent[at < 0] = np.nan
        adata.obsm[LATENT] = latent
        table = self.stability
        adata.uns[UNS] = {
            "n": table["n"].to_numpy(),
            "agreement": table["agreement"].to_numpy(),
            "found_again": table["found_again"].to_numpy(),
            "seed": self.seed,
        }


def find_domains(
    data: Section | Enhancement,
    n: int | None = None,
    *,
    lost: NDArray[np.bool_] | None = None,
    seed: int = 0,
    spatial_weight: float = 0.0,
) -> Domains:
    """Find tissue domains; see ``find_domains_steps``."""
    return drain(find_domains_steps(data, n, lost=lost, seed=seed, spatial_weight=spatial_weight))


@on_one_thread
def find_domains_steps(
    data: Section | Enhancement,
    n: int | None = None,
    *,
    lost: NDArray[np.bool_] | None = None,
    seed: int = 0,
    spatial_weight: float = 0.0,
) -> Steps[Domains]:
    """Put the sites of a section or of a result into domains of like tissue.

    Of a section the measured counts are kriged first; of a result its maps are taken, so lost
    spots and places between spots have a domain too. Principal components of the genes seen in
    more than a tenth of the spots are clustered by average linkage, which does not split a large
    domain as k-means does; clusters of less than a fiftieth of the sites, which are outliers,
    are merged with what they are most alike before domains are counted; then every site may
    choose again, by its own values and its neighbours'.

    Parameters
    ----------
    n
        How many; by default the number, up to 12, whose domains halves of the counts find
        again (``halving.compared``).
    lost
        (spot,) True for spots of a section to leave out; a run has its own.
    spatial_weight
        Adds the position of sites to what is clustered, with this share of its variance; then
        distances of the latent space follow those of the tissue more closely.

    Raises
    ------
    ConfigError
        When ``n``, ``lost`` or ``spatial_weight`` is not possible.
    """
    maps = Maps.of(data, lost)
    _check_enough(maps)
    most = min(MOST_ASKED, maps.n_sites // LEAST_SITES)
    check_number(n, most, "domains")
    _check_weight(spatial_weight)
    spots = measured_spots(data, lost)
    genes = telling_genes(maps, spots)
    whole, halved = yield from kriged_counts(maps, spots, genes, seed, halved=n is None)
    if whole is None:
        latent = yield from latent_steps(maps.columns, genes, maps.n_sites, seed=seed)
    else:
        latent = whole.latent()
    latent = with_places(latent, maps.xy, spatial_weight)
    if n is None:
        numbers = range(2, min(MOST, most) + 1)
        steps = _of_halves(halved, maps.section.xy[spots], numbers, seed, spatial_weight)
        table = compared(numbers, (yield from steps))
    else:
        table = as_asked(int(n))
    chosen = int(table["n"][table["chosen"]].iloc[0])
    yield Progress("putting sites into domains", 0, 1)
    labels = grouped(latent, maps.xy, [chosen], seed)[0]
    names = tuple(f"Domain {i + 1}" for i in range(labels.max() + 1))
    yield Progress("putting sites into domains", 1, 1)
    return Domains(maps, labels, names, latent, table, seed)


def grouped(
    latent: FloatArray, xy: NDArray[np.float64], numbers: Sequence[int], seed: int = 0
) -> list[NDArray[np.intp]]:
    """Domains (site,) of a latent (site, component), the largest first, for numbers of them."""
    tree, around = Tree.of(np.asarray(latent, float), seed), neighbours_of(xy)
    found = (tree.cut(n, max(LEAST * len(xy), LEAST_SITES)) for n in numbers)
    return [by_size(settled(codes, tree.points, around)) for codes in found]


def _of_halves(
    halved: Sequence[Halves],
    xy: NDArray[np.float64],
    numbers: Sequence[int],
    seed: int,
    spatial_weight: float,
) -> Steps[list[list[list[NDArray[np.intp]]]]]:
    """Domains of either half, of each split, for each number of them."""
    splits = []
    for i, pair in enumerate(halved):
        found = []
        for half in pair:
            yield Progress("comparing domains of halves of the counts", i, len(halved))
            latent = with_places(half.latent(), xy, spatial_weight)
            found.append(grouped(latent, xy, numbers, seed))
        splits.append(found)
    return splits


def _check_enough(maps: Maps) -> None:
    if maps.n_sites < 2 * LEAST_SITES:
        raise ConfigError(
            f"Domains need {2 * LEAST_SITES} spots with counts or more, found {maps.n_sites}."
        )


def _check_weight(weight: float) -> None:
    if not 0 <= weight <= 10:
        raise ConfigError(
            f"spatial_weight must be from 0 (positions do not count) to 10, got {weight!r}."
        )
