"""Trend: a metric over time above the rows behind it, and its small form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import PRODUCTION, REFERENCE, Chart, Json, floats, label, sentence
from monitoring.charts.traces import (
    band,
    drawn,
    line,
    marked,
    milliseconds,
    named_level,
    over_rows,
    rows_below,
)
from monitoring.metric import Status


def trend(
    times: Sequence[datetime],
    values: ArrayLike,
    *,
    name: str,
    rows: ArrayLike,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    threshold: float | None = None,
    noise_floor: ArrayLike | None = None,
    statuses: Sequence[Status] = (),
    unit: str = "",
) -> Chart:
    """Draw a metric over time above the number of rows that it was computed from.

    Args:
        times: Start of each window, UTC, ascending and evenly spaced.
        values: Shape (windows,); NaN leaves a gap.
        noise_floor: What no change at all would give; one number or one per window.
    """
    x, y = milliseconds(times), floats(values)
    data = [
        *band(x, low, high),
        line(label(name), x, y, PRODUCTION, marker={"size": 4}),
        *marked(x, y, statuses),
        *_floor(x, noise_floor),
        rows_below(x, rows, showlegend=False),
    ]
    return drawn(
        data,
        _trend_summary(times, y, name, threshold, statuses),
        height=320,
        shapes=[] if threshold is None else [named_level(threshold, xref="x domain")],
        **over_rows(label(unit), rangemode="tozero"),
    )


def _floor(x: Floats, noise_floor: ArrayLike | None) -> list[Json]:
    if noise_floor is None:
        return []
    y = np.broadcast_to(floats(noise_floor), x.shape).copy()
    return [line("noise floor", x, y, REFERENCE, width=1.4, dash="dash")]


def _trend_summary(
    times: Sequence[datetime],
    y: Floats,
    name: str,
    threshold: float | None,
    statuses: Sequence[Status],
) -> str:
    known = np.flatnonzero(~np.isnan(y))
    if not len(known):
        return f"{name}: nothing was computed."
    peak, last = known[int(np.argmax(y[known]))], known[-1]
    span = f"{name} from {times[0]:%d %b} to {times[-1]:%d %b %Y}"
    breached = sum(status == "breached" for status in statuses)
    held = (
        f"breached {breached} of {len(y)} times at threshold {threshold:.3g}"
        if threshold is not None
        else ""
    )
    missing = len(y) - len(known)
    return sentence(
        f"{span}: last {y[last]:.3g}, highest {y[peak]:.3g} on {times[peak]:%d %b}",
        held,
        f"{missing} times without a value" if missing else "",
    )


def sparkline(values: ArrayLike, points: int = 40) -> list[float | None]:
    """Thin out a series for a table cell: least and greatest of each stretch, so that spikes stay.

    >>> sparkline([1, 2, 9, 2, 1, 1], points=4)
    [1.0, 9.0, 2.0, 1.0]
    >>> sparkline([1.0, float("nan"), 2.0])
    [1.0, None, 2.0]
    """
    y = floats(values)
    if len(y) > points:
        kept: list[float] = []
        for stretch in np.array_split(y, points // 2):
            known = np.flatnonzero(~np.isnan(stretch))
            if len(known):
                ends = {int(known[stretch[known].argmin()]), int(known[stretch[known].argmax()])}
                kept += [float(stretch[i]) for i in sorted(ends)]
            else:
                kept.append(np.nan)
        y = np.array(kept)
    return [None if np.isnan(value) else float(value) for value in y]
