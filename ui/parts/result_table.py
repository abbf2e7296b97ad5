"""Judged numbers as rows of a table: one way to write status, value, interval and threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from monitoring.metric import MetricResult
from ui.parts import cards
from ui.parts.numbers import NONE, breached_beyond, interval, pvalue, rounded

Columns = Mapping[str, Callable[[MetricResult], object]]


def _day(result: MetricResult) -> str:
    return f"{result.window.start:%Y-%m-%d}" if result.window else ""


def _service_verdict(result: MetricResult) -> str:
    return cards.status_label(result.service_verdict) if result.service_verdict else ""


def _why(result: MetricResult) -> str:
    return " ".join(filter(None, (result.reason, result.hint)))


def _status(result: MetricResult) -> str:
    return cards.status_label(result.status)


DAY: Columns = {"Day": _day}
STATUS: Columns = {"Status": _status}
INTERVAL: Columns = {
    "Low (95 %)": lambda result: rounded(interval(result).low),
    "High (95 %)": lambda result: rounded(interval(result).high),
}
NUMBER: Columns = {"Value": lambda result: rounded(result.value), **INTERVAL}
THRESHOLD: Columns = {"Threshold": breached_beyond}
NOISE_FLOOR: Columns = {"Noise floor": lambda result: rounded(result.noise_floor)}
PVALUE: Columns = {"p adjusted": lambda result: pvalue(result.adjusted_pvalue)}
REASON: Columns = {"Why": lambda result: result.reason}
WHY: Columns = {"Why": _why}


def labelled(labels: Mapping[str, str]) -> Columns:
    """Return the column that names the metric."""
    return {"Metric": lambda result: labels.get(result.metric, NONE)}


def cells(result: MetricResult, columns: Columns) -> dict[str, object]:
    """Return the cells of one result."""
    return {name: read(result) for name, read in columns.items()}


def table(results: Sequence[MetricResult], columns: Columns) -> pd.DataFrame:
    """Return results as rows."""
    return pd.DataFrame([cells(result, columns) for result in results])


def without_empty(found: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the columns that say nothing, but for its values."""
    empty = (found.isna() | (found == "")).all() & (found.columns != "Value")
    return found.loc[:, ~empty]


def results_table(results: Sequence[MetricResult], labels: Mapping[str, str]) -> pd.DataFrame:
    """Return results with all that is known of them; labels by metric."""
    columns = {
        **DAY,
        **labelled(labels),
        "Reads": lambda result: result.unit,
        **STATUS,
        **NUMBER,
        **THRESHOLD,
        **NOISE_FLOOR,
        **PVALUE,
        "Binning bound": lambda result: rounded(result.error_bound or None),
        "n reference": lambda result: result.reference_rows,
        "n production": lambda result: result.rows,
        "Azure ML would say": _service_verdict,
        **WHY,
    }
    return without_empty(table(results, columns))


def undated_table(results: Sequence[MetricResult], labels: Mapping[str, str]) -> pd.DataFrame:
    """Return results over one whole window."""
    return results_table(results, labels).drop(columns="Day", errors="ignore")
