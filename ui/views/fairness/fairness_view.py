"""Fairness on screen: which groups, by which definition, how far apart, and since when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.charts import Chart
from monitoring.counting.totals.groups import Group
from monitoring.counting.totals.outcomes import Outcomes, coverage, total
from monitoring.errors import MonitoringError
from monitoring.kept.memory import Entry
from monitoring.metrics.fairness import DISPARITIES, GROUP_METRICS
from monitoring.metrics.fairness_metric import GroupMetric, counts_of
from monitoring.signals.fairness import history as fairness_history
from monitoring.signals.fairness import report as fairness
from monitoring.signals.fairness.group_counts import CountedGroups
from monitoring.signals.fairness.history import Point
from monitoring.signals.fairness.report import DisparityResult, FairnessReport, GroupResult
from monitoring.statistics.performance import Performance
from monitoring.window import Window
from ui.parts import cards, numbers, result_charts, result_table, states
from ui.parts.cards import Tile
from ui.parts.glossary import explain
from ui.views.fairness.fairness_choice import Asked

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
    merged = _merged(found.value)
    return cards.labels_of(found, merged.predictions, merged.labelled)


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


def _merged(counted: CountedGroups) -> Outcomes:
    return total(o for day in counted.days.values() for o in day.outcomes.values())


def _is_judged(each: GroupResult | DisparityResult) -> bool:
    return each.result.status in {"ok", "breached"}


def _has_breached(each: GroupResult | DisparityResult) -> bool:
    return each.result.status == "breached"


def _show_tiles(report: FairnessReport, asked: Asked) -> None:
    mine = report.groups.get(asked.metric.name, ())
    small = sum(not _is_judged(each) for each in mine)
    merged = _merged(report.counted)
    cards.tiles(
        _tile_outside(mine, asked),
        _tile_definitions(report),
        Tile(
            "Groups without a verdict",
            f"{small} of {len(mine)}",
            "not_enough_data" if small else "ok",
            f"{asked.rule.least_rows:,} {asked.metric.needs} are needed",
        ),
        Tile(
            "Predictions",
            f"{merged.predictions:,}",
            note=f"{coverage(merged) or 0:.0%} with a label · {len(report.counted.days)} days",
            term="production",
        ),
    )
    if report.counted.faults:
        left_out = ", ".join(f"{name} ({n:,})" for name, n in report.counted.faults.items())
        st.text(f"In the rows of this window: {left_out}.")


def _limit(asked: Asked) -> str:
    limit = asked.rule.limit(asked.metric)
    return f"{limit:.0%} of their error" if asked.metric.scale else f"{limit:.3g}"


def _tile_outside(mine: Sequence[GroupResult], asked: Asked) -> Tile:
    judged = list(filter(_is_judged, mine))
    breached = list(filter(_has_breached, judged))
    held = f"limit {_limit(asked)} from all others" if judged else "no group is large enough"
    return Tile(
        f"Groups outside, {asked.metric.label.lower()}",
        f"{len(breached)} of {len(judged)}" if judged else numbers.NONE,
        cards.status_of(breached=breached, judged=len(judged) > 1, unjudged="not_enough_data"),
        ", ".join(_name(each.group) for each in breached[:3]) or held,
    )


def _tile_definitions(report: FairnessReport) -> Tile:
    known = list(filter(_is_judged, report.disparities))
    breached = list(filter(_has_breached, known))
    labels = [DISPARITIES[each.result.metric].label for each in breached]
    held = "no gap beyond its threshold" if known else "too few groups or labels"
    return Tile(
        "Definitions not met",
        f"{len(breached)} of {len(known)}" if known else numbers.NONE,
        cards.status_of(breached=breached, judged=known, unjudged="not_enough_data"),
        numbers.names(labels, 2) or held,
        "disparity",
    )


def _show_groups(report: FairnessReport, asked: Asked, key: str) -> None:
    mine = _ordered(report, asked)
    if not mine:
        states.show(states.blind(None, "No group has a row."))
        return
    largest = sorted(mine, key=lambda each: -each.result.rows)[:DRAWN_GROUPS]
    drawn = [each for each in mine if each in largest]
    chart = _group_chart(report, drawn, asked)
    cards.show_chart(chart, key=f"{key}groups")
    left_out = len(mine) - len(drawn)
    note = f" The {left_out} smallest groups are in the table only." if left_out else ""
    st.text(chart.summary + note)
    table = pd.DataFrame([_group_cells(report, each, asked) for each in mine])
    cards.show_table(table, key=f"{key}group-table", alt=chart.summary)
    st.caption(
        f"Each group against all other groups together. {explain('pooled')} p adjusted: over every "
        f"group and metric of this page. {cards.escaped(drawn[0].result.method)}."
    )


def _group_chart(report: FairnessReport, drawn: Sequence[GroupResult], asked: Asked) -> Chart:
    results = [each.result for each in drawn]
    low, high = zip(*(_allowed(each, asked.metric) for each in drawn), strict=True)
    pooled = [_pooled(each) for each in drawn]
    return charts.group_intervals(
        [_name(each.group) for each in drawn],
        result_charts.values(results),
        **result_charts.band(results),
        statuses=[result.status for result in results],
        rows=[result.rows for result in results],
        allowed=(low, high),
        overall=_overall(report, asked.metric),
        pooled=pooled if _is_crossed(report) else None,
        unit=asked.metric.unit,
    )


def _is_crossed(report: FairnessReport) -> bool:
    return len(report.counted.grouping.cuts) > 1


def _pooled(each: GroupResult) -> float:
    return each.pooled.value if each.pooled else math.nan


def _ordered(report: FairnessReport, asked: Asked) -> list[GroupResult]:
    """Groups with a verdict first; of a category the highest value first, ranges in their order."""
    mine = [each for each in report.groups.get(asked.metric.name, ()) if _size(report, each.group)]
    if _is_crossed(report) or not report.counted.grouping.cuts[0].edges:
        mine.sort(key=lambda e: math.inf if e.result.value is None else -e.result.value)
    return sorted(mine, key=lambda each: not _is_judged(each))


def _size(report: FairnessReport, group: Group) -> int:
    return report.counts[group].predictions


def _name(group: Group) -> str:
    return group[0] if len(group) == 1 else " × ".join(group)


def _allowed(each: GroupResult, metric: GroupMetric) -> tuple[float, float]:
    """Return the range that a group may lie in; infinite on a side where all is well."""
    if each.others is None or math.isnan(each.result.threshold):
        return math.nan, math.nan
    reach = abs(each.result.threshold - each.others)
    low = -math.inf if metric.worse == "higher" else each.others - reach
    return low, math.inf if metric.worse == "lower" else each.others + reach


def _overall(report: FairnessReport, metric: GroupMetric) -> float:
    try:
        return metric.measure(counts_of(_merged(report.counted), report.positive)).value
    except MonitoringError:
        return math.nan


def _range(low: float, high: float) -> str:
    if math.isnan(low):
        return ""
    if math.isinf(low):
        return f"at most {high:.3g}"
    return f"at least {low:.3g}" if math.isinf(high) else f"{low:.3g} to {high:.3g}"


def _group_cells(report: FairnessReport, each: GroupResult, asked: Asked) -> dict[str, object]:
    result = each.result
    return {
        "Group": _name(each.group),
        "Status": cards.status_label(result.status),
        "n": result.rows,
        "Predictions": _size(report, each.group),
        **result_table.cells(result, result_table.NUMBER),
        "All other groups": numbers.rounded(each.others),
        "Allowed": _range(*_allowed(each, asked.metric)),
        "Partially pooled": numbers.rounded(_pooled(each)),
        **result_table.cells(result, result_table.PVALUE | result_table.REASON),
    }


def _show_disparities(report: FairnessReport, key: str) -> None:
    judged = {
        **result_table.STATUS,
        **result_table.NUMBER,
        **result_table.THRESHOLD,
        **result_table.PVALUE,
    }
    lines = [
        {
            "Definition": DISPARITIES[each.result.metric].label,
            **result_table.cells(each.result, judged),
            "Lowest and highest": " / ".join(each.ends),
            "n": each.result.rows,
            "What it asks": DISPARITIES[each.result.metric].asks,
            "Why": each.result.reason,
        }
        for each in report.disparities
    ]
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
    value, low, high, rows = zip(*(_Measured.of(point.group) for point in points), strict=True)
    chart = charts.course(
        [point.window.start for point in points],
        value,
        low=low,
        high=high,
        rows=rows,
        name=picked,
        reference=[_Measured.of(point.others).value for point in points],
        reference_name="all other groups",
        unit=asked.metric.unit,
        few=asked.rule.least_rows,
    )
    table = pd.DataFrame([_point_cells(point) for point in points])
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


class _Measured(NamedTuple):
    """A number in a period; NaN where there is none."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    rows: int = 0

    @classmethod
    def of(cls, found: Performance | None) -> _Measured:
        if found is None:
            return cls()
        return cls(found.value, found.interval.low, found.interval.high, found.rows)


def _point_cells(point: Point) -> dict[str, object]:
    mine = _Measured.of(point.group)
    return {
        "From": f"{point.window.start:%Y-%m-%d}",
        "n": mine.rows,
        "Value": numbers.rounded(mine.value),
        "Low (95 %)": numbers.rounded(mine.low),
        "High (95 %)": numbers.rounded(mine.high),
        "All other groups": numbers.rounded(_Measured.of(point.others).value),
    }
