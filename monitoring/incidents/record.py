"""Incidents that last: folded from what is kept, known again by what they share, and recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.event import Event
from monitoring.incident import Incident, Suspect
from monitoring.incidents import folding, suspects
from monitoring.incidents.identity import Recognised, recognise
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.results.evaluation import Touch
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook, Revision
from monitoring.results.store import Results
from monitoring.signals import SIGNALS
from monitoring.window import DAY, Window

#: How far back steps are folded: all of them at first, later those that an open incident may touch.
FARTHEST, RECENT = 90 * DAY, 8 * DAY
#: What is new or unusual is told from at least so much before.
LOOK_BACK = timedelta(days=7)
#: Steps shorter than an hour are kept for so long.
HOUR = timedelta(hours=1)


@dataclass(frozen=True, eq=False)
class Recorder:
    """Folds the steps of places into incidents and records what has changed."""

    results: Results
    events: Events
    book: IncidentBook

    def record(self, touches: Iterable[Touch], now: datetime) -> int:
        """Record the incidents of some places and of their endpoints; return how many revisions.

        Args:
            touches: What was evaluated there.
            now: As of when.
        """
        known = self.book.list(Window(now - FARTHEST, now))
        count = 0
        for group, own in _groups(touches):
            first = min(each.start for each in own)
            lasting = [e for e in known if e.place in group and _lasts(e, first - DAY)]
            if lasting or any(each.breached for each in own):
                since = min([first, now - RECENT, *(each.began - DAY for each in lasting)])
                count += self._record(group, Window(max(since, now - FARTHEST), now), now)
        return count

    def _record(self, group: Collection[Place], window: Window, now: datetime) -> int:
        places = self.results.places()
        own = {*group, *_siblings(group, places)}
        shared = (place for place in places if not place.endpoint)
        results = self.results.results(window, places={*own, *shared})
        if not any(result.status == "breached" for result in results):
            return self._withdraw(group, Recognised((), {}), window, now)
        events = self.events.of(Window(window.start - LOOK_BACK, window.end))
        here = [r for r in results if r.place.whole in own and _alarms(r)]
        incidents = [each for each in folding.fold(here, events, now) if each.place in group]
        stored = [each.incident for each in self.book.stories(window, places=group)]
        known = recognise(incidents, stored, now)
        ranked = {each.id: _suspects(each, events, results) for each in known.incidents}
        revisions = self.book.record(known.incidents, now, ranked)
        return len(revisions) + self._withdraw(group, known, window, now)

    def _withdraw(
        self, group: Collection[Place], known: Recognised, window: Window, now: datetime
    ) -> int:
        """Withdraw what late data have shown to be none: it began in what was folded, and is gone."""
        ids = {each.id for each in known.incidents}
        gone = [
            each.id
            for each in self.book.list(window, places=group)
            if each.began >= window.start and each.id not in ids
        ]
        return len(self.book.withdraw(gone, now, _words(gone, known.merged))) if gone else 0


def _siblings(group: Collection[Place], places: Iterable[Place]) -> list[Place]:
    """Return the other deployments of an endpoint: what is affected is a share of all its requests."""
    endpoints = {each.endpoint for each in group} - {""}
    return [place for place in places if place.endpoint in endpoints]


def _words(gone: Iterable[str], merged: Mapping[str, str]) -> Mapping[str, str]:
    """Return why incidents are withdrawn, by id."""
    return {
        each: f"It turned out to be part of the incident {merged[each]}."
        if each in merged
        else "Data that came late have shown that nothing was in breach."
        for each in gone
    }


def _alarms(result: MetricResult) -> bool:
    """Whether the breaches of a signal become incidents."""
    return result.signal not in SIGNALS or SIGNALS[result.signal].alarms


def _groups(touches: Iterable[Touch]) -> Iterator[tuple[tuple[Place, ...], list[Touch]]]:
    """Yield what was touched by endpoint, the endpoint itself with it; each cluster and job by itself."""
    groups: dict[Place, list[Touch]] = {}
    for each in touches:
        groups.setdefault(replace(each.place, deployment=""), []).append(each)
    for above, own in groups.items():
        yield tuple(sorted({above, *(each.place for each in own)})), own


def _lasts(incident: Revision, moment: datetime) -> bool:
    """Whether steps from a moment on may change it."""
    return incident.resolved is None or incident.resolved > moment


def _suspects(
    incident: Incident, events: Sequence[Event], results: Sequence[MetricResult]
) -> tuple[Suspect, ...]:
    """Return what coincides with its start, from steps of an hour and longer."""
    coarse = [r for r in results if r.window and r.window.length >= HOUR]
    return suspects.rank(incident, events, coarse)
