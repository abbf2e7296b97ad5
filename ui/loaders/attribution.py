"""What the registered model of a deployment relies on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.segment import EVERYONE, Segment
from ui.loaders import deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.signals.feature_attribution_drift.report import AttributionReport
    from monitoring.window import Window
    from monitoring.workspace.registered_model import RegisteredModel
    from ui.loaders.workspace import Progress


def registered(endpoint: str, deployment: str) -> RegisteredModel:
    """Return the model that a deployment serves, opened if that is safe.

    Raises:
        SourceError: The workspace or its container did not answer.
    """
    from monitoring.sources.models import Models  # noqa: PLC0415 - costs a second

    _, model = deployments.served(endpoint, deployment)
    day = workspace.now().date()
    return workspace.memory().get(
        ("model", str(model.id), day), lambda _say: Models(workspace.azure()).load(model)
    )


def attribution(
    endpoint: str,
    deployment: str,
    baseline: str,
    window: Window,
    ndcg: float,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> AttributionReport | RegisteredModel:
    """Return what a model relies on, before and now; the model itself if it cannot be opened.

    `ndcg` is the threshold.

    Raises:
        SourceError: Its model or its data cannot be reached.
        InputError: Its data cannot be read.
        NotEnoughData: There is nothing to compare.
    """
    from monitoring.baselines.served import Options  # noqa: PLC0415 - costs a second
    from monitoring.signals.feature_attribution_drift.evaluation import of_deployment  # noqa: PLC0415 - same
    from monitoring.signals.feature_attribution_drift.report import NDCG  # noqa: PLC0415 - same

    asked = endpoint, deployment
    model = registered(*asked)
    if model.estimator is None:
        return model
    reference = deployments.reference(
        *asked, baseline, window, part(progress, 0.0, 0.1), segment=segment
    )

    options = Options(segment=segment, baseline=reference, thresholds={NDCG: ndcg})

    def measure(say: Progress) -> AttributionReport:
        whole = deployments.question(*asked, window, part(say, 0.1, 1.0))
        return of_deployment(whole, options, model=model)

    key = ("attribution", *asked, baseline, window, ndcg, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)
