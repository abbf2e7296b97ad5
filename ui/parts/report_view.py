"""What every report page shares: its period, the run behind a progress bar, the feature, the numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

import pandas as pd
import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.metric import MetricResult
from monitoring.window import Window
from ui.parts import cards, states
from ui.shell.scope import Scope

Progress = Callable[[float, str], None]
Report = TypeVar("Report")

#: How many calendar months back a period can be chosen.
MONTHS = 9


class Bar(Protocol):
    """Where progress is drawn."""

    def progress(self, value: float, text: str) -> object:
        """Draw it."""


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
    picked = st.selectbox(
        "Period", [sidebar, *months], key="period", bind="query-params", width=220
    )
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


def made_of(report: object, rows: int, missing: str = "") -> cards.Freshness | None:
    """Return the footer of the panels that show a report; None where nobody knows its time."""
    taken = getattr(report, "taken", None)
    return cards.Freshness(fetched=taken, rows=rows, missing=missing) if taken else None


def _tick(bar: Bar, share: float, text: str) -> None:
    bar.progress(min(max(share, 0.0), 1.0), text)


def pick_feature(order: list[str], clicked: str | None, key: str) -> str:
    """Draw the choice of a feature. A click on the map and the box say the same thing; the later one counts."""
    last = f"{key}clicked"
    if clicked and st.session_state.get(last) != clicked:
        st.session_state["feature"] = clicked
    st.session_state[last] = clicked
    if st.session_state.get("feature", order[0]) not in order:
        st.session_state["feature"] = order[0]
    return st.selectbox(
        "Feature",
        order,
        key="feature",
        bind="query-params",
        help="Also by a click in the map above. Sorted by impact.",
        width=360,
    )


def _short(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value


class Dated(Protocol):
    """A report over a window and its days."""

    @property
    def window(self) -> Window | None:
        """What it covers; None for two files."""

    @property
    def results(self) -> Sequence[MetricResult]:
        """Over the whole window."""

    @property
    def daily(self) -> Mapping[date, Sequence[MetricResult]]:
        """By UTC day."""

    @property
    def taken(self) -> datetime | None:
        """When it was computed."""


def show_numbers(report: Dated, key: str, signal: str = "drift") -> None:
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
            if not rows:
                continue
            st.download_button(
                f"CSV, {label}",
                data=lambda rows=rows: pd.DataFrame(rows).to_csv(index=False).encode(),
                file_name=f"{name}{part}.csv",
                mime="text/csv",
                icon=":material/download:",
                key=f"{key}csv{part}",
                on_click="ignore",
            )
            st.download_button(
                f"JSON, {label}",
                data=lambda rows=rows: json.dumps(rows, indent=1, default=str).encode(),
                file_name=f"{name}{part}.json",
                mime="application/json",
                icon=":material/download:",
                key=f"{key}json{part}",
                on_click="ignore",
            )
    if report.taken:
        st.caption(f"Computed {report.taken:%d %b %Y %H:%M} UTC")


def results_table(results: Sequence[MetricResult], labels: Mapping[str, str]) -> pd.DataFrame:
    """Return results as a table to read, without its empty columns; labels by metric."""
    lines = [
        {
            "Day": f"{r.window.start:%Y-%m-%d}" if r.window else "",
            "Metric": labels.get(r.metric, "–"),
            "Reads": r.unit,
            "Status": cards.status_label(r.status),
            "Value": r.value,
            "Low (95 %)": r.interval.low if r.interval else None,
            "High (95 %)": r.interval.high if r.interval else None,
            "Threshold": f"{'>' if r.worse == 'higher' else '<'} {r.threshold:.3g}",
            "Noise floor": r.noise_floor,
            "p adjusted": _pvalue(r.adjusted_pvalue),
            "Binning bound": r.error_bound or None,
            "n reference": r.reference_rows,
            "n production": r.rows,
            "Azure ML would say": cards.status_label(r.service_verdict)
            if r.service_verdict
            else "",
            "Why": " ".join(part for part in (r.reason, r.hint) if part),
        }
        for r in results
    ]
    table = pd.DataFrame(lines)
    numbers = ["Value", "Low (95 %)", "High (95 %)", "Noise floor", "Binning bound"]
    for name in numbers:
        table[name] = table[name].astype("float64").map(lambda v: float(f"{v:.4g}"))
    empty = [n for n in table.columns if table[n].isna().all() or (table[n] == "").all()]
    return table.drop(columns=[n for n in empty if n != "Value"])


def _pvalue(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"  # noqa: PLR2004 - four digits are shown
