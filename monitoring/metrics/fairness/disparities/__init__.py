"""How far apart all groups are, in one number; one metric a file."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import Disparity
from monitoring.plugins import find

METRICS: dict[str, Disparity] = find(__name__, "METRIC", Disparity)
