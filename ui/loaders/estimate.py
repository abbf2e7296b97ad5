"""Model performance of a deployment, estimated without labels."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.place import Place
from monitoring.segment import EVERYONE, Segment
from monitoring.window import Window
from ui.loaders import database, deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitoring.signals.estimated_performance.report import EstimateReport
    from monitoring.signals.model_performance.report import Period
    from ui.loaders.workspace import Progress


def report(
    endpoint: str,
    deployment: str,
    window: Window,
    *,
    period: Period = "day",
    segment: Segment = EVERYONE,
    baselines: Mapping[str, float] | None = None,
    baseline_name: str = "",
    progress: Progress | None = None,
) -> EstimateReport:
    """Return estimated performance of a deployment over a window, computed once for all sessions.

    Args:
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
        window: What to report on.
        period: How long a step of the history is.
        segment: Rows to look at, in the reference too.
        baselines: What each metric should be; by default what users have set, else what the
            registered model's tags say.
        baseline_name: Where they come from.
        progress: Called with a share from 0 to 1 and a text.

    Raises:
        SourceError: The model or its data cannot be reached.
        NotEnoughData: There is no labelled reference before the window, or no probabilities.
        InputError: The segment asks about a column that was not collected.
    """
    from monitoring.signals.estimated_performance import estimate as estimated_performance  # noqa: PLC0415 - costs a second

    asked = endpoint, deployment
    found, model = deployments.served(*asked)
    benchmarks = database.benchmarks(model) if baselines is None else {}
    thresholds = database.thresholds(*asked, "model_performance")

    def measure(say: Progress) -> EstimateReport:
        earlier = estimated_performance.reference_window(deployments.deployed(), found, window)
        return estimated_performance.of_deployment(
            model,
            deployments.rows(*asked, earlier, part(say, 0.0, 0.2), segment=segment),
            deployments.rows(*asked, window, part(say, 0.2, 0.4), segment=segment),
            place=Place(endpoint=endpoint, deployment=deployment),
            window=window,
            baselines=baselines,
            baseline_name=baseline_name,
            benchmarks=benchmarks,
            thresholds=thresholds,
            period=period,
            taken=workspace.now(),
            progress=part(say, 0.4, 1.0),
        )

    given = baselines if baselines is not None else benchmarks
    rule = baselines is None, tuple(sorted(given.items())), tuple(sorted(thresholds.items()))
    key = ("estimate", *asked, window, period, segment, rule, baseline_name)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)
