"""Performance on screen: how right the model is, since when, and where it goes wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import streamlit as st

from monitoring.charts.performance import (
    Course,
    Line,
    calibration_curve,
    confusion_matrix,
    performance_trend,
    residual_histogram,
)
from monitoring.charts.performance import curves as curve_chart
from monitoring.counting.totals import curves
from monitoring.counting.totals.outcomes import (
    DELAY_HOURS,
    ClassOutcomes,
    NumberOutcomes,
    Outcomes,
    Task,
)
from monitoring.kept.memory import Entry
from monitoring.metric import MetricResult
from monitoring.metrics.performance import METRICS
from monitoring.metrics.performance_metric import PerformanceMetric
from monitoring.signals.model_performance.report import PerformanceReport, Period, metrics_of
from ui.parts import cards, states
from ui.parts.glossary import GLOSSARY, explain

TERMS = {"auc_weighted": "AUC"}
PERIODS: dict[Period, str] = {"day": "Day", "week": "Week", "month": "Month"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for: the metric in focus, and how finely time is cut."""

    metric: str
    period: Period


def term_of(name: str) -> str:
    """Return the glossary's entry for a metric; empty if it has none."""
    term = TERMS.get(name, name)
    return term if term in GLOSSARY else ""


def pick(task: Task) -> Asked:
    """Draw the choice of metric and period. Bound to the URL."""
    offered = [metric.name for metric in metrics_of(task)]
    name = st.selectbox(
        "Metric",
        offered,
        format_func=lambda name: METRICS[name].label,
        key="metric",
        bind="query-params",
        help="The metric in focus; all others are in the table below.",
        width=280,
    )
    period = st.segmented_control(
        "Cut time by",
        list(PERIODS),
        default="day",
        required=True,
        format_func=lambda each: PERIODS[each],
        key="by",
        bind="query-params",
        width=260,
    )
    return Asked(name if name in offered else offered[0], period if period in PERIODS else "day")


def show(report: PerformanceReport, asked: Asked) -> None:
    """Draw the metric in focus: what it is now, and its course."""
    if report.outcomes is None or not report.outcomes.predictions:
        states.show(states.blind(None, f"No prediction was collected in {report.window}."))
        return
    _show_tiles(report, asked)
    title = f"{METRICS[asked.metric].label} over time"
    with cards.panel(title, help=explain("realized performance")):
        _show_trend(report, asked)


def show_detail(report: PerformanceReport) -> None:
    """Draw every metric, and where the model goes wrong."""
    if report.outcomes is None or not report.outcomes.predictions:
        return
    with cards.panel("Every metric"):
        _show_metrics(report)
    if isinstance(report.outcomes, ClassOutcomes):
        _show_mistakes(report.outcomes)
        _show_scores(report.outcomes)
    else:
        _show_residuals(report.outcomes)
    with cards.panel("Labels", help=explain("label coverage")):
        _show_labels(report, report.outcomes)


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.4g}"


def _show_tiles(report: PerformanceReport, asked: Asked) -> None:
    metric, found = METRICS[asked.metric], report.results[asked.metric]
    first, second, third, fourth = st.columns(4)
    with first:
        _show_headline(metric, found)
    with second:
        baseline = report.baselines.get(asked.metric)
        cards.kpi("Benchmark", _number(baseline), None, note=report.baseline_name, term="benchmark")
    with third:
        share = report.coverage
        labelled = sum(step.outcomes.labelled for step in report.steps)
        rows = sum(step.outcomes.predictions for step in report.steps)
        note = f"{labelled:,} of {rows:,} predictions"
        cards.kpi(
            "Label coverage",
            "–" if share is None else f"{share:.1%}",
            None,
            note=note,
            term="label coverage",
        )
    with fourth:
        _show_since(report, asked)


def _show_headline(metric: PerformanceMetric, found: MetricResult) -> None:
    if found.value is None:
        cards.kpi(metric.label, "–", found.status, note=found.reason)
        return
    parts = []
    if found.interval:
        parts.append(f"95 % {found.interval.low:.4g} to {found.interval.high:.4g}")
    if not math.isnan(found.threshold):
        parts.append(f"{'≥' if metric.worse == 'lower' else '≤'} {found.threshold:.4g}")
    parts.append(f"n = {found.rows:,}")
    if found.reason:
        parts.append(found.reason)
    cards.kpi(
        metric.label,
        f"{found.value:.4g}",
        cards.look_of(found),
        note=" · ".join(parts),
        term=term_of(metric.name),
    )


def _show_since(report: PerformanceReport, asked: Asked) -> None:
    start = report.since(asked.metric)
    judged = [r for r in report.history(asked.metric) if r.status in {"ok", "breached"}]
    breached = sum(r.status == "breached" for r in judged)
    cards.kpi(
        "Windows that breached",
        f"{breached} of {len(judged)}",
        None,
        note=f"open since {start:%d %b %Y}" if start else "none is open",
    )


def _show_trend(report: PerformanceReport, asked: Asked) -> None:
    metric, history = METRICS[asked.metric], report.history(asked.metric)
    if not history:
        states.show(states.blind(None, "No window of this length has ended yet."))
        return
    outcomes = [step.outcomes for step in report.steps]
    found = report.results[asked.metric]
    chart = performance_trend(
        [_start(r) for r in history],
        Course(
            values=[np.nan if r.value is None else r.value for r in history],
            low=[np.nan if r.interval is None else r.interval.low for r in history],
            high=[np.nan if r.interval is None else r.interval.high for r in history],
        ),
        name=metric.label,
        labelled=[each.labelled for each in outcomes],
        waiting=[each.predictions - each.labelled for each in outcomes],
        worse=metric.worse,
        baseline=report.baselines.get(asked.metric),
        threshold=found.threshold,
        statuses=[r.status for r in history],
        unit=metric.unit,
    )
    cards.show_chart(chart, key="performance-trend", table=table_of(history, by_window=True))
    grey = [r for r in history if r.status == "not_enough_data"]
    if grey:
        windows = "1 window has" if len(grey) == 1 else f"{len(grey)} windows have"
        st.caption(cards.escaped(f"{windows} no verdict, the last because {grey[-1].reason}."))


def _start(result: MetricResult) -> datetime:
    return result.window.start if result.window else datetime.min.replace(tzinfo=UTC)


def freshness(found: Entry[PerformanceReport]) -> cards.Freshness:
    """Return the footer of all that shows realized performance."""
    report = found.value
    rows = sum(step.outcomes.predictions for step in report.steps)
    waiting = rows - sum(step.outcomes.labelled for step in report.steps)
    missing = f"{waiting:,} labels are not in yet." if waiting else ""
    return cards.taken(found, rows=rows, missing=missing)


def _show_metrics(report: PerformanceReport) -> None:
    results = list(report.results.values())
    weighted = [report.weighted(name) for name in report.results]
    table = table_of([*results, *(each for each in weighted if each)], by_window=False)
    st.dataframe(table, hide_index=True, key="performance-metrics", alt="Every metric")
    if report.classes:
        with st.expander("By class", icon=":material/category:"):
            per_class = [r for name in report.results for r in report.by_class(name).values()]
            st.dataframe(
                table_of(per_class, by_window=False).drop(columns=["Status", "Why"]),
                hide_index=True,
                key="performance-classes",
                alt="Each class against the rest",
            )
    records = [each.as_record() for each in results]
    days = [each.as_record() for step in report.steps for each in step.results.values()]
    with st.container(horizontal=True):
        for label, rows, ending in (("whole window", records, ""), ("by window", days, "-steps")):
            _offer(label, rows, ending)


def _offer(label: str, rows: list[dict[str, object]], ending: str) -> None:
    st.download_button(
        f"CSV, {label}",
        data=lambda: pd.DataFrame(rows).to_csv(index=False).encode(),
        file_name=f"performance{ending}.csv",
        mime="text/csv",
        icon=":material/download:",
        key=f"performance-csv{ending}",
        on_click="ignore",
    )


def table_of(results: Sequence[MetricResult], *, by_window: bool) -> pd.DataFrame:
    """Return judged numbers as a table; columns without content are left out."""
    lines = [
        {
            "From": f"{_start(r):%Y-%m-%d}" if by_window else "",
            "Of": r.place.feature,
            "Metric": METRICS[r.metric].label if r.metric in METRICS else r.metric,
            "Status": cards.status_label(cards.look_of(r)),
            "Value": _short(r.value),
            "Low (95 %)": _short(r.interval.low) if r.interval else None,
            "High (95 %)": _short(r.interval.high) if r.interval else None,
            "Threshold": _limit(r),
            "n": r.rows,
            "Unit": r.unit,
            "Method": r.method,
            "Why": " ".join(part for part in (r.reason, r.hint) if part),
        }
        for r in results
    ]
    table = pd.DataFrame(lines)
    empty = [
        n for n in table.columns if n != "Value" and (table[n].isna() | (table[n] == "")).all()
    ]
    return table.drop(columns=empty)


def _limit(result: MetricResult) -> str:
    if math.isnan(result.threshold):
        return "–"
    metric = METRICS.get(result.metric)
    if metric is not None and metric.worse is None:
        return f"|value| ≤ {result.threshold:.4g}"
    return f"{'≥' if result.worse == 'lower' else '≤'} {result.threshold:.4g}"


def _short(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(f"{value:.4g}")


def _show_mistakes(whole: ClassOutcomes) -> None:
    with cards.panel("Confusion matrix", help=explain("confusion matrix")):
        if not whole.labelled:
            states.show(states.not_enough_data(0, 1))
            return
        chart = confusion_matrix(whole.classes, whole.matrix)
        table = pd.DataFrame(whole.matrix, columns=[f"predicted {c}" for c in whole.classes])
        table.insert(0, "label", list(whole.classes))
        cards.show_chart(chart, key="performance-confusion", table=table)


def _show_scores(whole: ClassOutcomes) -> None:
    if not whole.scores:
        with cards.panel("Scores"):
            states.show(states.blind(None, "The model's outputs carry no probabilities."))
        return
    names = list(whole.scores)
    picked = names[0]
    if len(names) > 1:
        picked = st.selectbox("Curves of class", names, key="class", bind="query-params", width=220)
        picked = picked if picked in names else names[0]
    cells = whole.scores[picked]
    left, right = st.columns(2)
    with left, cards.panel("ROC curve", help=explain("ROC")):
        roc = curves.roc(cells)
        line = Line(name=f"class {picked}", x=roc.false_positive_rate, y=roc.true_positive_rate)
        chart = curve_chart(
            [line], x_title="false positive rate", y_title="true positive rate", diagonal=True
        )
        cards.show_chart(chart, key="performance-roc", table=_points(roc))
    with right, cards.panel("Precision and recall", help=explain("precision-recall")):
        found = curves.precision_recall(cells)
        line = Line(name=f"class {picked}", x=found.recall, y=found.precision)
        guess = Line(name="a guess", x=[0, 1], y=[found.prevalence] * 2, is_reference=True)
        chart = curve_chart([guess, line], x_title="recall", y_title="precision")
        cards.show_chart(chart, key="performance-pr", table=_points(found))
    with cards.panel("Calibration", help=explain("calibration")):
        bins = curves.calibration(cells)
        chart = calibration_curve(bins.mean_score, bins.observed, bins.low, bins.high, bins.rows)
        table = pd.DataFrame(
            {
                "mean score": bins.mean_score,
                "share that came true": bins.observed,
                "low (95 %)": bins.low,
                "high (95 %)": bins.high,
                "rows": bins.rows,
            }
        )
        cards.show_chart(chart, key="performance-calibration", table=table)


def _show_residuals(whole: NumberOutcomes) -> None:
    with cards.panel("Residuals", help=explain("residual")):
        if whole.residuals is None or not whole.labelled:
            states.show(states.not_enough_data(0, 1))
            return
        found = curves.residuals(whole.residuals)
        chart = residual_histogram(
            found.edges,
            found.shares,
            mean=found.mean,
            outside=found.below + found.above,
            unit="prediction − label",
        )
        table = pd.DataFrame(
            {"from": found.edges[:-1], "to": found.edges[1:], "share of rows": found.shares}
        )
        cards.show_chart(chart, key="performance-residuals", table=table)


def _points(curve: curves.Roc | curves.PrecisionRecall) -> pd.DataFrame:
    names = [each.name for each in fields(curve)]
    arrays = {name: getattr(curve, name) for name in names}
    return pd.DataFrame({n.replace("_", " "): a for n, a in arrays.items() if np.ndim(a)})


def _show_labels(report: PerformanceReport, whole: Outcomes) -> None:
    delays = whole.delays
    ends = [_hours(h) for h in DELAY_HOURS]
    names = [f"within {end}" for end in ends] + [f"after {ends[-1]}"]
    total = int(delays.sum())
    if total:
        reached = np.cumsum(delays) / total
        middle = names[int(np.searchsorted(reached, 0.5))]
        late = names[int(np.searchsorted(reached, 0.95))]
        st.text(f"Half of the labels arrived {middle}, 95 of 100 {late}.")
        table = pd.DataFrame({"Label arrived": names, "Rows": delays, "Share so far": reached})
        st.dataframe(
            table[table["Rows"] > 0],
            hide_index=True,
            key="performance-delays",
            alt="How late labels arrived",
            column_config={"Share so far": st.column_config.NumberColumn(format="percent")},
        )
    if report.faults:
        st.text("Left out of every number, or worth knowing:")
        faults = pd.DataFrame({"What": list(report.faults), "Rows": list(report.faults.values())})
        st.dataframe(faults, hide_index=True, key="performance-faults", alt="Rows with a fault")
    elif total:
        st.caption("Every row could be used: no bad label, score or key.")


def _hours(hours: int) -> str:
    span = timedelta(hours=hours)
    if span < timedelta(days=2):
        return f"{hours} h"
    return f"{span.days} days"
