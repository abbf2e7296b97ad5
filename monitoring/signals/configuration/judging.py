"""What the configuration leaves unseen: logs that go nowhere, monitors that are gone, collectors off.

These are states, not measurements: each lasts from the change that made it so, as far as the activity
log remembers one, and is certain at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.verdict import draft, judge
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.sources.activity import ActivityEvent
    from monitoring.workspace.diagnostic_settings import DiagnosticSetting
    from monitoring.workspace.endpoints import Deployment, Endpoint
    from monitoring.workspace.monitors import MonitorSchedule

SIGNAL = "configuration"
#: What an online endpoint can log; the group allLogs has them all.
CATEGORIES = frozenset(
    {
        "AmlOnlineEndpointTrafficLog",
        "AmlOnlineEndpointConsoleLog",
        "AmlOnlineEndpointEventLog",
    }
)
COLLECTIONS = ("model_inputs", "model_outputs")
_DONE = frozenset({"succeeded", "success"})
STEP = timedelta(hours=1)


def log_categories(
    endpoint: Endpoint,
    settings: Sequence[DiagnosticSetting],
    log: Sequence[ActivityEvent],
    window: Window,
) -> list[MetricResult]:
    """Judge how many of an endpoint's logs are sent to no Log Analytics workspace."""
    sent = {each for one in settings if one.workspace_id for each in one.categories}
    absent = sorted(CATEGORIES - sent) if "allLogs" not in sent else []
    since = _last(
        log, "microsoft.insights/diagnosticsettings/", endpoint.id.lower(), ("write", "delete")
    )
    return _state(
        "log_categories",
        endpoint.place,
        absent,
        since or endpoint.created,
        window,
        unit="categories",
        method="diagnostic settings of the endpoint, categories of its three logs that are off",
        hint="Add a diagnostic setting with these categories to the endpoint.",
    )


def data_collector(
    deployment: Deployment, log: Sequence[ActivityEvent], window: Window
) -> list[MetricResult]:
    """Judge how many of a deployment's two collections are off."""
    on = {name for name, each in deployment.collections.items() if each.enabled}
    absent = [name for name in COLLECTIONS if name not in on]
    since = _last(log, "/onlineendpoints/deployments/write", deployment.id.lower(), ("write",))
    return _state(
        "data_collector",
        deployment.place,
        absent,
        since or deployment.created,
        window,
        unit="collections",
        method="data collector of the deployment, of model_inputs and model_outputs",
        hint="Enable the data collector of the deployment for both.",
    )


def monitors(
    found: Iterable[MonitorSchedule],
    endpoints: Sequence[str],
    log: Sequence[ActivityEvent],
    window: Window,
) -> list[MetricResult]:
    """Judge the monitors that were deleted and not made again, and those that are switched off."""
    known = {monitor.name.lower(): monitor for monitor in found}
    results: list[MetricResult] = []
    for name, at in _deleted(log).items():
        if name not in known:
            results += _monitor(_endpoint_of(name, endpoints), f"{name} was deleted", at, window)
    for name, monitor in known.items():
        if not monitor.enabled:
            since = _last(log, "/schedules/", f"/schedules/{name}", ("write", "action"))
            own = Place(endpoint=monitor.endpoint, deployment=monitor.deployment)
            place = own if monitor.endpoint else _endpoint_of(name, endpoints)
            results += _monitor(place, f"{name} is switched off", since, window)
    return results


def _monitor(place: Place, what: str, at: datetime | None, window: Window) -> list[MetricResult]:
    return _state(
        "monitors",
        place,
        [what],
        at,
        window,
        unit="monitors",
        method="Azure ML's schedules, and deletions in the activity log",
        hint="Create the monitor again, or enable it.",
    )


def _deleted(log: Sequence[ActivityEvent]) -> dict[str, datetime]:
    """Return the schedules whose last change was their deletion, with its time."""
    last: dict[str, ActivityEvent] = {}
    for event in log:
        named = event.operation_name.startswith(
            "microsoft.machinelearningservices/workspaces/sched"
        )
        if named and event.status in _DONE:
            last[event.resource_id.rpartition("/")[2]] = event
    return {n: e.time for n, e in last.items() if e.operation_name.endswith("/delete")}


def _endpoint_of(name: str, endpoints: Sequence[str]) -> Place:
    """Return the endpoint that a monitor is named after, or the workspace.

    A deleted monitor no longer says what it watched.

    >>> str(_endpoint_of("credit-us-drift", ["credit", "credit-us"]))
    'credit-us'
    """
    named = [each for each in endpoints if each and each in name]
    return Place(endpoint=max(named, key=len, default=""))


def _last(
    log: Sequence[ActivityEvent], operation: str, resource: str, verbs: tuple[str, ...]
) -> datetime | None:
    """Return when an operation last succeeded on a resource or below it."""
    times = [
        event.time
        for event in log
        if operation in event.operation_name
        and resource in event.resource_id
        and event.operation_name.endswith(verbs)
        and event.status in _DONE
    ]
    return max(times, default=None)


def _state(
    metric: str,
    place: Place,
    absent: Sequence[str],
    since: datetime | None,
    window: Window,
    *,
    unit: str,
    method: str,
    hint: str,
) -> list[MetricResult]:
    start = since or window.start
    if start >= window.end:
        return []
    return [
        judge(
            draft(
                signal=SIGNAL,
                metric=metric,
                place=place,
                threshold=0.0,
                unit=unit,
                method=method,
                window=part,
                value=float(len(absent)),
                rows=1,
                reason=", ".join(absent),
                hint=hint if absent else "",
            )
        )
        for part in _parts(start, window)
    ]


def _parts(since: datetime, window: Window) -> Iterator[Window]:
    """Yield the hour in which a state began, then every whole hour of the window."""
    first = since.replace(minute=0, second=0, microsecond=0)
    if first < window.start:
        yield Window(first, first + STEP)
    begin = window.start.replace(minute=0, second=0, microsecond=0)
    for hour in Window(max(first, begin), window.end).split(STEP):
        if hour.length == STEP:
            yield hour
