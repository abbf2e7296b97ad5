"""What happened, on the timeline: events as markers, incidents as bars and shaded spans."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from monitoring.charts.figure import (
    BREACHED,
    PRODUCTION,
    REFERENCE,
    THRESHOLD,
    Json,
    epoch_ms,
)
from monitoring.charts.timeline_rows import Zone
from monitoring.charts.traces import shade, upright

if TYPE_CHECKING:
    from monitoring.event import Event, EventKind
    from monitoring.incident import Incident
    from monitoring.severity import Severity
    from monitoring.window import Window

#: Kind -> marker symbol; colour alone never tells them apart.
SYMBOLS: dict[EventKind, str] = {
    "deployment": "triangle-up",
    "traffic_split": "diamond",
    "scaling": "triangle-ne",
    "model": "square",
    "configuration": "hexagon",
    "role": "star",
    "data": "pentagon",
    "job": "square",
    "container": "x",
    "console": "cross",
    "collection": "bowtie",
    "client": "circle",
    "dependency": "hourglass",
    "alert": "star-triangle-up",
    "platform": "star-diamond",
}
#: What went wrong rather than was changed.
_BAD = frozenset({"container", "alert", "platform", "collection"})
#: Severity -> mark before the word, colour, fill.
SEVERITY: dict[Severity, tuple[str, str, str]] = {
    "critical": ("■", BREACHED, "214,69,69"),
    "high": ("▲", BREACHED, "214,69,69"),
    "medium": ("◆", THRESHOLD, "217,115,13"),
    "low": ("○", REFERENCE, "122,134,148"),
}
#: Events closer than this share of the window and of one kind are one marker.
BINS = 140
LISTED = 5
LONGEST_TITLE, LONGEST_BAR = 90, 56
#: Changes that get a hairline through all rows, if there are no more than that many.
LINED: tuple[EventKind, ...] = ("deployment", "traffic_split")
MOST_LINES = 16
#: Of an incident: its words above its bar.
LEVEL_HEIGHT = 27
MOST_LEVELS = 12
#: Width of a character and of the plot in pixels, to keep labels apart.
CHARACTER, PLOT_WIDTH = 6.4, 900


def event_trace(events: Sequence[Event], window: Window, axis: str, zone: Zone) -> Json:
    """Return the markers of a row of events; near ones of a kind are one, with its count."""
    bin_seconds = window.length.total_seconds() / BINS
    groups: dict[tuple[int, str], list[Event]] = {}
    for event in events:
        place = int((event.time - window.start).total_seconds() // bin_seconds)
        groups.setdefault((place, event.kind), []).append(event)
    found = list(groups.values())
    return {
        "type": "scatter",
        "mode": "markers",
        "x": np.array([epoch_ms(group[0].time + zone.offset) for group in found]),
        "y": np.full(len(found), 0.5),
        "yaxis": axis,
        "marker": {
            "opacity": 1,
            "symbol": [SYMBOLS[group[0].kind] for group in found],
            "size": [9 + min(4, len(group) - 1) for group in found],
            "color": [_colour(group) for group in found],
            "line": {"width": 0},
        },
        "text": [_said(group, zone) for group in found],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
        **_NOT_DIMMED,
    }


_NOT_DIMMED: Json = {"unselected": {"marker": {"opacity": 1}}}


def _colour(group: Sequence[Event]) -> str:
    if any("fail" in event.status.lower() or event.kind in _BAD for event in group):
        return BREACHED
    return REFERENCE if group[0].kind in {"console", "client"} else PRODUCTION


def _said(group: Sequence[Event], zone: Zone) -> str:
    lines = [_line(event, zone) for event in group[:LISTED]]
    if more := len(group) - LISTED:
        lines += [f"and {more} more"] if more > 0 else []
    return "<br>".join(lines)


def _line(event: Event, zone: Zone) -> str:
    title = event.title if len(event.title) <= LONGEST_TITLE else f"{event.title[:LONGEST_TITLE]}…"
    times = f" ({event.count:,} times)" if event.count > 1 else ""
    by = f", by {html.escape(event.caller)}" if event.caller else ""
    kind = event.kind.replace("_", " ")
    return f"<b>{event.time + zone.offset:%d %b %H:%M}</b> {kind}: {html.escape(title)}{times}{by}"


def event_lines(events: Sequence[Event], zone: Zone) -> list[Json]:
    """Return a hairline for each deployment and traffic split, so that what follows can be seen."""
    lined = [event for event in events if event.kind in LINED]
    if len(lined) > MOST_LINES:
        return []
    return [
        vertical(event.time, zone, {"color": PRODUCTION, "width": 1, "dash": "dot"})
        for event in lined
    ]


def vertical(time: datetime, zone: Zone, line: Json) -> Json:
    """Return a line through all rows."""
    at = epoch_ms(time + zone.offset)
    return upright(at, line, xref="x", yref="paper", layer="below")


@dataclass(frozen=True, slots=True)
class Bar:
    """An incident's place among the bars; `level` counts from the top."""

    incident: Incident
    start: datetime
    end: datetime
    level: int
    is_labelled: bool
    is_left: bool


def bars(
    incidents: Sequence[Incident], window: Window, chosen: str, now: datetime
) -> tuple[Bar, ...]:
    """Place incidents on as few levels as keep bars and labels apart, the chosen and the worst first.

    Open ones last until now.
    """
    pixel = window.length / PLOT_WIDTH
    free = [window.start - window.length] * MOST_LEVELS
    placed = []
    for incident in _ordered(incidents, window, chosen):
        start = max(incident.began, window.start)
        end = max(min(incident.resolved or now, window.end), start)
        wide = pixel * CHARACTER * (len(said_of(incident)) + 2)
        is_left = start + wide > window.end
        first, last = (start - wide, end) if is_left else (start, max(end, start + wide))
        level = next((n for n, until in enumerate(free) if until <= first), None)
        if level is not None:
            free[level] = last
        lowest = MOST_LEVELS - 1 if level is None else level
        placed.append(Bar(incident, start, end, lowest, level is not None, is_left))
    return tuple(placed)


def _ordered(incidents: Sequence[Incident], window: Window, chosen: str) -> list[Incident]:
    """Return the incidents of a window, the chosen and the worst first."""
    inside = [
        i for i in incidents if (i.resolved or window.end) > window.start and i.began < window.end
    ]
    order = list(SEVERITY)
    return sorted(inside, key=lambda i: (i.id != chosen, order.index(i.severity), i.began))


def said_of(incident: Incident) -> str:
    """Return what stands beside a bar."""
    return f"{SEVERITY[incident.severity][0]} {incident.severity}: {_short(incident.title)}"


def _short(title: str) -> str:
    return html.escape(title if len(title) <= LONGEST_BAR else f"{title[: LONGEST_BAR - 1]}…")


def bar_traces(placed: Sequence[Bar], zone: Zone, chosen: str) -> list[Json]:
    """Return the incidents as bars with a hover text; open ones end in an arrow."""
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": np.array([epoch_ms(bar.start + zone.offset), epoch_ms(bar.end + zone.offset)]),
            "y": np.array([-bar.level - 0.78] * 2),
            "xaxis": "x2",
            "yaxis": "y",
            "line": {
                "color": SEVERITY[bar.incident.severity][1],
                "width": 9 if bar.incident.id == chosen else 6,
            },
            "marker": {
                "symbol": ["circle", "circle" if bar.incident.resolved else "triangle-right"],
                "size": [7, 7 if bar.incident.resolved else 11],
                "color": SEVERITY[bar.incident.severity][1],
                "line": {"width": 0},
            },
            "text": [_story(bar.incident, zone)] * 2,
            "hovertemplate": "%{text}<extra></extra>",
            "showlegend": False,
            **_NOT_DIMMED,
        }
        for bar in placed
    ]


def _story(incident: Incident, zone: Zone) -> str:
    until = f"to {incident.resolved + zone.offset:%d %b %H:%M}" if incident.resolved else "open"
    began = f"{incident.began + zone.offset:%d %b %H:%M}"
    return f"<b>{html.escape(incident.title)}</b><br>{incident.severity}, {began} {until}"


def bar_labels(placed: Sequence[Bar], zone: Zone) -> list[Json]:
    """Return the words beside the bars."""
    return [
        {
            "text": said_of(bar.incident),
            "x": epoch_ms(bar.start + zone.offset),
            "y": -bar.level - (0.78 if bar.is_left else 0.36),
            "xref": "x2",
            "yref": "y",
            "xanchor": "right" if bar.is_left else "left",
            "xshift": -7 if bar.is_left else 0,
            "showarrow": False,
            "font": {"size": 11},
        }
        for bar in placed
        if bar.is_labelled
    ]


def shades(placed: Sequence[Bar], window: Window, zone: Zone, chosen: str) -> list[Json]:
    """Return the spans of incidents, shaded through all rows.

    Only the chosen one if there is one; else what is critical or high, and no more than half of the
    window: a shade over all of it says nothing.
    """
    shaded = [bar for bar in placed if bar.incident.id == chosen] or [
        bar
        for bar in placed
        if bar.incident.severity in {"critical", "high"} and bar.end - bar.start < window.length / 2
    ]
    return [
        shade(
            bar.start + zone.offset,
            bar.end + zone.offset,
            f"rgba({SEVERITY[bar.incident.severity][2]},0.11)",
            layer="below",
        )
        for bar in shaded
    ]
