"""Estimate: what was expected of a metric, its band by step, and what labels showed since."""

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
    THRESHOLD,
    Chart,
    Json,
    count,
    epoch_ms,
    floats,
    label,
)

ESTIMATE = "#8457C6"
_BAND = "rgba(132,87,198,0.18)"
#: A step's band is this share of it wide, so that neighbours do not run into one.
_WIDTH = 0.9


def estimate_trend(
    times: Sequence[datetime],
    estimated: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    realized: ArrayLike,
    *,
    name: str,
    labelled: ArrayLike,
    rows: ArrayLike,
    threshold: float | None = None,
    unit: str = "",
) -> Chart:
    """Draw estimates with their bands above realized values and rows.

    A withheld estimate has neither point nor band; its place stays empty, so that a gap is seen.

    Args:
        times: Start of each step, UTC, ascending.
        estimated: Shape (steps,); NaN where it is withheld.
        realized: NaN while there are too few labels.
        labelled: Predictions with a label per step.
    """
    x = np.array([epoch_ms(time) for time in times])
    y, seen, known = floats(estimated), floats(realized), floats(labelled)
    bars = [
        _bars(x, known, "with label", "rgba(47,127,214,0.65)"),
        _bars(x, floats(rows) - known, "label not in yet", "rgba(122,134,148,0.45)"),
    ]
    data = [
        _bands(x, floats(low), floats(high)),
        _line(x, y, "estimated", ESTIMATE, "dash"),
        _line(x, seen, "realized", PRODUCTION, "solid"),
        *bars,
    ]
    layout = LAYOUT | {
        "height": 360,
        "barmode": "stack",
        "shapes": [] if threshold is None else [_threshold(threshold)],
        "xaxis": {"type": "date", "anchor": "y2", "range": _ends(x)},
        "yaxis": {"domain": [0.32, 1.0], "title": {"text": label(unit)}},
        "yaxis2": {"domain": [0.0, 0.22], "title": {"text": "rows"}, "rangemode": "tozero"},
    }
    return Chart(go.Figure({"data": data, "layout": layout}), _words(name, y, seen, low, high))


def _ends(x: Floats) -> list[float]:
    step = float(np.diff(x).min()) if len(x) > 1 else 86_400_000.0
    return [float(x[0]) - step * 0.7, float(x[-1]) + step * 0.7]


def _bands(x: Floats, low: Floats, high: Floats) -> Json:
    """One box a step; None between them keeps them apart."""
    half = _WIDTH / 2 * (float(np.diff(x).min()) if len(x) > 1 else 86_400_000.0)
    across: list[float | None] = []
    up: list[float | None] = []
    for at, bottom, top in zip(x.tolist(), low.tolist(), high.tolist(), strict=True):
        if bottom == bottom and top == top:  # noqa: PLR0124 - not NaN
            across += [at - half, at + half, at + half, at - half, at - half, None]
            up += [bottom, bottom, top, top, bottom, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "95 % band",
        "x": across,
        "y": up,
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": _BAND,
        "hoverinfo": "skip",
    }


def _line(x: Floats, y: Floats, name: str, colour: str, dash: str) -> Json:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": x,
        "y": y,
        "line": {"color": colour, "width": 1.8, "dash": dash},
        "marker": {"size": 5, "symbol": "diamond-open" if dash == "dash" else "circle"},
        "connectgaps": False,
        "hovertemplate": "%{y:.4g}",
    }


def _bars(x: Floats, rows: Floats, name: str, colour: str) -> Json:
    return {
        "type": "bar",
        "name": name,
        "x": x,
        "y": rows,
        "yaxis": "y2",
        "marker": {"color": colour},
        "hovertemplate": "%{y:,.0f}",
    }


def _threshold(at: float) -> Json:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": at,
        "y1": at,
        "line": {"color": THRESHOLD, "dash": "dot", "width": 1.6},
        "label": {
            "text": f"threshold {at:.3g}",
            "textposition": "end",
            "yanchor": "bottom",
            "font": {"color": REFERENCE},
        },
    }


def _words(name: str, y: Floats, seen: Floats, low: ArrayLike, high: ArrayLike) -> str:
    given = ~np.isnan(y)
    if not given.any():
        return f"{name}: withheld in all {count(len(y), 'step')}."
    said = f"{name}, estimated in {given.sum()} of {count(len(y), 'step')}: {y[given].min():.3g} to {y[given].max():.3g}"
    both = given & ~np.isnan(seen)
    if not both.any():
        return f"{said}; no step has enough labels yet."
    held = (seen[both] >= floats(low)[both]) & (seen[both] <= floats(high)[both])
    return f"{said}; the band held the realized value in {held.sum()} of {both.sum()}."
