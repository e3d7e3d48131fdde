"""Tables of counts and of positions that name the same cells, whichever way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from small_files import COUNTS, GENES, XY, N, names, slideseq

from napari_stentrans.errors import ReadError, StentransWarning
from napari_stentrans.io import can_read, choices_of, read_section
from napari_stentrans.io.axes import Axes, axes_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_stentrans import Section

BY_GENE = pd.DataFrame(COUNTS.T, GENES, names())
PLACES = pd.DataFrame({"x": XY[:, 0], "y": XY[:, 1]}, names())
ROW, COLUMN = np.arange(N) // 8, np.arange(N) % 8 * 2 + np.arange(N) // 8 % 2
"""Rows and columns of a hexagonal array, every second node of each row."""


def write(
    folder: Path, counts: pd.DataFrame = BY_GENE, places: pd.DataFrame = PLACES, **how: object
) -> Path:
    folder.mkdir(exist_ok=True)
    counts.to_csv(folder / "counts.csv")
    places.to_csv(folder / "coords.csv", **how)
    return folder


def check(section: Section, xy: np.ndarray = XY, counts: np.ndarray = COUNTS) -> None:
    """Every cell has its own counts and its own place."""
    at = [int("".join(filter(str.isdigit, name))) - 1 for name in section.adata.obs_names]
    genes = [list(section.genes).index(gene) for gene in GENES]
    np.testing.assert_array_equal(section.counts.toarray()[:, genes], counts[at])
    np.testing.assert_allclose(section.xy, xy[at])


def without_corner(path: Path) -> None:
    """As R's write.table does: no name above the column of names."""
    text = path.read_text()
    assert text[0] in ",; \t" or text.startswith('""')
    path.write_text(text.removeprefix('""')[1:])


def hexagonal(n: int = 12) -> pd.DataFrame:
    row, column = np.divmod(np.arange(n * n), n)
    xy = {"x": 100.0 * column + 50 * (row % 2), "y": np.round(86.6 * row, 1)}
    rng = np.random.default_rng(4)
    bases = ["".join(rng.choice(list("ACGT"), 16)) + "-1" for _ in row]
    return pd.DataFrame(xy, bases)


@pytest.mark.parametrize("turned", [False, True], ids=["genes x cells", "cells x genes"])
@pytest.mark.parametrize("order", ["same", "other"])
@pytest.mark.parametrize("part", ["", "counts.csv", "coords.csv"])
def test_either_way_round_and_in_any_order(
    tmp_path: Path, turned: bool, order: str, part: str
) -> None:
    counts = BY_GENE.T if turned else BY_GENE
    places = PLACES if order == "same" else PLACES.sample(frac=1, random_state=3)
    path = write(tmp_path / "brain", counts, places) / part
    assert can_read(path)
    section = read_section(path)
    assert section.n_spots == N
    assert section.um_per_px is None
    check(section)


@pytest.mark.parametrize("separator", [" ", "\t", ",", ";"])
@pytest.mark.parametrize("quoted", [False, True])
def test_tables_as_r_writes_them(tmp_path: Path, separator: str, quoted: bool) -> None:
    for name, table in (("expr.txt", BY_GENE), ("locs.txt", PLACES)):
        table.to_csv(tmp_path / name, sep=separator, quoting=2 if quoted else 0)
        without_corner(tmp_path / name)
    check(read_section(tmp_path))


def test_giotto_with_a_header_and_y_upwards(tmp_path: Path) -> None:
    BY_GENE.to_csv(tmp_path / "expr.txt", sep=" ")
    locations = pd.DataFrame({"cell_ID": names(), "sdimx": XY[:, 0], "sdimy": -XY[:, 1]})
    locations.to_csv(tmp_path / "locs.txt", sep=" ", index=False)
    with pytest.warns(StentransWarning, match="y was turned round"):
        check(read_section(tmp_path))


def test_giotto_with_a_header_and_without_names(tmp_path: Path) -> None:
    write(tmp_path, places=PLACES.set_axis(["sdimx", "sdimy"], axis=1), index=False)
    check(read_section(tmp_path))
    numbered = PLACES.set_axis(range(1, N + 1))
    write(tmp_path, places=numbered)
    with pytest.warns(StentransWarning, match="numbers its rows and names no cells"):
        check(read_section(tmp_path))


def test_numbers_that_are_names_go_by_name(tmp_path: Path) -> None:
    """R puts an X before names of columns that begin with a digit."""
    counts = BY_GENE.set_axis([f"X{i}" for i in range(1, N + 1)], axis=1)
    write(tmp_path, counts.iloc[:, ::-1], PLACES.set_axis(range(1, N + 1)))
    check(read_section(tmp_path))


@pytest.mark.parametrize(
    ("counts", "places"),
    [("spot{}.1", "spot{}-1"), ("spot{}-1", "spot{}"), ("{}", "{}.0"), ("c.{}.b", "c {} b")],
)
def test_names_that_programs_spell_otherwise(tmp_path: Path, counts: str, places: str) -> None:
    table = BY_GENE.set_axis([counts.format(i) for i in range(1, N + 1)], axis=1)
    write(
        tmp_path, table.iloc[:, ::-1], PLACES.set_axis([places.format(i) for i in range(1, N + 1)])
    )
    section = read_section(tmp_path)
    np.testing.assert_allclose(section.xy, XY[::-1])
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS[::-1])


def test_other_columns_of_the_positions(tmp_path: Path) -> None:
    places = PLACES.assign(cluster="a", score=0.5, n_umi=7).rename_axis("my cells").reset_index()
    write(tmp_path, places=places[["cluster", "y", "score", "my cells", "x", "n_umi"]], index=False)
    check(read_section(tmp_path))


@pytest.mark.parametrize("corner", ["", "gene", "GENE"])
def test_words_about_genes(tmp_path: Path, corner: str) -> None:
    counts = BY_GENE.rename_axis(corner or None)
    counts.insert(0, "symbol", [gene.upper() for gene in GENES])
    check(read_section(write(tmp_path, counts)))


def test_spots_of_legacy_names_by_positions_beside_them(tmp_path: Path) -> None:
    spots = [f"{i // 8}x{i % 8}" for i in range(N)]
    write(tmp_path, BY_GENE.set_axis(spots, axis=1).T, PLACES.set_axis(spots).iloc[::-1])
    assert choices_of(tmp_path) == ()
    section = read_section(tmp_path)
    np.testing.assert_allclose(section.xy, XY)
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS)
    (tmp_path / "counts.csv").unlink()
    assert not can_read(tmp_path)  # positions are no counts


def test_several_pairs_without_names_by_those_of_the_files(tmp_path: Path) -> None:
    for k, sample in enumerate(("A1", "B2")):
        (BY_GENE + k).to_csv(tmp_path / f"{sample}_expr.txt", sep=" ")
        np.savetxt(tmp_path / f"{sample}_locs.txt", XY + 1000 * k)
    assert choices_of(tmp_path)[0].options == ("A1", "B2")
    section = read_section(tmp_path, {"sample": "B2"})
    np.testing.assert_allclose(section.xy, XY + 1000)
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS + 1)
    (tmp_path / "B2_locs.txt").rename(tmp_path / "C3_locs.txt")
    assert choices_of(tmp_path) == ()


def test_two_pucks_in_a_folder(tmp_path: Path) -> None:
    for k, puck in enumerate(("Puck_01", "Puck_02")):
        folder = slideseq(tmp_path / puck)
        beads = pd.read_csv(folder / "BeadLocationsForR.csv")
        beads.assign(xcoord=beads["xcoord"] + 1000 * k).to_csv(
            tmp_path / f"{puck}_BeadLocationsForR.csv", index=False
        )
        counts = folder / "Puck_1.digital_expression.txt.gz"
        counts.rename(tmp_path / f"{puck}.digital_expression.txt.gz")
    names_ = choices_of(tmp_path)[0].options
    assert [name.split(".")[0] for name in names_] == ["Puck_01", "Puck_02"]
    for k, name in enumerate(names_):
        section = read_section(tmp_path, {"sample": name})
        np.testing.assert_allclose(section.xy, XY + np.array([1000 * k, 0]))
        assert (section.um_per_px, section.name) == (0.65, f"Puck_0{k + 1}")


def test_cells_on_one_side_only_are_told(tmp_path: Path) -> None:
    write(tmp_path, BY_GENE.iloc[:, 2:], PLACES.iloc[:-3])
    with pytest.warns(StentransWarning) as warned:
        section = read_section(tmp_path)
    said = " ".join(str(w.message) for w in warned)
    assert "3 of 38 cells have no position" in said
    assert "2 of 37 positions have no counts" in said
    assert section.n_spots == N - 5
    check(section)


def test_other_tables_of_a_folder_are_left_alone(tmp_path: Path) -> None:
    """The single cells of a reference are no spots of the section."""
    write(tmp_path)
    cells = [f"ref_{name}" for name in names()]
    BY_GENE.set_axis(cells, axis=1).to_csv(tmp_path / "cells_counts.csv")
    pd.DataFrame({"x": "Neuron"}, cells).to_csv(tmp_path / "cells_types.csv")
    assert choices_of(tmp_path) == ()
    check(read_section(tmp_path))


@pytest.mark.parametrize("same_names", [False, True])
def test_several_pairs_in_a_folder(tmp_path: Path, same_names: bool) -> None:
    """Barcodes are the same in all sections of one kind of array: the files' names tell."""
    for k, sample in enumerate(("A1", "B2")):
        cells = names() if same_names else [f"{sample}_{i}" for i in range(1, N + 1)]
        (BY_GENE + k).set_axis(cells, axis=1).to_csv(tmp_path / f"{sample}_counts.csv")
        (PLACES + 1000 * k).set_axis(cells).to_csv(tmp_path / f"{sample}_coords.csv")
    (choice,) = choices_of(tmp_path)
    assert (choice.key, choice.options) == ("sample", ("A1_counts", "B2_counts"))
    with pytest.warns(StentransWarning, match="sample A1_counts is read, not B2_counts"):
        first = read_section(tmp_path)
    second = read_section(tmp_path, {"sample": "B2_counts"})
    np.testing.assert_allclose(second.xy - first.xy, 1000)
    np.testing.assert_array_equal((second.counts - first.counts).toarray(), 1)
    assert read_section(tmp_path / "B2_coords.csv").xy.min() > 1000
    (tmp_path / "B2_coords.csv").unlink()
    assert choices_of(tmp_path) == ()  # the positions of one are not those of another
    np.testing.assert_allclose(read_section(tmp_path).xy, first.xy)


VISIUM = hexagonal()
FREE = pd.DataFrame(np.random.default_rng(5).uniform(0, 3000, (144, 2)), columns=["x", "y"])


@pytest.mark.parametrize(
    ("counts", "places", "table", "length", "um"),
    [
        ("counts.csv", "coords.csv", VISIUM, 18, None),
        ("MappedDGEForR.csv", "BeadLocationsForR.csv", VISIUM, 18, None),
        ("MappedDGEForR.csv", "BeadLocationsForR.csv", VISIUM, 14, None),  # beads lie on no lattice
        ("counts.csv", "coords.csv", FREE, 14, None),
        ("MappedDGEForR.csv", "BeadLocationsForR.csv", FREE, 14, 0.65),
        ("Puck_2.digital_expression.txt.gz", "positions.csv", FREE, 13, 0.65),
        ("MappedDGEForR.csv", "BeadLocationsForR.csv", FREE, 18, None),
    ],
)
def test_a_scale_only_where_the_files_are_those_of_slide_seq(
    tmp_path: Path, counts: str, places: str, table: pd.DataFrame, length: int, um: float | None
) -> None:
    table = table.set_axis([name[:length] for name in VISIUM.index])
    drawn = np.random.default_rng(6).poisson(3, (4, len(table)))
    genes = pd.DataFrame(drawn, list("abcd"), table.index)
    genes.to_csv(tmp_path / counts, sep="\t" if "txt" in counts else ",")
    table.rename_axis("barcodes").to_csv(tmp_path / places)
    section = read_section(tmp_path)
    assert section.um_per_px == um
    assert section.n_spots == len(table)
    assert section.lattice.kind == ("hex" if table["x"].iloc[1] == 100 else "irregular")


AXES = {
    "y,x": Axes("x", "y"),
    "Y,X,cell": Axes("X", "Y"),
    "cell_ID,sdimy,sdimx,sdimz": Axes("sdimx", "sdimy", "sdimz"),
    "tissue,row,col,imagerow,imagecol": Axes("imagecol", "imagerow"),
    "b,pxl_col_in_fullres,pxl_row_in_fullres": Axes("pxl_col_in_fullres", "pxl_row_in_fullres"),
    "b,pxl_row,pxl_col": Axes("pxl_col", "pxl_row"),
    "b,row,column": Axes("column", "row", array=True),
    "array_col,array_row": Axes("array_col", "array_row", array=True),
    "ycoord,xcoord": Axes("xcoord", "ycoord"),
    "pixel_y,pixel_x": Axes("pixel_x", "pixel_y"),
    "CenterY_local_px,CenterX_local_px,CenterY_global_px,CenterX_global_px": Axes(
        "CenterX_global_px", "CenterY_global_px"
    ),
    "min_x,max_x,min_y,max_y,center_y,center_x": Axes("center_x", "center_y", um=True),
    "Centroid Y µm,Centroid X µm": Axes("Centroid X µm", "Centroid Y µm", um=True),
    "x_px,y_px,y_um,x_um": Axes("x_um", "y_um", um=True),
    "PositionY,PositionX,z": Axes("PositionX", "PositionY", "z"),
    "cell,COL1A1,COL1A2,ROW1": None,
    "umap_x,umap_y": None,
    "x,cluster": None,
}


@pytest.mark.parametrize("header", AXES)
def test_names_of_columns_say_which_is_which(header: str) -> None:
    assert axes_of(header.split(",")) == AXES[header]


@pytest.mark.parametrize("names_", ["y,x", "imagerow,imagecol", "pxl_row,pxl_col", "pos_y,pos_x"])
@pytest.mark.parametrize("form", ["two tables", "one table", "no names of cells"])
def test_columns_are_taken_by_name(tmp_path: Path, names_: str, form: str) -> None:
    """Also where the column of rows stands before that of columns."""
    places = PLACES[["y", "x"]].set_axis(names_.split(","), axis=1)
    if form == "two tables":
        path = write(tmp_path, places=places)
    elif form == "one table":
        path = tmp_path / "a.csv"
        places.join(BY_GENE.T).to_csv(path)
    else:
        path = write(tmp_path, places=places, index=False)
    check(read_section(path))


def test_rows_and_columns_of_a_staggered_array(tmp_path: Path) -> None:
    write(tmp_path, places=pd.DataFrame({"row": ROW, "col": COLUMN}, names()))
    section = read_section(tmp_path)
    assert section.lattice.kind == "hex"
    np.testing.assert_allclose(section.xy, np.column_stack([COLUMN / 2, ROW * 3**0.5 / 2]))


@pytest.mark.parametrize("name", ["coords.csv", "tissue_positions_list.csv"])
def test_positions_of_space_ranger_beside_a_plain_table(tmp_path: Path, name: str) -> None:
    columns = {"tissue": np.arange(N) % 4 > 0, "row": ROW, "column": COLUMN}
    places = pd.DataFrame(columns, names()).astype(int)
    places = places.assign(y=XY[:, 1], x=XY[:, 0])
    write(tmp_path, places=places, header=False)
    (tmp_path / "coords.csv").rename(tmp_path / name)
    assert [choice.key for choice in choices_of(tmp_path)] == ["spots"]
    with pytest.warns(StentransWarning, match="10 of 40 spots were left out"):
        section = read_section(tmp_path)
    assert section.n_spots == N - 10
    check(section)
    check(read_section(tmp_path, {"spots": "all"}))


def one_table(folder: Path, places: pd.DataFrame) -> Path:
    places.join(BY_GENE.T).to_csv(folder / "cells.csv")
    return folder / "cells.csv"


def unnamed(folder: Path, places: pd.DataFrame) -> Path:
    return write(folder, places=places, index=False, header=False)


@pytest.mark.parametrize("make", [write, one_table, unnamed], ids=lambda make: make.__name__)
def test_planes_are_never_merged_without_a_word(tmp_path: Path, make: Callable[..., Path]) -> None:
    places = PLACES.assign(z=np.arange(N) % 2 * 7.5)
    path = make(tmp_path, places=places)
    (choice,) = choices_of(path)
    assert (choice.key, choice.options, choice.default) == ("plane", ("0", "7.5"), "0")
    with pytest.warns(StentransWarning, match=r"plane 0 is read, not 7\.5"):
        section = read_section(path)
    assert section.n_spots == N / 2
    check(section)
    other = read_section(path, {"plane": "7.5"})
    assert not set(other.adata.obs_names) & set(section.adata.obs_names)
    check(other)
    rng = np.random.default_rng(7)
    path = make(tmp_path, places=places.assign(z=rng.uniform(0, 9, N)))
    assert choices_of(path) == ()
    with pytest.warns(StentransWarning, match="'z' says how deep each cell lies"):
        assert read_section(path).n_spots == N


@pytest.mark.parametrize("told", ["words", "numbers", "barcodes"])
def test_sections_that_lie_over_each_other_are_a_choice(tmp_path: Path, told: str) -> None:
    """Two sections in one pair of tables, each in pixels of its own."""
    one = hexagonal()
    bases = list(one.index)
    places = pd.concat([one, one + 7.0])
    counts = np.random.default_rng(8).poisson(3, (4, len(places)))
    prefixes = ("s1_", "s2_") if told == "barcodes" else ("", "")
    cells = [
        prefixes[k] + (name if told == "barcodes" else f"{name[:-1]}{k}")
        for k in (0, 1)
        for name in bases
    ]
    places.index = pd.Index(cells)
    marks = {"words": ["left", "right"], "numbers": [1, 2]}.get(told)
    if marks:
        places["batch"] = np.repeat(marks, len(one))
    write(tmp_path, pd.DataFrame(counts, list("abcd"), cells), places)
    (choice,) = choices_of(tmp_path)
    assert (choice.key, len(choice.options)) == ("section", 2)
    with pytest.warns(StentransWarning, match=f"section {choice.options[0]} is read, not"):
        first = read_section(tmp_path)
    second = read_section(tmp_path, {"section": choice.options[1]})
    assert first.lattice.kind == second.lattice.kind == "hex"
    np.testing.assert_array_equal(first.xy, one)
    np.testing.assert_array_equal(second.xy, one + 7.0)
    np.testing.assert_array_equal(second.counts.toarray(), counts.T[len(one) :])


@pytest.mark.parametrize(
    "rounded",
    [
        [f"{10**18 + i:.2E}" for i in range(N)],
        [f"{float(10**18 + i)!r}" for i in range(N)],
        [f"{1_234_567_890_123_450_000 + i // 5 * 10_000}" for i in range(N)],
    ],
    ids=["spreadsheet", "fractions", "15 digits"],
)
def test_names_that_were_rounded_to_the_same_are_refused(
    tmp_path: Path, rounded: list[str]
) -> None:
    write(tmp_path, BY_GENE.set_axis(rounded, axis=1), PLACES.set_axis(rounded))
    with pytest.raises(ReadError, match=r"long numbers were rounded, such as '1[0-9.e]"):
        read_section(tmp_path)
    path = tmp_path / "cells.csv"
    PLACES.join(BY_GENE.T).set_axis(pd.Index(rounded, name="cell_id")).to_csv(path)
    with pytest.raises(ReadError, match="long numbers were rounded"):
        read_section(path)


def test_names_that_were_rounded_in_one_table_only(tmp_path: Path) -> None:
    long = [f"{1_234_567_890_123_456_700 + i * 1_000_000}" for i in range(N)]
    rounded = [f"{int(name[:15]) * 10_000}" for name in long]
    write(tmp_path, BY_GENE.set_axis(long, axis=1), PLACES.set_axis(rounded))
    with pytest.raises(ReadError, match=r"No cell of .* long numbers were not rounded, as '1234"):
        read_section(tmp_path)


def test_long_names_are_read_digit_by_digit(tmp_path: Path) -> None:
    long = [f"{9_007_199_254_740_993_000 + i}" for i in range(1, N + 1)]
    write(tmp_path, BY_GENE.set_axis(long, axis=1), PLACES.set_axis(long).iloc[::-1])
    section = read_section(tmp_path)
    assert list(section.adata.obs_names) == long
    np.testing.assert_allclose(section.xy, XY)


def test_lines_that_end_with_a_mark(tmp_path: Path) -> None:
    path = one_table(tmp_path, PLACES)
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *(f"{line}," for line in lines)]) + "\n")
    check(read_section(path))


def test_the_folder_of_two_real_data_sets(data_dir: Path) -> None:
    section = read_section(data_dir / "reference" / "visium_hippocampus")
    assert (section.adata.shape, section.lattice.kind) == ((313, 276), "hex")
    assert section.um_per_px is None
    table = pd.read_csv(
        data_dir / "reference" / "visium_hippocampus" / "spots_coords.csv", index_col=0
    )
    np.testing.assert_array_equal(section.xy, table.loc[section.adata.obs_names])
    breast = data_dir / "serial_breast"
    slice1 = read_section(breast, {"sample": "slice1"})
    assert (slice1.adata.shape, slice1.lattice.kind) == ((254, 7998), "square")
    np.testing.assert_allclose(slice1.xy, np.loadtxt(breast / "slice1_coor.csv", delimiter=","))
