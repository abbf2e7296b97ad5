"""Drift on screen: what to ask, the run with its progress, and the result. Two pages share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from monitoring.arrays import Kind
from monitoring.metric import MetricResult, Mode
from monitoring.metrics.drift import HEADLINE, METRICS
from monitoring.signals.data_drift.report import DriftReport, headline, ranked
from monitoring.verdict import excess, since
from ui.loaders import monitor
from ui.loaders.monitor import Thresholds
from ui.parts import cards, choices, numbers, result_charts, result_table, states
from ui.parts.cards import Tile
from ui.parts.glossary import explain
from ui.parts.report_view import pick_feature, pick_mode, show_numbers

MODE_HELP = (
    "Robust: an alarm needs an effect over its threshold, above what chance does at that many rows, "
    "significant among all features, on at least 30 rows. As Azure ML: the numbers of its own "
    "monitor, with its row deletion and its limits."
)
LABELS = {name: metric.label for name, metric in METRICS.items()}
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
    mode_column, *columns = st.columns(3)
    with mode_column:
        mode = pick_mode(key, MODE_HELP)
    held = in_force if mode == "robust" else None
    numerical, categorical = (
        _pick_metric(column, kind, mode, key, held)
        for column, kind in zip(columns, KINDS, strict=True)
    )
    return Rule(mode, (numerical[0], categorical[0]), (numerical[1], categorical[1]))


def _pick_metric(
    column: DeltaGenerator, kind: Kind, mode: Mode, key: str, held: Mapping[str, float] | None
) -> tuple[str, float]:
    offered = [
        name
        for name, metric in METRICS.items()
        if kind in metric.kinds and (mode == "robust" or metric.azureml)
    ]
    left, right = column.columns([3, 2], vertical_alignment="bottom")
    name = left.selectbox(
        f"{kind.capitalize()} metric",
        offered,
        index=offered.index(HEADLINE[kind]),
        format_func=LABELS.__getitem__,
        key=f"{key}{kind}",
        bind="query-params",
        help="The metric that decides on a feature; all others are computed too.",
    )
    metric = METRICS[name]
    lower = mode == "azureml" and metric.azureml_worse == "lower"
    with right:
        threshold = choices.limited(
            "below" if lower else "above",
            f"{key}{kind}-{name}-{mode}",
            metric.threshold(kind, mode, held),
            help=f"Alarm when the {'p-value is below' if lower else 'value is above'} this. "
            + explain("threshold"),
        )
    return name, threshold


def show(report: DriftReport, rule: Rule, key: str) -> None:
    """Draw a report: what was found, where and when, one feature in detail, every number."""
    deciding = _deciding(report, rule)
    _show_summary(report, deciding)
    if not deciding:
        return
    order = list(ranked(deciding))
    with cards.panel("Features by day" if report.daily else "Features", help=explain("data drift")):
        if report.daily:
            clicked = _show_heat_map(report, rule, order, key)
        else:
            clicked = None
            _show_ranking([deciding[name] for name in order], key)
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
    cards.tiles(
        Tile(
            "Features that breached",
            f"{len(breached)} of {len(deciding)}",
            cards.status_of(breached=breached, judged=len(blind) < len(deciding)),
            numbers.names(breached, 4),
        ),
        Tile(
            "Not judged",
            str(len(blind)),
            "not_enough_data" if blind else "ok",
            ", ".join(blind[:4]) or "every feature has a verdict",
        ),
        partial(_show_reference, report),
        Tile(
            "Production rows",
            f"{max((result.rows for result in report.results), default=0):,}",
            note=_covered(report),
            term="production",
        ),
    )
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


def _show_reference(report: DriftReport) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric("Reference rows", f"{report.baseline.rows:,}", help=explain("reference"))
        st.text(report.baseline.name)
        if report.by_day:
            st.caption(
                "Each day is compared with days of its own, and counts as different only if it "
                "differs more than these do from one another. A feature breaches when two of its "
                "last three days do."
            )


def _show_heat_map(report: DriftReport, rule: Rule, order: list[str], key: str) -> str | None:
    days = sorted(report.daily)
    cells = {
        (result.subject, day): result
        for day in days
        for result in report.daily[day]
        if result.metric == rule.metric_of(result.kind)
    }
    names = {name: name for name in order}
    return result_charts.show_heat_map(cells, days, names, f"{key}heat", of="feature")


#: Of features, the worst first.
RANKING: result_table.Columns = {
    "Feature": lambda result: result.subject,
    "Kind": lambda result: result.kind or numbers.NONE,
    **result_table.STATUS,
    "Value / threshold": excess,
    **result_table.REASON,
}


EXCESS = st.column_config.ProgressColumn(min_value=0.0, max_value=3.0, format="%.2f")


def _show_ranking(ranking: Sequence[MetricResult], key: str) -> None:
    st.dataframe(
        result_table.table(ranking, RANKING),
        hide_index=True,
        key=f"{key}ranking",
        alt="Features by how far each exceeds its threshold",
        column_config={"Value / threshold": EXCESS},
    )


def _show_feature(report: DriftReport, rule: Rule, feature: str, key: str) -> None:
    results = report.of(feature)
    left, right = st.columns(2)
    with left, cards.panel("Reference and production"):
        _show_overlay(report, feature, results, key)
    with right, cards.panel("Over time"):
        metric = rule.metric_of(results[0].kind)
        history = report.history(feature, metric)
        if history:
            label = LABELS.get(metric, metric)
            chart = result_charts.trend(history, label, history[0].threshold)
            table = result_table.results_table(history, LABELS)
            cards.show_chart(chart, key=f"{key}trend", table=table)
        else:
            st.text("One comparison has no course over time. Name a time column to split by day.")
    with cards.panel("Every metric of this feature"):
        _show_results(results, key)


def _show_overlay(
    report: DriftReport, feature: str, results: Sequence[MetricResult], key: str
) -> None:
    profiles = report.baseline.profiles.get(feature), report.production.get(feature)
    comparison = result_charts.compared(feature, *profiles, results)
    if comparison is None:
        return
    sides = "reference rows", "production rows"
    result_charts.show_overlay(comparison, feature, sides, f"{key}overlay", bins="bin")
    reference, production = comparison.reference, comparison.production
    st.caption(
        f"Reference {reference.n:,} rows, {reference.null_rate or 0:.1%} null · "
        f"production {production.n:,} rows, {production.null_rate or 0:.1%} null"
    )
    if new := comparison.new_categories():
        st.text("New: " + ", ".join(f"{label} ({n:,})" for label, n in list(new.items())[:5]))
    if gone := comparison.vanished_categories():
        st.text("Vanished: " + ", ".join(list(gone)[:5]))


def _show_results(results: Sequence[MetricResult], key: str) -> None:
    table = result_table.undated_table(results, LABELS)
    st.dataframe(table, hide_index=True, key=f"{key}results", alt="Every metric of this feature")
    robust = any(r.noise_floor is not None for r in results)
    terms = f"Noise floor: {explain('noise floor')} p adjusted: {explain('BH')} " if robust else ""
    methods = dict.fromkeys(f"{r.method[0].upper()}{r.method[1:]}." for r in results if r.method)
    st.caption(terms + cards.escaped(" ".join(methods)))
