"""Figures of results, each with one sentence that says what it shows: the only module that knows plotly.

Each figure is made from one dictionary (`add_trace` and its kind cost two to three times as much)
and must not be changed afterwards, so that it can be cached and shared. Times go out as UTC epoch
milliseconds in float64 and numbers as arrays, which plotly sends as bytes. Texts keep the colours
of the page's theme; only what has a fixed meaning has a colour of its own here, chosen to stand out
at least 3 : 1 from a white and from a near-black page.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from monitoring.metric import STATUSES, Status, Worse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Floats: TypeAlias = NDArray[np.float64]
Json: TypeAlias = dict[str, Any]

REFERENCE = "#7A8694"
PRODUCTION = "#2F7FD6"
THRESHOLD = "#D9730D"
BREACHED = "#D64545"

#: Status -> word in legends, marker symbol; the cell of an `ok` day needs no mark.
MARKS: Mapping[Status, tuple[str, str]] = {
    "breached": ("breached", "diamond"),
    "error": ("error", "x"),
    "not_permitted": ("not permitted", "square-x-open"),
    "stale": ("stale", "hourglass-open"),
    "no_data": ("no data", "line-ew-open"),
    "not_enough_data": ("not enough data", "circle-open"),
    "ok": ("OK", "circle"),
}
#: Shades of value / threshold from 0 to 3: blue while judged fine, orange to red when breached.
SHADES = [
    [0.0, "rgba(47,127,214,0.10)"],
    [0.333, "rgba(47,127,214,0.55)"],
    [0.334, "rgba(217,115,13,0.70)"],
    [1.0, "rgba(196,40,28,0.95)"],
]
DEEPEST = 3.0
BLIND = "rgba(122,134,148,0.30)"

DRAWN_BINS = 60
DRAWN_CATEGORIES = 20
DRAWN_SHARE = 0.998  # of each sample lies inside the drawn range
LONGEST_LABEL = 28
LOG_RATIO = 50.0
DAY_MS = 86_400_000.0

LAYOUT: Json = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "hovermode": "x unified",
    "showlegend": True,
    "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0.0},
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure and the sentence for those who cannot see it."""

    figure: go.Figure
    summary: str


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
        days: From left to right.
        values: Shape (features, days); NaN where nothing was computed.
        statuses: Shape (features, days).
        thresholds: Shape (features,).
        rows: Production rows, shape (features, days).
        worse: Which direction of the value is the worse one.
    """
    shape = (len(features), len(days))
    cells = _Cells(
        value=_floats(values).reshape(shape),
        limit=np.broadcast_to(_floats(thresholds)[:, None], shape),
        rows=_floats(rows).reshape(shape),
        status=np.array([list(line) for line in statuses], dtype=object).reshape(shape),
    )
    x = np.array([_epoch_ms(day) + DAY_MS / 2 for day in days])
    y = np.arange(len(features), dtype=np.float64)
    shade = _shades(cells, worse)
    blind = np.where(np.isnan(shade) & (cells.status != "no_data"), 1.0, np.nan)
    grid = {"type": "heatmap", "x": x, "y": y, "xgap": 1, "ygap": 1, "hoverinfo": "skip"}
    data = [
        {**grid, "z": blind, "colorscale": [[0, BLIND], [1, BLIND]], "showscale": False},
        {**grid, "z": shade, "zmin": 0.0, "zmax": DEEPEST, "colorscale": SHADES, "colorbar": _BAR},
        *_marks(x, y, cells),
    ]
    ticks = {"tickvals": y, "ticktext": [_label(name) for name in features]}
    layout = LAYOUT | {
        "height": 148 + 24 * max(len(features), 2),
        "margin": LAYOUT["margin"] | {"b": 84},
        "hovermode": "closest",
        "hoverdistance": -1,
        "xaxis": {"type": "date", "showgrid": False, "zeroline": False},
        "yaxis": {
            **ticks,
            "range": [len(features) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
    }
    return Chart(
        go.Figure({"data": data, "layout": layout}), _heat_summary(features, days, cells.status)
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
            {
                "type": "scatter",
                "mode": "markers",
                "name": word,
                "showlegend": name != "ok",
                "x": x[day],
                "y": y[feature],
                "customdata": np.stack([cells.value[at], cells.limit[at], cells.rows[at]], axis=1),
                "hovertemplate": f"%{{x|%a %d %b}}, <b>{word}</b><br>{number}"
                "%{customdata[2]:,.0f} rows<extra></extra>",
                "opacity": shown,
                "marker": {"symbol": symbol, "size": 7, **_mark_colour(name)},
                "unselected": {"marker": {"opacity": shown}},
            }
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
    span = (
        f"{_count(len(features), 'feature')} on {_count(len(days), 'day')} to {days[-1]:%d %b %Y}"
    )
    gaps = f"; {_count(blind, 'cell')} could not be judged" if blind else ""
    if not breached.any():
        return f"{span}: none breached{gaps}."
    worst = int(np.argmax(breached))
    return (
        f"{span}: {_count(int((breached > 0).sum()), 'feature')} breached, "
        f"most often {features[worst]} on {_count(int(breached[worst]), 'day')}{gaps}."
    )


def overlay(
    left: ArrayLike,
    right: ArrayLike,
    reference: ArrayLike,
    production: ArrayLike,
    *,
    unit: str = "",
) -> Chart:
    """Draw the shares of a numerical feature in reference and production on common bins.

    The cells, often thousands, are merged into at most 60 bins of equal width on the axis. It is
    logarithmic when the cells grow with the value over a wide positive range. What lies outside
    the middle 99.8 % of both samples is left out, and the summary says how much that is.

    Args:
        left: Left end of each cell, ascending and finite, shape (cells,).
        right: Right end; equal to the left one where a cell holds one value.
        reference: Share of rows per cell.
        production: Same.
        unit: Title of the axis.
    """
    cells = (_floats(left), _floats(right))
    samples = [_floats(reference), _floats(production)]
    edges, is_log = _drawn_edges(*cells, samples)
    drawn = [_rebin(*cells, shares, edges) for shares in samples]
    traces = [
        _steps(edges, shares, is_log=is_log) | style
        for shares, style in zip(drawn, (_REFERENCE_STYLE, _PRODUCTION_STYLE), strict=True)
    ]
    axis: Json = {"title": {"text": _label(unit)}, "type": "log" if is_log else "linear"}
    layout = LAYOUT | {
        "height": 300,
        "xaxis": axis,
        "yaxis": {"title": {"text": "share of rows"}, "tickformat": ".0%", "rangemode": "tozero"},
    }
    return Chart(go.Figure({"data": traces, "layout": layout}), _overlay_summary(edges, *drawn))


_REFERENCE_STYLE: Json = {
    "name": "reference",
    "line": {"color": REFERENCE, "width": 1.5, "shape": "hvh", "dash": "dot"},
    "fill": "tozeroy",
    "fillcolor": "rgba(122,134,148,0.25)",
}
_PRODUCTION_STYLE: Json = {
    "name": "production",
    "line": {"color": PRODUCTION, "width": 2, "shape": "hvh"},
    "fill": "tozeroy",
    "fillcolor": "rgba(47,127,214,0.12)",
}


def _drawn_edges(left: Floats, right: Floats, samples: list[Floats]) -> tuple[Floats, bool]:
    """Return the edges of the drawn bins, ascending, and whether they are spaced by their logarithm."""
    low, high = _drawn_range(left, right, samples)
    filled = (samples[0] + samples[1]) > 0
    points = np.unique(left[filled & (left >= low) & (right <= high)])
    if (right[filled] <= left[filled]).all() and len(points):
        step = float(np.diff(points).min()) if len(points) > 1 else 1.0
        steps = round((high - low) / step) + 1
        whole = -(-steps // DRAWN_BINS)  # steps per bin: a fraction would make some bins look full
        return _floats(low - step / 2 + whole * step * np.arange(-(-steps // whole) + 1)), False
    if high <= low:
        low, high = low - 0.5, high + 0.5
    if _grows(left, right, low, high):
        return _floats(np.geomspace(low, high, DRAWN_BINS + 1)), True
    return _floats(np.linspace(low, high, DRAWN_BINS + 1)), False


def _drawn_range(left: Floats, right: Floats, samples: list[Floats]) -> tuple[float, float]:
    tail = (1 - DRAWN_SHARE) / 2
    ends = []
    for shares in samples:
        total = np.cumsum(shares)
        if len(total) and total[-1] > 0:
            first = int(np.searchsorted(total, tail * total[-1], side="right"))
            last = int(np.searchsorted(total, (1 - tail) * total[-1], side="left"))
            ends.append((left[min(first, len(left) - 1)], right[min(last, len(left) - 1)]))
    if not ends:
        return 0.0, 1.0
    return float(min(end[0] for end in ends)), float(max(end[1] for end in ends))


def _grows(left: Floats, right: Floats, low: float, high: float) -> bool:
    """Whether the cells inside the drawn range widen with the value, as logarithmic ones do."""
    if low <= 0 or high / low < LOG_RATIO:
        return False
    inside = (left >= low) & (right <= high) & (right > left)
    widths = (right - left)[inside]
    return len(widths) > 1 and bool(widths[-1] > 4 * widths[0])


def _rebin(left: Floats, right: Floats, shares: Floats, edges: Floats) -> Floats:
    """Spread the share of each cell evenly over the drawn bins that it touches, shape (bins,)."""
    wide = right > left
    total = np.cumsum(shares[wide])
    knots = np.stack([left[wide], right[wide]], axis=1).ravel()
    heights = np.stack([total - shares[wide], total], axis=1).ravel()
    bins = np.diff(np.interp(edges, knots, heights)) if len(knots) else np.zeros(len(edges) - 1)
    at = np.searchsorted(edges, left[~wide], side="right") - 1
    at = np.where(left[~wide] == edges[-1], len(bins) - 1, at)
    inside = (at >= 0) & (at < len(bins))
    np.add.at(bins, at[inside], shares[~wide][inside])
    return bins


def _steps(edges: Floats, shares: Floats, *, is_log: bool) -> Json:
    """Return a line through the middles of the bins, brought down to zero at both ends."""
    if is_log:
        grown = edges[1] / edges[0]
        ends = np.concatenate([[edges[0] / grown], edges, [edges[-1] * grown]])
        middle = np.sqrt(ends[:-1] * ends[1:])
    else:
        width = edges[1] - edges[0]
        ends = np.concatenate([[edges[0] - width], edges, [edges[-1] + width]])
        middle = (ends[:-1] + ends[1:]) / 2
    return {
        "type": "scatter",
        "mode": "lines",
        "x": middle,
        "y": np.concatenate([[0.0], shares, [0.0]]).astype(np.float32),
        "customdata": np.stack([ends[:-1], ends[1:]], axis=1),
        "hovertemplate": "%{y:.2%} from %{customdata[0]:.4~g} to %{customdata[1]:.4~g}",
    }


def _overlay_summary(edges: Floats, reference: Floats, production: Floats) -> str:
    gap = production - reference
    at = int(np.argmax(np.abs(gap)))
    outside = max(1 - reference.sum(), 1 - production.sum())
    note = f" {outside:.1%} of rows lie outside the drawn range." if outside > 0.0005 else ""  # noqa: PLR2004 - below 0.1 % prints as 0
    return (
        f"The widest gap lies at {edges[at]:.3g} to {edges[at + 1]:.3g}: "
        f"{reference[at]:.1%} of reference rows, {production[at]:.1%} of production rows.{note}"
    )


def overlay_categories(
    labels: Sequence[str], reference: ArrayLike, production: ArrayLike, *, unit: str = ""
) -> Chart:
    """Draw the shares of the 20 categories most frequent on either side, and of all others as one.

    Args:
        labels: Categories, in any order.
        reference: Share of rows per category.
        production: Same.
        unit: Title of the axis of categories.
    """
    p, q = _floats(reference), _floats(production)
    ranked = np.argsort(-np.maximum(p, q), kind="stable")
    top, rest = ranked[:DRAWN_CATEGORIES], ranked[DRAWN_CATEGORIES:]
    names = [labels[i] for i in top]
    shares = [p[top], q[top]]
    if len(rest):
        names.append(f"{len(rest)} others")
        shares = [np.append(side[top], side[rest].sum()) for side in (p, q)]
    y = np.arange(len(names), dtype=np.float64)
    bar = {"type": "bar", "orientation": "h", "y": y, "hovertemplate": "%{x:.2%}"}
    data = [
        {**bar, "name": "reference", "x": shares[0], "marker": _REFERENCE_BAR},
        {**bar, "name": "production", "x": shares[1], "marker": {"color": PRODUCTION}},
    ]
    layout = LAYOUT | {
        "height": 96 + 26 * max(len(names), 2),
        "hovermode": "y unified",
        "bargap": 0.25,
        "xaxis": {"title": {"text": "share of rows"}, "tickformat": ".0%", "rangemode": "tozero"},
        "yaxis": {
            "title": {"text": _label(unit)},
            "tickvals": y,
            "ticktext": [_label(name) for name in names],
            "range": [len(names) - 0.5, -0.5],
        },
    }
    return Chart(go.Figure({"data": data, "layout": layout}), _category_summary(names, *shares))


_REFERENCE_BAR: Json = {
    "color": "rgba(122,134,148,0.55)",
    "line": {"color": REFERENCE, "width": 1},
    "pattern": {"shape": "/", "size": 5, "solidity": 0.2},
}


def _category_summary(names: Sequence[str], reference: Floats, production: Floats) -> str:
    if not len(names):
        return "No category was seen."
    at = int(np.argmax(np.abs(production - reference)))
    return (
        f"The widest gap is {names[at]}: {reference[at]:.1%} of reference rows, "
        f"{production[at]:.1%} of production rows."
    )


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
        name: What is measured, for legend and summary.
        rows: Production rows per window.
        low: Lower end of the interval.
        high: Upper end of the interval.
        threshold: Drawn as a dotted line.
        noise_floor: What no change at all would give; one number or one per window.
        statuses: Breached windows are marked.
        unit: Title of the axis.
    """
    x = np.array([_epoch_ms(time) for time in times])
    y = _floats(values)
    count = _floats(rows)
    data = [
        *_band(x, low, high),
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": _label(name),
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
        "yaxis": {"domain": [0.32, 1.0], "title": {"text": _label(unit)}, "rangemode": "tozero"},
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
        {**edge, "y": _floats(low), "showlegend": False},
        {
            **edge,
            "y": _floats(high),
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
            "y": np.broadcast_to(_floats(noise_floor), x.shape).copy(),
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
    y = _floats(values)
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


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _epoch_ms(time: date) -> float:
    """Milliseconds since 1970 in UTC; a day counts as its midnight and plotly has no time zones."""
    if not isinstance(time, datetime):
        return float(np.datetime64(time, "ms").astype(np.int64))
    if time.tzinfo is None:
        raise ValueError(f"a chart needs times in UTC, got {time!r}")
    return time.timestamp() * 1000.0


def _label(text: str) -> str:
    """Return a name as plotly shows it literally: it reads a few HTML tags in labels."""
    short = text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
    return html.escape(short, quote=False)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
