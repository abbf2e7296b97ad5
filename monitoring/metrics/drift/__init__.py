"""Drift metrics, one file each; a file that defines METRIC is found by listing the package."""

from __future__ import annotations

from monitoring.metrics.drift_metric import Metric
from monitoring.plugins import find

METRICS: dict[str, Metric] = find(__name__, "METRIC", Metric)
#: The metric that decides on a feature in the robust mode.
HEADLINE = {
    "numerical": "normalized_wasserstein_distance",
    "categorical": "jensen_shannon_distance",
}
