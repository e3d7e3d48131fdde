"""Real sections that are downloaded when a person asks for them, from where they are published.

Checksums of the files of 10x Genomics are those of squidpy's registry of data sets, which lists
the same addresses. Those of the HER2+ section were computed from the files of the repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_stentrans.downloads import Remote, cache_folder, fetch_steps

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.progress import Steps

_TENX = "https://cf.10xgenomics.com/samples/spatial-exp/1.1.0"
_HER2 = "https://raw.githubusercontent.com/almaan/her2st"


@dataclass(frozen=True)
class RealSample:
    """A section that can be downloaded.

    Attributes
    ----------
    name
        Folder that it is kept in.
    title
        What a person calls it.
    page
        Where it is published.
    licence
        On what terms, and whom to cite.
    remotes
        Its files.
    opens
        What is opened in its folder; empty for the folder itself.
    """

    name: str
    title: str
    page: str
    licence: str
    remotes: tuple[Remote, ...]
    opens: str = ""

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return cache_folder() / self.name

    @property
    def path(self) -> Path:
        """What is opened once it is there."""
        return self.folder / self.opens

    @property
    def size(self) -> int | None:
        """Bytes to download, where all of them are known."""
        sizes = [remote.size for remote in self.remotes]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def is_here(self) -> bool:
        """Whether nothing has to be downloaded; looks at the files, so not for every redraw."""
        return all(remote.is_in(self.folder) for remote in self.remotes)


def sample_steps(sample: RealSample) -> Steps[Path]:
    """Download a sample where it is not here yet; returns the path to open.

    Raises
    ------
    DownloadError
        When a file cannot be had whole, or cannot be written.
    """
    yield from fetch_steps(sample.remotes, sample.folder)
    return sample.path


def _visium(name: str, title: str, page: str, matrix: str, spatial: Remote) -> RealSample:
    """Make a sample of the files that 10x Genomics publishes of a Visium section."""
    file = "filtered_feature_bc_matrix.h5"
    return RealSample(
        name,
        title,
        f"https://www.10xgenomics.com/datasets/{page}",
        "CC BY 4.0, 10x Genomics",
        (Remote(file, f"{_TENX}/{name}/{name}_{file}", matrix), spatial),
    )


def _spatial(name: str, sha256: str, size: int | None = None) -> Remote:
    url = f"{_TENX}/{name}/{name}_spatial.tar.gz"
    return Remote("spatial.tar.gz", url, sha256, size, unpacks_to="spatial")


REAL_SAMPLES = {
    "human_lymph_node": _visium(
        "V1_Human_Lymph_Node",
        "Human lymph node (Visium)",
        "human-lymph-node-1-standard-1-1-0",
        "86fd533eb907450e7125b9820183a0ca73776eeafcc5eddae5695b6aabfd9139",
        _spatial(
            "V1_Human_Lymph_Node",
            "812808883366ff9623dc8354847a7211b0d922b2bfc4c9359d6e12e993ea6a73",
            8_246_238,
        ),
    ),
    "mouse_brain": _visium(
        "V1_Mouse_Brain_Sagittal_Posterior",
        "Mouse brain, sagittal posterior (Visium)",
        "mouse-brain-serial-section-1-sagittal-posterior-1-standard-1-1-0",
        "df962209143860488bd679ff7a1b3bb14985208d0929fb814934ba7571c488b6",
        _spatial(
            "V1_Mouse_Brain_Sagittal_Posterior",
            "b878d7eaca487ffc17224a870f86599abf9d45a99033c1ef65661ff119cef0d5",
        ),
    ),
    "her2_breast_cancer": RealSample(
        "HER2_B4",
        "HER2+ breast cancer B4 (legacy ST)",
        "https://github.com/almaan/her2st",
        "no licence is stated; cite Andersson et al. 2021, doi 10.1038/s41467-021-26271-2",
        (
            Remote(
                "B4.tsv.gz",
                f"{_HER2}/e75e5c53a994726a8ad251aaf653a02d7932eb6a/data/ST-cnts/B4.tsv.gz",
                "e38231c2a38c9bc7e6d550eec0e527c1869ee0e525fc913e708d1323c34f5ebb",
                563_881,
            ),
            Remote(
                "B4_selection.tsv",
                f"{_HER2}/9f2260c6aa8347996955d53f0a5f06ac14c93470/data/ST-spotfiles/"
                "B4_selection.tsv",
                "192b46f3ca414c85753a01a4fb5760a697ca6c0a1aadb949c4687cc6efa9faa0",
                10_560,
            ),
            Remote(
                "B4_HE.jpg",
                f"{_HER2}/9f2260c6aa8347996955d53f0a5f06ac14c93470/data/ST-imgs/B/B4/"
                "BT10737_D2_HE.jpg",
                "3cb165614ce2a13426381e450220dccac980cc9bda6a90fb041c28ca0e2c753d",
                4_076_552,
            ),
        ),
        "B4.tsv.gz",
    ),
}
"""Key -> section."""
