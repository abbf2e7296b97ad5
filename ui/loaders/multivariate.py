"""Multivariate drift of a deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.segment import EVERYONE, Segment
from ui.loaders import deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.signals.multivariate_drift.report import MultivariateReport
    from monitoring.window import Window
    from ui.loaders.workspace import Progress


def multivariate(
    endpoint: str,
    deployment: str,
    baseline: str,
    window: Window,
    auc: float,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> MultivariateReport:
    """Return whether a window differs in all features together; `auc` is its threshold.

    Raises:
        SourceError: Its model or its data cannot be reached.
        InputError: Its data cannot be read.
        NotEnoughData: There is nothing to compare.
    """
    from monitoring.baselines.served import Options  # noqa: PLC0415 - costs a second
    from monitoring.methods.multivariate.numbers import AUC  # noqa: PLC0415 - same
    from monitoring.signals.multivariate_drift.evaluation import of_deployment  # noqa: PLC0415 - same

    asked = endpoint, deployment
    reference = deployments.reference(
        *asked, baseline, window, part(progress, 0.0, 0.1), segment=segment
    )

    options = Options(segment=segment, baseline=reference, thresholds={AUC: auc})

    def measure(say: Progress) -> MultivariateReport:
        return of_deployment(deployments.question(*asked, window, part(say, 0.1, 1.0)), options)

    key = ("multivariate", *asked, baseline, window, auc, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)
