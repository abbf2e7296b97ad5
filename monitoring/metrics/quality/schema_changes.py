"""Schema changes."""

from __future__ import annotations

from monitoring.metrics.quality_metric import Measured, QualityMetric, TableFacts


def schema_changes(facts: TableFacts) -> Measured | None:
    """Return how many columns are missing, new, or of another type than in the reference."""
    if not facts.rows or not facts.columns:
        return None
    return Measured(
        value=float(len(facts.changes)),
        rows=facts.rows,
        method="names and types of the columns, compared",
    )


METRIC = QualityMetric(
    name="schema_changes",
    label="Schema changes",
    unit="columns",
    kinds=frozenset(),
    threshold=0.0,
    source="names and types of both sides",
    fix="Ask who changed the caller or the scoring script; the change log of the deployment may say.",
    of_table=schema_changes,
)
