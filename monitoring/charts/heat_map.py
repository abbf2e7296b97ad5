"""Heat map: features by day, shaded by value over threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.arrays import Floats
from monitoring.charts.figure import LAYOUT, MARKS, REFERENCE, Chart, Json, count, floats
from monitoring.charts.traces import dots, drawn, milliseconds, named_rows
from monitoring.metric import STATUSES, Status, Worse

#: Shades of value / threshold from 0 to 3: blue while judged fine, orange to red when breached.
SHADES = [
    [0.0, "rgba(47,127,214,0.10)"],
    [0.333, "rgba(47,127,214,0.55)"],
    [0.334, "rgba(217,115,13,0.70)"],
    [1.0, "rgba(196,40,28,0.95)"],
]
DEEPEST = 3.0
BLIND = "rgba(122,134,148,0.30)"
DAY_MS = 86_400_000.0


def heat_map(
    features: Sequence[str],
    days: Sequence[date],
    values: ArrayLike,
    statuses: Sequence[Sequence[Status]],
    *,
    thresholds: ArrayLike,
    rows: ArrayLike,
    worse: Worse = "higher",
) -> Chart:
    """Draw one cell per feature and day; the y of a selected point is the feature's index.

    The shade is the value over its threshold, but only cells judged `breached` leave the blues: a
    value above its threshold that is not significant stays blue. Days without data stay empty.

    Args:
        features: Names from top to bottom.
        values: Shape (features, days); NaN where nothing was computed.
        statuses: Shape (features, days).
        thresholds: Shape (features,).
        rows: Production rows, shape (features, days).
        worse: Which direction of the value is the worse one.
    """
    shape = (len(features), len(days))
    cells = _Cells(
        value=floats(values).reshape(shape),
        limit=np.broadcast_to(floats(thresholds)[:, None], shape),
        rows=floats(rows).reshape(shape),
        status=np.array([list(line) for line in statuses], dtype=object).reshape(shape),
    )
    x = milliseconds(days) + DAY_MS / 2
    y = np.arange(len(features), dtype=np.float64)
    shade = _shades(cells, worse)
    blind = np.where(np.isnan(shade) & (cells.status != "no_data"), 1.0, np.nan)
    grid = {"type": "heatmap", "x": x, "y": y, "xgap": 1, "ygap": 1, "hoverinfo": "skip"}
    data = [
        {**grid, "z": blind, "colorscale": [[0, BLIND], [1, BLIND]], "showscale": False},
        {**grid, "z": shade, "zmin": 0.0, "zmax": DEEPEST, "colorscale": SHADES, "colorbar": _BAR},
        *_marks(x, y, cells),
    ]
    bare = {"showgrid": False, "zeroline": False}
    return drawn(
        data,
        _heat_summary(features, days, cells.status),
        height=148 + 24 * max(len(features), 2),
        margin=LAYOUT["margin"] | {"b": 84},
        hovermode="closest",
        hoverdistance=-1,
        xaxis={"type": "date"} | bare,
        yaxis=named_rows(y, features, **bare),
    )


_BAR: Json = {
    "tickvals": [0, 1, 2, 3],
    "ticktext": ["0", "threshold", "2 times", "3 or more"],
    "orientation": "h",  # beside the cells it would leave them no room on a phone
    "len": 260,
    "lenmode": "pixels",
    "thickness": 8,
    "outlinewidth": 0,
    "x": 0,
    "xanchor": "left",
    "y": 0,
    "yref": "container",
    "yanchor": "bottom",
}


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """What a heat map shows, arrays of shape (features, days)."""

    value: Floats
    limit: Floats
    rows: Floats
    status: NDArray[np.object_]


def _shades(cells: _Cells, worse: Worse) -> Floats:
    """Return the shade of each judged cell, shape (features, days); NaN elsewhere."""
    value, status = cells.value, cells.status
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = value / cells.limit if worse == "higher" else cells.limit / value
    ratio = np.clip(np.where(np.isnan(ratio), 0.0, ratio), 0.0, DEEPEST)
    shade = np.where(status == "breached", np.maximum(ratio, 1.01), np.minimum(ratio, 0.99))
    judged = (status == "breached") | (status == "ok")
    return np.where(judged & ~np.isnan(value), shade, np.nan)


def _marks(x: Floats, y: Floats, cells: _Cells) -> list[Json]:
    """Return one scatter trace per status: hover text, the mark that is no colour, and selection."""
    traces = []
    for name in STATUSES:
        feature, day = np.nonzero(cells.status == name)
        if not len(feature):
            continue
        word, symbol = MARKS[name]
        at = (feature, day)
        shown = 0.0 if name == "ok" else 1.0
        number = (
            "" if name == "no_data" else "%{customdata[0]:.3g} (threshold %{customdata[1]:.3g})<br>"
        )
        traces.append(
            dots(
                word,
                x[day],
                y[feature],
                {"symbol": symbol, "size": 7, **_mark_colour(name)},
                hover=f"%{{x|%a %d %b}}, <b>{word}</b><br>{number}"
                "%{customdata[2]:,.0f} rows<extra></extra>",
                showlegend=name != "ok",
                customdata=np.stack([cells.value[at], cells.limit[at], cells.rows[at]], axis=1),
                opacity=shown,
                unselected={"marker": {"opacity": shown}},
            )
        )
    return traces


def _mark_colour(status: Status) -> Json:
    if status == "breached":  # white with a dark rim shows on orange and red, in both themes
        return {"color": "#FFFFFF", "line": {"color": "#3A1208", "width": 1}}
    return {"color": REFERENCE}


def _heat_summary(
    features: Sequence[str], days: Sequence[date], status: NDArray[np.object_]
) -> str:
    if not len(features) or not len(days):
        return "No feature was measured."
    breached = (status == "breached").sum(axis=1)
    blind = int((status != "ok").sum() - breached.sum())
    span = f"{count(len(features), 'feature')} on {count(len(days), 'day')} to {days[-1]:%d %b %Y}"
    gaps = f"; {count(blind, 'cell')} could not be judged" if blind else ""
    if not breached.any():
        return f"{span}: none breached{gaps}."
    worst = int(np.argmax(breached))
    return (
        f"{span}: {count(int((breached > 0).sum()), 'feature')} breached, "
        f"most often {features[worst]} on {count(int(breached[worst]), 'day')}{gaps}."
    )
