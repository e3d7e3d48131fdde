"""Regions, one by one: where they come from, how large they are, what is expressed in them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_stentrans import EnhanceConfig, enhance, read_regions, simulate_section
from napari_stentrans.analysis.after import sites_of
from napari_stentrans.analysis.regions import region_genes, region_table
from napari_stentrans.annotation import Annotation
from napari_stentrans.errors import ConfigError, SectionError


@pytest.fixture(scope="module")
def section():
    return simulate_section(150, 40, image=False, seed=3)


@pytest.fixture(scope="module")
def annotation(section):
    return Annotation.of_obs(section, "domain")


@pytest.fixture(scope="module")
def result(section):
    lost = np.zeros(section.n_spots, bool)
    lost[:7] = True
    return enhance(section, lost, EnhanceConfig(method="kriging", upscale=2))


# ---- a column of obs


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["10", "9", "2"], ("2", "9", "10")),
        ([10, 9, 2], ("2", "9", "10")),
        ([10.0, np.nan, 2.0], ("2", "10")),
        (["b", None, "a"], ("b", "a")),
        (pd.Categorical(["b", "a", "c"], categories=["c", "b", "a"]), ("c", "b", "a")),
        (pd.Categorical([3, 1, 2]), ("1", "2", "3")),
        ([True, False, True], ("True", "False")),
    ],
)
def test_columns_of_labels_and_of_clusters(values, names):
    section = simulate_section(60, 10, image=False, seed=1)
    values = pd.Series(values)
    section.adata.obs["mine"] = pd.concat([values] * 20, ignore_index=True).to_numpy()
    if isinstance(values.dtype, pd.CategoricalDtype):
        section.adata.obs["mine"] = section.adata.obs["mine"].astype(values.dtype)
    found = Annotation.of_obs(section, "mine")
    assert found.names == names
    for name in names:
        whose = [not pd.isna(v) and str(v).removesuffix(".0") == name for v in values]
        np.testing.assert_array_equal(found.spots(name), whose * 20)
    assert "mine" in Annotation.columns(section)


@pytest.mark.parametrize("values", [np.linspace(0, 1, 60), np.arange(60) + 0.5, [np.nan] * 60])
def test_columns_of_measures_are_refused(values):
    section = simulate_section(60, 10, image=False, seed=1)
    section.adata.obs["score"] = values
    with pytest.raises(SectionError, match=r'obs\["score"\] names no regions'):
        Annotation.of_obs(section, "score")
    with pytest.raises(SectionError, match="no column 'scor'; it has .*domain"):
        Annotation.of_obs(section, "scor")
    assert "score" not in Annotation.columns(section)


def test_names_of_spots_are_no_regions():
    section = simulate_section(120, 10, image=False, seed=1)
    section.adata.obs["barcode"] = section.adata.obs_names
    with pytest.raises(SectionError, match="120 different values"):
        Annotation.of_obs(section, "barcode")


# ---- outlines as QuPath writes them


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"objectType": "annotation", "classification": {"name": "Tumor", "color": [1, 2, 3]}},
         "Tumor"),
        ({"classification": {"names": ["Tumor", "Positive"]}}, "Tumor: Positive"),
        ({"classification": "Tumor"}, "Tumor"),
        ({"objectType": "annotation", "name": "my area"}, "my area"),
        ({"classification": {"color": [1, 2, 3]}, "name": "my area"}, "my area"),
    ],
)  # fmt: skip
def test_names_that_qupath_gives(section, tmp_path, properties, name):
    low, high = section.xy.min(0) - 1, section.xy.mean(0)
    ring = [[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]]
    feature = {
        "type": "Feature", "id": "1", "properties": properties,
        "geometry": {"type": "MultiPolygon", "coordinates": [[[*ring, ring[0]]]]},
    }  # fmt: skip
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    found = read_regions(path, section)
    assert found.names == (name,)
    np.testing.assert_array_equal(found.spots(name), (section.xy < high).all(1))


# ---- tables


def test_how_large_regions_are(section, annotation):
    table = region_table(section, annotation)
    assert tuple(table.index) == annotation.names
    inside = annotation.spots("layer2")
    row = table.loc["layer2"]
    assert row["spots"] == row["measured"] == inside.sum()
    assert row["counts"] == section.counts[inside].sum()
    assert row["median_counts"] == np.median(section.totals[inside])
    assert row["genes"] == (section.counts[inside].sum(0) > 0).sum()
    of_a_spot = 100**2 * np.sqrt(3) / 2 / 1e6  # Visium: a hexagon, 100 um from side to side
    assert row["area_mm2"] == pytest.approx(inside.sum() * of_a_spot, rel=1e-6)
    assert np.isnan(region_table(section.with_facts(um_per_px=None), annotation)["area_mm2"]).all()


def test_lost_spots_are_spots_of_a_region_but_not_measured(section, annotation, result):
    lost = np.arange(section.n_spots) < 7
    by_mask, by_run = region_table(section, annotation, lost=lost), region_table(result, annotation)
    pd.testing.assert_frame_equal(by_mask, by_run)
    table = by_run["spots"] - by_run["measured"]
    assert table.sum() == 7
    with pytest.raises(ConfigError, match="those of the run"):
        region_table(result, annotation, lost=lost)
    with pytest.raises(SectionError, match="those of 2 spots"):
        region_table(section, Annotation.of(["a", "b"]))


def test_genes_of_regions(section, annotation, result):
    table = region_genes(result, annotation, ["Gene2", "Gene5", "Gene2"])
    assert len(table) == 2 * len(annotation.names)
    row = table[(table["gene"] == "Gene5") & (table["region"] == "layer3")].iloc[0]
    inside = annotation.spots("layer3")
    measured = section.gene_lognorm("Gene5")[inside & (np.arange(section.n_spots) >= 7)]
    assert row["mean"] == pytest.approx(measured.mean(), rel=1e-5)
    assert row["fraction"] == (measured > 0).mean()
    half = 1.96 * measured.std(ddof=1) / np.sqrt(len(measured))
    assert row["high"] - row["mean"] == pytest.approx(half, rel=1e-4)
    sites = sites_of(result, annotation.codes) == annotation.names.index("layer3")
    assert row["after_mean"] == pytest.approx(result.gene("Gene5").mean[sites].mean(), rel=1e-5)
    assert row["after_low"] < row["after_mean"] < row["after_high"]
    assert abs(row["after_fraction"] - row["fraction"]) < 0.3
    assert "after_mean" not in region_genes(section, annotation, ["Gene2"])


def test_a_region_without_a_measured_spot_is_not_known(section):
    labels = np.array(["some"] * section.n_spots, object)
    labels[:7] = "gone"
    lost = np.arange(section.n_spots) < 7
    table = region_genes(section, Annotation.of(labels.tolist()), ["Gene1"], lost=lost)
    assert table.loc[table["region"] == "gone", ["mean", "low", "high", "fraction"]].isna().all(None)
    assert table.loc[table["region"] == "some", "mean"].notna().all()


def test_sites_between_two_regions_lie_in_none(section, result):
    left = section.xy[:, 0] < np.median(section.xy[:, 0])
    codes = np.where(left, 0, 1)
    sites, n = sites_of(result, codes), section.n_spots
    np.testing.assert_array_equal(sites[:n], codes)
    assert {-1, 0, 1} == set(sites[n:])
    edge = section.xy[left, 0].max(), section.xy[~left, 0].min()
    x, half = result.sites.xy[n:, 0], section.lattice.spacing
    assert (sites[n:][x < edge[1] - half] == 0).all()
    assert (sites[n:][x > edge[0] + half] == 1).all()
