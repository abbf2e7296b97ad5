"""When an incident may really have begun: where its breaches start, and where their metrics turned.

A disk that fills for three days breaches on the third. What coincides with the breach says nothing;
what coincides with the turn of the course does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from monitoring.incident import Breach, Incident
from monitoring.incidents.change_point import change_point
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signals import SIGNALS
from monitoring.window import Window

#: How far back a turn is looked for.
BACK = timedelta(days=7)
LEAST_PROBABILITY = 0.95
#: What comes after may still be behind it, if it is seen late; it is less likely to be.
AFTER = 0.8
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A step in which something began; what lies inside of it is as near as can be told.

    what: in words, for a sentence.
    """

    start: datetime
    end: datetime
    what: str

    @property
    def scale(self) -> timedelta:
        """How fast nearness fades: three hours for what is measured by the hour, a day for days."""
        return max(3 * HOUR, self.end - self.start)

    def gap(self, start: datetime, end: datetime) -> timedelta:
        """Return how long before the step something ended; negative: how long after it something began.

        >>> from datetime import UTC
        >>> at = datetime(2026, 1, 1, 10, tzinfo=UTC)
        >>> Moment(at, at + HOUR, "").gap(at - 2 * HOUR, at - 2 * HOUR)
        datetime.timedelta(seconds=7200)
        """
        if end < self.start:
            return self.start - end
        return min(self.end - start, timedelta())

    def holds(self, start: datetime, end: datetime) -> bool:
        """Whether something reaches into the step."""
        return start < self.end and end >= self.start

    def proximity(self, start: datetime, end: datetime) -> float:
        """Return nearness from 0 to 1: fading by e with each `scale`, and three times as fast after it."""
        gap = self.gap(start, end) / self.scale
        if start < self.end:
            return float(np.exp(-gap))
        return AFTER * float(np.exp(3 * gap))


def of_incident(
    incident: Incident, results: Iterable[MetricResult], known_until: datetime
) -> tuple[Moment, ...]:
    """Return the moments of an incident, the breaches' own first.

    Args:
        results: Judged numbers; those of later than `known_until` are not looked at.
    """
    known = [each for each in incident.breaches if each.fired <= known_until]
    turns = _turns([each for each in known if _is_gradual(each)], results, known_until)
    return tuple(dict.fromkeys([*map(_start, known), *filter(None, turns)]))


def _turns(
    breaches: Iterable[Breach], results: Iterable[MetricResult], known_until: datetime
) -> Iterator[Moment | None]:
    gradual = {(b.signal, b.metric, b.place): b for b in breaches}
    series: dict[tuple[str, str, Place], list[MetricResult]] = {key: [] for key in gradual}
    for result in results if gradual else ():
        key = result.signal, result.metric, result.place
        if key in series and result.window and result.window.end <= known_until:
            series[key].append(result)
    return (turned(breach, series[key]) for key, breach in gradual.items())


def _is_gradual(breach: Breach) -> bool:
    return breach.signal in SIGNALS and SIGNALS[breach.signal].gradual


def _start(breach: Breach) -> Moment:
    step = timedelta(seconds=breach.step_seconds)
    return Moment(breach.start, breach.start + step, f"{breach.label.lower()} breached")


def turned(breach: Breach, history: Sequence[MetricResult]) -> Moment | None:
    """Return when the course of a metric turned before it breached; None if that cannot be told."""
    course = _course(history, breach.start - BACK)
    if not course:
        return None
    found = change_point(np.array(list(course.values()), dtype=np.float64), "line")
    if found is None or found.probability < LEAST_PROBABILITY:
        return None
    windows = list(course)
    turn = windows[found.index]
    if turn.start >= breach.start:
        return None
    # The fit is sure to a step or so on either side.
    early = windows[max(found.index - 1, 0)].start
    return Moment(early, turn.end, f"{breach.label.lower()} turned")


def _course(history: Iterable[MetricResult], since: datetime) -> dict[Window, float | None]:
    """Return the values since a moment on the longest steps, in time order."""
    values = {r.window: r.value for r in history if r.window and r.window.start > since}
    longest = max((window.length for window in values), default=None)
    return {window: values[window] for window in sorted(values) if window.length == longest}
