"""Downloads: whole and checked; archives are unpacked without trusting them."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pooch
import requests

from napari_stentrans.errors import DownloadError
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.progress import Steps

CACHE_VARIABLE = "STENTRANS_CACHE"
"""Environment variable that names another folder for the downloads."""
ATTEMPTS = 3
PAUSE = 3.0
"""Seconds before the second attempt; twice as many before the third."""
TIMEOUT = (10.0, 15.0)
"""Seconds to connect, and to wait for the next bytes."""
CHUNK = 1 << 16
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers of a server that may be better a little later."""
MOST_UNPACKED = 2 << 30
"""Bytes; an archive that holds more is refused."""
REMEDY = (
    "Check the connection (and the proxy, if there is one) and try again. The simulated samples "
    "need no network."
)


_wanted: list[Path] = []


def use_folder(folder: Path | None) -> None:
    """Keep downloads in a folder from now on; None: where they are kept by default.

    The environment variable goes before.
    """
    _wanted[:] = [] if folder is None else [folder]


def cache_folder() -> Path:
    """Where downloads are kept."""
    usual = _wanted[0] if _wanted else pooch.os_cache("napari-stentrans")
    return Path(pooch.utils.cache_location(usual, CACHE_VARIABLE))


@dataclass(frozen=True)
class Remote:
    """A file to download.

    Attributes
    ----------
    name
        What it is called here.
    url
        Where it is.
    sha256
        Checksum; what does not have it is not kept. Empty where none is published, since the
        file changes: then it is downloaded anew each time, and whoever asked for it checks it.
    size
        Bytes, where they are known.
    unpacks_to
        For a tar archive, the folder that is wanted of it; the archive is not kept.
    """

    name: str
    url: str
    sha256: str
    size: int | None = None
    unpacks_to: str = ""

    def is_in(self, folder: Path) -> bool:
        """Whether it is there, whole."""
        if self.unpacks_to:
            return (folder / self.unpacks_to).is_dir()
        file = folder / self.name
        if not self.sha256:
            return False
        return file.is_file() and str(pooch.file_hash(str(file))) == self.sha256


class _PassingError(Exception):
    """What may go well at the next attempt."""


_BROKEN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,  # cut off
)


def size_steps(remotes: Sequence[Remote]) -> Steps[int | None]:
    """Bytes of all files, asked of the servers where they are not known; None if one is silent.

    Raises
    ------
    DownloadError
        When a server cannot be reached, or does not have the file.
    """
    total: int | None = 0
    for remote in remotes:
        size = remote.size
        if size is None:
            yield Progress("asking how large it is", 0, 1)
            size = _asked_size(remote)
        total = None if size is None or total is None else total + size
    return total


def fetch_steps(remotes: Sequence[Remote], folder: Path) -> Steps[Path]:
    """Download the files that are not in ``folder`` yet, and return the folder.

    Steps count bytes. Closing the generator between two steps stops the download, and what came
    so far is not kept.

    Raises
    ------
    DownloadError
        When a file cannot be had whole, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for remote in remotes:
            if not remote.is_in(folder):
                yield from _download_steps(remote, folder)
    except DownloadError:  # an OSError, as the next ones are
        raise
    except requests.RequestException as error:
        raise _unreachable(remote, error) from error
    except OSError as error:
        raise DownloadError(
            f"'{folder}' cannot be written: {error.strerror or error}. Free some space, or set "
            "STENTRANS_CACHE to another folder."
        ) from error
    return folder


def _download_steps(remote: Remote, folder: Path) -> Steps[None]:
    # Not by pooch's own downloader: it cannot be left between two steps, nor in a pause.
    with pooch.utils.temporary_file(folder) as part:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                yield from _attempt_steps(remote, Path(part))
                break
            except (_PassingError, *_BROKEN) as error:
                if attempt == ATTEMPTS:
                    raise _unreachable(remote, error) from error
            yield from _pause_steps(attempt * PAUSE, attempt + 1)
        file = folder / remote.name
        os.replace(part, file)
    if remote.unpacks_to:
        yield Progress(f"unpacking {remote.name}", 0, 1)
        try:
            unpack(file, folder, remote.unpacks_to)
        finally:
            file.unlink()


def _pause_steps(seconds: float, attempt: int) -> Steps[None]:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield Progress(f"the connection broke: attempt {attempt} of {ATTEMPTS} soon", 0, 1)
        time.sleep(min(0.1, left))


def _attempt_steps(remote: Remote, part: Path) -> Steps[None]:
    """Download into ``part``, and check it."""
    stage, done = f"downloading {remote.name}", 0
    yield Progress(stage, 0, 1)
    plain = {"Accept-Encoding": "identity"}
    with (
        requests.get(remote.url, headers=plain, stream=True, timeout=TIMEOUT) as answer,
        part.open("wb") as file,
    ):
        if answer.status_code in PASSING:
            raise _PassingError(f"the server said {answer.status_code} {answer.reason}")
        answer.raise_for_status()
        total = _length(answer) or remote.size
        if total is not None:
            _check_space(part.parent, total)
        for chunk in answer.iter_content(CHUNK):
            file.write(chunk)
            done += len(chunk)
            # Without a total it would be a division; a bar that is busy says enough.
            yield Progress(stage, min(done, total) if total else 0, total or 1)
    if total is not None and done != total:
        raise _PassingError(f"{done:,} bytes came, and the file has {total:,}")
    if not pooch.hashes.hash_matches(str(part), remote.sha256 or None):
        raise _PassingError("what came is not the file that was published (by its checksum)")


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < 2 * needed:  # an archive and what it unpacks to
        raise DownloadError(
            f"'{folder}' has {free / 1e6:,.0f} MB free, and {2 * needed / 1e6:,.0f} MB are needed. "
            "Free some space, or set STENTRANS_CACHE to another folder."
        )


def _asked_size(remote: Remote) -> int | None:
    try:
        headers = {"Accept-Encoding": "identity"}
        answer = requests.head(remote.url, headers=headers, allow_redirects=True, timeout=TIMEOUT)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise _unreachable(remote, error) from error
    return _length(answer)


def _length(answer: requests.Response) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _unreachable(remote: Remote, error: Exception) -> DownloadError:
    """Say in one sentence what went wrong, and what to do."""
    host = urlsplit(remote.url).netloc
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return DownloadError(
            f"{remote.name} cannot be downloaded: {host} answered {status}. The file may have "
            "moved; look for a newer version of this program, or use a simulated sample."
        )
    if isinstance(error, requests.exceptions.SSLError):
        reason = f"the certificate of {host} is not trusted"
    elif isinstance(error, requests.Timeout) or "timed out" in str(error):
        reason = f"{host} does not answer in time"
    elif isinstance(error, requests.exceptions.ChunkedEncodingError):
        reason = "the connection broke off"
    elif isinstance(error, requests.RequestException):
        reason = f"{host} cannot be reached"
    else:
        reason = str(error)
    return DownloadError(f"{remote.name} cannot be downloaded: {reason}. {REMEDY}")


def unpack(archive: Path, folder: Path, wanted: str) -> None:
    """Unpack one folder of a tar archive into ``folder``, all of it or nothing.

    Raises
    ------
    DownloadError
        When the archive is damaged, has no such folder, holds links or devices, paths that
        lead elsewhere, or more than 2 GiB.
    """
    damaged = f"{archive.name} is not the archive that was expected"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unpacking") as scratch:
        try:
            with tarfile.open(archive) as tar:
                _extract(tar, Path(scratch), archive.name)
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DownloadError(f"{damaged}: {error}. Try again.") from error
        if not (Path(scratch) / wanted).is_dir():
            raise DownloadError(f"{damaged}: it holds no folder {wanted!r}. Try again.")
        os.replace(Path(scratch) / wanted, folder / wanted)


def _extract(tar: tarfile.TarFile, folder: Path, name: str) -> None:
    unpacked = 0
    for member in tar:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name:
            raise DownloadError(f"{name} holds a path that leads elsewhere: {member.name!r}.")
        if member.isdir():
            continue
        source = tar.extractfile(member) if member.isreg() else None
        if source is None:
            raise DownloadError(f"{name} holds a link or a device: {member.name!r}.")
        unpacked += member.size
        if unpacked > MOST_UNPACKED:
            raise DownloadError(f"{name} unpacks to more than {MOST_UNPACKED / 2**30:.0f} GiB.")
        target = folder.joinpath(*path.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
