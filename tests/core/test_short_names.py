"""Names that are cut stay apart."""

from __future__ import annotations

from functools import partial

import pytest

from napari_stentrans.analysis.short_names import shorten


def fits(most: int, text: str) -> bool:
    return len(text) <= most


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["stroma", "immune"], ["stroma", "immune"]),
        (["invasive cancer", "stroma"], ["invasive…", "stroma"]),
        (["adipose tissue 1", "adipose tissue 2"], ["adipo…ue 1", "adipo…ue 2"]),
        (["a long one, A, ends so", "a long one, B, ends so"], ["a lon… (1)", "a lon… (2)"]),
        (["Actb", "Actb"], ["Actb (1)", "Actb (2)"]),
    ],
)
def test_names_are_cut_and_told_apart(names: list[str], expected: list[str]) -> None:
    cut = shorten(names, partial(fits, 10))
    assert [text.replace(" ", "") for text in cut] == [text.replace(" ", "") for text in expected]
    assert all(len(text) <= 10 for text in cut)


def test_a_number_is_never_that_of_another_name() -> None:
    names = ["Actb", "Actb", "Actb (1)"]
    assert len(set(shorten(names, partial(fits, 10)))) == 3
