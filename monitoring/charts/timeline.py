"""The timeline: all lanes of the incidents page on one axis of time, as rows that share it."""

from __future__ import annotations

import hashlib
import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from monitoring.arrays import Floats
from monitoring.charts import timeline_marks as marks
from monitoring.charts import timeline_rows as layout
from monitoring.charts.figure import (
    BREACHED,
    MARKS,
    PRODUCTION,
    REFERENCE,
    WHITE,
    Chart,
    Json,
    Theme,
    epoch_ms,
    label,
)
from monitoring.charts.timeline_rows import Row, Zone
from monitoring.charts.timeline_summary import summary
from monitoring.charts.traces import dots, level, shade
from monitoring.incidents.thinning import thinned, within

if TYPE_CHECKING:
    from monitoring.incident import Incident
    from monitoring.incidents.lane import Lane
    from monitoring.window import Window

UTC = Zone()
#: Points of all lines together; the ends of gaps come on top.
MOST_POINTS = 4_000
LEAST_POINTS = 24
#: One deployment is drawn blue, several take turns, all else is grey; none is the colour of a
#: status. Legend, hover
#: and table name them, so that none is told by its colour alone.
COLOURS = (PRODUCTION, "#9A6BD6", "#149494", "#A8753F", "#C25A9B")
DAYS_WITHOUT_HOURS = 4


def timeline(
    lanes: Sequence[Lane],
    window: Window,
    *,
    incidents: Sequence[Incident] = (),
    chosen: str = "",
    brushed: Window | None = None,
    now: datetime | None = None,
    zone: Zone = UTC,
    theme: Theme = WHITE,
) -> Chart:
    """Draw all lanes below one another, with incidents as bars on top and shaded through all rows.

    Each row has a scale of its own and shares the axis of time, so that what happened in one can be
    compared with what was measured in another. Lines are thinned to their least and greatest values.

    Args:
        lanes: In the order of the rows; lanes of one name share a row.
        incidents: Those that touch the window are drawn.
        chosen: Id of the incident that is looked at.
        brushed: A window that was typed, drawn as a frame.
        now: Drawn as a line, for what was known then; by default the window's end.
        zone: What the axis shows; a fixed distance from UTC.
    """
    drawn = [within(lane, window.start, window.end) for lane in lanes]
    placed = marks.bars(incidents, window, chosen, now or window.end)
    levels = max((bar.level for bar in placed), default=-1) + 1
    above = levels * marks.LEVEL_HEIGHT
    rows = layout.rows(drawn, above + (layout.GAP if above else 0))
    plot = _plot_height(rows, above)
    colours = _colours(drawn)
    traces = [*marks.bar_traces(placed, zone, chosen), *_traces(rows, colours, window, zone)]
    data = [_listed(trace) for trace in (*traces, *_unseen(rows, window, zone))]
    figure: Json = {"data": data, "layout": _layout(rows, plot, above, window, zone)}
    figure["layout"] |= _themed(theme) | {"datarevision": _revision(data)}
    figure["layout"]["shapes"] = [
        *marks.shades(placed, window, zone, chosen),
        *marks.event_lines(list(chain.from_iterable(lane.events for lane in drawn)), zone),
        *_frame(brushed, zone),
        *([marks.vertical(now, zone, {"color": REFERENCE, "width": 2})] if now else []),
        *layout.rules(rows, plot),
        *_thresholds(rows),
    ]
    figure["layout"]["annotations"] = [
        *layout.words(rows, plot),
        *marks.bar_labels(placed, zone),
        *_incidents_word(above, plot),
    ]
    made = go.Figure(figure)
    made.layout.template = None
    return Chart(made, summary(drawn, window, incidents))


def _plot_height(rows: Sequence[Row], above: int) -> int:
    return (rows[-1].top + rows[-1].height if rows else above) or 1


def _listed(trace: Json) -> Json:
    """Return a trace whose numbers are lists: plotly.js takes bytes for changed each time it sees them."""
    x = np.rint(trace["x"]).astype(np.int64).tolist()
    y = [None if math.isnan(value) else float(f"{value:.6g}") for value in trace["y"].tolist()]
    return trace | {"x": x, "y": y}


def _revision(data: Sequence[Json]) -> str:
    """Return what tells plotly.js, by being another one, that the numbers have changed."""
    return hashlib.blake2b(repr(data).encode(), digest_size=8).hexdigest()


def _themed(theme: Theme) -> Json:
    return {
        "font": {"family": theme.font, "size": 12, "color": theme.text},
        "paper_bgcolor": theme.background,
        "plot_bgcolor": theme.background,
        "hoverlabel": {
            "bgcolor": theme.background,
            "bordercolor": theme.border,
            "font": {"family": theme.font, "size": 12, "color": theme.text},
        },
    }


def _colours(lanes: Sequence[Lane]) -> dict[str, str]:
    every = {lane.subject for lane in lanes if lane.subject and len(lane.times)}
    deployments = sorted(s for s in every if "/" in s and not s.startswith("cluster/"))
    colours = {s: COLOURS[n % len(COLOURS)] for n, s in enumerate(deployments)}
    if not deployments:
        return dict.fromkeys(sorted(every), PRODUCTION)
    return dict.fromkeys(sorted(every), REFERENCE) | colours


@dataclass(frozen=True, slots=True)
class _Pen:
    """How lines are drawn. colours: by subject. points: a line has at most."""

    colours: dict[str, str]
    zone: Zone
    points: int

    @property
    def is_alone(self) -> bool:
        """Whether all lines are of one subject."""
        return len(self.colours) == 1


def _traces(rows: Sequence[Row], colours: dict[str, str], window: Window, zone: Zone) -> list[Json]:
    points = _points([len(lane.times) for row in rows for lane in row.measured])
    pen = _Pen(colours, zone, points)
    named: set[str] = set()
    traces = []
    for row in rows:
        drawn = []
        for lane in row.measured:
            small = thinned(lane, points)
            line = _line(small, row.axis, pen, is_whole=small is lane)
            traces.append(line | {"showlegend": not pen.is_alone and lane.subject not in named})
            named.add(lane.subject)
            drawn.append(small)
        traces += _breaches(drawn, row.axis, zone)
        if events := [event for lane in row.lanes for event in lane.events]:
            traces.append(marks.event_trace(events, window, row.axis, zone))
    return traces


def _points(lengths: Sequence[int]) -> int:
    """Return how many points each line may have: what short ones leave over goes to the long ones.

    >>> _points([30, 30, 9000, 9000])
    1970
    """
    left, most = MOST_POINTS, MOST_POINTS
    for done, length in enumerate(sorted(lengths)):
        most = left // (len(lengths) - done)
        left -= min(length, most)
    return max(most, LEAST_POINTS)


def _line(lane: Lane, axis: str, pen: _Pen, *, is_whole: bool) -> Json:
    x, y, said = _steps(lane, pen.zone)
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": label(lane.subject),
        "legendgroup": lane.subject,
        "x": x,
        "y": y,
        "yaxis": axis,
        "line": {
            "color": pen.colours[lane.subject],
            "width": 1.5 if pen.is_alone else 1.2,
            "shape": "hv" if is_whole else "linear",
            "dash": "dot" if lane.estimated else "solid",
        },
        "hovertemplate": f"{_hover(lane, alone=pen.is_alone)}<extra></extra>",
    }
    if any(said):  # texts are most of what goes over the wire
        trace["text"] = said
        trace["hovertemplate"] = f"{_hover(lane, alone=pen.is_alone)}%{{text}}<extra></extra>"
    if pen.is_alone and lane.name == "requests":
        trace |= {"fill": "tozeroy", "fillcolor": "rgba(47,127,214,0.16)"}
    return trace


def _hover(lane: Lane, *, alone: bool) -> str:
    said = "" if alone else f"{label(lane.subject)}, "
    estimated = ", estimated" if lane.estimated else ""
    unit = lane.unit.replace("x threshold", "× its threshold")
    number = f"%{{y:{layout.number_format(lane.unit)}}}"
    return f"<b>{label(lane.label)}</b> %{{x|%d %b %H:%M}}<br>{said}{number} {html.escape(unit)}{estimated}"


def _ms(lane: Lane, zone: Zone) -> Floats:
    shifted = lane.times.astype("datetime64[ms]").astype(np.int64)
    return shifted.astype(np.float64) + zone.offset.total_seconds() * 1e3


def _steps(lane: Lane, zone: Zone) -> tuple[Floats, Floats, list[str]]:
    """Return the line, each run of values held until its last step ends: a lone step is seen too."""
    x, y = _ms(lane, zone), lane.values
    known = ~np.isnan(y)
    following = np.append(known[1:], False)
    ends = np.flatnonzero(known & ~following)
    said = [
        _step_said(status, note)
        for status, note in zip(
            lane.statuses or ("ok",) * len(x), lane.notes or ("",) * len(x), strict=True
        )
    ]
    for end in reversed(ends.tolist()):
        said.insert(end + 1, said[end])
    over = x[ends] + lane.step_seconds * 1e3
    is_last = ends + 1 == len(x)
    over[~is_last] = x[ends[~is_last] + 1]  # the gap begins where the step ended
    x = np.insert(x, ends + 1, over)
    return x, np.insert(y, ends + 1, y[ends]), said


def _step_said(status: str, note: str) -> str:
    word = MARKS[status][0] if status != "ok" else ""  # type: ignore[index]  # a status
    text = "; ".join(filter(None, (word, note)))
    return f"<br>{html.escape(text)}" if text else ""


def _breaches(lanes: Sequence[Lane], axis: str, zone: Zone) -> list[Json]:
    """Return the marks of a row's breached steps: one trace, since each costs the browser time."""
    x: list[float] = []
    y: list[float] = []
    for lane in lanes:
        breached = np.array([status == "breached" for status in lane.statuses], dtype=bool)
        if breached.any():
            x += _ms(lane, zone)[breached].tolist()
            y += lane.values[breached].tolist()
    if not x:
        return []
    marker = {"symbol": MARKS["breached"][1], "size": 6, "color": BREACHED}
    more: Json = {"yaxis": axis, "showlegend": False, "unselected": {"marker": {"opacity": 1}}}
    return [dots("", np.array(x), np.array(y), marker, **more)]


def _thresholds(rows: Sequence[Row]) -> list[Json]:
    return [
        level(limit, width=1, yref=row.axis, layer="below")
        for row in rows
        if row.measured
        for limit in sorted({x.threshold for x in row.measured if x.threshold is not None})[:3]
    ]


def _frame(brushed: Window | None, zone: Zone) -> list[Json]:
    if brushed is None:
        return []
    start, end = brushed.start + zone.offset, brushed.end + zone.offset
    return [shade(start, end, "rgba(47,127,214,0.12)", line={"color": PRODUCTION, "width": 1.5})]


def _incidents_word(above: int, plot: int) -> list[Json]:
    if not above:
        return []
    middle = 1.0 - above / 2 / plot
    return [
        {
            "text": "<b>INCIDENTS</b>", "xref": "paper", "yref": "paper", "x": 0.0, "y": middle,
            "xanchor": "left", "xshift": -layout.LEFT + 2, "showarrow": False,
            "font": {"size": 10},
        }
    ]  # fmt: skip


def _unseen(rows: Sequence[Row], window: Window, zone: Zone) -> list[Json]:
    """Return lines that cannot be seen: an axis is drawn only where a trace is."""
    ends = np.array([epoch_ms(t + zone.offset) for t in (window.start, window.end)])
    return [
        {
            "type": "scatter", "mode": "lines", "x": ends, "y": np.array([0.0, 0.0]), "xaxis": x,
            "yaxis": y, "hoverinfo": "skip", "showlegend": False, "line": {"width": 0},
        }
        for x, y in (("x2", "y"), *(("x", row.axis) for row in rows[-1:]))
    ]  # fmt: skip


def _layout(rows: Sequence[Row], plot: int, above: int, window: Window, zone: Zone) -> Json:
    ends = [epoch_ms(window.start + zone.offset), epoch_ms(window.end + zone.offset)]
    time: Json = {
        "type": "date",
        "range": ends,
        "zeroline": False,
        "showgrid": False,
        "fixedrange": True,
    }
    levels = above / marks.LEVEL_HEIGHT
    top: Json = {
        "domain": [1.0 - above / plot if above else 0.999, 1.0],
        "range": [-levels, 0] if above else [0, 1],
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "showticklabels": False,
    }
    last = rows[-1].axis if rows else "y"
    several = len(_colours([lane for row in rows for lane in row.lanes])) > 1
    head = layout.TOP + layout.LEGEND * several
    days = window.length.total_seconds() / 86_400
    ticks = "%d %b" if days > DAYS_WITHOUT_HOURS else "%H:%M\n%d %b"
    time |= {"tickformat": ticks}
    return {
        "height": plot + head + layout.BOTTOM,
        "margin": {"l": layout.LEFT, "r": layout.RIGHT, "t": head, "b": layout.BOTTOM, "pad": layout.PAD},
        "hovermode": "closest",
        "dragmode": "select",
        "clickmode": "event",
        "selectdirection": "h",
        "showlegend": several,
        "legend": {"orientation": "h", "x": 0.0, "y": 1.0 + layout.TOP / plot, "yanchor": "bottom", "font": {"size": 11}},
        "xaxis": time | {"anchor": last, "title": {"text": f"Times are {zone.name}", "font": {"size": 11}, "standoff": 4}, "showspikes": True, "spikemode": "across", "spikesnap": "cursor",
                         "spikethickness": 1, "spikedash": "solid", "spikecolor": "#7A8694"},
        "xaxis2": time | {"anchor": "y", "side": "top", "matches": "x", "showgrid": False},
        "yaxis": top,
        **{f"yaxis{row.axis[1:]}": layout.axis(row, plot) for row in rows},
    }  # fmt: skip
