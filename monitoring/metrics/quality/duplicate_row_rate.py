"""Duplicate row rate."""

from __future__ import annotations

from dataclasses import replace

from monitoring.metrics.quality_metric import Measured, QualityMetric, TableFacts, alone, risen


def duplicate_row_rate(facts: TableFacts) -> Measured | None:
    """Return the share of rows that repeat another row of the same day in every feature.

    Compared with the days before, because rows of a few categories repeat by chance; with the
    reference while those days are too few.
    """
    if facts.duplicate_rows is None or not facts.duplicate_rows.rows:
        return None
    reference = facts.reference_duplicate_rows
    if reference is None or not reference.rows:
        return alone(facts.duplicate_rows)
    found = risen(facts.duplicate_rows, reference)
    return replace(found, method=f"{found.method}; repeats within a day")


METRIC = QualityMetric(
    name="duplicate_row_rate",
    label="Duplicate row rate",
    unit="share of rows",
    kinds=frozenset(),
    threshold=0.05,
    source="64-bit hashes of all features",
    fix="Look for a caller that retries, or a job that was run twice.",
    of_table=duplicate_row_rate,
)
