"""Estimate: what was expected of a metric, its band by step, and what labels showed since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import PRODUCTION, REFERENCE, Chart, Json, count, floats, label
from monitoring.charts.traces import (
    LABELLED,
    WAITING,
    drawn,
    line,
    milliseconds,
    named_level,
    over_rows,
    rows_below,
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
    x, y, seen, known = milliseconds(times), floats(estimated), floats(realized), floats(labelled)
    hover = "%{y:.4g}"
    hollow, full = {"size": 5, "symbol": "diamond-open"}, {"size": 5, "symbol": "circle"}
    data = [
        _bands(x, floats(low), floats(high)),
        line("estimated", x, y, ESTIMATE, marker=hollow, hover=hover, dash="dash"),
        line("realized", x, seen, PRODUCTION, marker=full, hover=hover, dash="solid"),
        rows_below(x, known, "with label", LABELLED),
        rows_below(x, floats(rows) - known, "label not in yet", WAITING),
    ]
    axes = over_rows(label(unit), top=0.22)
    axes["xaxis"] |= {"range": _ends(x)}
    return drawn(
        data,
        _words(name, y, seen, low, high),
        height=360,
        barmode="stack",
        shapes=[] if threshold is None else [_threshold(threshold)],
        **axes,
    )


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


def _threshold(value: float) -> Json:
    shape = named_level(value)
    shape["label"] |= {"textposition": "end", "font": {"color": REFERENCE}}
    return shape


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
