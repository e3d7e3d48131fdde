"""The device that is chosen, and what happens when memory is short."""

import numpy as np
import pytest
import torch

from napari_stentrans.device import Compute, available_devices, choose_device, is_out_of_memory
from napari_stentrans.errors import ConfigError, EnhancementFailed, StentransWarning


def test_auto_is_the_fastest_device_there_is():
    assert choose_device("auto").type == available_devices()[0]
    assert choose_device("cpu") == torch.device("cpu")
    assert available_devices()[-1] == "cpu"


def test_a_device_that_is_not_there_is_refused():
    missing = next(name for name in ("mps", "cuda") if name not in available_devices())
    with pytest.raises(ConfigError, match=rf"{missing}.*has only .*cpu.*Choose 'auto'"):
        choose_device(missing)


def test_work_goes_on_with_fewer_columns_when_memory_is_short():
    compute = Compute("cpu", lambda device: 8)

    def work():
        if compute.size > 2:
            torch.empty(2**52)  # more than any machine has
        return compute.size

    with pytest.warns(StentransWarning, match="too small for") as said:
        assert compute.attempt(work) == 2
    assert len(said) == 2
    assert "8 columns at a time; going on with 4 on cpu" in str(said[0].message)
    assert compute.size == 2


def test_the_cpu_takes_over_where_not_even_one_column_fits():
    compute = Compute("cpu", lambda device: 1 if device.type == "meta" else 5)
    compute.device, compute.size = torch.device("meta"), 1  # a device that is always there

    def work():
        if compute.device.type != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return "done"

    with pytest.warns(StentransWarning, match="meta is too small for 1 .* going on with 5 on cpu"):
        assert compute.attempt(work) == "done"


def test_short_memory_for_a_single_column_is_a_failure():
    def work():
        torch.empty(2**52)

    with pytest.raises(EnhancementFailed, match="cpu is too small for 1 columns"):
        Compute("cpu", lambda device: 1).attempt(work)


def test_other_errors_of_torch_leave_as_ours():
    def work():
        return torch.ones(2, 3) @ torch.ones(2, 3)

    with pytest.raises(EnhancementFailed, match="broke off on the device cpu: mat1") as caught:
        Compute("cpu", lambda device: 1).attempt(work)
    assert not isinstance(caught.value, RuntimeError)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_numpy_running_out_of_memory_counts_too():
    with pytest.raises(MemoryError) as caught:
        np.empty(2**58)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
