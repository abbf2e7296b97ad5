"""Incidents that last: folded from what is kept, known again by what they share, and recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.event import Event
from monitoring.incident import Incident, Suspect
from monitoring.incidents import folding, suspects
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.results.evaluation import Touch
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook, Revision, StoredIncident
from monitoring.results.store import Results
from monitoring.window import DAY, Window

#: How far back steps are folded: all of them at first, later those that an open incident may touch.
FARTHEST, RECENT = 90 * DAY, 8 * DAY
#: What is new or unusual is told from at least so much before.
LOOK_BACK = timedelta(days=7)
#: Steps shorter than an hour are kept for so long.
HOUR = timedelta(hours=1)

#: Signal, metric and place of a breach.
SeriesKey = tuple[str, str, str]


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
        around = self._around(group)
        results = self.results.results(window, places=around)
        if not any(result.status == "breached" for result in results):
            return self._withdraw(group, (), window, now)
        events = self.events.of(Window(window.start - LOOK_BACK, window.end))
        own = [r for r in results if r.place.whole in group]
        incidents = folding.fold(own, events, now)
        stored = self._stored(group, window)
        known = tuple(recognised(incidents, stored, now))
        ranked = {each.id: _suspects(each, events, results) for each in known}
        revisions = self.book.record(known, now, ranked)
        return len(revisions) + self._withdraw(group, known, window, now)

    def _around(self, group: Collection[Place]) -> list[Place]:
        """Return the places whose numbers may explain what is wrong at these."""
        workspace = next(iter(group)).workspace
        shared = [place for place in self.results.places() if not place.endpoint]
        return [*group, Place(workspace=workspace), *(p for p in shared if p not in group)]

    def _stored(self, group: Collection[Place], window: Window) -> list[StoredIncident]:
        return [self.book.get(each.id) for each in self.book.list(window, places=group)]

    def _withdraw(
        self, group: Collection[Place], known: Sequence[Incident], window: Window, now: datetime
    ) -> int:
        """Withdraw what late data have shown to be none: it began in what was folded, and is gone."""
        ids = {each.id for each in known}
        gone = [
            each.id
            for each in self.book.list(window, places=group)
            if each.began >= window.start and each.id not in ids
        ]
        return len(self.book.withdraw(gone, now)) if gone else 0


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


def recognised(
    incidents: Iterable[Incident], stored: Iterable[StoredIncident], now: datetime
) -> Iterator[Incident]:
    """Yield incidents under the id that they have been known by.

    One that shares a series with a stored one while both lasted is that one: older steps that come
    late may move its beginning, but make no other of it.
    """
    free = sorted((each.incident for each in stored), key=lambda each: each.began)
    for incident in sorted(incidents, key=lambda each: each.began):
        same = next((each for each in free if _is_same(each, incident, now)), None)
        if same is None:
            yield incident
        else:
            free.remove(same)
            yield replace(incident, id=same.id)


def _is_same(one: Incident, other: Incident, now: datetime) -> bool:
    if one.began > (other.resolved or now) or other.began > (one.resolved or now):
        return False
    return bool(_series(one) & _series(other))


def _series(incident: Incident) -> set[SeriesKey]:
    return {(b.signal, b.metric, str(b.place)) for b in incident.breaches}


def _suspects(
    incident: Incident, events: Sequence[Event], results: Sequence[MetricResult]
) -> tuple[Suspect, ...]:
    """Return what coincides with its start, from steps of an hour and longer."""
    coarse = [r for r in results if r.window and r.window.length >= HOUR]
    return suspects.rank(incident, events, coarse)
