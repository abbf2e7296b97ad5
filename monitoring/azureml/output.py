"""What the service's monitors write: one document a signal, read back as numbers.

Source: Azure/azureml-assets at 4b41f8ccbc, model_monitor_output_metrics (entities/signals) and
model_monitor_metric_outputter/builder/metric_output_builder.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from monitoring.errors import InputError

VERSION = "1.0.0"
BASELINE_ROWS, TARGET_ROWS = "BaselineRowCount", "TargetRowCount"
SIGNAL_TYPES = {
    "DataDrift": "data_drift",
    "PredictionDrift": "prediction_drift",
    "DataQuality": "data_quality",
    "FeatureAttributionDrift": "feature_attribution_drift",
}

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceNumber:
    """One number that the service's own monitor computed.

    baseline: the reference's number, where the signal compares two. threshold: None where it had
    none.
    """

    signal: str
    feature: str
    metric: str
    kind: str
    value: float | None
    threshold: float | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class ServiceSignal:
    """One document read: its signal, how many rows it compared, its numbers."""

    name: str
    signal: str
    baseline_rows: int | None
    target_rows: int | None
    numbers: tuple[ServiceNumber, ...]


def signal_document(name: str, signal_type: str, rows: Iterable[Mapping[str, Any]]) -> Json:
    """Return the document that the service writes for a drift signal.

    Args:
        name: Name of the signal.
        signal_type: `DataDrift` or `PredictionDrift`.
        rows: Lines with feature_name, metric_name, metric_value, data_type and threshold_value; a
            line without a feature gives the number of rows.

    >>> rows = [{"feature_name": "", "metric_name": "TargetRowCount", "metric_value": 5}]
    >>> signal_document("s", "DataDrift", rows)["metrics"]["rowCount"]
    {'targetCount': 5}
    """
    counts: Json = {}
    features: Json = {}
    for row in rows:
        metric, value = row["metric_name"], row["metric_value"]
        if metric in {BASELINE_ROWS, TARGET_ROWS}:
            counts["baselineCount" if metric == BASELINE_ROWS else "targetCount"] = value
            continue
        feature = features.setdefault(
            row["feature_name"],
            {
                "dataType": row.get("data_type"),
                "histogram": f"signals/{name}/{row['feature_name']}.histogram.json",
                "metrics": [],
            },
        )
        line = {"metricName": metric, "metricValue": value, "threshold": row.get("threshold_value")}
        feature["metrics"].append({k: v for k, v in line.items() if v is not None})
    return {
        "signalName": name,
        "signalType": signal_type,
        "version": VERSION,
        "metrics": {"rowCount": counts, "features": features},
    }


def read_signal(document: Mapping[str, Any]) -> ServiceSignal:
    """Read the document of a signal.

    Raises:
        InputError: It is none, or of a version that is not known.

    >>> read_signal(signal_document("s", "DataDrift", [])).signal
    'data_drift'
    """
    kind = str(document.get("signalType"))
    version = str(document.get("version", ""))
    if kind not in SIGNAL_TYPES or version.partition(".")[0] != VERSION.partition(".")[0]:
        raise InputError(
            f"Cannot read the signal {document.get('signalName')!r}: type {kind!r}, version {version!r}",
            hint=f"Known are {', '.join(SIGNAL_TYPES)} of version {VERSION}.",
        )
    metrics = document.get("metrics") or {}
    counts = metrics.get("rowCount") or {}
    numbers = tuple(
        _number(SIGNAL_TYPES[kind], name, feature.get("dataType") or "", line)
        for name, feature in (metrics.get("features") or {}).items()
        for line in feature.get("metrics", ())
    )
    return ServiceSignal(
        str(document.get("signalName")),
        SIGNAL_TYPES[kind],
        counts.get("baselineCount"),
        counts.get("targetCount"),
        numbers,
    )


def _number(signal: str, feature: str, kind: str, line: Mapping[str, Any]) -> ServiceNumber:
    value = line.get("targetValue", line.get("metricValue"))
    return ServiceNumber(
        signal,
        feature,
        str(line.get("metricName")),
        kind.lower(),
        _float(value),
        _float(line.get("threshold")),
        _float(line.get("baselineValue")),
    )


def _float(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number


def metric_document(rows: Iterable[Sequence[Any]]) -> Json:
    """Return the document of a signal without features: metric to value and threshold, if any.

    Args:
        rows: Lines of (metric, value, threshold).

    >>> metric_document([("calls", 0, 100.0), ("errors", 3.0, None)])
    {'calls': {'value': 0, 'threshold': 100.0}, 'errors': {'value': 3.0}}
    """
    return {
        metric: {
            name: number
            for name, number in (("value", value), ("threshold", threshold))
            if number is not None
        }
        for metric, value, threshold in rows
    }
