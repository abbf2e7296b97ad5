"""What is going on with a deployment, in words: the evidence of five signals, gathered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from monitoring.errors import MonitoringError
from monitoring.segment import EVERYONE, Segment
from monitoring.window import Window
from ui.loaders import deployments, drift, estimate, performance, predictions, quality, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.explain.diagnosis import Diagnosis
    from monitoring.metric import MetricResult
    from ui.loaders.workspace import Progress
    from ui.views.data_drift.drift_view import Rule
    from ui.views.data_quality.quality_view import Asked

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """A diagnosis, and in words which signals could not be measured."""

    diagnosis: Diagnosis
    missing: tuple[str, ...] = ()


def diagnosis(
    endpoint: str,
    deployment: str,
    window: Window,
    metric: str,
    rules: tuple[Rule, Asked],
    *,
    segment: Segment = EVERYONE,
    progress: Progress | None = None,
) -> Found:
    """Return what is going on, against the first baseline.

    A signal that cannot be measured is named and leaves the others standing.

    Args:
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
        window: What to look at, in whole days.
        metric: Of performance.
        rules: How data drift and data quality are judged.
        segment: Rows to look at.
        progress: Called with a share from 0 to 1 and a text.

    Raises:
        SourceError: The model is not known.
    """
    baseline = deployments.baselines(endpoint, deployment)[0]
    key = ("diagnosis", endpoint, deployment, window, metric, rules, segment, baseline)
    return workspace.memory().get(
        key,
        lambda say: _measure((endpoint, deployment), baseline, window, metric, rules, segment, say),
        fresh=timedelta(minutes=15),
        progress=progress,
    )


def _measure(
    asked: tuple[str, str],
    baseline: str,
    window: Window,
    metric: str,
    rules: tuple[Rule, Asked],
    segment: Segment,
    say: Progress,
) -> Found:
    from monitoring.explain.data_faults import faults_among  # noqa: PLC0415
    from monitoring.explain.diagnosis import Evidence, diagnose  # noqa: PLC0415
    from monitoring.signals.data_drift.report import headline  # noqa: PLC0415 - costs a second

    missing: list[str] = []

    def guarded(name: str, measure: Callable[[], T]) -> T | None:
        try:
            return measure()
        except MonitoringError as error:
            missing.append(f"{name}: {error.message}.")
            return None

    inputs = guarded(
        "data drift",
        lambda: drift.drift(*asked, baseline, window, rules[0], part(say, 0.0, 0.2), segment),
    )
    answers = guarded(
        "prediction drift",
        lambda: predictions.report(
            *asked, predictions.baselines(*asked)[0], window, part(say, 0.2, 0.4), segment
        ),
    )
    realized = guarded(
        "performance",
        lambda: (
            performance.report(*asked, window, segment=segment, progress=part(say, 0.4, 0.5)).value
        ),
    )
    expected = guarded(
        "estimated performance",
        lambda: estimate.report(*asked, window, segment=segment, progress=part(say, 0.5, 0.8)),
    )
    kept = guarded(
        "data quality",
        lambda: quality.quality(*asked, baseline, window, rules[1], part(say, 0.8, 1.0), segment),
    )
    now = realized.results.get(metric) if realized else None
    fell = now is not None and now.status == "breached"
    evidence = Evidence(
        inputs=tuple(headline(inputs.results).values()) if inputs else (),
        predictions=tuple(answers.deciding().values()) if answers else (),
        realized=now,
        estimated=_known(expected.results.get(metric)) if expected else None,
        realized_steps=realized.history(metric) if realized else (),
        estimated_steps=tuple(s.results[metric] for s in expected.steps if metric in s.results)
        if expected
        else (),
        quality=faults_among(kept.results, kept.daily, fell=fell) if kept else (),
    )
    return Found(diagnose(evidence), tuple(missing))


def _known(result: MetricResult | None) -> MetricResult | None:
    """Return an estimate that was not refused."""
    return result if result and result.value is not None and result.interval else None
