"""Data quality of a deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.segment import EVERYONE, Segment
from ui.loaders import deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.signals.data_quality.report import DataQualityReport
    from monitoring.window import Window
    from ui.loaders.workspace import Progress
    from ui.views.data_quality.quality_view import Asked


def quality(
    endpoint: str,
    deployment: str,
    baseline: str,
    window: Window,
    asked: Asked,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> DataQualityReport:
    """Return data quality of a deployment over a window, computed once for all sessions.

    Raises:
        SourceError: Its model or its data cannot be reached.
        InputError: Its data cannot be read.
    """
    from monitoring.baselines.served import Options  # noqa: PLC0415 - costs a second
    from monitoring.signals.data_quality.evaluation import of_deployment  # noqa: PLC0415 - same

    reference = deployments.reference(
        endpoint, deployment, baseline, window, part(progress, 0.0, 0.2), segment=segment
    )

    options = Options(segment=segment, baseline=reference, thresholds=asked.overrides())

    def measure(say: Progress) -> DataQualityReport:
        whole = deployments.question(endpoint, deployment, window, part(say, 0.2, 1.0))
        return of_deployment(whole, options, mode=asked.mode)

    key = ("quality", endpoint, deployment, baseline, window, asked, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)
