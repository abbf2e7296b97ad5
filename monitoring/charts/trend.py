"""Trend: a metric over time above the rows behind it, and its small form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import (
    BREACHED,
    LAYOUT,
    PRODUCTION,
    REFERENCE,
    THRESHOLD,
    Chart,
    Json,
    epoch_ms,
    floats,
    label,
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
    x = np.array([epoch_ms(time) for time in times])
    y = floats(values)
    count = floats(rows)
    data = [
        *_band(x, low, high),
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": label(name),
            "x": x,
            "y": y,
            "line": {"color": PRODUCTION, "width": 1.8},
            "marker": {"size": 4},
            "hovertemplate": "%{y:.3g}",
        },
        *_breaches(x, y, statuses),
        *_floor(x, noise_floor),
        {
            "type": "bar",
            "name": "rows",
            "x": x,
            "y": count,
            "yaxis": "y2",
            "marker": {"color": "rgba(122,134,148,0.55)"},
            "hovertemplate": "%{y:,.0f}",
            "showlegend": False,
        },
    ]
    shapes = [] if threshold is None else [_threshold_line(threshold)]
    layout = LAYOUT | {
        "height": 320,
        "shapes": shapes,
        "xaxis": {"type": "date", "anchor": "y2"},
        "yaxis": {"domain": [0.32, 1.0], "title": {"text": label(unit)}, "rangemode": "tozero"},
        "yaxis2": {"domain": [0.0, 0.2], "title": {"text": "rows"}, "rangemode": "tozero"},
    }
    return Chart(
        go.Figure({"data": data, "layout": layout}),
        _trend_summary(times, y, name, threshold, statuses),
    )


def _band(x: Floats, low: ArrayLike | None, high: ArrayLike | None) -> list[Json]:
    if low is None or high is None:
        return []
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip"}
    return [
        {**edge, "y": floats(low), "showlegend": False},
        {
            **edge,
            "y": floats(high),
            "name": "95 % interval",
            "fill": "tonexty",
            "fillcolor": "rgba(47,127,214,0.18)",
        },
    ]


def _breaches(x: Floats, y: Floats, statuses: Sequence[Status]) -> list[Json]:
    breached = np.array([status == "breached" for status in statuses], dtype=bool)
    if not breached.any():
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "breached",
            "x": x[breached],
            "y": y[breached],
            "marker": {"symbol": "diamond", "size": 9, "color": BREACHED},
            "hoverinfo": "skip",
        }
    ]


def _floor(x: Floats, noise_floor: ArrayLike | None) -> list[Json]:
    if noise_floor is None:
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "noise floor",
            "x": x,
            "y": np.broadcast_to(floats(noise_floor), x.shape).copy(),
            "line": {"color": REFERENCE, "width": 1.4, "dash": "dash"},
            "hovertemplate": "%{y:.3g}",
        }
    ]


def _threshold_line(threshold: float) -> Json:
    return {
        "type": "line",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "y0": threshold,
        "y1": threshold,
        "line": {"color": THRESHOLD, "dash": "dot", "width": 1.6},
        "label": {
            "text": f"threshold {threshold:.3g}",
            "textposition": "start",
            "yanchor": "bottom",
        },
    }


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
    parts = [f"{span}: last {y[last]:.3g}, highest {y[peak]:.3g} on {times[peak]:%d %b}"]
    breached = sum(status == "breached" for status in statuses)
    if threshold is not None:
        parts.append(f"breached {breached} of {len(y)} times at threshold {threshold:.3g}")
    if missing := len(y) - len(known):
        parts.append(f"{missing} times without a value")
    return "; ".join(parts) + "."


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
