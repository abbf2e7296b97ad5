"""Null value rate."""

from __future__ import annotations

from monitoring.metrics.quality_metric import KINDS, FeatureFacts, Measured, QualityMetric, risen
from monitoring.statistics.rates import Share


def null_value_rate(facts: FeatureFacts) -> Measured | None:
    """Return the share of rows that are null or NaN; None without rows.

    A value of another type is no null, though it was read as one.
    """
    reference = facts.reference
    if not reference.rows or not facts.production.rows:
        return None
    return risen(facts.nulls, Share(reference.nulls, reference.rows))


METRIC = QualityMetric(
    name="null_value_rate",
    label="Null rate",
    unit="share of rows",
    kinds=KINDS,
    threshold=0.02,
    source="Azure ML NullValueRate, which does not count NaN",
    fix="Look at the feed that fills this column, and at what the scoring script does with a null.",
    of_feature=null_value_rate,
    azureml_name="NullValueRate",
)
