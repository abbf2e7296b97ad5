"""Money: cost per day by deployment, and what other sizes would have cost and done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike

from monitoring.charts.figure import BREACHED, PRODUCTION, REFERENCE, Chart, floats, label
from monitoring.charts.traces import axis, bars, dots, drawn, level, milliseconds, whiskers

_COLOURS = (PRODUCTION, "#8FB8DE", "#7A8694", "#C9A66B", "#6BA292", "#A58BC7")

OBJECTIVE = {"text": "objective", "textposition": "start", "yanchor": "bottom"}


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
    hatch = {"fillmode": "overlay", "fgcolor": "#FFFFFF", "size": 6}
    hatch["shape"] = ["/" if each else "" for each in estimated]
    x = milliseconds(days)
    data = [
        bars(
            label(name),
            x,
            floats(values),
            {"color": _COLOURS[n % len(_COLOURS)], "pattern": hatch},
            hover="%{y:,.2f}",
        )
        for n, (name, values) in enumerate(costs.items())
    ]
    return drawn(
        data,
        _summary(days, costs, currency),
        height=320,
        barmode="stack",
        bargap=0.25,
        xaxis={"type": "date"},
        yaxis=axis(f"{label(currency)} a day", rangemode="tozero"),
    )


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
    symbols = [option.mark[1] for option in options]
    best = next((o for o in options if o.is_best), None)
    said = f"advised is {best.name}" if best else "nothing that was tried keeps the objective"
    return drawn(
        [
            dots(
                "P95 of the slowest hour, up to the model's error",
                names,
                p95,
                {"size": 12, "color": colours, "symbol": symbols},
                hover="%{y:,.0f} ms",
                error_y=whiskers(upper - p95, None, REFERENCE, thickness=1.5),
            ),
            bars(
                "refused",
                names,
                floats([option.refused for option in options]),
                {"color": colours},
                hover="%{y:,.0f}",
                yaxis="y2",
            ),
        ],
        f"Slowest hour's P95 and refused requests of {len(options)} sizes: {said}.",
        height=360,
        showlegend=False,
        shapes=[level(objective_ms, label=OBJECTIVE)],
        xaxis={"type": "category", "anchor": "y2"},
        yaxis=axis("P95 of slowest hour, ms", domain=[0.42, 1.0], rangemode="tozero"),
        yaxis2=axis("refused", domain=[0.0, 0.32], rangemode="tozero"),
    )
