"""The evidence of a diagnosis, gathered from what five signals report of the same window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitoring.errors import MonitoringError
from monitoring.explain.data_faults import faults_among
from monitoring.explain.diagnosis import Diagnosis, Evidence, diagnose
from monitoring.metric import MetricResult
from monitoring.signals import SIGNALS
from monitoring.signals.data_drift.report import DriftReport, headline
from monitoring.signals.data_quality.report import DataQualityReport
from monitoring.signals.estimated_performance.report import EstimateReport
from monitoring.signals.model_performance.report import PerformanceReport
from monitoring.signals.prediction_drift.report import PredictionReport


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A diagnosis, and in words which signals could not be measured."""

    diagnosis: Diagnosis
    missing: tuple[str, ...] = ()


def diagnosed(report: Callable[[str], Any], metric: str) -> Diagnosed:
    """Return what is going on.

    Args:
        report: Returns the report of a signal by its name.
    """
    missing: list[str] = []

    def guarded(name: str) -> Any:
        try:
            return report(name)
        except MonitoringError as error:
            missing.append(f"{SIGNALS[name].title.lower()}: {error.message}.")
            return None

    inputs: DriftReport | None = guarded("data_drift")
    answers: PredictionReport | None = guarded("prediction_drift")
    realized: PerformanceReport | None = guarded("model_performance")
    estimate: EstimateReport | None = guarded("estimated_performance")
    quality: DataQualityReport | None = guarded("data_quality")
    now = realized.results.get(metric) if realized else None
    evidence = Evidence(
        inputs=tuple(headline(inputs.results).values()) if inputs else (),
        predictions=tuple(answers.deciding().values()) if answers else (),
        realized=now,
        estimated=_estimated(estimate, metric),
        realized_steps=realized.history(metric) if realized else (),
        estimated_steps=_steps(estimate, metric),
        quality=_faults(quality, fell=now is not None and now.status == "breached"),
    )
    return Diagnosed(diagnose(evidence), tuple(missing))


def _estimated(estimate: EstimateReport | None, metric: str) -> MetricResult | None:
    """Return an estimate that was not refused."""
    result = estimate.results.get(metric) if estimate else None
    return result if result and result.value is not None and result.interval else None


def _steps(estimate: EstimateReport | None, metric: str) -> tuple[MetricResult, ...]:
    steps = estimate.steps if estimate else ()
    return tuple(step.results[metric] for step in steps if metric in step.results)


def _faults(quality: DataQualityReport | None, *, fell: bool) -> tuple[MetricResult, ...]:
    return tuple(faults_among(quality.results, quality.daily, fell=fell)) if quality else ()
