"""What figures are made of: traces, shapes and axes, each as the dictionary that plotly reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import (
    BREACHED,
    LAYOUT,
    MARKS,
    THRESHOLD,
    Chart,
    Json,
    epoch_ms,
    floats,
    label,
)
from monitoring.metric import Status

#: Behind a line in the colour of production.
BAND = "rgba(47,127,214,0.18)"
#: Bars of rows: all of them, those with a label, those without one yet.
ROWS = "rgba(122,134,148,0.55)"
LABELLED, WAITING = "rgba(47,127,214,0.65)", "rgba(122,134,148,0.45)"
#: Bars of a reference beside those of production.
HATCHED: Json = {
    "color": ROWS,
    "line": {"color": "#7A8694", "width": 1},
    "pattern": {"shape": "/", "size": 5, "solidity": 0.2},
}


def drawn(data: Sequence[Json], summary: str, **layout: Any) -> Chart:
    """Return a figure of traces; `layout` is added to what all figures share."""
    return Chart(go.Figure({"data": list(data), "layout": LAYOUT | layout}), summary)


def milliseconds(times: Iterable[date]) -> Floats:
    """Return times as plotly wants them, shape (n,)."""
    return np.array([epoch_ms(time) for time in times])


def trace(kind: str, name: str, x: ArrayLike, y: ArrayLike, hover: str | None, **more: Any) -> Json:
    """Return a trace; hover: empty to say nothing, None for plotly's own words."""
    named = {"name": name} if name else {}
    said = {"hovertemplate": hover} if hover else {"hoverinfo": "skip"} if hover == "" else {}
    return {"type": kind, "x": x, "y": y} | named | said | more


def line(
    name: str,
    x: ArrayLike,
    y: ArrayLike,
    colour: str,
    *,
    width: float = 1.8,
    marker: Json | None = None,
    hover: str | None = "%{y:.3g}",
    **style: Any,
) -> Json:
    """Return a line, with its points where a marker is given; `style` is plotly's of the line."""
    points = {"mode": "lines+markers", "marker": marker} if marker else {"mode": "lines"}
    style |= {"color": colour, "width": width}
    return trace("scatter", name, x, y, hover, line=style) | points


def dots(
    name: str, x: ArrayLike, y: ArrayLike, marker: Json, *, hover: str = "", **more: Any
) -> Json:
    """Return points without a line."""
    return trace("scatter", name, x, y, hover, mode="markers", marker=marker, **more)


def bars(
    name: str, x: ArrayLike, y: ArrayLike, marker: Json, *, hover: str = "", **more: Any
) -> Json:
    """Return bars."""
    return trace("bar", name, x, y, hover, marker=marker, **more)


def rows_below(
    x: ArrayLike, rows: ArrayLike, name: str = "rows", colour: str = ROWS, **more: Any
) -> Json:
    """Return bars of rows on the second axis."""
    marker = {"color": colour}
    return bars(name, x, floats(rows), marker, hover="%{y:,.0f}", yaxis="y2", **more)


def band(x: Floats, low: ArrayLike | None, high: ArrayLike | None, fill: str = BAND) -> list[Json]:
    """Return the two edges of an interval with what lies between them filled."""
    if low is None or high is None:
        return []
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip"}
    upper = {"y": floats(high), "name": "95 % interval", "fill": "tonexty", "fillcolor": fill}
    return [edge | {"y": floats(low), "showlegend": False}, edge | upper]


def marked(
    x: Floats, y: Floats, statuses: Sequence[Status], status: Status = "breached", **marker: Any
) -> list[Json]:
    """Return the marks of the points of one status; nothing where there is none."""
    of = np.array([each == status for each in statuses], dtype=bool)
    if not of.any():
        return []
    word, symbol = MARKS[status]
    style = {"symbol": symbol, "size": 9, "color": BREACHED} | marker
    return [dots(word, x[of], y[of], style)]


def level(
    value: float, *, colour: str = THRESHOLD, width: float = 1.6, dash: str = "dot", **more: Any
) -> Json:
    """Return a line across the whole figure."""
    style = {"color": colour, "dash": dash, "width": width}
    place = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value}
    return place | {"line": style} | more


def named_level(value: float, **more: Any) -> Json:
    """Return the line of a threshold with its value on it."""
    text = {"text": f"threshold {value:.3g}", "textposition": "start", "yanchor": "bottom"}
    return level(value, label=text, **more)


def upright(value: float, style: Json, **more: Any) -> Json:
    """Return a line from the bottom to the top."""
    place = {"type": "line", "yref": "y domain", "x0": value, "x1": value, "y0": 0, "y1": 1}
    return place | {"line": style} | more


def shade(start: date, end: date, colour: str, **more: Any) -> Json:
    """Return a stretch of time shaded through the whole figure."""
    place = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    ends = {"x0": epoch_ms(start), "x1": epoch_ms(end)}
    return place | ends | {"fillcolor": colour, "line": {"width": 0}} | more


def whiskers(above: ArrayLike, below: ArrayLike | None, colour: str, **more: Any) -> Json:
    """Return the ends of an interval, as distances from the value."""
    ends: Json = {"type": "data", "symmetric": False, "array": above, "color": colour}
    return ends | ({} if below is None else {"arrayminus": below}) | more


def axis(title: str, **more: Any) -> Json:
    """Return an axis with a title."""
    return {"title": {"text": title}} | more


def named_rows(y: Floats, names: Sequence[str], **more: Any) -> Json:
    """Return an axis with a name for each row, the first at the top."""
    ticks = {"tickvals": y, "ticktext": [label(name) for name in names]}
    return ticks | {"range": [len(names) - 0.5, -0.5]} | more


def over_rows(title: str, *, rows: str = "rows", top: float = 0.2, **more: Any) -> Json:
    """Return the axes of a figure over time that stands above bars of rows."""
    return {
        "xaxis": {"type": "date", "anchor": "y2"},
        "yaxis": axis(title, domain=[0.32, 1.0], **more),
        "yaxis2": axis(rows, domain=[0.0, top], rangemode="tozero"),
    }
