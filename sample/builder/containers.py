"""What the containers say and what happens to them: console log and event log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sample.builder import names
from sample.builder.database import fill, fill_rows
from sample.builder.incidents import CRASH_UP, Incident, crash_starts, leak_restarts

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from sample.builder.plan import Plan

#: time, endpoint, deployment, instance, name, message
Event = tuple[datetime, str, str, int, str, str]
#: time, endpoint, deployment, instance, message
Line = tuple[datetime, str, str, int, str]

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
CONTAINER = "inference-server"
DEPLOYED = (("flight-delay", "blue", 2), ("flight-time", "blue", 2), ("digits", "blue", 3))


def write(
    connection: duckdb.DuckDBPyConnection,
    requests: Mapping[str, pd.DataFrame],
    plan: Plan,
    incidents: Mapping[str, Incident],
) -> None:
    """Write both logs for the last 31 days. digits has no console log: its setting lacks the category."""
    events = sorted(event for event in life(plan, incidents) if event[0] >= plan.logs_start)
    fill_rows(connection, "AmlOnlineEndpointEventLog", [_event_row(each) for each in events])
    start = plan.logs_start.replace(tzinfo=None)
    for endpoint in ("flight-delay", "flight-time"):
        frame = requests[endpoint]
        connection.register("request", frame[frame["time"] >= start])
        fill(connection, "AmlOnlineEndpointConsoleLog", _requests_query(endpoint, incidents))
        connection.unregister("request")
    lines = [line for event in events for line in _start_lines(event)]
    lines += [line for line in said(plan, incidents) if line[0] >= plan.logs_start]
    rows = [_line_row(line) for line in sorted(lines) if line[1] != "digits"]
    fill_rows(connection, "AmlOnlineEndpointConsoleLog", rows)


def life(plan: Plan, incidents: Mapping[str, Incident]) -> Iterator[Event]:
    """Yield what happened to the containers."""
    for endpoint, deployment, count in DEPLOYED:
        for instance in range(count):
            for week in range(5):
                moved = plan.midnight - timedelta(days=2 + 7 * week, hours=-5 - instance)
                yield from _restart(moved, endpoint, deployment, instance, "node maintenance")
    leak = incidents["memory-leak"]
    for instance in (0, 1):
        for killed in leak_restarts(leak, instance):
            yield from _restart(
                killed, "flight-delay", "blue", instance, "OOMKilled: memory limit 8Gi exceeded"
            )
    yield from _crash_loop(incidents["container-crash-loop"])
    yield from _deployed(plan, incidents)


def _crash_loop(crash: Incident) -> Iterator[Event]:
    for instance in (0, 1):
        for n, start in enumerate(crash_starts(crash)):
            here = ("flight-time", "blue", instance)
            at = start + instance * 3 * SECOND
            yield at, *here, "Created", f"Created container {CONTAINER}"
            yield at + 2 * SECOND, *here, "Started", f"Started container {CONTAINER}"
            killed = at + CRASH_UP
            probe = "Liveness probe failed: Get http://127.0.0.1:5001/: connection refused"
            yield killed - 3 * SECOND, *here, "LivenessProbeFailed", probe
            yield killed, *here, "Killing", "OOMKilled: memory limit 14Gi exceeded"
            wait = f"Back-off restarting failed container {CONTAINER} (restart {n + 1})"
            yield killed + 20 * SECOND, *here, "BackOff", wait


def _deployed(plan: Plan, incidents: Mapping[str, Incident]) -> Iterator[Event]:
    """Yield the starts of containers that a roll-out, a repair or autoscale caused."""
    green, leak = incidents["green-fails"], incidents["memory-leak"]
    crash, surge = incidents["container-crash-loop"], incidents["fare-search-surge"]
    assert leak.end is not None  # noqa: S101 - the script ends them
    assert crash.end is not None  # noqa: S101
    yield from _start(green.onset - 12 * MINUTE, "flight-delay", "green", 0)
    yield from _start(plan.green_start - 9 * MINUTE, "flight-delay", "green", 0)
    for instance in (0, 1):
        for moment in (leak.onset, leak.end):
            yield from _restart(moment, "flight-delay", "blue", instance, "deployment updated")
        yield from _start(crash.end, "flight-time", "blue", instance)
    for instance, minutes in ((2, 14), (3, 31)):
        yield from _start(surge.onset + minutes * MINUTE, "flight-delay", "blue", instance)
        stopped = surge.onset + 150 * MINUTE
        yield stopped, "flight-delay", "blue", instance, "Killing", "Stopping container: scaled in"


def _restart(
    at: datetime, endpoint: str, deployment: str, instance: int, why: str
) -> Iterator[Event]:
    killing = why if why.startswith("OOMKilled") else f"Stopping container {CONTAINER}: {why}"
    yield at, endpoint, deployment, instance, "Killing", killing
    yield from _start(at + 20 * SECOND, endpoint, deployment, instance)


def _start(at: datetime, endpoint: str, deployment: str, instance: int) -> Iterator[Event]:
    here = (endpoint, deployment, instance)
    probe = "Readiness probe failed: HTTP probe failed with statuscode: 502"
    yield at, *here, "Pulled", f'Container image "{_image(endpoint)}" already present on machine'
    yield at + 2 * SECOND, *here, "Created", f"Created container {CONTAINER}"
    yield at + 3 * SECOND, *here, "Started", f"Started container {CONTAINER}"
    yield at + 13 * SECOND, *here, "ReadinessProbeFailed", probe


def _start_lines(event: Event) -> Iterator[Line]:
    at, endpoint, deployment, instance, name, _ = event
    if name != "Started":
        return
    here = (endpoint, deployment, instance)
    yield at + SECOND, *here, "Starting gunicorn 23.0.0"
    yield at + SECOND, *here, "Listening at: http://0.0.0.0:31311 (8)"
    yield at + 9 * SECOND, *here, f"INFO score.init: loading model {endpoint}"
    yield at + 17 * SECOND, *here, "INFO score.init: ready"


def said(plan: Plan, incidents: Mapping[str, Incident]) -> Iterator[Line]:
    """Yield what the containers wrote about the incidents, besides lines about single requests."""
    every = (
        (
            "temperature-celsius",
            "INFO weather feed: schema 2.0, temperatures in degrees Celsius",
            360,
        ),
        ("weather-nulls", "WARNING weather feed: no observation for EWR, JFK, LGA: using null", 10),
        ("carrier-renamed", "WARNING unknown carrier 'UAL' treated as missing", 20),
        ("memory-leak", "INFO answer cache: nothing evicted", 60),
        (
            "storage-role-removed",
            "ERROR model data collector: upload failed, 403 AuthorizationPermissionMismatch",
            5,
        ),
    )
    for name, message, minutes in every:
        incident = incidents[name]
        at, end = incident.onset + 7 * SECOND, incident.end or plan.end
        while at < end:
            yield at, str(incident.endpoint), "blue", 0, message
            at += minutes * MINUTE
    crash = incidents["container-crash-loop"]
    for start in crash_starts(crash):
        killed = start + CRASH_UP - SECOND
        message = f"[CRITICAL] {crash.cause['message']}"
        yield killed, "flight-time", "blue", 0, message


def _requests_query(endpoint: str, incidents: Mapping[str, Incident]) -> str:
    """Return one line for each computed answer, and one for each request that failed in score.py."""
    green, slow = incidents["green-fails"], incidents["slow-aircraft-registry"]
    slow_lines = f"""
        UNION ALL
        SELECT time - INTERVAL 3 MILLISECOND, deployment, instance,
            'WARNING x-request-id=' || id || ' {slow.cause["message"]} ' || (total_ms - 40) || ' ms'
        FROM part WHERE status IN (200, 408) AND {_during(slow)}"""
    return f"""
    WITH part AS (
        SELECT *, request_id('{endpoint}', number) AS id FROM request
        WHERE computed OR model_status = 500 OR ('{endpoint}' = 'flight-time' AND {_during(slow)})
    ), line(time, deployment, instance, message) AS (
        SELECT time + to_milliseconds(total_ms), deployment, instance,
            'INFO x-request-id=' || id || ' computed in ' || greatest(total_ms - 6, 1) || ' ms'
        FROM part WHERE computed
        UNION ALL
        SELECT time + to_milliseconds(total_ms), deployment, instance, 'ERROR x-request-id=' || id || ' '
            || CASE WHEN deployment::VARCHAR = 'green' AND {_during(green)}
                THEN '{green.cause["message"]}' ELSE 'ConnectionResetError: [Errno 104] Connection reset by peer' END
        FROM part WHERE model_status = 500
        {slow_lines if endpoint == "flight-time" else ""}
    )
    SELECT time AS TimeGenerated, 'Log' AS OperationName, {_instance_case(endpoint)} AS InstanceId,
        deployment::VARCHAR AS DeploymentName, '{CONTAINER}' AS ContainerName,
        '{_image(endpoint)}' AS ContainerImageName, message AS Message, 620.0 AS _BilledSize,
        '{names.endpoint_id(endpoint).lower()}' AS _ResourceId
    FROM line ORDER BY time
    """


def _during(incident: Incident) -> str:
    end = incident.end or incident.onset
    return f"time >= '{incident.onset:%Y-%m-%d %H:%M}' AND time < '{end:%Y-%m-%d %H:%M}'"


def _instance_case(endpoint: str) -> str:
    whens = " ".join(
        f"WHEN deployment::VARCHAR = '{deployment}' AND instance = {n} "
        f"THEN '{names.instance_id(endpoint, deployment, n)}'"
        for deployment in ("blue", "green")
        for n in range(4)
    )
    return f"CASE {whens} END"


def _image(endpoint: str) -> str:
    return f"{names.REGISTRY.replace('-', '')}.azurecr.io/{endpoint}-inference:sklearn-1.9"


def _event_row(event: Event) -> dict[str, object]:
    at, endpoint, deployment, instance, name, message = event
    return {
        "TimeGenerated": at,
        "OperationName": "InferenceServerContainerEvent",
        "InstanceId": names.instance_id(endpoint, deployment, instance),
        "DeploymentName": deployment,
        "Name": name,
        "Message": message,
        "_ResourceId": names.endpoint_id(
            endpoint
        ),  # this table keeps the case, as Azure's do at will
    }


def _line_row(line: Line) -> dict[str, object]:
    at, endpoint, deployment, instance, message = line
    collector = "model data collector" in message
    return {
        "TimeGenerated": at,
        "OperationName": "Log",
        "InstanceId": names.instance_id(endpoint, deployment, instance),
        "DeploymentName": deployment,
        "ContainerName": "model-data-collector" if collector else CONTAINER,
        "ContainerImageName": _image(endpoint),
        "Message": message,
        "_ResourceId": names.endpoint_id(endpoint).lower(),
    }
