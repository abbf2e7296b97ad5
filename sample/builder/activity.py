"""The activity log: who changed what, as the REST interface and as AzureActivity tell it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sample.builder import names
from sample.builder.database import fill_rows

if TYPE_CHECKING:
    import duckdb

    from sample.builder.incidents import Incident
    from sample.builder.plan import Plan

MINUTE = timedelta(minutes=1)
REGISTERED_BEFORE_ROLLOUT = timedelta(minutes=70)
_ML = "Microsoft.MachineLearningServices/workspaces"
DEPLOYMENT_WRITE = f"{_ML}/onlineEndpoints/deployments/write"
ENDPOINT_WRITE = f"{_ML}/onlineEndpoints/write"
MODEL_WRITE = f"{_ML}/models/versions/write"
SCHEDULE_WRITE = f"{_ML}/schedules/write"
SETTING_WRITE = "Microsoft.Insights/diagnosticSettings/write"
ROLE = "Microsoft.Authorization/roleAssignments"
AUTOSCALE = "Microsoft.Insights/AutoscaleSettings"

#: What the log calls the stages of one operation: REST's word, Log Analytics' word.
STATUS = {"Started": "Start", "Succeeded": "Success", "Failed": "Failure", "Accepted": "Accept"}
ADDRESSES = {
    names.ANA: "203.0.113.17",
    names.BEN: "203.0.113.24",
    names.CHI: "203.0.113.31",
    names.PLATFORM_TEAM: "198.51.100.8",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One change: when, who, what, on which resource, how it ended and how long it took."""

    at: datetime
    caller: str
    operation: str
    resource: str
    status: str = "Succeeded"
    minutes: int = 1
    message: str = ""
    category: str = "Administrative"


def operations(plan: Plan, incidents: Mapping[str, Incident]) -> list[Operation]:
    """Return the changes of the last 90 days, oldest first."""
    found = [
        *_routine(plan),
        *_rollouts(plan, incidents),
        *_changes(incidents),
        *_scaling(incidents),
    ]
    kept = [each for each in found if plan.activity_start <= each.at < plan.end]
    return sorted(kept, key=lambda each: (each.at, each.operation, each.resource))


def _routine(plan: Plan) -> Iterator[Operation]:
    """Yield what happens in any quarter and means nothing."""
    random = plan.random("activity")
    setting = (
        f"{names.endpoint_id('flight-delay')}/providers/{SETTING_WRITE.rsplit('/', 1)[0]}/logs"
    )
    choices = (
        (names.ANA, f"{_ML}/jobs/write", f"{names.WORKSPACE_ID}/jobs/notebook"),
        (names.BEN, f"{_ML}/data/versions/write", names.data_id("flight-delay-training", "2")),
        (
            names.CHI,
            f"{_ML}/environments/versions/write",
            f"{names.WORKSPACE_ID}/environments/sklearn",
        ),
        (names.ANA, f"{_ML}/listKeys/action", names.WORKSPACE_ID),
        (names.BEN, ENDPOINT_WRITE, names.endpoint_id("flight-delay")),
        (names.PLATFORM_TEAM, SETTING_WRITE, setting),
        (
            names.PLATFORM_TEAM,
            "Microsoft.Storage/storageAccounts/listKeys/action",
            names.STORAGE_ID,
        ),
    )
    for day in range(-90, 2):
        for _ in range(int(random.poisson(0.8))):
            caller, operation, resource = choices[int(random.integers(len(choices)))]
            at = plan.midnight + timedelta(days=day, minutes=int(random.integers(7 * 60, 17 * 60)))
            yield Operation(at, caller, operation, resource)
    for week in range(13, -1, -1):
        at = plan.midnight - timedelta(days=1 + 7 * week) + timedelta(hours=1, minutes=45)
        if week != 1:
            version = names.model_id("flight-delay-candidate", str(14 - week))
            yield Operation(at, names.PIPELINE, MODEL_WRITE, version)


def _rollouts(plan: Plan, incidents: Mapping[str, Incident]) -> Iterator[Operation]:
    """Yield the deployments that caused or ended an incident, and green's successful one."""
    green = incidents["green-fails"]
    blue_delay = names.deployment_id("flight-delay", "blue")
    green_delay = names.deployment_id("flight-delay", "green")
    blue_time = names.deployment_id("flight-time", "blue")
    endpoint = names.endpoint_id("flight-delay")
    registered = green.onset - REGISTERED_BEFORE_ROLLOUT
    yield Operation(registered, names.ANA, MODEL_WRITE, names.model_id("flight-delay", "2"))
    yield Operation(
        green.onset - 38 * MINUTE,
        names.ANA,
        DEPLOYMENT_WRITE,
        green_delay,
        minutes=9,
        message="create deployment green, model flight-delay:2",
    )
    yield Operation(
        green.onset, names.ANA, ENDPOINT_WRITE, endpoint, message="traffic blue=80 green=20"
    )
    yield Operation(
        _end(green), names.ANA, ENDPOINT_WRITE, endpoint, message="traffic blue=100 green=0"
    )
    yield Operation(
        plan.green_start - 12 * MINUTE,
        names.ANA,
        DEPLOYMENT_WRITE,
        green_delay,
        minutes=9,
        message="score.py 2.0.1: nulls are passed to the model",
    )
    yield Operation(
        plan.green_start, names.ANA, ENDPOINT_WRITE, endpoint, message="traffic blue=90 green=10"
    )
    leak, crash, disk = (incidents[n] for n in ("memory-leak", "container-crash-loop", "disk-full"))
    for at, caller, resource, message in (
        (
            leak.onset - 6 * MINUTE,
            names.BEN,
            blue_delay,
            "score.py 1.8: answers are cached in memory",
        ),
        (_end(leak) - 6 * MINUTE, names.BEN, blue_delay, "score.py 1.8.1: cache of 10,000 answers"),
        (
            crash.onset - 6 * MINUTE,
            names.BEN,
            blue_time,
            "environment sklearn-1.9: 4 workers an instance",
        ),
        (
            _end(crash) - 6 * MINUTE,
            names.ANA,
            blue_time,
            "environment sklearn-1.9: 1 worker an instance",
        ),
        (disk.onset - 6 * MINUTE, names.ANA, blue_delay, "LOG_LEVEL=DEBUG"),
        (_end(disk) - 6 * MINUTE, names.BEN, blue_delay, "LOG_LEVEL=INFO"),
    ):
        yield Operation(at, caller, DEPLOYMENT_WRITE, resource, minutes=6, message=message)


def _changes(incidents: Mapping[str, Incident]) -> Iterator[Operation]:
    """Yield the configuration changes that caused or ended an incident."""
    monitor, role = incidents["monitor-deleted"], incidents["storage-role-removed"]
    unlogged, idle = incidents["digits-console-unlogged"], incidents["digits-idle"]
    keys, quota = incidents["keys-regenerated"], incidents["core-quota"]
    schedule = f"{names.WORKSPACE_ID}/schedules/{monitor.cause['message']}"
    yield Operation(monitor.onset, names.BEN, f"{_ML}/schedules/delete", schedule)
    assignment = f"{names.STORAGE_ID}/providers/{ROLE}/20130000-0000-0000-0000-00000000d0d0"
    granted = "Storage Blob Data Contributor, flight-time"
    yield Operation(
        role.onset - 4 * MINUTE, names.PLATFORM_TEAM, f"{ROLE}/delete", assignment, message=granted
    )
    yield Operation(
        _end(role) - 4 * MINUTE, names.PLATFORM_TEAM, f"{ROLE}/write", assignment, message=granted
    )
    setting = f"{names.endpoint_id('digits')}/providers/Microsoft.Insights/diagnosticSettings/logs"
    yield Operation(
        unlogged.onset,
        names.CHI,
        SETTING_WRITE,
        setting,
        message="AmlOnlineEndpointTrafficLog, AmlOnlineEndpointEventLog",
    )
    digits = names.deployment_id("digits", "blue")
    yield Operation(
        unlogged.onset - 50 * MINUTE,
        names.CHI,
        ENDPOINT_WRITE,
        names.endpoint_id("digits"),
        minutes=3,
    )
    yield Operation(unlogged.onset - 40 * MINUTE, names.CHI, DEPLOYMENT_WRITE, digits, minutes=8)
    yield Operation(
        idle.onset - 5 * MINUTE,
        names.CHI,
        DEPLOYMENT_WRITE,
        digits,
        minutes=5,
        message="capacity 1 to 3",
    )
    yield Operation(
        keys.onset - 2 * MINUTE,
        names.ANA,
        f"{_ML}/onlineEndpoints/regenerateKeys/action",
        names.endpoint_id("flight-delay"),
    )
    sweep = f"{names.WORKSPACE_ID}/jobs/sweep_flight_delay_v3"
    yield Operation(quota.onset - 40 * MINUTE, names.CHI, f"{_ML}/jobs/write", sweep)
    yield Operation(
        quota.onset + 8 * MINUTE,
        names.PIPELINE,
        f"{_ML}/computes/write",
        names.CLUSTER_ID,
        status="Failed",
        message="ClusterCoreQuotaReached",
    )
    yield Operation(_end(quota), names.CHI, f"{_ML}/jobs/cancel/action", sweep)


def _scaling(incidents: Mapping[str, Incident]) -> Iterator[Operation]:
    surge = incidents["fare-search-surge"]
    target = names.deployment_id("flight-delay", "blue")
    for minutes, before, after in ((14, 2, 3), (31, 3, 4), (150, 4, 2)):
        direction = "Scaleup" if after > before else "Scaledown"
        yield Operation(
            surge.onset + minutes * MINUTE,
            "Microsoft.Insights/autoscaleSettings",
            f"{AUTOSCALE}/{direction}/Action",
            target,
            message=f"instance count {before} to {after}",
            category="Autoscale",
        )


def _end(incident: Incident) -> datetime:
    assert incident.end is not None  # noqa: S101 - only asked of incidents that ended
    return incident.end


def events(found: list[Operation]) -> list[dict[str, Any]]:
    """Return the log in the REST interface's words: what takes minutes has a start and an end."""
    rows = []
    for number, each in enumerate(found):
        correlation = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{each.at}{each.operation}{number}"))
        stages = [(each.at, each.status)]
        if each.minutes > 1:
            stages = [
                (each.at - each.minutes * MINUTE, "Started"),
                (each.at - each.minutes * MINUTE + timedelta(seconds=2), "Accepted"),
                (each.at, each.status),
            ]
        rows += [_event(each, at, status, correlation) for at, status in stages]
    return sorted(rows, key=lambda row: str(row["eventTimestamp"]))


def _event(each: Operation, at: datetime, status: str, correlation: str) -> dict[str, Any]:
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{correlation}{status}"))
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.0000000Z"
    later = f"{at + 2 * MINUTE:%Y-%m-%dT%H:%M:%S}.0000000Z"
    provider = _provider(each.operation)
    return {
        "authorization": {"action": each.operation, "role": "Contributor", "scope": each.resource},
        "caller": each.caller,
        "channels": "Operation",
        "claims": {"name": each.caller.split("@", maxsplit=1)[0]},
        "correlationId": correlation,
        "description": each.message,
        "eventDataId": identity,
        "eventName": {"value": "EndRequest" if status != "Started" else "BeginRequest"},
        "category": {"value": each.category, "localizedValue": each.category},
        "eventTimestamp": stamp,
        "httpRequest": {
            "clientRequestId": identity,
            "clientIpAddress": ADDRESSES.get(each.caller, "10.0.0.4"),
            "method": _method(each.operation),
        },
        "id": f"{each.resource}/events/{identity}/ticks/{int(at.timestamp())}0000000",
        "level": "Error" if status == "Failed" else "Informational",
        "operationId": correlation,
        "operationName": {"value": each.operation, "localizedValue": each.operation},
        "properties": {"message": each.message, "entity": each.resource},
        "resourceGroupName": names.RESOURCE_GROUP,
        "resourceProviderName": {"value": provider, "localizedValue": provider},
        "resourceId": each.resource,
        "resourceType": {"value": each.operation.rsplit("/", 1)[0]},
        "status": {"value": status, "localizedValue": status},
        "subStatus": {"value": "", "localizedValue": ""},
        "submissionTimestamp": later,
        "subscriptionId": names.SUBSCRIPTION,
        "tenantId": names.TENANT,
    }


def _provider(operation: str) -> str:
    return operation.split("/", maxsplit=1)[0]


def _method(operation: str) -> str:
    verb = operation.rsplit("/", 1)[-1].lower()
    return {"write": "PUT", "delete": "DELETE"}.get(verb, "POST")


def write(connection: duckdb.DuckDBPyConnection, log: list[dict[str, Any]]) -> None:
    """Write the same events to AzureActivity, in Log Analytics' words."""
    fill_rows(connection, "AzureActivity", [_row(event) for event in log])


def _row(event: dict[str, Any]) -> dict[str, Any]:
    resource = str(event["resourceId"])
    provider = event["resourceProviderName"]["value"]
    authorization, claims = json.dumps(event["authorization"]), json.dumps(event["claims"])
    properties = json.dumps(event["properties"])
    return {
        "TimeGenerated": datetime.fromisoformat(event["eventTimestamp"][:19] + "+00:00"),
        "EventSubmissionTimestamp": datetime.fromisoformat(
            event["submissionTimestamp"][:19] + "+00:00"
        ),
        "OperationName": event["operationName"]["value"],
        "OperationNameValue": event["operationName"]["value"].upper(),
        "Level": event["level"],
        "ActivityStatus": event["status"]["value"],
        "ActivityStatusValue": STATUS[event["status"]["value"]],
        "ActivitySubstatusValue": "",
        "ResourceGroup": names.RESOURCE_GROUP,
        "SubscriptionId": names.SUBSCRIPTION,
        "CorrelationId": event["correlationId"],
        "Caller": event["caller"],
        "CallerIpAddress": event["httpRequest"]["clientIpAddress"],
        "Category": event["category"]["value"],
        "CategoryValue": event["category"]["value"],
        "HTTPRequest": json.dumps(event["httpRequest"]),
        "Properties": properties,
        "Properties_d": properties,
        "Authorization": authorization,
        "Authorization_d": authorization,
        "Claims": claims,
        "Claims_d": claims,
        "ResourceId": resource,
        "OperationId": event["operationId"],
        "ResourceProvider": provider,
        "ResourceProviderValue": provider.upper(),
        "Resource": resource.rsplit("/", 1)[-1],
        "EventDataId": event["eventDataId"],
        "Hierarchy": names.SUBSCRIPTION,
        "_ResourceId": resource.lower(),
    }
