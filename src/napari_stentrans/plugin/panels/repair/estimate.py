"""EstimateWords: how long the run would take, and how much memory, as the form stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.cost import Work, estimate
from napari_stentrans.errors import ConfigError
from napari_stentrans.plugin.panels.repair.progress import roughly
from napari_stentrans.plugin.widgets.panel import OneLine

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.panels.repair.form import ConfigForm
    from napari_stentrans.section import Section


TIP = (
    "How long a run with these settings takes on this machine, and how much memory it "
    "needs; roughly, from the size of the section and the speed of the machine"
)


WORTH_TELLING = 0.5
"""Gigabytes from which on memory is said."""


class EstimateWords(OneLine):
    """A line like "A run takes about 10 s, 0.9 GB"; empty while there is no section.

    Parameters
    ----------
    form
        Settings of the run.
    """

    def __init__(self, form: ConfigForm) -> None:
        super().__init__("time and memory of a run")
        self._form = form
        self._gives_way = False
        self._slower: dict[str, float] = {}
        self._section: Section | None = None
        self._lost = (0, 0)
        self._refusal = ""
        form.valueChanged.connect(self.refresh)
        form.fill.toggled.connect(self.refresh)
        self.refresh()

    def set_section(self, section: Section | None) -> None:
        """Estimate for this section from now on."""
        self._section = section
        self.refresh()

    def set_lost(self, spots: int, sites: int) -> None:
        """Say what there is to fill."""
        self._lost = (spots, sites)
        self.refresh()

    def set_refusal(self, why: str) -> None:
        """Say why no run can begin, in place of what it would take; empty where one can."""
        self._refusal = why
        self.refresh()

    def refresh(self) -> None:
        """Estimate anew."""
        self.setText(self._words())
        self.setToolTip(self._refusal or TIP)
        self.setVisible(bool(self.text()) and not self._gives_way)

    def learn(self, result: Enhancement, seconds: float) -> None:
        """Follow from now on what a run took, with its method."""
        record = result.record
        work = Work.of(result.section, record.config, len(record.lost), len(record.sites))
        self._slower[record.config.method] = seconds / max(estimate(work).seconds, 1e-3)
        self.refresh()

    def give_way(self, on: bool) -> None:
        """Leave the place to what is being done, or take it again."""
        self._gives_way = on
        self.refresh()

    def _words(self) -> str:
        if self._section is None:
            return ""
        try:
            config = self._form.value()
        except ConfigError:
            return self._refusal  # a list of genes is being written
        lost, sites = self._lost if self._form.fill.isChecked() else (0, 0)
        if not (config.denoise or config.upscale == 2 or lost or sites):
            return "Nothing to do: tick Fill, Double or Denoise"
        if self._refusal:
            return self._refusal
        cost = estimate(Work.of(self._section, config, lost, sites))
        time = roughly(cost.seconds * self._slower.get(config.method, 1.0))
        memory = f", {cost.gigabytes:.1f} GB" if cost.gigabytes >= WORTH_TELLING else ""
        return f"A run takes {time}{memory}"
