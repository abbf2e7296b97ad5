"""Telling features: what a classifier that tells two windows apart loses without each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import PRODUCTION, Chart, Json, floats, label
from monitoring.charts.traces import axis, bars, dots, drawn, named_rows, whiskers

#: A second hue that keeps its distance from blue in both themes and for the colour-blind.
RELATION = "#C77B0A"
ROW_PIXELS = 26


def telling(
    names: Sequence[str],
    own: ArrayLike,
    relation: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
) -> Chart:
    """Draw two bars per feature, one after the other: what its own distribution and its relation tell.

    Args:
        names: Features from top to bottom.
        own: Area under the curve lost with its own distribution; shape (features,).
        relation: Area lost with its relation to the other features.
        low: Lower end of the interval of both together.
    """
    y = np.arange(len(names), dtype=np.float64)
    first, second = np.maximum(floats(own), 0.0), np.maximum(floats(relation), 0.0)
    total = floats(own) + floats(relation)
    grey = "rgba(122,134,148,1)"
    data = [
        _bars("its own distribution", first, y, PRODUCTION, names),
        _bars("its relation to other features", second, y, RELATION, names),
        dots(
            "both, with 95 % interval",
            total,
            y,
            {"symbol": "line-ns-open", "size": 9, "color": grey},
            error_x=whiskers(floats(high) - total, total - floats(low), grey, thickness=1.4),
        ),
    ]
    return drawn(
        data,
        _summary(names, total),
        height=130 + ROW_PIXELS * max(len(names), 2),
        hovermode="closest",
        barmode="stack",
        bargap=0.35,
        xaxis=axis("area under the curve lost without it", rangemode="tozero"),
        yaxis=named_rows(y, names, showgrid=False, zeroline=False, automargin=True),
    )


def _bars(name: str, x: Floats, y: Floats, colour: str, names: Sequence[str]) -> Json:
    return bars(
        name,
        x,
        y,
        {"color": colour},
        hover="%{customdata}: %{x:.3f}<extra></extra>",
        orientation="h",
        customdata=[label(each) for each in names],
    )


def _summary(names: Sequence[str], total: Floats) -> str:
    if not len(names):
        return "No feature was looked at."
    said = ", ".join(f"{name} {value:.3f}" for name, value in zip(names, total, strict=True))
    return f"Area under the curve lost without each feature, most first: {said}."
