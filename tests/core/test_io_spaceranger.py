"""Space Ranger folders in the forms that people have them."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp
import tifffile
from PIL import Image

from napari_stentrans.errors import ReadError, SectionError, StentransWarning
from napari_stentrans.io import Choice, can_read, choices_of, read_section

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres"
ROWS, COLUMNS, PITCH = 8, 6, 20.0


@dataclass
class Run:
    """A small hex section, and how to write it down as Space Ranger would."""

    folder: Path
    genes: list[str] = field(default_factory=lambda: [f"Gene{i}" for i in range(5)])
    types: list[str] = field(default_factory=lambda: ["Gene Expression"] * 5)

    def __post_init__(self) -> None:
        array = [(r, 2 * c + r % 2) for r in range(ROWS) for c in range(COLUMNS)]
        self.array = np.array(array)
        self.barcodes = [f"{i:04d}ACGT-1" for i in range(len(array))]
        self.xy = 100 + self.array[:, ::-1] * [PITCH / 2, PITCH * 3**0.5 / 2]
        rng = np.random.default_rng(0)
        self.counts = rng.poisson(2.0, (len(array), len(self.genes))).astype(np.int32)
        self.in_tissue = np.ones(len(array), int)

    def write_h5(self, name: str = "filtered_feature_bc_matrix.h5") -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        matrix = sp.csr_matrix(self.counts)
        with h5py.File(self.folder / name, "w") as file:
            group = file.create_group("matrix")
            group["barcodes"] = np.array(self.barcodes, "S")
            group["data"], group["indices"] = matrix.data, matrix.indices
            group["indptr"], group["shape"] = matrix.indptr, matrix.shape[::-1]
            features = group.create_group("features")
            features["name"] = np.array(self.genes, "S")
            features["id"] = np.array([f"ENS{i}" for i in range(len(self.genes))], "S")
            features["feature_type"] = np.array(self.types, "S")
        return self.folder / name

    def write_mtx(self, name: str = "filtered_feature_bc_matrix", old: bool = False) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        opener, end = (open, "") if old else (gzip.open, ".gz")
        rows = [f"ENS{i}\t{gene}" for i, gene in enumerate(self.genes)]
        if not old:
            rows = [f"{row}\t{kind}" for row, kind in zip(rows, self.types, strict=True)]
        with opener(folder / f"matrix.mtx{end}", "wb") as file:
            scipy.io.mmwrite(file, sp.coo_matrix(self.counts.T))
        for stem, lines in (("genes" if old else "features", rows), ("barcodes", self.barcodes)):
            with opener(folder / f"{stem}.tsv{end}", "wt") as file:
                file.write("\n".join(lines) + "\n")
        return folder

    def position_lines(self) -> list[str]:
        numbers = zip(self.barcodes, self.in_tissue, self.array, self.xy, strict=True)
        return [f"{b},{t},{r},{c},{y:.3f},{x:.3f}" for b, t, (r, c), (x, y) in numbers]

    def write_positions(self, version: int = 2, prefix: str = "") -> Path:
        spatial = self.folder / "spatial"
        spatial.mkdir(parents=True, exist_ok=True)
        name = "tissue_positions.csv" if version == 2 else "tissue_positions_list.csv"
        lines = [HEADER, *self.position_lines()] if version == 2 else self.position_lines()
        (spatial / (prefix + name)).write_text("\n".join(lines) + "\n")
        return spatial / (prefix + name)

    def write_images(self, prefix: str = "") -> None:
        factors = {"tissue_hires_scalef": 0.5, "tissue_lowres_scalef": 0.1}
        factors |= {"spot_diameter_fullres": 11.0, "fiducial_diameter_fullres": 17.0}
        (self.folder / "spatial" / f"{prefix}scalefactors_json.json").write_text(
            json.dumps(factors)
        )
        for kind, size in (("hires", 150), ("lowres", 30)):
            pixels = np.full((size, size, 4), (200, 100, 150, 255), np.uint8)
            Image.fromarray(pixels).save(
                self.folder / "spatial" / f"{prefix}tissue_{kind}_image.png"
            )

    def write(self) -> Path:
        self.write_h5()
        self.write_positions()
        self.write_images()
        return self.folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "brain")


def check(section, run: Run) -> None:
    assert list(section.adata.obs_names) == run.barcodes
    assert list(section.genes) == run.genes
    np.testing.assert_array_equal(section.counts.toarray(), run.counts)
    np.testing.assert_allclose(section.xy, run.xy, atol=1e-3)
    np.testing.assert_array_equal(section.adata.obs[["array_row", "array_col"]], run.array)
    assert list(section.adata.var["gene_ids"]) == [f"ENS{i}" for i in range(len(run.genes))]
    assert section.lattice.kind == "hex"


@pytest.mark.parametrize("version", [1, 2])
def test_positions_with_and_without_header(run: Run, version: int) -> None:
    run.write_h5()
    run.write_positions(version)
    assert can_read(run.folder)
    section = read_section(run.folder)
    check(section, run)
    assert section.images == ()
    assert section.um_per_px is None
    assert section.name == "brain"


def test_header_columns_are_mapped_by_name(run: Run) -> None:
    run.write_h5()
    table = pd.read_csv(run.write_positions(2))
    table = table[table.columns[::-1]]  # the barcode comes last
    table.to_csv(run.folder / "spatial" / "tissue_positions.csv", index=False)
    check(read_section(run.folder), run)


@pytest.mark.parametrize("old", [False, True])
def test_mtx_folder(run: Run, old: bool) -> None:
    matrix = run.write_mtx(old=old)
    run.write_positions()
    for path in (run.folder, matrix):
        assert can_read(path)
        check(read_section(path), run)


def test_h5_itself_and_the_folder_above_outs(tmp_path: Path) -> None:
    run = Run(tmp_path / "mouse" / "outs")
    run.write()
    for path in (run.folder / "filtered_feature_bc_matrix.h5", tmp_path / "mouse"):
        assert can_read(path)
        section = read_section(path)
        check(section, run)
        assert section.name == "mouse"
        assert section.source == path


def test_images_and_scale(run: Run) -> None:
    section = read_section(run.write())
    assert [(image.name, image.scale) for image in section.images] == [
        ("hires", 0.5),
        ("lowres", 0.1),
    ]
    assert section.images[0].data.shape == (150, 150, 4)
    assert section.um_per_px == pytest.approx(100 / PITCH, rel=1e-3)


def test_images_are_not_decoded_until_looked_at(run: Run) -> None:
    section = read_section(run.write())
    assert section.images[0].size == (150, 150)
    assert "levels" not in vars(section.images[0])
    assert section.images[0].data.shape[:2] == (150, 150)


def test_image_without_scale_is_left_out(run: Run) -> None:
    folder = run.write()
    (folder / "spatial" / "scalefactors_json.json").unlink()
    with pytest.warns(StentransWarning, match="scalefactors_json") as warned:
        section = read_section(folder)
    assert len(warned) == 2
    assert section.images == ()


def test_prefixed_file_names(run: Run) -> None:
    run.write_h5("GSM1_filtered_feature_bc_matrix.h5")
    run.write_positions(prefix="GSM1_")
    run.write_images(prefix="GSM1_")
    section = read_section(run.folder)
    check(section, run)
    assert section.name == "GSM1"
    assert len(section.images) == 2


def write_samples(folder: Path, form: str) -> list[Run]:
    """Two samples in one folder in one of the forms in which they are downloaded."""
    runs = []
    for at, sample in enumerate(("GSM1_S1", "GSM2_S10")):
        run = Run(folder)
        run.counts, run.xy = run.counts + at, run.xy + 7 * at
        if form == "flat h5":
            run.write_h5(f"{sample}_filtered_feature_bc_matrix.h5")
            run.write_positions(prefix=f"{sample}_")
            run.write_images(prefix=f"{sample}_")
        elif form == "flat mtx":
            whole = run.write_mtx(f"{sample}_")
            for file in sorted(whole.iterdir()):
                file.rename(folder / f"{sample}_{file.name}")
            whole.rmdir()
            run.write_positions(version=1, prefix=f"{sample}_spatial_")
        elif form == "folders":
            run.folder = folder / sample / "outs"
            run.write()
            run.folder = folder
        elif form == "spatial folders":
            run.write_h5(f"{sample}_filtered_feature_bc_matrix.h5")
            run.write_positions()
            (folder / "spatial").rename(folder / f"{sample}_spatial")
        runs.append(run)
    return runs


@pytest.mark.parametrize("form", ["flat h5", "flat mtx", "folders", "spatial folders"])
def test_several_samples_in_one_folder(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "GEO download ü"
    runs = write_samples(folder, form)
    names = ("GSM1_S1", "GSM2_S10")
    assert can_read(folder)
    assert choices_of(folder) == (Choice("sample", "Sample", names, names[0]),)
    with pytest.warns(StentransWarning, match="sample GSM1_S1 is read, not GSM2_S10"):
        first = read_section(folder)
    second = read_section(folder, {"sample": "GSM2_S10"})
    for section, run, name in zip((first, second), runs, names, strict=True):
        check(section, run)
        assert section.name == name
        assert section.chosen == {"sample": name}
        assert len(section.images) == (2 if form in ("flat h5", "folders") else 0)


def test_matrix_of_one_of_several_samples(tmp_path: Path) -> None:
    _, run = write_samples(tmp_path, "flat h5")
    section = read_section(tmp_path / "GSM2_S10_filtered_feature_bc_matrix.h5")
    check(section, run)
    assert section.name == "GSM2_S10"


def test_positions_of_another_sample_are_not_taken(tmp_path: Path) -> None:
    write_samples(tmp_path, "flat h5")
    (tmp_path / "spatial" / "GSM2_S10_tissue_positions.csv").unlink()
    with pytest.raises(ReadError, match="holds no tissue_positions"):
        read_section(tmp_path, {"sample": "GSM2_S10"})


@pytest.mark.parametrize("positions", ["together", "apart"])
@pytest.mark.parametrize("named", [False, True])
def test_aggregated_libraries(run: Run, positions: str, named: bool) -> None:
    names = ("left", "right") if named else ("1", "2")
    barcodes, xy, counts = run.barcodes, run.xy, run.counts
    lines = []
    for at, name in enumerate(names):
        run.barcodes = [b.replace("-1", f"-{at + 1}") for b in barcodes]
        run.xy = xy + 9 * at
        lines += run.position_lines()
        if positions == "apart":
            inner = Run(run.folder / "spatial" / name)
            inner.xy = run.xy
            inner.write_positions().rename(inner.folder / "tissue_positions.csv")
    if positions == "together":
        run.write_positions().unlink()
        path = run.folder / "spatial" / "aggr_tissue_positions.csv"
        path.write_text("\n".join([HEADER, *lines]))
    if named:
        (run.folder / "aggregation.csv").write_text("library_id,molecule_h5\nleft,a\nright,b\n")
    run.barcodes = barcodes + [b.replace("-1", "-2") for b in barcodes]
    run.counts = np.concatenate([counts, counts + 1])
    run.write_h5()
    (choice,) = choices_of(run.folder)
    assert choice.options == names
    section = read_section(run.folder, {"sample": names[1]})
    np.testing.assert_array_equal(section.counts.toarray(), counts + 1)
    np.testing.assert_allclose(section.xy, xy + 9, atol=1e-3)
    assert section.name == names[1]
    with pytest.warns(StentransWarning, match=f"{names[0]} is read, not {names[1]}"):
        np.testing.assert_array_equal(read_section(run.folder).counts.toarray(), counts)


def test_gzipped_flat_download(run: Run) -> None:
    matrix = run.write_mtx(".")
    for line, name in ((run.position_lines(), "tissue_positions_list.csv.gz"),):
        with gzip.open(matrix / name, "wt") as file:
            file.write("\n".join(line))
    check(read_section(run.folder), run)


def test_raw_matrix_keeps_spots_in_tissue(run: Run) -> None:
    run.in_tissue[::3] = 0
    run.write_h5("raw_feature_bc_matrix.h5")
    run.write_positions()
    section = read_section(run.folder)
    inside = np.flatnonzero(run.in_tissue)
    assert list(section.adata.obs_names) == [run.barcodes[i] for i in inside]
    np.testing.assert_array_equal(section.counts.toarray(), run.counts[inside])


def test_filtered_matrix_wins_over_raw(run: Run) -> None:
    run.write()
    run.counts = run.counts * 7
    run.write_h5("raw_feature_bc_matrix.h5")
    assert read_section(run.folder).counts.max() < 7 * 2


def test_only_genes_are_kept(run: Run) -> None:
    run.types[1] = "Antibody Capture"
    run.write()
    with pytest.warns(StentransWarning, match=r"1 features that are not genes .*Antibody Capture"):
        section = read_section(run.folder)
    kept = [0, 2, 3, 4]
    assert list(section.genes) == [run.genes[i] for i in kept]
    np.testing.assert_array_equal(section.counts.toarray(), run.counts[:, kept])


def test_no_genes_at_all(run: Run) -> None:
    run.types = ["Antibody Capture"] * 5
    with pytest.raises(ReadError, match="Gene Expression"):
        read_section(run.write())


def test_positions_of_another_section(run: Run) -> None:
    run.write_h5()
    run.barcodes = [f"{i:04d}TTTT-1" for i in range(len(run.barcodes))]
    run.write_positions()
    with pytest.raises(ReadError, match=r"0000ACGT-1.*0000TTTT-1"):
        read_section(run.folder)


def test_barcodes_without_position_are_left_out(run: Run) -> None:
    run.write_h5()
    path = run.write_positions()
    path.write_text("\n".join([HEADER, *run.position_lines()[3:]]))
    with pytest.warns(StentransWarning, match="3 of 48 barcodes have no position"):
        section = read_section(run.folder)
    assert list(section.adata.obs_names) == run.barcodes[3:]
    np.testing.assert_allclose(section.xy, run.xy[3:], atol=1e-3)


def test_barcode_suffix_may_be_missing(run: Run) -> None:
    run.write_h5()
    path = run.write_positions()
    path.write_text(path.read_text().replace("-1,", ","))
    check(read_section(run.folder), run)


def test_repeated_names(run: Run) -> None:
    run.genes[1] = run.genes[0]
    run.barcodes[5] = run.barcodes[4]
    run.write()
    with pytest.warns(StentransWarning) as warned:
        section = read_section(run.folder)
    said = " ".join(str(w.message) for w in warned)
    assert "gene names stand more than once" in said
    assert "barcodes stand more than once" in said
    assert all(w.category is StentransWarning for w in warned)
    assert list(section.genes)[:2] == ["Gene0", "Gene0-1"]
    assert section.n_spots == len(run.barcodes) - 1
    np.testing.assert_array_equal(section.counts[4].toarray()[0], run.counts[4])
    assert section.lattice.kind == "hex"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        (HEADER + "\n", "holds no positions"),
        ("barcode,x,y\na,1,2\n", "lacks the columns in_tissue"),
        ("0000ACGT-1,1,0,0\n", "must have 6 columns"),
        (HEADER + "\n0000ACGT-1,1,0,0,left,right\n", "Expected numbers"),
    ],
)
def test_damaged_positions(run: Run, text: str, said: str) -> None:
    run.write()
    (run.folder / "spatial" / "tissue_positions.csv").write_text(text)
    with pytest.raises(ReadError, match=said):
        read_section(run.folder)


def test_positions_that_are_not_utf8(run: Run) -> None:
    run.write()
    (run.folder / "spatial" / "tissue_positions.csv").write_bytes(b"\xff\xfe0\x80barcode\n")
    with pytest.raises(ReadError, match="UTF-8"):
        read_section(run.folder)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_truncated_h5(run: Run, share: float) -> None:
    run.write()
    path = run.folder / "filtered_feature_bc_matrix.h5"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ReadError, match=r"filtered_feature_bc_matrix\.h5' cannot be read"):
        read_section(run.folder)


def test_h5_of_another_kind(run: Run) -> None:
    run.write()
    with h5py.File(run.folder / "filtered_feature_bc_matrix.h5", "w") as file:
        file["image"] = np.zeros(3)
    with pytest.raises(ReadError, match="not a 10x count matrix"):
        read_section(run.folder)


def test_indices_beyond_the_matrix(run: Run) -> None:
    run.write()
    with h5py.File(run.folder / "filtered_feature_bc_matrix.h5", "a") as file:
        file["matrix/indices"][3] = 10_000
    with pytest.raises(ReadError, match="cannot be read"):
        read_section(run.folder)


def test_truncated_mtx(run: Run) -> None:
    matrix = run.write_mtx() / "matrix.mtx.gz"
    run.write_positions()
    matrix.write_bytes(matrix.read_bytes()[:-40])
    with pytest.raises(ReadError, match=r"matrix\.mtx\.gz' cannot be read"):
        read_section(run.folder)


def test_mtx_folder_with_parts_of_two_sections(run: Run) -> None:
    matrix = run.write_mtx()
    run.write_positions()
    with gzip.open(matrix / "barcodes.tsv.gz", "wt") as file:
        file.write("AAA-1\nCCC-1\n")
    with pytest.raises(ReadError, match="does not fit together"):
        read_section(run.folder)
    (matrix / "features.tsv.gz").unlink()
    with pytest.raises(ReadError, match=r"features\.tsv or genes\.tsv"):
        read_section(run.folder)


def test_missing_parts(run: Run) -> None:
    h5 = run.write_h5()
    with pytest.raises(ReadError, match="has no positions"):
        read_section(run.folder)
    run.write_positions()
    h5.unlink()
    with pytest.raises(ReadError, match="no counts"):
        read_section(run.folder)


def test_damaged_scale_factors(run: Run) -> None:
    run.write()
    (run.folder / "spatial" / "scalefactors_json.json").write_text('{"tissue_hires_scalef": 0.')
    with (
        pytest.warns(StentransWarning, match=r"Scales are not known: .*scalefactors_json"),
        pytest.warns(StentransWarning, match="hires.* does not give its scale"),
        pytest.warns(StentransWarning, match="lowres.* does not give its scale"),
    ):
        assert read_section(run.folder).images == ()


def test_negative_counts(run: Run) -> None:
    run.counts[0, 0] = -3
    with pytest.raises(SectionError, match="negative"):
        read_section(run.write())


def test_zero_counts(run: Run) -> None:
    run.counts[:] = 0
    with pytest.raises(SectionError, match="zero"):
        read_section(run.write())


def test_hd_bins(tmp_path: Path) -> None:
    for size in (2, 8, 16):
        run = Run(tmp_path / "hd" / "outs" / "binned_outputs" / f"square_{size:03d}um")
        run.counts = run.counts * size
        run.write()
    bins = run.folder.parent
    for path in (tmp_path / "hd", tmp_path / "hd" / "outs", bins):
        assert choices_of(path) == (Choice("bin", "Bin size (um)", ("2", "8", "16"), "8"),)
        for size in ("2", "16"):
            section = read_section(path, {"bin": size})
            assert section.counts.data.min() == int(size)
            assert section.chosen == {"bin": size}
            assert section.name == f"hd_square_{int(size):03d}um"
    with pytest.warns(StentransWarning, match=r"8 is read, not 2, 16 \(.* bin=2\)"):
        section = read_section(tmp_path / "hd")
    assert section.name == "hd_square_008um"
    assert section.counts.data.min() == 8
    assert choices_of(bins / "square_002um") == ()
    assert read_section(bins / "square_002um").counts.data.min() == 2
    with pytest.raises(ReadError, match=r"bin of .* must be one of 2, 8, 16; got '4'"):
        read_section(tmp_path / "hd", {"bin": "4"})
    shutil.rmtree(bins / "square_008um")
    with pytest.warns(StentransWarning, match="16 is read, not 2"):
        read_section(bins)


def test_hd_images_of_the_run(tmp_path: Path) -> None:
    outs = tmp_path / "hd" / "outs"
    run = Run(outs / "binned_outputs" / "square_016um")
    run.write()
    (outs / "spatial").mkdir()
    image = run.folder / "spatial" / "tissue_hires_image.png"
    image.rename(outs / "spatial" / image.name)
    section = read_section(tmp_path / "hd")
    assert [(im.name, im.scale) for im in section.images] == [("hires", 0.5), ("lowres", 0.1)]
    assert section.images[0].shape == (150, 150, 4)


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)


@pytest.mark.parametrize(
    "name",
    [
        "outs/spatial/tissue_fullres_image.png",
        "outs/brain_fullres.tif",
        "brain_image.tif",
        "V1_brain.jpg",
        "slide.ome.tif",
    ],
)
def test_full_resolution_image(tmp_path: Path, name: str) -> None:
    run = Run(tmp_path / "mouse" / "outs")
    run.write()
    path = tmp_path / "mouse" / name
    if path.suffix == ".tif":
        tifffile.imwrite(path, picture(300, 310), photometric="rgb")
    else:
        Image.fromarray(picture(300, 310)).save(path)
    tifffile.imwrite(tmp_path / "mouse" / "mask.tif", np.ones((300, 310), np.uint8))
    section = read_section(tmp_path / "mouse")
    assert [(im.name, im.scale) for im in section.images] == [
        ("fullres", 1.0),
        ("hires", 0.5),
        ("lowres", 0.1),
    ]
    assert section.images[0].shape == (300, 310, 3)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("detected_tissue_image.jpg", (300, 310)),  # of Space Ranger, with its findings drawn
        ("cytassist_image.tiff", (3000, 3000)),  # of another microscope
        ("brain_image.tif", (150, 300)),  # the spots do not lie on it
        ("brain_image.tif", (4000, 4000)),  # they are a speck of it
        ("brain.png", (300, 310)),  # a picture of something
    ],
)
def test_images_that_are_not_full_resolution(run: Run, name: str, size: tuple[int, int]) -> None:
    run.write()
    Image.new("RGB", size[::-1]).save(run.folder / name)
    assert [im.name for im in read_section(run.folder).images] == ["hires", "lowres"]


def test_one_channel_and_two_candidates_are_not_taken(run: Run) -> None:
    run.write()
    tifffile.imwrite(run.folder / "regions.tif", np.ones((300, 310), np.uint8))
    assert len(read_section(run.folder).images) == 2
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(run.folder / name, picture(300, 310), photometric="rgb")
    assert len(read_section(run.folder).images) == 2


def test_named_full_resolution_image_that_does_not_fit(run: Run) -> None:
    run.write()
    Image.new("RGB", (50, 60)).save(run.folder / "fullres.tif")
    with pytest.warns(StentransWarning, match=r"fullres\.tif' is left out: the spots do not lie"):
        assert [im.name for im in read_section(run.folder).images] == ["hires", "lowres"]


def test_scales_are_inferred_from_the_full_resolution_image(run: Run) -> None:
    run.write()
    (run.folder / "spatial" / "scalefactors_json.json").unlink()
    tifffile.imwrite(run.folder / "fullres.tif", picture(300, 300), photometric="rgb")
    with pytest.warns(StentransWarning, match=r"0\.\d+ was inferred from the size of fullres"):
        section = read_section(run.folder)
    assert [(im.name, im.scale) for im in section.images] == [
        ("fullres", 1.0),
        ("hires", 0.5),
        ("lowres", 0.1),
    ]


def test_scale_is_inferred_from_the_other_image(run: Run) -> None:
    run.write()
    path = run.folder / "spatial" / "scalefactors_json.json"
    path.write_text(json.dumps({"tissue_lowres_scalef": 0.1, "note": "made by hand"}))
    with pytest.warns(StentransWarning, match=r"hires_image\.png; 0\.5 was inferred .*lowres"):
        section = read_section(run.folder)
    assert section.images[0].scale == pytest.approx(0.5)


@pytest.mark.parametrize("style", ["BOM", "CRLF", "semicolons", "blanks", "quotes", "gzip"])
@pytest.mark.parametrize("version", [1, 2])
def test_styles_of_positions(run: Run, version: int, style: str) -> None:
    run.write_h5()
    path = run.write_positions(version)
    text = path.read_text()
    if style == "quotes":
        text = "\n".join(",".join(f'"{f}"' for f in li.split(",")) for li in text.splitlines())
    text = {"semicolons": text.replace(",", ";"), "blanks": text.replace(",", ", ")}.get(
        style, text
    )
    raw = (text.replace("\n", "\r\n") if style == "CRLF" else text).encode()
    raw = b"\xef\xbb\xbf" + raw if style == "BOM" else raw
    path.write_bytes(raw)
    if style == "gzip":
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(raw))
        path.unlink()
    check(read_section(run.folder), run)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("part", ["barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz"])
def test_truncated_parts(run: Run, part: str, share: float) -> None:
    path = run.write_mtx() / part
    run.write_positions()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ReadError, match=part.replace(".", r"\.")):
        read_section(run.folder)
    path.write_bytes(b"\x1f\x8b garbage")
    with pytest.raises(ReadError, match=part.replace(".", r"\.")):
        read_section(run.folder)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
def test_truncated_parquet(run: Run, share: float) -> None:
    pytest.importorskip("pyarrow", reason="extra [hd] is not installed")
    run.write_h5()
    csv = run.write_positions()
    path = csv.with_suffix(".parquet")
    pd.read_csv(csv).to_parquet(path)
    csv.unlink()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ReadError, match=r"\.parquet' cannot be read"):
        read_section(run.folder)


def test_damaged_matrix_can_still_be_recognised(tmp_path: Path) -> None:
    run = Run(tmp_path / "S1")
    run.write_h5().write_bytes(b"no HDF5")
    run.write_positions()
    for path in (run.folder, tmp_path):
        assert can_read(path)
        with pytest.raises(ReadError, match="cannot be read"):
            choices_of(path)


def test_parquet_without_pyarrow(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.write_h5()
    run.write_positions().rename(run.folder / "spatial" / "tissue_positions.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ReadError, match=r"napari-stentrans\[hd\]"):
        read_section(run.folder)


def test_parquet(run: Run) -> None:
    pytest.importorskip("pyarrow", reason="extra [hd] is not installed")
    run.write_h5()
    csv = run.write_positions()
    pd.read_csv(csv).to_parquet(csv.with_suffix(".parquet"))
    csv.unlink()
    check(read_section(run.folder), run)
    csv.with_suffix(".parquet").write_bytes(b"PAR1")
    with pytest.raises(ReadError, match=r"\.parquet' cannot be read"):
        read_section(run.folder)
