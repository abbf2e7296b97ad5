"""Silent hours rate."""

from __future__ import annotations

import math

from monitoring.metrics.quality_metric import Measured, QualityMetric, TableFacts

#: An hour that usually has fewer rows may well have none: e to the power of -7 is 0.0009.
LEAST_USUAL = 7.0


def silent_hours_rate(facts: TableFacts) -> Measured | None:
    """Return the share of a usual day's rows that fall in hours without any row today.

    Only hours that usually have 7 rows or more can be silent. None while no day is usual yet.
    """
    usual = facts.usual
    if usual is None or not usual.by_hour or not sum(usual.by_hour):
        return None
    here = facts.by_hour or (0,) * len(usual.by_hour)
    silent = [
        expected
        for expected, rows in zip(usual.by_hour, here, strict=True)
        if not rows and expected >= LEAST_USUAL
    ]
    hours = len(usual.by_hour)
    return Measured(
        value=sum(silent) / sum(usual.by_hour),
        rows=facts.rows,
        reference_rows=round(usual.rows),
        pvalue=min(hours * math.exp(-max(silent)), 1.0) if silent else 1.0,
        needed=round(usual.rows),
        method=f"hours without a row against the median of {usual.days} days before",
    )


METRIC = QualityMetric(
    name="silent_hours_rate",
    label="Silent hours",
    unit="share of a usual day's rows",
    kinds=frozenset(),
    threshold=0.01,
    source="Poisson chance of an hour without a row",
    fix="Check the collector's permission on the storage account, and whether the endpoint was up.",
    of_table=silent_hours_rate,
)
