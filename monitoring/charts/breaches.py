"""Breaches: when each feature breached under two rules, with what is known to have gone wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import plotly.graph_objects as go

from monitoring.charts.figure import (
    LAYOUT,
    PRODUCTION,
    REFERENCE,
    THRESHOLD,
    Chart,
    Json,
    count,
    epoch_ms,
    label,
)

#: Features drawn at most, those in breach for longest; the table has them all.
MOST_DRAWN = 24
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One feature from one day to another, both included."""

    lane: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days with a name, drawn behind the bars."""

    name: str
    first: date
    last: date


def breaches(
    now: Sequence[Bar],
    then: Sequence[Bar],
    days: tuple[date, date],
    stretches: Sequence[Stretch] = (),
) -> Chart:
    """Draw two rules' breaches, a lane a feature: above what is in force, below what is thought of."""
    length: dict[str, int] = {}
    for bar in (*now, *then):
        length[bar.lane] = length.get(bar.lane, 0) + (bar.last - bar.first).days + 1
    lanes = sorted(length, key=lambda name: (-length[name], name))
    drawn = lanes[:MOST_DRAWN]
    data = [
        _bars("in force", now, drawn, _IN_FORCE),
        _bars("if switched", then, drawn, {"color": PRODUCTION}),
    ]
    layout = LAYOUT | {
        "height": 130 + 30 * max(len(drawn), 2),
        "barmode": "group",
        "bargap": 0.3,
        "hovermode": "closest",
        "shapes": [_rectangle(each) for each in stretches],
        "xaxis": {
            "type": "date",
            "range": [epoch_ms(days[0]), epoch_ms(days[1] + DAY)],
            "zeroline": False,
        },
        "yaxis": {
            "tickvals": np.arange(len(drawn), dtype=np.float64),
            "ticktext": [label(name) for name in drawn],
            "range": [max(len(drawn), 1) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
    }
    return Chart(go.Figure({"data": data, "layout": layout}), _summary(now, then, lanes, stretches))


_IN_FORCE: Json = {
    "color": "rgba(122,134,148,0.55)",
    "line": {"color": REFERENCE, "width": 1},
    "pattern": {"shape": "/", "size": 5, "solidity": 0.2},
}


def _bars(name: str, bars: Sequence[Bar], lanes: Sequence[str], marker: Json) -> Json:
    place = {lane: at for at, lane in enumerate(lanes)}
    kept = [bar for bar in bars if bar.lane in place]
    spans = np.array([[epoch_ms(b.first), epoch_ms(b.last + DAY)] for b in kept]).reshape(-1, 2)
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "base": spans[:, 0],
        "x": spans[:, 1] - spans[:, 0],
        "y": np.array([place[bar.lane] for bar in kept], dtype=np.float64),
        "customdata": [[f"{b.first:%d %b}", f"{b.last:%d %b}", label(b.lane)] for b in kept],
        "hovertemplate": f"<b>{name}</b><br>%{{customdata[2]}}, %{{customdata[0]}} to "
        "%{customdata[1]}<extra></extra>",
        "marker": marker,
    }


def _rectangle(stretch: Stretch) -> Json:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "y domain",
        "x0": epoch_ms(stretch.first),
        "x1": epoch_ms(stretch.last + DAY),
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "fillcolor": "rgba(217,115,13,0.12)",
        "line": {"color": THRESHOLD, "width": 1, "dash": "dot"},
    }


def _summary(
    now: Sequence[Bar], then: Sequence[Bar], lanes: Sequence[str], stretches: Sequence[Stretch]
) -> str:
    if not lanes:
        return "Neither rule breached on any day."
    more = f"; the {MOST_DRAWN} longest are drawn" if len(lanes) > MOST_DRAWN else ""
    known = f"; {count(len(stretches), 'known incident')} shaded" if stretches else ""
    said = "1 breach" if len(now) == 1 else f"{len(now)} breaches"
    features = count(len(lanes), "feature")
    return f"{said} as it is in force, {len(then)} if switched, of {features}{more}{known}."
