"""Which lanes the timeline has, in their order, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from monitoring.signal import LaneFacts, Signal
from monitoring.signals import SIGNALS

if TYPE_CHECKING:
    from monitoring.event import EventKind


@dataclass(frozen=True, slots=True)
class Measured:
    """A lane of a signal's numbers."""

    signal: str
    facts: LaneFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A lane of events. order: among all lanes. sources: that tell of such events."""

    name: str
    label: str
    group: str
    order: int
    kinds: tuple[EventKind, ...]
    sources: tuple[str, ...]


Row: TypeAlias = Measured | Happened

EVENTS = (
    Happened(name="deployments", label="Deployments and traffic split", group="changes", order=10,
             kinds=("deployment", "traffic_split", "scaling", "model"), sources=("activity log",)),
    Happened(name="configuration", label="Configuration and roles", group="changes", order=20,
             kinds=("configuration", "role", "data"), sources=("activity log",)),
    Happened(name="alerts", label="Alerts and service health", group="changes", order=30,
             kinds=("alert", "platform"), sources=("alerts",)),
    Happened(name="callers", label="Callers and dependencies", group="traffic", order=160,
             kinds=("client", "dependency"), sources=("clients", "dependencies")),
    Happened(name="containers", label="Containers and console", group="infrastructure", order=250,
             kinds=("container", "console", "collection"), sources=("containers", "console")),
    Happened(name="jobs", label="Jobs", group="infrastructure", order=260,
             kinds=("job",), sources=("jobs",)),
)  # fmt: skip
#: In the order in which they are drawn.
GROUPS = ("changes", "traffic", "infrastructure", "data", "model")
#: What is missing with the list of endpoints.
ENDPOINTS = "endpoints"


def rows() -> tuple[Row, ...]:
    """Return every lane, in the order in which they are drawn."""
    measured = [Measured(each.name, lane) for each in SIGNALS.values() for lane in each.lanes]
    return tuple(sorted((*EVENTS, *measured), key=_order))


def _order(row: Row) -> tuple[int, int]:
    facts = row if isinstance(row, Happened) else row.facts
    return GROUPS.index(facts.group), facts.order


def sources(row: Row) -> frozenset[str]:
    """Return the sources without which a lane has nothing to show.

    >>> measured = [row for row in rows() if isinstance(row, Measured)]
    >>> [sorted(sources(row)) for row in measured if row.facts.name in {"error_rate", "cpu_utilization"}]
    [['traffic'], ['endpoints', 'saturation']]
    """
    if isinstance(row, Happened):
        return frozenset(row.sources)
    needs_endpoints = _needs_endpoints(SIGNALS[row.signal])
    return frozenset({row.signal, ENDPOINTS} if needs_endpoints else {row.signal})


def _needs_endpoints(signal: Signal) -> bool:
    return signal.scope == "deployment" or "resource manager" in signal.needs


def signal_of(lane: str) -> Signal | None:
    """Return the signal that a lane shows, by its name or that of its metric.

    >>> signal_of("data_drift:jensen_shannon_distance").name, signal_of("cpu_utilization").name
    ('data_drift', 'saturation')
    """
    name = lane.partition(":")[0]
    for each in SIGNALS.values():
        if name == each.name or any(name in {own.name, own.metric} for own in each.lanes):
            return each
    return None
