"""Azure Monitor's alerts as events."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.event import Event
from monitoring.incidents.changes import target
from monitoring.sources.alerts import Alert

SOURCE = "Azure Monitor alerts"


def of_alerts(found: Iterable[Alert]) -> tuple[Event, ...]:
    """Return one event for each alert, with the time that it resolved."""
    return tuple(_event(each) for each in found)


def _event(alert: Alert) -> Event:
    endpoint, deployment = target(alert.target)
    name = "/".join(filter(None, (endpoint, deployment))) or alert.target.rpartition("/")[2]
    return Event(
        time=alert.fired,
        end=alert.resolved,
        kind="alert",
        title=f"{alert.severity} alert {alert.rule} fired on {name}: {alert.description}".rstrip(
            ": "
        ),
        source=SOURCE,
        endpoint=endpoint,
        deployment=deployment,
        status="resolved" if alert.resolved else "fired",
        detail=alert.description,
        reference=alert.id,
        alike=f"{alert.rule} {name}",
    )
