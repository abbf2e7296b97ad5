"""When judged metrics were in breach: the spells of every series, each with what it is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from monitoring.incident import Breach
from monitoring.incidents.words import label_of
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signals import SIGNALS
from monitoring.verdict import spells

#: Signal, metric, place.
Key: TypeAlias = tuple[str, str, Place]


def found(results: Iterable[MetricResult], taken: datetime | None = None) -> tuple[Breach, ...]:
    """Return the breaches of all series, oldest first; the order of the results does not matter.

    Args:
        results: Judged numbers of any metrics, one a step.
        taken: Now; without it, what nothing was measured of after its breach lasts.
    """
    series: dict[Key, list[MetricResult]] = {}
    for result in results:
        series.setdefault((result.signal, result.metric, result.place), []).append(result)
    every = [breach for history in series.values() for breach in of_series(history, taken)]
    return tuple(sorted(every, key=lambda b: (b.start, str(b.place), b.signal, b.metric)))


def of_series(history: Sequence[MetricResult], taken: datetime | None = None) -> tuple[Breach, ...]:
    """Return the breaches of one metric of one place, oldest first."""
    signal = history[0].signal if history else ""
    known = SIGNALS.get(signal)
    certain, lasting = (known.certain, known.lasting) if known else (False, False)
    return tuple(
        Breach(
            signal=signal,
            metric=spell.worst.metric,
            label=label_of(signal, spell.worst.metric),
            place=spell.worst.place,
            start=spell.start,
            end=spell.end,
            fired=spell.fired,
            worst=spell.worst,
            steps=spell.steps,
        )
        for spell in spells(history, taken=taken, certain=certain, lasting=lasting)
    )


def closes(breach: Breach, taken: datetime) -> datetime:
    """Return when a breach ended; `taken` while it lasts."""
    return breach.end or taken
