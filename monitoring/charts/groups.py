"""Groups: a metric of each group with its interval, beside what is allowed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.arrays import Floats
from monitoring.charts.figure import (
    BREACHED,
    MARKS,
    PRODUCTION,
    REFERENCE,
    Chart,
    Json,
    count,
    floats,
    label,
    sentence,
)
from monitoring.charts.traces import axis, bars, dots, drawn, named_rows, upright, whiskers
from monitoring.metric import Status

ALLOWED = "rgba(122,134,148,0.22)"
COLOURS: dict[str, str] = {"ok": PRODUCTION, "breached": BREACHED}
ROW_PIXELS = 30


def group_intervals(
    names: Sequence[str],
    values: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    statuses: Sequence[Status],
    rows: Sequence[int],
    allowed: tuple[ArrayLike, ArrayLike],
    overall: float,
    pooled: ArrayLike | None = None,
    unit: str = "",
) -> Chart:
    """Draw one row per group: a dot with its interval over the range that is allowed.

    Args:
        names: Groups from top to bottom.
        values: Shape (groups,); NaN where nothing was computed.
        statuses: Those without a verdict are drawn grey and hollow.
        allowed: Ends of the range that each group may lie in, infinite on a side where all is well,
            NaN where there is no such range.
        overall: The value of all groups together, drawn as a line.
        pooled: Values drawn towards the mean, as small open triangles.
    """
    x, y = floats(values), np.arange(len(names), dtype=np.float64)
    ends = floats(low), floats(high)
    judged = np.array([status in {"ok", "breached"} for status in statuses])
    span = _span([*ends, *map(floats, allowed)], x, judged, overall)
    data = [_allowed(y, *(np.clip(floats(side), *span) for side in allowed))]
    data += [
        _dots(status, x, y, ends, np.array(rows), np.array([s == status for s in statuses]))
        for status in dict.fromkeys(statuses)
    ]
    if pooled is not None:
        data.append(_pooled(floats(pooled), y))
    ticks = [f"{label(n)} · n {r:,}" for n, r in zip(names, rows, strict=True)]
    rows_axis = named_rows(y, names, showgrid=False, zeroline=False, automargin=True)
    return drawn(
        data,
        _summary(names, x, statuses, overall, span),
        height=136 + ROW_PIXELS * max(len(names), 2),
        hovermode="closest",
        bargap=0.35,
        shapes=[_overall(overall)] if np.isfinite(overall) else [],
        xaxis=axis(label(unit), zeroline=False, range=span),
        yaxis=rows_axis | {"ticktext": ticks, "range": [len(names) - 0.5, -1.1]},
    )


def _span(
    sides: Sequence[Floats], x: Floats, judged: NDArray[np.bool_], overall: float
) -> tuple[float, float]:
    """Return the drawn range: groups without a verdict may lie outside of it."""
    values = x[judged] if judged.any() else x
    shown = np.concatenate([*(side[judged] for side in sides), values, [overall]])
    shown = shown[np.isfinite(shown)]
    if not len(shown):
        return 0.0, 1.0
    low, high = float(shown.min()), float(shown.max())
    pad = 0.04 * (high - low) or 0.05
    return low - pad, high + pad


def _allowed(y: Floats, low: Floats, high: Floats) -> Json:
    marker = {"color": ALLOWED, "line": {"width": 0}}
    return bars("allowed range", high - low, y, marker, orientation="h", base=low)


def _dots(
    status: Status, x: Floats, y: Floats, ends: tuple[Floats, Floats], rows: Floats, of: Floats
) -> Json:
    word, symbol = MARKS[status]
    colour = COLOURS.get(status, REFERENCE)
    of = of.astype(bool)
    above, below = (ends[1] - x)[of], (x - ends[0])[of]
    return dots(
        word,
        x[of],
        y[of],
        {"size": 10, "symbol": symbol, "color": colour, "line": {"width": 1.6}},
        hover="%{x:.3g}, 95 % %{customdata[0]:.3g} to %{customdata[1]:.3g}, "
        "n %{customdata[2]:,.0f}<extra></extra>",
        error_x=whiskers(above, below, colour, thickness=2, width=5),
        customdata=np.stack([ends[0][of], ends[1][of], rows[of]], axis=1),
    )


def _pooled(pooled: Floats, y: Floats) -> Json:
    marker = {"size": 7, "symbol": "triangle-up-open", "color": PRODUCTION}
    hover = "partially pooled %{x:.3g}<extra></extra>"
    return dots("partially pooled", pooled, y + 0.3, marker, hover=hover)


def _overall(overall: float) -> Json:
    text = {"text": f"all groups {overall:.3g}", "textposition": "end", "textangle": 0}
    text |= {"xanchor": "left", "yanchor": "top"}
    return upright(overall, {"color": REFERENCE, "width": 1.6, "dash": "dash"}, label=text)


def _summary(
    names: Sequence[str],
    x: Floats,
    statuses: Sequence[Status],
    overall: float,
    span: tuple[float, float],
) -> str:
    known: list[int] = np.flatnonzero(~np.isnan(x)).tolist()
    if not known:
        return "No group has a value."
    judged = [i for i in known if statuses[i] in {"ok", "breached"}]
    among = sorted(judged or known, key=lambda i: float(x[i]))
    least, most = among[0], among[-1]
    breached = ", ".join(names[i] for i in judged if statuses[i] == "breached")
    blind = len(names) - len(judged)
    unseen = sum(not span[0] <= value <= span[1] for value in x[known])
    return sentence(
        f"From {x[least]:.3g} ({names[least]}) to {x[most]:.3g} ({names[most]})",
        f"{overall:.3g} in all groups together",
        f"breached: {breached}" if breached else "none breached",
        _some(blind, "without a verdict"),
        _some(unseen, "outside the drawn range"),
    )


def _some(groups: int, what: str) -> str:
    return f"{count(groups, 'group')} {what}" if groups else ""
