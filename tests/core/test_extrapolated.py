"""Sites too far from every measured spot are marked, whatever their provenance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.simulate import simulate_section
from napari_stentrans.targets import TRUSTED_REACH, Provenance, Sites, distance_to_measured


@pytest.fixture(scope="module")
def result():
    section = simulate_section(300, 30, image=False, artefacts=False)
    units = (section.xy - section.xy.mean(0)) / section.lattice.spacing
    lost = np.linalg.norm(units, axis=1) < 5
    outside = section.xy.max(0) + section.lattice.spacing * np.array([[4.0, 4.0]])
    return enhance(section, lost, EnhanceConfig(method="kriging", factors=4), outside)


def test_distance_is_in_spacings_and_to_spots_that_were_measured(result):
    section = result.section
    measured = section.xy[np.asarray(result.provenance[: section.n_spots]) == "measured"]
    apart = np.linalg.norm(result.sites.xy[:, None] - measured[None], axis=2).min(1)
    np.testing.assert_allclose(result.distance_to_measured, apart / section.lattice.spacing)
    assert (result.distance_to_measured[result.sites.measured] == 0).all()


def test_far_sites_are_extrapolated_and_keep_their_provenance(result):
    far = result.extrapolated
    np.testing.assert_array_equal(far, result.distance_to_measured > TRUSTED_REACH)
    assert set(result.provenance[far]) == {"lost", "unmeasured"}
    assert 0 < far.sum() < (~result.sites.measured).sum()
    obs = result.to_anndata(["Gene1"]).obs
    np.testing.assert_array_equal(obs["extrapolated"], far)
    np.testing.assert_allclose(obs["distance_to_measured"], result.distance_to_measured, atol=1e-3)


def test_between_sites_are_in_a_hole_where_that_is_no_farther_than_what_was_measured():
    kinds = [Provenance.MEASURED, Provenance.LOST, *4 * [Provenance.BETWEEN]]
    xy = np.array([[0, 0], [100, 0], [80, 0], [50, 0], [50 - 1e-9, 0], [20, 0]], float)
    sites = Sites(xy, np.array(kinds, np.int8), pd.RangeIndex(6).astype(str), 2)
    np.testing.assert_array_equal(sites.in_holes, [False, True, True, True, True, False])
    whole = Sites(xy[[0, 3]], np.array([0, 3], np.int8), pd.RangeIndex(2).astype(str), 1)
    assert not whole.in_holes.any()


def test_far_sites_are_less_sure(result):
    scatter = np.sqrt(result.decoder.measuring.at_sites)  # of the spots around: another reason
    std = result.gene("Gene1").std / scatter
    lost = np.asarray(result.provenance == "lost")
    assert std[lost & result.extrapolated].min() > np.median(std[lost & ~result.extrapolated])


def test_without_measured_spots_everything_is_far():
    assert np.isinf(distance_to_measured(np.zeros((2, 2)), np.empty((0, 2)), 1.0)).all()
