"""What is known of a metric, and the judged number that every signal returns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from monitoring.errors import InputError

if TYPE_CHECKING:
    from monitoring.azureml.sample import Sample
    from monitoring.counting.profile import Floats, Kind
    from monitoring.counting.totals.comparisons import Comparisons
    from monitoring.errors import MonitoringError
    from monitoring.window import Window

Mode = Literal["robust", "azureml"]
Worse = Literal["higher", "lower"]
Status = Literal["ok", "breached", "not_enough_data", "no_data", "stale", "not_permitted", "error"]
#: Worst first: the order in which problems are shown.
STATUSES: tuple[Status, ...] = (
    "breached",
    "error",
    "not_permitted",
    "stale",
    "no_data",
    "not_enough_data",
    "ok",
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a metric's `measure` function returns; arrays of shape (features,).

    value: the metric. low, high: its 95 % interval. noise_floor: what about 95 of 100 comparisons of
    two samples of this size stay below when nothing has changed. error_bound: how far binning can have
    moved the value; None when it is exact. undefined: why it has no value, by the feature's place.
    """

    value: Floats
    low: Floats
    high: Floats
    noise_floor: Floats
    error_bound: Floats | None = None
    undefined: Mapping[int, MonitoringError] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """All that is known of one drift metric, for both modes of judging.

    name: Azure ML's, in snake case. azureml_name: as in its results, None if it has none.
    unit: what one stands for. thresholds: default of the robust mode, for each kind of feature that it
    is made for; chosen so that the metrics agree on a shift of a fifth of a standard deviation or of
    five points of a category. by_cells: whether it reads the distribution functions at every cell;
    otherwise the histogram alone. azureml_threshold, azureml_worse: default and direction of the service. azureml_reads: what the service's number
    is where it differs from ours (a p-value).
    """

    name: str
    label: str
    unit: str
    thresholds: Mapping[Kind, float]
    bounds: tuple[float, float]
    source: str
    measure: Callable[[Comparisons], Measurement]
    by_cells: bool = False
    worse: Worse = "higher"
    azureml: Callable[[Sample, Sample], float] | None = None
    azureml_name: str | None = None
    azureml_threshold: float = 0.1
    azureml_worse: Worse = "higher"
    azureml_reads: str = "distance"

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of features that it is made for."""
        return frozenset(self.thresholds)

    def threshold(
        self,
        kind: Kind | None,
        mode: Mode,
        overrides: Mapping[str, float] | None = None,
        feature: str = "",
    ) -> float:
        """Return the threshold in force.

        An override of `name:feature`, else of `name:kind`, else of `name`, else the default.
        """
        for key in (f"{self.name}:{feature}", f"{self.name}:{kind}", self.name):
            if overrides and key in overrides:
                return overrides[key]
        if mode == "azureml" or kind is None:
            return self.azureml_threshold
        return self.thresholds[kind]


def is_breach(value: float, threshold: float, worse: Worse) -> bool:
    """Whether a value lies beyond its threshold; equal is no breach, NaN neither.

    >>> is_breach(0.2, 0.1, "higher"), is_breach(0.1, 0.1, "higher"), is_breach(0.01, 0.05, "lower")
    (True, False, True)
    """
    return value > threshold if worse == "higher" else value < threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """One judged number: the only result type, for every signal.

    subject: what it is about, usually a feature. value is None when nothing could be computed, and
    `reason` then says why. rows and reference_rows are those that took part. service_verdict is what
    Azure ML's own monitor would say of the same number (azureml mode only).
    """

    signal: str
    metric: str
    subject: str
    status: Status
    threshold: float
    worse: Worse = "higher"
    unit: str = ""
    method: str = ""
    mode: Mode = "robust"
    kind: Kind | None = None
    window: Window | None = None
    value: float | None = None
    interval: Interval | None = None
    noise_floor: float | None = None
    error_bound: float = 0.0
    pvalue: float | None = None
    adjusted_pvalue: float | None = None
    reference_rows: int = 0
    rows: int = 0
    service_verdict: Status | None = None
    reason: str = ""
    hint: str = ""

    def as_record(self) -> dict[str, object]:
        """Return it flat, for a table, CSV or JSON; NaN becomes None."""
        return {
            "signal": self.signal,
            "feature": self.subject,
            "kind": self.kind,
            "metric": self.metric,
            "status": self.status,
            "value": _finite(self.value),
            "low": _finite(self.interval.low) if self.interval else None,
            "high": _finite(self.interval.high) if self.interval else None,
            "threshold": self.threshold,
            "worse": self.worse,
            "noise_floor": _finite(self.noise_floor),
            "pvalue": _finite(self.pvalue),
            "adjusted_pvalue": _finite(self.adjusted_pvalue),
            "error_bound": self.error_bound,
            "reference_rows": self.reference_rows,
            "rows": self.rows,
            "unit": self.unit,
            "method": self.method,
            "mode": self.mode,
            "service_verdict": self.service_verdict,
            "start": self.window.start.isoformat() if self.window else None,
            "end": self.window.end.isoformat() if self.window else None,
            "reason": self.reason,
            "hint": self.hint,
        }


def parse_thresholds(texts: list[str], known: dict[str, Metric]) -> dict[str, float]:
    """Read `metric=value` pairs; `metric:kind=value` is for one kind of feature.

    Raises:
        InputError: A pair is malformed, names no metric, or its value is not a finite number.

    >>> parse_thresholds(["hellinger_distance=0.2"], {"hellinger_distance": None})
    {'hellinger_distance': 0.2}
    """
    thresholds = {}
    for text in texts:
        name, _, number = text.partition("=")
        name = name.strip()
        metric, _, kind = name.partition(":")
        if metric not in known or kind not in {"", "numerical", "categorical"}:
            raise InputError(
                f"Cannot set the threshold {text!r}: no metric is called {name!r}",
                hint=f"Choose one of {', '.join(sorted(known))}.",
            )
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(
                f"Cannot set the threshold of {name!r} to {number!r}",
                hint=f"Write it as {name}=0.1.",
            )
        thresholds[name] = value
    return thresholds


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
