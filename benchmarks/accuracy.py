r"""How accurate the methods are: on real sections by hold-outs, on simulated ones by the truth.

    python benchmarks/accuracy.py --data DIR                                # all
    python benchmarks/accuracy.py --data DIR --sections A1 --method kriging linear
    python benchmarks/accuracy.py --data DIR --protocol denoise
    python benchmarks/accuracy.py --data DIR --sections A1 --method published "published x10"
    python benchmarks/accuracy.py --data DIR --images --sections C2 B4 MOB1 \
        --method transformer "transformer, no image"                        # what the image tells
    python benchmarks/accuracy.py --data DIR --neighbours                   # serial sections
    python benchmarks/accuracy.py --simulated --score SCORE.PY              # needs no data

Scores and hold-outs of real sections are those of the scoring program, ``DIR/../score.py`` or
the one given by ``--score``. A method gets a section of the observed spots alone and the
positions of the hidden ones, nothing else. Beside the package's methods there are ``nedi``,
``kriging per gene`` and ``published x10`` (trained ten times as long). The protocol
``published-way`` is the published way of scoring: on the very map that was trained on.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import accuracy_neighbours
import accuracy_published
import accuracy_simulated
import numpy as np
import pandas as pd
from candidates import NAMES, choose, predict, section_of
from scoring import load_score

from napari_stentrans import EnhanceConfig, StentransWarning, evaluate
from napari_stentrans.errors import EnhancementFailed

if TYPE_CHECKING:
    from types import ModuleType

    from candidates import Candidates

    from napari_stentrans import Section

SECTIONS = ("A1", "C1", "visium_dg", "MOB1", "MOB2", "B1", "B4", "G2")
PROTOCOLS = ("upsample", "lost", "denoise", "published-way")
LOST_SEEDS = 5
COLUMNS = ["pcc_svg_median", "pcc_median", "pcc_mean", "of_ceiling_svg", "nmse_median", "seconds"]

SCOREBOARD = {
    # section: {method: (upsample svg, upsample all, lost svg, lost all)}; means over lost0..4,
    # per-gene kriging over lost0..2. Measured with score.py before this program was written.
    "A1": {
        "nearest": (0.173, 0.015, 0.073, -0.009),
        "linear": (0.209, 0.022, 0.100, 0.000),
        "kriging per gene": (0.267, 0.031, 0.128, 0.013),
        "factor kriging": (0.298, 0.049, 0.164, 0.036),
    },
    "C1": {
        "nearest": (0.229, 0.032, 0.206, 0.016),
        "linear": (0.272, 0.037, 0.216, 0.021),
        "kriging per gene": (0.332, 0.055, 0.344, 0.082),
        "factor kriging": (0.283, 0.064, 0.303, 0.105),
    },
    "MOB1": {  # of the spots on tissue
        "linear": (0.332, 0.130, 0.199, 0.077),
        "kriging per gene": (0.398, 0.161, 0.295, 0.121),
        "factor kriging": (0.475, 0.255, 0.367, 0.184),
    },
    "MOB2": {
        "linear": (0.409, 0.183, 0.362, 0.164),
        "kriging per gene": (0.464, 0.223, 0.455, 0.236),
        "factor kriging": (0.535, 0.322, 0.507, 0.308),
    },
    "B1": {
        "linear": (0.240, 0.030, 0.087, 0.007),
        "kriging per gene": (0.341, 0.059, 0.190, 0.034),
        "factor kriging": (0.378, 0.089, 0.228, 0.067),
    },
    "B4": {
        "linear": (0.230, 0.014, 0.102, 0.005),
        "kriging per gene": (0.298, 0.037, 0.179, 0.036),
        "factor kriging": (0.302, 0.049, 0.202, 0.069),
    },
    "G2": {
        "linear": (0.183, 0.030, 0.103, 0.002),
        "kriging per gene": (0.252, 0.045, 0.163, 0.033),
        "factor kriging": (0.269, 0.068, 0.204, 0.061),
    },
    "visium_dg": {
        "nearest": (0.365, 0.224, 0.278, 0.160),
        "linear": (0.483, 0.298, 0.340, 0.194),
        "kriging per gene": (0.520, 0.343, 0.445, 0.297),
        "factor kriging": (0.567, 0.415, 0.477, 0.328),
    },
}


def hold_out(
    score: ModuleType,
    truth: Any,
    section: Section,
    methods: Candidates,
    protocols: list[str],
    seeds: int,
) -> list[dict[str, Any]]:
    """One row for each method and hold-out."""
    rows = []
    for name, observed in score.protocols(truth, seeds):
        if name.rstrip("0123456789") not in protocols:
            continue
        for label, candidate in methods.items():
            start = time.perf_counter()
            try:
                predicted, std = predict(section, observed, candidate)
            except EnhancementFailed as error:
                print(f"  {name:<9}{label:<18}{error}")
                continue
            seconds = time.perf_counter() - start
            row = {"section": truth.name, "hold_out": name, "method": label, "seconds": seconds}
            row |= score.score(truth, observed, predicted)
            if std is not None:
                z = (score.lognorm(truth.counts)[~observed] - predicted[~observed]) / std[~observed]
                row["z_spread"] = float(z.std())
            rows.append(row)
            print(f"  {name:<9}{label:<18}{row['pcc_svg_median']:.3f}  {seconds:.1f} s", flush=True)
    return rows


def denoise(truth: Any, section: Section, methods: Candidates) -> list[dict[str, Any]]:
    """One row for each method, the mean over three splits of the counts."""
    made = {k: c for k, c in methods.items() if isinstance(c, EnhanceConfig)}
    if not made:
        return []
    scores = evaluate(section, "denoise", made, seeds=3).scores
    rows = scores.reset_index(names="method").to_dict("records")
    return [{"section": truth.name, "hold_out": "denoise", **row} for row in rows]


def report(rows: list[dict[str, Any]]) -> None:
    """Print a table per section and protocol, and the ratio to the better kriging row."""
    frame = pd.DataFrame(rows)
    frame["protocol"] = frame["hold_out"].str.rstrip("0123456789")
    columns = [c for c in (*COLUMNS, "z_spread", "error_svg", "error_border") if c in frame]
    ratios = []
    for (name, protocol), part in frame.groupby(["section", "protocol"], sort=False):
        table = part.groupby("method", sort=False)[columns].mean().dropna(axis=1, how="all")
        first = 2 * (protocol == "lost")
        known = SCOREBOARD.get(name, {}) if protocol in ("upsample", "lost") else {}
        if known:
            board = np.array(list(known.values()))[:, first : first + 2]
            best = board[-2:].max(0)  # the better of the two kriging rows
            for column, value in zip(COLUMNS[:2], best, strict=True):
                table[f"x {column[4:]}"] = table[column] / value
            ratios.append(table[["x svg_median", "x median"]].assign(protocol=protocol))
            rows_known = pd.DataFrame(board, [f"[{m}]" for m in known], COLUMNS[:2])
            table = pd.concat([table, rows_known])
        print(f"\n{name}, {protocol}")
        print(table.to_string(float_format=lambda v: f"{v:.3f}", na_rep=""))
    if len(ratios) > 2:
        print("\nratio to the better kriging row of the scoreboard, mean over the sections")
        means = pd.concat(ratios).groupby(["protocol", pd.Grouper(level=0)], sort=False).mean()
        print(means.to_string(float_format=lambda v: f"{v:.3f}"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the real sections")
    parser.add_argument("--score", type=Path, help="scoring program; default DIR/../score.py")
    parser.add_argument("--sections", nargs="+", metavar="NAME")
    default = [name for name in NAMES if not name.startswith("published")]
    parser.add_argument("--method", nargs="+", choices=NAMES, default=default, metavar="NAME")
    parser.add_argument("--protocol", nargs="+", choices=PROTOCOLS, default=list(PROTOCOLS[:3]))
    parser.add_argument("--seeds", type=int, default=LOST_SEEDS, help="lost regions (default 5)")
    parser.add_argument("--epochs", type=int, help="of published; default as in the paper")
    parser.add_argument("--images", action="store_true", help="give methods the tissue image")
    parser.add_argument(
        "--neighbours", action="store_true", help="only what right and wrong neighbours add"
    )
    parser.add_argument("--simulated", action="store_true", help="only simulated sections")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every row")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", StentransWarning)
    if arguments.data is None and (arguments.score is None or not arguments.simulated):
        parser.error("give --data DIR, or --simulated and --score FILE")
    score = load_score(arguments.score or arguments.data.resolve().parent / "score.py")
    rows: list[dict[str, Any]] = []
    held_out = [p for p in arguments.protocol if p in ("upsample", "lost")]
    if arguments.neighbours:
        given = arguments.data, arguments.sections, held_out, arguments.seeds
        rows = accuracy_neighbours.rows(score, *given)
        accuracy_neighbours.report(rows)
        _write(rows, arguments.json)
        return
    if arguments.simulated:
        rows += accuracy_simulated.rows(
            score, arguments.method, arguments.protocol, arguments.epochs
        )
    for name in [] if arguments.simulated else arguments.sections or SECTIONS:
        truth = score.load(name, arguments.data)
        print(f"{name}: {truth.counts.shape[0]} spots, {truth.counts.shape[1]} genes", flush=True)
        pictured = arguments.images and name in score.WITH_IMAGE
        section = section_of(truth, score.image(truth, arguments.data) if pictured else None)
        methods = choose(arguments.method, section.lattice, arguments.epochs)
        if held_out:
            rows += hold_out(score, truth, section, methods, held_out, arguments.seeds)
        if "denoise" in arguments.protocol:
            rows += denoise(truth, section, methods)
        if "published-way" in arguments.protocol:
            rows += accuracy_published.rows(score, truth, section, arguments.epochs)
    report(rows)
    _write(rows, arguments.json)


def _write(rows: list[dict[str, Any]], path: Path | None) -> None:
    if path is not None:
        path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
