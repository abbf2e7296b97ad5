"""Course: a number over time beside what it is compared with, above the rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import PRODUCTION, REFERENCE, Chart, Json, floats, label
from monitoring.charts.traces import band, dots, drawn, line, milliseconds, over_rows, rows_below


def course(
    times: Sequence[datetime],
    values: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    rows: ArrayLike,
    name: str,
    reference: ArrayLike,
    reference_name: str,
    unit: str = "",
    few: int = 0,
) -> Chart:
    """Draw a number over time with its interval, and a reference as a dashed grey line.

    Args:
        times: Start of each period, UTC, ascending.
        values: Shape (periods,); NaN leaves a gap.
        reference: One number, or one per period; NaN where there is none.
        few: Periods with fewer rows are drawn grey and hollow.
    """
    x, y, n = milliseconds(times), floats(values), floats(rows)
    beside = np.broadcast_to(floats(reference), y.shape).copy()
    data = [
        *band(x, low, high),
        line(label(reference_name), x, beside, REFERENCE, width=1.6, dash="dash"),
        line(label(name), x, y, PRODUCTION, marker={"size": 5}),
        *_few(x[n < few], y[n < few]),
        rows_below(x, n, showlegend=False),
    ]
    summary = _summary(times, y, beside, name, reference_name)
    return drawn(data, summary, height=320, **over_rows(label(unit)))


def _few(x: Floats, y: Floats) -> list[Json]:
    if not len(x):
        return []
    marker = {"size": 9, "symbol": "circle-open", "color": REFERENCE, "line": {"width": 2}}
    return [dots("not enough data", x, y, marker)]


def _summary(
    times: Sequence[datetime], y: Floats, beside: Floats, name: str, reference_name: str
) -> str:
    known = np.flatnonzero(~np.isnan(y))
    if not len(known):
        return f"{name}: nothing was computed."
    least, most = known[int(np.argmin(y[known]))], known[int(np.argmax(y[known]))]
    last = known[-1]
    said = f", {reference_name} {beside[last]:.3g}" if np.isfinite(beside[last]) else ""
    return (
        f"{name} from {times[0]:%d %b} to {times[-1]:%d %b %Y}: last {y[last]:.3g}{said}; "
        f"least {y[least]:.3g} on {times[least]:%d %b}, most {y[most]:.3g} on {times[most]:%d %b}."
    )
