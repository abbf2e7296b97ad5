"""How likely each sort of change is to be behind each sort of trouble: what is known before looking.

The figures of each signal are judgement, not measurement, between 0 (cannot be) and 1 (is asked about first), in
the order in which on-call engineers look: what was rolled out, who asks, what it depends on, what
was configured. They hold for any workspace; a change of them is a change of the ranking.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.event import Event
from monitoring.place import Place
from monitoring.signals import SIGNALS

#: Where it happened, as seen from the incident.
HERE, NEIGHBOUR, WORKSPACE_WIDE, ELSEWHERE = 1.0, 0.8, 0.7, 0.1
#: Jobs run on clusters, which share no machine with an endpoint.
CLUSTERS = 0.2


def of_kind(kind: str, signals: Iterable[str]) -> float:
    """Return the weight of a kind of suspect for the signals of an incident: the largest.

    An alert has none: it is another's verdict on the same trouble.

    >>> of_kind("deployment", ["traffic"]), of_kind("alert", ["traffic"])
    (1.0, 0.0)
    """
    known = [SIGNALS[signal].suspects for signal in signals if signal in SIGNALS]
    return max((weights.get(kind, 0.0) for weights in known), default=0.0)


def of_place(event: Event, place: Place) -> float:
    """Return the weight of where an event happened for trouble elsewhere or here."""
    if event.kind == "job" and place.endpoint:
        return CLUSTERS
    if not event.endpoint:
        return WORKSPACE_WIDE if place.endpoint else HERE
    if event.endpoint != place.endpoint:
        return ELSEWHERE
    same = not event.deployment or not place.deployment or event.deployment == place.deployment
    return HERE if same else NEIGHBOUR
