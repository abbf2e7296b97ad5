"""Requests that two deployments both answered, as with mirrored traffic: do they agree?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring.arrays import Floats
from monitoring.counting.engine import classes as classes_
from monitoring.counting.engine.losses import losses
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.totals.outcomes import Columns, LossName
from monitoring.metric import Interval
from monitoring.sources.deployed import PredictedDays
from monitoring.statistics.intervals import Z, wilson

KEY = "correlationid"
WHY_NONE = (
    "The two answered no request in common: each request went to one of them. To score the same "
    "requests, mirror a share of the traffic to the new deployment (shadow testing)."
)


@dataclass(frozen=True, eq=False)
class Shared:
    """Requests with the same correlation id on both sides.

    requests: how many. agreement: of a classifier the share with the same answer, of a regression the
    mean of |second - first|; None without any. losses: of both sides on the shared requests with a
    label, shape (n,). reason: why there is nothing.
    """

    requests: int = 0
    agreement: float | None = None
    interval: Interval | None = None
    is_share: bool = True
    losses: tuple[Floats, Floats] = field(default_factory=lambda: (np.empty(0), np.empty(0)))
    reason: str = ""


def shared_requests(
    first: PredictedDays, second: PredictedDays, loss: LossName | None = None
) -> Shared:
    """Find the requests that both answered, on whichever day each was collected.

    Args:
        first: Predictions by day.
        loss: What to take of those with a label; None for nothing.

    Raises:
        InputError: A file cannot be read.
    """
    tables = [list(each.tables.values()) for each in (first, second)]
    if not all(tables):
        return Shared(reason="One of them has no predictions in the window.")
    ids = [_column(each, KEY) for each in tables]
    place = pc.index_in(ids[1], value_set=ids[0])
    here = place.is_valid().to_numpy(zero_copy_only=False)
    if not here.any():
        return Shared(reason=WHY_NONE)
    at_second = np.flatnonzero(here)
    at_first = place.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    _, once = np.unique(at_first, return_index=True)  # a repeated id counts once
    at_first, at_second = at_first[once], at_second[once]
    found = _agreement(tables, (first.columns, second.columns), at_first, at_second)
    if loss is None or len(first.tables) == 0:
        return found
    every = [*tables[0], *tables[1]]
    is_number = first.columns.task == "regression"
    known = () if is_number else classes_.classes_of(every, first.columns)
    one = losses(tables[0], first.columns, loss, known)[at_first]
    two = losses(tables[1], second.columns, loss, known)[at_second]
    both = ~(np.isnan(one) | np.isnan(two))
    return Shared(
        found.requests, found.agreement, found.interval, found.is_share, (one[both], two[both])
    )


def _agreement(
    tables: Sequence[Sequence[Table]],
    columns: tuple[Columns, Columns],
    at_first: NDArray[np.int64],
    at_second: NDArray[np.int64],
) -> Shared:
    one = _column(tables[0], columns[0].prediction).take(pa.array(at_first))
    two = _column(tables[1], columns[1].prediction).take(pa.array(at_second))
    n = len(at_first)
    if columns[0].task == "regression":
        apart = np.abs(_numbers(two) - _numbers(one))
        apart = apart[~np.isnan(apart)]
        if not len(apart):
            return Shared(n, is_share=False, reason="No shared request has two answers.")
        value = float(apart.mean())
        reach = Z * float(apart.std()) / len(apart) ** 0.5
        return Shared(n, value, Interval(max(value - reach, 0.0), value + reach), is_share=False)
    known = classes_.classes_of([*tables[0], *tables[1]], columns[0])
    place = {name: code for code, name in enumerate(known)}
    codes = [classes_.codes_of(each, place, none=-2) for each in (one, two)]
    same = int((codes[0] == codes[1]).sum())
    return Shared(n, same / n, wilson(same / n, n))


def _numbers(values: pa.Array) -> Floats:
    found: Floats = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _column(tables: Sequence[Table], name: str) -> pa.Array:
    parts = []
    for path in (path for table in tables for path in table.paths):
        column = open_parquet(path).read(columns=[name])[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        parts += column.chunks
    return pa.concat_arrays([part.cast(parts[0].type) for part in parts])
