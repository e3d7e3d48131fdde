"""Legacy Spatial Transcriptomics tables and the files that lie beside them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from napari_stentrans.errors import ReadError, SectionError, StentransWarning
from napari_stentrans.io import can_read, choices_of, chosen_then, read_section

if TYPE_CHECKING:
    from pathlib import Path

GENES = [f"Gene{i}" for i in range(6)]
SQUARE = np.array([(x, y) for x in range(3, 10) for y in range(5, 11)])
HEX = np.array([(x, 2 * y + x % 2) for x in range(3, 10) for y in range(5, 11)])


def counts_of(array: np.ndarray) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    names = [f"{x}x{y}" for x, y in array]
    return pd.DataFrame(rng.poisson(1.0, (len(array), len(GENES))), names, GENES)


def pixels_of(array: np.ndarray) -> np.ndarray:
    """A known map from array coordinates to the image: a little rotated, 25 px apart."""
    return array @ np.array([(25.0, 0.5), (-0.5, 25.0)]) + (40.0, 10.0)


def write_selection(path: Path, array: np.ndarray, **columns: object) -> None:
    table = pd.DataFrame(array, columns=["x", "y"])
    table[["new_x", "new_y"]] = array + 0.02
    table[["pixel_x", "pixel_y"]] = pixels_of(array)
    table = table.assign(**(columns or {"selected": 1}))
    table.to_csv(path, sep="\t", index=False)


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz", ".csv", ".csv.gz", ".txt"])
@pytest.mark.parametrize("turned", [False, True])
def test_every_suffix_both_ways_round(tmp_path: Path, suffix: str, turned: bool) -> None:
    counts = counts_of(SQUARE)
    path = tmp_path / f"A1{suffix}"
    table = counts.T if turned else counts
    table.to_csv(path, sep="," if "csv" in suffix else "\t")
    assert can_read(path)
    section = read_section(path)
    assert section.name == "A1"
    assert list(section.genes) == GENES
    assert list(section.adata.obs_names) == list(counts.index)
    np.testing.assert_array_equal(section.counts.toarray(), counts)
    np.testing.assert_array_equal(section.adata.obs[["array_row", "array_col"]], SQUARE)
    assert section.um_per_px is None


@pytest.mark.parametrize("style", ["corner left out", "quoted", "blanks", "R names", "CRLF"])
def test_styles_of_other_programs(tmp_path: Path, style: str) -> None:
    counts = counts_of(SQUARE)
    text = counts.to_csv(sep="\t")
    if style == "corner left out":
        text = text[1:]
    elif style == "quoted":
        text = counts.to_csv(quoting=2)
    elif style == "blanks":
        text = text.replace("\t", " ")[1:]
    elif style == "R names":
        text = counts.rename(lambda name: f"X{name}").to_csv(sep="\t")
    elif style == "CRLF":
        text = text.replace("\n", "\r\n") + "\r\n"
    path = tmp_path / "A1.txt"
    path.write_bytes(text.encode())
    assert can_read(path)
    section = read_section(path)
    assert list(section.genes) == GENES
    np.testing.assert_array_equal(section.counts.toarray(), counts)
    np.testing.assert_array_equal(section.adata.obs[["array_row", "array_col"]], SQUARE)


@pytest.mark.parametrize(("array", "kind"), [(SQUARE, "square"), (HEX, "hex")])
def test_same_way_round_with_and_without_pixels(
    tmp_path: Path, array: np.ndarray, kind: str
) -> None:
    path = tmp_path / "S1.tsv"
    counts_of(array).to_csv(path, sep="\t")
    alone = read_section(path)
    assert alone.lattice.kind == kind
    assert alone.lattice.spacing == pytest.approx(1.0)
    write_selection(tmp_path / "S1_selection.tsv", array)
    placed = read_section(path)
    np.testing.assert_allclose(placed.xy, pixels_of(array))
    for axis in (0, 1):
        assert np.corrcoef(alone.xy[:, axis], placed.xy[:, axis])[0, 1] > 0.99


def test_decimal_names_keep_their_positions(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    measured = (SQUARE + rng.uniform(-0.08, 0.08, SQUARE.shape)).round(3)
    counts = counts_of(SQUARE).set_axis([f"{x}x{y}" for x, y in measured])
    counts.to_csv(tmp_path / "A1.tsv", sep="\t")
    section = read_section(tmp_path / "A1.tsv")
    np.testing.assert_array_equal(section.adata.obs[["array_row", "array_col"]], SQUARE)
    np.testing.assert_allclose(section.xy, measured)
    assert section.adata.obs_names[0] == f"{measured[0, 0]}x{measured[0, 1]}"
    assert section.lattice.kind == "square"


def test_spots_without_pixels_are_placed_by_the_others(tmp_path: Path) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    write_selection(tmp_path / "spot_data-A1.tsv", SQUARE[4:], cluster=1)
    with pytest.warns(StentransWarning, match=r"4 of 42 spots have no row in spot_data-A1\.tsv"):
        section = read_section(tmp_path / "A1.tsv")
    np.testing.assert_allclose(section.xy, pixels_of(SQUARE), atol=1e-6)
    assert section.um_per_px == pytest.approx(200 / section.lattice.spacing)


TISSUE = np.arange(len(SQUARE)) % 3 > 0
SAYS = {
    "0 and 1": ("selected", TISSUE.astype(int)),
    "fractions": ("selected", TISSUE.astype(float)),
    "truth": ("in_tissue", TISSUE),
    "words": ("Under.Tissue", np.where(TISSUE, "yes", "No")),
    "places": ("tissue", np.where(TISSUE, "tissue", "glass")),
    "blanks": ("On Tissue", np.where(TISSUE, "TRUE", "")),
}


@pytest.mark.parametrize("said", SAYS)
@pytest.mark.parametrize("turned", [False, True])
def test_spots_on_glass_are_left_out_unless_wanted(tmp_path: Path, said: str, turned: bool) -> None:
    counts = counts_of(SQUARE)
    path = tmp_path / "S1.tsv"
    (counts.T if turned else counts).to_csv(path, sep="\t")
    column, values = SAYS[said]
    # Two spots have no row: nobody says that they lie on tissue.
    write_selection(tmp_path / "alignment_table_S1.tsv", SQUARE[2:], **{column: values[2:]})
    kept = TISSUE & (np.arange(len(SQUARE)) > 1)
    for where in (path, tmp_path):
        (choice,) = choices_of(where)
        assert (choice.key, choice.options) == ("spots", ("on tissue", "all"))
        with pytest.warns(StentransWarning) as warned:
            section = read_section(where)
        (note,) = [str(w.message) for w in warned]
        assert note.startswith("15 of 42 spots were left out: alignment_table_S1.tsv")
        assert "To keep them, choose all as Spots (spots=all)" in note
        assert list(section.adata.obs_names) == list(counts.index[kept])
        np.testing.assert_array_equal(section.counts.toarray(), counts[kept])
        np.testing.assert_allclose(section.xy, pixels_of(SQUARE[kept]))
        assert section.chosen == {"spots": "on tissue"}
        with pytest.warns(StentransWarning, match="2 of 42 spots have no row"):
            whole = read_section(where, {"spots": "all"})
        assert whole.n_spots == len(SQUARE)


def test_spots_without_a_row_among_selected_ones_are_on_glass(tmp_path: Path) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    write_selection(tmp_path / "A1_selection.tsv", SQUARE[:20])
    assert [choice.key for choice in choices_of(tmp_path / "A1.tsv")] == ["spots"]
    with pytest.warns(StentransWarning, match="22 of 42 spots were left out"):
        assert read_section(tmp_path / "A1.tsv").n_spots == 20


def test_nothing_to_choose_where_all_lie_on_tissue(tmp_path: Path) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    more = np.vstack([SQUARE, [(30, 30), (31, 30)]])  # on glass, and not counted
    selected = (np.arange(len(more)) < len(SQUARE)).astype(int)
    write_selection(tmp_path / "A1_selection.tsv", more, selected=selected)
    assert choices_of(tmp_path / "A1.tsv") == ()
    section = read_section(tmp_path / "A1.tsv")
    assert (section.n_spots, dict(section.chosen)) == (len(SQUARE), {})


@pytest.mark.parametrize(
    ("value", "said"), [("maybe", "expected 1 or 0, found 'maybe'"), ("0", "is 1 for no spot")]
)
def test_a_column_of_tissue_that_says_nothing(tmp_path: Path, value: str, said: str) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    write_selection(tmp_path / "A1_selection.tsv", SQUARE, selected=value)
    with pytest.warns(StentransWarning, match=said):
        assert read_section(tmp_path / "A1.tsv").n_spots == len(SQUARE)


def test_selected_spots_of_another_section(tmp_path: Path) -> None:
    counts_of(SQUARE[:12]).to_csv(tmp_path / "A1.tsv", sep="\t")
    selected = (np.arange(len(SQUARE)) > 20).astype(int)
    write_selection(tmp_path / "A1_selection.tsv", SQUARE, selected=selected)
    with pytest.raises(ReadError, match=r"says of none of the 12 spots .*spots=all"):
        read_section(tmp_path / "A1.tsv")
    assert read_section(tmp_path / "A1.tsv", {"spots": "all"}).n_spots == 12


def test_records_from_before_the_choice_read_all_spots(tmp_path: Path) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    write_selection(tmp_path / "A1_selection.tsv", SQUARE, selected=TISSUE.astype(int))
    path = tmp_path / "A1.tsv"
    assert chosen_then(path, {}) == {"spots": "all"}
    assert chosen_then(path, {"spots": "on tissue"}) == {"spots": "on tissue"}


def test_hex_has_no_known_pitch(tmp_path: Path) -> None:
    counts_of(HEX).to_csv(tmp_path / "A1.tsv", sep="\t")
    write_selection(tmp_path / "alignment_table_A1.tsv", HEX)
    assert read_section(tmp_path / "A1.tsv").um_per_px is None


def test_files_of_other_sections_are_not_taken(tmp_path: Path) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    write_selection(tmp_path / "A11_selection.tsv", SQUARE)
    write_selection(tmp_path / "BA1_selection.tsv", SQUARE)
    section = read_section(tmp_path / "A1.tsv")
    np.testing.assert_array_equal(section.xy, SQUARE)


def test_names_of_a_public_data_set(tmp_path: Path) -> None:
    path = tmp_path / "ut_A1_stdata_filtered.tsv.gz"
    counts_of(SQUARE).to_csv(path, sep="\t")
    write_selection(tmp_path / "A1_selection.tsv", SQUARE)
    Image.new("RGB", (400, 400)).save(tmp_path / "A1.jpg")
    section = read_section(path)
    np.testing.assert_allclose(section.xy, pixels_of(SQUARE))
    assert [image.name for image in section.images] == ["H&E"]


def test_image_is_taken_with_pixels_only(tmp_path: Path) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    Image.new("RGB", (400, 300), (10, 20, 30)).save(tmp_path / "A1_HE.png")
    Image.new("L", (400, 300)).save(tmp_path / "A1_mask.png")
    assert read_section(tmp_path / "A1.tsv").images == ()
    write_selection(tmp_path / "A1_selection.tsv", SQUARE)
    (image,) = read_section(tmp_path / "A1.tsv").images
    assert image.scale == 1
    assert image.data.shape == (300, 400, 3)
    assert tuple(image.data[0, 0]) == (10, 20, 30)


def test_image_that_does_not_hold_the_spots(tmp_path: Path) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    write_selection(tmp_path / "A1_selection.tsv", SQUARE)
    Image.new("RGB", (40, 30)).save(tmp_path / "A1_HE.png")
    with pytest.warns(StentransWarning, match=r"A1_HE\.png' is left out.*40 x 30"):
        assert read_section(tmp_path / "A1.tsv").images == ()
    (tmp_path / "A1_HE.png").write_bytes(b"no image")
    with pytest.warns(StentransWarning, match=r"A1_HE\.png is left out"):
        assert read_section(tmp_path / "A1.tsv").images == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x\ty\n1\t2\n", "lacks the columns pixel_x, pixel_y"),
        ("x\ty\tpixel_x\tpixel_y\n90\t90\t1\t2\n", r"3x5.*90x90"),
        ("x\ty\tpixel_x\tpixel_y\n", r"none of the spots"),
        ("x\ty\tpixel_x\tpixel_y\n3\t5\t1\t2\n3\t6\t1\t3\n", "too few"),
        ("x\ty\tpixel_x\tpixel_y\n3\t5\tleft\t2\n", "left"),
        ("", "cannot be read"),
    ],
)
def test_damaged_pixel_table(tmp_path: Path, text: str, said: str) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    (tmp_path / "A1_selection.tsv").write_text(text)
    with pytest.raises(ReadError, match=said):
        read_section(tmp_path / "A1.tsv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("\tGene1\tGene2\n", r"is not a table of counts.*Gene2', and it has no rows below it"),
        ("hello world", r"A1\.tsv' is not a table of counts: its first line is 'hello world'"),
        ("hello\nworld\n", "no numbers in the rows below it.*ROWxCOL"),
        ("\tGene1\tGene2\n1x1\t1\t2\n1x2\t1\n", "line 3 has 1 values, expected 2"),
        ("\tGene1\tGene2\n1x1\t1\tmany\n", "line 2 holds 'many'"),
        ("\tGene1\tGene2\n1x1\t1\t\n1x2\t1\t2\n", "line 3 has 2 values, expected 1"),
        ("\tGene1\tGene2\n1x1\t\t3\n", "line 1 names 2 columns, the rows have 1"),
        ("\tGene1\n1x1\t1\t2\n", "line 1 names 1 columns, the rows have 2"),
        ("\tGene1\tGene2\nAAAC-1\t1\t2\n", "names no spots.*'AAAC-1'"),
        ("\tGene1\n1x1\t1\nAAAC-1\t1\n", "1 of 2 spots is not named ROWxCOL"),
        ("x\ty\tpixel_x\tpixel_y\n1\t2\t3\t4\n", "positions of spots, not counts"),
    ],
)
def test_damaged_table(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "A1.tsv"
    path.write_text(text)
    with pytest.raises(ReadError, match=said):
        read_section(path)


def test_truncated_gzip(tmp_path: Path) -> None:
    path = tmp_path / "A1.tsv.gz"
    counts_of(SQUARE).to_csv(path, sep="\t")
    whole = path.read_bytes()
    for length in (5, 30, len(whole) // 2, len(whole) - 4):
        path.write_bytes(whole[:length])
        with pytest.raises(ReadError, match=r"A1\.tsv\.gz' cannot be read"):
            read_section(path)
    path.write_bytes(b"1x1\t3\n")
    with pytest.raises(ReadError, match="gzip"):
        read_section(path)


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "A1.tsv"
    path.write_bytes(gzip.compress(b"nothing"))
    assert not can_read(path)
    with pytest.raises(ReadError, match="not UTF-8"):
        read_section(path)


@pytest.mark.parametrize(("value", "said"), [("nan", "finite"), ("-2", "negative")])
def test_impossible_counts(tmp_path: Path, value: str, said: str) -> None:
    counts = counts_of(SQUARE).astype(object)
    counts.iloc[3, 2] = value
    counts.to_csv(tmp_path / "A1.tsv", sep="\t")
    with pytest.raises(SectionError, match=said):
        read_section(tmp_path / "A1.tsv")


def test_repeated_spots_and_genes(tmp_path: Path) -> None:
    counts = counts_of(SQUARE)
    twice = pd.concat([counts, counts.iloc[:2] + 5])
    twice.columns = [*GENES[:-1], GENES[0]]
    twice.to_csv(tmp_path / "A1.tsv", sep="\t")
    with pytest.warns(StentransWarning) as warned:
        section = read_section(tmp_path / "A1.tsv")
    said = " ".join(str(w.message) for w in warned)
    assert "2 spots stand more than once" in said
    assert "1 gene names stand more than once" in said
    assert section.n_spots == len(SQUARE)
    np.testing.assert_array_equal(section.counts.toarray(), counts)
    assert section.lattice.kind == "square"


def test_folder_of_tables(tmp_path: Path) -> None:
    folder = tmp_path / "HER2 é"
    folder.mkdir()
    (folder / "notes.txt").write_text("some words\n")
    assert not can_read(folder)
    with pytest.raises(ReadError, match=r"holds notes\.txt"):
        read_section(folder)
    counts_of(SQUARE).to_csv(folder / "A1.tsv.gz", sep="\t")
    write_selection(folder / "A1_selection.tsv", SQUARE)
    assert can_read(folder)
    assert choices_of(folder) == ()
    section = read_section(folder)
    assert (section.name, section.source) == ("A1", folder)
    np.testing.assert_allclose(section.xy, pixels_of(SQUARE))
    counts_of(HEX).to_csv(folder / "B1.tsv.gz", sep="\t")
    (choice,) = choices_of(folder)
    assert (choice.key, choice.options, choice.default) == ("sample", ("A1", "B1"), "A1")
    with pytest.warns(StentransWarning, match="sample A1 is read, not B1"):
        assert read_section(folder).name == "A1"
    other = read_section(folder, {"sample": "B1"})
    assert (other.name, other.lattice.kind, other.chosen) == ("B1", "hex", {"sample": "B1"})


def test_large_tissue_image_stays_in_its_file(tmp_path: Path) -> None:
    counts_of(SQUARE).to_csv(tmp_path / "A1.tsv", sep="\t")
    write_selection(tmp_path / "A1_selection.tsv", SQUARE)
    shape = (4100, 4200, 3)
    tifffile.memmap(tmp_path / "A1_HE.tif", shape=shape, dtype="u1", photometric="rgb").flush()
    (image,) = read_section(tmp_path / "A1.tsv").images
    assert image.shape == shape
    assert not isinstance(image.levels[0], np.ndarray)
    assert image.levels[1].shape == (2050, 2100, 3)
