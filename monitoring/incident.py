"""An incident: breaches and events of one place that overlap in time, and what coincides with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitoring.event import Event
    from monitoring.metric import MetricResult
    from monitoring.place import Place
    from monitoring.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One metric of one place beyond its threshold, from its first step to its last.

    start, end: UTC; `end` is None while it lasts. fired: when it was certain (so many steps of so
    many). worst: the step that lay furthest beyond. steps: how many breached, of the length of the
    one in which it began (step_seconds).
    """

    signal: str
    metric: str
    label: str
    place: Place
    start: datetime
    end: datetime | None
    fired: datetime
    worst: MetricResult
    steps: int
    step_seconds: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Something that changed just before or while it began. It coincides; nothing proves a cause.

    rank: from 1. score: 0 to 1, the product of `proximity` (how close in time) and `change` (how
    large, or how telling). sentence: for people, with "coincides with". event, lane: what it is, one
    of the two, lane by its name. features: that changed together, the most first. evidence: figures
    behind it.
    """

    rank: int
    title: str
    sentence: str
    time: datetime
    score: float
    proximity: float
    change: float
    kind: str
    place: Place
    evidence: str = ""
    event: Event | None = None
    lane: str = ""
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Breaches and events that are one story.

    id: stable from run to run while its first breach is (a short hash), fit for a URL. title: what
    is wrong, with whom. began: start of the first breach. fired: when it was certain. resolved: None
    while it is open. affected_share: of the endpoint's requests that failed or were slow or fell to
    the place in that time, 0 to 1; None where no traffic says so. signals: that breached, worst first.
    """

    id: str
    title: str
    place: Place
    severity: Severity
    began: datetime
    fired: datetime
    resolved: datetime | None
    breaches: tuple[Breach, ...]
    events: tuple[Event, ...]
    affected_share: float | None
    affected: str = ""

    @property
    def endpoint(self) -> str:
        """Whose it is, in lower case; empty for a cluster or the workspace."""
        return self.place.endpoint

    @property
    def deployment(self) -> str:
        """Whose it is, in lower case; empty for the whole endpoint."""
        return self.place.deployment

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that breached, each once, in the order of the breaches."""
        return tuple(dict.fromkeys(breach.signal for breach in self.breaches))
