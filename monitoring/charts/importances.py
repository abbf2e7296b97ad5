"""Importances: what a model relies on for the reference and for production, feature by feature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import LAYOUT, PRODUCTION, REFERENCE, Chart, Json, floats, label

ROW_PIXELS = 28
#: Both dots of a feature stand a little above and below its line, so that neither hides the other.
APART = 0.14

#: Values and both ends of their intervals, each of shape (features,).
Ends = tuple[ArrayLike, ArrayLike, ArrayLike]


def importances(names: Sequence[str], reference: Ends, production: Ends, *, unit: str) -> Chart:
    """Draw two dots with intervals per feature.

    Args:
        names: Features from top to bottom.
        reference: Importance, lower end, upper end.
    """
    y = np.arange(len(names), dtype=np.float64)
    data = [
        _dots("reference", reference, y - APART, REFERENCE, names),
        _dots("production", production, y + APART, PRODUCTION, names),
    ]
    layout = LAYOUT | {
        "height": 120 + ROW_PIXELS * max(len(names), 2),
        "hovermode": "closest",
        "xaxis": {"title": {"text": label(unit)}, "rangemode": "tozero"},
        "yaxis": {
            "tickvals": y,
            "ticktext": [label(name) for name in names],
            "range": [len(names) - 0.5, -0.5],
            "zeroline": False,
            "automargin": True,
        },
    }
    figure = go.Figure({"data": data, "layout": layout})
    return Chart(figure, _summary(names, floats(reference[0]), floats(production[0])))


def _dots(name: str, ends: Ends, y: Floats, colour: str, names: Sequence[str]) -> Json:
    x, low, high = (floats(each) for each in ends)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": x,
        "y": y,
        "marker": {"color": colour, "size": 8},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": high - x,
            "arrayminus": x - low,
            "color": colour,
            "thickness": 1.6,
            "width": 3,
        },
        "customdata": [label(each) for each in names],
        "hovertemplate": f"%{{customdata}}, {name}: %{{x:.3g}}<extra></extra>",
    }


def _summary(names: Sequence[str], reference: Floats, production: Floats) -> str:
    if not len(names):
        return "No feature was looked at."
    moved = int(np.argmax(np.abs(production - reference)))
    return (
        f"Importances of {len(names)} features; the largest change is {names[moved]}, from"
        f" {reference[moved]:.3g} for the reference to {production[moved]:.3g} for production."
    )
