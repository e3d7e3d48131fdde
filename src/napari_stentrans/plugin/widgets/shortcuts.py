"""Names of before: see ``actions``."""

from napari_stentrans.plugin.actions import ACTIONS, GROUPS, groups, with_keys
from napari_stentrans.plugin.widgets.bound import bind

__all__ = ["GROUPS", "SHORTCUTS", "bind", "groups", "with_keys"]
SHORTCUTS = {name: (action.keys, action.words) for name, action in ACTIONS.items()}
