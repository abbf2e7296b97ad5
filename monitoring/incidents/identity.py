"""Which incident is which: an id that lasts while more becomes known of it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from monitoring.incident import Breach, Incident

#: Signal, metric and place of a breach.
SeriesKey = tuple[str, str, str]


def identity(first: Breach) -> str:
    """Return a short hash of the first breach: the same from run to run and for every length of step.

    The day of its start is fine enough: the same metric again within a day is the same incident.
    """
    return _hash(f"{first.signal}|{first.metric}|{first.place}|{first.start:%Y-%m-%d}")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Recognised:
    """Incidents under the ids that they have been known by.

    merged: id of one that is now part of another -> id of that.
    """

    incidents: tuple[Incident, ...]
    merged: Mapping[str, str]


def recognise(
    incidents: Iterable[Incident], known: Iterable[Incident], now: datetime
) -> Recognised:
    """Give incidents the ids of those known before that they share a breach with.

    Steps that come late may move the beginning of one, but make no other of it. Two that turn out to
    be one keep the id of the older; of one that falls apart the older part keeps it.
    """
    every = tuple(incidents)
    free = sorted(known, key=lambda each: (each.began, each.id))
    used = {each.id for each in free}
    names: dict[str, str] = {}
    merged: dict[str, str] = {}
    for incident in sorted(every, key=lambda each: (each.began, each.id)):
        same = [each for each in free if _is_same(each, incident, now)]
        own = same[0].id if same else _unused(incident.id, used)
        names[incident.id] = own
        used.add(own)
        merged |= {each.id: own for each in same[1:]}
        free = [each for each in free if each not in same]
    named = tuple(replace(each, id=names[each.id]) for each in every)
    return Recognised(named, merged)


def _unused(name: str, used: Collection[str]) -> str:
    while name in used:
        name = _hash(name)
    return name


def _is_same(one: Incident, other: Incident, now: datetime) -> bool:
    if one.began > (other.resolved or now) or other.began > (one.resolved or now):
        return False
    return bool(_series(one) & _series(other))


def _series(incident: Incident) -> set[SeriesKey]:
    return {(b.signal, b.metric, str(b.place)) for b in incident.breaches}
