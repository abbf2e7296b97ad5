"""Lost line rate."""

from __future__ import annotations

from monitoring.metrics.quality_metric import Measured, QualityMetric, TableFacts, alone


def lost_line_rate(facts: TableFacts) -> Measured | None:
    """Return the share of collected lines that no row could be read from."""
    share = facts.lost_lines
    return alone(share) if share and share.rows else None


METRIC = QualityMetric(
    name="lost_line_rate",
    label="Lost line rate",
    unit="share of collected lines",
    kinds=frozenset(),
    threshold=0.01,
    source="lines of the model data collector",
    fix="See the collection faults below for what is wrong with the lines.",
    of_table=lost_line_rate,
)
