"""What only the rows can tell of data quality: repeated rows and ids, the hours they came in.

Counted once per table and kept beside the other caches; two tables of the same files share it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitoring.azureml.casts import text_failures
from monitoring.counting.engine.columns import kind_of, numbers, valid
from monitoring.counting.engine.exact import chunks, chunks_of, opened, service_column, spark_type
from monitoring.counting.engine.tables import Table
from monitoring.kept.disk import Disk, State, state_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

#: Goes up whenever the facts below change what they mean, so that those on disk are counted anew.
VERSION = 2
KEY, INDEX, TIME = "correlationid", "_index", "time"
HOURS = 24
_SECONDS_AN_HOUR = 3600
_NULL = np.uint64(0x9E3779B97F4A7C15)

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What the rows of one table tell.

    duplicate_rows: rows that repeat another one in every feature. duplicate_ids: rows whose
    correlation id came before; None without ids. merged_rows: rows that share the line of another.
    by_hour: rows per hour of the day, UTC; empty without times.
    """

    rows: int
    duplicate_rows: int
    duplicate_ids: int | None = None
    merged_rows: int = 0
    by_hour: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmatched:
    """How many rows of a day have no row of the other collection with their correlation id."""

    inputs: int
    inputs_alone: int
    outputs: int
    outputs_alone: int


def row_facts(table: Table, features: Collection[str], *, store: Path | None = None) -> RowFacts:
    """Count the rows of a table, or return what was counted before.

    Args:
        store: Folder that keeps the facts; they are counted each time without one.
    """
    names = [name for name in features if name in table.columns]
    return Disk(store, version=VERSION).get(
        ("rows", _paths([table]), sorted(names)),
        state_of(table.paths),
        lambda: _counted(table, names),
    )


def unmatched(
    inputs: Table | None,
    outputs: Table | None,
    *,
    near_inputs: Sequence[Table] = (),
    near_outputs: Sequence[Table] = (),
    store: Path | None = None,
) -> Unmatched:
    """Count the rows of a day whose correlation id the other collection does not have.

    Args:
        inputs: Rows of the collected inputs of the day.
        outputs: Rows of its collected predictions.
        near_inputs: Inputs of the days before and after: a call can be cut by midnight.
        near_outputs: Predictions of the days before and after.
    """
    here, there = [t for t in (inputs,) if t], [t for t in (outputs,) if t]
    groups = (here, there, near_inputs, near_outputs)
    return Disk(store, version=VERSION).get(
        ("unmatched", [_paths(tables) for tables in groups]),
        [_state(tables) for tables in groups],
        lambda: _unmatched(*map(_ids, groups)),
    )


def _unmatched(
    one: pa.ChunkedArray,
    two: pa.ChunkedArray,
    near_one: pa.ChunkedArray,
    near_two: pa.ChunkedArray,
) -> Unmatched:
    return Unmatched(
        inputs=len(one),
        inputs_alone=_alone(one, (two, near_two)),
        outputs=len(two),
        outputs_alone=_alone(two, (one, near_one)),
    )


def _alone(ids: pa.ChunkedArray, others: Iterable[pa.ChunkedArray]) -> int:
    """Return how many ids none of the others has."""
    import pyarrow as pa  # noqa: PLC0415 - Parquet is open, so it is loaded
    import pyarrow.compute as pc  # noqa: PLC0415

    known = pa.chunked_array([c for each in others for c in each.chunks], pa.string())
    return len(ids) - (pc.sum(pc.is_in(ids, value_set=known)).as_py() or 0)


def _ids(tables: Sequence[Table]) -> pa.ChunkedArray:
    """Return the correlation ids of tables as texts."""
    import pyarrow as pa  # noqa: PLC0415

    found = [c for t in tables if KEY in t.columns for c in chunks(t, KEY)]
    return pa.chunked_array([chunk.cast(pa.string()) for chunk in found], pa.string())


def cast_failures(table: Table, name: str, dtype: str) -> tuple[int, int]:
    """Return how many values of a column do not become the reference's type, and of how many."""
    column = service_column(table, name)
    values = column.rows - column.nulls
    if column.counts is not None:
        return text_failures(column.counts, spark_type(dtype)), values
    return 0, values


def _counted(table: Table, names: Sequence[str]) -> RowFacts:
    files = opened(table)
    hashed = np.zeros(table.rows, np.uint64)
    for name in names:
        hashed = _mixed(hashed * np.uint64(31) + _hashes(files, name, table.columns[name]))
    return RowFacts(
        rows=table.rows,
        duplicate_rows=table.rows - len(np.unique(hashed)) if names else 0,
        duplicate_ids=_duplicate_ids(table),
        merged_rows=_merged_rows(table, files),
        by_hour=_by_hour(table, files),
    )


def _duplicate_ids(table: Table) -> int | None:
    import pyarrow.compute as pc  # noqa: PLC0415

    if KEY not in table.columns:
        return None
    return table.rows - int(pc.count_distinct(_ids([table]), mode="all").as_py())


def _hashes(files: Sequence[pq.ParquetFile], name: str, dtype: str) -> Hashes:
    """Return a hash of each value of a column, shape (rows,); equal values have equal ones."""
    hashes = _text_hashes if kind_of(dtype) in {"text", "flag", None} else _number_hashes
    parts = [hashes(chunk) for chunk in chunks_of(files, name)]
    return np.concatenate([np.empty(0, np.uint64), *parts])


def _number_hashes(chunk: pa.Array) -> Hashes:
    found = np.full(len(chunk), _NULL)
    values = numbers(chunk) + 0.0  # minus zero is zero
    values[np.isnan(values)] = np.nan
    rows = valid(chunk)
    found[slice(None) if rows is None else rows] = _mixed(values.view(np.uint64))
    return found


def _text_hashes(chunk: pa.Array) -> Hashes:
    import pyarrow as pa  # noqa: PLC0415 - Parquet is open, so it is loaded

    if not pa.types.is_dictionary(chunk.type):
        chunk = chunk.cast(pa.string()) if pa.types.is_boolean(chunk.type) else chunk
        if pa.types.is_nested(chunk.type):  # Arrow has no dictionary of lists, structs and maps
            written = [None if value is None else repr(value) for value in chunk.to_pylist()]
            chunk = pa.array(written, pa.string())
        chunk = chunk.dictionary_encode()
    labels = [_text_hash(label) for label in chunk.dictionary.to_pylist()]
    table = np.array([*labels, int(_NULL)], np.uint64)
    codes = np.full(len(chunk), len(labels), np.int64)
    indices = chunk.indices
    rows = valid(indices)
    plain = np.frombuffer(indices.buffers()[1], indices.type.to_pandas_dtype())
    plain = plain[indices.offset : indices.offset + len(indices)]
    if rows is None:
        codes[:] = plain
    else:
        codes[rows] = plain[rows]
    return table[codes]


def _text_hash(label: object) -> int:
    digest = hashlib.blake2b(str(label).encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _mixed(values: Hashes) -> Hashes:
    """Return values spread over 64 bits: the finaliser of SplitMix64 (Steele et al., 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _merged_rows(table: Table, files: Sequence[pq.ParquetFile]) -> int:
    if INDEX not in table.columns:
        return 0
    return sum(int(np.count_nonzero(numbers(chunk) > 0)) for chunk in chunks_of(files, INDEX))


def _by_hour(table: Table, files: Sequence[pq.ParquetFile]) -> tuple[int, ...]:
    if kind_of(table.columns.get(TIME, "")) != "time":
        return ()
    hours = np.zeros(HOURS, np.int64)
    for chunk in chunks_of(files, TIME):
        hour = (numbers(chunk) // _SECONDS_AN_HOUR).astype(np.int64) % HOURS
        hours += np.bincount(hour, minlength=HOURS)
    return tuple(int(n) for n in hours)


def _paths(tables: Sequence[Table]) -> list[str]:
    return [str(path) for table in tables for path in table.paths]


def _state(tables: Sequence[Table]) -> State:
    return state_of(_paths(tables))
