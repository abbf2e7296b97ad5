"""The alerts that Azure Monitor's own rules fired, whatever fired them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitoring.sources.arm import listed
from monitoring.sources.failures import explained

if TYPE_CHECKING:
    from monitoring.sources.azure import Azure
    from monitoring.window import Window

#: Azure keeps an alert for 30 days, and lists one of these ranges up to now.
RANGES = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
RETENTION = RANGES["30d"]
_ROLE = "Monitoring Reader on the subscription"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. resolved: None while its condition holds. severity: Sev0 (worst) to Sev4.

    rule: its name. target: id of the resource that it is about, lower case.
    """

    id: str
    rule: str
    severity: str
    fired: datetime
    resolved: datetime | None
    target: str
    description: str
    service: str


@dataclass(frozen=True)
class Alerts:
    """Lists the alerts of the workspace's resource group."""

    azure: Azure

    def fired(self, window: Window) -> tuple[Alert, ...]:
        """Return the alerts that fired in a window or were on when it began, oldest first.

        What is older than 30 days is gone, and left out.

        Raises:
            NotPermittedError: The identity may not read alerts of the subscription.
            SourceError: Azure did not answer.
        """
        now = self.azure.settings.clock()
        if window.end <= now - RETENTION:
            return ()
        group = self.azure.resource_group
        with explained(f"the alerts of the resource group {group!r}", role=_ROLE):
            found = [_alert(each) for each in self._listed(range_of(now - window.start))]
        inside = [a for a in found if a.fired < window.end and _ended(a, now) >= window.start]
        return tuple(sorted(inside, key=lambda a: (a.fired, a.rule, a.target)))

    def _listed(self, span: str) -> Iterator[Mapping[str, Any]]:
        subscription = self.azure.workspace_id.split("/")[2]
        path = f"/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/alerts"
        query = {
            "api-version": "2019-05-05-preview",
            "timeRange": span,
            "targetResourceGroup": self.azure.resource_group,
        }
        return listed(self.azure, path, query)


def range_of(age: timedelta) -> str:
    """Return the shortest range that reaches back so far.

    >>> range_of(timedelta(hours=5)), range_of(timedelta(days=80))
    ('1d', '30d')
    """
    return next((name for name, length in RANGES.items() if age <= length), "30d")


def _ended(alert: Alert, now: datetime) -> datetime:
    return alert.resolved or now


def _alert(found: Mapping[str, Any]) -> Alert:
    essentials = found["properties"]["essentials"]
    over = essentials.get("monitorCondition") == "Resolved"
    resolved = essentials.get("monitorConditionResolvedDateTime") if over else None
    return Alert(
        id=found["id"],
        rule=str(essentials.get("alertRule") or found["name"]).rpartition("/")[2],
        severity=str(essentials.get("severity") or ""),
        fired=_time(essentials["startDateTime"]),
        resolved=_time(resolved) if resolved else None,
        target=str(essentials.get("targetResource") or "").lower(),
        description=str(essentials.get("description") or ""),
        service=str(essentials.get("monitorService") or ""),
    )


def _time(text: str) -> datetime:
    """Read an ISO time in UTC; Azure's seventh digit is one more than Python knows."""
    time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
