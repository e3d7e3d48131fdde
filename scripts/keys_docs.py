"""Write the tables of docs/keys.md anew from the table of actions.

.venv/bin/python scripts/keys_docs.py
"""

from __future__ import annotations

from pathlib import Path

from napari_stentrans.plugin.actions import groups

PAGE = Path(__file__).resolve().parents[1] / "docs" / "keys.md"
BEGIN, END = "<!-- keys -->", "<!-- end -->"


def tables() -> str:
    """All keys as tables of Markdown, a heading over each."""
    parts = []
    for title, keys in groups().items():
        rows = [f"| `{key}` | {words} |" for key, words in keys.items()]
        parts.append("\n".join([f"## {title}", "", "| key | what it does |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def page(text: str) -> str:
    """Return the page with its tables as the dock has them."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise SystemExit(f"{PAGE} has no place for the keys: {BEGIN} {END}")
    return f"{head}{begin}\n\n{tables()}\n\n{end}{tail}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
