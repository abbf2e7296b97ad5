"""Outputs of a deployment, compared with earlier ones."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.errors import InputError
from monitoring.segment import EVERYONE, Segment
from monitoring.window import Window
from ui.loaders import database, deployments, workspace

if TYPE_CHECKING:
    from monitoring.baselines.choices import BaselineChoice
    from monitoring.signals.prediction_drift.report import PredictionReport
    from ui.loaders.workspace import Progress


def baselines(endpoint: str, deployment: str) -> list[str]:
    """Return the names of what outputs can be compared with; days of production come first.

    Raises:
        SourceError: The model is not known.
    """
    return list(_choices(endpoint, deployment))


def report(
    endpoint: str,
    deployment: str,
    baseline: str,
    window: Window,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> PredictionReport:
    """Return how a deployment's outputs differ from a baseline, computed once for all sessions.

    Raises:
        SourceError: Its predictions or the baseline cannot be reached.
        InputError: There is no such baseline, or its data cannot be read.
        NotEnoughData: There is nothing to compare.
    """
    from monitoring.baselines.served import Options  # noqa: PLC0415 - loads the engine
    from monitoring.signals.prediction_drift.evaluation import of_deployment  # noqa: PLC0415 - same

    choices = _choices(endpoint, deployment)
    if baseline not in choices:
        raise InputError(
            f"There is no baseline {baseline!r} for {endpoint}/{deployment}",
            hint=f"Choose one of {', '.join(choices)}.",
        )

    options = Options(segment=segment, baseline=choices[baseline])

    def measure(say: Progress) -> PredictionReport:
        return of_deployment(deployments.question(endpoint, deployment, window, say), options)

    held = tuple(sorted(database.thresholds(endpoint, deployment, "prediction_drift").items()))
    key = ("predictions", endpoint, deployment, baseline, window, segment, held)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)


def _choices(endpoint: str, deployment: str) -> dict[str, BaselineChoice]:
    found = deployments.choices(endpoint, deployment, "prediction_drift").values()
    # Stable: training data seldom holds answers, so it comes last.
    ordered = sorted(found, key=lambda choice: not choice.rule.is_production)
    return {choice.label: choice for choice in ordered}
