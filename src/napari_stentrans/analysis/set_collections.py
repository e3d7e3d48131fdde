"""Well-known collections of gene sets, downloaded when a person asks for them, and then kept.

None is part of this program. KEGG is not among them: its terms do not allow it.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin

from napari_stentrans.analysis.gene_sets import GeneSets, read_gmt
from napari_stentrans.downloads import Remote, cache_folder, fetch_steps
from napari_stentrans.errors import ConfigError, DownloadError, ReadError
from napari_stentrans.progress import Progress
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.progress import Steps

FOLDER = "gene_sets"
_BROAD = "https://data.broadinstitute.org/gsea-msigdb/msigdb/release"


@dataclass(frozen=True)
class Collection:
    """A collection that can be downloaded.

    Attributes
    ----------
    name
        What to call it on the command line.
    title
        What a person calls it.
    page
        Where it is published.
    licence
        On what terms, and whom to cite.
    remote
        Its file; where ``listed``, the page of files that links to it.
    least
        Sets; what has fewer was cut off.
    listed
        How the name of the file begins and ends, where it changes with every release.
    """

    name: str
    title: str
    page: str
    licence: str
    remote: Remote
    least: int
    listed: tuple[str, str] | None = None

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return cache_folder() / FOLDER / f"{self.name}{Path(self.remote.name).suffix}"

    @property
    def folder(self) -> Path:
        """Folder in which it is kept."""
        return self.path.parent

    @property
    def is_here(self) -> bool:
        """Whether nothing has to be downloaded."""
        return self.path.is_file()


def _wikipathways(name: str, species: str, title: str, least: int) -> Collection:
    return Collection(
        name,
        f"WikiPathways, {title}",
        "https://www.wikipathways.org/download.html",
        "CC0 1.0, WikiPathways (cite doi 10.1093/nar/gkad960)",
        Remote(f"{name}.gmt", "https://data.wikipathways.org/current/gmt/", ""),
        least,
        ("wikipathways-", f"-gmt-{species}.gmt"),
    )


def _hallmark(name: str, release: str, file: str, title: str) -> Collection:
    return Collection(
        name,
        f"MSigDB Hallmark, {title}",
        "https://www.gsea-msigdb.org/gsea/msigdb/collections.jsp",
        "CC BY 4.0, MSigDB (cite doi 10.1016/j.cels.2015.12.004)",
        Remote(f"{name}.gmt", f"{_BROAD}/{release}/{file}.v{release}.symbols.gmt", ""),
        45,
    )


COLLECTIONS = {
    collection.name: collection
    for collection in (
        Collection(
            "reactome",
            "Reactome pathways, human",
            "https://reactome.org/download-data",
            "CC0 1.0, Reactome (cite doi 10.1093/nar/gkad1025)",
            Remote(
                "reactome.zip",
                "https://reactome.org/download/current/ReactomePathways.gmt.zip",
                "",  # it changes four times a year
            ),
            1500,
        ),
        _wikipathways("wikipathways", "Homo_sapiens", "human", 500),
        _wikipathways("wikipathways-mouse", "Mus_musculus", "mouse", 100),
        _hallmark("hallmark", "2024.1.Hs", "h.all", "human"),
        _hallmark("hallmark-mouse", "2024.1.Mm", "mh.all", "mouse"),
    )
}


def collection_steps(collection: Collection, *, anew: bool = False) -> Steps[GeneSets]:
    """Read a collection, which is downloaded where it is not here yet.

    Parameters
    ----------
    anew
        Download it again, for a newer release; what is kept stays until that is whole.

    Raises
    ------
    DownloadError
        When it cannot be had whole, or cannot be kept.
    """
    if anew or not collection.is_here:
        yield from _fetch_steps(collection)
    yield Progress(f"reading {collection.title}", 0, 1)
    return read_gmt(collection.path, collection.title, collection.licence)


def collection(name: str) -> Collection:
    """A collection by its name on the command line.

    Raises
    ------
    ConfigError
        When there is none of that name.
    """
    if name.lower() == "kegg":
        raise ConfigError(
            "KEGG is not offered: its terms do not allow to pass it on. Reactome and WikiPathways "
            "are free to use; a KEGG file of your own can be given as FILE.gmt."
        )
    if name.lower() not in COLLECTIONS:
        raise ConfigError(
            f"There are no gene sets {name!r}. Give a file *.gmt, or one of "
            f"{', '.join(COLLECTIONS)}."
        )
    return COLLECTIONS[name.lower()]


def _fetch_steps(collection: Collection) -> Steps[None]:
    folder = collection.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        nest = tempfile.TemporaryDirectory(dir=folder, prefix=".fetching")
    except OSError as error:
        raise DownloadError(
            f"'{folder}' cannot be written: {error.strerror or error}. Free some space, or set "
            "STENTRANS_CACHE to another folder."
        ) from error
    with nest as scratch:
        remote = collection.remote
        if collection.listed is not None:
            page = replace(remote, name="files.html")
            yield from fetch_steps([page], Path(scratch))
            remote = _newest(collection, (Path(scratch) / page.name).read_bytes())
        yield from fetch_steps([remote], Path(scratch))
        yield Progress(f"reading {collection.title}", 0, 1)
        path = Path(scratch) / remote.name
        try:
            found = len(read_gmt(path))
        except ReadError as error:
            raise DownloadError(f"What came is not {collection.title}: {error}") from error
        if found < collection.least:
            raise DownloadError(
                f"What came has {some(found, 'set')}; {collection.title} has "
                f"{collection.least:,} at least. It was cut off: try again later."
            )
        path.replace(collection.path)


def _newest(collection: Collection, page: bytes) -> Remote:
    """The newest file of a collection that a page links to."""
    begin, end = collection.listed or ("", "")
    links = (unescape(at) for at in re.findall(r'href="([^"]+)"', page.decode("utf-8", "replace")))
    files = {unquote(link).rpartition("/")[2]: link for link in links}
    fitting = sorted(name for name in files if name.startswith(begin) and name.endswith(end))
    if not fitting:
        raise DownloadError(
            f"{collection.remote.url} names no file {begin}*{end}. Download it by hand from "
            f"{collection.page} and give it as FILE.gmt."
        )
    url = urljoin(collection.remote.url, files[fitting[-1]])
    return replace(collection.remote, url=url)
