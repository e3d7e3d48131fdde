from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from same_numbers import assert_same_numbers

from napari_stentrans import (
    EnhanceConfig,
    Enhancement,
    PublishedConfig,
    Section,
    StentransWarning,
    enhance,
    enhance_steps,
    simulate_section,
    true_expression,
)
from napari_stentrans.errors import ConfigError, GeneNotFound, MaskError, SectionError
from napari_stentrans.method_table import METHODS
from napari_stentrans.progress import PARTS, Stage
from napari_stentrans.record import RunRecord
from napari_stentrans.targets import Provenance


@pytest.fixture(scope="module", params=["hex", "square"])
def section(request: pytest.FixtureRequest) -> Section:
    return simulate_section(250, 120, lattice=request.param, seed=1, artefacts=False)


@pytest.fixture(scope="module")
def lost(section: Section) -> np.ndarray:
    middle = np.median(section.xy, axis=0)
    return np.linalg.norm(section.xy - middle, axis=1) < 3.2 * section.lattice.spacing


@pytest.fixture(scope="module")
def result(section: Section, lost: np.ndarray) -> Enhancement:
    return enhance(section, lost, EnhanceConfig(upscale=2))


def test_spots_come_first_under_their_names(
    section: Section, lost: np.ndarray, result: Enhancement
) -> None:
    adata = result.to_anndata()
    n = section.n_spots
    assert list(adata.obs_names[:n]) == list(section.adata.obs_names)
    assert adata.obs_names.is_unique
    np.testing.assert_array_equal(adata.obsm["spatial"][:n], section.xy)
    assert ((adata.obs["provenance"] == "lost")[:n] == lost).all()
    assert (adata.obs["provenance"][n:] == "between").all()
    np.testing.assert_array_equal(
        adata.obs[["array_row", "array_col"]][:n], section.adata.obs[["array_row", "array_col"]]
    )
    assert list(adata.var["gene_ids"]) == list(section.adata.var["gene_ids"])
    assert 3.2 * n < adata.n_obs < 4 * n


def test_lost_spots_come_back_close_to_the_truth(
    section: Section, lost: np.ndarray, result: Enhancement
) -> None:
    genes = list(section.genes[:12])  # the clear markers
    truth = true_expression(section, genes)[lost]
    filled = result.to_anndata(genes).X[: section.n_spots][lost]
    r = [
        np.corrcoef(truth[:, i], filled[:, i])[0, 1] for i in range(12) if truth[:, i].std() > 0.05
    ]
    assert len(r) >= 4
    assert np.median(r) > 0.4


def test_what_was_lost_is_never_looked_at(section: Section, lost: np.ndarray) -> None:
    other = section.adata.copy()
    damaged = other.X.tolil()
    damaged[np.flatnonzero(lost)[0], 0] += 1000
    other.X = damaged.tocsc()
    # The median library size is the only thing that the lost spots' counts can move.
    config = EnhanceConfig(factors=5)
    before = enhance(section, lost, config)
    after = enhance(Section.from_anndata(other), lost, config)
    np.testing.assert_allclose(before.gene("Gene3").mean, after.gene("Gene3").mean, rtol=0.02)


def test_denoising_brings_measured_spots_closer_to_the_truth(
    section: Section, lost: np.ndarray, result: Enhancement
) -> None:
    genes = list(section.genes)
    truth = true_expression(section, genes)[~lost]
    denoised = result.to_anndata(genes).X[: section.n_spots][~lost]
    raw = np.column_stack([section.gene_lognorm(g) for g in genes])[~lost]
    error = ((denoised - truth) ** 2).mean(0) / ((raw - truth) ** 2).mean(0)
    assert np.median(error) < 0.3


def test_without_denoising_measured_spots_stay_as_measured(
    section: Section, lost: np.ndarray
) -> None:
    result = enhance(section, lost, EnhanceConfig(denoise=False))
    gene = result.gene("Gene2")
    np.testing.assert_allclose(gene.mean[~lost], section.gene_lognorm("Gene2")[~lost], atol=1e-5)
    assert np.isnan(gene.std[~lost]).all()
    assert (gene.std[lost] > 0).all()
    counts = result.to_anndata(["Gene2"]).layers["counts"][:, 0]
    np.testing.assert_allclose(counts[~lost], section.gene_counts("Gene2")[~lost], atol=0.01)


def test_uncertainty_grows_into_the_hole(section: Section, lost: np.ndarray) -> None:
    result = enhance(section, lost, EnhanceConfig(image="off"))
    std = result.gene("Gene2").std[: section.n_spots]
    middle = np.linalg.norm(section.xy - np.median(section.xy, axis=0), axis=1)
    deep = lost & (middle < 1.5 * section.lattice.spacing)
    assert std[deep].mean() > std[lost & ~deep].mean() > std[~lost].mean()


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic"])
def test_gene_by_gene_methods_fill_only_what_is_asked(
    section: Section, lost: np.ndarray, method: str
) -> None:
    result = enhance(section, lost, EnhanceConfig(method=method, genes=("Gene2", "Gene5", "Gene2")))
    assert list(result.genes) == ["Gene2", "Gene5"]
    gene = result.gene("Gene2")
    np.testing.assert_allclose(gene.mean[~lost], section.gene_lognorm("Gene2")[~lost], atol=1e-4)
    assert np.isnan(gene.std).all()
    with pytest.raises(GeneNotFound, match="not among the 2 genes"):
        result.gene("Gene7")


def test_extra_sites_are_predicted_and_named(section: Section) -> None:
    sites = section.xy[:3] + section.lattice.spacing * 0.3
    result = enhance(section, None, EnhanceConfig(factors=5), sites)
    adata = result.to_anndata(["Gene2"])
    assert list(adata.obs["provenance"][-3:]) == ["unmeasured"] * 3
    np.testing.assert_allclose(adata.obsm["spatial"][-3:], sites)
    assert adata.obs_names[-1].startswith("unmeasured_")


@pytest.mark.numerical
def test_same_seed_same_numbers_also_through_the_record(section: Section, lost: np.ndarray) -> None:
    one = enhance(section, lost, EnhanceConfig(upscale=2, seed=4), section.xy[:2] + 5.0)
    record = RunRecord.model_validate_json(one.record.model_dump_json())
    two = enhance(section, *record.inputs(section))
    assert_same_numbers(one.to_anndata().X, two.to_anndata().X)
    assert two.record.lost == one.record.lost


def test_a_record_does_not_fit_another_section(section: Section, result: Enhancement) -> None:
    other = simulate_section(200, 30, seed=9)
    with pytest.raises(SectionError, match="record was made on"):
        result.record.inputs(other)


def test_progress_is_told_and_closing_cancels(section: Section) -> None:
    steps = enhance_steps(section, config=EnhanceConfig())
    stages = {next(steps).stage for _ in range(12)}
    assert "finding spatial factors" in stages
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


@pytest.mark.parametrize("method", list(METHODS))
def test_every_stage_of_a_run_is_in_the_list_and_its_parts_keep_their_order(method: str) -> None:
    section = simulate_section(60, 30, lattice="square", image=True, seed=3)
    quick = PublishedConfig(epochs=1, depth=1)
    config = EnhanceConfig(method=method, genes=("Gene1", "Gene2"), published=quick)
    lost = np.arange(section.n_spots) < 5
    steps = list(enhance_steps(section, lost, config))
    told = {words for step in steps for words in (*step.within, step.doing)}
    assert [words for words in told if not isinstance(words, Stage)] == []
    assert (Stage.CHECKING in told) == METHODS[method].evidence
    parts = [step.whole.part for step in steps if step.whole.part is not None]
    assert parts == sorted(parts)
    assert parts[-1] == len(PARTS) - 1


def test_spots_without_counts_are_filled(section: Section) -> None:
    adata = section.adata.copy()
    keep = np.ones(section.n_spots)
    keep[[3, 7]] = 0
    adata.X = sp.diags(keep) @ adata.X
    empty = Section.from_anndata(adata)
    with pytest.warns(StentransWarning, match="2 spots have no counts"):
        result = enhance(empty)
    assert list(np.flatnonzero(result.sites.provenance == Provenance.LOST)) == [3, 7]
    assert result.gene("Gene2").mean[3] > 0


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (np.zeros(7, bool), r"lost must have one value per spot"),
        (np.full(250, 0.5), r"True or False"),
        (np.ones(250, bool), r"left: 0, with 250 of 250 spots marked as lost\. Mark fewer"),
    ],
)
def test_masks_that_do_not_fit(section: Section, lost: np.ndarray, message: str) -> None:
    with pytest.raises(MaskError, match=message):
        enhance(section, lost)


def test_sites_that_are_not_positions(section: Section) -> None:
    with pytest.raises(MaskError, match="shape"):
        enhance(section, sites=np.zeros((4, 3)))
    with pytest.raises(GeneNotFound, match="no gene 'Nope'"):
        enhance(section, config=EnhanceConfig(genes=("Nope",)))


def test_config_names_the_field_that_is_wrong() -> None:
    with pytest.raises(ConfigError, match="upscale"):
        EnhanceConfig(upscale=3)
    with pytest.raises(ConfigError, match="epochs"):
        EnhanceConfig(published={"epochs": 0})
    with pytest.raises(ConfigError, match="methood"):
        EnhanceConfig(methood="kriging")
    config = EnhanceConfig(method="linear", genes=("A", "B"), published={"epochs": 3})
    assert EnhanceConfig.model_validate_json(config.model_dump_json()) == config


def test_irregular_spots_are_filled_and_doubled() -> None:
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 1000, (300, 2))
    adata = ad.AnnData(
        rng.poisson(np.column_stack([xy[:, 0] / 100, xy[:, 1] / 100, np.full(300, 5)])).astype(
            np.float32
        )
    )
    adata.var_names = ["right", "down", "flat"]
    adata.obs_names = [f"cell{i}" for i in range(300)]
    adata.obsm["spatial"] = xy
    section = Section.from_anndata(adata)
    lost = np.linalg.norm(xy - 500, axis=1) < 120
    result = enhance(section, lost, EnhanceConfig(upscale=2))
    assert section.lattice.kind == "irregular"
    filled = result.gene("right").mean[:300][lost]
    assert np.corrcoef(filled, xy[lost, 0])[0, 1] > 0.6
    assert result.to_anndata().obs_names.is_unique


def test_what_is_said_of_one_spot_is_said_of_one():
    one = simulate_section(60, 20, image=False).adata[:1].copy()
    with pytest.raises(MaskError, match=r"left: 1, with 0 of 1 spot marked .* Take a larger sec"):
        enhance(Section.from_anndata(one))
