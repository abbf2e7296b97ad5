"""What is known of a metric, and the judged number that every signal returns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from monitoring.place import Place
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.arrays import Kind

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """One judged number: the only result type, for every signal.

    place: what it is about. value is None when nothing could be computed, and
    `reason` then says why. rows and reference_rows are those that took part. service_verdict is what
    Azure ML's own monitor would say of the same number (azureml mode only).
    """

    signal: str
    metric: str
    place: Place
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

    @property
    def subject(self) -> str:
        """What a row of a table is called: the feature where there is one, else the place."""
        return self.place.subject

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


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
