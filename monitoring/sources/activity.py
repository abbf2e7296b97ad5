"""The activity log: who changed what on the resources of a resource group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitoring.sources.failures import explained
from monitoring.window import Window

if TYPE_CHECKING:
    from azure.mgmt.monitor.models import EventData

    from monitoring.sources.azure import Azure

#: Azure keeps 90 days and refuses an earlier start; by its clock, so ours leaves some minutes.
RETENTION = timedelta(days=90) - timedelta(minutes=5)
#: The service answers within 75 seconds or not at all; a month of a busy group is safe.
DAYS_A_CALL = timedelta(days=30)
_ROLE = "Monitoring Reader on the resource group"


@dataclass(frozen=True, slots=True)
class ActivityEvent:
    """One event of the activity log.

    operation: as a person would say it. operation_name: Azure's name of it, lower case; so are
    `status` (`started`, `succeeded`, `failed`, ...) and `resource_id`, whose case varies from
    event to event. correlation_id: shared by the events of one change.
    """

    time: datetime
    operation: str
    operation_name: str
    status: str
    caller: str
    resource_id: str
    correlation_id: str
    level: str
    description: str


@dataclass
class Activity:
    """Reads the activity log of the workspace's resource group, which is kept for 90 days."""

    azure: Azure

    def events(self, window: Window) -> tuple[ActivityEvent, ...]:
        """Return what happened in a window, oldest first.

        An event shows up 3 to 20 minutes after it happened. What is older than 90 days is gone
        and left out.

        Raises:
            NotPermittedError: The identity may not read the log.
            SourceError: Azure did not answer.
        """
        now = self.azure.settings.clock()
        kept = max(window.start, now - RETENTION)
        if kept >= window.end:
            return ()
        found = {
            event.event_data_id or event.id: _event(event)
            for part in Window(kept, window.end).split(DAYS_A_CALL)
            for event in self._part(part)
        }
        # Azure's range includes its end, ours does not.
        return tuple(
            sorted((e for e in found.values() if e.time in window), key=lambda event: event.time)
        )

    def _part(self, part: Window) -> list[EventData]:
        group = self.azure.resource_group
        asked = (
            f"eventTimestamp ge '{part.start:%Y-%m-%dT%H:%M:%SZ}' and "
            f"eventTimestamp le '{part.end:%Y-%m-%dT%H:%M:%SZ}' and "
            f"resourceGroupName eq '{group}'"
        )
        with explained(f"the activity log of the resource group {group!r}", role=_ROLE):
            return list(self.azure.monitor_client.activity_logs.list(filter=asked))


def _event(event: EventData) -> ActivityEvent:
    name = _value(event.operation_name)
    return ActivityEvent(
        time=event.event_timestamp.astimezone(UTC),  # type: ignore[union-attr]  # every event has one
        operation=_localised(event.operation_name) or name,
        operation_name=name.lower(),
        status=_value(event.status).lower(),
        caller=event.caller or "",
        resource_id=(event.resource_id or "").lower(),
        correlation_id=event.correlation_id or "",
        level=str(getattr(event.level, "value", event.level) or ""),
        description=event.description or "",
    )


def _value(text: Any) -> str:
    return str(text.value or "") if text else ""


def _localised(text: Any) -> str:
    return str(text.localized_value or "") if text else ""
