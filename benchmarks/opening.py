"""What it costs to open a Space Ranger folder and to show its genes; see ``speed.py open``."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from napari_stentrans import read_section

COUNTS_PER_SPOT = 6000
"""Genes of a spot that have counts: 30 million numbers for 5,000 spots."""


def write_outs(folder: Path, spots: int, genes: int) -> None:
    """Write a Space Ranger 2 folder with random counts and a hires image of 2,000 pixels."""
    rng = np.random.default_rng(0)
    (folder / "spatial").mkdir(parents=True)
    per_spot = np.minimum(rng.poisson(COUNTS_PER_SPOT, spots), genes)
    indices = [np.sort(rng.choice(genes, n, replace=False)) for n in per_spot]
    side = int(np.ceil(spots**0.5))
    row, column = np.divmod(np.arange(spots), side)
    barcodes = [f"SPOT{i:012d}-1" for i in range(spots)]
    with h5py.File(folder / "filtered_feature_bc_matrix.h5", "w") as file:
        group = file.create_group("matrix")
        group["barcodes"] = np.array(barcodes, "S")
        packed = {"compression": "gzip", "compression_opts": 4, "chunks": True}
        data = 1 + rng.poisson(0.7, per_spot.sum()).astype(np.int32)
        group.create_dataset("data", data=data, **packed)
        group.create_dataset("indices", data=np.concatenate(indices).astype(np.int64), **packed)
        group["indptr"], group["shape"] = np.r_[0, np.cumsum(per_spot)], [genes, spots]
        names = np.array([f"Gene{i}" for i in range(genes)], "S")
        kinds = np.array(["Gene Expression"] * genes, "S")
        columns = {"name": names, "id": names, "feature_type": kinds, "genome": names}
        for key, values in columns.items():
            group[f"features/{key}"] = values
    lines = ["barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres"]
    for barcode, r, c in zip(barcodes, row, 2 * column + row % 2, strict=True):
        lines.append(f"{barcode},1,{r},{c},{1000 + 173.2 * r:.0f},{1000 + 100 * c}")
    (folder / "spatial" / "tissue_positions.csv").write_text("\n".join(lines))
    scale = 2000 / (2000 + 200 * side)
    factors = {"tissue_hires_scalef": scale, "spot_diameter_fullres": 110.0}
    (folder / "spatial" / "scalefactors_json.json").write_text(json.dumps(factors))
    pixels = rng.integers(180, 255, (2000, 2000, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "spatial" / "tissue_hires_image.png")


def peak_bytes() -> int:
    """Most memory that this process has had; what getrusage says begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(folder: Path) -> dict[str, float]:
    """CPU and wall seconds and MiB of opening a section and of showing 50 of its genes."""
    before = peak_bytes()
    wall, cpu = time.perf_counter(), time.process_time()
    section = read_section(folder)
    opened = time.process_time() - cpu
    section.raster.draw(section.gene_lognorm("Gene0"))
    shown, shown_wall = time.process_time() - cpu, time.perf_counter() - wall
    section.images[0].levels  # noqa: B018 - reads the image
    image = time.process_time() - cpu - shown
    genes = np.random.default_rng(1).choice(section.genes, 50)
    cpu = time.process_time()
    for gene in genes:
        section.raster.draw(section.gene_lognorm(gene))
    counts = section.counts
    sparse = sum(part.nbytes for part in (counts.data, counts.indices, counts.indptr))
    used = peak_bytes() - before
    return {
        "path to section, CPU s": opened,
        "path to the first map, CPU s": shown,
        "the same, wall s": shown_wall,
        "the image, CPU s": image,
        "another gene, CPU s": (time.process_time() - cpu) / len(genes),
        "sparse counts, MiB": sparse / 2**20,
        "peak memory beyond the imports, MiB": used / 2**20,
        "peak memory over sparse counts": used / sparse,
    }


def measure_apart(spots: int, genes: int) -> dict[str, float]:
    """Write a folder and measure it in a process of its own, whose peak is its own."""
    with tempfile.TemporaryDirectory() as folder:
        write_outs(Path(folder) / "outs", spots, genes)
        command = [sys.executable, __file__, str(Path(folder) / "outs")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
