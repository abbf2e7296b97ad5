"""How likely each sort of change is to be behind each sort of trouble: what is known before looking.

The figures are judgement, not measurement, between 0 (cannot be) and 1 (is asked about first), in
the order in which on-call engineers look: what was rolled out, who asks, what it depends on, what
was configured. They hold for any workspace; a change of them is a change of the ranking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitoring.event import Event
from monitoring.place import Place

#: Signals -> kind of a suspect -> weight. Kinds are those of events, and `feature` and `metric`.
_BY_SIGNAL: Mapping[tuple[str, ...], Mapping[str, float]] = {
    ("traffic",): {
        "deployment": 1.0, "client": 1.0, "dependency": 1.0, "traffic_split": 0.95, "platform": 0.9,
        "console": 0.85, "role": 0.8, "configuration": 0.8, "container": 0.6, "metric": 0.6,
        "scaling": 0.5, "model": 0.5, "feature": 0.35, "data": 0.3, "job": 0.2, "collection": 0.2,
    },
    ("saturation",): {
        "deployment": 1.0, "client": 0.95, "job": 0.9, "traffic_split": 0.8, "console": 0.8,
        "platform": 0.8, "scaling": 0.7, "metric": 0.7, "configuration": 0.6, "container": 0.5,
        "dependency": 0.5, "model": 0.4, "role": 0.2, "data": 0.2, "feature": 0.2,
    },
    ("jobs",): {
        "job": 1.0, "configuration": 0.9, "platform": 0.9, "role": 0.8, "metric": 0.8, "data": 0.7,
        "model": 0.3, "deployment": 0.2,
    },
    ("collection",): {
        "role": 1.0, "configuration": 0.9, "deployment": 0.9, "console": 0.9, "platform": 0.7,
        "collection": 0.7, "traffic_split": 0.3, "container": 0.3, "scaling": 0.2,
    },
    ("configuration",): {
        "configuration": 1.0, "deployment": 0.8, "role": 0.6, "traffic_split": 0.4, "model": 0.3,
    },
    ("cost",): {
        "deployment": 1.0, "scaling": 1.0, "traffic_split": 0.7, "configuration": 0.6, "client": 0.4,
    },
    ("data_drift", "data_quality"): {
        "feature": 1.0, "data": 0.9, "console": 0.8, "client": 0.8, "role": 0.7, "collection": 0.7,
        "deployment": 0.6, "dependency": 0.6, "traffic_split": 0.5, "model": 0.4,
        "configuration": 0.4, "container": 0.1, "scaling": 0.1, "job": 0.1,
    },
    ("prediction_drift", "model_performance", "estimated_performance"): {
        "feature": 1.0, "deployment": 0.9, "data": 0.9, "model": 0.8, "client": 0.8,
        "traffic_split": 0.7, "console": 0.7, "dependency": 0.6, "collection": 0.5,
        "configuration": 0.4, "role": 0.4, "job": 0.1,
    },
}  # fmt: skip
_OF: Mapping[str, Mapping[str, float]] = {
    signal: weights for signals, weights in _BY_SIGNAL.items() for signal in signals
}
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
    return max((_OF.get(signal, {}).get(kind, 0.0) for signal in signals), default=0.0)


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
