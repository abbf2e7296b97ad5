"""Course: a number over time beside what it is compared with, above the rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import (
    LAYOUT,
    PRODUCTION,
    REFERENCE,
    Chart,
    Json,
    epoch_ms,
    floats,
    label,
)


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
    x, y, n = np.array([epoch_ms(time) for time in times]), floats(values), floats(rows)
    beside = np.broadcast_to(floats(reference), y.shape).copy()
    data = [*_band(x, floats(low), floats(high)), _line(x, beside, reference_name)]
    data += [_values(x, y, name), *_few(x[n < few], y[n < few]), _rows(x, n)]
    layout = LAYOUT | {
        "height": 320,
        "xaxis": {"type": "date", "anchor": "y2"},
        "yaxis": {"domain": [0.32, 1.0], "title": {"text": label(unit)}},
        "yaxis2": {"domain": [0.0, 0.2], "title": {"text": "rows"}, "rangemode": "tozero"},
    }
    summary = _summary(times, y, beside, name, reference_name)
    return Chart(go.Figure({"data": data, "layout": layout}), summary)


def _band(x: Floats, low: Floats, high: Floats) -> list[Json]:
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip"}
    return [
        {**edge, "y": low, "showlegend": False},
        {
            **edge,
            "y": high,
            "name": "95 % interval",
            "fill": "tonexty",
            "fillcolor": "rgba(47,127,214,0.18)",
        },
    ]


def _line(x: Floats, y: Floats, name: str) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(name),
        "x": x,
        "y": y,
        "line": {"color": REFERENCE, "width": 1.6, "dash": "dash"},
        "hovertemplate": "%{y:.3g}",
    }


def _values(x: Floats, y: Floats, name: str) -> Json:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(name),
        "x": x,
        "y": y,
        "line": {"color": PRODUCTION, "width": 1.8},
        "marker": {"size": 5},
        "hovertemplate": "%{y:.3g}",
    }


def _few(x: Floats, y: Floats) -> list[Json]:
    if not len(x):
        return []
    marker = {"size": 9, "symbol": "circle-open", "color": REFERENCE, "line": {"width": 2}}
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "not enough data",
            "x": x,
            "y": y,
            "marker": marker,
            "hoverinfo": "skip",
        }
    ]


def _rows(x: Floats, rows: Floats) -> Json:
    return {
        "type": "bar",
        "name": "rows",
        "x": x,
        "y": rows,
        "yaxis": "y2",
        "marker": {"color": "rgba(122,134,148,0.55)"},
        "hovertemplate": "%{y:,.0f}",
        "showlegend": False,
    }


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
