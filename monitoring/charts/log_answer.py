"""A log query's answer over time: its numbers as lines, one a column or one a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from monitoring.arrays import Floats
from monitoring.charts.figure import Chart, count, floats, label
from monitoring.charts.traces import axis, drawn, line, milliseconds

COLOURS = (
    "#2F7FD6",
    "#D9730D",
    "#2A9A8F",
    "#8A63D2",
    "#D64545",
    "#7A8694",
    "#B0548C",
    "#6B8E23",
)
#: Lines and points of one figure; more can be neither told apart nor drawn in time.
MOST_LINES = 8
MOST_POINTS = 5_000
#: Where at least this share of steps are alike, an answer was binned.
EVEN = 0.6


def log_answer(
    lines: Mapping[str, tuple[Sequence[datetime], Sequence[float | None]]], *, unit: str
) -> Chart:
    """Draw the first eight lines of an answer.

    Args:
        lines: By name, times in UTC and values; None leaves a gap.
    """
    shown = dict(list(lines.items())[:MOST_LINES])
    data = []
    for n, (name, (times, values)) in enumerate(shown.items()):
        x = milliseconds(times)
        order = np.argsort(x, kind="stable")
        y = floats([np.nan if value is None else value for value in values])
        x, y = _with_gaps(x[order], y[order])
        shows_points = len(times) <= 60  # noqa: PLR2004 - single points stay visible
        trace = line(label(name), x, y, COLOURS[n], width=1.6, marker={"size": 4}, hover=None)
        data.append(trace | {"mode": "lines+markers" if shows_points else "lines"})
    points = sum(len(times) for times, _ in shown.values())
    said = f"{unit} over time: {count(len(shown), 'line')} with {count(points, 'point')}"
    cut = f"; {len(lines) - len(shown)} more lines are not drawn" if len(lines) > len(shown) else ""
    return drawn(data, f"{said}{cut}.", height=320, xaxis={"type": "date"}, yaxis=axis(label(unit)))


def _with_gaps(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Break a line of evenly spaced points where steps are missing: a bin without rows is no row."""
    apart = np.diff(x)
    usual = float(np.median(apart)) if len(apart) else 0.0
    if usual <= 0 or np.mean(apart == usual) < EVEN:
        return x, y
    breaks = np.flatnonzero(apart > 1.5 * usual) + 1
    return np.insert(x, breaks, x[breaks - 1] + usual), np.insert(y, breaks, np.nan)
