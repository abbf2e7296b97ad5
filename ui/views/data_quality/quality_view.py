"""Data quality on screen: what to ask, and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.metric import MetricResult, Mode, Status
from monitoring.metrics.quality import METRICS, OF_FEATURES, OF_TABLE
from monitoring.metrics.quality_metric import TABLE
from monitoring.signals.data_quality.report import DataQualityReport
from monitoring.verdict import since
from ui.loaders import monitor
from ui.loaders.monitor import Thresholds
from ui.parts import cards, states
from ui.parts.glossary import explain
from ui.parts.report_view import pick_feature, results_table, show_numbers

MODES: dict[Mode, str] = {"robust": "Robust", "azureml": "As Azure ML"}
MODE_HELP = (
    "Robust: an alarm needs a rise over the reference beyond its threshold, an interval wholly "
    "above none, significance among all features, at least 30 rows, and more than ordinary days of the "
    "last two weeks have. As Azure ML: the numbers of its own monitor, nulls filled before types and "
    "bounds are checked."
)
LABELS = {name: metric.label for name, metric in METRICS.items()}
TERMS = {
    "null_value_rate": "null rate",
    "data_type_error_rate": "type error rate",
    "out_of_bounds_rate": "out of bounds rate",
    "new_category_rate": "new category rate",
    "vanished_category_rate": "vanished category rate",
    "constant_column": "constant column",
}
#: How many names a tile has room for.
NAMES = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """How to judge: mode, and the metric in focus with its threshold."""

    mode: Mode
    metric: str
    threshold: float

    def overrides(self) -> dict[str, float]:
        """Return thresholds by metric."""
        return {self.metric: self.threshold}


def pick(in_force: Mapping[str, float]) -> Asked:
    """Draw mode, metric and threshold, which begins as `in_force`. Bound to the URL."""
    left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
    with left:
        mode: Mode = st.segmented_control(
            "Mode",
            list(MODES),
            default="robust",
            format_func=lambda mode: MODES[mode],
            required=True,
            key="mode",
            bind="query-params",
            help=MODE_HELP,
        )
    offered = [n for n in OF_FEATURES if mode == "robust" or METRICS[n].azureml_name]
    name = middle.selectbox(
        "Metric",
        offered,
        index=offered.index("null_value_rate"),
        format_func=lambda name: METRICS[name].label,
        key=f"check-{mode}",
        bind="query-params",
        help="The metric in focus; all others are computed too.",
    )
    metric = METRICS[name]
    threshold = right.number_input(
        "more than reference by",
        min_value=0.0,
        value=usual(name, mode, in_force),
        step=0.01,
        format="%.3g",
        key=f"limit-{name}-{mode}",
        bind="query-params",
        help=f"Alarm when the {metric.unit} rises so far above the reference's. "
        + explain("threshold"),
    )
    return Asked(mode, name, float(threshold))


def limits(asked: Asked, in_force: Mapping[str, float]) -> Thresholds:
    """Return the thresholds that are asked for; None where they are those in force."""
    if asked.mode == "azureml":
        return tuple(asked.overrides().items())
    begin = {asked.metric: usual(asked.metric, asked.mode, in_force)}
    return monitor.limits(in_force, asked.overrides(), begin)


def usual(metric: str, mode: Mode, in_force: Mapping[str, float]) -> float:
    """Return the threshold of a metric where the reader leaves it alone."""
    return in_force.get(metric, METRICS[metric].threshold) if mode == "robust" else 0.0


def show(report: DataQualityReport, asked: Asked, key: str) -> None:
    """Draw a report: what was found, where and when, one feature in detail, every number."""
    opened = _opened(report)
    _show_summary(report, opened)
    order = _order(report, asked.metric)
    clicked = None
    with cards.panel(f"{LABELS[asked.metric]} by day", help=explain(TERMS[asked.metric])):
        if report.daily and order:
            clicked = _show_heat_map(report, asked.metric, order, key)
        else:
            states.show(states.blind(None, "no feature of this window has this metric."))
    if features := order or sorted({r.subject for r in report.results} - {TABLE}):
        feature = pick_feature(features, clicked, key)
        _show_feature(report, asked.metric, feature, key)
    with cards.panel("The rows as a whole", help=explain("rows as a whole")):
        _show_rows(report, key)
    left, right = st.columns(2)
    with left, cards.panel("Columns that changed", help=explain("schema change")):
        _show_changes(report, key)
    with right, cards.panel("Categories that came or went", help=explain("new category rate")):
        _show_categories(report, key)
    with cards.panel("Collection faults", help=explain("collection fault")):
        _show_faults(report, key)
    with cards.panel("All numbers"):
        show_numbers(report, key, "quality")


def _opened(report: DataQualityReport) -> dict[tuple[str, str], datetime]:
    """Return since when each subject and metric breaches that still does."""
    histories: dict[tuple[str, str], list[MetricResult]] = {}
    for day in sorted(report.daily):
        for result in report.daily[day]:
            histories.setdefault((result.subject, result.metric), []).append(result)
    starts = {key: since(history) for key, history in histories.items()}
    return {key: start for key, start in starts.items() if start is not None}


def _order(report: DataQualityReport, metric: str) -> list[str]:
    """Return the features that have a metric, those that breached on most days first."""
    breached: dict[str, tuple[int, float]] = {}
    for day in report.daily.values():
        for result in day:
            if result.metric != metric or result.subject == TABLE:
                continue
            count, most = breached.get(result.subject, (0, 0.0))
            excess = (result.value or 0.0) - result.threshold
            breached[result.subject] = count + (result.status == "breached"), max(most, excess)
    return sorted(breached, key=lambda name: (-breached[name][0], -breached[name][1], name))


def _names(subjects: Sequence[str]) -> str:
    shown = list(dict.fromkeys(subjects))
    return ", ".join(shown[:NAMES]) + (" and more" if len(shown) > NAMES else "")


def _show_summary(report: DataQualityReport, opened: dict[tuple[str, str], datetime]) -> None:
    results = [r for day in report.daily.values() for r in day]
    judged = [r for r in results if r.status in {"ok", "breached"}]
    ever = sorted({r.subject for r in results if r.status == "breached"})
    blind = {r.subject for r in report.results if r.status not in {"ok", "breached"}}
    first, second, third, fourth = st.columns(4)
    with first:
        status: Status = "breached" if opened else "ok" if judged else "no_data"
        now = sorted({subject for subject, _ in opened})
        oldest = f" · oldest since {min(opened.values()):%d %b}" if opened else ""
        cards.kpi(
            "Open now",
            str(len(now)),
            status,
            note=_names(now) + oldest if now else "nothing breaches in two of the last three days",
            term="open breach",
        )
    with second:
        cards.kpi(
            "Breached on any day",
            str(len(ever)),
            "breached" if ever else "ok" if judged else "no_data",
            note=_names(ever) or "no day of the window",
        )
    with third:
        cards.kpi(
            "Not judged",
            str(len(blind)),
            "not_enough_data" if blind else "ok" if judged else "no_data",
            note=_names(sorted(blind)) or "every column has a verdict",
        )
    with fourth, st.container(border=True, height="stretch", gap="xsmall"):
        st.metric("Rows checked", f"{report.rows:,}", help=explain("production"))
        st.text(f"{len(report.daily)} days · {report.lines:,} collected lines")
        st.text(f"Reference: {report.baseline.rows:,} rows, {report.baseline.name}")
    if report.notes:
        st.text(" ".join(report.notes))
    if not report.complete and report.window:
        asked = len(report.window.days())
        states.show(states.partial(len(report.daily), asked, "days", "it was stopped"))


def _show_heat_map(
    report: DataQualityReport, metric: str, order: list[str], key: str
) -> str | None:
    cells = {
        (result.subject, day): result
        for day, results in report.daily.items()
        for result in results
        if result.metric == metric
    }
    selection = _heat_map(report, cells, order, order, f"{key}heat")
    points = (selection or {}).get("selection", {}).get("points", [])
    return order[round(points[0]["y"])] if points else None


def _heat_map(
    report: DataQualityReport,
    cells: dict[tuple[str, date], MetricResult],
    order: list[str],
    names: list[str],
    key: str,
    *,
    selectable: bool = True,
) -> object:
    days = sorted(report.daily)
    grid = [[cells.get((row, day)) for day in days] for row in order]
    values = [[np.nan if c is None or c.value is None else c.value for c in line] for line in grid]
    chart = charts.heat_map(
        names,
        days,
        values,
        [["no_data" if c is None else c.status for c in line] for line in grid],
        thresholds=[next((c.threshold for c in line if c), np.nan) for line in grid],
        rows=[[0 if c is None else c.rows for c in line] for line in grid],
    )
    table = pd.DataFrame(
        values, index=pd.Index(names, name="name"), columns=[f"{day}" for day in days]
    ).reset_index()
    return cards.show_chart(chart, key=key, table=table, selectable=selectable)


def _show_feature(report: DataQualityReport, metric: str, feature: str, key: str) -> None:
    left, right = st.columns(2)
    with left, cards.panel(f"{LABELS[metric]} over time"):
        history = report.history(feature, metric)
        if history:
            show_trend(history, f"{key}trend")
            if any(r.noise_floor is not None for r in history):
                st.caption("Noise floor: what ordinary days of the two weeks before reach.")
        else:
            st.text("This feature has no such metric: it is made for another kind of feature.")
    with right, cards.panel("Every metric of this feature"):
        _show_results(report.of(feature), f"{key}results")


def show_trend(history: Sequence[MetricResult], key: str) -> None:
    """Draw a metric over time with its interval, threshold and rows."""
    first = history[0]
    floors = [np.nan if r.noise_floor is None else r.noise_floor for r in history]
    has_band = any(r.interval for r in history)
    bands = [(r.interval.low, r.interval.high) if r.interval else (np.nan, np.nan) for r in history]
    chart = charts.trend(
        [r.window.start if r.window else datetime.min.replace(tzinfo=UTC) for r in history],
        [np.nan if r.value is None else r.value for r in history],
        name=LABELS[first.metric],
        rows=[r.rows for r in history],
        low=[low for low, _ in bands] if has_band else None,
        high=[high for _, high in bands] if has_band else None,
        threshold=next((r.threshold for r in history if np.isfinite(r.threshold)), None),
        noise_floor=floors if np.isfinite(floors).any() else None,
        statuses=[r.status for r in history],
        unit=first.unit,
    )
    cards.show_chart(chart, key=key, table=results_table(history, LABELS))


def _show_results(results: Sequence[MetricResult], key: str) -> None:
    table = results_table(results, LABELS).drop(columns="Day", errors="ignore")
    st.dataframe(table, hide_index=True, key=key, alt="Every metric, over the whole window")
    by_method: dict[str, list[str]] = {}
    for result in results:
        if result.method:
            by_method.setdefault(result.method, []).append(LABELS[result.metric])
    lines = [f"{', '.join(names)}: {method}." for method, names in by_method.items()]
    st.caption("  \n".join(map(cards.escaped, lines)))


def _show_rows(report: DataQualityReport, key: str) -> None:
    order = [name for name in OF_TABLE if report.history(TABLE, name)]
    if not order:
        states.show(states.blind(None, "nothing is known of the rows of this window."))
        return
    cells = {
        (result.metric, day): result
        for day, results in report.daily.items()
        for result in results
        if result.subject == TABLE
    }
    names = [LABELS[name] for name in order]
    _heat_map(report, cells, order, names, f"{key}rows", selectable=False)
    _show_results(report.of(TABLE), f"{key}table")
    breached = [r.metric for day in report.daily.values() for r in day
                if r.subject == TABLE and r.status == "breached"]  # fmt: skip
    for name in dict.fromkeys(breached):
        st.text(f"{LABELS[name]}: {METRICS[name].fix}")


def _show_changes(report: DataQualityReport, key: str) -> None:
    if not report.changes:
        st.text("Every column is there on each day, with the reference's type.")
        return
    table = pd.DataFrame(
        {
            "Column": list(report.changes),
            "What happened": [what for what, _ in report.changes.values()],
            "Days": [days for _, days in report.changes.values()],
        }
    )
    cards.show_table(table, key=f"{key}changes", alt="Columns that changed")


def _show_categories(report: DataQualityReport, key: str) -> None:
    if not report.categories:
        st.text("No new category, and none that vanished.")
        return
    table = pd.DataFrame(
        {
            "Feature": [each.feature for each in report.categories],
            "Category": [each.label for each in report.categories],
            "Change": [each.change for each in report.categories],
            "Rows": [each.rows for each in report.categories],
            "Days": [each.days for each in report.categories],
        }
    )
    cards.show_table(table, key=f"{key}categories", alt="Categories that came or went")
    st.caption(
        "Rows of a new category are those of the window, rows of a vanished one those of the "
        "reference. Days: on how many days it was there, or missing."
    )


def _show_faults(report: DataQualityReport, key: str) -> None:
    if not report.faults:
        st.text(f"Nothing was wrong with {report.lines:,} collected lines.")
        return
    for each in report.faults:
        st.markdown(
            f"**{cards.escaped(each.name)}**: {each.count:,} of {each.of:,} {each.unit}. "
            + cards.escaped(each.words)
        )
        st.caption(cards.escaped(each.fix))
    table = pd.DataFrame(
        {
            "Fault": [each.name for each in report.faults],
            "Count": [each.count for each in report.faults],
            "Of": [each.of for each in report.faults],
            "Unit": [each.unit for each in report.faults],
        }
    )
    with st.expander("Numbers", type="compact", icon=":material/table:"):
        cards.show_table(table, key=f"{key}faults", alt="Collection faults with their counts")
