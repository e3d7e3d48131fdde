"""CPU that it takes until the command line answers.

    python benchmarks/starting.py              # beyond what numpy and h5py take to import
    python benchmarks/starting.py --imports    # the slowest imports of `stentrans info` as well

User and system seconds of a process of its own, the least of five, with compiled modules kept as
they are where the package is installed. They are for this machine only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import opening

from napari_stentrans.export import write_h5ad
from napari_stentrans.simulate import simulate_section

TIMES = 5
FLOOR = "import numpy, h5py"
CLI = ("-m", "napari_stentrans.cli")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def cpu(*arguments: str) -> float:
    """Least CPU seconds of Python with these arguments."""
    return min(_cpu_once(arguments) for _ in range(TIMES))


def _cpu_once(arguments: tuple[str, ...]) -> float:
    import resource  # not there on Windows

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def sections(folder: Path) -> dict[str, Path]:
    """Write a small section as an AnnData file, a Space Ranger folder and a table of counts."""
    section = simulate_section(500, 200, lattice="square", seed=0, image=False)
    write_h5ad(section.adata, folder / "s.h5ad")
    opening.write_outs(folder / "outs", 500, 200)
    rc = section.obs[["array_row", "array_col"]].to_numpy()
    table = section.adata.to_df().astype(int).set_axis([f"{r}x{c}" for r, c in rc])
    table.to_csv(folder / "s.csv")
    return {".h5ad": folder / "s.h5ad", "Space Ranger": folder / "outs", ".csv": folder / "s.csv"}


def slowest_imports(path: Path) -> list[str]:
    """Lines of ``python -X importtime`` for ``stentrans info``, those that take the longest."""
    command = [sys.executable, "-X", "importtime", *CLI, "info", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    lines = done.stderr.splitlines()
    timed = [line for line in lines if line.startswith("import time:") and "[us]" not in line]
    return sorted(timed, key=lambda line: -int(line.split("|")[1]))[:30]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--imports", action="store_true", help="list the slowest imports")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = sections(Path(folder))
        floor = cpu("-c", FLOOR)
        print(f"{FLOOR:<36}{floor:6.2f} s")
        needs = {
            "import napari_stentrans": ("-c", "import napari_stentrans"),
            "import pandas, scipy.spatial": ("-c", f"{FLOOR}, pandas, scipy.spatial"),
            "stentrans --help": (*CLI, "--help"),
        }
        needs |= {f"stentrans info ({kind})": (*CLI, "info", str(p)) for kind, p in paths.items()}
        for what, command in needs.items():
            print(f"{what:<36}{cpu(*command) - floor:+6.2f} s")
        if arguments.imports:
            print("\n".join(slowest_imports(paths[".h5ad"])))


if __name__ == "__main__":
    main()
