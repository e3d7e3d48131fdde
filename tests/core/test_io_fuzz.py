"""Random damage to small files of every format: one of our errors or a section that can be shown.

The default is short. ``STENTRANS_FUZZ_SECONDS=600`` makes it last ten minutes over all formats;
every run then begins elsewhere. ``scripts/fuzz`` does that.

HDF5 files are cut off, or lose and change what is stored in them, but their own structures are
left alone: a flipped bit there can make the HDF5 library itself loop for ever, before any reader
has a say.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import shutil
import tempfile
import time
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_files import SMALL

from napari_stentrans.errors import StentransError
from napari_stentrans.io import read_section

SECONDS = float(os.environ.get("STENTRANS_FUZZ_SECONDS", "0"))
EXAMPLES = 60
SLOWEST = 5.0
"""Seconds that a small file may take on a busy machine."""
WORDS = (
    *(b"", b"nan", b"inf", b"-1", b"0", b"1e300", b"9" * 25, b"0.5", b"\0", b"\xff\xfe", b"\r"),
    *(b"\n", b",", b"\t", b'"', b"#", b"\xef\xbb\xbf", b"x", b"10x10", "ü".encode(), b" " * 50),
)


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Format -> path of a small valid section."""
    return {name: write(tmp_path_factory.mktemp(name)) for name, write in SMALL.items()}


@st.composite
def damage(draw: st.DrawFn) -> list[tuple[str, float, int, bytes]]:
    """Some blows: what kind, where (0 to 1), how long, and what is put there."""
    kinds = st.sampled_from(["flip", "cut", "drop", "put", "swap", "twice", "word"])
    blow = st.tuples(kinds, st.floats(0, 1), st.integers(1, 64), st.sampled_from(WORDS))
    return draw(st.lists(blow, min_size=1, max_size=4))


def struck(content: bytes, blow: tuple[str, float, int, bytes]) -> bytes:
    kind, where, length, word = blow
    at = int(where * len(content))
    if kind == "flip":
        part = bytes(b ^ (length | 1) for b in content[at : at + 1 + length // 16])
        return content[:at] + part + content[at + len(part) :]
    if kind == "cut":
        return content[:at]
    if kind == "drop":
        return content[:at] + content[at + length :]
    if kind == "put":
        return content[:at] + word + content[at:]
    if kind == "word":  # replaces a field of a table
        fields = content.replace(b"\t", b",").split(b",")
        place = min(int(where * len(fields)), len(fields) - 1)
        start = sum(len(field) + 1 for field in fields[:place])
        return content[:start] + word + content[start + len(fields[place]) :]
    lines = content.split(b"\n")
    line = min(int(where * len(lines)), len(lines) - 1)
    if kind == "twice":
        return b"\n".join([*lines[: line + 1], *lines[line:]])
    other = length % len(lines)
    lines[line], lines[other] = lines[other], lines[line]
    return b"\n".join(lines)


def strike(path: Path, file: int, blows: list[tuple[str, float, int, bytes]], packed: bool) -> None:
    """Damage one file of a section; a gzipped one inside or outside its packing."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    target = files[file % len(files)]
    content = target.read_bytes()
    if content.startswith(b"\x89HDF"):
        strike_hdf5(target, content, blows)
        return
    inside = target.suffix == ".gz" and not packed
    if inside:
        content = gzip.decompress(content)
    for blow in blows:
        content = struck(content, blow)
    target.write_bytes(gzip.compress(content, 1) if inside else content)


NUMBERS = (np.nan, np.inf, -1, 0.5, 2**31, 2**40, 1e300)


def strike_hdf5(target: Path, content: bytes, blows: list[tuple[str, float, int, bytes]]) -> None:
    """Cut an HDF5 file off; or lose, shorten, turn or change datasets and attributes in it."""
    if blows[0][0] == "cut":
        target.write_bytes(struck(content, blows[0]))
        return
    with h5py.File(target, "r+") as file:
        for kind, where, length, word in blows:
            nodes: list[str] = []
            file.visit(nodes.append)
            if not nodes:
                return
            name = nodes[min(int(where * len(nodes)), len(nodes) - 1)]
            node = file[name]
            if kind == "drop" or (kind == "twice" and not node.attrs):
                del file[name]
            elif kind == "twice":
                del node.attrs[list(node.attrs)[length % len(node.attrs)]]
            elif isinstance(node, h5py.Dataset) and node.size and node.shape:
                values = node[()]
                if kind == "swap":
                    values = values[: length % (len(values) + 1)]
                elif values.dtype.kind in "iuf":
                    values = values.astype(float)
                    values.flat[length % values.size] = NUMBERS[length % len(NUMBERS)]
                else:
                    values = values.astype(object)
                    values.flat[length % values.size] = word.replace(b"\0", b"")
                attributes = dict(node.attrs)
                del file[name]
                file[name] = values
                file[name].attrs.update(attributes)


def check_outcome(original: Path, file: int, blows: list, packed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / original.name
        (shutil.copytree if original.is_dir() else shutil.copy)(original, path)
        strike(path, file, blows, packed)
        started = time.perf_counter()
        said = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                section = read_section(path)
            except StentransError as error:
                said = str(error)
        assert time.perf_counter() - started < SLOWEST
        if said is not None:
            assert len(said) > 20
            return
        assert section.n_spots >= 1
        assert np.isfinite(section.xy).all()
        assert np.isfinite(section.counts.data).all()
        assert (section.counts.data > 0).all()
        assert section.raster.index.size < 2**24
        for image in section.images:
            with contextlib.suppress(StentransError):
                assert image.data.size > 0


@pytest.mark.skipif(SECONDS > 0, reason="the long form runs")
@pytest.mark.parametrize("name", SMALL)
def test_damaged_files(valid: dict[str, Path], name: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 9), damage(), st.booleans())
    def attempt(file: int, blows: list, packed: bool) -> None:
        check_outcome(valid[name], file, blows, packed)

    attempt()


@pytest.mark.skipif(SECONDS == 0, reason="STENTRANS_FUZZ_SECONDS is not set")
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", SMALL)
def test_damaged_files_for_long(valid: dict[str, Path], name: str) -> None:
    """Plain random blows until the time of this format is over; a failure says what they were."""
    end, seed = time.monotonic() + SECONDS / len(SMALL), time.time_ns()
    while time.monotonic() < end:
        seed += 1
        source = random.Random(seed)
        kinds = ["flip", "cut", "drop", "put", "swap", "twice", "word"]
        blows = [
            (source.choice(kinds), source.random(), source.randint(1, 64), source.choice(WORDS))
            for _ in range(source.randint(1, 4))
        ]
        file, packed = source.randint(0, 9), source.random() < 0.3
        try:
            check_outcome(valid[name], file, blows, packed)
        except BaseException as error:
            error.add_note(f"{name}: file {file}, packed {packed}, blows {blows}")
            raise
