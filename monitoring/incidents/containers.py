"""What happened to containers, from the event log: like events close in time are one burst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitoring.event import Event

SOURCE = "container event log"
#: Bins with trouble of one sort that lie this close are one burst.
BURST = timedelta(hours=2)
#: A readiness probe fails while a model loads: by itself that is how starts look.
_WEIGHTS: Mapping[str, float] = {"ReadinessProbeFailed": 0.2, "Killing": 0.5}
_OUT_OF_MEMORY = "oomkilled"


def of_containers(records: Iterable[Mapping[str, Any]], step: timedelta) -> tuple[Event, ...]:
    """Return bursts of trouble, in time order, from rows of `container_events.kql`."""
    bins: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        if record["IsTrouble"]:
            key = record["Endpoint"], record["Deployment"], _sort(record)
            bins.setdefault(key, []).append(record)
    found = []
    for key, rows in bins.items():
        rows.sort(key=lambda row: row["TimeGenerated"])
        found += [_event(*key, burst, step) for burst in _bursts(rows, step)]
    return tuple(sorted(found, key=lambda e: (e.time, e.title)))


def _sort(record: Mapping[str, Any]) -> str:
    """Return what happened; a container that ran out of memory was not merely stopped."""
    return "OOMKilled" if _OUT_OF_MEMORY in record["Message"].lower() else str(record["Event"])


def _bursts(rows: Sequence[Mapping[str, Any]], step: timedelta) -> list[list[Mapping[str, Any]]]:
    bursts: list[list[Mapping[str, Any]]] = []
    for row in rows:
        start: datetime = row["TimeGenerated"]
        if bursts and start - bursts[-1][-1]["TimeGenerated"] <= max(BURST, step):
            bursts[-1].append(row)
        else:
            bursts.append([row])
    return bursts


def _event(
    endpoint: str,
    deployment: str,
    sort: str,
    burst: Sequence[Mapping[str, Any]],
    step: timedelta,
) -> Event:
    count = sum(row["Events"] for row in burst)
    first, last = burst[0], burst[-1]
    return Event(
        time=first["TimeGenerated"],
        end=min(last["Last"], last["TimeGenerated"] + step) if len(burst) > 1 else last["Last"],
        kind="container",
        title=f"{sort} of {endpoint}/{deployment}: {first['Message']}",
        source=SOURCE,
        endpoint=endpoint,
        deployment=deployment,
        detail=f"{count} times" if count > 1 else "once",
        count=count,
        alike=f"{sort} {endpoint}/{deployment}",
        weight=_WEIGHTS.get(sort, 1.0),
    )
