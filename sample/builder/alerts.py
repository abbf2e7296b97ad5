"""The alerts that Azure Monitor would have fired: five rules evaluated over the platform metrics.

A rule is stateful, as Azure's: it fires once, and resolves after three evaluations in a row that do
not meet it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sample.builder import names

if TYPE_CHECKING:
    import duckdb

    from sample.builder.plan import Plan

#: How long Azure keeps an alert.
KEPT_DAYS = 30
FIVE_MINUTES = timedelta(minutes=5)
RESOLVES_AFTER = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One metric alert rule, evaluated every five minutes on that window.

    query: resource and start of each window of five minutes that meets the condition.
    """

    name: str
    severity: str
    description: str
    query: str


def _over(table: str, value: str, where: str, condition: str) -> str:
    return f"""
        SELECT resource_id, time_bucket(INTERVAL 5 MINUTE, minute) AS start
        FROM metrics."{table}" WHERE minute >= $since AND {where}
        GROUP BY ALL HAVING {value} > {condition} ORDER BY ALL"""


RULES = (
    Rule(
        "requests-fail",
        "Sev1",
        "RequestsPerMinute with statusCodeClass 4xx or 5xx, Average over 5 minutes > 1.5",
        _over(
            "endpoint_requests",
            "sum(RequestsPerMinute) / 5",
            "\"statusCodeClass\" IN ('4xx', '5xx')",
            "1.5",
        ),
    ),
    Rule(
        "answers-are-slow",
        "Sev2",
        "RequestLatency_P95, Average over 5 minutes > 2000 ms",
        _over("endpoint_latency", "avg(RequestLatency_P95)", "true", "2000"),
    ),
    Rule(
        "memory-nearly-full",
        "Sev2",
        "CpuMemoryUtilizationPercentage, Maximum over 5 minutes > 95",
        _over("deployment_instances", 'max("CpuMemoryUtilizationPercentage")', "true", "95"),
    ),
    Rule(
        "core-quota-used-up",
        "Sev3",
        "Quota Utilization Percentage, Average over 5 minutes > 95",
        _over("workspace_quota", 'avg("Quota Utilization Percentage")', "true", "95"),
    ),
    Rule(
        "a-run-failed",
        "Sev3",
        "Failed Runs, Total over 5 minutes > 0",
        _over("workspace_runs", 'sum("Failed Runs")', "true", "0"),
    ),
)


def alerts(connection: duckdb.DuckDBPyConnection, plan: Plan) -> list[dict[str, Any]]:
    """Return the alerts of the last 30 days as Azure's REST interface lists them, the newest first."""
    since = (plan.midnight - timedelta(days=KEPT_DAYS + 1)).replace(tzinfo=None)
    found = []
    for rule in RULES:
        by_resource: dict[str, list[datetime]] = {}
        for resource, start in connection.execute(rule.query, {"since": since}).fetchall():
            by_resource.setdefault(resource, []).append(start.replace(tzinfo=UTC))
        for resource, starts in by_resource.items():
            for first, last in _fired(starts):
                found.append(_alert(rule, resource, first, last, plan))
    return sorted(found, key=_started, reverse=True)


def _started(alert: dict[str, Any]) -> str:
    return str(alert["properties"]["essentials"]["startDateTime"])


def _fired(starts: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the condition was met first, and the last time before it resolved."""
    first = last = starts[0]
    for start in starts[1:]:
        if start - last > RESOLVES_AFTER * FIVE_MINUTES:
            yield first, last
            first = start
        last = start
    yield first, last


def _alert(
    rule: Rule, resource: str, first: datetime, last: datetime, plan: Plan
) -> dict[str, Any]:
    fired = first + FIVE_MINUTES
    resolved = last + (1 + RESOLVES_AFTER) * FIVE_MINUTES
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{plan.seed}{rule.name}{resource}{first}"))
    group = f"{names.RESOURCE_GROUP_ID}/providers"
    kind = resource.rpartition("/providers/")[2].split("/")
    return {
        "id": f"{names.SUBSCRIPTION_ID}/providers/Microsoft.AlertsManagement/alerts/{identity}",
        "type": "Microsoft.AlertsManagement/alerts",
        "name": rule.name,
        "properties": {
            "essentials": {
                "severity": rule.severity,
                "signalType": "Metric",
                "alertState": "New",
                "monitorCondition": "Resolved",
                "targetResource": resource.lower(),  # the service gives it back in lower case
                "targetResourceName": resource.rpartition("/")[2],
                "targetResourceGroup": names.RESOURCE_GROUP.lower(),
                "targetResourceType": "/".join([kind[0], *kind[1::2]]).lower(),
                "monitorService": "Platform",
                "alertRule": f"{group}/microsoft.insights/metricAlerts/{rule.name}",
                "sourceCreatedId": identity,
                "description": rule.description,
                "startDateTime": _stamp(fired),
                "lastModifiedDateTime": _stamp(resolved),
                "monitorConditionResolvedDateTime": _stamp(resolved),
                "lastModifiedUserName": "System",
            }
        },
    }


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.0000000Z"
