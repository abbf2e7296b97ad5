"""A few judged numbers side by side, and one of them over time: what several views of signals share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.metric import MetricResult
from ui.parts import cards, report_view


def show_tile(label: str, result: MetricResult, *, term: str, percent: bool = False) -> None:
    """Draw one result with its interval, threshold and rows."""
    shown = "–" if result.value is None else _number(result.value, percent=percent)
    parts = []
    if result.interval:
        low, high = (
            _number(end, percent=percent) for end in (result.interval.low, result.interval.high)
        )
        parts.append(f"{low} to {high} (95 %)")
    sign = ">" if result.worse == "higher" else "<"
    parts.append(f"threshold {sign} {_number(result.threshold, percent=percent)}")
    if result.noise_floor is not None:
        parts.append(f"noise floor {_number(result.noise_floor, percent=percent)}")
    parts.append(f"n {result.rows:,} against {result.reference_rows:,}")
    note = " · ".join(parts) + (f"\n{_sentence(result.reason)}" if result.reason else "")
    cards.kpi(label, shown, result.status, note=note, term=term)


def show_trend(history: Sequence[MetricResult], label: str, key: str) -> None:
    """Draw results over time with their intervals, threshold, floor and rows."""
    if not history:
        st.text("There is no day with data.")
        return
    first = history[-1]
    days = [r.window.start if r.window else datetime.min.replace(tzinfo=UTC) for r in history]
    chart = charts.trend(
        days,
        _values(r.value for r in history),
        name=label,
        rows=[r.rows for r in history],
        low=_values(r.interval.low if r.interval else None for r in history),
        high=_values(r.interval.high if r.interval else None for r in history),
        threshold=first.threshold,
        noise_floor=_values(r.noise_floor for r in history)
        if any(r.noise_floor is not None for r in history)
        else None,
        statuses=[r.status for r in history],
        unit=first.unit,
    )
    table = report_view.results_table(history, {first.metric: label})
    cards.show_chart(chart, key=key, table=table)
    if silent := [r for r in history if r.status == "not_enough_data" and r.reason]:
        last = silent[-1]
        start = f"{last.window.start:%d %b}: " if last.window else ""
        st.caption(cards.escaped(f"Grey, {len(silent)} of {len(history)}. {start}{last.reason}."))


def show_results(
    results: Sequence[MetricResult],
    history: Sequence[MetricResult],
    labels: Mapping[str, str],
    key: str,
    taken: datetime | None,
) -> None:
    """Draw every number with its method, and offer them all for download."""
    table = report_view.results_table(results, labels).drop(columns="Day", errors="ignore")
    st.dataframe(table, hide_index=True, key=f"{key}results", alt="Every number over the window")
    records = [each.as_record() for each in (*results, *history)]
    st.download_button(
        "CSV, whole window and course",
        data=lambda: pd.DataFrame(records).to_csv(index=False).encode(),
        file_name=f"{key.strip('-')}.csv",
        mime="text/csv",
        icon=":material/download:",
        key=f"{key}csv",
        on_click="ignore",
    )
    for result in results:
        st.caption(cards.escaped(f"{labels[result.metric]}: {result.method}."))
    if taken:
        st.caption(f"Computed {taken:%d %b %Y %H:%M} UTC")


def _values(found: object) -> list[float]:
    return [np.nan if value is None else float(value) for value in found]  # type: ignore[attr-defined]


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def _number(value: float, *, percent: bool) -> str:
    return f"{value:.2%}" if percent else f"{value:.3g}"
