"""Two versions side by side, computed once for all sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from monitoring.compare import (
    training_versions,
    version_comparison,
    version_inputs,
    version_traffic,
)
from monitoring.compare.training_versions import TrainingReport
from monitoring.compare.version_comparison import VersionComparison
from monitoring.compare.version_traffic import TrafficComparison
from monitoring.kept.memory import Entry
from monitoring.progress import Progress, part
from monitoring.segment import EVERYONE, Segment
from monitoring.signals.data_drift.report import DriftReport
from monitoring.signals.traffic import judging as steps
from monitoring.sources.deployed import PredictedDays
from monitoring.sources.logs import Answer
from monitoring.window import Window
from monitoring.workspace.models import ModelVersion
from ui.loaders import deployments, logs, workspace

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Side:
    """A deployment that can be compared. traffic, mirror: percent that it is set to get."""

    name: str
    model: str
    traffic: int
    mirror: int


def sides(endpoint: str, wanted: str | None = None) -> tuple[Side, ...]:
    """Return the deployments of an endpoint, that with the most traffic first.

    `wanted` is one that the reader has chosen: it becomes the second, to be told against the first.
    """
    found = deployments.endpoint_of(endpoint)
    every = [
        Side(
            each.name,
            str(each.model) if each.model else "unknown",
            found.traffic.get(each.name, 0),
            found.mirror_traffic.get(each.name, 0),
        )
        for each in found.deployments
    ]
    every.sort(key=lambda side: (-side.traffic, -side.mirror, side.name))
    chosen = [side for side in every if side.name == wanted]
    others = [side for side in every if side.name != wanted]
    return (*others[:1], *chosen, *others[1:])


def _versions(endpoint: str) -> Entry[tuple[ModelVersion, ...]]:
    """Return all registered versions of the models that an endpoint serves."""
    found = deployments.endpoint_of(endpoint)
    names = {each.model.name for each in found.deployments if each.model}
    known = workspace.memory().entry(
        ("models", workspace.now().date()),
        lambda _say: deployments.deployed().inventory.models(),
        fresh=QUARTER,
    )
    return replace(known, value=tuple(each for each in known.value if each.name in names))


def registered(endpoint: str) -> Entry[dict[str, ModelVersion]]:
    """Return the registered versions of the models that an endpoint serves, by id.

    The one before the newest comes first, then the newest: they are compared by default.
    """
    known = _versions(endpoint)
    found = known.value
    before = [each for each in found if each.version != found[0].version][:1]
    order = (*before, *(each for each in found if each not in before))
    return replace(known, value={str(each.id): each for each in order})


def _both(
    endpoint: str, names: tuple[str, str], window: Window, segment: Segment, say: Progress
) -> tuple[PredictedDays, PredictedDays]:
    """Return the rows of two deployments; they are most of the work."""
    first, second = (
        deployments.rows(endpoint, name, window, part(say, at, at + 0.3), segment=segment)
        for name, at in zip(names, (0.0, 0.3), strict=True)
    )
    return first, second


def comparison(
    endpoint: str,
    names: tuple[str, str],
    window: Window,
    metric: str,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> Entry[VersionComparison]:
    """Return the performance of two deployments on the days that both have labels of.

    Raises:
        SchemaMismatch: They do not do the same task.
    """

    def measure(say: Progress) -> VersionComparison:
        return version_comparison.run(
            names,
            _both(endpoint, names, window, segment, say),
            metric,
            window,
            store=workspace.settings().cache,
            taken=workspace.now(),
            progress=part(say, 0.6, 1.0),
        )

    key = ("versions", endpoint, names, window, metric, segment)
    return workspace.memory().entry(key, measure, fresh=QUARTER, progress=progress)


def traffic(
    endpoint: str, names: tuple[str, str], window: Window
) -> tuple[TrafficComparison, Answer]:
    """Return what the traffic log says of two deployments, and its answer."""
    day = timedelta(days=1)
    answer = logs.ask("traffic", window, endpoints=[endpoint], step=day)
    found = steps.steps(answer.records(), day)
    by_name = {
        place.deployment: each
        for place, each in found.items()
        if place.endpoint == endpoint.lower()
    }
    return version_traffic.compare(names, by_name, window), answer


def inputs(
    endpoint: str,
    names: tuple[str, str],
    window: Window,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> Entry[DriftReport]:
    """Return how the inputs of the second deployment differ from the first's, on common days.

    Raises:
        NotEnoughData: There is no day on which both have inputs.
    """

    def measure(say: Progress) -> DriftReport:
        rows = _both(endpoint, names, window, segment, say)
        taken = workspace.now()
        return version_inputs.run(names, rows, taken=taken, progress=part(say, 0.6, 1.0))

    key = ("version inputs", endpoint, names, window, segment)
    return workspace.memory().entry(key, measure, fresh=QUARTER, progress=progress)


def training(endpoint: str, model: str, progress: Progress) -> Entry[TrainingReport]:
    """Return the versions of the training data of a model that an endpoint serves.

    `model` is its name without a version.

    Raises:
        SourceError: No version names its training data.
    """
    found = [each for each in _versions(endpoint).value if each.name == model]
    asked = tuple(sorted(str(each.id) for each in found))
    return workspace.memory().entry(
        ("training versions", model, asked),
        lambda say: training_versions.run(
            deployments.deployed(), found, store=workspace.settings().cache, progress=say
        ),
        fresh=timedelta(hours=1),
        progress=progress,
    )
