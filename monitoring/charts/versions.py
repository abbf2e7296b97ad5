"""Charts of two versions side by side: the first grey and dashed, the second violet and solid.

Deployments are often called blue and green, so that neither colour may stand for one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import (
    BREACHED,
    LAYOUT,
    MARKS,
    PRODUCTION,
    REFERENCE,
    Chart,
    Json,
    count,
    floats,
    label,
)
from monitoring.charts.performance import Course
from monitoring.charts.traces import (
    axis,
    band,
    bars,
    dots,
    drawn,
    line,
    milliseconds,
    named_rows,
    over_rows,
    rows_below,
    upright,
    whiskers,
)
from monitoring.metric import Status

_SECOND = "#8457C6"
_SIDES = (
    (REFERENCE, "rgba(122,134,148,0.20)", "dash", "circle-open"),
    (_SECOND, "rgba(132,87,198,0.20)", "solid", "circle"),
)
_BARS = ("rgba(122,134,148,0.65)", "rgba(132,87,198,0.75)")
_LEGEND = LAYOUT["legend"] | {"traceorder": "normal"}
#: Further deployments of a split, told apart by pattern too.
_OTHERS = ("#2F9E9E", "#D9730D", "#B9C2CC")
_PATTERNS = ("", "", "/", "x", ".")
_COLOURS: Mapping[str, str] = {"ok": PRODUCTION, "breached": BREACHED}
ROW_PIXELS = 44
#: Opaque, so that dark text stands out from them on a light page and on a dark one.
SHADES = [[0.0, "#DCE9F7"], [1.0, "#F0A35E"]]
INK = "#14181D"


def two_courses(
    times: Sequence[datetime],
    courses: tuple[Course, Course],
    names: tuple[str, str],
    *,
    metric: str,
    labelled: tuple[ArrayLike, ArrayLike],
    unit: str = "",
) -> Chart:
    """Draw a metric of both sides over the same days, above the labels that it stands on.

    Args:
        times: Start of each day, UTC, ascending.
        courses: Of both sides, NaN where there is none.
        labelled: Labels of both sides, shape (days,).
    """
    x = milliseconds(times)
    data: list[Json] = []
    for side in (0, 1):
        data += _course(x, courses[side], names[side], side)
    for side in (0, 1):
        name = label(f"labels, {names[side]}")
        data.append(rows_below(x, labelled[side], name, _BARS[side], showlegend=False))
    one, two = (floats(course.values) for course in courses)
    both = ~(np.isnan(one) | np.isnan(two))
    axes = over_rows(label(unit), rows="labels", top=0.22)
    axes["yaxis"] |= {"domain": [0.34, 1.0]}
    summary = (
        f"{metric} of {names[0]} and {names[1]} on {count(int(both.sum()), 'day')}: "
        f"{names[1]} higher on {int((two[both] > one[both]).sum())} of them."
    )
    return drawn(data, summary, height=360, barmode="group", legend=_LEGEND, **axes)


def _course(x: Floats, course: Course, name: str, side: int) -> list[Json]:
    colour, fill, dash, symbol = _SIDES[side]
    y, marker = floats(course.values), {"size": 6, "symbol": symbol}
    edges = band(x, course.low, course.high, fill)
    for edge in edges:
        edge.pop("name", None)
        edge["showlegend"] = False
    return [*edges, line(label(name), x, y, colour, marker=marker, hover="%{y:.4g}", dash=dash)]


def differences(
    names: Sequence[str],
    values: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    statuses: Sequence[Status],
    unit: str = "",
    subject: str = "",
) -> Chart:
    """Draw differences with their intervals, one below the other, beside a line at 0.

    Args:
        names: How each was measured, from top to bottom.
        values: Shape (ways,).
        statuses: `ok` for better and `breached` for worse; others are grey and hollow.
        subject: What is taken from what, for the summary.
    """
    x, y = floats(values), np.arange(len(names), dtype=np.float64)
    ends = floats(low), floats(high)
    data = [_dot(x[i], y[i], ends[0][i], ends[1][i], statuses[i]) for i in range(len(names))]
    parts = [
        f"{name.lower()} {x[i]:.3g} (95 % {ends[0][i]:.3g} to {ends[1][i]:.3g})"
        for i, name in enumerate(names)
    ]
    return drawn(
        data,
        f"{subject}: {'; '.join(parts)}.",
        height=90 + ROW_PIXELS * len(names),
        hovermode="closest",
        showlegend=False,
        shapes=[upright(0, {"color": REFERENCE, "width": 1.6, "dash": "dash"})],
        xaxis=axis(unit, zeroline=False),
        yaxis=named_rows(y, names, showgrid=False, zeroline=False, automargin=True),
    )


def _dot(x: float, y: float, low: float, high: float, status: Status) -> Json:
    colour = _COLOURS.get(status, REFERENCE)
    marker = {"size": 11, "symbol": MARKS[status][1], "color": colour}
    return dots(
        "",
        [x],
        [y],
        marker | {"line": {"width": 1.6, "color": colour}},
        hover=f"%{{x:.3g}}, 95 % {low:.3g} to {high:.3g}<extra></extra>",
        error_x=whiskers([high - x], [x - low], colour, thickness=2, width=6),
    )


def traffic_split(
    days: Sequence[date], requests: Mapping[str, ArrayLike], names: tuple[str, str]
) -> Chart:
    """Draw the share of each day's requests that each deployment answered, stacked to 100 %.

    Args:
        days: Ascending.
        requests: By deployment, shape (days,); the two that are compared come first.
    """
    x = milliseconds(days) + 43_200_000.0
    order = [*names, *(name for name in requests if name not in names)]
    total = np.sum([floats(each) for each in requests.values()], axis=0)
    colours = [REFERENCE, _SECOND, *_OTHERS]
    data = [
        bars(
            label(name),
            x,
            100 * floats(requests[name]) / np.maximum(total, 1),
            {
                "color": colours[at % len(colours)],
                "pattern": {"shape": _PATTERNS[at % len(_PATTERNS)]},
            },
            hover="%{y:.1f} %, %{customdata:,.0f} requests",
            customdata=floats(requests[name]),
        )
        for at, name in enumerate(order)
        if name in requests
    ]
    whole = float(total.sum()) or 1.0
    said = [f"{n} {floats(requests[n]).sum() / whole:.1%}" for n in order if n in requests]
    return drawn(
        data,
        f"Requests of {count(len(days), 'day')}: {', '.join(said)}.",
        height=240,
        barmode="stack",
        legend=_LEGEND,
        bargap=0.15,
        xaxis={"type": "date"},
        yaxis=axis("% of requests", range=[0, 100]),
    )


def version_matrix(versions: Sequence[str], differing: ArrayLike, columns: ArrayLike) -> Chart:
    """Draw how many columns differ between any two versions.

    Args:
        versions: From old to new.
        differing: Shape (versions, versions); NaN where they were not compared.
        columns: Columns compared, the same shape.
    """
    found, of = floats(differing), floats(columns)
    here = np.arange(len(versions))
    share = np.where(np.isnan(found), np.nan, found / np.maximum(of, 1))
    texts = [
        ["" if np.isnan(n) else f"{n:.0f} of {m:.0f}" for n, m in zip(*rows, strict=True)]
        for rows in zip(found, of, strict=True)
    ]
    data: Json = {
        "type": "heatmap",
        "x": here,
        "y": here,
        "z": share,
        "zmin": 0,
        "zmax": 1,
        "colorscale": SHADES,
        "showscale": False,
        "text": texts,
        "texttemplate": "%{text}",
        "textfont": {"color": INK, "size": 14},
        "hovertemplate": "%{text} columns differ<extra></extra>",
        "xgap": 2,
        "ygap": 2,
    }
    ticks: Json = {"tickvals": here, "ticktext": [label(v) for v in versions]}
    ticks |= {"showgrid": False, "zeroline": False}
    pairs = [
        f"{versions[i]} and {versions[j]} differ in {texts[i][j]} columns"
        for i in range(len(versions))
        for j in range(i + 1, len(versions))
        if texts[i][j]
    ]
    return drawn(
        [data],
        f"{'; '.join(pairs) or 'No pair'}.",
        height=110 + ROW_PIXELS * len(versions),
        hovermode="closest",
        showlegend=False,
        xaxis=ticks,
        yaxis=ticks | {"autorange": "reversed", "automargin": True},
    )
