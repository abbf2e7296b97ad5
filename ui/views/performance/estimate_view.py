"""Estimated performance on screen: the number with its band, what it assumes, how it stood up to labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from monitoring.charts.estimate import estimate_trend
from monitoring.methods.estimation.assumptions import Check, Verdict, failures
from monitoring.metric import MetricResult
from monitoring.metrics.performance import HEADLINE, METRICS
from monitoring.signals.estimated_performance.report import EstimatedStep, EstimateReport
from ui.loaders import signals
from ui.loaders.monitor import Asked
from ui.parts import answer_view, cards, numbers, result_charts, result_table, states
from ui.parts.cards import Tile
from ui.parts.glossary import explain

BUTTON = "Estimate without labels"
VERDICTS: dict[Verdict, tuple[str, str, states.Colour]] = {
    "passed": ("Holds", ":material/check_circle:", "green"),
    "failed": ("Fails", ":material/block:", "orange"),
    "unknown": ("Not known", ":material/help:", "gray"),
}


def show(asked: Asked, key: str = "", *, metric: str = "") -> cards.Freshness | None:
    """Draw the run button and, once it has run, the estimate; for a panel of a page.

    Args:
        asked: Of estimated performance; `more` is how long a step of the history is.
        key: Prefix of the widgets' keys, unique on the page.
        metric: In focus; the one that stands for the task by default, or if it cannot be estimated.
    """
    mine = f"{key}estimate-{asked.endpoint}-{asked.deployment}-{asked.segment.code}-"
    wanted = st.button(
        BUTTON,
        icon=":material/query_stats:",
        key=f"{mine}run",
        help=explain("estimated performance"),
    )
    shown = answer_view.show(
        asked,
        signals.answer,
        mine,
        lambda report: show_report(report, mine, metric=metric),
        wanted=wanted,
        action=BUTTON,
        more="It is learned on the first labelled days and takes a few seconds.",
    )
    return shown and cards.taken(shown.entry, rows=sum(step.rows for step in shown.report.steps))


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
        label, value = f"{metric.label}, estimated", numbers.text(result.value, ".4g")
        Tile(label, value, result.status, _note(result), "estimated performance").show()
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
    parts = [_limit(result), f"n = {result.rows:,}"]
    if result.value is not None and result.interval:
        low, high = (
            numbers.text(end, ".4g") for end in (result.interval.low, result.interval.high)
        )
        parts.insert(0, f"95 % band {low} to {high}")
    return " · ".join(filter(None, parts))


def _show_check(check: Check) -> None:
    word, icon, colour = VERDICTS[check.verdict]
    badge, title, words = st.columns([2, 6, 14], vertical_alignment="top", gap="small")
    with badge:
        st.badge(word, icon=icon, color=colour)
    title.text(check.title)
    words.text(check.sentence)


def _limit(result: MetricResult) -> str:
    return "" if math.isnan(result.threshold) else numbers.held_to(result)


def _show_course(report: EstimateReport, focus: str, key: str) -> None:
    metric, steps = METRICS[focus], report.steps
    results = [step.results[focus] for step in steps]
    threshold = results[0].threshold
    tracked = (step.tracked.get(focus) for step in steps)
    chart = estimate_trend(
        [step.window.start for step in steps],
        result_charts.values(results),
        *result_charts.band(results).values(),
        [step.realized.get(focus, math.nan) for step in steps],
        name=metric.label,
        labelled=[each.rows if each else 0 for each in tracked],
        rows=[step.rows for step in steps],
        threshold=None if math.isnan(threshold) else threshold,
        unit=metric.unit,
    )
    cards.show_chart(chart, key=f"{key}course", table=_by_step(steps, focus))
    withheld = sum(result.value is None for result in results)
    if withheld:
        st.caption(f"{withheld} of {len(results)} estimates are withheld; Numbers says why.")


ESTIMATED: result_table.Columns = {
    **result_table.STATUS,
    "Estimated": lambda result: numbers.rounded(result.value),
    **result_table.INTERVAL,
}


NUMBERS = {"Estimated", *result_table.INTERVAL, "Realized", "Withheld value"}


def _withheld(result: MetricResult, estimate: float) -> float:
    """Return what the method gives although it is not shown."""
    return numbers.rounded(estimate) if result.value is None else math.nan


def _by_step(steps: Sequence[EstimatedStep], focus: str) -> pd.DataFrame:
    lines = [
        {
            "From": f"{step.window.start:%Y-%m-%d}",
            **result_table.cells(step.results[focus], ESTIMATED),
            "Realized": numbers.rounded(step.realized.get(focus)),
            "n": step.rows,
            "Withheld value": _withheld(step.results[focus], step.estimates[focus].value),
            "Why": step.results[focus].reason,
        }
        for step in steps
    ]
    return _without_empty(pd.DataFrame(lines))


def _without_empty(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=[n for n in table if n in NUMBERS and table[n].isna().all()])


def _show_metrics(report: EstimateReport, key: str) -> None:
    lines = [
        {
            "Metric": METRICS[name].label,
            **result_table.cells(result, ESTIMATED),
            "Threshold": _limit(result),
            "Days held": f"{report.tracking[name].held} of {report.tracking[name].days}",
            "n": result.rows,
            "Withheld value": _withheld(result, report.estimates[name].value),
            "Why": result.reason,
        }
        for name, result in report.results.items()
    ]
    table = _without_empty(pd.DataFrame(lines))
    cards.show_table(table, key=f"{key}metrics", alt="Every metric, estimated")
    if report.is_refused:
        st.caption(
            "Withheld values are what the method gives although an assumption fails. Do not act on"
            " them."
        )
