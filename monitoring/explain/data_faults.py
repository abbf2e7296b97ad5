"""Which results of data quality speak of broken data, and not just of another season."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from monitoring.metric import MetricResult

#: Data quality that speaks of broken data; values out of bounds may just be another season.
FAULTS = frozenset(
    {
        "null_value_rate",
        "data_type_error_rate",
        "new_category_rate",
        "constant_column",
        "schema_changes",
    }
)
#: A rate of values out of bounds that grows by so much from one day to the next is no season.
LEAST_JUMP = 0.5


def faults_among(
    results: Sequence[MetricResult],
    daily: Mapping[date, Sequence[MetricResult]],
    *,
    fell: bool,
) -> tuple[MetricResult, ...]:
    """Return what of data quality speaks of broken data: nulls, types, new categories, units.

    A season moves values out of bounds day by day; a change of unit does so overnight, and is taken
    for one only if performance fell too: weather turns overnight as well.

    Args:
        results: Over the whole window.
        daily: The same for each day.
        fell: Whether realized performance breached.
    """
    jumped = _jumped(daily) if fell else set()
    return tuple(
        each
        for each in results
        if each.metric in FAULTS or (each.metric == "out_of_bounds_rate" and each.subject in jumped)
    )


def _jumped(daily: Mapping[date, Sequence[MetricResult]]) -> set[str]:
    rates: dict[str, list[float]] = {}
    for day in sorted(daily):
        for each in daily[day]:
            if each.metric == "out_of_bounds_rate" and each.value is not None:
                rates.setdefault(each.subject, []).append(each.value)
    return {
        subject
        for subject, values in rates.items()
        if any(after - before >= LEAST_JUMP for before, after in pairwise(values))
    }
