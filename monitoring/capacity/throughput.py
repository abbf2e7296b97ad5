"""Requests of the newest minutes, by the endpoint's platform metrics, which are a minute old."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from monitoring.capacity.latency import NAMESPACE
from monitoring.workspace.blame import BLAMES, blame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitoring.sources.metrics import PlatformMetrics, Series
    from monitoring.window import Window
    from monitoring.workspace.endpoints import Endpoint

_MINUTE = timedelta(minutes=1)
_REQUESTS, _P95 = "RequestsPerMinute", "RequestLatency_P95"


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """One deployment, minute by minute; arrays of shape (minutes,), nan where Azure has nothing.

    times: start of each minute, UTC. requests: all. errors: by whom they are to blame. p95_ms: of
    the minute.
    """

    times: NDArray[np.datetime64]
    requests: NDArray[np.float64]
    errors: dict[str, NDArray[np.float64]]
    p95_ms: NDArray[np.float64]

    @property
    def total(self) -> float:
        """Requests in all minutes."""
        return float(np.nansum(self.requests))

    @property
    def error_rate(self) -> float | None:
        """Share of requests that failed through no fault of the caller; None without requests."""
        faults = sum(float(np.nansum(n)) for who, n in self.errors.items() if who != "client")
        return faults / self.total if self.total else None

    @property
    def newest_p95_ms(self) -> float | None:
        """The 95th percentile of the newest minute that has one."""
        known = self.p95_ms[~np.isnan(self.p95_ms)]
        return float(known[-1]) if len(known) else None

    @property
    def newest(self) -> np.datetime64 | None:
        """Start of the newest minute with requests."""
        busy = self.times[~np.isnan(self.requests)]
        return busy[-1] if len(busy) else None


def minutes(
    metrics: PlatformMetrics, endpoints: Iterable[Endpoint], window: Window
) -> dict[tuple[str, str], Minutes]:
    """Return what the metrics say of each deployment in each minute; keys in lower case.

    At a grain of one minute and split by status code, the average is the count itself.

    Raises:
        NotPermittedError: The identity may not read metrics.
        SourceError: Azure Monitor did not answer.
    """
    ids = {endpoint.id: endpoint.name.lower() for endpoint in endpoints}
    requests = metrics.series(
        [*ids], NAMESPACE, (_REQUESTS,), window, _MINUTE, split_by=("deployment", "statusCode")
    )
    p95 = metrics.series([*ids], NAMESPACE, (_P95,), window, _MINUTE, split_by=("deployment",))
    latency = {_where(ids, series): series for series in p95}
    found: dict[tuple[str, str], list[Series]] = {}
    for series in requests:
        found.setdefault(_where(ids, series), []).append(series)
    return {where: _minutes(each, latency.get(where)) for where, each in found.items()}


def _where(ids: dict[str, str], series: Series) -> tuple[str, str]:
    return ids[series.resource_id], series.dimensions["deployment"].lower()


def _minutes(found: list[Series], latency: Series | None) -> Minutes:
    times = found[0].times
    counts = np.stack([series.values for series in found])
    nothing = np.isnan(counts).all(axis=0)
    errors = {who: np.zeros(len(times)) for who in BLAMES}
    for series in found:
        code = series.dimensions["statusCode"]
        if who := blame(int(code) if code.isdigit() else None).who:
            errors[who] = errors[who] + np.nan_to_num(series.values)
    p95 = np.full(len(times), np.nan)
    if latency is not None:
        at = np.searchsorted(latency.times, times)
        here = at < len(latency.times)
        here[here] = latency.times[at[here]] == times[here]
        p95[here] = latency.values[at[here]]
    requests = np.where(nothing, np.nan, np.nansum(counts, axis=0))
    return Minutes(times, requests, errors, p95)
