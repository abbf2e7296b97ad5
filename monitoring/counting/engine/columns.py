"""Arrow columns as numpy arrays, without the import of pandas that Arrow's own conversion makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

    from monitoring.arrays import Floats

_TICKS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
SECONDS_A_DAY = 86_400.0


def kind_of(dtype: str) -> str | None:
    """Return `number`, `flag`, `text` or `time` for an Arrow type text; None if it is none of them.

    >>> [kind_of(t) for t in ("double", "bool", "string", "timestamp[us, tz=UTC]", "list<item: int64>")]
    ['number', 'flag', 'text', 'time', None]
    """
    if dtype == "bool":
        return "flag"
    if dtype.startswith(("int", "uint", "double", "float", "halffloat", "decimal")):
        return "number"
    if dtype.startswith(("string", "large_string", "dictionary<values=string")):
        return "text"
    if dtype.startswith(("timestamp", "date")):
        return "time"
    return None


def is_integer(dtype: str) -> bool:
    """Whether an Arrow type text is an integer's."""
    return dtype.startswith(("int", "uint"))


def valid(chunk: pa.Array) -> NDArray[np.bool_] | None:
    """Return which rows are not null, shape (n,); None if all are."""
    if not chunk.null_count:
        return None
    bits = np.frombuffer(chunk.buffers()[0], np.uint8)
    flags = np.unpackbits(bits, bitorder="little")[chunk.offset : chunk.offset + len(chunk)]
    return flags.astype(bool)


def numbers(chunk: pa.Array) -> Floats:
    """Return the values that are not null as float64, shape (n - nulls,); times in seconds of 1970.

    NaN and infinity are left in.
    """
    import pyarrow as pa  # noqa: PLC0415

    dtype = chunk.type
    if pa.types.is_dictionary(dtype) or pa.types.is_decimal(dtype) or pa.types.is_float16(dtype):
        chunk = chunk.cast(pa.float64())
        dtype = chunk.type
    plain: np.dtype[Any]
    scale = 1.0
    if pa.types.is_timestamp(dtype):
        plain, scale = np.dtype(np.int64), 1 / _TICKS[dtype.unit]
    elif pa.types.is_date32(dtype):
        plain, scale = np.dtype(np.int32), SECONDS_A_DAY
    elif pa.types.is_date64(dtype):
        plain, scale = np.dtype(np.int64), 1e-3
    else:
        plain = np.dtype(dtype.to_pandas_dtype())
    values = np.frombuffer(chunk.buffers()[1], plain)[chunk.offset : chunk.offset + len(chunk)]
    rows = valid(chunk)
    if rows is not None:
        values = values[rows]
    result = values.astype(np.float64, copy=False)
    return result * scale if scale != 1.0 else result


def texts(chunk: pa.Array) -> dict[str, int]:
    """Return rows per text, nulls left out; booleans as True and False, numbers as Python writes them."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_boolean(chunk.type):
        true = int(chunk.true_count)
        false = len(chunk) - chunk.null_count - true
        return {label: n for label, n in (("True", true), ("False", false)) if n}
    if not pa.types.is_dictionary(chunk.type):
        chunk = chunk.dictionary_encode()
    codes = np.frombuffer(chunk.indices.buffers()[1], chunk.indices.type.to_pandas_dtype())
    codes = codes[chunk.indices.offset : chunk.indices.offset + len(chunk)]
    rows = valid(chunk.indices)
    if rows is not None:
        codes = codes[rows]
    counts = np.bincount(codes, minlength=len(chunk.dictionary))
    labels = chunk.dictionary.to_pylist()
    return {str(labels[i]): int(counts[i]) for i in np.flatnonzero(counts)}
