"""Performance on screen: how right the model is, since when, and where it goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

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
from ui.parts import cards, choices, numbers, result_charts, result_table, states
from ui.parts.cards import Tile
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


LABELS = {name: metric.label for name, metric in METRICS.items()}


def pick_metric(task: Task, **options: Any) -> str:
    """Draw the choice of a metric of performance. Bound to the URL."""
    offered = [metric.name for metric in metrics_of(task)]
    label = LABELS.__getitem__
    return choices.known_pick("Metric", offered, "metric", format_func=label, **options)


def pick(task: Task) -> Asked:
    """Draw the choice of metric and period. Bound to the URL."""
    about = "The metric in focus; all others are in the table below."
    name = pick_metric(task, help=about, width=280)
    return Asked(name, choices.switch("Cut time by", PERIODS, "by", width=260))


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
        for line in report.about_positive:
            st.caption(cards.escaped(line))
        _show_metrics(report)
    if isinstance(report.outcomes, ClassOutcomes):
        _show_mistakes(report.outcomes)
        _show_scores(report.outcomes)
    else:
        _show_residuals(report.outcomes)
    with cards.panel("Labels", help=explain("label coverage")):
        _show_labels(report, report.outcomes)


def _show_tiles(report: PerformanceReport, asked: Asked) -> None:
    metric, found = METRICS[asked.metric], report.results[asked.metric]
    benchmark = numbers.text(report.baselines.get(asked.metric), ".4g")
    labelled = sum(step.outcomes.labelled for step in report.steps)
    rows = sum(step.outcomes.predictions for step in report.steps)
    coverage = numbers.text(report.coverage, ".1%")
    cards.tiles(
        _tile_headline(metric, found),
        Tile("Benchmark", benchmark, note=report.baseline_name, term="benchmark"),
        Tile(
            "Label coverage",
            coverage,
            note=f"{labelled:,} of {rows:,} predictions",
            term="label coverage",
        ),
        _tile_since(report, asked),
    )


def _tile_headline(metric: PerformanceMetric, found: MetricResult) -> Tile:
    if found.value is None:
        return Tile(metric.label, numbers.NONE, found.status, found.reason)
    interval = found.interval and f"95 % {found.interval.low:.4g} to {found.interval.high:.4g}"
    limit = "" if math.isnan(found.threshold) else numbers.held_to(found)
    parts = filter(None, (interval, limit, f"n = {found.rows:,}", found.reason))
    value, look = f"{found.value:.4g}", cards.look_of(found)
    return Tile(metric.label, value, look, " · ".join(parts), term_of(metric.name))


def _tile_since(report: PerformanceReport, asked: Asked) -> Tile:
    start = report.since(asked.metric)
    judged = [r for r in report.history(asked.metric) if r.status in {"ok", "breached"}]
    breached = sum(r.status == "breached" for r in judged)
    return Tile(
        "Windows that breached",
        f"{breached} of {len(judged)}",
        note=f"open since {start:%d %b %Y}" if start else "none is open",
    )


def _show_trend(report: PerformanceReport, asked: Asked) -> None:
    metric, history = METRICS[asked.metric], report.history(asked.metric)
    if not history:
        states.show(states.blind(None, "No window of this length has ended yet."))
        return
    outcomes = [step.outcomes for step in report.steps]
    chart = performance_trend(
        [result_charts.start(r) for r in history],
        Course(values=result_charts.values(history), **result_charts.band(history)),
        name=metric.label,
        labelled=[each.labelled for each in outcomes],
        waiting=[each.predictions - each.labelled for each in outcomes],
        worse=metric.worse,
        baseline=report.baselines.get(asked.metric),
        threshold=report.results[asked.metric].threshold,
        statuses=[r.status for r in history],
        unit=metric.unit,
    )
    cards.show_chart(chart, key="performance-trend", table=table_of(history, by_window=True))
    grey = [r for r in history if r.status == "not_enough_data"]
    if grey:
        windows = "1 window has" if len(grey) == 1 else f"{len(grey)} windows have"
        st.caption(cards.escaped(f"{windows} no verdict, the last because {grey[-1].reason}."))


def freshness(found: Entry[PerformanceReport]) -> cards.Freshness:
    """Return the footer of all that shows realized performance."""
    outcomes = [step.outcomes for step in found.value.steps]
    predictions = sum(each.predictions for each in outcomes)
    return cards.labels_of(found, predictions, sum(each.labelled for each in outcomes))


def _show_metrics(report: PerformanceReport) -> None:
    results = list(report.results.values())
    weighted = filter(None, map(report.weighted, report.results))
    table = table_of([*results, *weighted], by_window=False)
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
    steps = [each for step in report.steps for each in step.results.values()]
    parts = (("whole window", results, ""), ("by window", steps, "-steps"))
    with st.container(horizontal=True):
        for label, rows, ending in parts:
            records = [each.as_record() for each in rows]
            file = f"performance{ending}"
            cards.offer_csv(f"CSV, {label}", records, file=file, key=f"performance-csv{ending}")


def _limit(result: MetricResult) -> str:
    if math.isnan(result.threshold):
        return numbers.NONE
    metric = METRICS.get(result.metric)
    if metric is not None and metric.worse is None:
        return f"|value| ≤ {result.threshold:.4g}"
    return numbers.held_to(result)


def table_of(results: Sequence[MetricResult], *, by_window: bool) -> pd.DataFrame:
    """Return judged numbers as a table; columns without content are left out."""
    day = {"From": lambda result: f"{result_charts.start(result):%Y-%m-%d}"} if by_window else {}
    return result_table.without_empty(result_table.table(results, day | COLUMNS))


COLUMNS: dict[str, Callable[[MetricResult], object]] = {
    "Of": lambda result: result.place.feature,
    "Metric": lambda result: LABELS.get(result.metric, result.metric),
    "Status": lambda result: cards.status_label(cards.look_of(result)),
    **result_table.NUMBER,
    "Threshold": _limit,
    "n": lambda result: result.rows,
    "Unit": lambda result: result.unit,
    "Method": lambda result: result.method,
    **result_table.WHY,
}


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
        picked = choices.pick("Curves of class", names, "class", width=220)
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
