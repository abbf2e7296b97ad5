"""Tables cut down to a segment: a copy with its rows, made once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitoring.counting.engine.columns import kind_of
from monitoring.counting.engine.tables import Table
from monitoring.errors import InputError
from monitoring.kept.disk import Disk, digest, state_of
from monitoring.segment import MISSING, Condition, Segment

if TYPE_CHECKING:
    import pyarrow as pa

#: Goes up whenever what a copy holds changes.
VERSION = 1
#: Copies that are kept; when there are more, what was unused for longest goes.
MOST_COPIES = 2_000


def filtered(table: Table, segment: Segment, store: Path) -> Table:
    """Return the rows of a table that lie in a segment, maybe none; the table itself for the whole.

    Args:
        store: Folder that keeps the copy until the files of `table` change.

    Raises:
        InputError: The table has no such column, or a range is asked of texts.
    """
    if not segment:
        return table
    columns = _columns(table, segment)
    paths = [str(path) for path in table.paths]
    copy, rows = Disk(store / "segments", version=VERSION, most_files=MOST_COPIES).path(
        f"{digest(segment.code, paths)}.parquet",
        state_of(table.paths),
        lambda draft: _write(table, segment, columns, draft),
    )
    return Table(table.name, (copy,), table.columns, rows, table.rejected, table.notes)


def _columns(table: Table, segment: Segment) -> dict[str, str]:
    """Return the column of each feature of a segment: joined rows rename those that outputs have too."""
    columns = {}
    for condition in segment.conditions:
        renamed = f"{condition.feature}_input"
        name = renamed if renamed in table.columns else condition.feature
        dtype = table.columns.get(name)
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
        columns[condition.feature] = name
    return columns


def _write(table: Table, segment: Segment, columns: dict[str, str], target: Path) -> int:
    """Write the rows of a segment and return how many there are."""
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay
    import pyarrow.parquet as pq  # noqa: PLC0415

    count = 0
    schema = pq.read_schema(table.paths[0]).remove_metadata()
    with pq.ParquetWriter(target, schema) as writer:
        for path in table.paths:
            for batch in pq.ParquetFile(path).iter_batches():
                rows = pa.Table.from_batches([batch]).replace_schema_metadata(None)
                inside = rows.filter(_mask(rows, segment, columns))
                count += inside.num_rows
                if inside.num_rows:
                    writer.write_table(inside.select(schema.names).cast(schema))
    return count


def _mask(rows: pa.Table, segment: Segment, columns: dict[str, str]) -> Any:
    import pyarrow.compute as pc  # noqa: PLC0415

    masks = [_meets(rows[columns[c.feature]], c) for c in segment.conditions]
    whole = masks[0]
    for mask in masks[1:]:
        whole = pc.and_(whole, mask)
    return whole


def _meets(column: Any, condition: Condition) -> Any:
    """Return which rows meet a condition; null and NaN meet none but MISSING."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if condition.values:
        found = _is_one_of(column, [value for value in condition.values if value != MISSING])
        if MISSING in condition.values:
            found = pc.or_(found, pc.is_null(column, nan_is_null=True))
        return found
    numbers = column.cast(pa.float64(), safe=False)
    found = pc.invert(pc.is_null(numbers, nan_is_null=True))
    if not math.isinf(condition.low):
        found = pc.and_(found, pc.greater_equal(numbers, float(condition.low)))
    if not math.isinf(condition.high):
        found = pc.and_(found, pc.less(numbers, float(condition.high)))
    return pc.fill_null(found, fill_value=False)


def _is_one_of(column: Any, values: list[str]) -> Any:
    """Return which values are among texts: numbers by their value, all else as profiles show it."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    dtype = str(column.type)
    if kind_of(dtype) == "number":
        numbers = pa.array([float(v) for v in values if _is_number(v)], pa.float64())
        return pc.is_in(column.cast(pa.float64(), safe=False), value_set=numbers)
    if kind_of(dtype) == "text":
        return pc.is_in(column.cast(pa.string()), value_set=pa.array(values, pa.string()))
    # Flags, times and whatever else there is: few distinct values, each written as Python writes it.
    distinct = [each for each in column.unique().to_pylist() if each is not None]
    meant = pa.array([each for each in distinct if str(each) in values], column.type)
    return pc.is_in(column, value_set=meant)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
