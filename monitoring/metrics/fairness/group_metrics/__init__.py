"""Metrics of one group, compared with all other groups; one metric a file."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupMetric
from monitoring.plugins import find

METRICS: dict[str, GroupMetric] = find(__name__, "METRIC", GroupMetric)
