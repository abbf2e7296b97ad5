"""The lanes of the timeline, made of judged numbers and events: what is drawn, and what is missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Times
from monitoring.incidents import lane_table
from monitoring.incidents.lane import Lane
from monitoring.incidents.lane_table import GROUPS, Happened, Measured, Row
from monitoring.incidents.words import label_of
from monitoring.metric import STATUSES, MetricResult, Status, Worse
from monitoring.place import Place
from monitoring.signal import LaneFacts
from monitoring.signals import SIGNALS

if TYPE_CHECKING:
    from monitoring.event import Event
    from monitoring.incidents.report import IncidentReport
    from monitoring.signal import Missing
    from monitoring.window import Window

#: A multiple of the threshold is drawn up to here; a threshold of 0 has no multiple.
LARGEST_MULTIPLE = 10.0
#: Windows no longer than this are drawn on the finest steps.
SHORT = timedelta(days=2)
#: A step that starts so much later than the one before ended leaves a gap.
TOLERANCE = np.timedelta64(60, "s")


def of(
    report: IncidentReport, endpoint: str | None = None, deployment: str | None = None
) -> tuple[Lane, ...]:
    """Return the lanes of a report, for all endpoints, one, or one of its deployments."""
    return lanes(
        on_one_grid(
            (r for r in report.results if r.place.concerns(endpoint, deployment)), report.window
        ),
        [e for e in report.events if e.place.concerns(endpoint, deployment)],
        [each for each in report.missing if each.place.concerns(endpoint, deployment)],
    )


def on_one_grid(results: Iterable[MetricResult], window: Window) -> list[MetricResult]:
    """Return the results of each signal on the steps that a window is drawn on."""
    known = [r for r in results if r.window]
    lengths: dict[str, set[timedelta]] = {}
    for result in known:
        lengths.setdefault(result.signal, set()).add(_length(result))
    drawn = {signal: step_for(window, every) for signal, every in lengths.items()}
    return [r for r in known if _length(r) == drawn[r.signal]]


def _length(result: MetricResult) -> timedelta:
    return result.window.length if result.window else timedelta()


def step_for(window: Window, steps: Collection[timedelta]) -> timedelta:
    """Return the steps that a window is drawn on: the longest, or of a short window the finest.

    >>> from datetime import UTC
    >>> from monitoring.window import Window
    >>> week = Window.last(timedelta(days=7), until=datetime(2026, 1, 8, tzinfo=UTC))
    >>> str(step_for(week, [timedelta(minutes=5), timedelta(hours=1)]))
    '1:00:00'
    """
    return max(steps) if window.length > SHORT else min(steps)


def lanes(
    results: Iterable[MetricResult], events: Iterable[Event], missing: Sequence[Missing] = ()
) -> tuple[Lane, ...]:
    """Return a lane for each measured thing of each place, and one for each kind of event.

    A lane that has nothing says why instead of vanishing.

    Args:
        results: Judged numbers, each with the window of its step; without one they are left out.

    Returns:
        In the order of `lane_table.rows`, metrics that are not listed there last in their group.
    """
    by_metric: dict[tuple[str, str], list[MetricResult]] = {}
    for result in results:
        by_metric.setdefault((result.signal, result.metric), []).append(result)
    in_time = sorted(events, key=lambda event: event.time)
    listed = lane_table.rows()
    drawn: list[Lane] = []
    for group in GROUPS:
        for row in (r for r in (*listed, *_others(by_metric, listed)) if _group(r) == group):
            why = _why(row, missing)
            if isinstance(row, Happened):
                drawn.append(_happened(row, in_time, why))
            else:
                drawn += _measured(row, by_metric, why)
    return tuple(drawn)


def _group(row: Row) -> str:
    return row.group if isinstance(row, Happened) else row.facts.group


def _others(by_metric: Iterable[tuple[str, str]], listed: Iterable[Row]) -> Iterator[Measured]:
    """Yield what is measured and has no lane of its own."""
    measured = [row for row in listed if isinstance(row, Measured)]
    known = {(row.signal, row.facts.metric) for row in measured}
    groups = {row.signal: row.facts.group for row in measured}
    for signal, metric in by_metric:
        if not {(signal, metric), (signal, "")} & known:
            label, group = label_of(signal, metric), groups.get(signal, "infrastructure")
            facts = LaneFacts(name=metric, label=label, group=group, order=0, metric=metric)
            yield Measured(signal, facts)


def _why(row: Row, missing: Iterable[Missing]) -> str:
    """Return the sentences on missing sources that are about a lane."""
    if isinstance(row, Measured) and row.signal not in SIGNALS:
        return ""
    own = lane_table.sources(row)
    return " ".join(each.sentence for each in missing if each.source in own)


def _happened(row: Happened, events: Sequence[Event], why: str) -> Lane:
    return Lane(
        name=row.name,
        label=row.label,
        group=row.group,
        place=None,
        times=np.array([], dtype="datetime64[s]"),
        values=np.array([]),
        events=tuple(event for event in events if event.kind in row.kinds),
        missing=why,
    )


def _measured(
    row: Measured, by_metric: Mapping[tuple[str, str], Sequence[MetricResult]], why: str
) -> list[Lane]:
    own = dict(_of_row(row, by_metric))
    results = list(chain.from_iterable(own.values()))
    if row.facts.quiet and all(result.status != "breached" for result in results):
        return []
    chosen: Mapping[Measured, Sequence[MetricResult]] = {row: results}
    if not _is_one_lane(row.facts):
        chosen = {_named(row, metric): each for metric, each in own.items()}
    drawn = list(chain.from_iterable(map(_by_place, chosen, chosen.values())))
    if not drawn:
        blank = _blank(row, why or "nothing was measured in this window")
        return [blank] if row.facts.always else []
    return [*drawn, _blank(next(iter(chosen)), why)] if why else drawn


def _is_one_lane(facts: LaneFacts) -> bool:
    """Whether all its metrics are drawn together; accuracy and an error in minutes share no axis."""
    return bool(facts.metric) or facts.reads in {"worst", "breached"}


def _of_row(
    row: Measured, by_metric: Mapping[tuple[str, str], Sequence[MetricResult]]
) -> Iterator[tuple[str, Sequence[MetricResult]]]:
    """Yield the metrics that a lane is of, each with its results."""
    for (signal, metric), results in by_metric.items():
        if signal == row.signal and row.facts.metric in {"", metric}:
            yield metric, results


def _named(row: Measured, metric: str) -> Measured:
    facts = row.facts
    name, unit = f"{facts.name}:{metric}", metric.replace("_", " ")
    return replace(row, facts=replace(facts, name=name, metric=metric, unit=unit))


def _blank(row: Measured, why: str) -> Lane:
    return Lane(
        name=row.facts.name,
        label=row.facts.label,
        group=row.facts.group,
        place=None,
        times=np.array([], dtype="datetime64[s]"),
        values=np.array([]),
        unit=row.facts.unit,
        estimated=_is_estimated(row.signal),
        missing=why,
    )


def _is_estimated(signal: str) -> bool:
    return signal in SIGNALS and SIGNALS[signal].estimated


def _by_place(row: Measured, results: Iterable[MetricResult]) -> list[Lane]:
    steps: dict[Place, dict[datetime, list[MetricResult]]] = {}
    for result in results:
        if result.window is not None:
            own = steps.setdefault(result.place.whole, {})
            own.setdefault(result.window.start, []).append(result)
    return [_lane(row, place, steps[place]) for place in sorted(steps, key=str)]


def _lane(row: Measured, place: Place, steps: Mapping[datetime, list[MetricResult]]) -> Lane:
    facts = row.facts
    starts = sorted(steps)
    values, statuses, notes = zip(*(_point(facts, steps[s]) for s in starts), strict=True)
    one = steps[starts[-1]][0]
    threshold, worse = _limit(facts, one)
    lane = Lane(
        name=facts.name,
        label=facts.label,
        group=facts.group,
        place=place,
        times=_naive(starts),
        values=np.array(values),
        statuses=() if facts.reads == "requests" else statuses,
        unit=facts.unit or one.unit,
        threshold=threshold,
        worse=worse,
        method=_method(facts, one),
        estimated=_is_estimated(row.signal),
        missing=_why_blank(np.array(values), steps.values()),
        step_seconds=_step_seconds(one),
        notes=notes,
    )
    return with_gaps(lane, _naive(_end(steps[start][0]) for start in starts))


def _limit(facts: LaneFacts, result: MetricResult) -> tuple[float | None, Worse | None]:
    """Return the limit that a lane is drawn with, and on which side of it is trouble."""
    if facts.reads == "value":
        return _finite(result.threshold), result.worse
    return (1.0, "higher") if facts.reads == "worst" else (None, None)


def _naive(times: Iterable[datetime]) -> Times:
    return np.array([time.replace(tzinfo=None) for time in times], dtype="datetime64[s]")


def _end(result: MetricResult) -> datetime:
    assert result.window is not None  # noqa: S101 - those without are left out
    return result.window.end


def _step_seconds(result: MetricResult) -> int:
    return int(result.window.length.total_seconds()) if result.window else 0


def _finite(threshold: float) -> float | None:
    return threshold if math.isfinite(threshold) else None


def _method(facts: LaneFacts, result: MetricResult) -> str:
    return {
        "worst": "the metric that lies furthest beyond its own threshold, as a multiple of it, "
        f"drawn up to {LARGEST_MULTIPLE:g}",
        "breached": "how many of them are in breach",
        "requests": "requests of the step over its minutes",
        "value": result.method,
    }[facts.reads]


def _why_blank(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], steps: Iterable[list[MetricResult]]
) -> str:
    if not np.isnan(values).all():
        return ""
    reasons = Counter(r.reason for results in steps for r in results if r.reason)
    return reasons.most_common(1)[0][0] if reasons else "no value in this window"


def _point(facts: LaneFacts, results: Sequence[MetricResult]) -> tuple[float, Status, str]:
    """Return value, status and note of one step."""
    status = worst_status([result.status for result in results])
    if facts.reads == "worst":
        return _worst(results, status)
    if facts.reads == "breached":
        bad = [result.metric for result in results if result.status == "breached"]
        return float(len(bad)), status, ", ".join(name.replace("_", " ") for name in bad)
    one = results[0]
    if facts.reads == "requests":
        minutes = _step_seconds(one) / 60
        return (one.rows / minutes if one.status != "no_data" else math.nan), status, ""
    return (math.nan if one.value is None else one.value), one.status, one.reason


def worst_status(statuses: Sequence[Status]) -> Status:
    """Return the status of several together: breached if any is, blind only if all are.

    >>> worst_status(["ok", "no_data"]), worst_status(["no_data", "not_permitted"])
    ('ok', 'not_permitted')
    """
    if "breached" in statuses:
        return "breached"
    return "ok" if "ok" in statuses else min(statuses, key=STATUSES.index)


def _worst(results: Sequence[MetricResult], status: Status) -> tuple[float, Status, str]:
    ratios = [(multiple(result), result) for result in results]
    # Where something breached, that is what is drawn: without a verdict a ratio means little.
    known = [
        (ratio, result)
        for ratio, result in ratios
        if not math.isnan(ratio) and (status != "breached" or result.status == "breached")
    ]
    if not known:
        return math.nan, status, ""
    ratio, one = max(known, key=lambda each: each[0])
    breached = sum(result.status == "breached" for result in results)
    count = f", {breached} breached" if breached else ""
    return ratio, status, f"{one.place.feature or one.metric}: {one.metric} {one.value:.3g}{count}"


def multiple(result: MetricResult) -> float:
    """Return how many times its threshold a result is bad, from 0 to 10; nan without a value.

    >>> from types import SimpleNamespace
    >>> multiple(SimpleNamespace(value=0.3, threshold=0.1, worse="higher"))
    3.0
    >>> multiple(SimpleNamespace(value=0.4, threshold=0.8, worse="lower"))
    2.0
    """
    if result.value is None or not math.isfinite(result.threshold):
        return math.nan
    bad, good = result.value, result.threshold
    if result.worse == "lower":
        bad, good = good, bad
    ratio = abs(bad / good) if good else (LARGEST_MULTIPLE if bad else 0.0)
    return round(min(ratio, LARGEST_MULTIPLE), 9)


def with_gaps(lane: Lane, ends: Times) -> Lane:
    """Return the lane with a nan where a step ended and none follows, so that no line is drawn across.

    Args:
        lane: With one time a step.
        ends: When each step ended.
    """
    late = lane.times[1:] - ends[:-1] > TOLERANCE
    if not late.any():
        return lane
    places = np.flatnonzero(late) + 1
    statuses, notes = list(lane.statuses), list(lane.notes)
    for place in reversed(places.tolist()):
        if statuses:
            statuses.insert(place, "no_data")
        notes.insert(place, "")
    return replace(
        lane,
        times=np.insert(lane.times, places, ends[places - 1]),
        values=np.insert(lane.values, places, np.nan),
        statuses=tuple(statuses),
        notes=tuple(notes),
    )
