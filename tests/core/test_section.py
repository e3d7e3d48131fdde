from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stentrans import Section, StentransWarning
from napari_stentrans.errors import GeneNotFound, SectionError


def table(n: int = 6, genes: int = 4) -> ad.AnnData:
    rng = np.random.default_rng(0)
    r, c = np.mgrid[:n, :n].reshape(2, -1)
    adata = ad.AnnData(sp.csr_matrix(rng.poisson(2, (n * n, genes)).astype(np.float32)))
    adata.obs_names = [f"spot{i}" for i in range(n * n)]
    adata.var_names = [f"Gene{i + 1}" for i in range(genes)]
    adata.var["gene_ids"] = [f"ENS{i}" for i in range(genes)]
    adata.obsm["spatial"] = np.column_stack([c, r]) * 100.0 + 50
    return adata


def test_the_users_table_is_not_changed() -> None:
    adata = table()
    before = adata.copy()
    section = Section.from_anndata(adata)
    section.adata.obs["x"] = 1
    section.adata.X.data[:] = 9
    assert (adata.X != before.X).nnz == 0
    assert list(adata.obs.columns) == list(before.obs.columns)
    assert sp.issparse(section.adata.X)


def test_genes_by_name_and_by_id() -> None:
    adata = table()
    section = Section.from_anndata(adata)
    expected = adata.X[:, [2]].toarray().ravel()
    np.testing.assert_array_equal(section.gene_counts("Gene3"), expected)
    np.testing.assert_array_equal(section.gene_counts("ENS2"), expected)
    with pytest.raises(GeneNotFound, match="Did you mean 'Gene3'"):
        section.gene_counts("gene3")


def test_lognorm_of_a_gene() -> None:
    adata = table()
    section = Section.from_anndata(adata)
    x = adata.X.toarray()
    total = x.sum(1, keepdims=True)
    np.testing.assert_allclose(
        section.gene_lognorm("Gene1"), np.log1p(x / total * np.median(total))[:, 0], rtol=1e-5
    )


def test_array_columns_make_positions() -> None:
    adata = table()
    xy = adata.obsm["spatial"]
    del adata.obsm["spatial"]
    adata.obs["array_row"], adata.obs["array_col"] = (xy[:, 1] - 50) / 100, (xy[:, 0] - 50) / 100
    section = Section.from_anndata(adata)
    assert section.lattice.kind == "square"
    np.testing.assert_array_equal(section.xy, (xy - 50) / 100)


def test_counts_are_found_when_x_is_normalised() -> None:
    adata = table()
    adata.layers["counts"] = adata.X.copy()
    adata.X = np.log1p(adata.X.toarray() / 3)
    with pytest.warns(StentransWarning, match=r"layers\[.counts.\]"):
        section = Section.from_anndata(adata)
    assert (section.counts != adata.layers["counts"]).nnz == 0


def test_fractions_are_used_with_a_warning() -> None:
    adata = table()
    adata.X = adata.X * 0.5
    with pytest.warns(StentransWarning, match="whole numbers"):
        section = Section.from_anndata(adata)
    assert (section.counts != adata.X).nnz == 0


def test_repeated_names_get_a_number() -> None:
    adata = table()
    adata.var_names = ["Gene1", "Gene1", "Gene2", "Gene3"]
    with pytest.warns(StentransWarning, match="gene names stand more than once"):
        section = Section.from_anndata(adata)
    assert section.genes.is_unique
    assert section.genes[0] == "Gene1"


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "NaN"), (np.inf, "infinite"), (-1.0, "negative")],
)
def test_counts_that_cannot_be(value: float, message: str) -> None:
    adata = table()
    adata.X.data[3] = value
    with pytest.raises(SectionError, match=message):
        Section.from_anndata(adata)


def test_sections_without_anything_in_them() -> None:
    adata = table()
    with pytest.raises(SectionError, match="needs spots and genes"):
        Section.from_anndata(adata[:0])
    with pytest.raises(SectionError, match="needs spots and genes"):
        Section.from_anndata(adata[:, :0])
    zero = table()
    zero.X = sp.csr_matrix(zero.shape, dtype=np.float32)
    with pytest.raises(SectionError, match="are zero"):
        Section.from_anndata(zero)
    del adata.obsm["spatial"]
    with pytest.raises(SectionError, match="No positions"):
        Section.from_anndata(adata)


def test_images_and_scale_come_from_uns() -> None:
    adata = table()
    adata.uns["spatial"] = {
        "lib1": {
            "images": {"hires": np.zeros((30, 20, 3), np.uint8)},
            "scalefactors": {"tissue_hires_scalef": 0.05, "microns_per_pixel": 0.5},
        }
    }
    section = Section.from_anndata(adata)
    assert section.name == "lib1"
    assert section.um_per_px == 0.5
    assert [(i.name, i.scale, i.data.shape) for i in section.images] == [
        ("hires", 0.05, (30, 20, 3))
    ]


def test_digest_tells_sections_apart() -> None:
    adata = table()
    one = Section.from_anndata(adata)
    assert one.digest == Section.from_anndata(adata.copy()).digest
    adata.X[0, 0] += 1
    assert one.digest != Section.from_anndata(adata).digest


def test_text_in_place_of_numbers() -> None:
    adata = table()
    adata.obs["array_row"] = "a"
    adata.obs["array_col"] = pd.Series(range(36), index=adata.obs_names)
    with pytest.raises(SectionError, match="must be numbers"):
        Section.from_anndata(adata)


# ---- the AnnData is made when it is asked for


def is_made(section: Section) -> bool:
    return isinstance(section._parts, ad.AnnData)


def test_what_a_section_is_asked_needs_no_anndata() -> None:
    section = Section.from_anndata(table())
    _ = section.totals, section.raster, section.digest, section.obs, section.naming
    assert section.gene_index("Gene2") == 1
    assert not is_made(section.with_images(()))
    adata = section.adata
    assert is_made(section)
    assert section.adata is adata
    assert adata.X is section.counts
    assert list(adata.var_names) == list(section.genes)
    np.testing.assert_array_equal(adata.obsm["spatial"], section.xy)


def test_sections_that_share_their_data_share_the_anndata() -> None:
    section = Section.from_anndata(table())
    other = section.with_facts(source=None, chosen={"bin": "8"})
    other.adata.obs["region"] = "tumour"
    assert other.adata is section.adata
    assert set(section.obs["region"]) == {"tumour"}
    section.adata.X = section.adata.X * 2
    assert other.counts.sum() == section.counts.sum() == section.adata.X.sum()


def test_a_section_of_another_anndata_has_that() -> None:
    section = Section.from_anndata(table())
    part = section.adata[:24].copy()
    other = replace(section, adata=part)
    assert other.adata is part
    assert other.n_spots == 24
    assert section.n_spots == 36
    with pytest.raises(FrozenInstanceError):
        other.adata = part
    with pytest.raises(TypeError, match="adata"):
        Section(lattice=section.lattice)


def test_tables_in_obsm_that_do_not_fit_are_refused_when_the_section_is_made() -> None:
    adata = table()
    adata.obsm["table"] = pd.DataFrame({"a": range(36)}, adata.obs_names)
    section = Section.from_anndata(adata)
    pd.testing.assert_frame_equal(section.adata.obsm["table"], adata.obsm["table"])
    adata.obs_names = ["twice", "twice", *adata.obs_names[2:]]
    with (
        pytest.warns(StentransWarning, match="stand more than once"),
        pytest.raises(ValueError, match="index"),
    ):
        Section.from_anndata(adata)
