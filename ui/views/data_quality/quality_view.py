"""Data quality on screen: what to ask, and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import streamlit as st

from monitoring.metric import MetricResult, Mode
from monitoring.metrics.quality import METRICS, OF_FEATURES, OF_TABLE
from monitoring.metrics.quality_metric import TABLE
from monitoring.signals.data_quality.report import DataQualityReport
from monitoring.verdict import since
from ui.loaders import monitor
from ui.loaders.monitor import Thresholds
from ui.parts import cards, choices, numbers, result_charts, result_table, states
from ui.parts.cards import Tile
from ui.parts.glossary import explain
from ui.parts.report_view import pick_feature, pick_mode, show_numbers
from ui.parts.result_charts import Cells

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
        mode = pick_mode("", MODE_HELP)
    offered = [n for n in OF_FEATURES if mode == "robust" or METRICS[n].azureml_name]
    name = middle.selectbox(
        "Metric",
        offered,
        index=offered.index("null_value_rate"),
        format_func=LABELS.__getitem__,
        key=f"check-{mode}",
        bind="query-params",
        help="The metric in focus; all others are computed too.",
    )
    with right:
        threshold = choices.limited(
            "more than reference by",
            f"limit-{name}-{mode}",
            usual(name, mode, in_force),
            help=f"Alarm when the {METRICS[name].unit} rises so far above the reference's. "
            + explain("threshold"),
        )
    return Asked(mode, name, threshold)


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


def _show_summary(report: DataQualityReport, opened: dict[tuple[str, str], datetime]) -> None:
    results = [r for day in report.daily.values() for r in day]
    judged = any(map(_is_judged, results))
    ever = sorted({r.subject for r in results if r.status == "breached"})
    blind = sorted({r.subject for r in report.results if not _is_judged(r)})
    unjudged = "not_enough_data" if blind else cards.status_of(breached=False, judged=judged)
    breached = cards.status_of(breached=ever, judged=judged)
    never, all_judged = "no day of the window", "every column has a verdict"
    cards.tiles(
        _tile_open(opened, judged=judged),
        Tile("Breached on any day", str(len(ever)), breached, numbers.names(ever, NAMES) or never),
        Tile("Not judged", str(len(blind)), unjudged, numbers.names(blind, NAMES) or all_judged),
        Tile(
            "Rows checked",
            f"{report.rows:,}",
            note=(
                f"{len(report.daily)} days · {report.lines:,} collected lines",
                f"Reference: {report.baseline.rows:,} rows, {report.baseline.name}",
            ),
            term="production",
        ),
    )
    _show_notes(report)


def _show_notes(report: DataQualityReport) -> None:
    if report.notes:
        st.text(" ".join(report.notes))
    if not report.complete and report.window:
        asked = len(report.window.days())
        states.show(states.partial(len(report.daily), asked, "days", "it was stopped"))


def _tile_open(opened: dict[tuple[str, str], datetime], *, judged: bool) -> Tile:
    note = "nothing breaches in two of the last three days"
    now = sorted({subject for subject, _ in opened})
    if now:
        note = f"{numbers.names(now, NAMES)} · oldest since {min(opened.values()):%d %b}"
    status = cards.status_of(breached=now, judged=judged)
    return Tile("Open now", str(len(now)), status, note, "open breach")


def _cells(report: DataQualityReport, row: Callable[[MetricResult], str | None]) -> Cells:
    """Return the results of each day by row; None leaves a result out."""
    return {
        (name, day): result
        for day, results in report.daily.items()
        for result in results
        if (name := row(result)) is not None
    }


def _show_heat_map(
    report: DataQualityReport, metric: str, order: list[str], key: str
) -> str | None:
    cells = _cells(report, lambda result: result.subject if result.metric == metric else None)
    names = {name: name for name in order}
    return result_charts.show_heat_map(cells, sorted(report.daily), names, f"{key}heat")


def _show_feature(report: DataQualityReport, metric: str, feature: str, key: str) -> None:
    left, right = st.columns(2)
    with left, cards.panel(f"{LABELS[metric]} over time"):
        history = report.history(feature, metric)
        if history:
            _show_trend(history, f"{key}trend")
        else:
            st.text("This feature has no such metric: it is made for another kind of feature.")
    with right, cards.panel("Every metric of this feature"):
        _show_results(report.of(feature), f"{key}results")


def _show_trend(history: Sequence[MetricResult], key: str) -> None:
    threshold = next((r.threshold for r in history if np.isfinite(r.threshold)), None)
    chart = result_charts.trend(history, LABELS[history[0].metric], threshold)
    cards.show_chart(chart, key=key, table=result_table.results_table(history, LABELS))
    if any(r.noise_floor is not None for r in history):
        st.caption("Noise floor: what ordinary days of the two weeks before reach.")


def _show_results(results: Sequence[MetricResult], key: str) -> None:
    table = result_table.undated_table(results, LABELS)
    st.dataframe(table, hide_index=True, key=key, alt="Every metric, over the whole window")
    by_method: dict[str, list[str]] = {}
    for result in results:
        if result.method:
            by_method.setdefault(result.method, []).append(LABELS[result.metric])
    lines = [f"{', '.join(names)}: {method}." for method, names in by_method.items()]
    st.caption("  \n".join(map(cards.escaped, lines)))


def _show_rows(report: DataQualityReport, key: str) -> None:
    names = {name: LABELS[name] for name in OF_TABLE if report.history(TABLE, name)}
    if not names:
        states.show(states.blind(None, "nothing is known of the rows of this window."))
        return
    cells = _cells(report, lambda result: result.metric if result.subject == TABLE else None)
    days = sorted(report.daily)
    result_charts.show_heat_map(cells, days, names, f"{key}rows", selectable=False)
    _show_results(report.of(TABLE), f"{key}table")
    breached = dict.fromkeys(
        cells[name, day].metric
        for day in report.daily
        for name in names
        if (name, day) in cells and cells[name, day].status == "breached"
    )
    for name in breached:
        st.text(f"{LABELS[name]}: {METRICS[name].fix}")


def _show_changes(report: DataQualityReport, key: str) -> None:
    if not report.changes:
        st.text("Every column is there on each day, with the reference's type.")
        return
    changes = [(column, what, days) for column, (what, days) in report.changes.items()]
    table = pd.DataFrame(changes, columns=["Column", "What happened", "Days"])
    cards.show_table(table, key=f"{key}changes", alt="Columns that changed")


def _show_categories(report: DataQualityReport, key: str) -> None:
    if not report.categories:
        st.text("No new category, and none that vanished.")
        return
    table = pd.DataFrame(
        [
            {
                "Feature": each.feature,
                "Category": each.label,
                "Change": each.change,
                "Rows": each.rows,
                "Days": each.days,
            }
            for each in report.categories
        ]
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
            f"**{cards.escaped(each.name)}**: {each.count:,} of {each.of:,} {cards.escaped(each.unit)}. "
            + cards.escaped(each.words)
        )
        st.caption(cards.escaped(each.fix))
    counts = [(each.name, each.count, each.of, each.unit) for each in report.faults]
    table = pd.DataFrame(counts, columns=["Fault", "Count", "Of", "Unit"])
    with st.expander("Numbers", type="compact", icon=":material/table:"):
        cards.show_table(table, key=f"{key}faults", alt="Collection faults with their counts")


def _is_judged(result: MetricResult) -> bool:
    return result.status in {"ok", "breached"}
