"""Maps: columns of a section or a result, whatever was asked for before."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stentrans import EnhanceConfig, enhance, read_section, simulate_section
from napari_stentrans.analysis.comparison import compare_regions
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.analysis.spatial_genes import find_spatial_genes
from napari_stentrans.annotation import Annotation
from napari_stentrans.errors import ConfigError, StentransWarning
from napari_stentrans.export import save


@pytest.fixture(scope="module")
def section():
    """A small section."""
    return simulate_section(120, 30, image=False)


@pytest.fixture(scope="module")
def result(section):
    """The section with a lost region, enhanced."""
    lost = np.arange(section.n_spots) < 8
    return enhance(section, lost, EnhanceConfig(method="kriging", upscale=2))


def test_columns_are_what_was_measured_where_nothing_is_lost(section):
    lost = np.arange(section.n_spots) < 8
    maps = Maps.of(section, lost)
    assert maps.n_sites == section.n_spots - 8
    columns = maps.columns([4, 2])
    for at, gene in enumerate((4, 2)):
        expected = section.gene_lognorm(section.genes[gene])[8:]
        np.testing.assert_allclose(columns[:, at], expected, rtol=1e-6)
    assert maps.columns([]).shape == (maps.n_sites, 0)


def test_columns_of_a_result_are_its_maps(result):
    maps = Maps.of(result)
    gene = str(result.genes[5])
    np.testing.assert_allclose(maps.columns([5])[:, 0], result.gene(gene).mean, rtol=1e-6)
    assert (maps.spots >= 0).sum() == result.section.n_spots
    blocks = np.concatenate([values for _, values in maps.blocks(range(30))], axis=1)
    np.testing.assert_allclose(blocks, maps.columns(np.arange(30)))


def test_lost_spots_have_the_shape_of_the_section_and_go_with_it_only(section, result):
    with pytest.raises(ConfigError, match="shape"):
        Maps.of(section, np.zeros(3, bool))
    with pytest.raises(ConfigError, match="those of the run"):
        Maps.of(result, np.zeros(section.n_spots, bool))


def test_an_exported_result_is_not_taken_for_counts(result, tmp_path):
    save(result, tmp_path / "enhanced.h5ad")
    with pytest.warns(StentransWarning, match="expected counts"):
        exported = read_section(tmp_path / "enhanced.h5ad")
    halves = Annotation(("a", "b"), (np.arange(exported.n_spots) % 2).astype(np.int32))
    for analyse in (Maps.of, find_spatial_genes, lambda data: compare_regions(data, halves, "a")):
        with pytest.raises(ConfigError, match="estimates, not counts"):
            analyse(exported)
