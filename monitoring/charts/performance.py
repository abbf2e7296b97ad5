"""How right a model is: a metric over its labels by day, the confusion matrix, curves of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import (
    LAYOUT,
    PRODUCTION,
    REFERENCE,
    THRESHOLD,
    Chart,
    Json,
    count,
    floats,
    label,
)
from monitoring.charts.traces import (
    LABELLED,
    ROWS,
    WAITING,
    axis,
    band,
    bars,
    drawn,
    level,
    line,
    marked,
    milliseconds,
    over_rows,
    rows_below,
    upright,
)
from monitoring.metric import Status, Worse

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
    x, y = milliseconds(times), floats(realized.values)
    data = [
        *band(x, realized.low, realized.high),
        line("realized", x, y, PRODUCTION, marker={"size": 4}, hover="%{y:.4g}"),
        *marked(x, y, statuses),
        *marked(x, y, statuses, "not_enough_data", color=REFERENCE, size=8),
        rows_below(x, labelled, "with label", LABELLED),
        rows_below(x, waiting, "label not in yet", WAITING),
    ]
    levels = [(baseline, REFERENCE, "dash", "baseline"), (threshold, THRESHOLD, "dot", "threshold")]
    known = [
        (value, colour, dash, text)
        for value, colour, dash, text in levels
        if value is not None and np.isfinite(value)
    ]
    return drawn(
        data,
        _trend_words(name, y, statuses, floats(labelled)),
        height=380,
        barmode="stack",
        shapes=[
            level(value, colour=colour, width=1.5, dash=dash, yref="y")
            for value, colour, dash, _ in known
        ],
        annotations=[_level_name(value, text, worse) for value, _, _, text in known],
        margin=LAYOUT["margin"] | {"r": 64},
        **over_rows(label(unit), top=0.22),
    )


def _level_name(value: float, text: str, worse: Worse | None) -> Json:
    # The two lie close together: the better one is named above its line, the worse one below.
    above = (text == "baseline") == (worse != "higher")
    place = {"xref": "paper", "x": 1.0, "xanchor": "left", "yref": "y", "y": value}
    return place | {
        "yanchor": "bottom" if above else "top",
        "text": f"{text}<br>{value:.3g}",
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
    right = float(np.trace(rows) / rows.sum()) if rows.sum() else 0.0
    wrong = rows - np.diag(np.diag(rows))
    words = (
        f"Confusion matrix of {rows.sum():,.0f} labelled predictions, {right:.1%} on the diagonal"
    )
    if wrong.any():
        truth, by = divmod(int(wrong.argmax()), len(names))
        words += f"; most often {classes[truth]} was predicted as {classes[by]}"
        words += f" ({wrong[truth, by]:,.0f})"
    return drawn(
        [heat],
        f"{words}.",
        height=max(300, min(560, 90 + 42 * len(names))),
        hovermode="closest",
        showlegend=False,
        annotations=_cells(names, rows, shares) if len(names) <= ANNOTATED_CLASSES else [],
        xaxis=axis("predicted", type="category", side="top", showgrid=False),
        yaxis=axis("label", type="category", autorange="reversed", showgrid=False),
    )


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
    data = [_diagonal("chance")] if diagonal else []
    for each in lines:
        style: Json = {"width": 1.8}
        if each.is_reference:
            style |= {"color": REFERENCE, "dash": "dash"}
        elif len(lines) <= 2:  # noqa: PLR2004 - one model, with or without its reference
            style |= {"color": PRODUCTION}
        hover = f"{x_title} %{{x:.3f}}, {y_title} %{{y:.3f}}"
        curve = line(label(each.name), floats(each.x), floats(each.y), "", hover=hover)
        data.append(curve | {"line": style})
    unit: Json = {"range": [-0.01, 1.02], "constrain": "domain"}
    return drawn(
        data,
        words or f"{y_title} over {x_title} for {', '.join(each.name for each in lines)}.",
        height=360,
        hovermode="closest",
        xaxis=axis(x_title, **unit),
        yaxis=axis(y_title, **unit),
    )


def _diagonal(name: str) -> Json:
    return line(name, [0, 1], [0, 1], REFERENCE, width=1, dash="dot", hover="")


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
    hover = "score %{x:.3f}, came true %{y:.1%}<br>%{customdata:,} rows<extra></extra>"
    points = line("this window", x, y, PRODUCTION, marker={"size": 7}, hover=hover)
    points |= {
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": floats(high) - y,
            "arrayminus": y - floats(low),
            "width": 3,
        },
        "customdata": floats(rows),
    }
    below = bars("rows", x, floats(rows), {"color": ROWS})
    below |= {"yaxis": "y2", "showlegend": False, "width": 0.012}
    unit: Json = {"range": [-0.02, 1.02]}
    gap = y - x
    words = "No row has a score and a label."
    if len(gap):
        worst = int(np.argmax(np.abs(gap)))
        words = (
            f"Calibration in {count(len(x), 'bin')}; furthest off where the mean score is "
            f"{x[worst]:.2f} and {y[worst]:.0%} came true."
        )
    return drawn(
        [_diagonal("perfectly calibrated"), points, below],
        words,
        height=360,
        hovermode="closest",
        xaxis=axis("mean score", anchor="y2", **unit),
        yaxis=axis("share that came true", domain=[0.3, 1.0], **unit),
        yaxis2=axis("rows", domain=[0.0, 0.2], rangemode="tozero"),
    )


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
    middles = (cuts[:-1] + cuts[1:]) / 2
    hover = "about %{x:.3g}: %{y:.1%} of rows<extra></extra>"
    columns = bars("", middles, parts, {"color": PRODUCTION}, hover=hover)
    named: Json = {"yref": "paper", "y": 1, "x": mean, "text": f"mean {mean:+.3g}"}
    named |= {"showarrow": False, "xanchor": "left" if mean >= 0 else "right", "yanchor": "top"}
    words = (
        f"Prediction minus label: {parts.sum():.1%} of rows between {cuts[0]:.3g} and {cuts[-1]:.3g}, "
        f"{outside:.1%} beyond; mean {mean:+.3g}."
    )
    return drawn(
        [columns | {"width": np.diff(cuts)}],
        words,
        height=320,
        hovermode="closest",
        showlegend=False,
        shapes=[
            upright(0, {"color": REFERENCE, "width": 1}, yref="paper"),
            upright(mean, {"color": THRESHOLD, "width": 1.5, "dash": "dot"}, yref="paper"),
        ],
        annotations=[named | {"font": {"size": 11}}],
        xaxis=axis(label(unit)),
        yaxis=axis("share of rows", tickformat=".0%"),
    )
