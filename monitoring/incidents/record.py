"""Incidents that last: folded from what is kept, known again by what they share, and recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.event import Event
from monitoring.incident import Incident, Suspect
from monitoring.incidents import folding, suspects
from monitoring.incidents.identity import Recognised, recognise
from monitoring.incidents.severity import HITS
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.results.evaluation import Touch
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook, Revision, StoredIncident
from monitoring.results.numbers import Series
from monitoring.results.store import Results
from monitoring.signal import HOUR
from monitoring.signals import SIGNALS
from monitoring.window import DAY, Window

#: How far back steps are folded: all of them at first, later those that an open incident may touch.
FARTHEST, RECENT = 90 * DAY, 8 * DAY
#: What is new or unusual is told from at least so much before.
LOOK_BACK = timedelta(days=7)
#: What is behind an incident is told from so much before it, and from steps of an hour and longer.
MEMORY = 21 * DAY
#: Logs tell of what happened within so long; then nothing new is behind an incident.
SETTLED = DAY


@dataclass(frozen=True, eq=False)
class Recorder:
    """Folds the steps of places into incidents and records what has changed."""

    results: Results
    events: Events
    book: IncidentBook

    def record(self, touches: Iterable[Touch], now: datetime) -> int:
        """Record the incidents of some places and of their endpoints; return how many revisions."""
        known = self.book.list(Window(now - FARTHEST, now))
        count = 0
        for group, own in _groups(touches):
            first = min(each.start for each in own)
            here = [each for each in known if each.place in group]
            if any(_lasts(e, first - DAY) for e in here) or any(each.breached for each in own):
                since = max(_since(here, min(first, now - RECENT)), now - FARTHEST)
                count += self._record(group, Window(since, now), now)
        return count

    def _record(self, group: Collection[Place], window: Window, now: datetime) -> int:
        places = self.results.places()
        own = {*group, *_siblings(group, places)}
        every = own | {place for place in places if not place.endpoint}
        results = self.results.breached(window, places=every, also=_is_traffic)
        if not any(result.status == "breached" for result in results):
            return self._withdraw(group, Recognised((), {}), window, now)
        here = [result for result in results if result.place.whole in own]
        events = self.events.of(Window(window.start - LOOK_BACK, window.end))
        incidents = [
            each for each in folding.fold(filter(_alarms, here), events, now) if each.place in group
        ]
        stories = self.book.stories(window, places=group)
        stored = [each.incident for each in stories]
        known = recognise(incidents, stored, now)
        ranked = self._ranked(known.incidents, stories, every, now)
        told = _from_their_beginning(known.incidents, stored, window)
        revisions = self.book.record(told, now, ranked)
        return len(revisions) + self._withdraw(group, known, window, now)

    def _ranked(
        self,
        incidents: Iterable[Incident],
        stories: Iterable[StoredIncident],
        places: Collection[Place],
        now: datetime,
    ) -> dict[str, tuple[Suspect, ...]]:
        """Return the suspects of each incident by its id, of those that are settled as recorded.

        Each is told from equally much before it, so that it does not depend on what is folded.
        """
        recorded = {each.incident.id: each for each in stories}
        ranked: dict[str, tuple[Suspect, ...]] = {}
        left: list[Incident] = []
        for each in incidents:
            before = recorded.get(each.id)
            until = _certain(each)
            if before and until < now - SETTLED and _certain(before.incident) == until:
                ranked[each.id] = before.suspects
            else:
                left.append(each)
        if left:
            whole = Window(min(each.began for each in left) - MEMORY, now)
            coarse = self.results.results(whole, places=places, least=HOUR)
            events = self.events.of(whole)
            ranked |= {each.id: _suspects(each, events, coarse) for each in left}
        return ranked

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


def _from_their_beginning(
    incidents: Iterable[Incident], stored: Iterable[Incident], window: Window
) -> Iterator[Incident]:
    """Yield incidents, those that are older than what is folded as of when they are known to have begun."""
    older = {each.id: each for each in stored if each.began < window.start}
    for each in incidents:
        first = older.get(each.id)
        yield replace(each, began=first.began, fired=first.fired) if first else each


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


def _is_traffic(series: Series) -> bool:
    """Whether its steps tell how many requests there were, well or not."""
    signal = SIGNALS.get(series.signal)
    return signal is not None and series.step >= HOUR and not HITS.isdisjoint(signal.metrics)


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


def _since(incidents: Collection[Revision], moment: datetime) -> datetime:
    """Return a moment from which on folding cuts no incident in two: one cut would tell another story."""
    before = [e.began - DAY for e in incidents if e.began - DAY < moment and _lasts(e, moment)]
    return _since(incidents, min(before)) if before else moment


def _lasts(incident: Revision, moment: datetime) -> bool:
    """Whether steps from a moment on may change it."""
    return incident.resolved is None or incident.resolved > moment


def _suspects(
    incident: Incident, events: Sequence[Event], results: Sequence[MetricResult]
) -> tuple[Suspect, ...]:
    """Return what coincides with its start, told from so much before it."""
    first = incident.began - MEMORY
    return suspects.rank(
        incident,
        [each for each in events if each.time >= first],
        [each for each in results if each.window and each.window.start >= first],
    )


def _certain(incident: Incident) -> datetime:
    """Return when the last of its breaches was certain."""
    return max(each.fired for each in incident.breaches)
