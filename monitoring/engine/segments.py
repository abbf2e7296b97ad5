"""Tables cut down to a segment: a copy with its rows, made once."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitoring.engine.columns import kind_of
from monitoring.engine.tables import Table, open_table
from monitoring.errors import InputError
from monitoring.segment import MISSING, Condition, Segment

if TYPE_CHECKING:
    import pyarrow as pa


def filtered(table: Table, segment: Segment, store: Path) -> Table:
    """Return the rows of a table that lie in a segment; the table itself for the whole.

    Args:
        table: Any; it stays as it is.
        segment: On columns of the table.
        store: Folder that keeps the copy until the files of `table` change.

    Raises:
        InputError: The table has no such column, or a range is asked of texts.
    """
    if not segment:
        return table
    _check(table, segment)
    state = "|".join(
        f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in table.paths
    )
    name = hashlib.sha256(f"{segment.code}|{state}".encode()).hexdigest()[:16]
    target = store / "segments" / f"{name}.parquet"
    if not target.exists():
        _write(table, segment, target)
    found = open_table(target)
    return Table(table.name, found.paths, found.columns, found.rows, table.rejected, table.notes)


def _check(table: Table, segment: Segment) -> None:
    for condition in segment.conditions:
        dtype = table.columns.get(condition.feature)
        if dtype is None:
            raise InputError(
                f"Cannot look at {segment}: {table.name!r} has no column {condition.feature!r}",
                hint="Choose a feature that was collected, or clear the segment.",
            )
        if not condition.values and kind_of(dtype) != "number":
            raise InputError(
                f"Cannot look at {segment}: {condition.feature!r} holds no numbers but {dtype}",
                hint="Name the values instead of a range.",
            )


def _write(table: Table, segment: Segment, target: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}.part")
    schema = pq.read_schema(table.paths[0]).remove_metadata()
    with pq.ParquetWriter(part, schema) as writer:
        for path in table.paths:
            for batch in pq.ParquetFile(path).iter_batches():
                rows = pa.Table.from_batches([batch]).replace_schema_metadata(None)
                writer.write_table(rows.filter(_mask(rows, segment)))
    part.replace(target)


def _mask(rows: pa.Table, segment: Segment) -> Any:
    import pyarrow.compute as pc  # noqa: PLC0415

    masks = [_meets(rows[condition.feature], condition) for condition in segment.conditions]
    whole = masks[0]
    for mask in masks[1:]:
        whole = pc.and_(whole, mask)
    return whole


def _meets(column: Any, condition: Condition) -> Any:
    """Return which rows meet a condition; null meets none but MISSING."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if condition.values:
        known = pa.array([value for value in condition.values if value != MISSING], pa.string())
        found = pc.is_in(_texts(column), value_set=known)
        if MISSING in condition.values:
            found = pc.or_(found, pc.is_null(column, nan_is_null=True))
        return found
    low, high = float(condition.low), float(condition.high)
    numbers = column.cast(pa.float64())
    above = pc.greater_equal(numbers, low) if not math.isinf(low) else pc.is_valid(numbers)
    below = pc.less(numbers, high) if not math.isinf(high) else pc.is_valid(numbers)
    return pc.fill_null(pc.and_(above, below), fill_value=False)


def _texts(column: Any) -> Any:
    """Return values as the texts that profiles show."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.cast(pa.string())
    texts = [None if value is None else str(value) for value in column.to_pylist()]
    return pa.chunked_array([texts], pa.string())
