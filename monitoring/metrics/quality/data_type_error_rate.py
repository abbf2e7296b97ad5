"""Data type error rate."""

from __future__ import annotations

from monitoring.metrics.quality_metric import KINDS, FeatureFacts, Measured, QualityMetric, risen
from monitoring.statistics.rates import Share


def data_type_error_rate(facts: FeatureFacts) -> Measured | None:
    """Return the share of values that are not of the reference's type; None without values.

    The reference has its own type throughout, so its rate is 0.
    """
    values = facts.errors
    if not values.rows or not facts.reference.rows:
        return None
    return risen(values, Share(0, facts.reference.rows - facts.reference.nulls))


METRIC = QualityMetric(
    name="data_type_error_rate",
    label="Type error rate",
    unit="share of values",
    kinds=KINDS,
    threshold=0.01,
    source="Azure ML DataTypeErrorRate, which counts some nulls too",
    fix="Find the caller that sends another type: text for a number, a fraction for a whole number.",
    of_feature=data_type_error_rate,
    azureml_name="DataTypeErrorRate",
)
