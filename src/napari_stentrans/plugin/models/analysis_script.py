"""Text that repeats an analysis: a Python script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.script import as_python

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.analyses import Found
    from napari_stentrans.plugin.models.section_model import SectionModel

SAVES = "from napari_stentrans.export import save\n"
SHOWN = {
    "regions": "found",
    "domains": "found.sizes",
    "patterns": "found.summary",
    "enriched": "enriched.table",
}
"""What a script prints at its end, where that is not ``found.table``."""


def script_of(found: Found, model: SectionModel) -> str:
    """Write a script that reads the section, repeats the run where it is of one, and analyses.

    Raises
    ------
    ConfigError
        When the section was not read from a file.
    """
    if isinstance(found.data, Enhancement):
        script = as_python(found.data.record).rsplit("save(", 1)[0].replace(SAVES, "")
    elif model.origin is None:
        raise ConfigError(
            "This section was not read from a file, so that no text can say where it is. "
            "Open it from a file first."
        )
    else:
        chosen = f", {dict(model.section.chosen)!r}" if model.section.chosen else ""
        script = (
            "from napari_stentrans import read_section\n\n"
            f"section = read_section({str(model.origin.path)!r}{chosen})\n"
        )
    shown = SHOWN.get(found.kind, "found.table")
    return f"{script}{_regions(found)}{found.python}\nprint({shown})\n"


def _regions(found: Found) -> str:
    """Lines that make the regions that were compared, spot by spot."""
    if found.annotated is None:
        return ""
    names, codes = found.annotated.names, found.annotated.codes.tolist()
    return (
        "import numpy as np\n\nfrom napari_stentrans.annotation import Annotation\n\n"
        f"annotation = Annotation({names!r}, np.array({codes}, np.int32))\n"
    )
