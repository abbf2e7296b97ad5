"""Outliers of a deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.segment import EVERYONE, Segment
from ui.loaders import deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.signals.outliers.report import OutlierReport
    from monitoring.window import Window
    from ui.loaders.workspace import Progress


def found(
    endpoint: str,
    deployment: str,
    baseline: str,
    window: Window,
    share: float,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> OutlierReport:
    """Return the rows of a window that are unlike the reference; `share` of them may lie outside its range.

    Raises:
        SourceError: Its model or its data cannot be reached.
        InputError: Its data cannot be read.
        NotEnoughData: There is nothing to look at.
    """
    from monitoring.baselines.served import Options  # noqa: PLC0415 - costs a second
    from monitoring.signals.outliers.evaluation import of_deployment  # noqa: PLC0415 - same
    from monitoring.signals.outliers.report import RANGE  # noqa: PLC0415 - same

    asked = endpoint, deployment
    reference = deployments.reference(
        *asked, baseline, window, part(progress, 0.0, 0.1), segment=segment
    )

    options = Options(segment=segment, baseline=reference, thresholds={RANGE: share})

    def measure(say: Progress) -> OutlierReport:
        return of_deployment(deployments.question(*asked, window, part(say, 0.1, 1.0)), options)

    key = ("outliers", *asked, baseline, window, share, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)
