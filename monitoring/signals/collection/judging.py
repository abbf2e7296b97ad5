"""Data collection: do the model data collector's records arrive, and if not, why?

Judged from the platform metrics of the endpoint, which need no diagnostic setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from monitoring.metric import MetricResult, Status
from monitoring.place import Place
from monitoring.sources.metrics import GRAINS
from monitoring.statistics.rates import Share
from monitoring.verdict import LEAST_ROWS, draft, is_beyond, judge, too_few
from monitoring.window import Window
from monitoring.workspace.collection_reasons import explain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitoring.sources.metrics import PlatformMetrics, Series
    from monitoring.workspace.endpoints import Deployment, Endpoint

SIGNAL = "collection"
NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
EVENTS, ERRORS = "DataCollectionEventsPerMinute", "DataCollectionErrorsPerMinute"
REQUESTS = "RequestsPerMinute"
#: Objectives of the product where the user has set none.
ERROR_RATE = 0.01
#: Less than this share of the records that as many requests usually leave is silence.
COLLECTED_SHARE = 0.05
#: Where so many records are expected, none at all is chance once in a thousand times (Poisson).
LEAST_EXPECTED = 7.0
#: Expected by the ratio that nine of ten steps exceed: at night most answers may come from a cache.
LOW_QUANTILE = 0.1
#: A time of day has a habit of its own once it was seen on so many days.
LEAST_DAYS = 5
#: Fewer records than this in a step and their errors are not judged.
LEAST_RECORDS = LEAST_ROWS
#: Points that are asked for per series; the grain follows from it.
MOST_POINTS = 2_200
_MINUTE = timedelta(minutes=1)
_HINT_OFF = "Enable the data collector of the deployment for model_inputs and model_outputs."
_HINT_SILENT = (
    "Look for errors of the container model-data-collector in the console log, and at changes of the "
    "deployment at that time."
)
_METHOD = (
    "mean per minute x minutes reported, of DataCollectionEventsPerMinute and "
    "DataCollectionErrorsPerMinute"
)


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """What the metrics say of one deployment, one number a step; arrays of shape (steps,).

    requests: answered with 2xx. records: collected, by type; lost: errors, by type and reason.
    """

    requests: NDArray[np.float64]
    records: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    lost: Mapping[tuple[str, str], NDArray[np.float64]] = field(default_factory=dict)

    @property
    def types(self) -> tuple[str, ...]:
        """The collections that either metric knows."""
        return tuple(sorted({*self.records, *(kind for kind, _ in self.lost)}))

    def lost_of(self, kind: str) -> NDArray[np.float64]:
        """Return the errors of one collection, whatever their reason."""
        none = np.zeros_like(self.requests)
        return sum((n for (k, _), n in self.lost.items() if k == kind), none)

    def records_of(self, kind: str) -> NDArray[np.float64]:
        """Return the records of one collection that arrived."""
        return self.records.get(kind, np.zeros_like(self.requests))

    def reason(self, step: int) -> str:
        """Return the reason of most errors of a step, empty if none is given."""
        counts: dict[str, float] = {}
        for (_, reason), n in self.lost.items():
            counts[reason] = counts.get(reason, 0.0) + n[step]
        return max(counts, key=lambda reason: (counts[reason], reason), default="")


def judged(
    metrics: PlatformMetrics, endpoints: Sequence[Endpoint], window: Window, step: timedelta
) -> tuple[MetricResult, ...]:
    """Judge the data collection of every deployment in every step of a window.

    Two results a step and deployment: `collection_error_rate`, the share of records that could not
    be stored, and `collected_share`, what arrived or failed in relation to what as many requests
    usually leave. The second one sees a collector that has fallen silent while requests are
    answered; without requests there is nothing to collect, and no verdict.

    Args:
        step: Length of a step, whole minutes.

    Raises:
        NotPermittedError: The identity may not read metrics.
        SourceError: Azure Monitor did not answer.
    """
    with_deployments = [endpoint for endpoint in endpoints if endpoint.deployments]
    found = collected(metrics, with_deployments, window, step)
    steps = window.split(step)
    results: list[MetricResult] = []
    for endpoint in with_deployments:
        for deployment in endpoint.deployments:
            key = endpoint.name.lower(), deployment.name.lower()
            here = found.get(key, Collected(np.zeros(len(steps))))
            results += of_deployment(deployment.place, steps, here, is_on=_is_on(deployment))
    return tuple(results)


def collected(
    metrics: PlatformMetrics, endpoints: Iterable[Endpoint], window: Window, step: timedelta
) -> dict[tuple[str, str], Collected]:
    """Return requests, records and errors of each deployment; keys in lower case.

    Raises:
        NotPermittedError: The identity may not read metrics.
        SourceError: Azure Monitor did not answer.
    """
    ids = {endpoint.id: endpoint.name.lower() for endpoint in endpoints}
    grain = grain_of(window, step)
    asked = (
        ((REQUESTS,), ("deployment", "statusCodeClass")),
        ((EVENTS,), ("deployment", "type")),
        ((ERRORS,), ("deployment", "type", "reason")),
    )
    counted = _Counts(window, step, grain)
    for names, split_by in asked:
        for series in metrics.series([*ids], NAMESPACE, names, window, grain, split_by=split_by):
            counted.add(ids[series.resource_id], series)
    return counted.of_deployments()


def grain_of(window: Window, step: timedelta) -> timedelta:
    """Return the finest grain that divides the step and keeps a series small.

    >>> from datetime import UTC, datetime
    >>> week = Window.last(timedelta(days=7), until=datetime(2026, 1, 8, tzinfo=UTC))
    >>> grain_of(week, timedelta(hours=1))
    datetime.timedelta(seconds=300)
    """
    fitting = [grain for grain in GRAINS if not step % grain]
    if not fitting:
        raise ValueError(f"a step is whole minutes, got {step}")
    return next((g for g in fitting if window.length / g <= MOST_POINTS), fitting[-1])


class _Counts:
    """Adds up series by deployment and step."""

    def __init__(self, window: Window, step: timedelta, grain: timedelta) -> None:
        self._start = np.datetime64(window.start.replace(tzinfo=None), "s")
        self._step, self._minutes = np.timedelta64(step), grain / _MINUTE
        self._steps = len(window.split(step))
        self._found: dict[tuple[str, str], dict[tuple[str, ...], NDArray[np.float64]]] = {}

    def add(self, endpoint: str, series: Series) -> None:
        dimensions = {name.lower(): value for name, value in series.dimensions.items()}
        where = endpoint, dimensions["deployment"].lower()
        match series.metric:
            case "RequestsPerMinute" if not dimensions["statuscodeclass"].startswith("2"):
                return
            case "RequestsPerMinute":
                what: tuple[str, ...] = (REQUESTS,)
            case "DataCollectionEventsPerMinute":
                what = (EVENTS, dimensions["type"])
            case _:
                what = (ERRORS, dimensions["type"], dimensions["reason"])
        known = ~np.isnan(series.values)
        at = ((series.times[known] - self._start) // self._step).astype(np.int64)
        counts = np.bincount(at, series.values[known] * self._minutes, self._steps)[: self._steps]
        here = self._found.setdefault(where, {})
        here[what] = here.get(what, np.zeros(self._steps)) + counts

    def of_deployments(self) -> dict[tuple[str, str], Collected]:
        return {
            where: Collected(
                parts.get((REQUESTS,), np.zeros(self._steps)),
                {what[1]: n for what, n in parts.items() if what[0] == EVENTS},
                {(what[1], what[2]): n for what, n in parts.items() if what[0] == ERRORS},
            )
            for where, parts in self._found.items()
        }


def of_deployment(
    place: Place, steps: Sequence[Window], found: Collected, *, is_on: bool
) -> list[MetricResult]:
    """Judge one deployment, two results a step. Where collection is off there is nothing to judge."""
    usual = usual_by_hour(found, [window.start for window in steps])
    results = []
    for n, window in enumerate(steps):
        results.append(_error_rate(place, window, found, n, is_on=is_on))
        results.append(_collected_share(place, window, found, n, usual[n], is_on=is_on))
    return results


@dataclass(frozen=True, slots=True)
class Usual:
    """Records that an answered request leaves: in the median step, and in nine of ten at least."""

    median: float
    low: float


def usual_records(found: Collected) -> dict[str, Usual]:
    """Return by type how many records an answered request usually leaves.

    Over the steps that have any, so that an outage does not count as usual. Below 1 where the
    scoring script collects only a part, such as answers that were not in its cache.

    >>> usual_records(Collected(np.array([10.0, 10.0, 10.0]), {"model_inputs": np.array([5.0, 5.0, 0.0])}))
    {'model_inputs': Usual(median=0.5, low=0.5)}
    """
    usual = {}
    for kind in found.types:
        records = found.records_of(kind) + found.lost_of(kind)
        busy = (found.requests > 0) & (records > 0)
        if busy.any():
            ratios = records[busy] / found.requests[busy]
            usual[kind] = Usual(float(np.median(ratios)), float(np.quantile(ratios, LOW_QUANTILE)))
    return usual


def usual_by_hour(found: Collected, starts: Sequence[datetime]) -> list[dict[str, Usual]]:
    """Return for each step what is usual at its time of day.

    Where answers come from a cache at night, nothing is collected then, night after night. Times of
    day that were seen on fewer than LEAST_DAYS days are taken to be as the whole window is.
    """
    whole = usual_records(found)
    times = [start.time() for start in starts]
    usual = {}
    for time in set(times):
        here = np.array([each == time for each in times]) & (found.requests > 0)
        usual[time] = whole
        if here.sum() >= LEAST_DAYS:
            usual[time] = {kind: _usual_at(found, kind, here) for kind in whole}
    return [usual[time] for time in times]


def _usual_at(found: Collected, kind: str, here: NDArray[np.bool_]) -> Usual:
    """Steps without a record count here: an outage of some days moves neither number to zero."""
    records = found.records_of(kind)[here] + found.lost_of(kind)[here]
    ratios = records / found.requests[here]
    return Usual(float(np.median(ratios)), float(np.quantile(ratios, LOW_QUANTILE)))


def _error_rate(
    place: Place, window: Window, found: Collected, step: int, *, is_on: bool
) -> MetricResult:
    lost = float(sum(found.lost_of(kind)[step] for kind in found.types))
    records = lost + float(sum(found.records_of(kind)[step] for kind in found.types))
    share = Share(lost, records)
    why, fix = explain(found.reason(step)) if share.hits else ("", "")
    if not records:
        why = "nothing was collected in this step" if is_on else "the data collector is off"
        fix = "" if is_on else _HINT_OFF
    measured = draft(
        signal=SIGNAL,
        metric="collection_error_rate",
        place=place,
        threshold=ERROR_RATE,
        unit="share of records",
        method=f"{_METHOD}; interval Wilson (1927)",
        window=window,
        value=share.rate if records else None,
        interval=share.interval if records else None,
        rows=round(records),
        reason=why,
        hint=fix,
    )
    few = too_few(round(records), LEAST_RECORDS, "records")
    return judge(measured, by="interval", few=few and "; ".join(filter(None, (few, why))))


def _collected_share(
    place: Place,
    window: Window,
    found: Collected,
    step: int,
    usual: Mapping[str, Usual],
    *,
    is_on: bool,
) -> MetricResult:
    requests = float(found.requests[step])
    value, what = _least_collected(found, step, usual, is_on=is_on)
    silent = value is not None and is_beyond(value, COLLECTED_SHARE, "lower")
    said = f"collection stopped: {requests:,.0f} requests were answered, {what} was collected"
    measured = draft(
        signal=SIGNAL,
        metric="collected_share",
        place=place,
        threshold=COLLECTED_SHARE,
        worse="lower",
        unit="of the usual records per answered request",
        method=f"{_METHOD}, over RequestsPerMinute answered with 2xx x the median ratio at this time of day",
        window=window,
        value=value,
        rows=round(requests),
        reason=said if silent else "",
        hint=_HINT_SILENT if silent else "",
    )
    blind = _blind(requests, usual, is_on=is_on) if value is None else None
    return judge(measured, blind=blind)


def _least_collected(
    found: Collected, step: int, usual: Mapping[str, Usual], *, is_on: bool
) -> tuple[float | None, str]:
    """Return the smallest share of the usual records of a collection, and what it is a share of."""
    requests = float(found.requests[step])
    shares = {
        kind: float(found.records_of(kind)[step] + found.lost_of(kind)[step])
        / (rate.median * requests)
        for kind, rate in usual.items()
        if rate.low * requests >= LEAST_EXPECTED
    }
    if shares:
        worst = min(shares, key=lambda kind: (shares[kind], kind))
        return shares[worst], f"{shares[worst]:.0%} of the usual records of {worst}"
    nothing_ever = is_on and not usual and requests >= LEAST_RECORDS
    return (0.0, "nothing") if nothing_ever else (None, "")


def _blind(requests: float, usual: Mapping[str, Usual], *, is_on: bool) -> tuple[Status, str]:
    """Return why silence cannot be told in a step."""
    if not is_on and not usual:
        return "no_data", "the data collector is off"
    if not requests:
        return "no_data", "no request was answered"
    needed = f"{LEAST_EXPECTED:.0f} records expected" if usual else f"{LEAST_RECORDS} requests"
    return "not_enough_data", f"{requests:.0f} requests answered, {needed} needed"


def _is_on(deployment: Deployment) -> bool:
    return any(collection.enabled for collection in deployment.collections.values())
