"""All judged numbers and events of a window, folded into incidents, with what coincides with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitoring.incidents import folding, suspects
from monitoring.incidents.identity import recognise
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.event import Event
    from monitoring.incident import Incident, Suspect
    from monitoring.metric import MetricResult
    from monitoring.signal import Missing
    from monitoring.sources.logs import Answer


@dataclass(frozen=True, kw_only=True, eq=False)
class IncidentReport:
    """What is known of a window: judged numbers, events, and the incidents that they tell of.

    window: what was asked for. taken: as of when. results: every judged number, one a step, in time
    order. Data and model are judged by whole days, on seven at
    least, and a state lasts from the change that made it so: both may begin before the window.
    events: of the window, in time order. earlier: before it, by which the suspects of what was open
    when it began, and how ordinary an event is, are told. incidents: open ones first. missing: each
    source that could not be read or had nothing to compare with, and why. answers: of Log Analytics.
    measured: when the newest number was. ranked: suspects that were recorded with an incident, by id.
    """

    window: Window
    taken: datetime
    results: tuple[MetricResult, ...]
    events: tuple[Event, ...]
    incidents: tuple[Incident, ...]
    earlier: tuple[Event, ...] = ()
    missing: tuple[Missing, ...] = ()
    answers: tuple[Answer, ...] = field(default=(), repr=False)
    measured: datetime | None = None
    ranked: Mapping[str, tuple[Suspect, ...]] = field(default_factory=dict, repr=False)

    def suspects(self, incident: Incident) -> tuple[Suspect, ...]:
        """Return what coincides with the start of an incident, the most telling first.

        As of when its last breach was certain: what came later does not change it.
        """
        recorded = self.ranked.get(incident.id)
        if recorded is not None:
            return recorded
        return suspects.rank(incident, (*self.earlier, *self.events), self.results)

    def incident(self, identity: str) -> Incident | None:
        """Return the incident of an id; None if this report has none such."""
        return next((each for each in self.incidents if each.id == identity), None)

    def as_of(self, moment: datetime) -> IncidentReport:
        """Return the report as it would have been at an earlier moment, from what this one holds.

        Steps that were not over and events that had not happened are gone; what ended later lasts.
        Labels that came later are still in the results of their day.
        """
        seen = tuple(r for r in self.results if r.window and r.window.end <= moment)
        events = tuple(_as_of(e, moment) for e in self.events if e.time <= moment)
        before = tuple(_as_of(e, moment) for e in self.earlier if e.time <= moment)
        window = self.window
        if window.start < moment < window.end:
            window = Window(window.start, moment)
        incidents = folding.fold(seen, (*before, *events), moment)
        return replace(
            self,
            window=window,
            taken=moment,
            results=seen,
            events=events,
            earlier=before,
            incidents=recognise(incidents, self.incidents, moment).incidents,
            ranked={},
        )


def _as_of(event: Event, moment: datetime) -> Event:
    if event.end is None or event.end <= moment:
        return event
    status = "fired" if event.kind == "alert" else "started"
    # How often a container was killed in all was not known yet; what a change was for, was.
    detail = "" if event.kind == "container" else event.detail
    return replace(event, end=None, status=status, count=1, detail=detail)
