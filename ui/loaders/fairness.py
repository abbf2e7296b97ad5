"""Outcomes by group of a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.errors import InputError
from monitoring.segment import EVERYONE, Segment
from ui.loaders import deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.baselines.baseline import Baseline
    from monitoring.kept.memory import Entry
    from monitoring.signals.fairness.group_counts import CountedGroups
    from monitoring.window import Window
    from ui.loaders.workspace import Progress


@dataclass(frozen=True, slots=True)
class Offered:
    """What a reader can choose for a model: the features that can form groups."""

    model: str
    features: tuple[str, ...]


def offered(endpoint: str, deployment: str, window: Window, progress: Progress) -> Offered:
    """Return the features whose groups can be compared; categories first.

    Raises:
        SourceError: The model or its baseline cannot be reached.
    """
    from monitoring.counting.totals.groups import cut_of  # noqa: PLC0415 - loads the engine

    _, model = deployments.served(endpoint, deployment)
    found = []
    for name, profile in _baseline(endpoint, deployment, window, progress).profiles.items():
        try:
            cut = cut_of(profile)
        except InputError:
            continue
        found.append((bool(cut.edges), name))
    # Stable: inside each kind the features stay in the model's order.
    features = [name for _, name in sorted(found, key=lambda each: each[0])]
    return Offered(model.id.name, tuple(features))


def counted(
    endpoint: str,
    deployment: str,
    features: tuple[str, ...],
    window: Window,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> Entry[CountedGroups]:
    """Return outcomes by group and day, counted once for all sessions.

    The groups are those of the baseline, whatever the segment.

    Raises:
        SourceError: Its predictions or its baseline cannot be reached.
        InputError: A feature cannot form groups, or was not collected.
    """
    from monitoring.baselines.served import Options  # noqa: PLC0415 - loads the engine
    from monitoring.signals.fairness.evaluation import of_deployment  # noqa: PLC0415 - same

    baseline = _baseline(endpoint, deployment, window, part(progress, 0.0, 0.2))
    options = Options(segment=segment, baseline=baseline)

    def measure(say: Progress) -> CountedGroups:
        asked = deployments.question(endpoint, deployment, window, part(say, 0.2, 1.0))
        return of_deployment(asked, options, features=features)[0]

    key = ("groups", endpoint, deployment, features, window, segment, baseline.name)
    return workspace.memory().entry(key, measure, fresh=timedelta(minutes=15), progress=progress)


def _baseline(endpoint: str, deployment: str, window: Window, progress: Progress) -> Baseline:
    first = deployments.baselines(endpoint, deployment)[0]
    return deployments.reference(endpoint, deployment, first, window, progress)
