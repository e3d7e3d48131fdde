"""Text that repeats a run, run as it stands."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from same_numbers import assert_same_numbers

from napari_stentrans import EnhanceConfig, PublishedConfig, enhance, read_section
from napari_stentrans.cli import main
from napari_stentrans.errors import ConfigError
from napari_stentrans.export import record_path, save
from napari_stentrans.script import as_command, as_python
from napari_stentrans.simulate import simulate_section


@pytest.fixture
def section(tmp_path, monkeypatch):
    """A small section in a file whose name needs quotes; scripts write beside it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'it\'s "mine".h5ad'
    simulate_section(100, 20, lattice="square", image=False).adata.write_h5ad(path)
    return read_section(path)


CONFIGS = [
    EnhanceConfig(method="kriging", upscale=2, denoise=False, seed=3),
    EnhanceConfig(
        method="published", genes=("Gene1", "Gene2"), published=PublishedConfig(epochs=1)
    ),
]


@pytest.mark.numerical
@pytest.mark.parametrize("config", CONFIGS, ids=["kriging", "published"])
def test_the_script_gives_the_same_numbers(section, config):
    lost = np.arange(section.n_spots) < 5
    extra = section.xy.min(0) - [[section.lattice.spacing, 0]]
    result = enhance(section, lost, config, extra)
    made = {}
    exec(as_python(result.record), made)
    again = made["result"]
    assert again.sites.names.equals(result.sites.names)
    assert_same_numbers(again.gene("Gene1").mean, result.gene("Gene1").mean)
    assert Path("enhanced.h5ad").exists()


@pytest.mark.parametrize("config", CONFIGS, ids=["kriging", "published"])
def test_the_command_line_repeats_the_settings(section, config):
    line = shlex.split(as_command(enhance(section, None, config).record))
    assert main(line[1:]) == 0
    written = read_section("enhanced.h5ad").adata.uns["stentrans"]["record"]
    assert EnhanceConfig.model_validate(json.loads(written)["config"]) == config


def test_a_saved_record_is_repeated(section, tmp_path):
    result = enhance(section, np.arange(100) < 5, CONFIGS[0])
    files = save(result, tmp_path / "first.h5ad")
    line = shlex.split(as_command(result.record, record_path(files[0])))
    assert "--record" in line
    assert main(line[1:]) == 0


def test_what_the_command_line_cannot_say_is_told(section):
    record = enhance(section, None, EnhanceConfig(method="kriging", neighbours=50)).record
    with pytest.raises(ConfigError, match="no option for neighbours"):
        as_command(record)
    with pytest.raises(ConfigError, match="not read from a file"):
        as_python(record.model_copy(update={"source": None}))
