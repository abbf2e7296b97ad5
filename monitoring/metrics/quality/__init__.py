"""Data-quality metrics, one file each; a file that defines METRIC is found by listing the package."""

from __future__ import annotations

from monitoring.metrics.quality_metric import QualityMetric
from monitoring.plugins import find

METRICS: dict[str, QualityMetric] = find(__name__, "METRIC", QualityMetric)
#: Those about one feature, and those about the rows as a whole.
OF_FEATURES = tuple(name for name, metric in METRICS.items() if metric.of_feature)
OF_TABLE = tuple(name for name, metric in METRICS.items() if metric.of_table)
