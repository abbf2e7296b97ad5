"""Inputs without a prediction."""

from __future__ import annotations

from monitoring.metrics.quality_metric import Measured, QualityMetric, TableFacts, alone


def inputs_without_prediction_rate(facts: TableFacts) -> Measured | None:
    """Return the share of collected inputs whose correlation id no collected prediction has."""
    share = facts.inputs_alone
    return alone(share) if share and share.rows else None


METRIC = QualityMetric(
    name="inputs_without_prediction_rate",
    label="Inputs without prediction",
    unit="share of inputs",
    kinds=frozenset(),
    threshold=0.01,
    source="correlation ids of model_inputs and model_outputs, the days before and after included",
    fix="Failed requests, or a collector that samples inputs and outputs apart: collect all of both.",
    of_table=inputs_without_prediction_rate,
)
