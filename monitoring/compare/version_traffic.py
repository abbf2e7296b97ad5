"""How two deployments of one endpoint answer: their share of the requests, errors and latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from monitoring import verdict
from monitoring.arrays import Floats
from monitoring.compare.version_comparison import SIGNAL, Compared
from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.place import Place
from monitoring.signals.traffic.judging import LEAST_REQUESTS, Step
from monitoring.statistics import difference
from monitoring.statistics.intervals import wilson
from monitoring.statistics.performance import Performance
from monitoring.verdict import judge
from monitoring.window import Window

ERRORS = "faults over requests, all common days; jackknife over days, at least Newcombe's interval"
LATENCY = "mean of the daily 95th percentiles on common days; Student's t of the daily differences"


@dataclass(frozen=True, eq=False, kw_only=True)
class TrafficComparison:
    """What the traffic log says of both.

    split: requests of each deployment of the endpoint by day. errors, latency: of the two, on `days`,
    those on which both were asked.
    """

    names: tuple[str, str]
    split: Mapping[str, Mapping[date, int]]
    days: tuple[date, ...]
    errors: Compared
    latency: Compared


def compare(
    names: tuple[str, str],
    steps: Mapping[str, Sequence[Step]],
    window: Window,
) -> TrafficComparison:
    """Compare two deployments by their traffic.

    Args:
        steps: Days of each deployment of the endpoint, by its name in lower case.
    """
    by_day = {
        name: {step.window.start.date(): step for step in each if step.requests}
        for name, each in steps.items()
    }
    one, two = (by_day.get(name.lower(), {}) for name in names)
    days = tuple(sorted(set(one) & set(two)))
    sides = [one[day] for day in days], [two[day] for day in days]
    split = {
        name: {day: step.requests for day, step in each.items()} for name, each in by_day.items()
    }
    return TrafficComparison(
        names=names,
        split=split,
        days=days,
        errors=_errors(names, sides, window),
        latency=_latency(names, sides, window),
    )


_Sides = tuple[Sequence[Step], Sequence[Step]]


def _draft(name: str, names: tuple[str, str], unit: str, method: str, window: Window) -> Compared:
    result = verdict.draft(
        signal=SIGNAL,
        metric=name,
        place=Place(feature=f"{names[1]} less {names[0]}"),
        threshold=0.0,
        unit=unit,
        method=method,
        window=window,
        reason="there is no day on which both were asked",
        hint="Choose a window in which both have traffic.",
    )
    label = {"error_rate": "Error rate", "latency_p95": "P95 latency"}[name]
    return Compared(name, label, unit, None, None, result)


def _errors(names: tuple[str, str], sides: _Sides, window: Window) -> Compared:
    draft = _draft("error_rate", names, "share of requests", ERRORS, window)
    if not sides[0]:
        return draft
    counts = [(_numbers(each, "faults"), _numbers(each, "requests")) for each in sides]
    one, two = (_rate(*each) for each in counts)
    known = replace(draft, first=one, second=two)
    if min(one.rows, two.rows) < LEAST_REQUESTS:
        return _blind(known, f"{min(one.rows, two.rows)} requests, {LEAST_REQUESTS} needed")
    try:
        found = difference.of_ratios(counts[0], counts[1], difference.between(one, two).interval)
    except NotEnoughData as error:
        return _blind(known, error.message, error.hint)
    known = replace(known, first=_over_days(one, *counts[0]), second=_over_days(two, *counts[1]))
    return _judged(known, found)


def _rate(faults: Floats, requests: Floats) -> Performance:
    """Return a share as if requests were independent; `_over_days` widens its interval."""
    n = int(requests.sum())
    share = float(faults.sum()) / n
    return Performance(share, float("nan"), wilson(share, n), n)


def _over_days(rate: Performance, faults: Floats, requests: Floats) -> Performance:
    """Return a share with the interval that days as clusters give it."""
    nothing = np.zeros(len(faults)), np.ones(len(faults))
    least = Interval(rate.interval.low, rate.interval.high)
    reach = difference.of_ratios(nothing, (faults, requests), least).interval
    return replace(rate, interval=Interval(max(reach.low, 0.0), min(reach.high, 1.0)))


def _latency(names: tuple[str, str], sides: _Sides, window: Window) -> Compared:
    draft = _draft("latency_p95", names, "ms", LATENCY, window)
    if not sides[0]:
        return draft
    one, two = (np.array([step.p95_ms or np.nan for step in each]) for each in sides)
    known = ~(np.isnan(one) | np.isnan(two))
    rows = _requests(sides[0]), _requests(sides[1])
    try:
        first, second = _mean(one[known], rows[0]), _mean(two[known], rows[1])
        value, interval = difference.of_days((two - one)[known])
    except NotEnoughData as error:
        return _blind(draft, error.message, error.hint)
    found = difference.Difference(value, interval, rows)
    return _judged(replace(draft, first=first, second=second), found)


def _requests(steps: Sequence[Step]) -> int:
    return sum(step.requests for step in steps)


def _mean(days: Floats, rows: int) -> Performance:
    mean, reach = difference.of_days(days)
    return Performance(mean, float("nan"), Interval(max(reach.low, 0.0), reach.high), rows)


def _numbers(steps: Sequence[Step], name: str) -> Floats:
    return np.array([float(getattr(step, name)) for step in steps])


def _blind(compared: Compared, reason: str, hint: str = "") -> Compared:
    result = replace(compared.result, hint=hint)
    return replace(compared, result=judge(result, blind=("not_enough_data", reason)))


def _judged(compared: Compared, found: difference.Difference) -> Compared:
    result = replace(
        compared.result,
        reason="",
        hint="",
        value=found.value,
        interval=found.interval,
        reference_rows=found.rows[0],
        rows=found.rows[1],
    )
    withheld = "" if found.is_certain else "the interval of the difference holds 0"
    judged = judge(result, by="interval", withheld=withheld)
    return replace(compared, result=judged, found=found)
