"""METHODS: the one table of methods, and what everything else may know of each.

A method is a module of ``methods/`` that holds a ``Method``, and a line of ``PLACES``. Settings,
the command line, the form and the estimate of the dock, and the pipeline ask the table; a module
is imported when its method is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from napari_stentrans.progress import Steps

PLACES = {
    "transformer": "transformer",
    "kriging": "kriging",
    "published": "published",
    "linear": "interpolation",
    "cubic": "interpolation",
    "nearest": "interpolation",
}
"""Name -> module of ``methods/``; the first is the default."""
PLAIN = "kriging"
"""The method of previews, and of library sizes where a method works gene by gene."""
OF_EVIDENCE = ("image", "features")
"""Settings that all methods listen to which can use evidence."""


class Rates(NamedTuple):
    """What a unit of work costs: seconds on the reference machine of ``cost``, and bytes."""

    start: float
    spot: float
    site: float
    value: float
    gene_site: float = 0.0
    """Of one gene at one site, and one pass over the genes."""
    megabytes: float = 10
    bytes_of_site: float = 6_000
    bytes_of_gene: float = 100


def _once(config: Any, kind: str) -> int:
    return 1


@dataclass(frozen=True)
class Method:
    """One way to predict genes at sites where none was measured, or was lost.

    Attributes
    ----------
    name
        As in settings and on the command line.
    summary
        One plain sentence for the person who chooses.
    run
        ``RunInputs`` in, ``Steps[Modelled]`` out (``run_inputs``).
    rates
        For the estimate of a run.
    n_factors
        Spatial factors that it finds unless a person says how many; None where it works gene by
        gene, and takes the longer the more genes are asked for.
    evidence
        Whether it can use what is known of sites besides the spots around: the tissue image.
    evidence_rates
        What looking at that costs more: seconds at the start, seconds of a spot, bytes.
    std
        Whether it says how sure it is.
    costly
        Whether a run takes so long that another one, to check it, is begun only when asked for.
    instant
        Whether it is done before a preview of it would be.
    settings
        Settings of ``EnhanceConfig`` that it listens to, of those that are not for all.
    passes
        How often it goes over the genes, from settings and kind of lattice.
    smooth
        Positions (spot, 2), values (spot, column) and lattice in, values without their noise
        out, for analyses; exact up to so many spots, else from so many around. None where it
        cannot.
    """

    name: str
    summary: str
    run: Callable[..., Steps[Any]]
    rates: Rates
    n_factors: int | None = None
    evidence: bool = False
    evidence_rates: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: bool = False
    costly: bool = False
    instant: bool = False
    settings: tuple[str, ...] = ()
    passes: Callable[[Any, Any], int] = _once
    smooth: Callable[..., Steps[Any]] | None = None

    @property
    def by_gene(self) -> bool:
        """Whether it works gene by gene."""
        return self.n_factors is None

    def listens(self, setting: str) -> bool:
        """Whether it listens to a setting that is not for all methods."""
        return setting in self.settings or (self.evidence and setting in OF_EVIDENCE)


class Methods(MutableMapping[str, Method]):
    """The table: name -> Method. Setting an item registers one, also of another package."""

    def __init__(self, places: dict[str, str]) -> None:
        self._entries: dict[str, Method | str] = {**places}  # or the module that is to be imported

    def __getitem__(self, name: str) -> Method:
        entry = self._entries[name]
        if isinstance(entry, str):
            found = import_module(f"napari_stentrans.methods.{entry}").METHODS
            entry = next(method for method in found if method.name == name)
            self._entries[name] = entry
        return entry

    def __setitem__(self, name: str, method: Method) -> None:
        self._entries[name] = method

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries  # imports nothing

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


METHODS = Methods(PLACES)
DEFAULT = next(iter(METHODS))
