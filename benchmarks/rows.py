"""The Parquet files of the drift benchmark: 20 numerical and 10 categorical columns, two roles.

Row group g of a role depends on the seed, the role and g only, so the small files are the first
rows of the large ones. `production` differs from `reference` in about a third of the columns.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

Role = Literal["reference", "production"]
Draw: TypeAlias = Callable[[np.random.Generator, int, bool], NDArray[np.float64 | np.int64]]

SEED = 2013
ROW_GROUP_ROWS = 122_880


def _bimodal(r: np.random.Generator, n: int, drifted: bool) -> NDArray[np.float64]:  # noqa: FBT001 - as Draw
    return np.where(r.random(n) < (0.40 if drifted else 0.35), r.normal(0, 1, n), r.normal(6, 2, n))


def _zero_inflated(r: np.random.Generator, n: int, _: bool) -> NDArray[np.float64]:  # noqa: FBT001 - as Draw
    return np.where(r.random(n) < 0.6, 0.0, r.lognormal(3, 1, n))


def _ties(r: np.random.Generator, n: int, drifted: bool) -> NDArray[np.float64]:  # noqa: FBT001 - as Draw
    return np.where(r.random(n) < (0.995 if drifted else 0.999), 1.0, r.normal(1, 0.5, n))


#: Name -> draw of n values, drifted or not. Whole numbers are stored as integers.
NUMERICAL: dict[str, Draw] = {
    "normal": lambda r, n, drifted: r.normal(51 if drifted else 50, 10, n),
    "lognormal_1": lambda r, n, drifted: r.lognormal(0, 1.05 if drifted else 1, n),
    "lognormal_2": lambda r, n, _: r.lognormal(0, 2, n),
    "student_t3": lambda r, n, _: r.standard_t(3, n),
    "uniform": lambda r, n, drifted: r.uniform(0, 1.02 if drifted else 1, n),
    "gamma": lambda r, n, _: r.gamma(2, 3, n),
    "exponential": lambda r, n, _: r.exponential(5, n),
    "bimodal": _bimodal,
    "poisson": lambda r, n, drifted: r.poisson(4.2 if drifted else 4, n),
    "whole_numbers": lambda r, n, _: r.integers(0, 10_000, n),
    "one_decimal": lambda r, n, _: np.round(r.normal(20, 8, n), 1),
    "zero_inflated": _zero_inflated,
    "scale_1e12": lambda r, n, _: r.normal(1e12, 1e11, n),
    "scale_1e_6": lambda r, n, drifted: r.normal(1.1e-6 if drifted else 1e-6, 1e-6, n),
    "ties": _ties,
    "beta": lambda r, n, _: r.beta(0.5, 0.5, n),
    "pareto": lambda r, n, _: r.pareto(1.5, n),
    "digits": lambda r, n, _: r.integers(0, 10, n),
    "half_null": lambda r, n, _: r.normal(0, 1, n),
    "clipped": lambda r, n, _: np.clip(r.normal(0.5, 0.4, n), 0, 1),
}
#: Name -> number of labels. Their shares fall as in Zipf's law.
CATEGORICAL = {f"labels_{labels}": labels for labels in (2, 3, 5, 7, 12, 24, 50, 100, 300, 1_000)}
DRIFTED_LABELS = {"labels_5", "labels_50", "labels_1000"}
NULL_SHARES = {"gamma": 0.10, "half_null": 0.50, "one_decimal": 0.02, "labels_7": 0.05}
COLUMNS = (*NUMERICAL, *CATEGORICAL)


def write(path: Path, role: Role, rows: int) -> None:
    """Write `rows` rows as Snappy Parquet, one row group in memory at a time."""
    part = path.with_suffix(f".{os.getpid()}.part")  # another run may write the same file
    with pq.ParquetWriter(part, _schema(), compression="snappy") as writer:
        for group, start in enumerate(range(0, rows, ROW_GROUP_ROWS)):
            writer.write_table(_row_group(role, group).slice(0, rows - start))
    part.rename(path)


def _schema() -> pa.Schema:
    probe = _row_group("reference", 0, rows=1)
    return probe.schema


def _row_group(role: Role, group: int, rows: int = ROW_GROUP_ROWS) -> pa.Table:
    rng = np.random.default_rng([SEED, role == "production", group])
    columns = [
        _numerical(rng, name, role, rows) if name in NUMERICAL else _labels(rng, name, role, rows)
        for name in COLUMNS
    ]
    return pa.table(columns, names=list(COLUMNS))


def _numerical(rng: np.random.Generator, name: str, role: Role, rows: int) -> pa.Array:
    values = NUMERICAL[name](rng, rows, role == "production")
    return pa.array(values, mask=_nulls(rng, name, rows))


def _labels(rng: np.random.Generator, name: str, role: Role, rows: int) -> pa.Array:
    shares = 1 / np.arange(1, CATEGORICAL[name] + 1)
    if role == "production" and name in DRIFTED_LABELS:
        shares[0] *= 0.8
    upto = np.cumsum(shares / shares.sum())
    codes = np.minimum(np.searchsorted(upto, rng.random(rows), side="right"), len(shares) - 1)
    texts = pa.array([f"{name}_{code:03d}" for code in range(len(shares))])
    indices = pa.array(codes.astype(np.int32), mask=_nulls(rng, name, rows))
    return pa.DictionaryArray.from_arrays(indices, texts).cast(pa.string())


def _nulls(rng: np.random.Generator, name: str, rows: int) -> NDArray[np.bool_] | None:
    share = NULL_SHARES.get(name)
    return rng.random(rows) < share if share else None
