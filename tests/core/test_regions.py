"""Named regions: read from tables and outlines, kept in obs, sessions and results."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_stentrans import EnhanceConfig, enhance, read_regions, simulate_section
from napari_stentrans.annotation import BEFORE, COLUMN, Annotation
from napari_stentrans.errors import MaskError, ReadError, SectionError, StentransWarning
from napari_stentrans.export import write_section
from napari_stentrans.session import read_session, write_session
from napari_stentrans.session_facts import SessionFacts


@pytest.fixture
def section():
    return simulate_section(80, 20, lattice="square", image=False, seed=3)


@pytest.fixture
def labels(section):
    """Label of each spot: left, right, or nothing in the middle."""
    x = section.xy[:, 0]
    low, high = np.quantile(x, [0.4, 0.6])
    return np.where(x <= low, "left side", np.where(x >= high, "right", ""))


def same(found, labels):
    names = np.array([*found.names, ""])
    np.testing.assert_array_equal(names[found.codes], labels)


def by_barcode(section):
    return {"Barcode": section.adata.obs_names}


def by_row_names(section):
    """As R writes them: names of another kind first, then decimals of array coordinates."""
    array = section.adata.obs[["array_row", "array_col"]].to_numpy(float)
    return {
        "Row.names": [f"{x:.0f}x{y:.0f}" for x, y in section.xy * 7.3],
        "x": array[:, 0] + 0.02,
        "y": array[:, 1] - 0.006,
        "pixel_x": section.xy[:, 0] * 7.3,
        "pixel_y": section.xy[:, 1] * 7.3,
    }


def by_pixels(section):
    return {"pxl_row_in_fullres": section.xy[:, 1], "pxl_col_in_fullres": section.xy[:, 0]}


@pytest.mark.parametrize("spots", [by_barcode, by_row_names, by_pixels])
@pytest.mark.parametrize("column", ["label", "Graph-based", "cluster"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz"])
def test_tables_of_labels(section, labels, tmp_path, spots, column, ending):
    table = pd.DataFrame({**spots(section), column: labels})
    path = tmp_path / f"regions{ending}"
    table.sample(frac=1, random_state=0).to_csv(
        path, index=False, sep="\t" if ".tsv" in ending else ","
    )
    found = read_regions(path, section)
    same(found, labels)
    assert found.counts == pd.Series(labels[labels != ""]).value_counts().to_dict()


def test_clusters_that_are_numbers(section, tmp_path):
    numbers = np.arange(section.n_spots) % 3 + 1
    path = tmp_path / "kmeans.csv"
    pd.DataFrame({"Barcode": section.adata.obs_names, "Cluster": numbers}).to_csv(path, index=False)
    assert set(read_regions(path, section).names) == {"1", "2", "3"}


def test_rows_of_other_spots_are_told(section, labels, tmp_path):
    table = pd.DataFrame({"barcode": section.adata.obs_names, "label": labels})
    table.iloc[:5, 0] = "elsewhere"
    path = tmp_path / "regions.csv"
    table.to_csv(path, index=False)
    with pytest.warns(StentransWarning, match="5 of 80 rows of regions.csv are no spots"):
        found = read_regions(path, section)
    assert (found.codes[:5] == -1).all()


def test_a_spot_with_two_labels_is_told(section, labels, tmp_path):
    table = pd.DataFrame({"barcode": section.adata.obs_names, "label": "a"})
    again = table.iloc[[0]].assign(label="b")
    path = tmp_path / "regions.csv"
    pd.concat([table, again]).to_csv(path, index=False)
    with pytest.warns(StentransWarning, match="1 spot with several labels"):
        found = read_regions(path, section)
    assert found.names == ("a",)


def test_the_table_of_another_section_is_refused(section, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("barcode,label\nAAAC-1,tumour\nAAAG-1,stroma\n")
    with pytest.raises(MaskError, match="not about the spots of this section"):
        read_regions(path, section)


def test_several_columns_of_labels_are_not_guessed(section, labels, tmp_path):
    table = pd.DataFrame({"barcode": section.adata.obs_names, "mine": labels, "hers": labels[::-1]})
    path = tmp_path / "two.csv"
    table.to_csv(path, index=False)
    with pytest.raises(ReadError, match=r"several columns of labels \(mine, hers\)"):
        read_regions(path, section)
    same(read_regions(path, section, "hers"), labels[::-1])
    with pytest.raises(ReadError, match="no column 'his'"):
        read_regions(path, section, "his")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "barcode\n",
        "barcode,label\n",
        '{"type": "FeatureCollection", "features": []}',
        "{",
        "a b",
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".geojson"])
def test_what_names_nothing_is_refused(section, tmp_path, text, ending):
    path = tmp_path / f"empty{ending}"
    path.write_text(text)
    with pytest.raises((ReadError, MaskError)):
        read_regions(path, section)


def outline(box, **properties):
    (x0, y0), (x1, y1) = box
    ring = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def test_outlines_with_names(section, tmp_path):
    low, high = section.xy.min(0) - 1, section.xy.max(0) + 1
    cut = float(np.unique(np.round(section.xy[:, 0]))[4]) + section.lattice.spacing / 2
    features = [
        outline([low, (cut, high[1])], classification={"name": "Tumour", "color": [1, 2, 3]}),
        outline([(cut, low[1]), high], name="Stroma"),
    ]
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = read_regions(path, section)
    same(found, np.where(section.xy[:, 0] < cut, "Tumour", "Stroma"))


# ---- what becomes of them


def test_regions_go_into_files_and_results(section, labels, tmp_path):
    annotation = Annotation.of(labels)
    annotation.write(section)
    write_section(section, tmp_path / "with.h5ad")
    from napari_stentrans import read_section

    again = read_section(tmp_path / "with.h5ad")
    same(Annotation.in_obs(again), labels)
    result = enhance(section, config=EnhanceConfig(method="linear", upscale=2))
    obs = result.to_anndata(list(section.genes[:2])).obs
    spots = obs[COLUMN].iloc[: section.n_spots].astype(object)
    np.testing.assert_array_equal(spots.fillna(""), labels)
    assert obs[COLUMN].iloc[section.n_spots :].isna().all()


def test_a_column_of_the_file_is_kept(section, labels):
    section.adata.obs[COLUMN] = np.arange(section.n_spots)
    assert Annotation.in_obs(section) is None
    for _ in range(2):
        Annotation.of(labels).write(section)
    assert section.adata.obs[BEFORE].tolist() == list(range(section.n_spots))
    same(Annotation.in_obs(section), labels)


def test_regions_of_other_spots_are_not_written(section):
    with pytest.raises(SectionError, match="those of 3 spots"):
        Annotation.of(["a", "b", None]).write(section)
    with pytest.raises(SectionError, match="no region 'c'"):
        Annotation.of(["a", "b", None]).spots("c")


def test_regions_are_kept_in_sessions(section, labels, tmp_path):
    facts = SessionFacts(source="x.h5ad", digest=section.digest, gene="Gene0")
    annotation = Annotation.of(labels)
    path = write_session(tmp_path / "a.stentrans", facts, None, [], annotation=annotation)
    same(read_session(path).annotation, labels)
    path = write_session(tmp_path / "b.stentrans", facts, None, [])
    assert read_session(path).annotation is None
