"""What a path is that no format takes: the nearest miss, and what would be needed instead."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from napari_stentrans.io.pairs import tables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MOST_LOOKED_AT = 500
"""Entries of a folder that are looked at."""
MOST_TRIED = 40
NAMED = 3
_IMAGES = r"\.(ome\.tiff?|tiff?|btf|qptiff|svs|ndpi|czi|scn|mrxs|vsi|lif|nd2|png|jpe?g|bmp|gif)"
_LAY = (
    "an image holds no counts (open its section, then lay the image below it with Add tissue image)"
)
KINDS: tuple[tuple[str, str], ...] = (
    (
        r"\.(fastq|fq|bam|sam|cram|bcl)(\.gz|\.bai)?",
        "sequencing reads are no counts yet: run the instrument's pipeline (such as Space Ranger) "
        "and open the folder that it writes",
    ),
    (
        r"\.cloupe",
        "a file of Loupe Browser cannot be read: open the folder outs of the same run",
    ),
    (
        r"\.(rds|rdata|rda|qs|h5seurat)",
        "an object of R cannot be read: save it in R as .h5ad (zellkonverter, sceasy), or its "
        "counts and positions as two tables",
    ),
    (
        r"\.(b|c|cell)?gef|\.cellbin\.gef",
        "a .gef of Stereo-seq is not read: export it as .h5ad or as a .gem table",
    ),
    (r"\.loom", "a .loom is not read: save it as .h5ad, by anndata.read_loom and write_h5ad"),
    (r"\.h5mu", "a .h5mu holds several tables: save that of the counts as .h5ad"),
    (r"\.(xlsx?|ods)", "a spreadsheet is not read: save its tables as .csv"),
    (r"\.(zip|tar|tar\.gz|tgz|7z|rar)", "it is packed: unpack it, and open the folder"),
    (
        r"\.mtx(\.gz)?",
        "a matrix alone says neither which genes and cells it counts nor where they lie: open the "
        "folder of the run",
    ),
    (_IMAGES, _LAY),
)
"""Ending of a file -> what it is, and what to do."""
_TRANSCRIPTS = re.compile(
    r"(detected_)?transcripts\.(parquet|csv|zarr).*|.*_tx_file\.(csv|parquet).*", re.IGNORECASE
)


def what_it_is(path: Path, reads: Callable[[Path], bool]) -> str:
    """Say what was found in place of a section, in words for a person.

    Parameters
    ----------
    path
        A path that no format takes.
    reads
        Whether some format reads a path.
    """
    if not path.is_dir():
        return _file(path)
    names = sorted(p.name for p in islice(path.iterdir(), MOST_LOOKED_AT))
    if path.suffix == ".zarr":
        if {"X", "obs", "var"} <= set(names):
            return "it is an AnnData store (open it by anndata.read_zarr, save it by write_h5ad)"
        return "it is no SpatialData store"
    if not names:
        return "the folder is empty"
    inside = [child.name for child in islice(sorted(path.iterdir()), MOST_TRIED) if reads(child)]
    if len(inside) == 1:
        return f"the section lies in {inside[0]} (open that)"
    if inside:
        return f"the folder holds sections, of which one is opened at a time ({_some(inside)})"
    return _by_parts(path, names) or _by_kinds(names) or f"the folder holds {_some(names, 4)}"


def _file(path: Path) -> str:
    if kind := _kind(path.name):
        return f"*{''.join(path.suffixes[-2:])}: {kind}"
    return f"files named *{path.suffix} are not read" if path.suffix else "it has no suffix"


def _kind(name: str) -> str:
    found = (what for ending, what in KINDS if re.search(f"(?:{ending})$", name.lower()))
    return next(found, "")


def _by_parts(path: Path, names: Sequence[str]) -> str:
    """Parts of a run that do not make a section."""
    molecules = [name for name in names if _TRANSCRIPTS.fullmatch(name)]
    if molecules:
        return (
            f"the folder holds single transcripts ({_some(molecules)}) and no counts of cells "
            "(needed beside them: cell_feature_matrix.h5 and cells.csv of Xenium, cell_by_gene.csv "
            "and cell_metadata.csv of MERSCOPE, exprMat_file.csv and metadata_file.csv of CosMx)"
        )
    if path.name == "segmented_outputs" or "segmented_outputs" in names:
        return (
            "the folder holds cells of Visium HD as outlines (segmented_outputs), which are not "
            "read (needed: binned_outputs of the same run)"
        )
    if "scalefactors_json.json" in names or any("tissue_positions" in name for name in names):
        return (
            "the folder holds positions and images of Space Ranger and no counts (needed beside "
            "it: filtered_feature_bc_matrix.h5; open the folder above)"
        )
    counts, places = tables_of(path)
    if counts and places:
        return (
            f"the folder holds counts ({_some(counts)}) and positions ({_some(places)}) that do "
            "not name the same cells"
        )
    if counts:
        return (
            f"the folder holds counts ({_some(counts)}) and no positions (needed beside them: a "
            "table with the names of the cells, x and y)"
        )
    if places:
        return (
            f"the folder holds positions ({_some(places)}) and no counts (needed beside them: a "
            "table of counts with the names of these cells)"
        )
    return ""


def _by_kinds(names: Sequence[str]) -> str:
    """Files of one kind that is not read, and little else."""
    for ending, what in KINDS:
        found = [name for name in names if re.search(f"(?:{ending})$", name.lower())]
        if 2 * len(found) > len(names):
            return f"the folder holds {_some(found)}, and {what}"
    return ""


def _some(names: Sequence[str], most: int = NAMED) -> str:
    return ", ".join(names[:most]) + ", ..." * (len(names) > most)
