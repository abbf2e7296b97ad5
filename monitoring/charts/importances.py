"""Importances: what a model relies on for the reference and for production, feature by feature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import PRODUCTION, REFERENCE, Chart, Json, floats, label
from monitoring.charts.traces import axis, dots, drawn, named_rows, whiskers

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
    return drawn(
        data,
        _summary(names, floats(reference[0]), floats(production[0])),
        height=120 + ROW_PIXELS * max(len(names), 2),
        hovermode="closest",
        xaxis=axis(label(unit), rangemode="tozero"),
        yaxis=named_rows(y, names, zeroline=False, automargin=True),
    )


def _dots(name: str, ends: Ends, y: Floats, colour: str, names: Sequence[str]) -> Json:
    x, low, high = (floats(each) for each in ends)
    return dots(
        name,
        x,
        y,
        {"color": colour, "size": 8},
        hover=f"%{{customdata}}, {name}: %{{x:.3g}}<extra></extra>",
        error_x=whiskers(high - x, x - low, colour, thickness=1.6, width=3),
        customdata=[label(each) for each in names],
    )


def _summary(names: Sequence[str], reference: Floats, production: Floats) -> str:
    if not len(names):
        return "No feature was looked at."
    moved = int(np.argmax(np.abs(production - reference)))
    return (
        f"Importances of {len(names)} features; the largest change is {names[moved]}, from"
        f" {reference[moved]:.3g} for the reference to {production[moved]:.3g} for production."
    )
