"""What neighbouring sections add, right ones and wrong ones; see ``accuracy.py --neighbours``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from candidates import section_of, values

from napari_stentrans import EnhanceConfig, Section, enhance
from napari_stentrans.evaluation.protocols import hide
from napari_stentrans.progress import drain
from napari_stentrans.tissue_image import tissue_words

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

RIGHT = {"G2": ("G1", "G3"), "B4": ("B3", "B5"), "C1": ("C2", "C3"), "MOB1": ("MOB2",)}
RIGHT_WITH_IMAGE = {"C2": ("C1", "C3"), "B4": ("B3", "B5"), "MOB1": ("MOB2",)}
SHUFFLED = " shuffled"
WRONG = {
    "G2": ("C1", "B4", "G1" + SHUFFLED),
    "B4": ("G1", "B5" + SHUFFLED),
    "C1": ("B3", "C3" + SHUFFLED),
    "MOB1": ("MOB2" + SHUFFLED,),
    "A1": ("B1",),
    "B1": ("A1",),
}
"""Other patients' sections, and right ones whose counts bear the names of other genes."""


def rows(
    score: ModuleType, data: Path, sections: list[str] | None, protocols: list[str], seeds: int
) -> list[dict[str, Any]]:
    """One row for each section, its neighbours (all right ones, each wrong one), and hold-out."""
    found = []
    for name in sections or list(dict.fromkeys([*RIGHT, *RIGHT_WITH_IMAGE, *WRONG])):
        cases = [(RIGHT[name], False)] if name in RIGHT else []
        cases += [(RIGHT_WITH_IMAGE[name], True)] if name in RIGHT_WITH_IMAGE else []
        cases += [((wrong,), False) for wrong in WRONG.get(name, ())]
        truth = score.load(name, data)
        for names, pictured in cases:
            section = section_of(truth, score.image(truth, data) if pictured else None)
            neighbours = [_neighbour(score, data, other) for other in names]
            case = f"{' + image ' if pictured else ''}{', '.join(names)}"
            found += _rows(score, truth, section, neighbours, case, protocols, seeds)
    return found


def report(rows: list[dict[str, Any]]) -> None:
    """Print svg without and with neighbours, the ratio, how often they were used, and seconds."""
    frame = pd.DataFrame(rows)
    frame["protocol"] = frame["hold_out"].str.rstrip("0123456789")
    keys = ["section", "neighbours", "protocol"]
    table = frame.groupby(keys, sort=False).mean(numeric_only=True)
    table["ratio"] = table["with"] / table["without"]
    table["ratio_all"] = table["all_with"] / table["all_without"]
    print(table.to_string(float_format=lambda v: f"{v:.3f}", na_rep=""))


def _rows(
    score: ModuleType,
    truth: Any,
    section: Section,
    neighbours: list[Section],
    case: str,
    protocols: list[str],
    seeds: int,
) -> list[dict[str, Any]]:
    found = []
    drain(tissue_words(section))
    for hold_out, observed in score.protocols(truth, seeds):
        if hold_out.rstrip("0123456789") not in protocols:
            continue
        trial, row = hide(section, ~observed), {"section": truth.name, "neighbours": case}
        row["hold_out"] = hold_out
        ways = {"without": ("off", ()), "with": ("off", neighbours)}
        if section.images:
            ways = {"without": ("off", ()), "image": ("auto", ()), "with": ("auto", neighbours)}
            ways["neighbours_alone"] = ("off", neighbours)
        for way, (image, others) in ways.items():
            start = time.perf_counter()
            config = EnhanceConfig(image=image)
            result = enhance(trial.section, None, config, trial.sites, neighbours=others)
            row[f"seconds_{way}"] = time.perf_counter() - start
            scores = score.score(truth, observed, values(result, observed)[0])
            row[way], row[f"all_{way}"] = scores["pcc_svg_median"], scores["pcc_median"]
            used = [v for k, v in result.record.findings.items() if k[:9] == "neighbour" and
                    k.endswith("_used")]  # fmt: skip
            if way == "with":
                row["used"] = float(np.mean(used))
        found.append(row)
        shown = "  ".join(f"{way} {row[way]:.3f}" for way in ways)
        print(
            f"  {truth.name} from {case}, {hold_out:<9}{shown}  used {row['used']:.1f}", flush=True
        )
    return found


def _neighbour(score: ModuleType, data: Path, name: str) -> Section:
    section = section_of(score.load(name.removesuffix(SHUFFLED), data))
    if not name.endswith(SHUFFLED):
        return section
    adata = section.adata.copy()
    adata.var_names = adata.var_names[np.random.default_rng(0).permutation(adata.n_vars)]
    return Section.from_anndata(adata, name=name)
