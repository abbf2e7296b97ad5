"""Arrow columns as numbers, whatever they were written as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats
from monitoring.counting.engine.columns import numbers, valid

if TYPE_CHECKING:
    import pyarrow as pa


def floats(column: pa.Array) -> Floats:
    """Return numbers as float64, NaN for null and for texts that are no number, shape (n,)."""
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay

    dtype = column.type
    if pa.types.is_null(dtype):
        return np.full(len(column), np.nan)
    if pa.types.is_boolean(dtype):
        column = column.cast(pa.int8())
    if pa.types.is_string(dtype) or pa.types.is_large_string(dtype):
        column = column.dictionary_encode()
    if pa.types.is_dictionary(column.type):
        texts = column.dictionary.to_pylist()
        found: Floats = np.array([*(_number(text) for text in texts), np.nan])[places(column)]
        return found
    rows = valid(column)
    if rows is None:
        return numbers(column)
    whole = np.full(len(column), np.nan)
    whole[rows] = numbers(column)
    return whole


def missing(column: pa.Array) -> NDArray[np.bool_]:
    """Return which rows are null, or NaN in a column of numbers, shape (n,)."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_floating(column.type):
        return np.isnan(floats(column))
    if pa.types.is_null(column.type):
        return np.ones(len(column), bool)
    rows = valid(column)
    return np.zeros(len(column), bool) if rows is None else ~rows


def places(column: pa.Array) -> NDArray[Any]:
    """Return the place of each row of a dictionary column in its dictionary; one past it for null."""
    rows, found = valid(column.indices), plain(column.indices)
    return found if rows is None else np.where(rows, found, len(column.dictionary))


def plain(column: pa.Array) -> NDArray[Any]:
    """Return whole numbers or times as they lie in memory; what stands for a null is anything."""
    import pyarrow as pa  # noqa: PLC0415

    sign = "u" if pa.types.is_unsigned_integer(column.type) else "i"
    dtype = np.dtype(f"{sign}{column.type.bit_width // 8}")
    return np.frombuffer(column.buffers()[1], dtype)[column.offset : column.offset + len(column)]


def _number(value: object) -> float:
    try:
        return np.nan if value is None else float(str(value))
    except ValueError:
        return np.nan
