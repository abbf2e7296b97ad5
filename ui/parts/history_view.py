"""A few judged numbers side by side, and one of them over time: what several views of signals share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from monitoring.metric import MetricResult
from ui.parts import cards, choices, numbers, result_charts, result_table


def show_tile(label: str, result: MetricResult, *, term: str, percent: bool = False) -> None:
    """Draw one result with its interval, threshold and rows."""
    form = ".2%" if percent else ".3g"
    parts = []
    if result.interval:
        low, high = result.interval.low, result.interval.high
        parts.append(f"{low:{form}} to {high:{form}} (95 %)")
    parts.append(f"threshold {'>' if result.worse == 'higher' else '<'} {result.threshold:{form}}")
    if result.noise_floor is not None:
        parts.append(f"noise floor {result.noise_floor:{form}}")
    parts.append(f"n {result.rows:,} against {result.reference_rows:,}")
    note = " · ".join(parts) + (f"\n{_sentence(result.reason)}" if result.reason else "")
    cards.Tile(label, numbers.text(result.value, form), result.status, note, term).show()


def show_trend(history: Sequence[MetricResult], label: str, key: str) -> None:
    """Draw results over time with their intervals, threshold, floor and rows."""
    if not history:
        st.text("There is no day with data.")
        return
    first = history[-1]
    chart = result_charts.trend(history, label, first.threshold)
    table = result_table.results_table(history, {first.metric: label})
    cards.show_chart(chart, key=key, table=table)
    if silent := [r for r in history if r.status == "not_enough_data" and r.reason]:
        last = silent[-1]
        day = f"{last.window.start:%d %b}: " if last.window else ""
        st.caption(cards.escaped(f"Grey, {len(silent)} of {len(history)}. {day}{last.reason}."))


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def pick_threshold(label: str, start: float, key: str, **options: Any) -> float:
    """Draw the threshold of a view, which begins at `start`."""
    most = {"max_value": 1.0, "width": 140, "min_value": 0.0, "step": 0.01}
    return choices.number(label, key, start, **(most | options))


def show_tiles(
    results: Mapping[str, MetricResult],
    labels: Mapping[str, str],
    terms: Mapping[str, str],
    notes: Sequence[str],
    *,
    percent: bool = False,
) -> None:
    """Draw the numbers that a view is about, by the glossary's term of each, and what there is to note."""
    for column, (name, term) in zip(st.columns(len(terms)), terms.items(), strict=True):
        with column:
            show_tile(labels[name], results[name], term=term, percent=percent)
    if notes:
        st.text(" ".join(notes))


def show_all(
    results: Mapping[str, MetricResult],
    history: Iterable[MetricResult],
    labels: Mapping[str, str],
    key: str,
    taken: datetime | None,
) -> None:
    """Draw every number with its method, and offer them all for download."""
    with cards.panel("All numbers"):
        shown = list(results.values())
        table = result_table.undated_table(shown, labels)
        alt = "Every number over the window"
        st.dataframe(table, hide_index=True, key=f"{key}results", alt=alt)
        records = [each.as_record() for each in (*shown, *history)]
        label = "CSV, whole window and course"
        cards.offer_csv(label, records, file=key.strip("-"), key=f"{key}csv")
        for result in shown:
            st.caption(cards.escaped(f"{labels[result.metric]}: {result.method}."))
        if taken:
            st.caption(f"Computed {taken:%d %b %Y %H:%M} UTC")
