"""Duplicate id rate."""

from __future__ import annotations

from monitoring.metrics.quality_metric import Measured, QualityMetric, TableFacts, alone


def duplicate_id_rate(facts: TableFacts) -> Measured | None:
    """Return the share of rows whose correlation id another row of the same day has."""
    share = facts.duplicate_ids
    return alone(share) if share and share.rows else None


METRIC = QualityMetric(
    name="duplicate_id_rate",
    label="Duplicate id rate",
    unit="share of rows",
    kinds=frozenset(),
    threshold=0.0,
    source="64-bit hashes of the correlation ids",
    fix="Give each call its own request id: labels join by it, and a repeated one counts twice.",
    of_table=duplicate_id_rate,
)
