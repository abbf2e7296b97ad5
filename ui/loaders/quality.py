"""Data quality of a deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.place import Place
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
    from monitoring.signals.data_quality import report as quality_report  # noqa: PLC0415 - costs a second
    from monitoring.signals.data_quality.collected import collected_days  # noqa: PLC0415

    reference = deployments.reference(
        endpoint, deployment, baseline, window, part(progress, 0.0, 0.2), segment=segment
    )
    found, model = deployments.served(endpoint, deployment)

    def measure(say: Progress) -> DataQualityReport:
        days = collected_days(
            deployments.deployed(),
            found,
            model,
            window,
            segment=segment,
            progress=part(say, 0.2, 0.5),
        )
        return quality_report.run(
            reference,
            days,
            window,
            rules=quality_report.Rules(asked.mode, thresholds=asked.overrides()),
            taken=workspace.now(),
            place=Place(endpoint=endpoint, deployment=deployment),
            store=workspace.settings().cache / "quality",
            progress=part(say, 0.5, 1.0),
        )

    key = ("quality", endpoint, deployment, baseline, window, asked, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)
