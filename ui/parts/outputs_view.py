"""One output of a model on screen: its distribution, its course, its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.counting.totals.comparison import Comparison
from monitoring.metric import MetricResult
from monitoring.metrics.drift import METRICS
from monitoring.signals.data_drift.report import headline
from ui.parts import cards, states

if TYPE_CHECKING:
    from monitoring.signals.prediction_drift.report import PredictionReport


def number(value: float | None) -> str:
    """Return a number to three digits, a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:.3g}"


def verdict(what: str, result: MetricResult) -> str:
    """Return a judged number in one line."""
    interval = result.interval
    span = f", 95 % {interval.low:.3g} to {interval.high:.3g}" if interval else ""
    reason = f"; {result.reason}" if result.reason else ""
    return (
        f"{what}: {cards.status_label(result.status)}, {METRICS[result.metric].label} "
        f"{number(result.value)}{span}, threshold {result.threshold:.3g}, n {result.rows:,} against "
        f"{result.reference_rows:,}{reason}."
    )


def rounded(values: Sequence[float]) -> list[float]:
    """Return numbers to four digits, for a table."""
    return [float(f"{value:.4g}") if math.isfinite(value) else math.nan for value in values]


def show(report: PredictionReport, key: str) -> None:
    """Draw one output, before and now and over time, and the choice of it."""
    found = headline(report.drift.results)
    names = list(report.outputs)
    if not names:
        return
    picked = st.selectbox(
        "Output",
        names,
        key="output",
        bind="query-params",
        help="Those after the first few take the score apart by predicted and by true class.",
        width=360,
    )
    picked = picked if picked in names else names[0]
    left, right = st.columns(2)
    with left, cards.panel("Before and now"):
        _show_overlay(report, picked, found[picked], key)
    with right, cards.panel("Over time"):
        _show_trend(report, found[picked], key)
    st.caption(verdict(picked[0].upper() + picked[1:], found[picked]))


def _show_overlay(report: PredictionReport, name: str, result: MetricResult, key: str) -> None:
    reference = report.drift.baseline.profiles.get(name)
    production = report.drift.production.get(name)
    if reference is None or production is None or not reference.n or not production.n:
        states.show(states.blind(None, f"{name}: {result.reason or 'nothing was counted'}."))
        return
    comparison = Comparison(reference, production)
    one, two, labels = comparison.histogram
    if comparison.kind == "categorical":
        chart = charts.overlay_categories(labels, one / one.sum(), two / two.sum(), unit=name)
    else:
        cells = comparison.cells
        chart = charts.overlay(cells.left, cells.right, *comparison.shares, unit=name)
    table = pd.DataFrame({name: labels, "rows before": one, "rows now": two})
    cards.show_chart(chart, key=f"{key}overlay", table=table)


def _show_trend(report: PredictionReport, result: MetricResult, key: str) -> None:
    history = report.drift.history(result.subject, result.metric)
    if not history:
        st.text("No day of this window was compared.")
        return
    floors = [np.nan if r.noise_floor is None else r.noise_floor for r in history]
    low, high = (
        [math.nan if r.interval is None else getattr(r.interval, side) for r in history]
        for side in ("low", "high")
    )
    chart = charts.trend(
        [r.window.start if r.window else datetime.min.replace(tzinfo=UTC) for r in history],
        [np.nan if r.value is None else r.value for r in history],
        name=METRICS[result.metric].label,
        rows=[r.rows for r in history],
        low=low,
        high=high,
        threshold=result.threshold,
        noise_floor=floors,
        statuses=[r.status for r in history],
        unit=result.unit,
    )
    cards.show_chart(chart, key=f"{key}trend", table=_table(history))


def _table(results: Sequence[MetricResult]) -> pd.DataFrame:
    lines = [
        {
            "Day": f"{r.window.start:%Y-%m-%d}" if r.window else "",
            "Output": r.subject,
            "Metric": METRICS[r.metric].label if r.metric in METRICS else "–",
            "Status": cards.status_label(r.status),
            "Value": rounded([math.nan if r.value is None else r.value])[0],
            "Low (95 %)": rounded([r.interval.low if r.interval else math.nan])[0],
            "High (95 %)": rounded([r.interval.high if r.interval else math.nan])[0],
            "Threshold": f"> {r.threshold:.3g}",
            "Noise floor": rounded([math.nan if r.noise_floor is None else r.noise_floor])[0],
            "p adjusted": "" if r.adjusted_pvalue is None else f"{r.adjusted_pvalue:.2g}",
            "n before": r.reference_rows,
            "n now": r.rows,
            "Why": r.reason,
        }
        for r in results
    ]
    return pd.DataFrame(lines)


def show_numbers(report: PredictionReport, key: str) -> None:
    """Draw every metric of every output."""
    place = {name: at for at, name in enumerate(report.outputs)}
    results = sorted(report.drift.results, key=lambda r: place[r.subject])
    table = _table(results).drop(columns="Day")
    cards.show_table(table, key=f"{key}all", alt="Every metric of every output")
    methods = sorted({r.method.split(";")[0] for r in results if r.method})
    st.caption(f"Baseline: {report.drift.baseline.name}. {'. '.join(methods)}.")
