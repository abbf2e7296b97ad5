"""Days, or weeks where days are too small: what a course over time is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitoring.counting.engine.tables import Table
from monitoring.metric import MetricResult
from monitoring.verdict import UNFINISHED, withhold
from monitoring.window import Window

WEEK = timedelta(days=7)


@dataclass(frozen=True, eq=False)
class Period:
    """A day or a week of a window, with its tables."""

    window: Window
    tables: tuple[Table, ...]

    @property
    def rows(self) -> int:
        """Rows of all its tables."""
        return sum(table.rows for table in self.tables)

    def __str__(self) -> str:
        return f"{self.window.start:%d %b %Y}"


def with_rows(days: Mapping[date, Table]) -> dict[date, Table]:
    """Return the days that have rows, in order: a segment may leave some without."""
    return {day: days[day] for day in sorted(days) if days[day].rows}


def by_day(days: Mapping[date, Table]) -> tuple[Period, ...]:
    """Return a period for each day that has rows, in order."""
    return tuple(Period(Window.day(day), (days[day],)) for day in sorted(days))


def by_week(days: Mapping[date, Table], window: Window) -> tuple[Period, ...]:
    """Return a period for each seven days of a window that have rows, in order.

    The weeks are counted back from the end, so that a shorter one is the first.
    """
    found = []
    whole = window.whole_days()
    last = Window.day(max(whole.days())).end
    end = last
    while end > whole.start:
        week = Window(max(end - WEEK, whole.start), end)
        tables = tuple(days[day] for day in week.days() if day in days)
        if tables:
            found.append(Period(week, tables))
        end -= WEEK
    return tuple(reversed(found))


def unfinished(result: MetricResult, taken: datetime | None) -> MetricResult:
    """Take the verdict from a day that is not over: its hours are not a whole day's."""
    if taken is None or result.window is None:
        return result
    if result.window.length > timedelta(days=1) or result.window.end <= taken:
        return result
    return withhold(result, UNFINISHED)
