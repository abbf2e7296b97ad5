"""Platform metrics of Azure Monitor, as series that show their gaps and say what was cut off."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from monitoring.sources.failures import BUSY, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from monitoring.sources.azure import Azure
    from monitoring.window import Window

#: What one getBatch call may ask for.
RESOURCES_A_CALL = 50
METRICS_A_CALL = 20
DAYS_A_CALL = timedelta(days=30)
#: Series asked for per metric and resource. Azure returns 10 unless told, and cuts without a word.
TOP = 500
#: Seconds to wait before each further attempt while the metrics backend is busy. The SDK does not
#: repeat this POST on a bare 429 or 529.
PAUSES = (1.0, 2.0, 4.0, 8.0)
AGGREGATIONS = ("Average", "Minimum", "Maximum", "Total", "Count")
GRAINS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 360, 720, 1440))
_CALLS_AT_ONCE = 4
_ROLE = "Monitoring Reader on the subscription (on the resource alone is not enough)"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One metric of one resource over time, for one value of each dimension it is split by.

    times: start of each grain, UTC, shape (n,). values: shape (n,), nan where Azure has nothing,
    which is not zero. truncated: Azure had more series of this metric and resource than it sent.
    """

    resource_id: str
    metric: str
    unit: str
    dimensions: Mapping[str, str]
    times: NDArray[np.datetime64]
    values: NDArray[np.float64]
    truncated: bool = False


class _Key(NamedTuple):
    resource: str
    metric: str
    dimensions: tuple[str, ...]


@dataclass
class _Parts:
    """What the calls brought for one series."""

    unit: str
    truncated: bool = False
    times: list[NDArray[np.datetime64]] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def is_measured(self) -> bool:
        """Azure sends series without a point too: one that nothing was measured of is none."""
        return any(np.isfinite(values).any() for values in self.values)


@dataclass(frozen=True)
class _Call:
    region: str
    resource_ids: tuple[str, ...]
    namespace: str
    metrics: tuple[str, ...]
    window: Window
    grain: timedelta
    aggregation: str
    split_by: tuple[str, ...]


@dataclass
class PlatformMetrics:
    """Asks for platform metrics, as many resources at once as Azure allows."""

    azure: Azure
    pause: Callable[[float], None] = time.sleep
    _regions: dict[str, str] = field(default_factory=dict, repr=False)

    def series(
        self,
        resource_ids: Sequence[str],
        namespace: str,
        metrics: Sequence[str],
        window: Window,
        grain: timedelta,
        aggregation: str = "Average",
        split_by: Sequence[str] = (),
    ) -> tuple[Series, ...]:
        """Return the series that exist, ordered as the resources and metrics are.

        All series of one question share their `times`. A resource without the metric has no
        series, and neither has one of which Azure has no value in the window. Where a metric has
        several series a minute, unsplit `Average` is the mean over them, so totals need the split
        and a grain of one minute.

        `namespace` is the type of the resources, such as
        `Microsoft.MachineLearningServices/workspaces/onlineEndpoints`. `grain` is one of GRAINS,
        counted from the start of the window. Each combination of the values of the dimensions
        `split_by` has a series of its own.

        Raises:
            NotPermittedError: The identity may not read metrics of the subscription.
            SourceError: Azure refused the question, for one because it knows no such metric.
        """
        if grain not in GRAINS or aggregation not in AGGREGATIONS:
            raise ValueError(f"grain in {GRAINS}, got {grain}; {AGGREGATIONS}, got {aggregation!r}")
        calls = [
            _Call(region, ids, namespace, names, part, grain, aggregation, tuple(split_by))
            for region, ids in self._same_region(resource_ids)
            for names in _chunks(metrics, METRICS_A_CALL)
            for part in window.split(DAYS_A_CALL)
        ]
        if not calls:
            return ()
        found: dict[_Key, _Parts] = {}
        with ThreadPoolExecutor(min(_CALLS_AT_ONCE, len(calls))) as pool:
            for call, results in zip(calls, pool.map(self._shared, calls), strict=True):
                with explained("the platform metrics", role=_ROLE):
                    _collect(call, results, found)
        return _joined(_ordered(found, resource_ids, metrics), found, tuple(split_by))

    def _shared(self, call: _Call) -> list[dict[str, Any]]:
        """Ask, or wait for the answer to the same question of another session; it is only read."""
        return self.azure.metrics_budget.answer(
            call, ", ".join(call.metrics), lambda: self._ask(call)
        )

    def _ask(self, call: _Call) -> list[dict[str, Any]]:
        what = f"{', '.join(call.metrics)} of {', '.join(map(_name, call.resource_ids))}"
        with explained(f"the platform metrics {what}", role=_ROLE):
            for seconds in PAUSES:
                try:
                    return self._batch(call)
                except HttpResponseError as error:
                    if error.status_code not in BUSY:
                        raise
                self.pause(seconds)
            return self._batch(call)

    def _batch(self, call: _Call) -> list[dict[str, Any]]:
        """POST metrics:getBatch.

        Through the SDK's client, but not its query_resources: that makes three objects of every
        point, which takes twenty times as long as all the rest.
        """
        split = " and ".join(f"{name} eq '*'" for name in call.split_by)
        request = HttpRequest(
            "POST",
            f"/subscriptions/{call.resource_ids[0].split('/')[2]}/metrics:getBatch",
            params={
                "api-version": "2024-02-01",
                "metricnamespace": call.namespace,
                "metricnames": ",".join(call.metrics),
                "starttime": f"{call.window.start:%Y-%m-%dT%H:%M:%S.000Z}",
                "endtime": f"{call.window.end:%Y-%m-%dT%H:%M:%S.000Z}",
                "interval": _duration(call.grain),
                "aggregation": call.aggregation,
            }
            | ({"filter": split, "top": str(TOP)} if split else {}),
            json={"resourceids": list(call.resource_ids)},
        )
        response = self.azure.metrics_client(call.region).send_request(request)
        response.raise_for_status()
        body = response.json()
        # Now and then the service sends the JSON as a JSON string; the SDK knows that too.
        values: list[dict[str, Any]] = (json.loads(body) if isinstance(body, str) else body)[
            "values"
        ]
        return values

    def _same_region(self, resource_ids: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        """Group by what one call may hold: subscription, region, number."""
        groups: dict[tuple[str, str], list[str]] = {}
        for resource in dict.fromkeys(resource_ids):
            subscription = resource.lower().split("/")[2]
            groups.setdefault((subscription, self._region(resource)), []).append(resource)
        return [
            (region, ids)
            for (_, region), together in groups.items()
            for ids in _chunks(together, RESOURCES_A_CALL)
        ]

    def _region(self, resource_id: str) -> str:
        """Return the region of a resource: that of its workspace, asked once."""
        parts = resource_id.split("/")
        workspace = "/".join(parts[:9]).lower()
        if workspace not in self._regions:
            what = f"the region of {parts[8] if len(parts) > 8 else resource_id!r}"  # noqa: PLR2004 - name of the workspace
            request = HttpRequest("GET", workspace, params={"api-version": "2024-10-01"})
            with explained(what, role="Reader on the workspace"):
                response = self.azure.monitor_client._send_request(request)  # noqa: SLF001 - the one way to an untyped GET
                response.raise_for_status()
                self._regions[workspace] = response.json()["location"].replace(" ", "").lower()
        return self._regions[workspace]


def _collect(call: _Call, results: list[dict[str, Any]], found: dict[_Key, _Parts]) -> None:
    asked = {i.lower(): i for i in call.resource_ids}
    for result in results:
        resource = asked[result["resourceid"].lower()]
        for metric in result["value"]:
            for series in metric["timeseries"]:
                key = _Key(resource, metric["name"]["value"], _dimensions(series, call.split_by))
                parts = found.setdefault(key, _Parts(metric["unit"]))
                parts.truncated |= bool(call.split_by) and len(metric["timeseries"]) >= TOP
                stamps = [point["timeStamp"][:19] for point in series["data"]]
                parts.times.append(np.array(stamps, dtype="datetime64[s]"))
                name = call.aggregation.lower()
                values = [point.get(name) for point in series["data"]]
                parts.values.append(np.array(values, dtype=np.float64))  # None becomes nan


def _ordered(
    found: Mapping[_Key, _Parts], resource_ids: Sequence[str], metrics: Sequence[str]
) -> list[_Key]:
    """Return the series as resources and metrics are ordered; Azure writes both in its own case."""
    resources = {i.lower(): at for at, i in enumerate(resource_ids)}
    names = {name.lower(): at for at, name in enumerate(metrics)}
    return sorted(
        (key for key, parts in found.items() if parts.is_measured),
        key=lambda k: (resources[k.resource.lower()], names[k.metric.lower()], k.dimensions),
    )


def _dimensions(series: Mapping[str, Any], split_by: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values of the dimensions; Azure gives their names back in lower case."""
    values = {d["name"]["value"].lower(): d["value"] for d in series.get("metadatavalues") or ()}
    return tuple(values.get(name.lower()) or "" for name in split_by)


def _duration(grain: timedelta) -> str:
    minutes = int(grain.total_seconds()) // 60
    if minutes == 24 * 60:
        return "P1D"
    return f"PT{minutes // 60}H" if minutes >= 60 else f"PT{minutes}M"  # noqa: PLR2004 - an hour


def _joined(
    keys: Sequence[_Key], found: Mapping[_Key, _Parts], split_by: tuple[str, ...]
) -> tuple[Series, ...]:
    """Put the parts of each series on the times that any of them has."""
    if not keys:
        return ()
    times = np.unique(np.concatenate([t for key in keys for t in found[key].times]))
    joined = []
    for key in keys:
        parts = found[key]
        values = np.full(len(times), np.nan)
        values[np.searchsorted(times, np.concatenate(parts.times))] = np.concatenate(parts.values)
        dimensions = dict(zip(split_by, key.dimensions, strict=True))
        joined.append(
            Series(key.resource, key.metric, parts.unit, dimensions, times, values, parts.truncated)
        )
    return tuple(joined)


def _name(resource_id: str) -> str:
    return repr(resource_id.rpartition("/")[2])


def _chunks(items: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(items[at : at + size]) for at in range(0, len(items), size)]
