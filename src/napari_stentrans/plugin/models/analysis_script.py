"""Text that repeats an analysis: a Python script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.script import as_python

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.plugin.models.analyses import Found
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.section import Section

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
    regions = "" if found.annotated is None else region_lines(found.annotated)
    shown = SHOWN.get(found.kind, "found.table")
    return f"{beginning(found.data, model)}{regions}{found.python}\nprint({shown})\n"


def beginning(data: Section | Enhancement, model: SectionModel) -> str:
    """Lines that read the section, and repeat the run where the data are its result.

    Raises
    ------
    ConfigError
        When the section was not read from a file.
    """
    if isinstance(data, Enhancement):
        return as_python(data.record).rsplit("save(", 1)[0].replace(SAVES, "")
    if model.origin is None:
        raise ConfigError(
            "This section was not read from a file, so that no text can say where it is. "
            "Open it from a file first."
        )
    chosen = f", {dict(model.section.chosen)!r}" if model.section.chosen else ""
    return (
        "from napari_stentrans import read_section\n\n"
        f"section = read_section({str(model.origin.path)!r}{chosen})\n"
    )


def region_lines(annotation: Annotation) -> str:
    """Lines that make named regions, spot by spot."""
    names, codes = annotation.names, annotation.codes.tolist()
    return (
        "import numpy as np\n\nfrom napari_stentrans.annotation import Annotation\n\n"
        f"annotation = Annotation({names!r}, np.array({codes}, np.int32))\n"
    )


def lost_lines(lost: NDArray[np.bool_] | None) -> str:
    """Lines that say which spots (spot,) are left out; none where none are."""
    if lost is None or not lost.any():
        return ""
    at = lost.nonzero()[0].tolist()
    return f"import numpy as np\n\nlost = np.isin(np.arange({len(lost)}), {at})\n"
