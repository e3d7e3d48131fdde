"""AnnData files: several sections in one table, which matrix is counts, positions, images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stentrans.errors import ReadError, SectionError, StentransWarning
from napari_stentrans.io import Choice, choices_of, read_section
from napari_stentrans.io.h5ad_counts import read_rows

if TYPE_CHECKING:
    from pathlib import Path

XY = np.array([(10.0 * x, 10.0 * y) for x in range(6) for y in range(5)])


def one(seed: int = 0, prefix: str = "spot") -> ad.AnnData:
    rng = np.random.default_rng(seed)
    return ad.AnnData(
        X=sp.csr_matrix(rng.poisson(2.0, (len(XY), 4)).astype(np.float32)),
        obs=pd.DataFrame(index=[f"{prefix}{i}" for i in range(len(XY))]),
        var=pd.DataFrame(index=list("abcd")),
        obsm={"spatial": XY + seed},
    )


def three(column: str = "library_id", libraries: bool = True) -> ad.AnnData:
    """Three sections, their rows mixed, with an image each."""
    parts = {name: one(seed, name) for seed, name in enumerate(("A", "B", "C"))}
    adata = ad.concat(parts, label=column)
    adata = adata[np.random.default_rng(5).permutation(adata.n_obs)].copy()
    if libraries:
        adata.uns["spatial"] = {
            name: {
                "images": {"hires": np.full((30, 40, 3), 0.2 * (at + 1), np.float32)},
                "scalefactors": {"tissue_hires_scalef": 0.5, "spot_diameter_fullres": 6.0},
            }
            for at, name in enumerate(parts)
        }
    return adata


def save(adata: ad.AnnData, folder: Path, name: str = "brain.h5ad") -> Path:
    adata.write_h5ad(folder / name)
    return folder / name


class TestSections:
    """Several sections in one table."""

    def test_first_is_read_and_said(self, tmp_path: Path) -> None:
        adata = three()
        path = save(adata, tmp_path)
        assert choices_of(path) == (Choice("section", "Section", ("A", "B", "C"), "A"),)
        with pytest.warns(StentransWarning, match=r"section A is read, not B, C \(.*section=B"):
            section = read_section(path)
        assert section.chosen == {"section": "A"}
        assert section.name == "brain_A"

    @pytest.mark.parametrize("name", ["B", "C"])
    def test_chosen_section(self, tmp_path: Path, name: str) -> None:
        adata = three()
        section = read_section(save(adata, tmp_path), {"section": name})
        mine = adata[adata.obs["library_id"] == name]
        assert list(section.adata.obs_names) == list(mine.obs_names)
        np.testing.assert_array_equal(section.counts.toarray(), mine.X.toarray())
        np.testing.assert_array_equal(section.xy, mine.obsm["spatial"])
        assert section.lattice.kind == "square"
        (image,) = section.images
        assert image.scale == 0.5
        assert image.data.mean() == pytest.approx({"B": 0.4, "C": 0.6}[name])
        assert list(section.adata.uns["spatial"]) == [name]
        assert section.chosen == {"section": name}

    def test_column_of_any_name_whose_values_are_libraries(self, tmp_path: Path) -> None:
        adata = three("donor")
        adata.obs["sample"] = np.where(np.arange(adata.n_obs) % 2, "odd", "even")
        (choice,) = choices_of(save(adata, tmp_path))
        assert choice.options == ("A", "B", "C")

    @pytest.mark.parametrize("column", ["Sample", "slice_id", "section"])
    def test_usual_names_without_libraries(self, tmp_path: Path, column: str) -> None:
        adata = three(column, libraries=False)
        (choice,) = choices_of(save(adata, tmp_path))
        assert choice.options == ("A", "B", "C")
        section = read_section(tmp_path / "brain.h5ad", {"section": "B"})
        assert set(section.adata.obs[column]) == {"B"}
        assert section.images == ()

    def test_numbers_as_names(self, tmp_path: Path) -> None:
        adata = three(libraries=False)
        adata.obs["sample"] = adata.obs.pop("library_id").map({"A": 3, "B": 1, "C": 2}).astype(int)
        path = save(adata, tmp_path)
        assert set(choices_of(path)[0].options) == {"1", "2", "3"}
        section = read_section(path, {"section": choices_of(path)[0].options[1]})
        assert section.n_spots == len(XY)

    def test_batches_only_where_they_lie_on_each_other(self, tmp_path: Path) -> None:
        adata = three("batch", libraries=False)
        assert choices_of(save(adata, tmp_path))[0].key == "section"
        side = adata.obs["batch"].map({"A": 0, "B": 100, "C": 200}).to_numpy(float)
        adata.obsm["spatial"] = adata.obsm["spatial"] + np.column_stack([side, 0 * side])
        assert choices_of(save(adata, tmp_path)) == ()

    def test_other_columns_are_no_sections(self, tmp_path: Path) -> None:
        adata = one()
        adata.obs["cluster"] = pd.Categorical(np.arange(adata.n_obs).astype(str).astype("U1"))
        adata.obs["sample"] = "the only one"
        adata.obs["library_id"] = np.linspace(0, 1, adata.n_obs)
        adata.obs["slide"] = [f"slide {i}" for i in range(adata.n_obs)]
        path = save(adata, tmp_path)
        assert choices_of(path) == ()
        assert read_section(path).chosen == {}

    def test_more_than_two_hundred_values_are_no_sections(self, tmp_path: Path) -> None:
        many = ad.concat([one(prefix=f"part{i} ") for i in range(9)])
        many.obsm["spatial"] += np.repeat([(100.0 * i, 0) for i in range(9)], len(XY), axis=0)
        many.obs["library_id"] = [f"fov {i}" for i in range(many.n_obs)]
        assert choices_of(save(many, tmp_path)) == ()

    def test_libraries_named_in_the_barcodes(self, tmp_path: Path) -> None:
        adata = three()
        del adata.obs["library_id"]
        section = read_section(save(adata, tmp_path), {"section": "B"})
        assert all(name.startswith("B") for name in section.adata.obs_names)
        assert section.n_spots == len(XY)

    def test_libraries_of_nobody(self, tmp_path: Path) -> None:
        adata = one()
        adata.uns["spatial"] = three().uns["spatial"]
        path = save(adata, tmp_path)
        assert choices_of(path) == ()
        with pytest.warns(StentransWarning, match="3 libraries .* no image is taken"):
            section = read_section(path)
        assert section.n_spots == len(XY)
        assert section.images == ()  # it would be that of anyone

    def test_spots_of_no_section_are_left_out(self, tmp_path: Path) -> None:
        adata = three()
        adata.obs.iloc[:7, adata.obs.columns.get_loc("library_id")] = np.nan
        path = save(adata, tmp_path)
        total = 0
        for name in "BC":
            total += read_section(path, {"section": name}).n_spots
        mine = adata.obs["library_id"].isin(list("BC"))
        assert total == mine.sum()

    def test_file_of_anndata_0_7(self, tmp_path: Path) -> None:
        path = save(three("donor"), tmp_path)
        with h5py.File(path, "a") as file:  # categories of all columns in one group
            obs = file["obs"]
            codes, names = obs["donor/codes"][:], obs["donor/categories"].asstr()[:]
            del obs["donor"]
            obs["donor"] = codes
            place = obs.create_group("__categories").create_dataset("donor", data=list(names))
            place.attrs["ordered"] = False
            obs["donor"].attrs["categories"] = place.ref
            obs.attrs["encoding-version"] = "0.1.0"
        assert choices_of(path)[0].options == ("A", "B", "C")
        assert read_section(path, {"section": "C"}).n_spots == len(XY)

    def test_unknown_section(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match=r"section of .* must be one of A, B, C; got 'D'"):
            read_section(save(three(), tmp_path), {"section": "D"})


class TestCounts:
    """Which matrix is counts."""

    def test_layer_and_raw_where_x_has_fractions(self, tmp_path: Path) -> None:
        adata = one()
        adata.raw = adata.copy()
        adata.layers["my_umis"] = adata.X.copy()
        adata.layers["scaled"] = adata.X.toarray() - 0.5
        adata.X = np.log1p(adata.X)
        path = save(adata, tmp_path)
        (choice,) = choices_of(path)
        assert choice.key == "counts"
        assert choice.options == ("X", "layers/my_umis", "layers/scaled", "raw")
        assert choice.default == "layers/my_umis"
        with pytest.warns(StentransWarning, match="counts are taken from layers/my_umis"):
            section = read_section(path)
        np.testing.assert_array_equal(section.counts.toarray(), adata.raw.X.toarray())
        assert section.chosen == {"counts": "layers/my_umis"}
        with pytest.warns(StentransWarning, match="found fractions"):
            normalised = read_section(path, {"counts": "X"})
        np.testing.assert_allclose(normalised.counts.toarray(), adata.X.toarray())
        with pytest.raises(SectionError, match="negative"):
            read_section(path, {"counts": "layers/scaled"})

    def test_raw_has_genes_of_its_own(self, tmp_path: Path) -> None:
        adata = one()
        whole = adata.copy()
        adata = adata[:, ["a", "c"]].copy()
        adata.varm["loadings"] = np.ones((2, 3))
        adata.raw = whole
        adata.X = adata.X.toarray() / 3
        path = save(adata, tmp_path)
        with pytest.warns(StentransWarning, match="counts are taken from raw"):
            section = read_section(path)
        assert list(section.genes) == list("abcd")
        np.testing.assert_array_equal(section.counts.toarray(), whole.X.toarray())
        assert "loadings" not in section.adata.varm

    def test_x_wins_where_it_holds_counts(self, tmp_path: Path) -> None:
        adata = one()
        adata.layers["counts"] = adata.X * 2
        path = save(adata, tmp_path)
        assert choices_of(path)[0].default == "X"
        assert read_section(path).counts.sum() == adata.X.sum()
        assert read_section(path, {"counts": "layers/counts"}).counts.sum() == 2 * adata.X.sum()

    def test_nothing_to_choose(self, tmp_path: Path) -> None:
        assert choices_of(save(one(), tmp_path)) == ()

    def test_layers_without_x(self, tmp_path: Path) -> None:
        adata = one()
        adata.layers["counts"] = adata.X
        adata.X = None
        path = save(adata, tmp_path)
        assert read_section(path).counts.sum() == adata.layers["counts"].sum()
        del adata.layers["counts"]
        with pytest.raises(SectionError, match="no counts"):
            read_section(save(adata, tmp_path))

    @pytest.mark.parametrize("form", ["csr", "csc", "dense", "integers"])
    @pytest.mark.parametrize("runs", ["all", "some", "many"])
    def test_rows_of_any_matrix(self, tmp_path: Path, form: str, runs: str) -> None:
        rng = np.random.default_rng(3)
        dense = rng.poisson(0.5, (400, 7)).astype(np.int32 if form == "integers" else np.float32)
        dense[10:14] = 0
        matrix = {"csr": sp.csr_matrix, "csc": sp.csc_matrix}.get(form, np.asarray)(dense)
        rows = {
            "all": np.arange(400),
            "some": np.r_[3:12, 40, 390:400],
            "many": np.arange(1, 399, 2),
        }[runs]
        ad.AnnData(matrix).write_h5ad(tmp_path / "m.h5ad")
        with h5py.File(tmp_path / "m.h5ad") as file:
            np.testing.assert_array_equal(read_rows(file["X"], rows).toarray(), dense[rows])

    @pytest.mark.parametrize(
        ("part", "at", "value"),
        [("indptr", 3, -5), ("indptr", -1, 10**6), ("indices", 2, 77), ("indices", 2, -1)],
    )
    def test_damaged_matrix(self, tmp_path: Path, part: str, at: int, value: int) -> None:
        path = save(one(), tmp_path)
        with h5py.File(path, "a") as file:
            values = file[f"X/{part}"][:]
            values[at] = value
            file[f"X/{part}"][:] = values
        with pytest.raises(ReadError, match=r"brain\.h5ad' cannot be read"):
            read_section(path)


class TestPositions:
    """Where positions lie."""

    def test_x_spatial(self, tmp_path: Path) -> None:
        adata = one()
        adata.obsm["X_spatial"] = np.column_stack([adata.obsm.pop("spatial"), np.ones(len(XY))])
        np.testing.assert_array_equal(read_section(save(adata, tmp_path)).xy, XY)

    @pytest.mark.parametrize(
        "pair",
        [("x", "y"), ("X", "Y"), ("x_centroid", "y_centroid"), ("x_coord", "y_coord"),
         ("Centroid X", "Centroid Y"), ("pos_x", "pos_y"), ("global_x", "global_y")],
    )  # fmt: skip
    def test_columns(self, tmp_path: Path, pair: tuple[str, str]) -> None:
        adata = one()
        adata.obs[list(pair)] = adata.obsm.pop("spatial")
        with pytest.warns(StentransWarning, match=f"columns '{pair[0]}' and '{pair[1]}'"):
            section = read_section(save(adata, tmp_path))
        np.testing.assert_array_equal(section.xy, XY)

    def test_columns_of_an_array_of_another_name(self, tmp_path: Path) -> None:
        adata = one()
        adata.obs[["col", "row"]] = (adata.obsm.pop("spatial") / 10).astype(int)
        with pytest.warns(StentransWarning, match="columns 'col' and 'row'"):
            section = read_section(save(adata, tmp_path))
        np.testing.assert_array_equal(section.xy, XY // 10)

    @pytest.mark.parametrize("key", ["coords", "X_xy_loc", "spatial_coordinates", "centroids"])
    def test_obsm_of_another_name(self, tmp_path: Path, key: str) -> None:
        adata = one()
        adata.obsm[key] = adata.obsm.pop("spatial")
        adata.obsm["X_umap"] = np.zeros((len(XY), 2))
        with pytest.warns(StentransWarning, match=f"taken from obsm\\['{key}'\\]"):
            section = read_section(save(adata, tmp_path))
        np.testing.assert_array_equal(section.xy, XY)

    @pytest.mark.parametrize(
        "pair",
        [("x_umap", "y_umap"), ("min_x", "min_y"), ("x_coord", "y_size"), ("x_std", "y_std")],
    )
    def test_columns_that_are_no_positions(self, tmp_path: Path, pair: tuple[str, str]) -> None:
        adata = one()
        adata.obs[list(pair)] = adata.obsm.pop("spatial")
        adata.obsm["X_pca"] = XY
        with pytest.raises(SectionError, match="No positions"):
            read_section(save(adata, tmp_path))

    def test_pixel_columns_beside_the_array(self, tmp_path: Path) -> None:
        adata = one()
        adata.obs[["pxl_col_in_fullres", "pxl_row_in_fullres"]] = adata.obsm.pop("spatial")
        adata.obs[["array_col", "array_row"]] = (XY / 10).astype(int)
        adata.obs[["x", "y"]] = 0.0
        section = read_section(save(adata, tmp_path))
        np.testing.assert_array_equal(section.xy, XY)
        assert section.lattice.spacing == pytest.approx(10)

    def test_words_are_no_positions(self, tmp_path: Path) -> None:
        adata = one()
        del adata.obsm["spatial"]
        adata.obs["x"], adata.obs["y"] = "left", "right"
        path = save(adata, tmp_path)
        with (
            pytest.warns(StentransWarning, match="columns 'x' and 'y'"),
            pytest.raises(SectionError, match="x and y of obs must be numbers"),
        ):
            read_section(path)

    def test_spots_without_position_are_left_out(self, tmp_path: Path) -> None:
        adata = one()
        adata.obsm["spatial"][[2, 9]] = np.nan
        path = save(adata, tmp_path)
        with pytest.warns(StentransWarning, match="2 of 30 spots have no position"):
            section = read_section(path)
        np.testing.assert_array_equal(section.xy, np.delete(XY, [2, 9], axis=0))
        assert section.lattice.kind == "square"


class TestImages:
    """Images of ``uns["spatial"]``."""

    def test_grey_float_and_others(self, tmp_path: Path) -> None:
        adata = one()
        rng = np.random.default_rng(0)
        images = {
            "lowres": rng.random((6, 7)),
            "hires": rng.random((60, 70, 3)).astype(np.float32),
            "mask": rng.integers(0, 255, (1, 30, 35), np.uint8),
            "unknown": np.zeros((4, 4, 3)),
        }
        factors = {"tissue_lowres_scalef": 0.1, "tissue_mask_scalef": 0.5}
        adata.uns["spatial"] = {"slide": {"images": images, "scalefactors": factors}}
        path = save(adata, tmp_path)
        with pytest.warns(StentransWarning, match="image unknown is left out"):
            section = read_section(path)
        assert [(im.name, im.scale) for im in section.images] == [
            ("hires", 1.0),  # the only pixels that hold every spot without a scale
            ("lowres", 0.1),
            ("mask", 0.5),
        ]
        np.testing.assert_array_equal(section.images[0].data, images["hires"])
        np.testing.assert_array_equal(section.images[1].data, images["lowres"])
        assert section.images[2].data.shape == (30, 35)

    def test_library_without_anything(self, tmp_path: Path) -> None:
        adata = one()
        adata.uns["spatial"] = {"slide": {}}
        assert read_section(save(adata, tmp_path)).images == ()


def test_part_of_an_unknown_kind_is_left_out(tmp_path: Path) -> None:
    adata = one()
    adata.uns["colours"] = np.array(["red"])
    path = save(adata, tmp_path)
    with h5py.File(path, "a") as file:
        file["uns/colours"].attrs["encoding-type"] = "from the future"
    with pytest.warns(StentransWarning, match="left out: uns/colours"):
        section = read_section(path)
    assert "colours" not in section.adata.uns
    with h5py.File(path, "a") as file:
        file["obs"].attrs["encoding-version"] = "99"
    with pytest.raises(ReadError, match="cannot be read"):
        read_section(path)


@pytest.mark.parametrize("name", ["the brain.h5ad", "Gehirn Größe.h5ad", "脳.H5AD"])
def test_blanks_and_letters_of_other_languages(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "ein Ordner ü"
    folder.mkdir()
    one().write_h5ad(folder / "x.h5ad")
    path = (folder / "x.h5ad").rename(folder / name)
    section = read_section(path)
    assert section.name == path.stem
    assert section.n_spots == len(XY)
