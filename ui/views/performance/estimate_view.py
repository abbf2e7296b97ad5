"""Estimated performance on screen: the number with its band, what it assumes, how it stood up to labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from monitoring.charts.estimate import estimate_trend
from monitoring.methods.estimation.assumptions import Check, Verdict, failures
from monitoring.metrics.performance import HEADLINE, METRICS
from monitoring.segment import EVERYONE, Segment
from monitoring.window import Window
from ui.loaders import signals
from ui.loaders.monitor import Asked
from ui.parts import answer_view, cards, states
from ui.parts.glossary import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitoring.metric import MetricResult
    from monitoring.signals.estimated_performance.report import EstimatedStep, EstimateReport
    from monitoring.signals.model_performance.report import Period

BUTTON = "Estimate without labels"
VERDICTS: dict[Verdict, tuple[str, str, states.Colour]] = {
    "passed": ("Holds", ":material/check_circle:", "green"),
    "failed": ("Fails", ":material/block:", "orange"),
    "unknown": ("Not known", ":material/help:", "gray"),
}


def show(
    endpoint: str,
    deployment: str,
    window: Window,
    segment: Segment = EVERYONE,
    key: str = "",
    *,
    metric: str = "",
    period: Period = "day",
) -> cards.Freshness | None:
    """Draw the run button and, once it has run, the estimate; for a panel of a page.

    Args:
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
        window: What to report on.
        segment: Rows to look at.
        key: Prefix of the widgets' keys, unique on the page.
        metric: In focus; the one that stands for the task by default, or if it cannot be estimated.
        period: How long a step of the history is.
    """
    asked = Asked(
        signal="estimated_performance",
        endpoint=endpoint,
        deployment=deployment,
        window=window,
        segment=segment,
        more=(period,),
    )
    mine = f"{key}estimate-{endpoint}-{deployment}-{segment.code}-"
    wanted = st.button(
        BUTTON,
        icon=":material/query_stats:",
        key=f"{mine}run",
        help=explain("estimated performance"),
    )
    shown = answer_view.ask(asked, signals.estimated_performance, mine, wanted=wanted)
    if shown is None:
        learned = "It is learned on the first labelled days and takes a few seconds."
        answer_view.not_run(asked, BUTTON, learned)
        return None
    with answer_view.drawn(shown, asked, mine, BUTTON):
        show_report(shown.report, mine, metric=metric)
    return answer_view.made_of(shown, sum(step.rows for step in shown.report.steps))


def show_report(report: EstimateReport, key: str, *, metric: str = "") -> None:
    """Draw a report, the number in focus first."""
    focus = metric if metric in report.results else HEADLINE[report.task]
    _show_number(report, focus)
    if report.steps:
        _show_course(report, focus, key)
    st.subheader("What the estimate assumes", anchor=False, help=explain("assumption"))
    for check in report.checks:
        _show_check(check)
    st.subheader("Every metric", anchor=False)
    _show_metrics(report, key)


def _show_number(report: EstimateReport, focus: str) -> None:
    result, metric = report.results[focus], METRICS[focus]
    left, right = st.columns([1, 2])
    with left:
        cards.kpi(
            f"{metric.label}, estimated",
            _number(result.value),
            result.status,
            note=_note(result),
            term="estimated performance",
        )
    with right, st.container(border=True, height="stretch", gap="xsmall"):
        st.text(_learned_on(report))
        st.text(report.tracking[focus].sentence)
        if failed := failures(report.checks):
            st.text(f"Withheld, because an assumption fails: {failed[0].sentence}")


def _learned_on(report: EstimateReport) -> str:
    reference = report.reference
    span = ""
    if reference.window is not None:
        start, end = reference.window.days()[0], reference.window.days()[-1]
        span = f", {start:%d %b %Y} to {end:%d %b %Y}"
    return (
        f"{report.method.replace('estimated, ', 'Estimated by ')}, learned on {reference.name}{span}: "
        f"{reference.labelled:,} labelled of {reference.predictions:,} predictions. "
        f"Held to {report.baseline_name or 'no baseline'}."
    )


def _note(result: MetricResult) -> str:
    parts = []
    if result.value is not None and result.interval:
        parts.append(f"95 % band {_number(result.interval.low)} to {_number(result.interval.high)}")
    if not math.isnan(result.threshold):
        parts.append(f"{'≥' if result.worse == 'lower' else '≤'} {_number(result.threshold)}")
    parts.append(f"n = {result.rows:,}")
    return " · ".join(parts)


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.4g}"


def _show_check(check: Check) -> None:
    word, icon, colour = VERDICTS[check.verdict]
    badge, title, words = st.columns([2, 6, 14], vertical_alignment="top", gap="small")
    with badge:
        st.badge(word, icon=icon, color=colour)
    title.text(check.title)
    words.text(check.sentence)


def _show_course(report: EstimateReport, focus: str, key: str) -> None:
    metric, steps = METRICS[focus], report.steps
    results = [step.results[focus] for step in steps]
    labelled = [step.tracked[focus].rows if focus in step.tracked else 0 for step in steps]
    threshold = results[0].threshold
    chart = estimate_trend(
        [step.window.start for step in steps],
        [np.nan if r.value is None else r.value for r in results],
        [r.interval.low if r.interval else np.nan for r in results],
        [r.interval.high if r.interval else np.nan for r in results],
        [step.realized.get(focus, np.nan) for step in steps],
        name=metric.label,
        labelled=labelled,
        rows=[step.rows for step in steps],
        threshold=None if math.isnan(threshold) else threshold,
        unit=metric.unit,
    )
    cards.show_chart(chart, key=f"{key}course", table=_by_step(steps, focus))
    withheld = [r for r in results if r.value is None]
    if withheld:
        st.caption(f"{len(withheld)} of {len(results)} estimates are withheld; Numbers says why.")


def _by_step(steps: Sequence[EstimatedStep], focus: str) -> pd.DataFrame:
    lines = []
    for step in steps:
        result, known = step.results[focus], step.realized.get(focus)
        band = result.interval
        lines.append(
            {
                "From": f"{step.window.start:%Y-%m-%d}",
                "Status": cards.status_label(result.status),
                "Estimated": result.value,
                "Low (95 %)": band.low if band else None,
                "High (95 %)": band.high if band else None,
                "Realized": known,
                "n": step.rows,
                "Withheld value": step.estimates[focus].value if result.value is None else None,
                "Why": result.reason,
            }
        )
    table = pd.DataFrame(lines)
    numbers = ["Estimated", "Low (95 %)", "High (95 %)", "Realized", "Withheld value"]
    return _rounded(table, numbers)


def _rounded(table: pd.DataFrame, numbers: list[str]) -> pd.DataFrame:
    for name in numbers:
        table[name] = table[name].astype("float64").map(lambda v: float(f"{v:.4g}"))
    return table.drop(columns=[name for name in numbers if table[name].isna().all()])


def _show_metrics(report: EstimateReport, key: str) -> None:
    lines = [
        {
            "Metric": METRICS[name].label,
            "Status": cards.status_label(result.status),
            "Estimated": result.value,
            "Low (95 %)": result.interval.low if result.interval else None,
            "High (95 %)": result.interval.high if result.interval else None,
            "Threshold": ""
            if math.isnan(result.threshold)
            else f"{'≥' if result.worse == 'lower' else '≤'} {result.threshold:.4g}",
            "Days held": f"{report.tracking[name].held} of {report.tracking[name].days}",
            "n": result.rows,
            "Withheld value": report.estimates[name].value if result.value is None else None,
            "Why": result.reason,
        }
        for name, result in report.results.items()
    ]
    numbers = ["Estimated", "Low (95 %)", "High (95 %)", "Withheld value"]
    table = _rounded(pd.DataFrame(lines), numbers)
    cards.show_table(table, key=f"{key}metrics", alt="Every metric, estimated")
    if report.is_refused:
        st.caption(
            "Withheld values are what the method gives although an assumption fails. Do not act on"
            " them."
        )
