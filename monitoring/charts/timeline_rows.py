"""The rows of the timeline: where each stands, its scale, and the words beside it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Floats
from monitoring.charts.figure import Json, label

if TYPE_CHECKING:
    from monitoring.incidents.lane import Lane

#: Pixels.
MEASURED_HEIGHT, EVENTS_HEIGHT, BLANK_HEIGHT = 44, 22, 18
GAP, GROUP_GAP = 8, 26
TICK_HEIGHT, NOTE_HEIGHT = 14, 16
LEFT, RIGHT, TOP, LEGEND, BOTTOM = 204, 60, 38, 30, 58
PAD = 8
LONGEST_MISSING, LONGEST_LINE = 120, 36
#: Group -> its heading.
HEADINGS = {
    "changes": "CHANGES",
    "traffic": "TRAFFIC",
    "infrastructure": "INFRASTRUCTURE",
    "data": "DATA",
    "model": "MODEL",
}


@dataclass(frozen=True, slots=True)
class Zone:
    """A fixed distance from UTC, with the name it goes by."""

    name: str = "UTC"
    offset: timedelta = timedelta()


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Lanes of one name, drawn together. `top` and `height` in pixels from the top of the plot."""

    name: str
    lanes: tuple[Lane, ...]
    axis: str
    top: int
    height: int
    heading: str = ""

    @property
    def measured(self) -> tuple[Lane, ...]:
        """Its lanes that have a value."""
        return tuple(lane for lane in self.lanes if not np.isnan(lane.values).all())

    @property
    def missing(self) -> str:
        """Why it is blank or incomplete."""
        blank = [lane for lane in self.lanes if lane.missing]
        if len(blank) == len(self.lanes):
            return blank[0].missing
        return "; ".join(": ".join(filter(None, (lane.subject, lane.missing))) for lane in blank)


def rows(lanes: Sequence[Lane], above: int) -> tuple[Row, ...]:
    """Return the rows from top to bottom, below a space of `above` pixels."""
    by_name: dict[str, list[Lane]] = {}
    for lane in lanes:
        by_name.setdefault(lane.name, []).append(lane)
    found: list[Row] = []
    top, group = above, ""
    for number, (name, mine) in enumerate(by_name.items()):
        heading = ""
        if mine[0].group != group:
            group = mine[0].group
            heading, top = HEADINGS.get(group, group.upper()), top + GROUP_GAP - GAP
        height = _height(mine)
        top += NOTE_HEIGHT * _is_incomplete(mine)
        found.append(Row(name, tuple(mine), f"y{number + 2}", top, height, heading))
        top += height + GAP
    return tuple(found)


def _height(lanes: Sequence[Lane]) -> int:
    measured = [lane for lane in lanes if not np.isnan(lane.values).all()]
    if any(_says_something(lane) for lane in measured):
        return MEASURED_HEIGHT
    has_something = measured or any(lane.events for lane in lanes)
    return EVENTS_HEIGHT if has_something else BLANK_HEIGHT


def _is_incomplete(lanes: Sequence[Lane]) -> bool:
    """Whether something is drawn and something is missing: what that is stands above the row."""
    is_drawn = any(lane.events or not np.isnan(lane.values).all() for lane in lanes)
    return is_drawn and any(lane.missing for lane in lanes)


def _says_something(lane: Lane) -> bool:
    """Whether a lane moved or breached; a line that stays where it is needs little room."""
    return "breached" in lane.statuses or float(np.ptp(lane.values[~np.isnan(lane.values)])) > 0


def scale(row: Row) -> tuple[float, float]:
    """Return the ends of a row's axis: from zero, unless being low is what is bad.

    A little above the highest, so that a spike is not cut.
    """
    values: Floats = np.concatenate([lane.values for lane in row.measured])
    limits = [lane.threshold for lane in row.measured if lane.threshold is not None]
    low = min([float(np.nanmin(values)), *limits])
    high = max([float(np.nanmax(values)), *limits])
    if row.measured[0].worse != "lower":
        low = min(low, 0.0)
    space = 0.14 * (high - low) or abs(high) or 1.0
    return low - space / 2, high + space


def number_format(unit: str) -> str:
    """Return how plotly writes a value of this unit.

    >>> number_format("share of requests"), number_format("ms"), number_format("")
    ('.2~%', ',.0f', '.3~g')
    """
    if unit.startswith(("share", "of the usual")):
        return ".2~%"
    return ",.0f" if unit == "ms" else ".3~g"


def written(value: float, unit: str) -> str:
    """Return a value as it stands beside an axis.

    >>> written(0.01, "share of requests"), written(1000.0, "ms"), written(0.794, "")
    ('1 %', '1,000', '0.794')
    """
    if unit.startswith(("share", "of the usual")):
        return f"{value * 100:.3g} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def axis(row: Row, plot_height: int) -> Json:
    """Return the y axis of a row: its place, its two ends, no grid."""
    bottom = 1.0 - (row.top + row.height) / plot_height
    place: Json = {
        "domain": [max(bottom, 0.0), 1.0 - row.top / plot_height],
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "side": "right",
        "tickfont": {"size": 10},
    }
    if not row.measured:
        return place | {"range": [0, 1], "showticklabels": False}
    low, high = scale(row)
    unit = row.measured[0].unit
    top = float(np.nanmax(np.concatenate([lane.values for lane in row.measured])))
    apart = (high - low) * TICK_HEIGHT / row.height
    ticks: list[float] = []
    for tick in (row.measured[0].threshold, top, 0.0):
        is_inside = tick is not None and low <= tick <= high
        if tick is not None and is_inside and all(abs(tick - other) > apart for other in ticks):
            ticks.append(tick)
    return place | {
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": [written(tick, unit) for tick in ticks],
    }


def rules(found: Iterable[Row], plot_height: int) -> Iterator[Json]:
    """Yield a hairline below each row, and one above each group."""
    for row in found:
        yield _rule(1.0 - (row.top + row.height) / plot_height, "rgba(122,134,148,0.22)")
        if row.heading and row.top > GROUP_GAP:
            y = 1.0 - (row.top - GROUP_GAP / 2 - 4) / plot_height
            yield _rule(y, "rgba(122,134,148,0.55)") | {"x0": 0}


def _rule(y: float, colour: str) -> Json:
    return {
        "type": "line", "xref": "paper", "yref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y,
        "layer": "below", "line": {"color": colour, "width": 1},
    }  # fmt: skip


def words(found: Iterable[Row], plot_height: int) -> Iterator[Json]:
    """Yield the texts beside and in the rows: headings, names with units, and what is missing."""
    for row in found:
        middle = 1.0 - (row.top + row.height / 2) / plot_height
        if row.heading:
            yield _text(
                f"<b>{row.heading}</b>",
                y=1.0 - (row.top - GROUP_GAP / 2 - 4) / plot_height,
                x=0.0,
                xanchor="left",
                xshift=-LEFT + 2,
                size=10,
            )
        yield _text(_name(row), y=middle, x=0.0, xanchor="right", xshift=-8, align="right", size=12)
        if text := _state(row):
            shift = (row.height + NOTE_HEIGHT) / 2 if _is_incomplete(row.lanes) else 0
            yield _text(text, y=middle, x=0.0, xanchor="left", xshift=4, yshift=shift, size=11)


def _name(row: Row) -> str:
    lane = row.lanes[0]
    said = ["estimated"] if lane.estimated else []
    unit = lane.unit.replace("x threshold", "× its threshold")
    said += [unit] if unit and row.measured else []
    is_low = row.height < MEASURED_HEIGHT
    if not said or (is_low and len(lane.label) + len(", ".join(said)) > LONGEST_LINE):
        return html.escape(lane.label)
    between = " " if is_low else "<br>"
    small = f"<span style='font-size:10px'>{label(', '.join(said))}</span>"
    return f"{html.escape(lane.label)}{between}{small}"


def _state(row: Row) -> str:
    if row.missing:
        text = row.missing
        short = text if len(text) <= LONGEST_MISSING else f"{text[: LONGEST_MISSING - 1]}…"
        word = "incomplete" if _is_incomplete(row.lanes) else "no data"
        return f"○ {word}: {html.escape(short, quote=False)}"
    if not row.measured and not any(lane.events for lane in row.lanes):
        return "none in this window"
    return ""


def _text(text: str, *, size: int, **place: object) -> Json:
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "yanchor": "middle",
        "showarrow": False,
        "font": {"size": size},
        **place,
    }
