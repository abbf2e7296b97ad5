"""Machines over time: how full each instance is, how many there are against demand, nodes of clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.arrays import Floats
from monitoring.charts.figure import PRODUCTION, Chart, Json, floats, label
from monitoring.charts.traces import drawn, named_level

#: Lines of like things are told apart by dash, not by colour alone; colours repeat after these.
_LINES = (
    (PRODUCTION, "solid"),
    ("#1B9E77", "dash"),
    ("#9A6FE0", "dot"),
    ("#B8860B", "dashdot"),
    ("#C2568B", "longdash"),
)
#: Points a line is thinned to: the highest of each stretch, so that peaks stay.
_POINTS = 420
_ROW_HEIGHT = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One small diagram of a figure: lines over time, of one unit.

    title: of the axis. lines: name -> values, shape (n,); NaN leaves a gap. threshold: drawn dotted,
    None without one. steps: whether a value holds until the next. fill: stacked areas. top: at least
    where the axis ends.
    """

    title: str
    lines: Mapping[str, ArrayLike]
    threshold: float | None = None
    steps: bool = False
    fill: bool = False
    bars: bool = False
    top: float | None = None


def rows_over_time(times: NDArray[np.datetime64], rows: Sequence[Row], summary: str) -> Chart:
    """Draw small diagrams one below the other on one time axis; unlike units never share an axis.

    Args:
        times: UTC, ascending, shape (n,).
    """
    data: list[Json] = []
    shapes: list[Json] = []
    layout: Json = {}
    for n, row in enumerate(rows):
        end = "" if n == 0 else str(n + 1)
        part = 1 / len(rows)
        domain = [1 - (n + 1) * part + (0.03 if n + 1 < len(rows) else 0.0), 1 - n * part]
        layout[f"yaxis{end}"] = {
            "domain": [max(domain[0], 0.0), domain[1] - 0.03],
            "title": {"text": label(row.title)},
            "rangemode": "tozero",
        }
        if row.top is not None:
            layout[f"yaxis{end}"]["range"] = [0, row.top]
        for name, values in row.lines.items():
            is_first = all(trace["name"] != label(name) for trace in data)
            place = list(row.lines).index(name)
            data.append(_trace(times, floats(values), name, place, row, end, is_first))
        if row.threshold is not None:
            shapes.append(named_level(row.threshold, yref=f"y{end}"))
    layout["xaxis"] = {"type": "date", "anchor": f"y{len(rows)}" if len(rows) > 1 else "y"}
    height = 50 + _ROW_HEIGHT * len(rows)
    return drawn(data, summary, height=height, shapes=shapes, **layout)


def _trace(
    times: NDArray[np.datetime64],
    values: Floats,
    name: str,
    place: int,
    row: Row,
    end: str,
    is_first: bool,  # noqa: FBT001 - private
) -> Json:
    x, y = thinned(times, values)
    colour, dash = _LINES[place % len(_LINES)]
    trace: Json = {
        "name": label(name),
        "legendgroup": label(name),
        "showlegend": is_first,
        "x": x,
        "y": y,
        "yaxis": f"y{end}",
        "hovertemplate": "%{y:.3~g}",
    }
    if row.bars:
        return trace | {"type": "bar", "marker": {"color": colour}}
    line: Json = {"color": colour, "width": 1.6, "dash": dash}
    if row.steps:
        line["shape"] = "hv"
    trace |= {"type": "scatter", "mode": "lines", "line": line}
    if row.fill:
        trace |= {"stackgroup": f"rows{end}"}
    return trace


def thinned(times: NDArray[np.datetime64], values: Floats) -> tuple[Floats, Floats]:
    """Return epoch milliseconds and values, of a long series the highest of each stretch.

    A stretch of nothing but gaps stays a gap.

    >>> x, y = thinned(np.arange(0, 1000).astype("datetime64[s]"), np.arange(1000.0))
    >>> len(x) <= 420, float(y[-1])
    (True, 999.0)
    """
    x = times.astype("datetime64[ms]").astype(np.float64)
    if len(x) <= _POINTS:
        return x, values
    size = -(-len(x) // _POINTS)
    padded = np.full(size * -(-len(x) // size), np.nan)
    padded[: len(values)] = values
    stretches = padded.reshape(-1, size)
    known = np.where(np.isnan(stretches), -np.inf, stretches).max(axis=1)
    return x[::size], np.where(np.isinf(known), np.nan, known)
