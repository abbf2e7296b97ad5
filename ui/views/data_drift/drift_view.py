"""Drift on screen: what to ask, the run with its progress, and the result. Two pages share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.arrays import Kind
from monitoring.counting.totals.comparison import Comparison
from monitoring.metric import MetricResult, Mode, Status
from monitoring.metrics.drift import HEADLINE, METRICS
from monitoring.signals.data_drift.report import DriftReport, headline, ranked
from monitoring.verdict import excess, since
from ui.loaders import monitor
from ui.loaders.monitor import Thresholds
from ui.parts import cards, states
from ui.parts.glossary import explain
from ui.parts.report_view import (
    Progress,
    pick_feature,
    pick_period,
    results_table,
    run,
    show_numbers,
)

__all__ = ["Progress", "Rule", "pick_period", "pick_rule", "run", "show"]

MODES: dict[Mode, str] = {"robust": "Robust", "azureml": "As Azure ML"}
MODE_HELP = (
    "Robust: an alarm needs an effect over its threshold, above what chance does at that many rows, "
    "significant among all features, on at least 30 rows. As Azure ML: the numbers of its own "
    "monitor, with its row deletion and its limits."
)
LABELS = {name: metric.label for name, metric in METRICS.items()}
TERMS = {
    "jensen_shannon_distance": "JS",
    "population_stability_index": "PSI",
    "two_sample_kolmogorov_smirnov_test": "KS",
    "normalized_wasserstein_distance": "Wasserstein",
    "pearsons_chi_squared_test": "chi-squared",
    "hellinger_distance": "Hellinger",
    "total_variation_distance": "total variation",
}
KINDS: tuple[Kind, ...] = ("numerical", "categorical")


@dataclass(frozen=True, slots=True)
class Rule:
    """How to judge: mode, and the deciding metric and its threshold for each kind of feature."""

    mode: Mode
    metrics: tuple[str, str]
    thresholds: tuple[float, float]

    def overrides(self) -> dict[str, float]:
        """Return thresholds by metric."""
        names = [f"{name}:{kind}" for name, kind in zip(self.metrics, KINDS, strict=True)]
        return dict(zip(names, self.thresholds, strict=True))

    def usual(self, in_force: Mapping[str, float]) -> dict[str, float]:
        """Return what the thresholds are where the reader leaves them alone."""
        held = in_force if self.mode == "robust" else None
        return {
            f"{name}:{kind}": METRICS[name].threshold(kind, self.mode, held)
            for name, kind in zip(self.metrics, KINDS, strict=True)
        }

    def metric_of(self, kind: Kind | None) -> str:
        """Return the deciding metric of a kind."""
        return self.metrics[KINDS.index(kind or "numerical")]


def limits(rule: Rule, in_force: Mapping[str, float]) -> Thresholds:
    """Return the thresholds that a rule asks for; None where they are those in force."""
    if rule.mode == "robust":
        return monitor.limits(in_force, rule.overrides(), rule.usual(in_force))
    return monitor.limits({}, rule.overrides(), rule.usual({})) or ()


def pick_rule(key: str, in_force: Mapping[str, float] | None = None) -> Rule:
    """Draw mode, metric and threshold, which begins as `in_force`. Bound to the URL."""
    mode_column, numerical, categorical = st.columns(3)
    with mode_column:
        mode: Mode = st.segmented_control(
            "Mode",
            list(MODES),
            default="robust",
            format_func=lambda mode: MODES[mode],
            required=True,
            key=f"{key}mode",
            bind="query-params",
            help=MODE_HELP,
        )
    picked = [
        _pick_metric(column, kind, mode, key, in_force)
        for column, kind in ((numerical, KINDS[0]), (categorical, KINDS[1]))
    ]
    return Rule(mode, (picked[0][0], picked[1][0]), (picked[0][1], picked[1][1]))


def _pick_metric(
    column: object, kind: Kind, mode: Mode, key: str, in_force: Mapping[str, float] | None
) -> tuple[str, float]:
    offered = [
        name
        for name, metric in METRICS.items()
        if kind in metric.kinds and (mode == "robust" or metric.azureml)
    ]
    left, right = column.columns([3, 2], vertical_alignment="bottom")  # type: ignore[attr-defined]
    name = left.selectbox(
        f"{kind.capitalize()} metric",
        offered,
        index=offered.index(HEADLINE[kind]),
        format_func=lambda name: METRICS[name].label,
        key=f"{key}{kind}",
        bind="query-params",
        help="The metric that decides on a feature; all others are computed too.",
    )
    metric = METRICS[name]
    lower = mode == "azureml" and metric.azureml_worse == "lower"
    threshold = right.number_input(
        "below" if lower else "above",
        min_value=0.0,
        value=metric.threshold(kind, mode, in_force if mode == "robust" else None),
        step=0.01,
        format="%.3g",
        key=f"{key}{kind}-{name}-{mode}",
        bind="query-params",
        help=f"Alarm when the {'p-value is below' if lower else 'value is above'} this. "
        + explain("threshold"),
    )
    return name, float(threshold)


def show(report: DriftReport, rule: Rule, key: str) -> None:
    """Draw a report: what was found, where and when, one feature in detail, every number."""
    deciding = _deciding(report, rule)
    _show_summary(report, deciding)
    if not deciding:
        return
    order = list(ranked(deciding))
    with cards.panel("Features by day" if report.daily else "Features", help=explain("data drift")):
        clicked = _show_heat_map(report, rule, order, key) if report.daily else None
        if not report.daily:
            _show_ranking(deciding, order, key)
    feature = pick_feature(order, clicked, key)
    _show_feature(report, rule, feature, key)
    with cards.panel("All numbers"):
        show_numbers(report, key)


def _deciding(report: DriftReport, rule: Rule) -> dict[str, MetricResult]:
    """Return the result that decides on each feature under this rule."""
    found = headline(report.results)
    for result in report.results:
        if result.kind and result.metric == rule.metric_of(result.kind):
            found[result.subject] = result
    if report.by_day:
        return {name: _by_days(report, result) for name, result in found.items()}
    return found


def _by_days(report: DriftReport, result: MetricResult) -> MetricResult:
    """Where each day is compared with days of its own, two of the last three decide."""
    history = report.history(result.subject, result.metric)
    if not {day.status for day in history} & {"ok", "breached"}:
        return result
    return replace(result, status="breached" if since(history) else "ok")


def _show_summary(report: DriftReport, deciding: dict[str, MetricResult]) -> None:
    breached = [name for name, result in deciding.items() if result.status == "breached"]
    blind = [n for n, r in deciding.items() if r.status not in {"breached", "ok"}]
    rows = max((result.rows for result in report.results), default=0)
    first, second, third, fourth = st.columns(4)
    with first:
        status: Status = (
            "breached" if breached else "ok" if len(blind) < len(deciding) else "no_data"
        )
        cards.kpi(
            "Features that breached",
            f"{len(breached)} of {len(deciding)}",
            status,
            note=", ".join(breached[:4]) + (" and more" if len(breached) > 4 else ""),  # noqa: PLR2004
        )
    with second:
        cards.kpi(
            "Not judged",
            str(len(blind)),
            "not_enough_data" if blind else "ok",
            note=", ".join(blind[:4]) or "every feature has a verdict",
        )
    with third, st.container(border=True, height="stretch", gap="xsmall"):
        st.metric("Reference rows", f"{report.baseline.rows:,}", help=explain("reference"))
        st.text(report.baseline.name)
        if report.by_day:
            st.caption(
                "Each day is compared with days of its own, and counts as different only if it "
                "differs more than these do from one another. A feature breaches when two of its "
                "last three days do."
            )
    with fourth, st.container(border=True, height="stretch", gap="xsmall"):
        st.metric("Production rows", f"{rows:,}", help=explain("production"))
        st.text(_covered(report))
    if report.notes:
        st.text(" ".join(report.notes))
    if not report.complete:
        states.show(
            states.State(
                "Partial",
                ":material/hourglass_top:",
                "gray",
                f"{len(report.daily)} days were compared before it was stopped.",
                next="Run it again for the rest.",
            )
        )


def _covered(report: DriftReport) -> str:
    if report.window is None:
        return "two files, no window"
    return f"{report.window} · {len(report.daily)} days with data"


def _show_heat_map(report: DriftReport, rule: Rule, order: list[str], key: str) -> str | None:
    days = sorted(report.daily)
    cells = {
        (result.subject, day): result
        for day in days
        for result in report.daily[day]
        if result.metric == rule.metric_of(result.kind)
    }
    grid = [[cells.get((feature, day)) for day in days] for feature in order]
    values = [[np.nan if c is None or c.value is None else c.value for c in line] for line in grid]
    statuses = [["no_data" if c is None else c.status for c in line] for line in grid]
    rows = [[0 if c is None else c.rows for c in line] for line in grid]
    limits = [next((c.threshold for c in line if c), np.nan) for line in grid]
    chart = charts.heat_map(order, days, values, statuses, thresholds=limits, rows=rows)
    table = pd.DataFrame(
        values, index=pd.Index(order, name="feature"), columns=[f"{day}" for day in days]
    ).reset_index()
    selection = cards.show_chart(chart, key=f"{key}heat", table=table, selectable=True)
    points = (selection or {}).get("selection", {}).get("points", [])
    return order[round(points[0]["y"])] if points else None


def _show_ranking(deciding: dict[str, MetricResult], order: list[str], key: str) -> None:
    table = pd.DataFrame(
        {
            "Feature": order,
            "Kind": [deciding[n].kind or "–" for n in order],
            "Status": [cards.status_label(deciding[n].status) for n in order],
            "Value / threshold": [excess(deciding[n]) for n in order],
            "Why": [deciding[n].reason for n in order],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key=f"{key}ranking",
        alt="Features by how far each exceeds its threshold",
        column_config={
            "Value / threshold": st.column_config.ProgressColumn(
                min_value=0.0, max_value=3.0, format="%.2f"
            )
        },
    )


def _show_feature(report: DriftReport, rule: Rule, feature: str, key: str) -> None:
    results = report.of(feature)
    left, right = st.columns(2)
    with left, cards.panel("Reference and production"):
        _show_overlay(report, feature, results, key)
    with right, cards.panel("Over time"):
        metric = rule.metric_of(results[0].kind)
        history = report.history(feature, metric)
        if not history:
            st.text("One comparison has no course over time. Name a time column to split by day.")
        else:
            _show_trend(history, key)
    with cards.panel("Every metric of this feature"):
        _show_results(results, key)


def _show_overlay(
    report: DriftReport, feature: str, results: Sequence[MetricResult], key: str
) -> None:
    reference = report.baseline.profiles.get(feature)
    production = report.production.get(feature)
    if reference is None or production is None or not reference.n or not production.n:
        reason = next((r.reason for r in results if r.reason), "nothing was counted")
        states.show(states.blind(None, f"{feature}: {reason}."))
        return
    comparison = Comparison(reference, production)
    if comparison.kind == "categorical":
        one, two, labels = comparison.histogram
        chart = charts.overlay_categories(labels, one / one.sum(), two / two.sum(), unit=feature)
        table = pd.DataFrame({feature: labels, "reference rows": one, "production rows": two})
    else:
        cells = comparison.cells
        chart = charts.overlay(cells.left, cells.right, *comparison.shares, unit=feature)
        one, two, labels = comparison.histogram
        table = pd.DataFrame({"bin": labels, "reference rows": one, "production rows": two})
    cards.show_chart(chart, key=f"{key}overlay", table=table)
    st.caption(
        f"Reference {reference.n:,} rows, {reference.null_rate or 0:.1%} null · "
        f"production {production.n:,} rows, {production.null_rate or 0:.1%} null"
    )
    if new := comparison.new_categories():
        st.text("New: " + ", ".join(f"{label} ({n:,})" for label, n in list(new.items())[:5]))
    if gone := comparison.vanished_categories():
        st.text("Vanished: " + ", ".join(list(gone)[:5]))


def _show_trend(history: Sequence[MetricResult], key: str) -> None:
    first = history[0]
    days = [r.window.start if r.window else datetime.min.replace(tzinfo=UTC) for r in history]
    has_band = any(r.interval for r in history)
    chart = charts.trend(
        days,
        [np.nan if r.value is None else r.value for r in history],
        name=METRICS[first.metric].label if first.metric in METRICS else first.metric,
        rows=[r.rows for r in history],
        low=[np.nan if r.interval is None else r.interval.low for r in history]
        if has_band
        else None,
        high=[np.nan if r.interval is None else r.interval.high for r in history]
        if has_band
        else None,
        threshold=first.threshold,
        noise_floor=[np.nan if r.noise_floor is None else r.noise_floor for r in history]
        if any(r.noise_floor is not None for r in history)
        else None,
        statuses=[r.status for r in history],
        unit=first.unit,
    )
    cards.show_chart(chart, key=f"{key}trend", table=results_table(history, LABELS))


def _show_results(results: Sequence[MetricResult], key: str) -> None:
    table = results_table(results, LABELS).drop(columns="Day", errors="ignore")
    st.dataframe(table, hide_index=True, key=f"{key}results", alt="Every metric of this feature")
    robust = any(r.noise_floor is not None for r in results)
    terms = f"Noise floor: {explain('noise floor')} p adjusted: {explain('BH')} " if robust else ""
    st.caption(
        terms + " ".join({f"{r.method[0].upper()}{r.method[1:]}." for r in results if r.method})
    )
