"""Outliers of a deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.place import Place
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
    from monitoring.signals.outliers import report as outliers  # noqa: PLC0415 - costs a second

    asked = endpoint, deployment
    reference = deployments.reference(
        *asked, baseline, window, part(progress, 0.0, 0.1), segment=segment
    )

    def measure(say: Progress) -> OutlierReport:
        days = deployments.days(*asked, window, part(say, 0.1, 0.2), segment=segment)
        return outliers.run(
            reference,
            days.tables,
            window,
            thresholds={outliers.RANGE: share},
            notes=days.notes,
            taken=workspace.now(),
            place=Place(endpoint=endpoint, deployment=deployment),
            progress=part(say, 0.2, 1.0),
        )

    key = ("outliers", *asked, baseline, window, share, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)
