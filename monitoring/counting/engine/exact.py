"""Raw values by Azure ML's rules: common columns, row deletion, types as Spark names them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats, Kind
from monitoring.azureml import common_columns, feature_type
from monitoring.azureml.columns import is_integer
from monitoring.azureml.quality import Column
from monitoring.azureml.sample import Sample
from monitoring.counting.engine.columns import kind_of, numbers, texts, valid
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    import pyarrow.parquet as pq

_SPARK = {
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "int",
    "uint32": "bigint",
    "uint64": "decimal(20,0)",
    "float": "float",
    "halffloat": "float",
    "double": "double",
    "bool": "boolean",
    "date32[day]": "date",
    "date64[ms]": "date",
}


@dataclass(frozen=True)
class Pair:
    """One feature as the service would compare it; `reason` says why it would not."""

    feature: str
    kind: Kind | None
    reference: Sample
    production: Sample
    reason: str = ""


def spark_type(dtype: str) -> str:
    """Return the Spark name of an Arrow type text.

    >>> spark_type("int64"), spark_type("timestamp[us]"), spark_type("decimal128(10, 2)")
    ('bigint', 'timestamp', 'decimal(10,2)')
    """
    if dtype in _SPARK:
        return _SPARK[dtype]
    if dtype.startswith("decimal"):
        return "decimal" + dtype[dtype.index("(") :].replace(" ", "")
    if dtype.startswith("timestamp"):
        return "timestamp"
    if kind_of(dtype) == "text":
        return "string"
    return "binary" if "binary" in dtype else dtype


def pairs(
    reference: Table,
    production: Table,
    names: list[str],
    *,
    numerical: Collection[str] = (),
    categorical: Collection[str] = (),
    stop: Callable[[], bool] | None = None,
) -> Iterator[Pair]:
    """Yield each selected feature, after deletion of every row with a null or NaN in any of them.

    Memory holds one column of both tables at a time, and one byte a row.

    Raises:
        Cancelled: `stop` said so.
    """
    one = {n: spark_type(t) for n, t in reference.columns.items() if n in names}
    two = {n: spark_type(t) for n, t in production.columns.items() if n in names}
    common = common_columns(one, two)
    kept = _complete_rows(reference, list(one)), _complete_rows(production, list(two))
    for name in names:
        if stop and stop():
            raise Cancelled(f"Stopped before {name!r}")
        if "." in name:
            yield _skipped(name, "its name contains a dot, which the service rejects")
        elif name not in common:
            here, there = one.get(name, "missing"), two.get(name, "missing")
            yield _skipped(name, f"no common column to the service: {here} against {there}")
        else:
            yield _pair(name, common[name], reference, production, kept, numerical, categorical)


def service_column(table: Table, name: str) -> Column:
    """Return one column as the service's data quality reads it; nothing is deleted."""
    dtype, role = spark_type(table.columns[name]), kind_of(table.columns[name])
    found: list[Floats] = []
    counts: dict[str, int] = {}
    nulls = 0
    for chunk in chunks(table, name):
        nulls += chunk.null_count
        if role == "number":
            found.append(numbers(chunk))
        elif role == "text":
            for label, count in texts(chunk).items():
                counts[label] = counts.get(label, 0) + count
    return Column(
        name=name,
        dtype=dtype,
        rows=table.rows,
        nulls=nulls,
        numbers=np.concatenate([np.empty(0), *found]) if role == "number" else None,
        counts=counts if role == "text" else None,
        distinct=_distinct(table, name) if is_integer(dtype) else 0,
    )


def _skipped(name: str, reason: str) -> Pair:
    return Pair(name, None, Sample(counts={}), Sample(counts={}), reason)


def _pair(
    name: str,
    dtype: str,
    reference: Table,
    production: Table,
    kept: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    numerical: Collection[str],
    categorical: Collection[str],
) -> Pair:
    distinct = (
        _distinct(reference, name) if dtype.endswith("int") or dtype in {"long", "short"} else 0
    )
    kind = feature_type(
        dtype,
        distinct=distinct,
        rows=reference.rows,
        name=name,
        numerical=numerical,
        categorical=categorical,
    )
    if kind is None:
        return _skipped(name, f"the service skips columns of type {dtype}")
    sample = _numbers if kind == "numerical" else _texts
    return Pair(name, kind, sample(reference, name, kept[0]), sample(production, name, kept[1]))


def chunks(table: Table, name: str) -> Iterator[pa.Array]:
    """Yield the pieces of one column, in the order of the rows."""
    yield from chunks_of(opened(table), name)


def opened(table: Table) -> list[pq.ParquetFile]:
    """Return the files of a table, open, for several columns one after the other."""
    return [open_parquet(path) for path in table.paths]


def chunks_of(files: Iterable[pq.ParquetFile], name: str) -> Iterator[pa.Array]:
    """Yield the pieces of one column of open files, in the order of the rows."""
    for file in files:
        for group in range(file.metadata.num_row_groups):
            yield from (
                file.read_row_group(group, columns=[name], use_threads=False).column(0).chunks
            )


def _complete_rows(table: Table, names: list[str]) -> NDArray[np.bool_]:
    """Return which rows have neither null nor NaN in any column, shape (rows,)."""
    complete = np.ones(table.rows, bool)
    for name in names:
        is_number = kind_of(table.columns[name]) == "number"
        start = 0
        for chunk in chunks(table, name):
            part = complete[start : start + len(chunk)]
            rows = valid(chunk)
            if rows is not None:
                part &= rows
            if is_number:
                bad = np.zeros(len(chunk), bool)
                bad[rows if rows is not None else slice(None)] = np.isnan(numbers(chunk))
                part &= ~bad
            start += len(chunk)
    return complete


def _distinct(table: Table, name: str) -> int:
    """Distinct values, null counted as one."""
    seen: Floats = np.empty(0)
    null = 0
    for chunk in chunks(table, name):
        null |= int(chunk.null_count > 0)
        seen = np.union1d(seen, numbers(chunk))
    return len(seen) + null


def _kept_chunks(table: Table, name: str, kept: NDArray[np.bool_]) -> Iterator[pa.Array]:
    import pyarrow as pa  # noqa: PLC0415 - Parquet is open, so it is loaded

    start = 0
    for chunk in chunks(table, name):
        rows = kept[start : start + len(chunk)]
        start += len(chunk)
        yield chunk if rows.all() else chunk.filter(pa.array(rows))


def _numbers(table: Table, name: str, kept: NDArray[np.bool_]) -> Sample:
    parts = [numbers(chunk) for chunk in _kept_chunks(table, name, kept)]
    return Sample(values=np.concatenate(parts) if parts else np.empty(0))


def _texts(table: Table, name: str, kept: NDArray[np.bool_]) -> Sample:
    counts: dict[str, int] = {}
    for chunk in _kept_chunks(table, name, kept):
        for label, count in texts(chunk).items():
            counts[label] = counts.get(label, 0) + count
    return Sample(counts=counts)
