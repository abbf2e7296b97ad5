"""Judged numbers as charts: one over time, many by day, and two distributions of a feature."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

import pandas as pd

from monitoring import charts
from monitoring.charts import Chart
from monitoring.counting.profile import Profile
from monitoring.counting.totals.comparison import Comparison
from monitoring.metric import MetricResult
from ui.parts import cards, choices, states
from ui.parts.numbers import interval, or_nan

T = TypeVar("T")
#: Which result stands in which row on which day.
Cells = Mapping[tuple[str, date], MetricResult]


def start(result: MetricResult) -> datetime:
    """Return when the window of a result begins."""
    return result.window.start if result.window else datetime.min.replace(tzinfo=UTC)


def values(history: Sequence[MetricResult]) -> list[float]:
    """Return the values of results, NaN for a gap."""
    return [or_nan(result.value) for result in history]


def band(history: Sequence[MetricResult]) -> dict[str, list[float]]:
    """Return the ends of the intervals of results, NaN for a gap."""
    return {
        "low": [interval(result).low for result in history],
        "high": [interval(result).high for result in history],
    }


def trend(history: Sequence[MetricResult], label: str, threshold: float | None) -> Chart:
    """Return results over time with their intervals, noise floors and rows, those that are known."""
    floors = [or_nan(result.noise_floor) for result in history]
    return charts.trend(
        [start(result) for result in history],
        values(history),
        name=label,
        rows=[result.rows for result in history],
        threshold=threshold,
        noise_floor=floors if any(r.noise_floor is not None for r in history) else None,
        statuses=[result.status for result in history],
        unit=history[0].unit,
        **(band(history) if any(result.interval for result in history) else {}),
    )


def _row(cells: Cells, row: str, days: Sequence[date]) -> list[MetricResult | None]:
    return [cells.get((row, day)) for day in days]


def _threshold(line: Sequence[MetricResult | None]) -> float:
    return next((cell.threshold for cell in line if cell), math.nan)


def show_heat_map(
    cells: Cells,
    days: Sequence[date],
    names: Mapping[str, str],
    key: str,
    *,
    of: str = "name",
    selectable: bool = True,
) -> str | None:
    """Draw results by row and day, and return the row that was clicked on.

    Args:
        cells: What is drawn.
        days: From left to right.
        names: Label by row, from top to bottom.
        key: Unique on the page.
        of: What rows are, for the table.
        selectable: Whether a row can be clicked on.
    """
    grid = [_row(cells, row, days) for row in names]

    def read(cell_of: Callable[[MetricResult | None], T]) -> list[list[T]]:
        return [[cell_of(cell) for cell in line] for line in grid]

    labels, numbers = list(names.values()), read(lambda cell: or_nan(cell and cell.value))
    chart = charts.heat_map(
        labels,
        days,
        numbers,
        read(lambda cell: cell.status if cell else "no_data"),
        thresholds=[_threshold(line) for line in grid],
        rows=read(lambda cell: cell.rows if cell else 0),
    )
    index = pd.Index(labels, name=of)
    table = pd.DataFrame(numbers, index=index, columns=[f"{day}" for day in days]).reset_index()
    selection = cards.show_chart(chart, key=key, table=table, selectable=selectable)
    point = choices.clicked(selection)
    return list(names)[round(point["y"])] if point else None


def compared(
    name: str,
    reference: Profile | None,
    production: Profile | None,
    results: Sequence[MetricResult],
) -> Comparison | None:
    """Return two profiles of a feature beside each other; says why if one of them has no rows."""
    if reference and production and reference.n and production.n:
        return Comparison(reference, production)
    reason = next((each.reason for each in results if each.reason), "nothing was counted")
    states.show(states.blind(None, f"{name}: {reason}."))
    return None


def show_overlay(
    comparison: Comparison, name: str, sides: tuple[str, str], key: str, *, bins: str = ""
) -> None:
    """Draw two distributions on the same axis.

    Args:
        comparison: Of both.
        name: Of the feature.
        sides: Names of the columns of the table.
        key: Unique on the page.
        bins: Name of the column that has the bins of a number; the feature's if empty.
    """
    one, two, labels = comparison.histogram
    if comparison.kind == "categorical":
        column = name
        chart = charts.overlay_categories(labels, one / one.sum(), two / two.sum(), unit=name)
    else:
        column, cells = bins or name, comparison.cells
        chart = charts.overlay(cells.left, cells.right, *comparison.shares, unit=name)
    table = pd.DataFrame({column: labels, sides[0]: one, sides[1]: two})
    cards.show_chart(chart, key=key, table=table)
