"""What every report page shares: its period, the run behind a progress bar, the feature, the numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from monitoring.errors import MonitoringError
from monitoring.metric import Mode
from monitoring.progress import Progress
from monitoring.signals.data_drift.report import DriftReport
from monitoring.signals.data_quality.report import DataQualityReport
from monitoring.window import Window
from ui.parts import cards, choices, states
from ui.shell.scope import Scope

Report = TypeVar("Report")

#: How many calendar months back a period can be chosen.
MONTHS = 9


def pick_period(chosen: Scope, now: datetime) -> Window:
    """Draw the choice between the sidebar's window and a calendar month. Bound to the URL.

    What is judged by the day is judged over whole days, also where the sidebar says 24 hours.
    """
    first = now.replace(day=1, hour=0, minute=0)
    months = {}
    for _ in range(MONTHS):
        following = (first + timedelta(days=32)).replace(day=1)
        months[f"{first:%B %Y}"] = Window(first, min(following, now))
        first = (first - timedelta(days=1)).replace(day=1)
    sidebar = "Window of the sidebar"
    picked = choices.pick("Period", [sidebar, *months], "period", width=220)
    return months[picked] if picked in months else chosen.window_at(now).whole_days()


def behind_bar(compute: Callable[[Progress], Report]) -> Report:
    """Return what is computed, behind a progress bar the first time."""
    bar = st.empty()
    try:
        return compute(lambda share, text: _tick(bar, share, text))
    finally:
        bar.empty()


def run(key: str, wanted: object, compute: Callable[[Progress], Report]) -> Report | None:
    """Compute on demand behind a progress bar and return the last finished report of this page.

    A click on Cancel starts a new run of the page, which ends this one at its next step: what was
    finished before stays.
    """
    finished, running = f"{key}report", f"{key}running"
    if wanted:
        st.session_state[running] = True
        with st.container(border=True):
            bar = st.progress(0.0, "Opening the data")
            st.button("Cancel", icon=":material/stop_circle:", key=f"{key}cancel")
            try:
                st.session_state[finished] = compute(lambda share, text: _tick(bar, share, text))
            except MonitoringError as error:
                st.session_state.pop(running)
                bar.empty()
                states.show_error(error)
                return st.session_state.get(finished)
        st.session_state.pop(running)
        st.rerun()
    if st.session_state.pop(running, False):
        st.info(
            "Stopped. The last finished result is still below."
            if finished in st.session_state
            else "Stopped before anything was finished.",
            icon=":material/stop_circle:",
        )
    return st.session_state.get(finished)


def _tick(bar: DeltaGenerator, share: float, text: str) -> None:
    bar.progress(min(max(share, 0.0), 1.0), text)


def _offer_json(label: str, rows: list[dict[str, object]], *, file: str, key: str) -> None:
    def data() -> bytes:
        return json.dumps(rows, indent=1, default=str).encode()

    cards.offer(label, data, file=f"{file}.json", key=key, mime="application/json")


MODES: dict[Mode, str] = {"robust": "Robust", "azureml": "As Azure ML"}


def pick_mode(key: str, about: str) -> Mode:
    """Draw the choice of how to judge. Bound to the URL."""
    return choices.switch("Mode", MODES, f"{key}mode", help=about)


def pick_feature(order: list[str], clicked: str | None, key: str) -> str:
    """Draw the choice of a feature. A click on the map and the box say the same thing; the later one counts."""
    last = f"{key}clicked"
    if clicked and st.session_state.get(last) != clicked:
        st.session_state["feature"] = clicked
    st.session_state[last] = clicked
    return choices.known_pick(
        "Feature",
        order,
        "feature",
        help="Also by a click in the map above. Sorted by impact.",
        width=360,
    )


def _short(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def show_numbers(report: DriftReport | DataQualityReport, key: str, signal: str = "drift") -> None:
    """Draw every number of a report, with its downloads."""
    records = [result.as_record() for result in report.results]
    st.dataframe(
        pd.DataFrame(records).map(_short),
        hide_index=True,
        key=f"{key}all",
        alt="All results",
        height=260,
    )
    daily = [result.as_record() for day in sorted(report.daily) for result in report.daily[day]]
    name = (
        f"{signal}-{report.window.start:%Y%m%d}-{report.window.end:%Y%m%d}"
        if report.window
        else signal
    )
    with st.container(horizontal=True):
        for label, rows, part in (("whole window", records, ""), ("by day", daily, "-by-day")):
            if rows:
                file = f"{name}{part}"
                cards.offer_csv(f"CSV, {label}", rows, file=file, key=f"{key}csv{part}")
                _offer_json(f"JSON, {label}", rows, file=file, key=f"{key}json{part}")
    if report.taken:
        st.caption(f"Computed {report.taken:%d %b %Y %H:%M} UTC")
