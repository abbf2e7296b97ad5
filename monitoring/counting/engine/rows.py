"""Rows drawn from tables: evenly by a seed, a batch at a time, so that only those drawn are held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Index
from monitoring.counting.engine.columns import kind_of, numbers, valid
from monitoring.counting.engine.counting import Feature
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.rows import NULL, Column, Labels, Rows

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65_536


def read_rows(
    tables: Sequence[Table],
    features: Mapping[str, Feature],
    *,
    limit: int | None = None,
    seed: int = 0,
    keys: Sequence[str] = (),
) -> Rows:
    """Return rows of several tables, one after the other, in file order.

    Args:
        features: How each column is read; a column that a table lacks is null there.
        limit: At most this many rows, drawn without replacement; all by default.
        keys: Columns to keep beside the features, as they are; left out where a table lacks one.

    Raises:
        InputError: A file cannot be read.
    """
    total = sum(table.rows for table in tables)
    chosen = _draw(total, limit, seed)
    parts: dict[str, list[Any]] = defaultdict(list)
    kept: dict[str, list[NDArray[Any]]] = defaultdict(list)
    for rows in _drawn_batches(tables, (*features, *keys), chosen):
        for name, feature in features.items():
            parts[name].append(_column(rows, name, feature))
        for name in keys:
            kept[name].append(_key(rows, name))
    n = total if chosen is None else len(chosen)
    merged = {name: _merged(parts[name], feature) for name, feature in features.items()}
    return Rows(merged, n, total, {name: np.concatenate(values) for name, values in kept.items()})


def _draw(total: int, limit: int | None, seed: int) -> Index | None:
    """Return the places of the rows that are drawn, ascending; None for all."""
    if limit is None or total <= limit:
        return None
    return np.sort(np.random.default_rng(seed).choice(total, limit, replace=False))


def _drawn_batches(
    tables: Iterable[Table], names: Sequence[str], chosen: Index | None
) -> Iterator[pa.RecordBatch]:
    """Yield the chosen rows of all tables, those of the columns that a file has."""
    begin = 0
    for path in (path for table in tables for path in table.paths):
        file = open_parquet(path)
        present = [name for name in names if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=present):
            yield _drawn(batch, chosen, begin)
            begin += batch.num_rows


def _drawn(batch: pa.RecordBatch, chosen: Index | None, begin: int) -> pa.RecordBatch:
    if chosen is None:
        return batch
    low, high = np.searchsorted(chosen, [begin, begin + batch.num_rows])
    return batch.take(chosen[low:high] - begin)


def _column(batch: pa.RecordBatch, name: str, feature: Feature) -> Any:
    is_numerical = feature.kind == "numerical"
    if name not in batch.schema.names or str(batch.schema.field(name).type) == "null":
        missing = np.full(batch.num_rows, np.nan)
        return missing if is_numerical else [None] * batch.num_rows
    chunk = batch.column(name)
    if not is_numerical:
        return [None if value is None else str(value) for value in chunk.to_pylist()]
    rows = valid(chunk)
    if rows is None:
        return numbers(chunk)
    whole = np.full(len(chunk), np.nan)
    whole[rows] = numbers(chunk)
    return whole


def _key(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    if name not in batch.schema.names:
        return np.full(batch.num_rows, None, dtype=object)
    return np.array(batch.column(name).to_pylist(), dtype=object)


def _merged(parts: Sequence[Any], feature: Feature) -> Column:
    if feature.kind == "numerical":
        values = np.concatenate(parts) if parts else np.empty(0)
        return np.where(np.isfinite(values), values, np.nan)
    texts = [text for part in parts for text in part]
    return Labels.of(texts) if texts else Labels(np.full(0, NULL, dtype=np.int64), ())


def comparable(
    features: Mapping[str, Feature], tables: Sequence[Table]
) -> tuple[dict[str, Feature], dict[str, str]]:
    """Return the features that can be looked at together, and why the others cannot.

    A time is left out: it tells any two windows apart. So is what a table holds as another type.
    """
    reasons = {name: _why_left_out(name, feature, tables) for name, feature in features.items()}
    chosen = {name: feature for name, feature in features.items() if not reasons[name]}
    return chosen, {name: reason for name, reason in reasons.items() if reason}


def _why_left_out(name: str, feature: Feature, tables: Iterable[Table]) -> str:
    role = kind_of(feature.dtype)
    if feature.reason or role == "time":
        return feature.reason or "a time tells any two windows apart"
    types = {table.columns[name] for table in tables if name in table.columns}
    if not types:
        return "it was not collected"
    others = [dtype for dtype in types - {"null"} if kind_of(dtype) != role]
    if others:
        return f"its type is {feature.dtype} in the reference and {min(others)} here"
    return ""
