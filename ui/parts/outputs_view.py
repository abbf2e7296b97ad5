"""One output of a model on screen: its distribution, its course, its numbers."""

from __future__ import annotations

import streamlit as st

from monitoring.metric import MetricResult
from monitoring.metrics.drift import METRICS
from monitoring.signals.data_drift.report import headline
from monitoring.signals.prediction_drift.report import PredictionReport
from ui.parts import cards, choices, numbers, result_charts, result_table


def verdict(what: str, result: MetricResult) -> str:
    """Return a judged number in one line."""
    interval = result.interval
    span = f", 95 % {interval.low:.3g} to {interval.high:.3g}" if interval else ""
    reason = f"; {result.reason}" if result.reason else ""
    return (
        f"{what}: {cards.status_label(result.status)}, {METRICS[result.metric].label} "
        f"{numbers.text(result.value)}{span}, threshold {result.threshold:.3g}, n {result.rows:,} "
        f"against {result.reference_rows:,}{reason}."
    )


def _pvalue(result: MetricResult) -> str:
    return "" if result.adjusted_pvalue is None else f"{result.adjusted_pvalue:.2g}"


LABELS = {name: metric.label for name, metric in METRICS.items()}


COLUMNS: result_table.Columns = {
    **result_table.DAY,
    "Output": lambda result: result.subject,
    **result_table.labelled(LABELS),
    **result_table.STATUS,
    **result_table.NUMBER,
    "Threshold": lambda result: f"> {result.threshold:.3g}",
    **result_table.NOISE_FLOOR,
    "p adjusted": _pvalue,
    "n before": lambda result: result.reference_rows,
    "n now": lambda result: result.rows,
    **result_table.REASON,
}


def show(report: PredictionReport, key: str) -> None:
    """Draw one output, before and now and over time, and the choice of it."""
    found = headline(report.drift.results)
    if not report.outputs:
        return
    picked = choices.pick(
        "Output",
        list(report.outputs),
        "output",
        help="Those after the first few take the score apart by predicted and by true class.",
        width=360,
    )
    left, right = st.columns(2)
    with left, cards.panel("Before and now"):
        _show_overlay(report, picked, found[picked], key)
    with right, cards.panel("Over time"):
        _show_trend(report, found[picked], key)
    st.caption(cards.escaped(verdict(picked[0].upper() + picked[1:], found[picked])))


def _show_overlay(report: PredictionReport, name: str, result: MetricResult, key: str) -> None:
    profiles = report.drift.baseline.profiles.get(name), report.drift.production.get(name)
    if comparison := result_charts.compared(name, *profiles, [result]):
        sides = "rows before", "rows now"
        result_charts.show_overlay(comparison, name, sides, f"{key}overlay")


def _show_trend(report: PredictionReport, result: MetricResult, key: str) -> None:
    history = report.drift.history(result.subject, result.metric)
    if not history:
        st.text("No day of this window was compared.")
        return
    chart = result_charts.trend(history, LABELS[result.metric], result.threshold)
    cards.show_chart(chart, key=f"{key}trend", table=result_table.table(history, COLUMNS))


def show_numbers(report: PredictionReport, key: str) -> None:
    """Draw every metric of every output."""
    place = {name: at for at, name in enumerate(report.outputs)}
    results = sorted(report.drift.results, key=lambda r: place[r.subject])
    table = result_table.table(results, COLUMNS).drop(columns="Day")
    cards.show_table(table, key=f"{key}all", alt="Every metric of every output")
    methods = sorted({r.method.split(";")[0] for r in results if r.method})
    st.caption(cards.escaped(f"Baseline: {report.drift.baseline.name}. {'. '.join(methods)}."))
