"""The lanes of the timeline, made of judged numbers and events: what is drawn, and what is missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Times
from monitoring.incidents.lane import Lane
from monitoring.incidents.lane_table import GROUPS, LANES, Happened, Measured
from monitoring.incidents.words import label_of
from monitoring.metric import STATUSES, MetricResult, Status
from monitoring.place import Place

if TYPE_CHECKING:
    from monitoring.event import Event
    from monitoring.incidents.report import IncidentReport

#: A multiple of the threshold is drawn up to here; a threshold of 0 has no multiple.
LARGEST_MULTIPLE = 10.0
#: A step that starts so much later than the one before ended leaves a gap.
TOLERANCE = np.timedelta64(60, "s")


_KNOWN = {(each.signal, each.metric) for each in LANES if isinstance(each, Measured)}
_WHOLE = {signal for signal, metric in _KNOWN if not metric}
_GROUP_OF = {each.signal: each.group for each in LANES if isinstance(each, Measured)}


def of(
    report: IncidentReport, endpoint: str | None = None, deployment: str | None = None
) -> tuple[Lane, ...]:
    """Return the lanes of a report, for all endpoints, one, or one of its deployments."""
    return lanes(
        [r for r in report.results if r.place.concerns(endpoint, deployment)],
        [e for e in report.events if e.place.concerns(endpoint, deployment)],
        [each.text for each in report.missing if each.place.concerns(endpoint, deployment)],
    )


def lanes(
    results: Iterable[MetricResult], events: Iterable[Event], missing: Sequence[str] = ()
) -> tuple[Lane, ...]:
    """Return a lane for each measured thing of each place, and one for each kind of event.

    A lane that has nothing says why instead of vanishing.

    Args:
        results: Judged numbers, each with the window of its step; without one they are left out.
        events: What happened.
        missing: One sentence for each source that could not be read.

    Returns:
        In the order of `LANES`, metrics that are not listed there last in their group.
    """
    by_metric: dict[tuple[str, str], list[MetricResult]] = {}
    for result in results:
        by_metric.setdefault((result.signal, result.metric), []).append(result)
    in_time = sorted(events, key=lambda event: event.time)
    found: list[Lane] = []
    # Stable: what has no place of its own comes last in its group.
    for row in sorted((*LANES, *_others(by_metric)), key=lambda row: GROUPS.index(row.group)):
        if isinstance(row, Happened):
            found.append(_happened(row, in_time, missing))
        else:
            found += _measured(row, by_metric, missing)
    return tuple(found)


def _others(by_metric: Iterable[tuple[str, str]]) -> Iterator[Measured]:
    """Yield what is measured and has no lane of its own."""
    for signal, metric in by_metric:
        if (signal, metric) not in _KNOWN and signal not in _WHOLE:
            label = label_of(metric)
            group = _GROUP_OF.get(signal, "infrastructure")
            yield Measured(metric, label, group, signal, metric)


def _happened(row: Happened, events: Sequence[Event], missing: Sequence[str]) -> Lane:
    return Lane(
        name=row.name,
        label=row.label,
        group=row.group,
        place=None,
        times=np.array([], dtype="datetime64[s]"),
        values=np.array([]),
        events=tuple(event for event in events if event.kind in row.kinds),
        missing=_said(row.said, missing),
    )


def _measured(
    row: Measured,
    by_metric: Mapping[tuple[str, str], Sequence[MetricResult]],
    missing: Sequence[str],
) -> list[Lane]:
    metrics = [key for key in by_metric if key[0] == row.signal and row.metric in {"", key[1]}]
    if row.quiet and not any(r.status == "breached" for key in metrics for r in by_metric[key]):
        return []
    if row.metric or row.reads in {"worst", "breached"}:
        chosen = [(row, [result for key in metrics for result in by_metric[key]])]
    else:  # one lane a metric: accuracy and an error in minutes share no axis
        chosen = [(_named(row, key[1]), list(by_metric[key])) for key in metrics]
    found = [lane for each, results in chosen for lane in _by_place(each, results)]
    why = _said(row.said, missing)
    if why and found:
        return [*found, *(_blank(each, why) for each, _ in chosen[:1])]
    if found or not row.always:
        return found
    return [_blank(row, why or "nothing was measured in this window")]


def _named(row: Measured, metric: str) -> Measured:
    unit = metric.replace("_", " ")
    return replace(row, name=f"{row.name}:{metric}", metric=metric, unit=unit)


def _blank(row: Measured, why: str) -> Lane:
    return Lane(
        name=row.name,
        label=row.label,
        group=row.group,
        place=None,
        times=np.array([], dtype="datetime64[s]"),
        values=np.array([]),
        unit=row.unit,
        estimated=row.signal == "estimated_performance",
        missing=why,
    )


def _said(words: Sequence[str], missing: Sequence[str]) -> str:
    """Return the sentences on missing sources that are about this lane."""
    return " ".join(text for text in missing if text.lower().startswith(tuple(words)))


def _by_place(row: Measured, results: Iterable[MetricResult]) -> list[Lane]:
    steps: dict[Place, dict[datetime, list[MetricResult]]] = {}
    for result in results:
        if result.window is not None:
            own = steps.setdefault(result.place.whole, {})
            own.setdefault(result.window.start, []).append(result)
    return [_lane(row, place, steps[place]) for place in sorted(steps, key=str)]


def _lane(row: Measured, place: Place, steps: Mapping[datetime, list[MetricResult]]) -> Lane:
    starts = sorted(steps)
    points = [_point(row, steps[start]) for start in starts]
    times = _naive(starts)
    values = np.array([value for value, _, _ in points])
    one = steps[starts[-1]][0]
    judged = row.reads == "value"
    lane = Lane(
        name=row.name,
        label=row.label,
        group=row.group,
        place=place,
        times=times,
        values=values,
        statuses=tuple(status for _, status, _ in points) if row.reads != "requests" else (),
        unit=row.unit or one.unit,
        threshold=_finite(one.threshold) if judged else 1.0 if row.reads == "worst" else None,
        worse=one.worse if judged else "higher" if row.reads == "worst" else None,
        method=_method(row, one),
        estimated=row.signal == "estimated_performance",
        missing=_why_blank(values, steps.values()),
        step_seconds=_step_seconds(one),
        notes=tuple(note for _, _, note in points),
    )
    return with_gaps(lane, _naive(_end(steps[start][0]) for start in starts))


def _naive(times: Iterable[datetime]) -> Times:
    return np.array([time.replace(tzinfo=None) for time in times], dtype="datetime64[s]")


def _end(result: MetricResult) -> datetime:
    assert result.window is not None  # noqa: S101 - those without are left out
    return result.window.end


def _step_seconds(result: MetricResult) -> int:
    return int(result.window.length.total_seconds()) if result.window else 0


def _finite(threshold: float) -> float | None:
    return threshold if math.isfinite(threshold) else None


def _method(row: Measured, result: MetricResult) -> str:
    return {
        "worst": "the metric that lies furthest beyond its own threshold, as a multiple of it, "
        f"drawn up to {LARGEST_MULTIPLE:g}",
        "breached": "how many of them are in breach",
        "requests": "requests of the step over its minutes",
        "value": result.method,
    }[row.reads]


def _why_blank(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], steps: Iterable[list[MetricResult]]
) -> str:
    if not np.isnan(values).all():
        return ""
    reasons = Counter(r.reason for results in steps for r in results if r.reason)
    return reasons.most_common(1)[0][0] if reasons else "no value in this window"


def _point(row: Measured, results: Sequence[MetricResult]) -> tuple[float, Status, str]:
    """Return value, status and note of one step."""
    status = worst_status([result.status for result in results])
    if row.reads == "worst":
        return _worst(results, status)
    if row.reads == "breached":
        bad = [result.metric for result in results if result.status == "breached"]
        return float(len(bad)), status, ", ".join(name.replace("_", " ") for name in bad)
    one = results[0]
    if row.reads == "requests":
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
