from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stentrans import EnhanceConfig, Section, enhance, simulate_section
from napari_stentrans.credible import COMPONENTS, components, filled
from napari_stentrans.errors import SectionError
from napari_stentrans.grid_kriging import GridKriging, Kernel
from napari_stentrans.masking import blobs
from napari_stentrans.progress import drain
from napari_stentrans.section import SectionImage
from napari_stentrans.simulate import true_expression
from napari_stentrans.tissue_image import TissueWords, tissue_words


@pytest.fixture(scope="module")
def section() -> Section:
    return simulate_section(400, 100, lattice="hex", seed=4, artefacts=False)


@pytest.fixture(scope="module")
def lost(section: Section) -> np.ndarray:
    return blobs(section.xy / section.lattice.spacing, 0.2, np.random.default_rng(0))


def with_pixels(section: Section, pixels: np.ndarray) -> Section:
    image = SectionImage("changed", lambda: pixels, section.images[0].scale)
    return replace(section, images=(image,))


def words_of(section: Section) -> TissueWords:
    words = drain(tissue_words(section))
    assert words is not None
    return words


def error_at_lost(section: Section, lost: np.ndarray, config: EnhanceConfig) -> float:
    """Squared distance to the true maps of the most variable genes, their means apart."""
    truth = true_expression(section, list(section.genes))
    most = np.argsort(-truth.std(0))[:60]
    result = enhance(section, lost, config)
    predicted = np.stack([result.gene(g).mean[: len(lost)][lost] for g in section.genes[most]], 1)
    wanted = truth[lost][:, most]
    wanted, predicted = wanted - wanted.mean(0), predicted - predicted.mean(0)
    return float(((predicted - wanted) ** 2).mean())


def test_shares_of_words_add_up_and_places_beyond_the_image_are_not_known(section: Section) -> None:
    words = words_of(section)
    np.testing.assert_allclose(words.shares.astype(float).sum(1), 1, atol=0.02)
    size = np.array(section.images[0].shape[1::-1]) / section.images[0].scale
    inside = words.at(np.array([[0, 0], size - 1]))
    outside = words.at(np.array([[-500, 0], size + 500]))
    assert np.isfinite(inside).all()
    assert np.isnan(outside).all()


def test_words_lie_where_the_texture_is() -> None:
    section = simulate_section(200, 50, seed=0, image=False)
    size = (np.ceil(section.xy.max(0)) + 200).astype(int)[::-1]
    pixels = np.full((*size, 3), 230, np.uint8)
    half = int(section.xy[:, 0].mean())
    rng = np.random.default_rng(0)
    pixels[:, half:] = rng.integers(60, 200, (size[0], size[1] - half, 1))
    image = SectionImage("two halves", lambda: pixels, 1.0)
    shown = components(words_of(replace(section, images=(image,))).at(section.xy))
    far = np.abs(section.xy[:, 0] - half) > section.lattice.spacing
    right = section.xy[:, 0] > half
    assert abs(np.corrcoef(shown[far, 0], right[far])[0, 1]) > 0.99


def test_blank_images_and_none_show_nothing(section: Section) -> None:
    blank = with_pixels(section, np.full(section.images[0].shape, 240, np.uint8))
    assert drain(tissue_words(blank)) is None
    assert drain(tissue_words(replace(section, images=()))) is None
    away = replace(section.images[0], load=lambda: np.zeros((40, 40, 3), np.uint8))
    assert drain(tissue_words(replace(section, images=(away,)))) is None


@pytest.mark.parametrize("kind", ["gray", "sixteen bits", "alpha", "fluorescence", "pyramid"])
def test_images_of_any_kind_have_words(section: Section, kind: str) -> None:
    pixels = section.images[0].data
    levels: list[np.ndarray] = [pixels]
    if kind == "gray":
        levels = [pixels[..., 0]]
    elif kind == "sixteen bits":
        levels = [pixels.astype(np.uint16) * 257]
    elif kind == "alpha":
        levels = [np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])]
    elif kind == "fluorescence":
        levels = [255 - pixels]
    else:
        levels = [pixels, pixels[::2, ::2]]
    image = SectionImage(kind, lambda: levels, section.images[0].scale)
    shown = components(words_of(replace(section, images=(image,))).at(section.xy))
    assert shown.std(0)[0] > 0.2


def test_words_are_found_once_and_shared_with_parts_of_the_section(section: Section) -> None:
    part = replace(section, adata=section.adata[:100].copy())
    assert drain(tissue_words(part)) is drain(tissue_words(section))


def test_components_say_nothing_where_nothing_is_known() -> None:
    features = np.random.default_rng(0).normal(size=(80, 40)).astype(np.float32)
    features[7] = np.nan
    shown = components(features)
    assert shown.shape == (80, COMPONENTS)
    assert not shown[7].any()
    assert (np.delete(shown, 7, 0) ** 2).sum(1).mean() == pytest.approx(1, rel=1e-4)
    assert not components(np.full((5, 3), np.nan, np.float32)).any()


def test_kriging_with_likeness_is_the_textbook_one() -> None:
    rng = np.random.default_rng(0)
    xy, seen = rng.uniform(0, 6, (60, 2)), rng.normal(size=(60, 3)) / np.sqrt(3)
    values = rng.normal(size=(60, 2)) + seen[:, :1]
    kernel = Kernel("exp", 3.0, 0.4)
    kriging = GridKriging(xy[:50], values[:50], [kernel], [seen[:50]])
    drain(kriging.fit())
    mean, var = drain(kriging.predict(xy[50:], [seen[50:]]))
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    covariance = 0.6 * np.exp(-distance / 3) + 0.4 * seen @ seen.T + 1
    inner, outer = covariance[:50, :50], covariance[50:, :50]
    shares = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97])
    for column in range(2):
        y, logs, means, variances = values[:50, column], [], [], []
        for share in shares:
            matrix = share * inner + (1 - share) * np.eye(50)
            solved = np.linalg.solve(matrix, np.column_stack([y, share * outer.T]))
            scale = y @ solved[:, 0] / 50
            logs.append(-25 * np.log(scale) - 0.5 * np.linalg.slogdet(matrix)[1])
            means.append(share * outer @ solved[:, 0])
            prior = share * np.diag(covariance)[50:]
            variances.append(scale * (prior - (share * outer * solved[:, 1:].T).sum(1)))
        weight = np.exp(np.array(logs) - max(logs))
        weight /= weight.sum()
        np.testing.assert_allclose(mean[:, column], weight @ np.array(means), atol=5e-3)
        np.testing.assert_allclose(var[:, column], weight @ np.array(variances), rtol=0.02)


# --- in a run ---


def test_the_image_brings_lost_tissue_closer_to_the_truth(
    section: Section, lost: np.ndarray
) -> None:
    result = enhance(section, lost)
    findings = result.record.findings
    assert findings["image_used"] == 1
    assert findings["image_gain"] > 0.05
    without = error_at_lost(section, lost, EnhanceConfig(image="off"))
    assert error_at_lost(section, lost, EnhanceConfig()) < 0.9 * without


@pytest.mark.parametrize("wrong", ["turned", "noise"])
def test_an_image_that_misleads_is_left_out(section: Section, lost: np.ndarray, wrong: str) -> None:
    pixels = section.images[0].data
    rng = np.random.default_rng(0)
    pixels = pixels[::-1, ::-1] if wrong == "turned" else rng.integers(0, 256, pixels.shape, "u1")
    result = enhance(with_pixels(section, pixels), lost)
    assert result.record.findings["image_used"] == 0
    plain = enhance(section, lost, EnhanceConfig(image="off"))
    gene = section.genes[0]
    np.testing.assert_allclose(result.gene(gene).mean, plain.gene(gene).mean, atol=0.1)


def test_a_persons_own_embedding_goes_through_the_same_door(
    section: Section, lost: np.ndarray
) -> None:
    blind = replace(section, images=())
    assert "image_used" not in enhance(blind, lost).record.findings
    truth = true_expression(section, list(section.genes))
    rng = np.random.default_rng(0)
    embedding = (truth - truth.mean(0)) @ rng.normal(size=(truth.shape[1], 16))
    blind.adata.obsm["embedding"] = embedding
    result = enhance(blind, lost, EnhanceConfig(features="embedding", upscale=2))
    assert result.record.findings["features_used"] == 1
    with pytest.raises(SectionError, match="obsm has no 'other'"):
        enhance(blind, lost, EnhanceConfig(features="other"))
    blind.adata.obsm["names"] = np.full((blind.n_spots, 1), "a", object)
    with pytest.raises(SectionError, match="must hold numbers"):
        enhance(blind, lost, EnhanceConfig(features="names"))


# --- damage under paint ---


@pytest.mark.parametrize("kind", ["bubble", "fold"])
def test_a_damaged_image_is_not_believed_under_paint(kind: str) -> None:
    spoilt = simulate_section(400, 60, seed=1)
    lost = (spoilt.adata.obs["artefact"] == kind).to_numpy()
    assert lost.sum() > 5
    shown = components(words_of(spoilt).at(spoilt.xy))
    assert filled(shown, spoilt.xy, ~lost).blind[lost].all()


def test_a_whole_image_is_believed_under_paint(section: Section, lost: np.ndarray) -> None:
    shown = components(words_of(section).at(section.xy))
    assert filled(shown, section.xy, ~lost).blind[lost].mean() < 0.1


def test_a_painted_bubble_leaves_no_trace_in_the_result() -> None:
    section = simulate_section(400, 120, seed=0)
    lost = (section.adata.obs["artefact"] == "bubble").to_numpy()
    genes = list(section.genes)
    truth = true_expression(section, genes)[lost]
    error = {}
    for image in ("auto", "off"):
        result = enhance(section, lost, EnhanceConfig(image=image))
        filled_in = result.to_anndata(genes).X[: section.n_spots][lost]
        error[image] = ((filled_in - truth) ** 2).mean()
        assert result.record.findings.get("image_used", 0) == (image == "auto")
    assert error["auto"] < 1.02 * error["off"]
