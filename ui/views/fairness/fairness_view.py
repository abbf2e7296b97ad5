"""Fairness on screen: which groups, by which definition, how far apart, and since when."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.counting.totals.outcomes import coverage, total
from monitoring.errors import MonitoringError
from monitoring.metric import MetricResult, Status
from monitoring.metrics.fairness import DISPARITIES, GROUP_METRICS
from monitoring.metrics.fairness_metric import GroupMetric, counts_of
from monitoring.signals.fairness import history as fairness_history
from monitoring.signals.fairness import report as fairness
from ui.parts import cards, states
from ui.parts.glossary import explain

if TYPE_CHECKING:
    from monitoring.counting.totals.groups import Group
    from monitoring.kept.memory import Entry
    from monitoring.signals.fairness.group_counts import CountedGroups
    from monitoring.signals.fairness.report import FairnessReport, GroupResult
    from monitoring.window import Window
    from ui.views.fairness.fairness_choice import Asked

T = TypeVar("T")
Progress = Callable[[float, str], None]

#: More groups than this are not drawn; the table has them all.
DRAWN_GROUPS = 30
NOTE = (
    "A difference between groups is no proof of discrimination, and no difference no proof of "
    "fairness. Groups can differ in what the model is asked, labels can carry the bias of whoever gave "
    "them, and every definition asks for something else: some cannot hold together. Read what the "
    "chosen one asks, how many rows it rests on, and decide with those who know the harm."
)


def freshness(found: Entry[CountedGroups]) -> cards.Freshness:
    """Return the footer of all that shows groups."""
    merged = total(o for day in found.value.days.values() for o in day.outcomes.values())
    waiting = merged.predictions - merged.labelled
    missing = f"{waiting:,} labels are not in yet." if waiting else ""
    return cards.taken(found, rows=merged.predictions, missing=missing)


def show(counted: CountedGroups, window: Window, asked: Asked, key: str) -> None:
    """Draw all that is known of the groups."""
    try:
        report = fairness.judge(counted, window, asked.rule)
    except MonitoringError as error:
        states.show_error(error)
        return
    _show_tiles(report, asked)
    with cards.panel(f"{asked.metric.label} by group", help=asked.metric.asks):
        st.caption(f"What it asks: {asked.metric.asks}")
        _show_groups(report, asked, key)
    with cards.panel("How far apart all groups are", help=explain("disparity")):
        _show_disparities(report, key)
    with cards.panel("One group over time"):
        _show_history(report, asked, key)
    with cards.panel("What the definitions ask, and which exclude each other"):
        _show_definitions(report, key)


def _show_tiles(report: FairnessReport, asked: Asked) -> None:
    mine = report.groups.get(asked.metric.name, ())
    judged = [each for each in mine if each.result.status in {"ok", "breached"}]
    breached = [each for each in judged if each.result.status == "breached"]
    first, second, third, fourth = st.columns(4)
    with first:
        status: Status = "breached" if breached else "ok" if len(judged) > 1 else "not_enough_data"
        cards.kpi(
            f"Groups outside, {asked.metric.label.lower()}",
            f"{len(breached)} of {len(judged)}" if judged else "–",
            status,
            note=", ".join(_name(each.group) for each in breached[:3])
            or (f"limit {_limit(asked)} from all others" if judged else "no group is large enough"),
        )
    with second:
        _show_any(report)
    with third:
        small = len(mine) - len(judged)
        cards.kpi(
            "Groups without a verdict",
            f"{small} of {len(mine)}",
            "not_enough_data" if small else "ok",
            note=f"{asked.rule.least_rows:,} {asked.metric.needs} are needed",
        )
    with fourth, st.container(border=True, height="stretch", gap="xsmall"):
        merged = total(o for day in report.counted.days.values() for o in day.outcomes.values())
        st.metric("Predictions", f"{merged.predictions:,}", help=explain("production"))
        st.text(f"{coverage(merged) or 0:.0%} with a label · {len(report.counted.days)} days")
    if report.counted.faults:
        left_out = ", ".join(f"{name} ({n:,})" for name, n in report.counted.faults.items())
        st.text(f"In the rows of this window: {left_out}.")


def _limit(asked: Asked) -> str:
    limit = asked.rule.limit(asked.metric)
    return f"{limit:.0%} of their error" if asked.metric.scale else f"{limit:.3g}"


def _show_any(report: FairnessReport) -> None:
    known = [each for each in report.disparities if each.result.status in {"ok", "breached"}]
    breached = [each for each in known if each.result.status == "breached"]
    status: Status = "breached" if breached else "ok" if known else "not_enough_data"
    labels = [DISPARITIES[each.result.metric].label for each in breached]
    note = ", ".join(labels[:2]) + (" and more" if len(labels) > 2 else "")  # noqa: PLR2004
    cards.kpi(
        "Definitions not met",
        f"{len(breached)} of {len(known)}" if known else "–",
        status,
        note=note or ("no gap beyond its threshold" if known else "too few groups or labels"),
        term="disparity",
    )


def _show_groups(report: FairnessReport, asked: Asked, key: str) -> None:
    mine = _ordered(report, asked)
    if not mine:
        states.show(states.blind(None, "No group has a row."))
        return
    drawn = sorted(mine, key=lambda each: -each.result.rows)[:DRAWN_GROUPS]
    drawn = [each for each in mine if each in drawn]
    results = [each.result for each in drawn]
    low, high = zip(*(_interval(result) for result in results), strict=True)
    allowed = [_allowed(each, asked.metric) for each in drawn]
    crossed = len(report.counted.grouping.cuts) > 1
    chart = charts.group_intervals(
        [_name(each.group) for each in drawn],
        [_or_nan(result.value) for result in results],
        low=low,
        high=high,
        statuses=[result.status for result in results],
        rows=[result.rows for result in results],
        allowed=([each[0] for each in allowed], [each[1] for each in allowed]),
        overall=_overall(report, asked.metric),
        pooled=[each.pooled.value if each.pooled else math.nan for each in drawn]
        if crossed
        else None,
        unit=asked.metric.unit,
    )
    cards.show_chart(chart, key=f"{key}groups")
    left_out = len(mine) - len(drawn)
    note = f" The {left_out} smallest groups are in the table only." if left_out else ""
    st.text(chart.summary + note)
    cards.show_table(_group_table(report, mine, asked), key=f"{key}group-table", alt=chart.summary)
    st.caption(
        f"Each group against all other groups together. {explain('pooled')} p adjusted: over every "
        f"group and metric of this page. {results[0].method}."
    )


def _ordered(report: FairnessReport, asked: Asked) -> list[GroupResult]:
    """Groups with a verdict first; of a category the highest value first, ranges in their order."""
    mine = [each for each in report.groups.get(asked.metric.name, ()) if _size(report, each.group)]
    if len(report.counted.grouping.cuts) > 1 or not report.counted.grouping.cuts[0].edges:
        mine.sort(key=lambda each: -_or(each.result.value, -math.inf))
    return sorted(mine, key=lambda each: each.result.status not in {"ok", "breached"})


def _size(report: FairnessReport, group: Group) -> int:
    return report.counts[group].predictions


def _name(group: Group) -> str:
    return group[0] if len(group) == 1 else " × ".join(group)


def _interval(result: MetricResult) -> tuple[float, float]:
    return (result.interval.low, result.interval.high) if result.interval else (math.nan, math.nan)


def _or_nan(value: float | None) -> float:
    return _or(value, math.nan)


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _allowed(each: GroupResult, metric: GroupMetric) -> tuple[float, float]:
    """Return the range that a group may lie in; infinite on a side where all is well."""
    if each.others is None or math.isnan(each.result.threshold):
        return math.nan, math.nan
    reach = abs(each.result.threshold - each.others)
    low = -math.inf if metric.worse == "higher" else each.others - reach
    return low, math.inf if metric.worse == "lower" else each.others + reach


def _overall(report: FairnessReport, metric: GroupMetric) -> float:
    parts = [o for day in report.counted.days.values() for o in day.outcomes.values()]
    try:
        return metric.measure(counts_of(total(parts), report.positive)).value
    except MonitoringError:
        return math.nan


def _group_table(report: FairnessReport, mine: list[GroupResult], asked: Asked) -> pd.DataFrame:
    lines = []
    for each in mine:
        result, (low, high) = each.result, _interval(each.result)
        allowed = _allowed(each, asked.metric)
        lines.append(
            {
                "Group": _name(each.group),
                "Status": cards.status_label(result.status),
                "n": result.rows,
                "Predictions": _size(report, each.group),
                "Value": _digits(_or_nan(result.value)),
                "Low (95 %)": _digits(low),
                "High (95 %)": _digits(high),
                "All other groups": _digits(_or_nan(each.others)),
                "Allowed": _range(*allowed),
                "Partially pooled": _digits(each.pooled.value if each.pooled else math.nan),
                "p adjusted": _pvalue(result.adjusted_pvalue),
                "Why": result.reason,
            }
        )
    return pd.DataFrame(lines)


def _digits(value: float) -> float:
    return float(f"{value:.4g}") if math.isfinite(value) else math.nan


def _range(low: float, high: float) -> str:
    if math.isnan(low):
        return ""
    if math.isinf(low):
        return f"at most {high:.3g}"
    return f"at least {low:.3g}" if math.isinf(high) else f"{low:.3g} to {high:.3g}"


def _pvalue(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"  # noqa: PLR2004 - four digits are shown


def _show_disparities(report: FairnessReport, key: str) -> None:
    lines = []
    for each in report.disparities:
        result, (low, high) = each.result, _interval(each.result)
        metric = DISPARITIES[result.metric]
        lines.append(
            {
                "Definition": metric.label,
                "Status": cards.status_label(result.status),
                "Value": _digits(_or_nan(result.value)),
                "Low (95 %)": _digits(low),
                "High (95 %)": _digits(high),
                "Threshold": f"{'>' if result.worse == 'higher' else '<'} {result.threshold:.3g}",
                "p adjusted": _pvalue(result.adjusted_pvalue),
                "Lowest and highest": " / ".join(each.ends),
                "n": result.rows,
                "What it asks": metric.asks,
                "Why": result.reason,
            }
        )
    cards.show_table(
        pd.DataFrame(lines), key=f"{key}disparities", alt="Disparities between all groups"
    )
    st.caption(
        "Intervals hold for all pairs of groups at once (Tukey's range test, simulated). A gap alarms "
        "beyond its threshold only while it is significant among all groups and metrics."
    )


def _show_history(report: FairnessReport, asked: Asked, key: str) -> None:
    names = {_name(each.group): each.group for each in _ordered(report, asked)}
    picked = st.selectbox(
        "Group", list(names), key=f"{key}group", help="Beside all other groups.", width=320
    )
    windows = fairness_history.periods(report.window, asked.step_days)
    history = fairness_history.history(report.counted, asked.metric, windows, asked.rule)
    points = history.get(names[picked], ()) if picked in names else ()
    if not points:
        states.show(states.blind(None, "This group has no prediction in this period."))
        return
    mine = [point.group for point in points]
    chart = charts.course(
        [point.window.start for point in points],
        [math.nan if each is None else each.value for each in mine],
        low=[math.nan if each is None else each.interval.low for each in mine],
        high=[math.nan if each is None else each.interval.high for each in mine],
        rows=[0 if each is None else each.rows for each in mine],
        name=picked,
        reference=[math.nan if p.others is None else p.others.value for p in points],
        reference_name="all other groups",
        unit=asked.metric.unit,
        few=asked.rule.least_rows,
    )
    table = pd.DataFrame(
        {
            "From": [f"{point.window.start:%Y-%m-%d}" for point in points],
            "n": [0 if each is None else each.rows for each in mine],
            "Value": [np.nan if each is None else _digits(each.value) for each in mine],
            "Low (95 %)": [np.nan if e is None else _digits(e.interval.low) for e in mine],
            "High (95 %)": [np.nan if e is None else _digits(e.interval.high) for e in mine],
            "All other groups": [
                np.nan if p.others is None else _digits(p.others.value) for p in points
            ],
        }
    )
    cards.show_chart(chart, key=f"{key}history", table=table)
    st.caption("Shown without verdicts: the whole window is judged, above.")


def _show_definitions(report: FairnessReport, key: str) -> None:
    if report.conflict:
        for sentence in report.conflict.sentences:
            st.text(sentence)
    lines = [
        {"Definition": metric.label, "What it asks": metric.asks, "Read from": metric.needs}
        for metric in GROUP_METRICS.values()
        if report.counted.task in metric.tasks
    ]
    cards.show_table(
        pd.DataFrame(lines), key=f"{key}definitions", alt="What each definition of fairness asks"
    )
