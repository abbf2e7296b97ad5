"""The exact Kolmogorov-Smirnov distance of every numerical column: REFERENCE PRODUCTION.

By sorting all values of both files; what the binned distance and its certified bound are held to.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from numpy.typing import NDArray


def exact(reference: str, production: str) -> dict[str, float]:
    """Return the distance by column."""
    schema = pq.read_schema(reference)
    names = [field.name for field in schema if not pa.types.is_string(field.type)]
    return {name: _distance(_values(reference, name), _values(production, name)) for name in names}


def _values(path: str, name: str) -> NDArray[np.float64]:
    column = pq.ParquetFile(path).read(columns=[name])[name].drop_null()
    return np.sort(column.to_numpy().astype(np.float64))


def _distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    worst = 0.0
    for at in (first, second):
        gap = np.searchsorted(first, at, "right") / len(first)
        gap -= np.searchsorted(second, at, "right") / len(second)
        worst = max(worst, float(np.abs(gap).max()))
    return worst


if __name__ == "__main__":
    print(json.dumps(exact(*sys.argv[1:])))
