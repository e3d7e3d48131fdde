"""What a file is, its content tells: AnnData and 10x matrices under other names, and results."""

from __future__ import annotations

import gzip
import tempfile
import warnings
from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pytest
import scipy.sparse as sp
from small_files import COUNTS, GENES, N, annotated, spaceranger, spaceranger_mtx, write_tenx

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import SectionError, StentransWarning
from napari_stentrans.export import save
from napari_stentrans.io import can_read, choices_of, read_section
from napari_stentrans.pipeline import enhance
from napari_stentrans.section import Section
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from pathlib import Path


def packed(path: Path) -> Path:
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return target


@pytest.mark.parametrize("name", ["a.h5", "a.hdf5", "a.H5AD", "a.h5ad.gz", "a.h5.gz"])
def test_annotated_under_any_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    path = annotated(tmp_path / "a.h5ad").rename(tmp_path / name.removesuffix(".gz"))
    path = packed(path) if name.endswith(".gz") else path
    assert can_read(path)
    assert choices_of(path) == ()
    section = read_section(path)
    assert section.name == "a"
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS)
    assert list(temporary.iterdir()) == []


def test_annotated_store(tmp_path: Path) -> None:
    adata = ad.read_h5ad(annotated(tmp_path / "a.h5ad"))
    adata.obs["mouse"] = np.repeat(["A", "B"], N // 2)
    adata.obsm["spatial"][N // 2 :] = adata.obsm["spatial"][: N // 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the format of zarr
        adata.write_zarr(tmp_path / "a.zarr")
    assert can_read(tmp_path / "a.zarr")
    assert choices_of(tmp_path / "a.zarr")[0].options == ("A", "B")
    section = read_section(tmp_path / "a.zarr", {"section": "B"})
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS[N // 2 :])


def test_packed_tenx(tmp_path: Path) -> None:
    folder = spaceranger(tmp_path / "brain")
    packed(folder / "filtered_feature_bc_matrix.h5")
    np.testing.assert_array_equal(read_section(folder).counts.toarray(), COUNTS)


def test_libraries_of_a_folder_of_mtx(tmp_path: Path) -> None:
    folder = spaceranger_mtx(tmp_path / "brain")
    table = folder / "filtered_feature_bc_matrix" / "barcodes.tsv"
    names = [f"cell{i % 20 + 1}-{i // 20 + 1}" for i in range(N)]
    table.write_text("\n".join(names) + "\n")
    positions = folder / "spatial" / "tissue_positions_list.csv"
    positions.write_text("\n".join(positions.read_text().splitlines()[:20]) + "\n")
    assert choices_of(folder)[0].options == ("1", "2")
    section = read_section(folder, {"sample": "2"})
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS[20:])


@pytest.mark.parametrize("part", ["data", "indices", "indptr", "shape", "barcodes", "all"])
def test_tenx_written_from_r(tmp_path: Path, part: str) -> None:
    folder = spaceranger(tmp_path / "brain")
    path = folder / "filtered_feature_bc_matrix.h5"
    with h5py.File(path, "a") as file:
        group = file["matrix"]
        for name in ("data", "indices", "indptr", "shape"):
            if part in (name, "all"):
                values = group[name][:].astype(float)
                del group[name]
                group[name] = values[:, None] if part == "all" else values
        if part in ("barcodes", "all"):
            values = [name.decode() for name in group["barcodes"][:]]
            del group["barcodes"]
            group.create_dataset("barcodes", data=values, dtype=h5py.string_dtype())
    section = read_section(folder)
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS)


@pytest.mark.parametrize("value", [0.5, np.nan, 1e12])
def test_indices_that_are_none(tmp_path: Path, value: float) -> None:
    write_tenx(tmp_path / "x.h5", COUNTS, GENES, ["Gene Expression"] * 3)
    folder = spaceranger(tmp_path / "brain")
    with h5py.File(folder / "filtered_feature_bc_matrix.h5", "a") as file:
        values = file["matrix/indices"][:].astype(float)
        values[3] = value
        del file["matrix/indices"]
        file["matrix/indices"] = values
    with pytest.raises(Exception, match="its indices"):
        read_section(folder)


class TestScaled:
    """X is scaled for a plot: what it was before is read, or what there is is named."""

    @staticmethod
    def scaled(path: Path, raw: bool) -> Path:
        adata = ad.read_h5ad(annotated(path))
        log = np.log1p(COUNTS / COUNTS.sum(1, keepdims=True) * 1e4)
        if raw:
            adata.raw = ad.AnnData(sp.csr_matrix(log), adata.obs, adata.var)
        adata.layers["centred"] = log - log.mean(0)
        adata.X = (log - log.mean(0)) / log.std(0)
        adata.write_h5ad(path)
        return path

    def test_raw_is_taken(self, tmp_path: Path) -> None:
        path = self.scaled(tmp_path / "a.h5ad", raw=True)
        with (
            pytest.warns(StentransWarning, match="counts are taken from raw"),
            pytest.warns(StentransWarning, match="found fractions"),
        ):
            section = read_section(path)
        assert section.chosen == {"counts": "raw"}
        assert (section.counts.data > 0).all()
        with (
            pytest.warns(StentransWarning, match="values are taken from raw"),
            pytest.warns(StentransWarning, match="found fractions"),
        ):
            direct = Section.from_anndata(ad.read_h5ad(path))
        np.testing.assert_allclose(direct.counts.toarray(), section.counts.toarray())

    def test_what_there_is_is_named(self, tmp_path: Path) -> None:
        path = self.scaled(tmp_path / "a.h5ad", raw=True)
        with pytest.raises(SectionError, match=r"X holds scaled .*--choose counts=raw"):
            read_section(path, {"counts": "X"})
        alone = self.scaled(tmp_path / "b.h5ad", raw=False)
        with pytest.raises(SectionError, match="None of X, layers/centred is without"):
            read_section(alone)


class TestOwnResults:
    """A result that is read again is known for one: expected counts, and no std as genes."""

    @pytest.mark.parametrize("name", ["r.h5ad", "r.zarr"])
    def test_expected_counts(self, tmp_path: Path, name: str) -> None:
        section = simulate_section(n_spots=60, n_genes=12, artefacts=False)
        result = enhance(section, config=EnhanceConfig(method="kriging", upscale=2))
        save(result, tmp_path / name)
        with pytest.warns(StentransWarning, match=r"sites \(60 at measured spots\) are a result"):
            again = read_section(tmp_path / name)
        expected = result.to_anndata().layers["counts"]
        np.testing.assert_allclose(again.counts.toarray(), expected, rtol=1e-5)
        assert again.chosen == {"counts": "layers/counts"}
        np.testing.assert_allclose(again.xy, result.sites.xy)
        with pytest.warns(StentransWarning, match="are a result of this program"):
            direct = Section.from_anndata(result.to_anndata())
        np.testing.assert_allclose(direct.counts.toarray(), expected, rtol=1e-5)

    @pytest.mark.parametrize("name", ["r.csv", "r.csv.gz"])
    @pytest.mark.parametrize("n", [1, 3])
    def test_table(self, tmp_path: Path, name: str, n: int) -> None:
        section = simulate_section(n_spots=60, n_genes=12, artefacts=False)
        result = enhance(section, config=EnhanceConfig(method="kriging"))
        genes = list(section.genes[:n])
        save(result, tmp_path / name, genes=genes)
        with (
            pytest.warns(StentransWarning, match="result of this program.*their std is left out"),
            pytest.warns(StentransWarning, match="found fractions"),
        ):
            again = read_section(tmp_path / name)
        assert list(again.genes) == genes
        assert list(again.adata.obs_names) == list(section.adata.obs_names)
        mean = np.column_stack([result.gene(gene).mean for gene in genes])
        np.testing.assert_allclose(again.counts.toarray(), mean, rtol=1e-4, atol=1e-5)
