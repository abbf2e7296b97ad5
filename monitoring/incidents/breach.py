"""When judged metrics were in breach: the spells of every series, each with what it is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeAlias

from monitoring.incident import Breach
from monitoring.incidents.words import label_of
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signals import SIGNALS
from monitoring.verdict import Span, excess, first_step, overlapping, spells

#: Signal, metric, place.
Key: TypeAlias = tuple[str, str, Place]
#: The results of one series by the length of their steps.
Grids: TypeAlias = dict[timedelta, list[MetricResult]]


def found(results: Iterable[MetricResult], taken: datetime | None = None) -> tuple[Breach, ...]:
    """Return the breaches of all series, oldest first; the order of the results does not matter.

    What breaches on steps of several lengths at once is one breach.

    Args:
        taken: Now; without it, what nothing was measured of after its breach lasts.
    """
    series: dict[Key, Grids] = {}
    for result in results:
        if result.window is not None:
            grids = series.setdefault((result.signal, result.metric, result.place), {})
            grids.setdefault(result.window.length, []).append(result)
    every = [breach for grids in series.values() for breach in _of_grids(grids, taken)]
    return tuple(sorted(every, key=lambda b: (b.start, str(b.place), b.signal, b.metric)))


def of_series(history: Sequence[MetricResult], taken: datetime | None = None) -> tuple[Breach, ...]:
    """Return the breaches of one metric of one place on steps of one length, oldest first."""
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
            step_seconds=_seconds(spell.worst),
        )
        for spell in spells(
            history,
            taken=taken,
            certain=certain,
            lasting=lasting,
        )
    )


def _seconds(result: MetricResult) -> int:
    return int(result.window.length.total_seconds()) if result.window else 0


def _of_grids(grids: Grids, taken: datetime | None) -> Iterator[Breach]:
    """Yield the breaches of one series, those that overlap on several grids as one."""
    every = [breach for history in grids.values() for breach in of_series(history, taken)]
    if len(grids) == 1:
        yield from every
        return
    steps = list(chain.from_iterable(grids.values()))
    for group in overlapping(every, _span):
        yield _joined(group, steps)


def _span(breach: Breach) -> Span:
    return Span(breach.start, breach.end, timedelta(seconds=breach.step_seconds))


def _joined(group: Sequence[Breach], steps: Sequence[MetricResult]) -> Breach:
    """Return the breaches of one series that overlap as one, from its finest first step to its last."""
    first = group[0]
    began = first_step(first.start, timedelta(seconds=first.step_seconds), steps)
    length = int(began.length.total_seconds())
    worst = max(group, key=lambda b: excess(b.worst)).worst
    return Breach(
        signal=first.signal,
        metric=first.metric,
        label=first.label,
        place=first.place,
        start=began.start,
        end=_end(group),
        fired=min(b.fired for b in group),
        worst=worst,
        steps=sum(b.steps for b in group if b.step_seconds == length) or first.steps,
        step_seconds=length,
    )


def _end(group: Sequence[Breach]) -> datetime | None:
    """Return when the last of the breaches ended, to the finest step; None while one lasts."""
    ends = [(each.end, timedelta(seconds=each.step_seconds)) for each in group if each.end]
    if len(ends) < len(group):
        return None
    last, step = max(ends)
    inside = [(length, end) for end, length in ends if last - step < end]
    finest = min(length for length, _ in inside)
    return max(end for length, end in inside if length == finest)


def closes(breach: Breach, taken: datetime) -> datetime:
    """Return when a breach ended; `taken` while it lasts."""
    return breach.end or taken
