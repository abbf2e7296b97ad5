"""One request: what its time went into; and many, as dots to pick one from."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from monitoring.charts.figure import (
    BREACHED,
    PRODUCTION,
    REFERENCE,
    THRESHOLD,
    Chart,
    Json,
    count,
    floats,
    label,
)
from monitoring.charts.traces import axis, bars, dots, drawn, milliseconds, named_rows

#: Part of a request -> its colour; the model's own time stands out.
COLOURS = {
    "throttling in": THRESHOLD,
    "upload": REFERENCE,
    "model": PRODUCTION,
    "gateway": PRODUCTION,
    "response": REFERENCE,
    "throttling out": THRESHOLD,
}


class Span(NamedTuple):
    """One part of a request's time, in milliseconds since it began."""

    name: str
    start: float
    length: float


class Dot(NamedTuple):
    """One request to pick. alike: how many of its kind it stands for. text: what it is, for hovering."""

    id: str
    time: datetime
    total_ms: float
    is_failed: bool
    alike: int
    text: str


def latency_waterfall(spans: Sequence[Span]) -> Chart:
    """Draw the parts of a request one below the other, each where it began.

    The parts follow each other without gaps, so the last bar ends at the total.
    """
    y = np.arange(len(spans), dtype=np.float64)
    total = spans[-1].start + spans[-1].length if spans else 0.0
    parts = bars(
        "",
        floats([span.length for span in spans]),
        y,
        {"color": [COLOURS.get(span.name, REFERENCE) for span in spans]},
        hover="%{customdata}<extra></extra>",
        orientation="h",
        base=floats([span.start for span in spans]),
        text=[f"{span.length:,.0f} ms" for span in spans],
        textposition="outside",
        cliponaxis=False,
        customdata=[_part(span, total) for span in spans],
    )
    return drawn(
        [parts],
        _told(spans, total),
        height=90 + 34 * max(len(spans), 1),
        hovermode="closest",
        showlegend=False,
        bargap=0.35,
        xaxis=axis("milliseconds since the request began", range=[0, total * 1.15 or 1]),
        yaxis=named_rows(y, [span.name for span in spans]),
    )


def _part(span: Span, total: float) -> str:
    share = f"{span.length / total:.0%}" if total else "–"
    return f"{label(span.name)}: {span.length:,.0f} ms, {share}"


def _told(spans: Sequence[Span], total: float) -> str:
    if not spans or total <= 0:
        return "The log has no duration of this request."
    longest = max(spans, key=lambda span: span.length)
    parts = ", ".join(f"{span.name} {span.length:,.0f} ms" for span in spans)
    return f"{total:,.0f} ms in all, most of it {longest.name}: {parts}."


def request_dots(requests: Sequence[Dot]) -> Chart:
    """Draw requests by time and duration; the id of each is in its `customdata`.

    Args:
        requests: At most a few thousand.
    """
    traces = [
        _dots([d for d in requests if not d.is_failed], "slowest answered", PRODUCTION, "circle"),
        _dots([d for d in requests if d.is_failed], "failed", BREACHED, "diamond"),
    ]
    return drawn(
        [trace for trace in traces if len(trace["x"])],
        _told_dots(requests),
        height=320,
        hovermode="closest",
        clickmode="event+select",
        dragmode="zoom",
        xaxis={"type": "date"},
        yaxis=axis("milliseconds in all", type="log", tickformat="~s"),
    )


def _dots(requests: Sequence[Dot], name: str, colour: str, symbol: str) -> Json:
    return dots(
        name,
        milliseconds(request.time for request in requests),
        floats([max(request.total_ms, 1.0) for request in requests]),
        {"color": colour, "symbol": symbol, "size": 7, "opacity": 0.75},
        hover="%{text}<br>%{x|%d %b %H:%M:%S} UTC<br>%{y:,.0f} ms<extra></extra>",
        customdata=[request.id for request in requests],
        text=[html.escape(request.text, quote=False) for request in requests],
    )


def _told_dots(requests: Sequence[Dot]) -> str:
    failed = [dot for dot in requests if dot.is_failed]
    if not requests:
        return "There is no request in this window."
    slowest = max(requests, key=lambda dot: dot.total_ms)
    return (
        f"{count(len(requests), 'request')} to pick from, {len(failed)} of them failed; the slowest took "
        f"{slowest.total_ms:,.0f} ms on {slowest.time:%d %b %H:%M} UTC."
    )
