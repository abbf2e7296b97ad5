"""Money: cost per day by deployment, and what other sizes would have cost and done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from monitoring.charts.figure import (
    BREACHED,
    LAYOUT,
    PRODUCTION,
    REFERENCE,
    THRESHOLD,
    Chart,
    Json,
    epoch_ms,
    floats,
    label,
)

_COLOURS = (PRODUCTION, "#8FB8DE", "#7A8694", "#C9A66B", "#6BA292", "#A58BC7")


def cost_per_day(
    days: Sequence[date],
    costs: Mapping[str, ArrayLike],
    estimated: Sequence[bool],
    currency: str,
) -> Chart:
    """Draw the cost of each day as bars, one part a deployment; estimated days are hatched.

    Args:
        days: UTC days, ascending.
        costs: Deployment -> cost of each day, NaN where it is not known.
        estimated: Whether any of a day's cost is estimated.
    """
    x = np.array([epoch_ms(day) for day in days])
    hatch = ["/" if each else "" for each in estimated]
    data: list[Json] = [
        {
            "type": "bar",
            "name": label(name),
            "x": x,
            "y": floats(values),
            "marker": {
                "color": _COLOURS[n % len(_COLOURS)],
                "pattern": {
                    "shape": hatch,
                    "fillmode": "overlay",
                    "fgcolor": "#FFFFFF",
                    "size": 6,
                },
            },
            "hovertemplate": "%{y:,.2f}",
        }
        for n, (name, values) in enumerate(costs.items())
    ]
    layout = LAYOUT | {
        "height": 320,
        "barmode": "stack",
        "bargap": 0.25,
        "xaxis": {"type": "date"},
        "yaxis": {"title": {"text": f"{label(currency)} a day"}, "rangemode": "tozero"},
    }
    return Chart(go.Figure({"data": data, "layout": layout}), _summary(days, costs, currency))


def _summary(days: Sequence[date], costs: Mapping[str, ArrayLike], currency: str) -> str:
    totals = {name: float(np.nansum(floats(values))) for name, values in costs.items()}
    if not days or not totals:
        return "Cost per day: nothing is known."
    most = max(totals, key=lambda name: totals[name])
    return (
        f"Cost per day from {days[0]:%d %b} to {days[-1]:%d %b %Y}: {sum(totals.values()):,.2f} "
        f"{currency} in all, most for {most} ({totals[most]:,.2f})."
    )


@dataclass(frozen=True, slots=True)
class Size:
    """One size on the chart: mean instances, slowest hour's P95, its upper end, refused requests."""

    name: str
    instances: float
    worst_p95_ms: float
    upper_p95_ms: float
    refused: float
    is_best: bool = False
    is_broken: bool = False

    @property
    def mark(self) -> tuple[str, str]:
        """Its colour and symbol."""
        if self.is_best:
            return PRODUCTION, "star"
        return (BREACHED, "x") if self.is_broken else (REFERENCE, "circle")


def sizes(options: Sequence[Size], objective_ms: float) -> Chart:
    """Draw the slowest hour and the refused requests of each size, one row each."""
    names = [label(option.name) for option in options]
    p95 = floats([option.worst_p95_ms for option in options])
    upper = floats([option.upper_p95_ms for option in options])
    colours = [option.mark[0] for option in options]
    data: list[Json] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "P95 of the slowest hour, up to the model's error",
            "x": names,
            "y": p95,
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": upper - p95,
                "color": REFERENCE,
                "thickness": 1.5,
            },
            "marker": {
                "size": 12,
                "color": colours,
                "symbol": [option.mark[1] for option in options],
            },
            "hovertemplate": "%{y:,.0f} ms",
        },
        {
            "type": "bar",
            "name": "refused",
            "x": names,
            "y": floats([option.refused for option in options]),
            "yaxis": "y2",
            "marker": {"color": colours},
            "hovertemplate": "%{y:,.0f}",
        },
    ]
    shape = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": objective_ms,
        "y1": objective_ms,
        "line": {"color": THRESHOLD, "dash": "dot", "width": 1.6},
        "label": {"text": "objective", "textposition": "start", "yanchor": "bottom"},
    }
    layout = LAYOUT | {
        "height": 360,
        "showlegend": False,
        "shapes": [shape],
        "xaxis": {"type": "category", "anchor": "y2"},
        "yaxis": {
            "domain": [0.42, 1.0],
            "title": {"text": "P95 of slowest hour, ms"},
            "rangemode": "tozero",
        },
        "yaxis2": {
            "domain": [0.0, 0.32],
            "title": {"text": "refused"},
            "rangemode": "tozero",
        },
    }
    best = next((o for o in options if o.is_best), None)
    said = f"advised is {best.name}" if best else "nothing that was tried keeps the objective"
    summary = f"Slowest hour's P95 and refused requests of {len(options)} sizes: {said}."
    return Chart(go.Figure({"data": data, "layout": layout}), summary)
