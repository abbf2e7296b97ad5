"""Multivariate drift of a deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.place import Place
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
    from monitoring.signals.multivariate_drift import report as multivariate_drift  # noqa: PLC0415 - costs a second

    asked = endpoint, deployment
    reference = deployments.reference(
        *asked, baseline, window, part(progress, 0.0, 0.1), segment=segment
    )

    def measure(say: Progress) -> MultivariateReport:
        days = deployments.days(*asked, window, part(say, 0.1, 0.2), segment=segment)
        return multivariate_drift.run(
            reference,
            days.tables,
            window,
            thresholds={multivariate_drift.AUC: auc},
            notes=days.notes,
            taken=workspace.now(),
            place=Place(endpoint=endpoint, deployment=deployment),
            progress=part(say, 0.2, 1.0),
        )

    key = ("multivariate", *asked, baseline, window, auc, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)
