"""Genes that a section lacks, from single cells: simulated, so that the truth is known."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.io import mmwrite

from napari_stentrans import (
    EnhanceConfig,
    Section,
    enhance,
    read_cells,
    read_section,
    simulate_cells,
    simulate_section,
    true_expression,
)
from napari_stentrans.analysis import Maps
from napari_stentrans.cli import main
from napari_stentrans.cli.opened import opened
from napari_stentrans.cli.outputs import as_session
from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.export import save
from napari_stentrans.reference import Cells, cells
from napari_stentrans.reference.decoder import ReferenceDecoder
from napari_stentrans.script import as_python

N_SPOTS, N_GENES, PANEL = 600, 400, 150


@pytest.fixture(scope="module")
def whole():
    return simulate_section(N_SPOTS, N_GENES, seed=3, depth=4000, artefacts=False, image=False)


@pytest.fixture(scope="module")
def panel(whole):
    """The section, of which a third of the genes was measured."""
    chosen = np.sort(np.random.default_rng(0).choice(N_GENES, PANEL, replace=False))
    return Section.from_anndata(whole.adata[:, chosen].copy(), name="panel")


@pytest.fixture(scope="module")
def reference():
    return simulate_cells(1500, N_GENES, n_spots=N_SPOTS, seed=3)


def enhanced(section, adata, lost=None, **settings):
    config = EnhanceConfig(method="kriging", image="off", **settings)
    return enhance(section, lost, config, reference=adata)


@pytest.fixture(scope="module")
def found(panel, reference):
    return enhanced(panel, reference)


def told(result):
    """Genes that are predicted, and their mean and deviation at the spots."""
    decoder = result.decoder.told
    return list(decoder.genes), *decoder.columns(np.arange(len(decoder.genes)))


def each(one, other):
    """Correlation of each column of two tables."""
    one, other = one - one.mean(0), other - other.mean(0)
    both = np.sqrt((one**2).sum(0) * (other**2).sum(0))
    return (one * other).sum(0) / np.maximum(both, 1e-12)


def test_every_other_gene_is_predicted_where_it_is(found, whole, panel):
    genes, mean, std = told(found)
    assert not set(genes) & set(panel.genes)
    assert len(genes) > 0.9 * (N_GENES - PANEL)
    truth = true_expression(whole, genes)
    assert (std > 0).all()
    varies = whole.adata.var.loc[genes, "truth_pattern"] != "none"
    strong = varies & (truth.std(0) > 0.3)
    assert strong.sum() > 10
    assert np.median(each(truth[:, strong], mean[:, strong])) > 0.5


def test_trust_is_what_is_reached(found, whole):
    genes, mean, _ = told(found)
    measured = np.column_stack([whole.gene_lognorm(gene) for gene in genes])
    reached = each(measured, mean)
    trust = found.trust.to_numpy()
    assert np.corrcoef(trust, reached)[0, 1] > 0.6
    assert abs(trust.mean() - reached.mean()) < 0.1
    facts = found.record.reference
    assert facts.predicted == len(genes)
    assert facts.trusted == (trust >= 0.3).sum()


def test_deviations_hold_what_is_measured(found, whole):
    genes, mean, std = told(found)
    measured = np.column_stack([whole.gene_lognorm(gene) for gene in genes])
    spread = np.hypot(std, found.decoder.told.noise(np.arange(len(genes))))
    assert 0.55 < (np.abs(measured - mean) < spread).mean() < 0.85


def test_a_reference_that_does_not_fit_is_not_trusted(panel, reference, found):
    """The cells' genes under each other's names: what goes together in them means nothing."""
    wrong = reference.copy()
    wrong.var_names = np.random.default_rng(1).permutation(wrong.var_names)
    other = enhanced(panel, wrong)
    assert other.trust.mean() < 0.7 * found.trust.mean()
    assert other.record.reference.reached < 0.5 * found.record.reference.reached
    assert "do not trust" in other.record.evidence_in_words


def test_lost_spots_are_predicted_and_not_looked_at(panel, reference):
    lost = np.arange(N_SPOTS) < 40
    maps = []
    for spoilt in (False, True):
        adata = panel.adata.copy()
        if spoilt:
            counts = adata.X.toarray()
            counts[:40] = counts[:40, ::-1]  # with the library sizes that they had
            adata.X = sp.csc_matrix(counts)
        maps.append(told(enhanced(Section.from_anndata(adata), reference, lost, upscale=2)))
    (_, mean, std), (_, again, _) = maps
    assert len(mean) > N_SPOTS
    assert np.isfinite(mean).all()
    np.testing.assert_allclose(mean, again, rtol=1e-3, atol=1e-4)
    assert std[:N_SPOTS][lost].mean() > std[:N_SPOTS][~lost].mean()


def test_what_it_knows_goes_to_a_file_and_back(found):
    decoder = found.decoder.told
    back, at = ReferenceDecoder.of_arrays(decoder.arrays()), np.array([3, 0])
    assert list(back.genes) == list(decoder.genes)
    for one, other in zip(back.columns(at), decoder.columns(at), strict=True):
        np.testing.assert_array_equal(one, other)


def test_rare_types_stay_where_cells_are_drawn(reference, monkeypatch):
    monkeypatch.setattr(cells, "MOST_CELLS", 600)
    given = Cells.from_anndata(reference, "cell_type")
    assert given.n_all == 1500
    assert 550 <= given.n_cells <= 600
    before = reference.obs["cell_type"].value_counts()
    after = given.types.value_counts()
    rare = [name for name in before.index if 0 < before[name] <= 60]
    assert rare
    for name in rare:
        assert after[name] == before[name]
    assert after.max() < before.max()
    assert f"{given.n_cells} of 1,500 cells" in given.in_words()


def test_one_clear_message_for_what_is_no_reference(panel, reference):
    negative = reference.copy()
    negative.X = negative.X.copy()
    negative.X.data[:5] = -1
    logged = reference.copy()
    logged.X = np.log1p(logged.X)
    few = reference[
        :, [*panel.genes[:3], *(g for g in reference.var_names if g not in panel.genes)]
    ]
    none = reference.copy()
    none.var_names = [f"other{i}" for i in range(none.n_vars)]
    del none.var["gene_ids"]  # by which they would be known
    same = reference[:, list(panel.genes)]
    for wrong, words in (
        (negative, "negative"),
        (logged, "seems to be logged"),
        (few.copy(), "3 genes in common"),
        (none, "0 genes in common"),
        (same.copy(), "nothing to predict"),
        (reference[:5].copy(), "at least 20 are needed"),
    ):
        with pytest.raises(SectionError, match=words):
            enhanced(panel, wrong)
    with pytest.raises(SectionError, match="no column 'nope'"):
        Cells.from_anndata(reference, "nope")


@pytest.fixture(scope="module")
def on_disk(panel, reference, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    panel.adata.write_h5ad(folder / "panel.h5ad")
    reference.write_h5ad(folder / "cells.h5ad")
    return folder


@pytest.fixture(scope="module")
def run(on_disk):
    section = read_section(on_disk / "panel.h5ad")
    lost = np.arange(N_SPOTS) < 30
    return enhance(section, lost, EnhanceConfig(method="kriging"), reference=on_disk / "cells.h5ad")


def test_a_run_gives_genes_of_the_reference_beside_those_of_the_section(run, panel, reference):
    told = run.trust
    assert list(run.measured_genes) == list(panel.genes)
    assert list(run.genes) == [*panel.genes, *told.index]
    assert set(told.index) <= set(reference.var_names)
    gene = str(told.index[5])
    mean, std = run.gene(gene)
    assert np.isfinite(mean).all()
    assert (std > 0).all()  # at measured spots too: nobody measured it there
    adata = run.to_anndata([str(panel.genes[0]), gene])
    assert list(adata.var["from_reference"]) == [False, True]
    assert np.isnan(adata.var["trust"].iloc[0])
    assert adata.var["trust"].iloc[1] == pytest.approx(told[gene])
    assert "held out" in run.record.evidence_in_words


def test_it_goes_to_a_file_and_is_read_by_scanpy(run, tmp_path):
    save(run, tmp_path / "out.h5ad")
    back = ad.read_h5ad(tmp_path / "out.h5ad")
    assert list(back.var_names) == list(run.genes)
    assert back.var["from_reference"].sum() == len(run.trust)
    gene = str(run.trust.index[0])
    np.testing.assert_allclose(
        np.ravel(back[:, gene].to_df().to_numpy()), run.gene(gene).mean, rtol=1e-4, atol=1e-5
    )


def test_a_session_keeps_them(run, tmp_path):
    [kept] = as_session(run, tmp_path / "kept.h5ad")
    back = opened(kept).result
    gene = str(run.trust.index[7])
    np.testing.assert_allclose(back.gene(gene).mean, run.gene(gene).mean, rtol=1e-5, atol=1e-6)
    pd.testing.assert_series_equal(back.trust, run.trust)


def test_analyses_look_at_what_was_measured(run):
    assert list(Maps.of(run).genes) == list(run.measured_genes)


def test_a_record_repeats_the_run_and_a_script_too(run, on_disk, tmp_path, capsys):
    lines = as_python(run.record).replace("enhanced.h5ad", str(tmp_path / "script.h5ad"))
    scope = {}
    exec(lines, scope)
    gene = str(run.trust.index[3])
    np.testing.assert_allclose(scope["result"].gene(gene).mean, run.gene(gene).mean, rtol=1e-4)
    record, out = tmp_path / "run.json", tmp_path / "again.h5ad"
    record.write_text(run.record.model_dump_json())
    assert main(["enhance", "--record", str(record), "-o", str(out)]) == 0
    assert "predicted from" in capsys.readouterr().err
    adata = ad.read_h5ad(out)
    np.testing.assert_allclose(
        np.ravel(adata[:, gene].X), run.gene(gene).mean, rtol=1e-3, atol=1e-4
    )


def test_the_command_line_takes_a_reference_and_genes_of_it(on_disk, run, tmp_path, capsys):
    gene, measured = str(run.trust.index[0]), str(run.measured_genes[0])
    out = tmp_path / "out.csv"
    words = [
        "enhance",
        str(on_disk / "panel.h5ad"),
        "--method",
        "kriging",
        "--genes",
        gene,
        measured,
    ]
    given = ["--reference", str(on_disk / "cells.h5ad"), "--cell-type", "cell_type"]
    assert main([*words, *given, "-o", str(out)]) == 0
    assert {f"{gene} mean", f"{measured} mean"} <= set(pd.read_csv(out).columns)
    assert main([*words, "--cell-type", "cell_type", "-o", str(tmp_path / "b.csv")]) == 1
    assert "--reference" in capsys.readouterr().err


def test_references_are_read_from_other_files(reference, tmp_path):
    folder = tmp_path / "mtx"
    folder.mkdir()
    mmwrite(folder / "matrix.mtx", reference.X.T.tocoo())
    names = reference.var_names
    (folder / "features.tsv").write_text("".join(f"ID{g}\t{g}\tGene Expression\n" for g in names))
    (folder / "barcodes.tsv").write_text("\n".join(reference.obs_names) + "\n")
    found = read_cells(folder)
    assert found.counts.shape == reference.shape
    assert (found.counts != Cells.from_anndata(reference).counts).nnz == 0
    with pytest.raises(ReadError, match="no single cells"):
        read_cells(__file__)
    with pytest.raises(ReadError, match="There is no reference"):
        read_cells(tmp_path / "gone.h5ad")
    with pytest.raises(SectionError, match="10x matrix"):
        read_cells(folder, "cell_type")
