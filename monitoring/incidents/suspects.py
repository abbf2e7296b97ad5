"""What changed just before or while an incident began, the most telling first.

Nothing here proves a cause. The score is nearness in time times how telling the change is: what is
known of such changes beforehand, where it happened, how large it is, and how seldom such a thing
happens, since what happens every day coincides with everything.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.event import Event
from monitoring.incident import Incident, Suspect
from monitoring.incidents import candidates, moments, relevance
from monitoring.incidents.candidates import Candidate
from monitoring.incidents.moments import Moment
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.window import Window

MOST = 10
#: What scores less is left out: it is nothing that an engineer should be sent after.
LEAST_SCORE = 0.02
DAY = timedelta(days=1)
#: How far before an incident a change may lie.
BACK = timedelta(days=7)
#: Changes that somebody makes work from their end on; other events from their beginning.
_CHANGES = frozenset({"deployment", "traffic_split", "configuration", "role", "model", "data"})


def rank(
    incident: Incident,
    events: Sequence[Event],
    results: Sequence[MetricResult],
    *,
    known_until: datetime | None = None,
) -> tuple[Suspect, ...]:
    """Return the suspects of an incident, at most ten.

    Args:
        events: What happened, also before the window: how often says how telling.
        known_until: As of when; by default when the last of its breaches was certain, so that the
            ranking does not change with what came later.
    """
    until = known_until or max(each.fired for each in incident.breaches)
    place = incident.place
    found = moments.of_incident(incident, results, until)
    if not found:
        return ()
    rates = _Rates.of(events, incident.began)
    around = Window(min(m.start for m in found) - BACK, until)
    others = (
        *candidates.features(results, place, around, until),
        *candidates.metrics(results, place, incident.signals, incident.began, until),
    )
    return _ranked(
        [
            *(
                _of_event(e, incident, place, found, rates)
                for e in _likely(events, incident, around)
            ),
            *(_of_candidate(each, incident, found) for each in others),
        ]
    )


def _likely(events: Iterable[Event], incident: Incident, around: Window) -> Iterator[Event]:
    for event in events:
        if around.start <= event.time <= around.end and not _is_symptom(event, incident):
            yield event


def _ranked(scored: Iterable[Suspect]) -> tuple[Suspect, ...]:
    kept = [each for each in scored if each.score >= LEAST_SCORE]
    kept.sort(key=lambda each: (-each.score, each.time, each.title))
    return tuple(replace(suspect, rank=at) for at, suspect in enumerate(kept[:MOST], 1))


def _is_symptom(event: Event, incident: Incident) -> bool:
    """Whether an event says the same as the incident's own breaches in other words."""
    metrics = {breach.metric for breach in incident.breaches}
    failed = event.kind == "job" and event.status == "failed" and "failed_jobs" in metrics
    refused = event.kind == "client" and event.status == "refused"
    return (
        event.kind == "alert"
        or (failed and event.source == "job log")
        or (refused and "client_error_rate" in metrics)
    )


@dataclass(frozen=True, slots=True)
class _Rates:
    """How often such events come, per day, before an incident."""

    counts: Counter[str]
    days: float

    @classmethod
    def of(cls, events: Sequence[Event], began: datetime) -> _Rates:
        before = [event for event in events if event.time < began and event.alike]
        first = min((event.time for event in before), default=began)
        return cls(Counter(event.alike for event in before), max((began - first) / DAY, 1.0))

    def rarity(self, event: Event, gap: timedelta) -> float:
        """Return the probability that no such event would lie so near by chance (Poisson).

        The event itself does not count.
        """
        others = max(self.counts[event.alike] - 1, 0) if event.alike else 0
        return math.exp(-others / self.days * (gap / DAY))


def _of_event(
    event: Event,
    incident: Incident,
    place: Place,
    found: Sequence[Moment],
    rates: _Rates,
) -> Suspect:
    end = event.end if event.end and event.kind in _CHANGES else event.time
    start = min(event.time, end)
    moment = max(found, key=lambda m: m.proximity(start, end))
    proximity = moment.proximity(start, end)
    gap = abs(moment.gap(start, end)) + (moment.end - moment.start)
    change = (
        relevance.of_kind(event.kind, incident.signals)
        * relevance.of_place(event, place)
        * event.weight
        * rates.rarity(event, gap)
    )
    return Suspect(
        rank=0,
        title=event.title,
        sentence=sentence(event.title, start, end, moment),
        time=end,
        score=proximity * change,
        proximity=proximity,
        change=change,
        kind=event.kind,
        place=event.place,
        evidence=event.detail,
        event=event,
    )


def _of_candidate(each: Candidate, incident: Incident, found: Sequence[Moment]) -> Suspect:
    moment = max(found, key=lambda m: m.proximity(each.start, each.end))
    proximity = moment.proximity(each.start, each.end)
    change = relevance.of_kind(each.kind, incident.signals) * each.telling
    return Suspect(
        rank=0,
        title=each.title,
        sentence=sentence(each.title, each.start, each.end, moment),
        time=each.start,
        score=proximity * change,
        proximity=proximity,
        change=change,
        kind=each.kind,
        place=each.place,
        evidence=each.evidence,
        lane=each.lane,
        features=each.features,
    )


def sentence(title: str, start: datetime, end: datetime, moment: Moment) -> str:
    """Return a sentence that says what coincides with what, and claims no more."""
    if moment.holds(start, end):
        when = "the step in which"
    elif start < moment.start:
        gap = moment.start - end
        when = f"the time {span(gap)} before" if gap else "the step before"
    else:
        gap = start - moment.end
        when = f"the time {span(gap)} after" if gap else "the step after"
    what = f"{moment.what} ({moment.start:%d %b %H:%M} UTC)"
    return f"{title.rstrip('.')}; this coincides with {when} {what}."


def span(length: timedelta) -> str:
    """Return a length of time for people.

    >>> span(timedelta(minutes=5)), span(timedelta(hours=30)), span(timedelta(days=3))
    ('5 min', '30 h', '3 days')
    """
    minutes = round(length / timedelta(minutes=1))
    if minutes < 120:  # noqa: PLR2004 - then in hours
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{round(minutes / 1440)} days"
