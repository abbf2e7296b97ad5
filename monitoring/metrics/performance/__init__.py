"""Realized performance: predictions against labels that have arrived, one metric a file."""

from __future__ import annotations

from monitoring.metrics.performance_metric import PerformanceMetric
from monitoring.plugins import find

METRICS: dict[str, PerformanceMetric] = find(__name__, "METRIC", PerformanceMetric)
#: The metric that stands for a model on the overview, by task.
HEADLINE = {
    "binary_classification": "accuracy",
    "multiclass_classification": "accuracy",
    "regression": "mean_absolute_error",
}
