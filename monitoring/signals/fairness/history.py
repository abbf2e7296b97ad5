"""A metric of each group over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitoring.counting.totals.groups import Group
from monitoring.errors import NotEnoughData
from monitoring.metrics.fairness_metric import GroupMetric, counts_of, together, without
from monitoring.signals.fairness.group_counts import CountedGroups, merged
from monitoring.signals.fairness.report import DEFAULT, Rule, positive_of, tried
from monitoring.statistics.performance import Performance
from monitoring.window import Window


@dataclass(frozen=True, slots=True)
class Point:
    """A metric of one group, and of all others, in one period; None where it is undefined."""

    window: Window
    group: Performance | None
    others: Performance | None


def history(
    counted: CountedGroups,
    metric: GroupMetric,
    windows: Sequence[Window],
    rule: Rule = DEFAULT,
) -> dict[Group, tuple[Point, ...]]:
    """Return a metric of each group in each of several windows; those without predictions are left out.

    They are no verdicts: the window as a whole is judged.
    """
    positive = positive_of(counted, rule)
    found: dict[Group, list[Point]] = {}
    for window in windows:
        try:
            whole = merged(counted, window)
        except NotEnoughData:
            continue
        counts = {group: counts_of(each, positive) for group, each in whole.outcomes.items()}
        everyone = together(counts.values())
        for group, mine in counts.items():
            point = Point(window, tried(metric, mine), tried(metric, without(everyone, mine)))
            found.setdefault(group, []).append(point)
    return {group: tuple(points) for group, points in found.items()}


def periods(window: Window, days: int) -> tuple[Window, ...]:
    """Cut a window into periods of so many days, the last of them whole: the newest one ends it."""
    whole = window.whole_days()
    last = Window.day(whole.days()[-1]).end
    first = whole.start
    found: list[Window] = []
    while last > first:
        start = max(first, last - timedelta(days=days))
        found.append(Window(start, last))
        last = start
    return tuple(reversed(found))
