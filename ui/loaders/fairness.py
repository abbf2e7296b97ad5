"""Outcomes by group of a deployment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.errors import InputError
from monitoring.segment import EVERYONE, Segment
from ui.loaders import deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.baselines.baseline import Baseline
    from monitoring.counting.totals.groups import Cut
    from monitoring.counting.totals.outcomes import Columns
    from monitoring.kept.memory import Entry
    from monitoring.signals.fairness.group_counts import CountedGroups
    from monitoring.window import Window
    from ui.loaders.workspace import Progress


#: So many categorical features are counted along with the one that is asked for.
LIKELY = 4


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
    from monitoring.counting.totals.groups import Grouping  # noqa: PLC0415 - loads the engine
    from monitoring.signals.fairness import group_counts  # noqa: PLC0415 - same

    baseline = _baseline(endpoint, deployment, window, part(progress, 0.0, 0.2))

    def measure(say: Progress) -> CountedGroups:
        days = deployments.rows(endpoint, deployment, window, part(say, 0.2, 0.8), segment=segment)
        asked = Grouping(tuple(_cut(baseline, name, days.columns) for name in features))
        # The next choice is likely another category: they are counted in the same pass and stored.
        likely = [Grouping((_cut(baseline, name, days.columns),)) for name in _likely(baseline)]
        groupings = list(dict.fromkeys([asked, *likely]))
        store = workspace.settings().cache
        return group_counts.count_each(days, groupings, store, part(say, 0.8, 1.0))[0]

    key = ("groups", endpoint, deployment, features, window, segment, baseline.name)
    return workspace.memory().entry(key, measure, fresh=timedelta(minutes=15), progress=progress)


def _cut(baseline: Baseline, name: str, columns: Columns) -> Cut:
    from monitoring.counting.totals.groups import cut_of  # noqa: PLC0415 - loads the engine

    cut, beside = cut_of(baseline.profiles[name]), f"{name}_input"
    # An input is so named where an output's column has its name.
    return replace(cut, feature=beside) if beside in columns.features else cut


def _likely(baseline: Baseline) -> list[str]:
    """Return the first few categorical features of a baseline that form groups."""
    found = [
        n for n, p in baseline.profiles.items() if p.kind == "categorical" and len(p.labels) > 1
    ]
    return found[:LIKELY]


def _baseline(endpoint: str, deployment: str, window: Window, progress: Progress) -> Baseline:
    first = deployments.baselines(endpoint, deployment)[0]
    return deployments.reference(endpoint, deployment, first, window, progress)
