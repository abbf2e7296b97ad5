"""The files of rows that several parts measure on: written once, kept under the cache."""

from __future__ import annotations

import shutil
import sys
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from benchmarks import process
from benchmarks.parts import say
from benchmarks.places import CACHE, PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITE_LIMIT_SECONDS = 900
#: A row of 30 features takes about 150 bytes on disk; the margin leaves room for others.
ROW_BYTES, MARGIN_BYTES = 160, 2_000_000_000

Files: TypeAlias = tuple[str, str]


def paths(rows: int) -> tuple[Path, Path]:
    """Return where the files lie; files of an older generator are not taken for today's."""
    generator = zlib.crc32((PROJECT / "benchmarks" / "rows.py").read_bytes())
    folder = CACHE / f"rows-{generator:08x}"
    return folder / f"reference_{rows}.parquet", folder / f"production_{rows}.parquet"


def files(rows: int) -> Files:
    """Return reference and production of that many rows, in the page cache; write them if need be."""
    found = paths(rows)
    found[0].parent.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob("rows-*"):
        if old != found[0].parent:
            shutil.rmtree(old, ignore_errors=True)
    for path, role in zip(found, ("reference", "production"), strict=True):
        if not path.exists():
            say(f"writing {rows:,} rows of {role}")
            script = [sys.executable, "-m", "benchmarks.measured.write_rows"]
            process.measure(
                [*script, str(path), role, str(rows)], limit_seconds=WRITE_LIMIT_SECONDS
            )
        _into_page_cache(path)
    return str(found[0]), str(found[1])


def lacking(rows: int, copies: int = 2) -> str:
    """Say how much disk is missing for so many copies of so many rows; empty if none is."""
    if all(path.exists() for path in paths(rows)):
        copies -= 2
    wanted = copies * rows * ROW_BYTES + MARGIN_BYTES
    free = shutil.disk_usage(CACHE).free
    if copies <= 0 or free >= wanted:
        return ""
    return f"not measured: {free / 1e9:.0f} GB of disk free, {wanted / 1e9:.0f} needed"


@contextmanager
def removed_after(rows: int, *, keep: bool) -> Iterator[None]:
    """Remove the files of that many rows at the end, unless they are to be kept."""
    try:
        yield
    finally:
        if not keep:
            for path in paths(rows):
                path.unlink(missing_ok=True)


def _into_page_cache(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def short(rows: int) -> str:
    """Write a number of rows as in a name.

    >>> short(10_000_000), short(5_000)
    ('10m', '5k')
    """
    return f"{rows // 1_000_000}m" if rows >= 1_000_000 else f"{rows // 1_000}k"
