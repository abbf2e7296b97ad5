"""Profiles on disk: a day is counted once, whatever window, metric or threshold asks for it.

One Parquet file holds the profiles of all features of one table on the bins of one baseline, a row a
feature. A file a day, because then a new day writes one small file, processes never have to merge
what they write, and damage costs one day. A file lies in the folder of its bins, under a name made
of its table's paths; it says of which state of these files it was made.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monitoring.arrays import Counts
from monitoring.counting.engine import counting
from monitoring.counting.engine.tables import Table
from monitoring.counting.profile import Bins, CategoricalBins, NumericalBins, Profile, intervals

if TYPE_CHECKING:
    import pyarrow as pa

#: Goes up whenever the meaning of a file changes; files of another format are counted again.
FORMAT = 1
#: Beyond so many folders of bins, and files in one, the oldest are removed; seen to every so many writes.
MOST_BINS = 64
MOST_FILES = 5_000
ROOM_EVERY = 256

#: (path, bytes, nanoseconds of the last change, inode) of each file of a table.
State = tuple[tuple[str, int, int, int], ...]

_INTEGERS = ("rows", "nulls", "infinite")
_FLOATS = ("minimum", "maximum", "total", "squares")


def state_of(table: Table) -> State:
    """Return what changes when a table's files do.

    Raises:
        OSError: A file is gone.
    """
    found = []
    for path in map(str, table.paths):
        stat = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, for hundreds of days
        found.append((path, stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return tuple(found)


class ProfileStore:
    """Stored profiles below a folder; without a folder nothing is stored and every day is counted."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._writes: dict[Path, int] = {}

    def profiles(
        self,
        table: Table,
        plan: Mapping[str, counting.Feature],
        bins: Mapping[str, Bins],
        key: str = "",
    ) -> dict[str, Profile]:
        """Return the profiles of a table on these bins, counted unless they are stored.

        Args:
            table: Usually one day's rows.
            plan: How each column is read.
            bins: Those of the baseline, by feature.
            key: `key_of(bins)`, if the caller has it.

        Raises:
            InputError: The table cannot be read.
        """
        if self._folder is None:
            return counting.profile(table, plan, bins)
        state = state_of(table)
        target = self._target(key or key_of(bins), state)
        stored = _read(target, state, bins)
        if stored is None:
            stored = counting.profile(table, plan, bins)
            with contextlib.suppress(OSError):  # a disk that is full: counted again the next time
                self._make_room(target.parent)
                _write(target, state, stored)
        return stored

    def _target(self, key: str, state: State) -> Path:
        paths = "\n".join(str(Path(path).absolute()) for path, *_ in state)
        name = hashlib.sha256(paths.encode()).hexdigest()[:24]
        return Path(self._folder or "") / key / f"{name}.parquet"

    def _make_room(self, folder: Path) -> None:
        """Make the folder, and remove now and then what was written longest ago."""
        writes = self._writes[folder] = self._writes.get(folder, 0) + 1
        if writes % ROOM_EVERY != 1:
            return
        folder.mkdir(parents=True, exist_ok=True)
        _keep_newest(folder, MOST_FILES)
        _keep_newest(folder.parent, MOST_BINS)


def key_of(bins: Mapping[str, Bins]) -> str:
    """Return a short name of the bins of a baseline; others have another."""
    texts = [
        f"{name!r}: {b!r}"
        if isinstance(b, NumericalBins)
        else f"{name!r}: {b.categories!r} {sorted(b.known)!r}"
        for name, b in bins.items()
    ]
    return hashlib.sha256("\n".join([str(FORMAT), *texts]).encode()).hexdigest()[:24]


def _keep_newest(folder: Path, most: int) -> None:
    with contextlib.suppress(OSError):  # another process makes room too
        entries = sorted(os.scandir(folder), key=lambda entry: entry.stat().st_mtime_ns)
        for entry in entries[: max(len(entries) - most, 0)]:
            if entry.is_dir():
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)


def _write(target: Path, state: State, profiles: Mapping[str, Profile]) -> None:
    """Write beside the target and rename: a reader sees the old file or the new one, whole."""
    import pyarrow as pa  # noqa: PLC0415 - Parquet is open, so it is loaded
    import pyarrow.parquet as pq  # noqa: PLC0415

    every = list(profiles.values())
    sparse = [_sparse(profile) for profile in every]
    columns = {
        "feature": pa.array([p.feature for p in every], pa.string()),
        "cells": _list_column([cells for cells, _ in sparse], "i4"),
        "labels": pa.array([p.labels for p in every], pa.list_(pa.string())),
        "counts": _list_column([counts for _, counts in sparse], "i8"),
        "on_lattice": pa.array([p.on_lattice for p in every], pa.bool_()),
        **{name: pa.array([getattr(p, name) for p in every], pa.int64()) for name in _INTEGERS},
        **{name: pa.array([getattr(p, name) for p in every], pa.float64()) for name in _FLOATS},
    }
    meaning = {"format": str(FORMAT), "state": json.dumps(state)}
    table = pa.table(columns).replace_schema_metadata(meaning)
    draft = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
    try:
        pq.write_table(table, draft, write_page_checksum=True, use_dictionary=False)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _sparse(profile: Profile) -> tuple[Counts, Counts]:
    """Return the cells that hold rows and how many; categories have labels instead of cells."""
    if isinstance(profile.bins, CategoricalBins):
        return np.empty(0, np.int64), profile.counts
    cells = np.flatnonzero(profile.counts)
    return cells, profile.counts[cells]


def _list_column(arrays: list[Counts], kind: str) -> pa.Array:
    """Return arrays of integers as a column of lists, without a detour through Python's."""
    import pyarrow as pa  # noqa: PLC0415

    starts = np.cumsum([0, *map(len, arrays)]).astype("i4")
    values = np.concatenate([*arrays, np.empty(0, np.int64)]).astype(kind)
    integers = {"i4": pa.int32(), "i8": pa.int64()}
    parts = [
        pa.Array.from_buffers(integers[dtype], len(array), [None, pa.py_buffer(array)])
        for dtype, array in (("i4", starts), (kind, values))
    ]
    return pa.ListArray.from_arrays(*parts)


def _read(target: Path, state: State, bins: Mapping[str, Bins]) -> dict[str, Profile] | None:
    """Return what is stored; None if there is nothing, or nothing of this state, or it is damaged."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(target, page_checksum_verification=True) as file:
            known = file.schema_arrow.metadata or {}
            if known.get(b"format") != str(FORMAT).encode():
                return None
            if known.get(b"state") != json.dumps(state).encode():
                return None
            return _profiles(file.read(use_threads=False), bins)
    except (pa.ArrowException, OSError, KeyError, ValueError, IndexError):
        return None


def _profiles(table: pa.Table, bins: Mapping[str, Bins]) -> dict[str, Profile]:
    columns = {
        name: table.column(name).to_pylist()
        for name in ("feature", "labels", "on_lattice", *_INTEGERS, *_FLOATS)
    }
    cells, counts = (
        _lists(table, name, kind) for name, kind in (("cells", "i4"), ("counts", "i8"))
    )
    found = {}
    for row, name in enumerate(columns["feature"]):
        scalars: dict[str, Any] = {n: columns[n][row] for n in (*_INTEGERS, *_FLOATS, "on_lattice")}
        profile = Profile(
            feature=name,
            bins=bins[name],
            counts=_dense(bins[name], cells[row], counts[row]),
            labels=tuple(columns["labels"][row]),
            **scalars,
        )
        found[name] = profile
    return found


def _lists(table: pa.Table, name: str, kind: str) -> list[Counts]:
    """Return a column of lists of integers as arrays."""
    (chunk,) = table.column(name).chunks
    starts = np.frombuffer(chunk.offsets.buffers()[1], "i4")[: len(chunk) + 1]
    buffer = chunk.values.buffers()[1]
    values = np.frombuffer(buffer, kind) if buffer else np.empty(0, kind)
    return [values[a:b] for a, b in pairwise(starts)]


def _dense(bins: Bins, cells: Counts, counts: Counts) -> Counts:
    if isinstance(bins, CategoricalBins):
        return counts.astype(np.int64)
    dense = np.zeros(_size(bins), np.int64)
    dense[cells] = counts
    return dense


def _size(bins: NumericalBins) -> int:
    """How many cells a profile on these bins has."""
    return len(intervals(bins).left)
