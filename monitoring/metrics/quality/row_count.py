"""Row count."""

from __future__ import annotations

import math

from monitoring.metric import Interval
from monitoring.metrics.quality_metric import Measured, QualityMetric, TableFacts
from monitoring.statistics.intervals import Z


def row_count(facts: TableFacts) -> Measured | None:
    """Return the rows of a day over those of a usual day; None while no day is usual yet.

    Usual is the median of the days before. The interval counts rows as independent; the p-value
    also allows for how much the usual days differ.
    """
    usual = facts.usual
    if usual is None or not usual.rows:
        return None
    spread = math.hypot(math.sqrt(usual.rows), usual.spread)
    reach = Z * math.sqrt(max(facts.rows, 1)) / usual.rows
    value = facts.rows / usual.rows
    return Measured(
        value=value,
        rows=facts.rows,
        reference_rows=round(usual.rows),
        baseline=1.0,
        interval=Interval(max(value - reach, 0.0), value + reach),
        pvalue=0.5 * math.erfc((usual.rows - facts.rows) / spread / math.sqrt(2)),
        needed=round(usual.rows),
        method=f"over the median of {usual.days} days before",
    )


METRIC = QualityMetric(
    name="row_count",
    label="Rows against usual",
    unit="times a usual day",
    kinds=frozenset(),
    threshold=0.5,
    source="median and median absolute deviation of the days before; normal limit",
    fix="Fewer requests, or fewer collected? Compare with the requests on the overview.",
    of_table=row_count,
    worse="lower",
    azureml_name="RowCount",
)
