"""How right a model is: a metric over its labels by day, the confusion matrix, curves of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import (
    BREACHED,
    LAYOUT,
    MARKS,
    PRODUCTION,
    REFERENCE,
    THRESHOLD,
    Chart,
    Json,
    count,
    epoch_ms,
    floats,
    label,
)
from monitoring.metric import Status, Worse

#: A band is drawn translucent, in the colour of its line.
_BAND = "rgba(47,127,214,0.18)"
#: Names of more classes than this are not readable side by side.
ANNOTATED_CLASSES = 20
#: A label counts as dark where its share of the row is above this, so that its text must be light.
DARK_SHARE = 0.55
#: Opaque, so that the text on a cell is as readable on a dark page as on a light one.
SHADES = [[0.0, "#E8F0FA"], [1.0, "#1C5CAA"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A metric over time, arrays of shape (windows,); NaN where there is none."""

    values: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None


def performance_trend(
    times: Sequence[datetime],
    realized: Course,
    *,
    name: str,
    labelled: ArrayLike,
    waiting: ArrayLike,
    worse: Worse | None = "lower",
    baseline: float | None = None,
    threshold: float | None = None,
    statuses: Sequence[Status] = (),
    unit: str = "",
) -> Chart:
    """Draw a metric of performance above the labels it stands on.

    Args:
        times: Start of each window, UTC, ascending.
        labelled: Predictions with a label per window.
        baseline: Drawn as a grey line.
        statuses: Breached windows are marked, and windows without a verdict are hollow.
    """
    x = np.array([epoch_ms(time) for time in times])
    data = [
        *_course(x, realized),
        *_marked(x, floats(realized.values), statuses),
        _bars(x, labelled, "with label", "rgba(47,127,214,0.65)"),
        _bars(x, waiting, "label not in yet", "rgba(122,134,148,0.45)"),
    ]
    levels = [(baseline, REFERENCE, "dash", "baseline"), (threshold, THRESHOLD, "dot", "threshold")]
    layout = LAYOUT | {
        "height": 380,
        "barmode": "stack",
        "shapes": [_level(at, colour, dash) for at, colour, dash, _ in levels if _is_known(at)],
        "annotations": [
            _level_name(at, text, worse)
            for at, _, _, text in levels
            if at is not None and _is_known(at)
        ],
        "margin": LAYOUT["margin"] | {"r": 64},
        "xaxis": {"type": "date", "anchor": "y2"},
        "yaxis": {"domain": [0.32, 1.0], "title": {"text": label(unit)}},
        "yaxis2": {"domain": [0.0, 0.22], "title": {"text": "rows"}, "rangemode": "tozero"},
    }
    figure = go.Figure({"data": data, "layout": layout})
    return Chart(figure, _trend_words(name, floats(realized.values), statuses, floats(labelled)))


def _is_known(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _course(x: Floats, course: Course) -> list[Json]:
    line: Json = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "realized",
        "x": x,
        "y": floats(course.values),
        "line": {"color": PRODUCTION, "width": 1.8},
        "marker": {"size": 4},
        "hovertemplate": "%{y:.4g}",
    }
    if course.low is None or course.high is None:
        return [line]
    edge: Json = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}}
    edge |= {"hoverinfo": "skip", "connectgaps": False}
    low = edge | {"y": floats(course.low), "showlegend": False}
    high = edge | {"y": floats(course.high), "name": "95 % interval"}
    return [low, high | {"fill": "tonexty", "fillcolor": _BAND}, line]


def _marked(x: Floats, y: Floats, statuses: Sequence[Status]) -> list[Json]:
    traces = []
    styles: dict[Status, Json] = {
        "breached": {"color": BREACHED, "size": 9},
        "not_enough_data": {"color": REFERENCE, "size": 8},
    }
    for status, style in styles.items():
        at = np.array([each == status for each in statuses], dtype=bool)
        if at.any():
            word, symbol = MARKS[status]
            marker = style | {"symbol": symbol}
            trace = {"type": "scatter", "mode": "markers", "name": word, "x": x[at], "y": y[at]}
            traces.append(trace | {"marker": marker, "hoverinfo": "skip"})
    return traces


def _bars(x: Floats, rows: ArrayLike, name: str, colour: str) -> Json:
    return {
        "type": "bar",
        "name": name,
        "x": x,
        "y": floats(rows),
        "yaxis": "y2",
        "marker": {"color": colour},
        "hovertemplate": "%{y:,.0f}",
    }


def _level(at: float | None, colour: str, dash: str) -> Json:
    line = {"color": colour, "width": 1.5, "dash": dash}
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        "y0": at,
        "y1": at,
        "line": line,
    }


def _level_name(at: float, text: str, worse: Worse | None) -> Json:
    # The two lie close together: the better one is named above its line, the worse one below.
    above = (text == "baseline") == (worse != "higher")
    place = {"xref": "paper", "x": 1.0, "xanchor": "left", "yref": "y", "y": at}
    return place | {
        "yanchor": "bottom" if above else "top",
        "text": f"{text}<br>{at:.3g}",
        "showarrow": False,
        "font": {"size": 11},
        "align": "left",
    }


def _trend_words(name: str, values: Floats, statuses: Sequence[Status], labelled: Floats) -> str:
    known = values[~np.isnan(values)]
    if not len(known):
        return f"{name}: no window has a value."
    breached = sum(status == "breached" for status in statuses)
    return (
        f"{name} per window, {known.min():.3g} to {known.max():.3g}, last {known[-1]:.3g}; "
        f"{breached} of {count(len(values), 'window')} breached; {labelled.sum():,.0f} labels."
    )


def confusion_matrix(classes: Sequence[str], matrix: ArrayLike) -> Chart:
    """Draw rows by label (down) and prediction (across), shaded by the share of each label's rows.

    Args:
        matrix: Rows, shape (classes, classes).
    """
    rows = floats(matrix)
    totals = rows.sum(axis=1, keepdims=True)
    shares = np.divide(rows, totals, out=np.zeros_like(rows), where=totals > 0)
    names = [label(name) for name in classes]
    heat: Json = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": shares,
        "customdata": rows,
        "zmin": 0,
        "zmax": 1,
        "colorscale": SHADES,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "label %{y}, predicted %{x}<br>%{customdata:,} rows, %{z:.1%} of the label<extra></extra>",
    }
    layout = LAYOUT | {
        "height": max(300, min(560, 90 + 42 * len(names))),
        "hovermode": "closest",
        "showlegend": False,
        "annotations": _cells(names, rows, shares) if len(names) <= ANNOTATED_CLASSES else [],
        "xaxis": {
            "title": {"text": "predicted"},
            "type": "category",
            "side": "top",
            "showgrid": False,
        },
        "yaxis": {
            "title": {"text": "label"},
            "type": "category",
            "autorange": "reversed",
            "showgrid": False,
        },
    }
    right = float(np.trace(rows) / rows.sum()) if rows.sum() else 0.0
    wrong = rows - np.diag(np.diag(rows))
    words = (
        f"Confusion matrix of {rows.sum():,.0f} labelled predictions, {right:.1%} on the diagonal"
    )
    if wrong.any():
        at, by = divmod(int(wrong.argmax()), len(names))
        words += f"; most often {classes[at]} was predicted as {classes[by]} ({wrong[at, by]:,.0f})"
    return Chart(go.Figure({"data": [heat], "layout": layout}), f"{words}.")


def _cells(names: Sequence[str], rows: Floats, shares: Floats) -> list[Json]:
    small = len(names) > 4  # noqa: PLR2004 - two lines of text no longer fit
    found = []
    for i, down in enumerate(names):
        for j, across in enumerate(names):
            if not rows[i, j]:
                continue
            text = f"{rows[i, j]:,.0f}" if small else f"{shares[i, j]:.1%}<br>{rows[i, j]:,.0f}"
            ink = "#FFFFFF" if shares[i, j] > DARK_SHARE else "#14202E"
            font: Json = {"size": 11 if small else 13, "color": ink}
            found.append({"x": across, "y": down, "text": text, "showarrow": False, "font": font})
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One curve: points in drawing order, shape (points,)."""

    name: str
    x: ArrayLike
    y: ArrayLike
    is_reference: bool = False


def curves(
    lines: Sequence[Line], *, x_title: str, y_title: str, diagonal: bool = False, words: str = ""
) -> Chart:
    """Draw curves in the unit square: ROC, or precision over recall.

    Args:
        lines: At most a handful; a reference is grey.
        diagonal: Whether chance is a line from corner to corner.
    """
    data: list[Json] = []
    if diagonal:
        chance = {"type": "scatter", "mode": "lines", "name": "chance", "x": [0, 1], "y": [0, 1]}
        data.append(
            chance | {"line": {"color": REFERENCE, "width": 1, "dash": "dot"}, "hoverinfo": "skip"}
        )
    for line in lines:
        style: Json = {"width": 1.8}
        if line.is_reference:
            style |= {"color": REFERENCE, "dash": "dash"}
        elif len(lines) <= 2:  # noqa: PLR2004 - one model, with or without its reference
            style |= {"color": PRODUCTION}
        trace = {"type": "scatter", "mode": "lines", "name": label(line.name), "line": style}
        trace |= {"x": floats(line.x), "y": floats(line.y)}
        data.append(trace | {"hovertemplate": f"{x_title} %{{x:.3f}}, {y_title} %{{y:.3f}}"})
    unit: Json = {"range": [-0.01, 1.02], "constrain": "domain"}
    layout = LAYOUT | {
        "height": 360,
        "hovermode": "closest",
        "xaxis": unit | {"title": {"text": x_title}},
        "yaxis": unit | {"title": {"text": y_title}},
    }
    text = words or f"{y_title} over {x_title} for {', '.join(line.name for line in lines)}."
    return Chart(go.Figure({"data": data, "layout": layout}), text)


def calibration_curve(
    scores: ArrayLike, shares: ArrayLike, low: ArrayLike, high: ArrayLike, rows: ArrayLike
) -> Chart:
    """Draw how often the class came true against how probable the model had called it.

    Args:
        scores: Mean score of each bin, shape (bins,).
        shares: Share of its labelled rows in which the class came true.
        low: Lower end of the interval of the share.
    """
    x, y = floats(scores), floats(shares)
    down, up = y - floats(low), floats(high) - y
    points: Json = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "this window",
        "x": x,
        "y": y,
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": up,
            "arrayminus": down,
            "width": 3,
        },
        "line": {"color": PRODUCTION, "width": 1.8},
        "marker": {"size": 7},
        "customdata": floats(rows),
        "hovertemplate": "score %{x:.3f}, came true %{y:.1%}<br>%{customdata:,} rows<extra></extra>",
    }
    ideal: Json = {"type": "scatter", "mode": "lines", "name": "perfectly calibrated", "x": [0, 1]}
    ideal |= {
        "y": [0, 1],
        "line": {"color": REFERENCE, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    bars: Json = {
        "type": "bar",
        "name": "rows",
        "x": x,
        "y": floats(rows),
        "yaxis": "y2",
        "showlegend": False,
    }
    bars |= {"marker": {"color": "rgba(122,134,148,0.55)"}, "width": 0.012, "hoverinfo": "skip"}
    unit: Json = {"range": [-0.02, 1.02]}
    layout = LAYOUT | {
        "height": 360,
        "hovermode": "closest",
        "xaxis": unit | {"title": {"text": "mean score"}, "anchor": "y2"},
        "yaxis": unit | {"title": {"text": "share that came true"}, "domain": [0.3, 1.0]},
        "yaxis2": {"domain": [0.0, 0.2], "title": {"text": "rows"}, "rangemode": "tozero"},
    }
    gap = y - x
    if not len(gap):
        words = "No row has a score and a label."
    else:
        worst = int(np.argmax(np.abs(gap)))
        words = (
            f"Calibration in {count(len(x), 'bin')}; furthest off where the mean score is "
            f"{x[worst]:.2f} and {y[worst]:.0%} came true."
        )
    return Chart(go.Figure({"data": [ideal, points, bars], "layout": layout}), words)


def residual_histogram(
    edges: ArrayLike, shares: ArrayLike, *, mean: float, outside: float, unit: str
) -> Chart:
    """Draw how far predictions lay from their labels.

    Args:
        edges: Of the bins, ascending, shape (bins + 1,).
        shares: Share of rows per bin, shape (bins,).
        mean: Of all rows: the bias.
        outside: Share of rows beyond the edges.
    """
    cuts, parts = floats(edges), floats(shares)
    bars: Json = {
        "type": "bar",
        "x": (cuts[:-1] + cuts[1:]) / 2,
        "y": parts,
        "width": np.diff(cuts),
        "marker": {"color": PRODUCTION},
        "hovertemplate": "about %{x:.3g}: %{y:.1%} of rows<extra></extra>",
    }
    zero: Json = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": 0, "x1": 0}
    middle = zero | {
        "x0": mean,
        "x1": mean,
        "line": {"color": THRESHOLD, "width": 1.5, "dash": "dot"},
    }
    named: Json = {
        "yref": "paper",
        "y": 1,
        "x": mean,
        "text": f"mean {mean:+.3g}",
        "showarrow": False,
    }
    named |= {"xanchor": "left" if mean >= 0 else "right", "yanchor": "top", "font": {"size": 11}}
    layout = LAYOUT | {
        "height": 320,
        "hovermode": "closest",
        "showlegend": False,
        "shapes": [zero | {"line": {"color": REFERENCE, "width": 1}}, middle],
        "annotations": [named],
        "xaxis": {"title": {"text": label(unit)}},
        "yaxis": {"title": {"text": "share of rows"}, "tickformat": ".0%"},
    }
    words = (
        f"Prediction minus label: {parts.sum():.1%} of rows between {cuts[0]:.3g} and {cuts[-1]:.3g}, "
        f"{outside:.1%} beyond; mean {mean:+.3g}."
    )
    return Chart(go.Figure({"data": [bars], "layout": layout}), words)
