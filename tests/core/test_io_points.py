"""Cells, beads and bins: Xenium, MERSCOPE, CosMx, Slide-seq, Stereo-seq and plain tables."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import tifffile
from small_files import (
    COUNTS,
    GENES,
    XY,
    N,
    cosmx,
    gem,
    merscope,
    names,
    plain,
    scattered,
    slideseq,
    xenium,
)

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.errors import ReadError, SectionError, StentransWarning
from napari_stentrans.io import can_read, choices_of, read_section
from napari_stentrans.lattice import Lattice
from napari_stentrans.raster import SpotRaster
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def check(section: Section, xy: np.ndarray = XY, counts: np.ndarray = COUNTS) -> None:
    """Same cells in any order: gene names, and counts and positions of each cell."""
    assert list(section.genes) == GENES
    found = np.hstack([section.xy, section.counts.toarray()])
    expected = np.hstack([xy, counts])
    order, wanted = np.lexsort(found.T), np.lexsort(expected.T)
    np.testing.assert_allclose(found[order], expected[wanted])


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_xenium(tmp_path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    folder = xenium(tmp_path / "brain" / "outs", suffix)
    section = read_section(folder)
    check(section)
    assert (section.name, section.um_per_px, section.lattice.kind) == ("brain", 1.0, "irregular")
    assert list(section.adata.var["gene_ids"]) == ["ENSG0", "ENSG1", "ENSG2"]
    for part in ("cell_feature_matrix.h5", f"cells{suffix}"):
        assert can_read(folder / part)
        check(read_section(folder / part))
    check(read_section(folder.parent))


def test_xenium_on_its_morphology_image(tmp_path: Path) -> None:
    folder = xenium(tmp_path / "brain")
    (folder / "experiment.xenium").write_text(json.dumps({"pixel_size": 10.0}))
    pixels = np.random.default_rng(0).integers(0, 9999, (64, 96), np.uint16)
    with tifffile.TiffWriter(folder / "morphology_mip.ome.tif", ome=True) as writer:
        writer.write(pixels, subifds=1)
        writer.write(pixels[::2, ::2], subfiletype=1)
    section = read_section(folder)
    check(section, XY / 10.0)
    assert section.um_per_px == 10.0
    assert section.images[0].scale == 1.0
    np.testing.assert_array_equal(section.images[0].data, pixels)


def test_a_large_morphology_image_is_read_at_a_coarser_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_stentrans.io.xenium.MOST_PIXELS", 50)
    folder = xenium(tmp_path / "brain")
    (folder / "experiment.xenium").write_text(json.dumps({"pixel_size": 10.0}))
    pixels = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)
    with tifffile.TiffWriter(folder / "morphology_mip.ome.tif", ome=True) as writer:
        writer.write(pixels, subifds=1)
        writer.write(pixels[::2, ::2], subfiletype=1)
    (image,) = read_section(folder).images
    assert image.scale == 0.5
    np.testing.assert_array_equal(image.data, pixels[::2, ::2])


def test_a_part_of_a_xenium_run(tmp_path: Path) -> None:
    folder = xenium(tmp_path / "brain")
    (folder / "experiment.xenium").write_text("{}")
    (folder / "cells.csv.gz").unlink()
    with pytest.raises(ReadError, match=r"part of a Xenium run: expected .*cells\.csv\.gz"):
        read_section(folder)


def test_merscope(tmp_path: Path) -> None:
    folder = merscope(tmp_path / "slice 1")
    for path in (folder, folder / "cell_by_gene.csv", folder / "cell_metadata.csv"):
        assert can_read(path)
        section = read_section(path)
        check(section)
        assert (section.name, section.um_per_px) == ("slice 1", 1.0)
    assert section.adata.obs_names[0] == "1000000000000000000"


def test_cosmx(tmp_path: Path) -> None:
    folder = cosmx(tmp_path / "flat")
    for path in (folder, *folder.iterdir()):
        assert can_read(path)
        section = read_section(path)
        check(section)
        assert (section.name, section.um_per_px) == ("Lung5", 0.12)
    assert set(section.adata.obs_names) >= {"c_1_1", "c_2_1"}
    assert read_section(folder, {"pixel": "0.18"}).um_per_px == 0.18


def cosmx_with(folder: Path, **change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """Change the counts, the metadata, or both, and write them again."""
    folder = cosmx(folder)
    for key, file in (
        ("counts", "Lung5_exprMat_file.csv"),
        ("cells", "Lung5_metadata_file.csv.gz"),
    ):
        for name in (key, "both"):
            if name in change:
                change[name](pd.read_csv(folder / file)).to_csv(folder / file, index=False)
    return folder


def name_of_cell(table: pd.DataFrame) -> pd.Series:
    return "c_4_" + table["fov"].astype(str) + "_" + table["cell_ID"].astype(str)


ATOMX = {
    "a column cell of text": {"counts": lambda t: t.assign(cell=name_of_cell(t))},
    "it stands first": {
        "both": lambda t: pd.concat([name_of_cell(t).rename("cell"), t], axis=1),
    },
    "cell_id of text after cell_ID": {"cells": lambda t: t.assign(cell_id=name_of_cell(t))},
    "cell_id of text before cell_ID": {
        "both": lambda t: pd.concat([name_of_cell(t).rename("cell_id"), t], axis=1),
    },
    "only names": {
        "both": lambda t: t.assign(cell=name_of_cell(t)).drop(columns=["fov", "cell_ID"]),
    },
    "names here, numbers there": {
        "cells": lambda t: t.assign(cell_id=name_of_cell(t)).drop(columns=["fov", "cell_ID"]),
    },
    "names of cells last": {"counts": lambda t: t[[*t.columns[2:], "cell_ID", "fov"]]},
    "whole numbers as fractions": {
        "counts": lambda t: t.astype(float),
        "cells": lambda t: t.assign(fov=t["fov"].astype(float)),
    },
    "many more columns": {
        "counts": lambda t: pd.concat(
            [t, pd.DataFrame(1, t.index, [f"Negative{i}" for i in range(3000)])], axis=1
        )
    },
    "text about the run": {"both": lambda t: t.assign(Run_Tissue_name="lung, left")},
    "large numbers of cells": {"both": lambda t: t.assign(cell_ID=t["cell_ID"] * 10_000_019)},
}


@pytest.mark.parametrize("case", ATOMX)
def test_cosmx_as_it_is_exported(tmp_path: Path, case: str) -> None:
    section = read_section(cosmx_with(tmp_path / "flat", **ATOMX[case]))
    assert section.n_spots == N
    check(section)


@pytest.mark.parametrize("where", ["before", "after"])
def test_cosmx_with_empty_lines(tmp_path: Path, where: str) -> None:
    def repeat(table: pd.DataFrame) -> pd.DataFrame:
        empty = table.iloc[3:15].copy().astype("Float64")
        empty.iloc[:, 2:] = pd.NA
        return pd.concat([empty, table] if where == "before" else [table, empty])

    with pytest.warns(StentransWarning) as warned:
        section = read_section(cosmx_with(tmp_path / "flat", counts=repeat))
    (note,) = [str(w.message) for w in warned]
    assert "12 empty lines were left out, 12 of them of cells that have their counts" in note
    check(section)


def test_cosmx_with_quotes_and_marks_at_the_ends(tmp_path: Path) -> None:
    file = cosmx(tmp_path / "flat") / "Lung5_exprMat_file.csv"
    pd.read_csv(file).to_csv(file, index=False, quoting=2)
    file.write_text("".join(f"{line},,\n" for line in file.read_text().splitlines()))
    check(read_section(file))


def test_cosmx_of_two_slides_in_a_folder(tmp_path: Path) -> None:
    folder = cosmx(tmp_path / "flat")
    for file in list(folder.iterdir()):
        table = pd.read_csv(file)
        if "CenterX_global_px" in table:
            table["CenterX_global_px"] += 5000
        table.to_csv(folder / file.name.replace("Lung5", "Lung6"), index=False)
    assert choices_of(folder)[0].options == ("Lung5", "Lung6")
    with pytest.warns(StentransWarning, match="sample Lung5 is read, not Lung6"):
        check(read_section(folder))
    second = read_section(folder, {"sample": "Lung6"})
    check(second, XY + np.array([5000, 0]))
    assert second.name == "Lung6"
    check(read_section(folder / "Lung5_exprMat_file.csv"))


@pytest.mark.parametrize(
    ("own", "other"),
    [("", "cellpose_"), ("cellpose2_", "watershed_"), ("", "_cellpose")],
)
def test_merscope_of_two_segmentations(tmp_path: Path, own: str, other: str) -> None:
    folder = merscope(tmp_path / "slice")
    for word in ("cell_by_gene", "cell_metadata"):
        file = folder / f"{word}.csv"
        table = pd.read_csv(file, index_col=0, dtype={0: str})
        if word == "cell_metadata":
            table["center_y"] += 900
        after = other.startswith("_")
        table.to_csv(folder / (f"{word}{other}.csv" if after else f"{other}{word}.csv"))
        file.rename(folder / f"{own}{word}.csv")
    names_ = [own.strip("_") or "cell_by_gene", other.strip("_")]
    (choice,) = choices_of(folder)
    assert (choice.key, set(choice.options)) == ("segmentation", set(names_))
    for name, moved in zip(names_, (0, 900), strict=True):
        check(read_section(folder, {"segmentation": name}), XY + np.array([0, moved]))
    with pytest.warns(StentransWarning, match=f"segmentation {choice.default} is read, not"):
        read_section(folder)
    alone = next(p for p in folder.iterdir() if other.strip("_") in p.name)
    check(read_section(alone), XY + np.array([0, 900]))


def test_merscope_whose_tables_do_not_fit(tmp_path: Path) -> None:
    folder = merscope(tmp_path / "slice")
    for old, new in (("cell_by_gene", "a_cell_by_gene"), ("cell_metadata", "b_cell_metadata")):
        (folder / f"{new}.csv").write_bytes((folder / f"{old}.csv").read_bytes())
    assert choices_of(folder) == ()
    check(read_section(folder))
    with pytest.raises(ReadError, match="has no two tables whose names fit each other"):
        read_section(folder / "a_cell_by_gene.csv")


def test_merscope_whose_names_were_rounded(tmp_path: Path) -> None:
    folder = merscope(tmp_path / "slice")
    for file in folder.iterdir():
        table = pd.read_csv(file, index_col=0)
        table.set_axis([f"{float(name):.5g}" for name in table.index]).to_csv(file)
    with pytest.raises(ReadError, match=r"40 cells have names that others have too, .*'1e\+18'"):
        read_section(folder)


@pytest.mark.parametrize("header", [True, False])
def test_slideseq(tmp_path: Path, header: bool) -> None:
    folder = slideseq(tmp_path / "pucks", header)
    for path in (folder, *folder.iterdir()):
        assert can_read(path)
        section = read_section(path)
        check(section)
        assert (section.name, section.um_per_px) == ("Puck_1", 0.65)


def test_slideseq_without_beads(tmp_path: Path) -> None:
    folder = slideseq(tmp_path / "pucks")
    (folder / "BeadLocationsForR.csv").unlink()
    with pytest.raises(ReadError, match="one table of bead locations, found none"):
        read_section(folder / "Puck_1.digital_expression.txt.gz")


def test_gem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = gem(tmp_path / "SS2.gem.gz")
    assert can_read(path)
    assert choices_of(path)[0].options == ("20", "50", "100", "200")
    monkeypatch.setattr("napari_stentrans.io.gem.ROWS_AT_ONCE", 7)
    rows = np.arange(N)
    xy = 100.0 * np.column_stack([rows % 8, rows // 8]) + 49.5
    occupied = COUNTS.sum(1) > 0
    section = read_section(path, {"bin": "100"})
    order = [GENES.index(gene) for gene in section.genes]
    found = {tuple(p): row for p, row in zip(section.xy, section.counts.toarray(), strict=True)}
    assert len(found) == occupied.sum()
    for p, row in zip(xy[occupied], COUNTS[occupied][:, order], strict=True):
        np.testing.assert_array_equal(found[tuple(p)], row)
    assert section.lattice.kind == "square"
    assert section.lattice.spacing == pytest.approx(100)
    assert (section.um_per_px, section.name) == (0.5, "SS2_bin100")
    assert section.chosen == {"bin": "100"}
    assert read_section(path).n_spots > section.n_spots
    assert read_section(path).counts.sum() == COUNTS.sum()


def gem_text(path: Path) -> str:
    return gzip.decompress(gem(path).read_bytes()).decode()


@pytest.mark.parametrize("form", ["#OffsetX={}\n#OffsetY={}", "#offsetY: {1}\n# OffsetX = {0}"])
def test_gem_lies_where_its_offset_says(tmp_path: Path, form: str) -> None:
    text = gem_text(tmp_path / "SS2.gem.gz")
    plain_ = read_section(tmp_path / "SS2.gem.gz", {"bin": "100"})
    path = tmp_path / "moved.gem"
    path.write_text(text.replace("#OffsetX=0", form.format(5000, 300)))
    moved = read_section(path, {"bin": "100"})
    np.testing.assert_allclose(moved.xy, plain_.xy + np.array([5000, 300]))
    np.testing.assert_array_equal(moved.counts.toarray(), plain_.counts.toarray())
    path.write_text(text.replace("#OffsetX=0", "#OffsetX=far"))
    with pytest.raises(ReadError, match="'#OffsetX=far' gives no whole number"):
        read_section(path)


@pytest.mark.parametrize(
    "header",
    [
        "geneID\tx\ty\tUMICount\tExonCount",
        "geneName\tx\ty\tMIDCounts\tExonCount",
        "geneID\tx\ty\tMIDCounts\tExonCount",
    ],
)
def test_gem_whose_columns_are_called_otherwise(tmp_path: Path, header: str) -> None:
    text = gem_text(tmp_path / "SS2.gem.gz").replace("geneID\tx\ty\tMIDCount\tExonCount", header)
    (tmp_path / "a.gem").write_text(text)
    section = read_section(tmp_path / "a.gem")
    assert section.counts.sum() == COUNTS.sum()


def test_gem_with_names_beside_ids(tmp_path: Path) -> None:
    lines = gem_text(tmp_path / "SS2.gem.gz").splitlines()
    lines = [*lines[:2], f"geneID\tgeneName\t{lines[2][7:]}", *(f"ENS1\t{x}" for x in lines[3:])]
    (tmp_path / "a.gem").write_text("\n".join(lines))
    assert set(read_section(tmp_path / "a.gem").genes) == set(GENES)


def gem_of_cells(path: Path, column: str, number: Callable[[int], str]) -> Path:
    """Two spots of the chip for each cell and gene, and some counts outside cells."""
    lines = ["#OffsetX=1000", "#OffsetY=0", f"geneID\tx\ty\tMIDCount\tExonCount\t{column}"]
    for i, ((x, y), row) in enumerate(zip(XY.astype(int) + 5, COUNTS, strict=True)):
        for gene, count in zip(GENES, row, strict=True):
            lines += [f"{gene}\t{x + d}\t{y - d}\t{count}\t0\t{number(i)}" for d in (-2, 2)]
    lines += [f"Actb\t{i}\t3\t5\t0\t0" for i in range(60)]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("column", "number"),
    [
        ("CellID", lambda i: str(i + 1)),
        ("label", lambda i: f"{i + 1}.0"),
        ("cell", lambda i: str(9_007_199_254_740_993_000 + i)),
    ],
)
def test_gem_of_cells(
    tmp_path: Path,
    column: str,
    number: Callable[[int], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("napari_stentrans.io.gem.ROWS_AT_ONCE", 31)
    path = gem_of_cells(tmp_path / "SS2.cellbin.gem", column, number)
    (choice,) = choices_of(path)
    assert (choice.options, choice.default) == (("cells", "20", "50", "100", "200"), "cells")
    with pytest.warns(StentransWarning, match="of its counts lie outside cells, left out"):
        section = read_section(path)
    held = COUNTS.sum(1) > 0
    check(section, (XY.astype(int) + 5 + np.array([1000, 0]))[held], 2 * COUNTS[held])
    assert section.um_per_px == 0.5
    assert section.adata.obs_names[0] == number(0).removesuffix(".0")
    with pytest.warns(StentransWarning, match=f"its column '{column}' names cells; squares of 50"):
        bins = read_section(path, {"bin": "50"})
    assert bins.counts.sum() == 2 * COUNTS.sum() + 300
    assert bins.lattice.kind == "square"


def test_one_table(tmp_path: Path) -> None:
    for name in ("a.csv", "b.tsv", "c.txt.gz"):
        path = plain(tmp_path / name, x=XY[:, 0], y=XY[:, 1], leiden="3", area=17.5)
        assert can_read(path)
        section = read_section(path)
        check(section)
        assert (section.name, section.um_per_px) == (name[0], None)
        assert list(section.adata.obs_names) == names()


def test_one_table_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_stentrans.io.cells.VALUES_AT_ONCE", 20)
    check(read_section(plain(tmp_path / "a.csv", x_centroid=XY[:, 0], y_centroid=XY[:, 1])))


def test_a_table_without_names_of_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    table = pd.DataFrame(COUNTS, columns=GENES).assign(X=XY[:, 0], Y=XY[:, 1])
    table.to_csv(path, index=False)
    section = read_section(path)
    check(section)
    assert section.adata.obs_names[0] == "cell_1"


def test_two_tables(tmp_path: Path) -> None:
    folder = tmp_path / "my cells"
    folder.mkdir()
    plain(folder / "counts.csv")
    places = pd.DataFrame({"barcode": names(), "x": XY[:, 0], "y": XY[:, 1]}).iloc[::-1]
    places.to_csv(folder / "where.tsv", sep="\t", index=False)
    for path in (folder, *folder.iterdir()):
        assert can_read(path)
        check(read_section(path))
    assert read_section(folder).name == "my cells"


def test_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    check(read_section(plain(tmp_path / "a.parquet", x=XY[:, 0], y=XY[:, 1], cell_type="b")))


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert not can_read(tmp_path / "a.parquet")
    with pytest.raises(ReadError, match=r"pip install 'napari-stentrans\[hd\]'"):
        read_section(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    "header",
    [
        "transcript_id,cell_id,feature_name,x_location,y_location,qv",
        ",barcode_id,global_x,global_y,x,y,fov,gene",
        "fov,cell_ID,x_global_px,y_global_px,target",
    ],
)
def test_transcripts_are_no_cells(tmp_path: Path, header: str) -> None:
    path = tmp_path / "transcripts.csv"
    path.write_text(header + "\n" + ",".join("1" for _ in header.split(",")) + "\n")
    assert not can_read(path)
    with pytest.raises(ReadError, match="single transcripts"):
        read_section(path)


def test_cells_without_a_position_are_left_out(tmp_path: Path) -> None:
    folder = merscope(tmp_path / "slice")
    table = (folder / "cell_metadata.csv").read_text().splitlines()
    (folder / "cell_metadata.csv").write_text("\n".join(table[:-3]))
    with pytest.warns(StentransWarning, match="3 of 40 cells have no position"):
        section = read_section(folder)
    check(section, XY[:-3], COUNTS[:-3])


def test_tables_of_other_cells(tmp_path: Path) -> None:
    folder = merscope(tmp_path / "slice")
    text = (folder / "cell_metadata.csv").read_text()
    (folder / "cell_metadata.csv").write_text(text.replace("10000000000", "20000000000"))
    with pytest.raises(ReadError, match=r"No cell of .* has a position"):
        read_section(folder)


@pytest.mark.parametrize("method", ["transformer", "kriging"])
def test_irregular_cells_are_filled_and_doubled(method: str) -> None:
    xy = scattered(400)
    rng = np.random.default_rng(0)
    truth = np.exp(1 + np.sin(xy[:, :1] / 60 + np.arange(12)) + np.cos(xy[:, 1:] / 80))
    section = Section.from_anndata(_adata(rng.poisson(truth), xy))
    assert section.lattice.kind == "irregular"
    lost = np.linalg.norm(xy - 200, axis=1) < 45
    result = enhance(section, lost, EnhanceConfig(method=method, upscale=2))
    between = result.sites.provenance == 3
    assert between.sum() > 800
    nearest, _ = _tree(xy).query(result.sites.xy[between])
    assert (nearest > 0).all()
    assert nearest.max() < section.lattice.spacing
    mean = result.gene("g0").mean
    assert np.isfinite(mean).all()
    logs = np.log1p(truth[:, 0] / truth.sum(1) * np.median(truth.sum(1)))
    assert np.corrcoef(mean[: len(xy)][lost], logs[lost])[0, 1] > 0.8
    assert np.corrcoef(mean[: len(xy)], logs)[0, 1] > 0.9


def test_raster_of_many_cells_is_small_and_shows_most() -> None:
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 10_000, (100_000, 2))
    raster = SpotRaster.of(xy, Lattice.of(xy))
    assert max(raster.shape) < 4000
    shown = np.unique(raster.index)
    assert (shown >= 0).sum() > 0.95 * len(xy)


def test_raster_of_a_long_strip_stays_short() -> None:
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 1, (100_000, 2)) * [1_000_000, 100]
    assert max(SpotRaster.of(xy, Lattice.of(xy)).shape) <= 4096


def test_cells_in_one_place(tmp_path: Path) -> None:
    with pytest.raises(SectionError, match="lie in one place"):
        read_section(plain(tmp_path / "a.csv", x=5, y=5))


def _adata(counts: np.ndarray, xy: np.ndarray):
    import anndata as ad

    adata = ad.AnnData(sp.csr_matrix(counts.astype(np.float32)), obsm={"spatial": xy})
    adata.var_names = [f"g{i}" for i in range(counts.shape[1])]
    return adata


def _tree(xy: np.ndarray):
    from scipy.spatial import cKDTree

    return cKDTree(xy)
