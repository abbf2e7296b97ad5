"""The timeline on screen: its time zone, the window that is brushed on it, and its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import streamlit as st

from monitoring.charts.figure import WHITE, Theme
from monitoring.charts.timeline_rows import Zone
from monitoring.event import Event
from monitoring.incident import Incident
from monitoring.incidents.lane import Lane
from monitoring.window import Window
from ui.loaders import incidents as loader
from ui.parts import cards, choices

MINUTE = timedelta(minutes=1)
#: Keys of the two inputs, which are parameters of the page too.
FROM, TO = "from", "to"
_BY_BOX = "_brushed-by-box"


def show(
    lanes: tuple[Lane, ...],
    window: Window,
    incidents: tuple[Incident, ...],
    *,
    chosen: str = "",
    now: datetime | None = None,
    can_brush: bool = True,
    name: str = "timeline",
) -> Window | None:
    """Draw the timeline and return the window that was chosen on it or beside it.

    Args:
        lanes: All of them.
        window: What of them is drawn.
        incidents: In any order.
        chosen: Id of the incident that is looked at.
        now: A moment in the past that is replayed; it is drawn as a line.
        can_brush: Whether a window can be chosen.
        name: Unique on the page.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        zone = _pick_zone(window.end)
        brushed = _pick_window(window) if can_brush else None
    typed = None if st.session_state.get(_BY_BOX) else brushed
    chart = loader.timeline(
        lanes,
        window,
        incidents=incidents,
        chosen=chosen,
        brushed=typed,
        now=now,
        zone=zone,
        theme=_theme(),
    )
    widget = f"{name}-{zone.name}"
    st.plotly_chart(
        chart.figure,
        theme=None,
        key=widget,
        alt=chart.summary,
        config={"displayModeBar": False},
        on_select=(lambda: _take_box(widget, window, zone)) if can_brush else "ignore",
        selection_mode="box",
    )
    st.text(chart.summary)
    _show_tables(lanes, chart.summary, name)
    return brushed


def _theme() -> Theme:
    """Return the colours of the reader's theme as they are configured."""
    kind = st.context.theme.type or "light"
    names = {"text": "textColor", "background": "backgroundColor", "border": "borderColor"}
    found = {field: st.get_option(f"theme.{kind}.{name}") for field, name in names.items()}
    return replace(WHITE, **{field: colour for field, colour in found.items() if colour})


def _show_tables(lanes: Sequence[Lane], summary: str, name: str) -> None:
    """Draw the numbers and the events once they are opened: a closed table costs the browser too."""
    with st.expander(
        "Numbers", type="compact", icon=":material/table:", on_change="rerun", key=f"{name}-open"
    ) as box:
        if box.open:
            cards.show_table(numbers(lanes), key=f"{name}-numbers", alt=summary)
    happened = [event for lane in lanes for event in lane.events]
    with st.expander(
        f"Events ({len(happened)})", type="compact", icon=":material/event_note:",
        on_change="rerun", key=f"{name}-events-open",
    ) as box:  # fmt: skip
        if box.open:
            cards.show_table(
                events_table(happened), key=f"{name}-events", alt="Events, newest first."
            )


def _pick_zone(at: datetime) -> Zone:
    """Draw the choice between UTC and the reader's own time, where that is another."""
    local = zone_of(st.context.timezone, at)
    if local is None:
        return Zone()
    about = f"Local is {local.name}, as your browser says."
    picked = choices.switch("Times", {"UTC": "UTC", "Local": "Local"}, "times", help=about)
    return local if picked == "Local" else Zone()


def zone_of(name: str | None, at: datetime) -> Zone | None:
    """Return a time zone as it is at a time, as one distance from UTC; None for UTC itself.

    One distance for the whole axis: an hour that the clocks repeat would lie on itself otherwise.

    >>> zone_of("Europe/Berlin", datetime(2026, 11, 21, tzinfo=UTC)).name
    'Europe/Berlin, UTC+01:00'
    """
    try:
        offset = at.astimezone(ZoneInfo(name)).utcoffset() if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    if not offset:
        return None
    hours, minutes = divmod(abs(offset) // MINUTE, 60)
    return Zone(f"{name}, UTC{'-' if offset < timedelta() else '+'}{hours:02}:{minutes:02}", offset)


def _pick_window(window: Window) -> Window | None:
    """Draw the two inputs that do what the brush does, for keyboards and links; both are UTC."""
    for key in (FROM, TO):
        st.datetime_input(
            f"{key.capitalize()} (UTC)", value=None, key=key, bind="query-params", step=900,
            format="YYYY-MM-DD", width=210, on_change=_typed,
        )  # fmt: skip
    start, end = st.session_state.get(FROM), st.session_state.get(TO)
    if start is None and end is None:
        st.caption("or drag over the timeline to choose a window", width="content")
        return None
    st.button("Clear", on_click=_clear, icon=":material/close:", key="clear-window")
    return _within(start, end, window)


def _within(start: datetime | None, end: datetime | None, window: Window) -> Window | None:
    first = max(start.replace(tzinfo=UTC) if start else window.start, window.start)
    last = min(end.replace(tzinfo=UTC) if end else window.end, window.end)
    if first < last:
        return Window(first, last)
    st.caption(":material/warning: From is not before To within this timeline.", width="content")
    return None


def _typed() -> None:
    st.session_state[_BY_BOX] = False


def _clear() -> None:
    st.session_state.update({FROM: None, TO: None, _BY_BOX: False})


def _take_box(widget: str, window: Window, zone: Zone) -> None:
    """Callback: put what was brushed into the inputs; a double click takes it back."""
    boxes = st.session_state[widget]["selection"]["box"]
    if not boxes:
        if st.session_state.get(_BY_BOX):
            _clear()
        return
    first, last = sorted(datetime.fromisoformat(str(x)) - zone.offset for x in boxes[0]["x"])
    start = max(first.replace(second=0, microsecond=0), window.start.replace(tzinfo=None))
    end = min(last.replace(second=0, microsecond=0), window.end.replace(tzinfo=None))
    if end - start >= MINUTE:
        st.session_state.update({FROM: start, TO: end, _BY_BOX: True})


def numbers(lanes: Sequence[Lane]) -> pd.DataFrame:
    """Return one row a measured lane: its last and worst value, and how often it breached."""
    rows = []
    for lane in lanes:
        if not len(lane.times) and not lane.missing:
            continue
        known = lane.values[~np.isnan(lane.values)]  # noqa: PD011 - numpy's
        worst = None
        if len(known):
            worst = known.min() if lane.worse == "lower" else known.max()
        rows.append(
            {
                "Lane": lane.label + (" (estimated)" if lane.estimated else ""),
                "Of": lane.subject,
                "Unit": lane.unit,
                "Last": known[-1] if len(known) else None,
                "Worst": worst,
                "Threshold": lane.threshold,
                "Steps": len(lane.times),
                "Breached": sum(status == "breached" for status in lane.statuses),
                "Gaps": int(np.isnan(lane.values).sum()),
                "Missing": lane.missing,
                "Method": lane.method,
            }
        )
    return pd.DataFrame(rows)


def events_table(events: Sequence[Event]) -> pd.DataFrame:
    """Return events as rows, the newest first."""
    ordered = sorted(events, key=lambda event: event.time, reverse=True)
    return pd.DataFrame(
        [
            {
                "Time (UTC)": f"{event.time:%Y-%m-%d %H:%M:%S}",
                "Kind": event.kind.replace("_", " "),
                "What": event.title,
                "Of": str(event.place),
                "By": event.caller,
                "Status": event.status,
                "Times": event.count,
                "Detail": event.detail,
                "Source": event.source,
            }
            for event in ordered
        ]
    )
