"""Where networks run: the one place that chooses a device and gives way when memory is short."""

from __future__ import annotations

import warnings
from functools import wraps
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

import torch
from threadpoolctl import threadpool_limits

from napari_stentrans.errors import ConfigError, EnhancementFailed, StentransWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from napari_stentrans.progress import Steps

P = ParamSpec("P")
T = TypeVar("T")
DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def available_devices() -> list[str]:
    """Devices that torch can use here, the fastest first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    return [*found, "mps", "cpu"] if torch.backends.mps.is_available() else [*found, "cpu"]


def choose_device(wanted: DeviceName) -> torch.device:
    """Return the wanted device, or the fastest one for "auto".

    Raises
    ------
    ConfigError
        When this machine has no such device.
    """
    found = available_devices()
    if wanted != "auto" and wanted not in found:
        raise ConfigError(
            f"The device {wanted!r} was asked for, but this machine has only {', '.join(found)}. "
            "Choose 'auto' or one of these."
        )
    return torch.device(found[0] if wanted == "auto" else wanted)


class Compute:
    """A device, and how many columns it is given at a time.

    Work that runs out of memory is done again with half as many columns, and on the CPU when
    not even one fits. So work must read ``device`` and ``size`` when it is called, and must
    change nothing before it is sure to succeed.

    Parameters
    ----------
    wanted
        The device that the settings ask for.
    size
        Columns at a time, to begin with: for a device, how many.
    """

    def __init__(self, wanted: DeviceName, size: Callable[[torch.device], int]) -> None:
        self.device = choose_device(wanted)
        self._first_size = size
        self.size = size(self.device)

    def attempt(self, work: Callable[[], T]) -> T:
        """Do the work, with smaller batches or on the CPU if need be.

        Raises
        ------
        EnhancementFailed
            When torch fails for another reason, or memory is short even for one column.

        Warns
        -----
        StentransWarning
            When memory was short and the work goes on in a smaller way.
        """
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise EnhancementFailed(
                        f"The computation broke off on the device {self.device}: "
                        f"{_first_line(error)} Try the device 'cpu', and check that torch is "
                        "installed properly."
                    ) from error
            # Not inside the except clause: there the error still holds on to the tensors.
            self._give_way()

    def _give_way(self) -> None:
        tried = f"Memory on the device {self.device} is too small for {self.size} columns at a time"
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        elif self.device.type == "mps":
            torch.mps.empty_cache()
        if self.size > 1:
            self.size //= 2
        elif self.device.type != "cpu":
            self.device = torch.device("cpu")
            self.size = self._first_size(self.device)
        else:
            raise EnhancementFailed(
                f"{tried}. Close other programs, cut the section, or take the method 'kriging'."
            )
        warnings.warn(
            f"{tried}; going on with {self.size} on {self.device}.", StentransWarning, stacklevel=4
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of torch or NumPy says that memory is short."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    # The CPU and MPS allocators raise a plain RuntimeError.
    words = str(error).lower()
    return (
        "out of memory" in words or "can't allocate memory" in words or "not enough memory" in words
    )


def _first_line(error: BaseException) -> str:
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line if line.endswith(".") else line + "."


def one_blas_thread() -> AbstractContextManager[object]:
    """Hold NumPy and SciPy to one thread: with more, many small matrices take twice the time."""
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


def on_one_thread(steps: Callable[P, Steps[T]]) -> Callable[P, Steps[T]]:
    """Hold NumPy, SciPy and torch to one thread in these steps.

    Where matrices are small, threads that wait for each other take more time than they save:
    many times as much on a machine that is busy with other work.
    """

    @wraps(steps)
    def held(*args: P.args, **kwargs: P.kwargs) -> Steps[T]:
        with threadpool_limits(1):
            return (yield from steps(*args, **kwargs))

    return held
