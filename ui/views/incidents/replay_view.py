"""A frozen incident on screen: what was known when, from its file alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.incident import Incident
from monitoring.incidents.frozen import Frozen, LogLines, Moment
from ui.loaders import incidents as loader
from ui.parts import cards, states
from ui.views.incidents import incidents_view, suspects_view, timeline_view

UPLOAD = "frozen-file"
LARGEST_MB = 5


def show() -> None:
    """Ask for a file and draw what is in it. Nothing is asked of Azure."""
    file = st.file_uploader(
        "A frozen incident (.incident.zip)", type=["zip"], key=UPLOAD, max_upload_size=LARGEST_MB
    )
    if file is None:
        states.show(
            states.State(
                "No file chosen", ":material/ac_unit:", "blue",
                "Choose a file that was frozen on this page.",
                next="It holds all that it shows; neither Azure nor its logs are asked.",
            )
        )  # fmt: skip
        return
    try:
        frozen = loader.opened(file.getvalue())
    except MonitoringError as error:
        states.show_error(error)
        return
    _show(frozen)


def _show(frozen: Frozen) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge("Frozen", icon=":material/ac_unit:", color="blue")
        st.text(
            f"{frozen.workspace}, {frozen.frozen:%d %b %Y %H:%M} UTC, by version {frozen.product}. "
            "Thresholds and queries are as they were then; nothing is asked of Azure."
        )
    if frozen.thinned:
        st.text(frozen.thinned)
    time = _pick_time(frozen)
    moment = frozen.at(time)
    with cards.panel(f"As it was known on {time:%d %b %Y at %H:%M} UTC"):
        _show_state(frozen, moment)
    with cards.panel("Timeline"):
        incidents = tuple(_then(i, time) for i in frozen.incidents if i.fired <= time)
        timeline_view.show(
            loader.lanes_then(frozen, time), frozen.window, incidents,
            chosen=frozen.incident.id, now=min(time, frozen.window.end), can_brush=False, name="frozen-timeline",
        )  # fmt: skip
    with cards.panel("What changed just before", help=incidents_view.HELP["changes"]):
        if moment.incident is None:
            st.text("At that time nothing was certain yet, so there was nothing to look for.")
        else:
            suspects_view.show(moment.suspects, key="frozen-suspect", can_open=False)
    _show_evidence(frozen, time)


def _pick_time(frozen: Frozen) -> datetime:
    """Draw the slider over all moments at which something became known."""
    times = {f"{m.time:%d %b %H:%M}": m.time for m in frozen.moments}
    last = next(reversed(times))
    if len(times) == 1:
        return times[last]
    picked = st.select_slider("What was known at", list(times), value=last, key="frozen-time")
    return times.get(picked, times[last])


def _then(incident: Incident, time: datetime) -> Incident:
    ended = incident.resolved if incident.resolved and incident.resolved <= time else None
    return replace(incident, resolved=ended)


def _show_state(frozen: Frozen, moment: Moment) -> None:
    if moment.incident is None:
        states.show(
            states.State(
                "Not known yet", ":material/hourglass_top:", "gray",
                f"The incident was not certain before {frozen.incident.fired:%d %b %H:%M} UTC.",
            )
        )  # fmt: skip
        return
    incidents_view.show_head(moment.incident, moment.time)
    incidents_view.show_breaches(moment.incident.breaches, "frozen-breaches")
    st.caption(
        "A step is shown once it was over. Labels that came later are in the day they belong to."
    )


def _show_evidence(frozen: Frozen, time: datetime) -> None:
    with cards.panel("Thresholds, queries and log lines"):
        if frozen.missing:
            st.text("Missing when it was frozen: " + " ".join(frozen.missing))
        with st.expander("Thresholds in force", type="compact", icon=":material/tune:"):
            rows = [
                {
                    "Signal": each.signal.replace("_", " "),
                    "Metric": each.metric,
                    "Of": str(each.place),
                    "Breached": "above" if each.worse == "higher" else "below",
                    "Threshold": each.threshold,
                    "Unit": each.unit,
                    "Method": each.method,
                }
                for each in frozen.thresholds
            ]
            cards.show_table(pd.DataFrame(rows), key="frozen-thresholds", alt="Thresholds.")
        with st.expander("Queries as they were asked", type="compact", icon=":material/code:"):
            for query in frozen.queries:
                st.text(
                    f"{query.name}: {query.rows:,} rows in {query.seconds:.1f} s at "
                    f"{query.fetched:%H:%M} UTC. {query.missing}".rstrip()
                )
                st.code(query.text, language="sql", wrap_lines=True)
        for log in frozen.logs:
            _show_log(log, time)


def _show_log(log: LogLines, time: datetime) -> None:
    label = f"Log: {cards.escaped(log.name.replace('_', ' '))}"
    with st.expander(label, type="compact", icon=":material/notes:"):
        if log.cut:
            st.text(f"Left out: {log.cut}")
        then = f"{time:%Y-%m-%d %H:%M:%S}"
        by = next((n for n, name in enumerate(log.columns) if name in _TIMES), None)
        rows = [row for row in log.rows if by is None or row[by] <= then]
        table = pd.DataFrame(rows, columns=list(log.columns))
        cards.show_table(table, key=f"frozen-log-{log.name}", alt=f"Lines of {log.name}.")


#: Columns that say when a line was written or first seen.
_TIMES = ("TimeGenerated", "FirstSeen", "First")
