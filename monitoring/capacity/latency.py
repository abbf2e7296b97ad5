"""Latency by the endpoint's platform metrics: one number a minute, made before anybody asks.

The metric's percentile of an hour is the mean of sixty percentiles, each of the requests of one
minute, whatever their number. The traffic log's is of all requests of the hour at once. The two
agree where every minute is alike, and part where load comes in bursts: a slow minute with three
requests weighs as much in the mean as a quick one with three hundred.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    import numpy as np
    from numpy.typing import NDArray

    from monitoring.sources.metrics import PlatformMetrics
    from monitoring.window import Window
    from monitoring.workspace.endpoints import Endpoint

NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
METRICS = {
    50: "RequestLatency_P50",
    90: "RequestLatency_P90",
    95: "RequestLatency_P95",
    99: "RequestLatency_P99",
}


@dataclass(frozen=True, slots=True, eq=False)
class MetricPercentile:
    """Mean over each grain of a percentile per minute; arrays of shape (grains,), nan where none."""

    times: NDArray[np.datetime64]
    values_ms: NDArray[np.float64]


def percentiles(
    metrics: PlatformMetrics, endpoints: Iterable[Endpoint], window: Window, grain: timedelta
) -> dict[tuple[str, str], dict[int, MetricPercentile]]:
    """Return the percentiles of each deployment; keys in lower case.

    Raises:
        NotPermittedError: The identity may not read metrics.
        SourceError: Azure Monitor did not answer.
    """
    ids = {endpoint.id: endpoint.name.lower() for endpoint in endpoints}
    which = {name.lower(): percent for percent, name in METRICS.items()}
    found: dict[tuple[str, str], dict[int, MetricPercentile]] = {}
    for series in metrics.series(
        [*ids], NAMESPACE, [*METRICS.values()], window, grain, split_by=("deployment",)
    ):
        where = ids[series.resource_id], series.dimensions["deployment"].lower()
        percent = which[series.metric.lower()]
        found.setdefault(where, {})[percent] = MetricPercentile(series.times, series.values)
    return found
