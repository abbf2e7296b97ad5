"""The tables of the guide, written from the results file between two marks each."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from benchmarks.parts import Value

Results: TypeAlias = Mapping[str, Mapping[str, object]]
Row: TypeAlias = tuple[str, ...]

MARKS = re.compile(r"(<!-- table (\w+) (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
#: Row of the cost table -> what its values begin with.
COSTS = {
    "**Leeway**, 1,000,000 rows": "drift_1m_ours",
    "the columns decoded by DuckDB": "drift_1m_decode_duckdb",
    "the columns decoded by Arrow": "drift_1m_decode_arrow",
    "Evidently": "drift_1m_evidently",
    "alibi-detect": "drift_1m_alibi_detect",
    "**Leeway**, 10,000,000 rows": "drift_10m_ours",
    "**Leeway**, 10,000 rows": "drift_10k_ours",
    "Evidently, 10,000 rows": "drift_10k_evidently",
    "alibi-detect, 10,000 rows": "drift_10k_alibi_detect",
}
FIGURES = {
    "process_cpu_seconds": "process CPU, s",
    "work_cpu_seconds": "work CPU, s",
    "wall_seconds": "wall, s",
    "peak_megabytes": "peak memory, MB",
    "features": "features answered",
}
RELATIONS = {">=": operator.ge, "<=": operator.le, "<": operator.lt}
#: What is aimed at: value, words, comparison with the goal.
GOALS = {
    "drift": (
        ("drift_1m_process_cpu_ratio_evidently_to_ours", "process CPU, Evidently / ours", ">=", 80),
        ("drift_1m_process_cpu_ratio_alibi_detect_to_ours", "process CPU, alibi-detect / ours", ">=", 10),
        ("drift_1m_work_cpu_ratio_ours_to_decode", "work CPU, ours / fastest decoding", "<=", 3),
        ("drift_peak_memory_ratio_10m_to_1m", "peak memory, 10M / 1M rows", "<=", 1.1),
        ("drift_1m_ks_features_outside_bound", "exact KS distances outside their certified bound", "<=", 0),
    ),
    "verdicts": (
        ("verdicts_false_alarm_share", "alarms without drift, share of features", "<=", 0.05),
        ("verdicts_many_values_false_alarm_share_largest", "alarms without drift, 50 to 5,000 categories, most of any", "<=", 0.05),
        ("verdicts_many_values_power_10_points_least", "10 points moved to one of many categories, seen", ">=", 0.95),
        ("verdicts_rare_class_breach_days_share_largest", "days in breach without drift, 1 and 2 % positive, most of any", "<=", 0.05),
        ("verdicts_power_normal_half_sd", "+0.5 SD seen, normal", ">=", 0.95),
        ("verdicts_power_lognormal_half_sd", "+0.5 SD seen, lognormal", ">=", 0.95),
        ("verdicts_power_t3_half_sd", "+0.5 SD seen, t with 3 degrees of freedom", ">=", 0.95),
        ("verdicts_power_category_10_points_to_rarest", "10 points from the most to the least frequent category, seen", ">=", 0.95),
        ("verdicts_power_category_10_points_between_frequent", "10 points between the two most frequent, seen", ">=", 0.95),
    ),
    "windows": (
        ("windows_window_cpu_milliseconds_largest", "CPU of a changed window, all metrics of 30 features, the slowest of four cases, ms", "<", 5),
        ("windows_window_1d_cpu_ratio_10m_to_100k", "1 day, 10M / 100k rows", "<=", 1.2),
        ("windows_window_365d_cpu_ratio_10m_to_100k", "365 days, 10M / 100k rows", "<=", 1.2),
        ("windows_100k_window_cpu_ratio_365d_to_1d", "365 days / 1 day, 100k rows", "<=", 1.1),
        ("windows_10m_window_cpu_ratio_365d_to_1d", "365 days / 1 day, 10M rows", "<=", 1.1),
        ("windows_10m_difference_from_counting_largest", "largest relative difference from counting the rows", "<=", 1e-9),
    ),
    "append": (
        ("append_1m_cpu_ratio_again_to_appended", "profiling 31 days again / appending one to 30", ">=", 10),
        ("append_1m_same_results", "the same results", ">=", 1),
    ),
    "performance": (
        ("performance_work_cpu_ratio_scikit_learn_to_ours", "work CPU, scikit-learn (whole) / ours (whole and 60 days, with intervals)", ">=", 8),
    ),
    "estimation": (
        ("estimation_work_cpu_ratio_nannyml_to_ours", "work CPU, NannyML / ours (daily CBPE with bands)", ">=", 30),
        ("estimation_binary_refused_broken", "chunks outside the reference refused, binary", ">=", 0.9),
        ("estimation_multiclass_refused_broken", "the same, multiclass", ">=", 0.9),
        ("estimation_regression_refused_broken", "the same, regression", ">=", 0.9),
        ("estimation_binary_refused_honest", "chunks inside the reference refused, binary", "<=", 0.05),
        ("estimation_multiclass_refused_honest", "the same, multiclass", "<=", 0.05),
        ("estimation_regression_refused_honest", "the same, regression", "<=", 0.05),
    ),
    "fairness": (
        ("fairness_1m_work_cpu_ratio_fairlearn_to_ours", "work CPU, fairlearn / ours (3 groups, 7 metrics, with intervals)", ">=", 500),
        ("fairness_1m_largest_difference", "largest difference between the two", "<=", 1e-9),
    ),
    "detection": (
        ("detection_data_drift_seen_share", "incidents that name data drift, seen by it", ">=", 1),
        ("detection_data_quality_seen_share", "incidents that name data quality, seen by it", ">=", 1),
        ("detection_prediction_drift_seen_share", "incidents that name prediction drift, seen by it", ">=", 1),
    ),
    "incidents": (
        ("incidents_appear_share", "scripted incidents that appear", ">=", 1),
        ("incidents_cause_in_first_three_share", "true cause among the first three suspects when detected", ">=", 0.95),
        ("incidents_cause_first_share", "true cause is the first suspect when detected", ">=", 0.85),
        ("incidents_data_delay_median_hours", "delay of the incidents in the data, median, h", "<=", 6),
        ("incidents_without_script_per_endpoint_month", "incidents without a script, per endpoint and month", "<=", 2),
        ("incidents_run_30_days_process_cpu_seconds", "process CPU of evaluating 30 days, days counted before, s", "<=", 36),
    ),
    "first_look": (
        ("first_look_overview_ratio", "Overview complete / bare Streamlit page", "<=", 3),
        ("first_look_incidents_list_ratio", "Incidents of 30 days listed / bare page", "<=", 3),
        ("first_look_incidents_timeline_ratio", "timeline of 30 days painted / bare page", "<=", 6),
        ("first_look_first_rows_seconds", "fresh cache: first numbers on Overview after the server is ready, s", "<=", 5),
        ("first_look_seven_days_seconds", "fresh cache: 7 days of every signal but the slow ones, s", "<=", 40),
        ("first_look_thirty_days_seconds", "fresh cache: 30 days of every signal but the slow ones, s", "<=", 100),
        ("first_look_busy_rerun_ratio", "P95 of another page's reruns while the evaluator works / idle", "<=", 2),
    ),
    "timeline": (
        ("timeline_drawn_seconds", "navigation to the timeline's last paint, 30 days from cache, s", "<", 2),
        ("timeline_lanes", "lanes drawn", ">=", 12),
    ),
    "traffic": (
        ("traffic_5m_day_work_cpu_ratio_pandas_to_ours", "work CPU, pandas (groupby) / ours (the product's KQL), 5,000,000 rows of a day", ">=", 8),
        ("traffic_5m_day_values_unequal", "values of the two answers that differ", "<=", 0),
    ),
    "sample": (("sample_build_wall_seconds", "sample workspace built, s", "<=", 60),),
}  # fmt: skip


def filled(guide: str, results: Results) -> str:
    """Return the guide with every table written anew."""
    tables: dict[str, Callable[[str, Results], str]] = {
        "machine": _machine,
        "costs": _costs,
        "goals": _goals,
        "values": _values,
    }

    def write(mark: re.Match[str]) -> str:
        begin, part, table, end = mark.groups()
        body = tables[table](part, results) if part in results else "Not measured yet."
        return f"{begin}{body}\n{end}"

    return MARKS.sub(write, guide)


def _machine(part: str, results: Results) -> str:
    entry = results[part]
    on = entry["machine"]
    if not isinstance(on, Mapping):
        return "Machine not recorded."
    packages = ", ".join(f"{name} {version}" for name, version in on["packages"].items())
    unfinished = "" if entry["complete"] else " **The part did not finish.**"
    return (
        f"Measured {str(entry['when'])[:10]} on {on['cores']} cores of {on['processor']}, "
        f"{on['memory_gigabytes']} GB, {on['system']}, Python {on['python']}, {packages}; "
        f"load average at the start {on['load_average']}.{unfinished}"
    )


def _costs(part: str, results: Results) -> str:
    values = _of(part, results)
    rows = [
        (label, *(_text(values.get(f"{name}_{figure}")) for figure in FIGURES))
        if f"{name}_wall_seconds" in values
        else (label, str(values.get(name, "not measured")), *[""] * (len(FIGURES) - 1))
        for label, name in COSTS.items()
    ]
    return _table(("", *FIGURES.values()), rows)


def _goals(part: str, results: Results) -> str:
    values = _of(part, results)
    rows: list[Row] = []
    for name, words, relation, goal in GOALS[part]:
        value = values.get(name)
        reached = "not measured"
        if isinstance(value, int | float):
            reached = "yes" if RELATIONS[relation](value, goal) else "**no**"
        rows.append((words, _text(value), f"{relation} {goal}", reached))
    return _table(("", "measured", "goal", "reached"), rows)


def _values(part: str, results: Results) -> str:
    """Every value but those of single steps, which the results file has."""
    values = _of(part, results).items()
    rows: list[Row] = [
        (f"`{name}`", _text(value)) for name, value in values if "_step_" not in name
    ]
    return _table(("value", "measured"), rows)


def _of(part: str, results: Results) -> Mapping[str, Value]:
    values = results[part]["values"]
    return values if isinstance(values, Mapping) else {}


def _text(value: Value | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) and value < 1_000 else _whole(value)


def _whole(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:,.0f}"


def _table(head: Row, rows: list[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
