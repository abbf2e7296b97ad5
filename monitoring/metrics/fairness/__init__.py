"""Fairness: metrics of each group, and how far apart groups are; one metric a file."""

from __future__ import annotations

from monitoring.metrics.fairness.disparities import METRICS as DISPARITIES
from monitoring.metrics.fairness.group_metrics import METRICS as GROUP_METRICS

__all__ = ["DISPARITIES", "GROUP_METRICS", "HEADLINE"]

#: The group metric that a page begins with, by task.
HEADLINE = {
    "binary_classification": "selection_rate",
    "multiclass_classification": "accuracy",
    "regression": "mean_absolute_error",
}
