"""Folds breaches and events of one place into incidents.

Breaches of one place are one story if they are of one family, overlap in time and began together, or
if they are the same metric again within a day. A season is one story too: breaches of one family that
overlap and were seen by days alone, where hours would have told of what is sudden. Otherwise merely overlapping is not enough: a
machine that has been idle for six weeks must not swallow what goes wrong meanwhile, nor a season that
moves the inputs for a fortnight an hour of failed requests. What the families have to do with each
other the suspects tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from monitoring.event import Event
from monitoring.incident import Breach, Incident
from monitoring.incidents import breach as breaches_of
from monitoring.incidents import severity
from monitoring.incidents.identity import identity
from monitoring.incidents.words import title_of
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signals import SIGNALS
from monitoring.verdict import excess
from monitoring.window import DAY

#: The same metric in breach again within this time is the same incident, which comes and goes.
AGAIN = timedelta(hours=24)
#: Breaches began together if they did within so many steps of the coarser one, or this long: what
#: moves inputs is seen in the answers and in the labels a day or two later.
TOGETHER_STEPS = 2
TOGETHER = timedelta(hours=3)
#: Events that belong to an incident: trouble on its place from shortly before its start on.
EVENT_LEAD = timedelta(hours=1)
#: What says that something is wrong, and not that somebody changed something.
TROUBLE = frozenset({"container", "job", "alert", "collection", "platform"})


def fold(
    results: Iterable[MetricResult], events: Iterable[Event], taken: datetime
) -> tuple[Incident, ...]:
    """Return the incidents, open ones first, then the newest.

    Pure: neither the order of the results nor asking twice changes anything.

    Args:
        taken: Now; what lasts until then is open.
    """
    known = tuple(results)
    traffic = severity.Traffic.of(known)
    # Failures of jobs and alerts come into incidents by the breach they go with.
    trouble = sorted((e for e in events if e.kind in TROUBLE), key=lambda e: (e.time, e.title))
    incidents = [
        _incident(group, trouble, traffic, taken)
        for group in groups(breaches_of.found(known, taken), taken)
    ]
    return tuple(sorted(incidents, key=_order))


def _order(incident: Incident) -> tuple[bool, float, str]:
    return incident.resolved is not None, -incident.began.timestamp(), incident.id


def groups(breaches: Sequence[Breach], taken: datetime) -> tuple[tuple[Breach, ...], ...]:
    """Return breaches that are one story together, each group in time order.

    A group begins with its first breach; who begins later than that allows for begins another. So a
    fortnight of one thing after the other does not become one incident.
    """
    found: dict[Place, list[list[Breach]]] = {}
    for each in sorted(breaches, key=_time_order):
        here = found.setdefault(each.place.whole, [])
        group = _group_of(each, here[::-1], taken)
        if group is None:
            here.append([each])
        else:
            group.append(each)
    return tuple(tuple(group) for place in sorted(found, key=str) for group in found[place])


def _group_of(
    each: Breach, newest_first: Sequence[list[Breach]], taken: datetime
) -> list[Breach] | None:
    """Return the group of the same metric again, else one that began together with it, else its season."""
    again = (g for g in newest_first if any(is_again(b, each, taken) for b in g))
    near = (g for g in newest_first if began_together(g, each, taken))
    season = (g for g in newest_first if is_season(g, each, taken))
    return next(again, None) or next(near, None) or next(season, None)


def _time_order(each: Breach) -> tuple[datetime, datetime, str, str, str]:
    return each.start, each.fired, each.signal, each.metric, str(each.place)


def is_again(earlier: Breach, later: Breach, taken: datetime) -> bool:
    """Whether a breach is the same metric of the same place again, within a day."""
    one, two = ((each.signal, each.metric, each.place) for each in (earlier, later))
    return one == two and later.start - breaches_of.closes(earlier, taken) <= AGAIN


def began_together(group: Sequence[Breach], later: Breach, taken: datetime) -> bool:
    """Whether a breach began while a group of its family lasted, and about when that began."""
    first = group[0]
    if family(first.signal) != family(later.signal):
        return False
    until = max(breaches_of.closes(each, taken) for each in group)
    apart = max(TOGETHER, TOGETHER_STEPS * max(_step(first), _step(later)))
    return later.start <= until and later.start - first.start <= apart


def is_season(group: Sequence[Breach], later: Breach, taken: datetime) -> bool:
    """Whether a slow breach of a family began while another lasted, in a group without a sudden one.

    What moves with the season moves for weeks, one feature after the other.
    """
    first = group[0]
    if family(first.signal) != family(later.signal) or not (is_slow(first) and is_slow(later)):
        return False
    if any(_step(each) < DAY for each in group):
        return False
    return later.start <= max(breaches_of.closes(each, taken) for each in group if is_slow(each))


def is_slow(breach: Breach) -> bool:
    """Whether a breach was seen by days alone, of a signal whose hours tell what is sudden."""
    signal = SIGNALS.get(breach.signal)
    if signal is None or _step(breach) < DAY:
        return False
    return signal.grids[0].step < DAY <= signal.grids[-1].step


def family(signal: str) -> str:
    """Return the family of a signal: those that tell one story together."""
    return SIGNALS[signal].family if signal in SIGNALS else signal


def _step(each: Breach) -> timedelta:
    return timedelta(seconds=each.step_seconds)


def _incident(
    group: Sequence[Breach],
    trouble: Sequence[Event],
    traffic: severity.Traffic,
    taken: datetime,
) -> Incident:
    first = group[0]
    place = first.place.whole
    began, fired = first.start, min(each.fired for each in group)
    is_open = any(each.end is None for each in group)
    resolved = None if is_open else max(breaches_of.closes(each, taken) for each in group)
    ranked = tuple(sorted(group, key=_gravity))
    until = resolved or taken
    affected = traffic.affected(place, group, began, until)
    own = [e for e in trouble if began - EVENT_LEAD <= e.time < until and _is_about(e, place)]
    return Incident(
        id=identity(first),
        title=title(ranked, place),
        place=place,
        severity=severity.of(ranked, affected),
        began=began,
        fired=fired,
        resolved=resolved,
        breaches=ranked,
        events=tuple(own),
        affected_share=affected.share,
        affected=affected.words,
    )


def title(ranked: Sequence[Breach], place: Place) -> str:
    """Return what is wrong and with whom, in one sentence without a full stop."""
    wrong = list(dict.fromkeys(title_of(each.signal, each.metric) for each in ranked))
    what = " and ".join(wrong[:2]) if len(wrong) < 3 else f"{wrong[0]}, {wrong[1]} and more"  # noqa: PLR2004 - a title has room for two
    where = place.cluster and f"cluster {place.cluster}"
    return f"{where or place}: {what}"


def _gravity(each: Breach) -> tuple[int, float, datetime, str, str]:
    worst = severity.gravity(each.signal), -excess(each.worst)
    return *worst, each.start, each.metric, str(each.place)


def _is_about(event: Event, place: Place) -> bool:
    """Whether an event happened on the place itself; what concerns its endpoint does too."""
    if not place.endpoint:
        return not event.endpoint
    return event.endpoint == place.endpoint and event.deployment in {"", place.deployment}
