"""Versions of training data: profiled once, compared pairwise, tracked over time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from monitoring.arrays import Kind
from monitoring.counting.engine import counting
from monitoring.counting.engine.columns import kind_of
from monitoring.counting.engine.profile_store import ProfileStore, key_of
from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.profile import Bins, Profile
from monitoring.errors import MonitoringError, SourceError
from monitoring.kept.disk import Disk, state_of
from monitoring.metric import Interval, MetricResult
from monitoring.progress import Progress
from monitoring.signals.data_drift import comparison as data_drift
from monitoring.signals.data_drift import report as drift_report
from monitoring.sources.deployed import KEYS, Deployed
from monitoring.statistics.intervals import Z, wilson
from monitoring.workspace.assets import AssetId
from monitoring.workspace.models import ModelVersion

SIGNAL = "training_versions"
#: Goes up whenever the files with bins change what they hold.
VERSION = 2


@dataclass(frozen=True, slots=True)
class Target:
    """What the labels of a version are like: a share of a class, or a mean, with its 95 % interval."""

    of: str
    value: float
    interval: Interval
    is_share: bool


@dataclass(frozen=True, eq=False)
class TrainingVersion:
    """One version of training data. models: trained on it. registered: with the first of them.

    reason: why it could not be read; empty if it was.
    """

    asset: str
    models: tuple[str, ...]
    registered: datetime | None
    rows: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict, repr=False)
    target: Target | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two versions, the earlier one as reference. added, removed, retyped: columns."""

    first: str
    second: str
    results: tuple[MetricResult, ...] = field(repr=False)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()

    @property
    def deciding(self) -> dict[str, MetricResult]:
        """The result that decides on each column."""
        return drift_report.headline(self.results)

    @property
    def differing(self) -> tuple[str, ...]:
        """Columns whose distribution differs, the furthest over its threshold first."""
        deciding = self.deciding
        breached = {name: r for name, r in deciding.items() if r.status == "breached"}
        return drift_report.ranked(breached)


@dataclass(frozen=True, eq=False)
class TrainingReport:
    """Versions from old to new, and every pair of those that could be read."""

    versions: tuple[TrainingVersion, ...]
    pairs: Mapping[tuple[str, str], Pair]
    target_column: str = ""

    def pair(self, one: str, other: str) -> Pair | None:
        """Return two versions compared, in whichever order they are named."""
        return self.pairs.get((one, other)) or self.pairs.get((other, one))


def assets_of(models: Iterable[ModelVersion]) -> dict[AssetId, tuple[ModelVersion, ...]]:
    """Return the versions of training data that model versions name, with those, from old to new."""
    never = datetime.max.replace(tzinfo=UTC)
    found: dict[AssetId, list[ModelVersion]] = {}
    for model in sorted(models, key=lambda each: each.created or never):
        if model.training_data is not None:
            found.setdefault(model.training_data, []).append(model)
    return {asset: tuple(each) for asset, each in found.items()}


def run(
    deployed: Deployed,
    models: Iterable[ModelVersion],
    *,
    store: Path | None = None,
    progress: Progress | None = None,
) -> TrainingReport:
    """Profile the training data of some versions of a model, and compare each pair.

    All are counted in the cells of the oldest version that has a column, so that each is read once; a
    version whose files have not changed since is not read again.

    Args:
        models: Versions of one model.
        store: Folder that keeps bins and profiles; nothing is kept without one.

    Raises:
        SourceError: No model version names its training data.
    """
    known = assets_of(models)
    if not known:
        raise SourceError(
            "No version of the model names its training data",
            hint="Add the tag training_data to the model version, e.g. azureml:flights:1.",
        )
    newest = list(known.values())[-1][-1]
    cells = Cells(store, newest)
    versions = []
    for done, (asset, users) in enumerate(known.items()):
        if progress:
            progress(done / len(known), f"Training data {asset}")
        versions.append(_version(deployed, asset, users, cells))
    read = [each for each in versions if not each.reason]
    pairs = {(a.asset, b.asset): compare(a, b) for a, b in combinations(read, 2)}
    return TrainingReport(tuple(versions), pairs, newest.target_column or "")


def _version(
    deployed: Deployed, asset: AssetId, users: Sequence[ModelVersion], cells: Cells
) -> TrainingVersion:
    bare = TrainingVersion(str(asset), tuple(str(each.id) for each in users), users[0].created)
    try:
        data = deployed.inventory.data(asset.name, asset.version, asset.registry)
        path = deployed.collected.training(data)
        table = open_table(path, store=cells.store and cells.store / "converted")
        return of_table(bare, table, cells)
    except MonitoringError as error:  # the other versions still stand
        return replace(bare, reason=error.message)


def of_table(bare: TrainingVersion, table: Table, cells: Cells) -> TrainingVersion:
    """Return a version with what its rows are like.

    Raises:
        InputError: The table cannot be read.
    """
    profiles = cells.profiles(table)
    target = profiles.get(cells.model.target_column or "")
    return replace(
        bare,
        rows=table.rows,
        columns={name: kind for name, kind in table.columns.items() if name not in KEYS},
        profiles=profiles,
        target=target_of(target, cells.model) if target is not None else None,
    )


def target_of(profile: Profile, model: ModelVersion) -> Target | None:
    """Return the share of the positive class, of the most frequent one of several, or the mean."""
    if not profile.n:
        return None
    if profile.kind == "categorical":
        counts = profile.counts_by_label()
        of = max(counts, key=lambda label: counts[label])
        if model.task == "binary_classification":
            of = model.tags.get("positive_class", max(counts))
        share = counts.get(of, 0) / profile.n
        return Target(f"share of {of}", share, wilson(share, profile.n), is_share=True)
    mean, spread = profile.mean or 0.0, profile.std or 0.0
    reach = Z * spread / math.sqrt(profile.n)
    return Target("mean", mean, Interval(mean - reach, mean + reach), is_share=False)


def compare(first: TrainingVersion, second: TrainingVersion) -> Pair:
    """Compare the columns that both versions have; the others are named."""
    shared = [name for name in first.columns if name in second.columns]
    retyped = [n for n in shared if kind_of(first.columns[n]) != kind_of(second.columns[n])]
    alike = [name for name in shared if _same_cells(first.profiles, second.profiles, name)]
    results = data_drift.robust(
        {name: first.profiles[name] for name in alike},
        {name: second.profiles[name] for name in alike},
        signal=SIGNAL,
    )
    return Pair(
        first.asset,
        second.asset,
        tuple(results),
        added=_only_in(second, first),
        removed=_only_in(first, second),
        retyped=tuple(retyped),
    )


def _only_in(one: TrainingVersion, other: TrainingVersion) -> tuple[str, ...]:
    return tuple(name for name in one.columns if name not in other.columns)


def _same_cells(one: Mapping[str, Profile], other: Mapping[str, Profile], name: str) -> bool:
    return name in one and name in other and one[name].bins == other[name].bins


class Cells:
    """Cells that all versions are counted in: of each column those of the first version that has it."""

    def __init__(self, store: Path | None, model: ModelVersion) -> None:
        self.store = store
        self.model = model
        self._profiles = ProfileStore(store and store / "profiles")
        self._disk = Disk(store and store / "training_versions", version=VERSION)
        self._plan: dict[str, counting.Feature] = {}
        self._bins: dict[str, Bins] = {}

    def profiles(self, table: Table) -> dict[str, Profile]:
        """Return the profiles of a table, counted unless they are stored."""
        names = [name for name in table.columns if name not in KEYS]
        unknown = [name for name in names if name not in self._plan]
        if unknown:
            plan, bins = self._cut(table, unknown)
            self._plan |= plan
            self._bins |= bins
        fit = [name for name in names if self._fits(name, table.columns[name])]
        plan = {name: self._plan[name] for name in fit}
        bins = {name: self._bins[name] for name in fit}
        return self._profiles.profiles(table, plan, bins, key_of(bins))

    def _fits(self, name: str, dtype: str) -> bool:
        return name in self._bins and kind_of(dtype) == kind_of(self._plan[name].dtype)

    def _cut(
        self, table: Table, names: list[str]
    ) -> tuple[dict[str, counting.Feature], dict[str, Bins]]:
        """Return how columns are read and cut, as it was decided while the table was the same."""
        kinds = self._kinds(names)
        return self._disk.get(
            ([str(path) for path in table.paths], names, kinds),
            state_of(table.paths),
            lambda: _cut(table, names, kinds),
        )

    def _kinds(self, names: Sequence[str]) -> dict[str, Kind]:
        target, task = self.model.target_column, self.model.task
        if target not in names or target is None or task is None:
            return {}
        return {target: "numerical" if task == "regression" else "categorical"}


def _cut(
    table: Table, names: list[str], kinds: dict[str, Kind]
) -> tuple[dict[str, counting.Feature], dict[str, Bins]]:
    plan = counting.features(table, names, kinds)
    usable = {name: feature for name, feature in plan.items() if not feature.reason}
    profiles = counting.profile_reference(table, usable)
    return usable, {name: profile.bins for name, profile in profiles.items()}
