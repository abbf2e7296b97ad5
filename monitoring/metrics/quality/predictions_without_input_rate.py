"""Predictions without inputs."""

from __future__ import annotations

from monitoring.metrics.quality_metric import Measured, QualityMetric, TableFacts, alone


def predictions_without_input_rate(facts: TableFacts) -> Measured | None:
    """Return the share of collected predictions whose correlation id no collected input has."""
    share = facts.outputs_alone
    return alone(share) if share and share.rows else None


METRIC = QualityMetric(
    name="predictions_without_input_rate",
    label="Predictions without input",
    unit="share of predictions",
    kinds=frozenset(),
    threshold=0.01,
    source="correlation ids of model_inputs and model_outputs, the days before and after included",
    fix="Pass the context of collect(inputs) on to collect(outputs), and collect all of both.",
    of_table=predictions_without_input_rate,
)
