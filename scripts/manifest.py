"""Write the preferences in napari.yaml that are settings of a run anew from ``EnhanceConfig``.

.venv/bin/python scripts/manifest.py
"""

from __future__ import annotations

import json
from pathlib import Path

from napari_stentrans.plugin.jobs.preferences import properties

PAGE = Path(__file__).resolve().parents[1] / "src" / "napari_stentrans" / "napari.yaml"
BEGIN, END = "# settings of a run: scripts/manifest.py", "# end"
INDENT = " " * 8


def lines() -> list[str]:
    """The preferences as lines of YAML; a value of JSON is one of YAML."""
    found = []
    for name, facts in properties().items():
        found.append(f"{INDENT}{name}:")
        found += [
            f"{INDENT}  {key}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in facts.items()
        ]
    return found


def page(text: str) -> str:
    """Return the manifest with its preferences as the settings are."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise SystemExit(f"{PAGE} has no place for the settings: {BEGIN} {END}")
    return "\n".join([f"{head}{begin}", *lines(), f"{INDENT}{end}{tail}"])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
