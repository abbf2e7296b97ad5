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
    ordered = sorted(every, key=_age)
    free = sorted(known, key=_age)
    used = {each.id for each in free}
    names: dict[str, str] = {}
    for incident in ordered:
        same = _first_shared(incident, free, now)
        if same is not None:
            free.remove(same)
        names[incident.id] = same.id if same else _unused(incident.id, used)
        used.add(names[incident.id])
    parts = {each.id: _first_shared(each, ordered, now) for each in free}
    return Recognised(
        incidents=tuple(replace(each, id=names[each.id]) for each in every),
        merged={gone: names[whole.id] for gone, whole in parts.items() if whole},
    )


def _age(incident: Incident) -> tuple[datetime, str]:
    return incident.began, incident.id


def _first_shared(one: Incident, others: Iterable[Incident], now: datetime) -> Incident | None:
    return next((each for each in others if shares(one, each, now)), None)


def _unused(name: str, used: Collection[str]) -> str:
    while name in used:
        name = _hash(name)
    return name


def shares(one: Incident, other: Incident, now: datetime) -> bool:
    """Whether two incidents have a breach in common: the same metric of the same place at one time."""
    spans: dict[SeriesKey, list[Breach]] = {}
    for breach in one.breaches:
        spans.setdefault(_key(breach), []).append(breach)
    return any(
        mine.start < (b.end or now) and b.start < (mine.end or now)
        for b in other.breaches
        for mine in spans.get(_key(b), ())
    )


def _key(breach: Breach) -> SeriesKey:
    return breach.signal, breach.metric, str(breach.place)
