"""What is known of sites as components for kriging, and where it cannot be believed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.spacing import typical_spacing

Array = NDArray[np.float64]
FloatArray = NDArray[np.float32]

USUAL, AROUND = 0.99, 8
"""Quantile of what measured spots differ by, and spots that tell of a place without image."""
PATCH, IN_PATCH, SUSPECT = 2.1, 40, 3.0
"""Spacings, and sites at most, around a site of a hole: where they are in the median so many times
as unlike measured spots as these are unlike each other, the image is damaged. Whole images of four
sections had .8 to 2.3 in holes, damaged ones of simulated sections 3.9 to 8."""
COMPONENTS = 24
"""Principal components of the description of sites that kriging is given."""


def components(features: FloatArray) -> FloatArray:
    """Principal components (site, component) of features (site, feature), for linear kernels.

    Features are standardised first. The mean squared length of a row is 1; rows with a NaN are 0,
    which says nothing.
    """
    known = np.isfinite(features).all(1)
    scores = np.zeros((len(features), min(COMPONENTS, features.shape[1])), np.float32)
    if known.sum() < 2:
        return scores
    z = features[known].astype(float)
    z = (z - z.mean(0)) / np.maximum(z.std(0), 1e-6)
    left, singular, _ = np.linalg.svd(z, full_matrices=False)
    z = (left * singular)[:, : scores.shape[1]]
    length = np.sqrt((z**2).sum(1).mean())
    if length > 0:
        scores[known, : z.shape[1]] = z / length
    return scores


class Shown(NamedTuple):
    """What is shown at targets.

    Attributes
    ----------
    components
        (target, component).
    blind
        (target,) True where the image cannot be believed.
    """

    components: FloatArray
    blind: NDArray[np.bool_]


def filled(
    shown: FloatArray, xy: Array, measured: NDArray[np.bool_], *, spoilt: bool = True
) -> Shown:
    """Components (target, component) without those of an image that cannot be believed, and where.

    A site that looks like no measured spot (a bubble, a fold, pen) is farther from the nearest
    measured one, in components, than nearly all of these are from each other. Damage comes in
    patches: where the sites around are so in the median, if less, the image is not believed
    either, since what borders on damage looks like a bit of both. What such sites, and places
    without image, would show is told by the measured spots around; a prediction there had better
    be made without the image.

    Parameters
    ----------
    shown
        From ``components``; rows of zeros are not known.
    xy
        (target, 2) positions.
    measured
        (target,) True at measured spots, whose image is believed.
    spoilt
        Whether there may be damage; else only what is not known is told by the spots around.
    """
    known = shown.any(1)
    spots = np.flatnonzero(known & measured)
    if len(spots) < 2:
        return Shown(shown, np.asarray(~known))
    unlike, sites = np.asarray(~known), np.flatnonzero(~measured)
    if spoilt:
        unlike[sites] |= _strange(shown, xy, spots, sites)
    wanted = np.flatnonzero(unlike)
    far, near = cKDTree(xy[spots]).query(xy[wanted], range(1, min(AROUND, len(spots)) + 1))
    weight = 1 / np.maximum(far, 1e-9)
    weight /= weight.sum(1, keepdims=True)
    shown = shown.copy()
    shown[wanted] = np.einsum("ij,ijk->ik", weight, shown[spots][near])
    return Shown(shown, unlike)


def _strange(
    shown: FloatArray, xy: Array, spots: NDArray[np.intp], sites: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """(site,) True where a site, or the sites around it in the median, look like no spot."""
    looks = cKDTree(shown[spots])
    apart, unlike = looks.query(shown[spots], 2)[0][:, 1], looks.query(shown[sites])[0]
    around = _median_around(xy[sites], unlike, PATCH * typical_spacing(xy[spots]))
    patchy = around > SUSPECT * max(float(np.median(apart)), 1e-6)
    return np.asarray((unlike > np.quantile(apart, USUAL)) | patchy)


def _median_around(xy: Array, values: Array, reach: float) -> Array:
    """Median (site,) of values over the sites within reach, the site itself among them."""
    if not len(xy):
        return values
    k = min(IN_PATCH, len(xy))
    near = cKDTree(xy).query(xy, range(1, k + 1), distance_upper_bound=reach)[1]
    return np.asarray(np.nanmedian(np.append(values, np.nan)[near], axis=1))
