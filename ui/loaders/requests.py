"""Single requests: the slow and failed ones of a window, one seen through, and its surroundings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.requests import feature_positions, request_xray
from monitoring.requests.feature_positions import FeaturePosition
from monitoring.requests.logged_request import LogLine, Surroundings
from monitoring.requests.request_xray import RequestXray
from monitoring.sources.logs import Answer
from monitoring.sources.metrics import PlatformMetrics
from monitoring.window import Window
from ui.loaders import deployments, logs, monitor, workspace

#: How many steps a window has: each gives one slow request, and one failed request a response code.
STEPS = 120
#: Steps that divide a day, so that equal windows share an answer.
_LENGTHS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440))
#: How far around a moment the logs are read, as the X-ray does.
REACH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class NotableRequest:
    """The slowest request of its step, deployment and response code. alike: how many there were."""

    time: datetime
    endpoint: str
    deployment: str
    code: int | None
    model_code: int | None
    is_failed: bool
    total_ms: int
    alike: int
    request_id: str
    client_request_id: str
    agent: str


def step_of(window: Window) -> timedelta:
    """Return the length of a step of a window.

    >>> from datetime import UTC
    >>> step_of(Window.last(timedelta(days=7), until=datetime(2026, 1, 8, tzinfo=UTC)))
    datetime.timedelta(seconds=7200)
    """
    return next((each for each in _LENGTHS if window.length / each <= STEPS), _LENGTHS[-1])


def notable(
    endpoint: str | None, deployment: str | None, window: Window
) -> tuple[Answer, tuple[NotableRequest, ...]]:
    """Return the slow and failed requests of a window, newest first."""
    endpoints = [endpoint] if endpoint else []
    answer = logs.ask("notable_requests", window, endpoints=endpoints, step=step_of(window))
    wanted = deployment.lower() if deployment else None
    found = (
        NotableRequest(
            row["TimeGenerated"],
            row["Endpoint"],
            row["Deployment"],
            row["ResponseCode"],
            row["ModelStatusCode"] or None,
            bool(row["IsFailed"]),
            int(row["TotalMs"] or 0),
            row["Alike"],
            row["RequestId"],
            row["ClientRequestId"],
            row["UserAgent"],
        )
        for row in answer.records()
    )
    return answer, tuple(each for each in found if wanted in {None, each.deployment})


def xray(text: str) -> RequestXray:
    """Return all that is known of a request, by its x-request-id or x-ms-client-request-id.

    Raises:
        InputError: The text is no id.
    """
    sources = request_xray.Sources(
        ask=logs.ask,
        deployed=deployments.deployed(),
        metrics=PlatformMetrics(workspace.azure()),
        endpoints=deployments.inventory(),
        now=workspace.now(),
    )
    return request_xray.xray(text, sources)


def positions(found: RequestXray, row: int) -> tuple[str, tuple[FeaturePosition, ...]]:
    """Return the name of the baseline, and where in it each feature of a request lies.

    Raises:
        NotEnoughData: The baseline asks for days of production that are not there.
    """
    request, inputs = found.request, found.collected.inputs
    if request is None or inputs is None:
        return "", ()
    names = next(
        (e.name, d.name)
        for e in deployments.inventory()
        for d in e.deployments
        if (e.name.lower(), d.name.lower()) == (request.endpoint, request.deployment)
    )
    day = Window.day(request.time.date())
    baseline = monitor.baseline("data_quality", *names, day)
    profiles = baseline.at(day)
    return baseline.name, feature_positions.positions(inputs.rows[row], profiles)


def console_errors(
    endpoint: str, deployment: str, window: Window
) -> tuple[Answer, list[dict[str, Any]]]:
    """Return the console's errors of a deployment, alike lines together, the most frequent first."""
    answer = logs.ask("console_errors", window, endpoints=[endpoint])
    return answer, _of(deployment, answer)


def container_events(
    endpoint: str, deployment: str, window: Window
) -> tuple[Answer, list[dict[str, Any]]]:
    """Return the events of a deployment's containers, by step and kind, oldest first."""
    step = step_of(window)
    answer = logs.ask("container_events", window, endpoints=[endpoint], step=step)
    return answer, _of(deployment, answer)


def around(
    endpoint: str, deployment: str, moment: datetime
) -> tuple[Sequence[Answer], Sequence[LogLine], Surroundings]:
    """Return the console's lines, the containers' events and the load around a moment."""
    window = Window(moment - REACH, moment + REACH)
    where: dict[str, Any] = {"endpoints": [endpoint], "deployment": deployment, "moment": moment}
    console = logs.ask("console_lines", window, id="", **where)
    events = logs.ask("moment", window, **where)
    lines = [LogLine.of(row) for row in console.records()]
    return (console, events), lines, Surroundings.of(events.records())


def _of(deployment: str, answer: Answer) -> list[dict[str, Any]]:
    wanted = deployment.lower()
    return [row for row in answer.records() if wanted in {"", row["Deployment"]}]
