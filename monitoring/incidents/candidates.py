"""What may be behind an incident besides events: features that changed together, metrics that turned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from monitoring.incidents.change_point import ChangePoint, change_point, seasonless
from monitoring.incidents.words import label_of
from monitoring.metric import MetricResult
from monitoring.metrics.quality_metric import TABLE
from monitoring.place import Place
from monitoring.signals import SIGNALS
from monitoring.verdict import excess
from monitoring.window import Window

#: Days of history that a metric's turn is looked for in; the hours of a day are compared with their
#: like on earlier days.
BACK = timedelta(days=7)
DAY = timedelta(days=1)
LEAST_PROBABILITY, LEAST_EFFECT = 0.95, 3.0
#: A feature that was as far out on a share of the days before tells less by e to the so many times it:
#: half at a tenth of the days.
OFTEN = 7.0
#: Features whose change is so much less telling than the group's first are another group.
ALIKE = 0.15


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that changed. telling: 0 to 1, how large the change is by its own measure."""

    kind: str
    title: str
    start: datetime
    end: datetime
    telling: float
    evidence: str
    lane: str
    place: Place
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Change:
    """One feature's change: what of it, from which day on, how far beyond its threshold at most."""

    feature: str
    what: str
    metric: str
    signal: str
    day: Window
    telling: float
    figure: str


def features(
    results: Iterable[MetricResult], place: Place, around: Window, known_until: datetime
) -> tuple[Candidate, ...]:
    """Return groups of features that began to breach on one day in one way.

    Features that a common source feeds change together: they are one suspect, the most changed
    feature first.

    Args:
        around: The days in which a change must have begun.
        known_until: Later results are not looked at.
    """
    series: dict[tuple[str, str, str, timedelta], list[MetricResult]] = {}
    for result in results:
        if not _is_of_data(result) or not result.window or result.window.end > known_until:
            continue
        feature = result.place.feature
        if feature not in {"", TABLE} and result.place.whole == place:
            key = result.signal, result.metric, feature, result.window.length
            series.setdefault(key, []).append(result)
    changes = [c for key, history in series.items() for c in _changes(*key[:3], history, around)]
    return tuple(_groups(_finest(changes), place))


def _finest(changes: Sequence[_Change]) -> Iterator[_Change]:
    """Yield changes, but none of a day in whose hours the same feature is known to have changed."""
    known: dict[tuple[str, str], list[Window]] = {}
    for each in changes:
        known.setdefault((each.feature, each.what), []).append(each.day)
    for each in changes:
        same = known[each.feature, each.what]
        if not any(w.length < each.day.length and w.start in each.day for w in same):
            yield each


def _is_of_data(result: MetricResult) -> bool:
    known = SIGNALS.get(result.signal)
    return known is not None and known.respect == "data"


def _changes(
    signal: str, metric: str, feature: str, history: list[MetricResult], around: Window
) -> Iterator[_Change]:
    judged = sorted((r for r in history if r.status in {"ok", "breached"}), key=_window)
    label = label_of(signal, metric).lower()
    for run in _runs(judged):
        worst = max(run, key=multiple)
        # What crept over its limit days before it leapt is told from where it leapt.
        day = _window(next(r for r in run if multiple(r) >= multiple(worst) / 2))
        if day.start in around:
            often = _share_as_far([r for r in judged if _window(r).start < day.start], worst)
            yield _Change(
                feature,
                label if signal == "data_quality" else "distribution",
                metric,
                signal,
                day,
                telling(multiple(worst)) * float(np.exp(-OFTEN * often)),
                f"{feature}: {label} {worst.value:.3g} against {worst.threshold:.3g}",
            )


def _share_as_far(before: Sequence[MetricResult], worst: MetricResult) -> float:
    """Return on what share of the days before it was about as far out."""
    as_far = sum(multiple(each) >= multiple(worst) / 2 for each in before)
    return as_far / max(len(before), 1)


def _window(result: MetricResult) -> Window:
    assert result.window is not None  # noqa: S101 - those without are left out
    return result.window


def _runs(judged: Sequence[MetricResult]) -> Iterator[list[MetricResult]]:
    """Yield the runs of days in breach."""
    run: list[MetricResult] = []
    for result in judged:
        if result.status == "breached":
            run.append(result)
        elif run:
            yield run
            run = []
    if run:
        yield run


def multiple(result: MetricResult) -> float:
    """Return value over limit, 1 at the limit: the threshold, or what ordinary days reach if that is more.

    A limit of 0 has no multiple; whatever exceeds it counts as twice.

    >>> multiple(MetricResult(signal="data_drift", metric="m", place=Place(feature="c"), status="breached",
    ...     threshold=0.2, noise_floor=3.0, value=4.5))
    1.5
    """
    limit = max(result.threshold, result.noise_floor or 0.0)
    if result.worse == "lower":
        return excess(result)
    return (result.value or 0.0) / limit if limit else 2.0


def telling(ratio: float) -> float:
    """Return how telling a value is by its multiple of the limit: 0.5 at twice, 0.9 at ten times.

    >>> telling(2.0), telling(10.0), telling(1.0)
    (0.5, 0.9, 0.0)
    """
    return 1 - 1 / max(ratio, 1.0)


def _groups(changes: Iterable[_Change], place: Place) -> Iterator[Candidate]:
    together: dict[tuple[str, Window], list[_Change]] = {}
    for change in changes:
        together.setdefault((change.what, change.day), []).append(change)
    for (what, day), members in sorted(together.items(), key=lambda item: (item[0][1], item[0][0])):
        left = sorted(members, key=lambda c: (-c.telling, c.feature))
        while left:
            alike = [c for c in left if left[0].telling - c.telling <= ALIKE]
            left = left[len(alike) :]
            yield _group(what, day, alike, place)


def _group(what: str, day: Window, alike: Sequence[_Change], place: Place) -> Candidate:
    names = tuple(dict.fromkeys(change.feature for change in alike))
    changed = "moved" if what == "distribution" else f"changed in {what}"
    return Candidate(
        kind="feature",
        title=f"{listed(names)} {changed} in the inputs of {place}",
        start=day.start,
        end=day.end,
        telling=alike[0].telling,
        evidence="; ".join(change.figure for change in alike[:3]),
        lane=f"{alike[0].signal}:{alike[0].metric}",
        place=place,
        features=names,
    )


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c", "d"])
    ('a', 'a and b', 'a, b and 2 more')
    """
    if len(names) <= 2:  # noqa: PLR2004 - both are named
        return " and ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def metrics(
    results: Iterable[MetricResult],
    place: Place,
    signals: Iterable[str],
    began: datetime,
    known_until: datetime,
) -> tuple[Candidate, ...]:
    """Return metrics upstream of an incident whose course turned in the days before it."""
    breached, span = set(signals), Window(began - BACK, known_until)
    here = (r for r in results if r.place.whole == place and _lies_in(r.window, span))
    series: dict[str, list[MetricResult]] = {}
    for name, result in _upstream(here, breached):
        series.setdefault(name, []).append(result)
    found = (_turn(name, history, place) for name, history in sorted(series.items()))
    return tuple(each for each in found if each)


def _upstream(
    results: Iterable[MetricResult], breached: Collection[str]
) -> Iterator[tuple[str, MetricResult]]:
    """Yield what lies before signals in breach, with its name: a step's requests are with its errors."""
    known = (SIGNALS[signal] for signal in breached if signal in SIGNALS)
    wanted = set[str]().union(*(signal.upstream for signal in known))
    for result in results:
        name = "requests" if result.metric == "error_rate" else result.metric
        if name in wanted and (result.signal not in breached or name == "requests"):
            yield name, result


def _lies_in(window: Window | None, span: Window) -> bool:
    return window is not None and span.start <= window.start and window.end <= span.end


def _turn(name: str, history: list[MetricResult], place: Place) -> Candidate | None:
    longest = max(_window(result).length for result in history)
    history = sorted((r for r in history if _window(r).length == longest), key=_window)
    values = np.array([_value(name, result) for result in history])
    period = round(DAY / longest)
    found = change_point(seasonless(values, period)) if len(values) >= 3 * period else None
    if found is None or not _is_clear(found):
        return None
    at = _window(history[found.index])
    label = "Requests" if name == "requests" else label_of(history[0].signal, name)
    grew = "rose" if found.after > found.before else "fell"
    return Candidate(
        kind="metric",
        title=f"{label} of {place} {grew} against what is usual at that hour",
        start=at.start,
        end=at.end,
        telling=found.probability * min(1.0, abs(found.effect) / 6),
        evidence=f"change point with probability {found.probability:.2f}, "
        f"{abs(found.effect):.1f} times the noise",
        lane=name,
        place=place,
    )


def _is_clear(found: ChangePoint) -> bool:
    return found.probability >= LEAST_PROBABILITY and abs(found.effect) >= LEAST_EFFECT


def _value(name: str, result: MetricResult) -> float:
    if name == "requests":
        return float(result.rows)
    return np.nan if result.value is None else result.value
