"""Model performance of a deployment, realized."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.place import Place
from monitoring.segment import EVERYONE, Segment
from monitoring.window import Window
from ui.loaders import database, deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.kept.memory import Entry
    from monitoring.signals.model_performance.report import PerformanceReport, Period
    from ui.loaders.workspace import Progress


def report(
    endpoint: str,
    deployment: str,
    window: Window,
    *,
    baselines: Mapping[str, float] | None = None,
    baseline_name: str = "",
    thresholds: Mapping[str, float] | None = None,
    period: Period = "day",
    segment: Segment = EVERYONE,
    progress: Progress | None = None,
) -> Entry[PerformanceReport]:
    """Return realized performance of a deployment over a window, computed once for all sessions.

    Args:
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
        window: What to report on; it is widened to whole days.
        baselines: What each metric should be; by default what users have set, else what the
            registered model's tags say.
        baseline_name: Where they come from.
        thresholds: By metric, instead of baseline and allowance; by default those in force.
        period: How long a step of the history is.
        segment: Rows to look at.
        progress: Called with a share from 0 to 1 and a text.

    Raises:
        SourceError: The model or its data cannot be reached.
        InputError: The segment asks about a column that was not collected.
    """
    from monitoring.signals.model_performance import realized as realized_performance  # noqa: PLC0415 - costs a second

    asked = endpoint, deployment

    _, model = deployments.served(*asked)
    if thresholds is None:
        thresholds = database.thresholds(*asked, "model_performance")
    benchmarks = database.benchmarks(model) if baselines is None else {}

    def measure(say: Progress) -> PerformanceReport:
        found = deployments.rows(*asked, window, part(say, 0.0, 0.7), segment=segment)
        return realized_performance.of_deployment(
            model,
            found,
            place=Place(endpoint=endpoint, deployment=deployment),
            window=window,
            store=workspace.settings().cache,
            baselines=baselines,
            baseline_name=baseline_name,
            benchmarks=benchmarks,
            thresholds=thresholds,
            period=period,
            taken=workspace.now(),
            progress=part(say, 0.7, 1.0),
        )

    def items(given: Mapping[str, float] | None) -> tuple[tuple[str, float], ...] | None:
        return None if given is None else tuple(sorted(given.items()))

    rule = items(baselines), baseline_name, items(benchmarks), items(thresholds)
    key = ("performance", *asked, window, period, segment, rule)
    return workspace.memory().entry(key, measure, fresh=timedelta(minutes=15), progress=progress)
