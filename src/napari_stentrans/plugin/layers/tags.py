"""Tags: what ``layer.metadata`` says of the layers of a section."""

from __future__ import annotations

TAG = "stentrans"
"""Key in ``layer.metadata`` that says what a layer shows."""
ON = "stentrans-on"
"""Key in the metadata of layers that are drawn on a section for a while, and play no role of it."""


class Tag(dict):
    """What a layer shows. Copies of a layer share it, since it leads to the whole section."""

    def __deepcopy__(self, memo: dict) -> Tag:
        return self
