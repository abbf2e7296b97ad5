"""Breaches: when each feature breached under two rules, with what is known to have gone wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from monitoring.charts.figure import PRODUCTION, THRESHOLD, Chart, Json, count, epoch_ms, label
from monitoring.charts.traces import HATCHED, bars, drawn, named_rows, shade

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
    shown = lanes[:MOST_DRAWN]
    y = np.arange(len(shown), dtype=np.float64)
    ends = {"range": [max(len(shown), 1) - 0.5, -0.5], "showgrid": False, "zeroline": False}
    return drawn(
        [
            _bars("in force", now, shown, HATCHED),
            _bars("if switched", then, shown, {"color": PRODUCTION}),
        ],
        _summary(now, then, lanes, stretches),
        height=130 + 30 * max(len(shown), 2),
        barmode="group",
        bargap=0.3,
        hovermode="closest",
        shapes=[_rectangle(each) for each in stretches],
        xaxis={
            "type": "date",
            "range": [epoch_ms(days[0]), epoch_ms(days[1] + DAY)],
            "zeroline": False,
        },
        yaxis=named_rows(y, shown, **ends),
    )


def _bars(name: str, breached: Sequence[Bar], lanes: Sequence[str], marker: Json) -> Json:
    place = {lane: at for at, lane in enumerate(lanes)}
    kept = [bar for bar in breached if bar.lane in place]
    spans = np.array([[epoch_ms(b.first), epoch_ms(b.last + DAY)] for b in kept]).reshape(-1, 2)
    return bars(
        name,
        spans[:, 1] - spans[:, 0],
        np.array([place[bar.lane] for bar in kept], dtype=np.float64),
        marker,
        hover=f"<b>{name}</b><br>%{{customdata[2]}}, %{{customdata[0]}} to "
        "%{customdata[1]}<extra></extra>",
        orientation="h",
        base=spans[:, 0],
        customdata=[[f"{b.first:%d %b}", f"{b.last:%d %b}", label(b.lane)] for b in kept],
    )


def _rectangle(stretch: Stretch) -> Json:
    style = {"color": THRESHOLD, "width": 1, "dash": "dot"}
    return shade(
        stretch.first,
        stretch.last + DAY,
        "rgba(217,115,13,0.12)",
        yref="y domain",
        layer="below",
        line=style,
    )


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
