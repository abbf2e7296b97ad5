"""What a deployment's inputs can be compared with, and the counting of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.baselines.ordinary_days import OrdinaryDays, least_days
from monitoring.counting.engine.profile_store import ProfileStore, key_of
from monitoring.counting.engine.tables import Table, open_table, union
from monitoring.counting.profile import Profile
from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.errors import InputError, NotEnoughData, SourceError
from monitoring.openable import named, openable
from monitoring.segment import EVERYONE, Segment
from monitoring.sources.deployed import KEYS, Deployed
from monitoring.window import Window
from monitoring.workspace.assets import AssetId
from monitoring.workspace.endpoints import Deployment
from monitoring.workspace.models import ModelVersion

BEFORE = "The period before"
#: What inputs are judged against where nobody has chosen. Measured on the sample workspace:
#: tests/signals/test_baselines.py.
SEASONAL = BaselineRule("same_weekdays", weeks=8)
#: Signals that ask whether days are ordinary; the others ask whether rows are what the model knows.
SEASONAL_SIGNALS = ("data_drift", "prediction_drift")

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """A baseline that a reader can choose. asset: of training data, else None."""

    label: str
    asset: AssetId | None
    rule: BaselineRule = field(default_factory=lambda: BaselineRule("period_before"))

    @property
    def moves(self) -> bool:
        """Whether it depends on the window that is compared with it."""
        return self.rule.is_production


def choices(
    deployed: Deployed,
    model: ModelVersion,
    stored: Iterable[tuple[str, BaselineRule]] = (),
    active: str = "",
) -> tuple[BaselineChoice, ...]:
    """Return what a model's inputs can be compared with.

    Args:
        model: Its own training data comes first.
        stored: Names and rules of baselines that users have made.
        active: Label of the one in force; it comes before all others.
    """
    own = tuple(choice_of(rule, model, name) for name, rule in stored)
    found = (*training(deployed, model), choice_of(SEASONAL, model), *own, _before(model))
    return tuple(sorted(found, key=lambda choice: choice.label != active))


def training(deployed: Deployed, model: ModelVersion) -> tuple[BaselineChoice, ...]:
    """Return the versions of a model's training data, its own first."""
    versions = [each for each in deployed.inventory.models() if each.name == model.name]
    assets = [each.training_data for each in (model, *versions) if each.training_data]
    rules = (BaselineRule("training_data", asset=str(asset)) for asset in dict.fromkeys(assets))
    return tuple(choice_of(rule, model) for rule in rules)


def own_training(model: ModelVersion) -> BaselineChoice | None:
    """Return the training data that a model names."""
    if model.training_data is None:
        return None
    return choice_of(BaselineRule("training_data", asset=str(model.training_data)), model)


def choice_of(rule: BaselineRule, model: ModelVersion, name: str = "") -> BaselineChoice:
    """Return the choice that a rule makes for a model, under its own name or the rule's.

    Raises:
        InputError: It names a data asset that cannot be read as one.
    """
    asset = None
    if rule.kind == "training_data":
        asset = AssetId.parse(rule.asset) if rule.asset else model.training_data
    text = f"training data {asset}" if asset else str(rule)
    return BaselineChoice(name or text[0].upper() + text[1:], asset, rule)


def _before(model: ModelVersion) -> BaselineChoice:
    return choice_of(BaselineRule("period_before"), model, BEFORE)


def default(signal: str, model: ModelVersion) -> BaselineChoice:
    """Return the baseline of a signal where nobody has chosen one.

    Drift asks whether the days are ordinary; every other signal whether the rows are such as the
    model was made for.
    """
    own = own_training(model)
    if signal in SEASONAL_SIGNALS or own is None:
        return choice_of(SEASONAL, model)
    return own


def take(
    deployed: Deployed,
    deployment: Deployment,
    model: ModelVersion,
    choice: BaselineChoice,
    window: Window,
    progress: Progress | None = None,
    segment: Segment = EVERYONE,
    *,
    anchor: Baseline | None = None,
    store: ProfileStore | None = None,
) -> Baseline:
    """Count a baseline, cut down to a segment.

    Args:
        anchor: The model's training data, if it is counted already: it fixes the bins.

    Raises:
        SourceError: Its data cannot be reached.
        InputError: Its data cannot be read, or has no such segment.
        NotEnoughData: It asks for days of production that are not there.
    """
    if choice.rule.is_production:
        if anchor is None and model.training_data is not None:
            own = choice_of(BaselineRule("training_data"), model)
            with suppress(SourceError, InputError):  # then the days themselves fix the bins
                anchor = _of_table(_table(deployed, own), model, own.label)
        production = _Production(deployed, deployment, model, choice, window, segment)
        return production.baseline(anchor, store or ProfileStore(None), progress)
    table = deployed.cut(_table(deployed, choice), segment)
    if not table.rows:
        raise InputError(
            f"No row of {choice.label!r} lies in the segment: {segment}",
            hint="Choose a wider segment, or another baseline.",
        )
    return _of_table(table, model, choice.label, progress)


def _table(deployed: Deployed, choice: BaselineChoice) -> Table:
    if choice.rule.kind == "file":
        found = openable(choice.rule.path, deployed.azure.settings)
        with named({found: choice.rule.path}):
            return open_table(found)
    asset = choice.asset
    if asset is None:
        raise SourceError(
            "The model does not say what it was trained on",
            hint="Add the tag training_data to the model version, e.g. azureml:flights:1.",
        )
    data = deployed.inventory.data(asset.name, asset.version, asset.registry)
    return open_table(deployed.collected.training(data))


def _of_table(
    table: Table, model: ModelVersion, name: str, progress: Progress | None = None
) -> Baseline:
    features = [n for n in table.columns if n not in {*KEYS, model.target_column}]
    return take_baseline(name, table, features=features, progress=progress)


@dataclass(frozen=True, slots=True)
class _Production:
    """Days of production as a baseline."""

    deployed: Deployed
    deployment: Deployment
    model: ModelVersion
    choice: BaselineChoice
    window: Window
    segment: Segment

    def baseline(
        self, anchor: Baseline | None, store: ProfileStore, progress: Progress | None
    ) -> Baseline:
        tables, lent = self._tables(progress)
        there = self._there(tables)
        whole = union([tables[day] for day in there], self.choice.label)
        anchor = anchor or _of_table(whole, self.model, self.choice.label)
        key = key_of(anchor.bins)
        profiles = {
            day: store.profiles(table, anchor.plan, anchor.bins, key)
            for day, table in tables.items()
        }
        empty = {name: _without_rows(profile) for name, profile in anchor.profiles.items()}
        days = OrdinaryDays(self.choice.rule, self.window, profiles, empty)
        name = self._name(there, [day for day in there if day in lent])
        return Baseline(name, None, whole, anchor.plan, days.reference(self.window), days)

    def _there(self, tables: Mapping[date, Table]) -> list[date]:
        """Return the days that the whole window is compared with.

        If they are too few, but not for each of its days, those that there are: the whole has no
        verdict then, and the days have theirs.

        Raises:
            NotEnoughData: No day has enough to be compared with.
        """
        rule = self.choice.rule
        asked = rule.of_window(self.window)
        chosen = asked.like(self.window.days())
        there = [day for day in chosen if day in tables]
        needed = least_days(by_weekday=asked.by_weekday)
        if len(there) >= needed:
            return there
        of_days = (rule.of_day(day, self.window).like([day]) for day in self.window.days())
        if any(len(tables.keys() & alike) >= needed for alike in of_days):
            return there or list(tables)
        held = f"have rows in the segment {self.segment}" if self.segment else "were collected"
        wider = "a wider segment" if self.segment else "a later window"
        raise NotEnoughData(
            f"Nothing to compare with: {len(there)} of the {len(chosen)} days from"
            f" {chosen[0]:%d %b %Y} to {chosen[-1]:%d %b %Y} {held}, {needed} needed",
            hint=f"Choose training data as the baseline, or {wider}.",
        )

    def _tables(self, progress: Progress | None) -> tuple[dict[date, Table], set[date]]:
        """Return every day that is needed and there, and which of them another deployment had.

        Inputs are the callers': what an endpoint was asked before a deployment came to it was asked
        of its other deployments.
        """
        needed = self.choice.rule.needed(self.window)
        found = self._days(self.deployment, needed, progress)
        lent: dict[date, Table] = {}
        for other in self._others():
            missing = [day for day in needed if day not in found and day not in lent]
            if missing:
                lent.update(self._days(other, missing, progress))
        return dict(sorted({**found, **lent}.items())), set(lent)

    def _days(
        self, deployment: Deployment, days: Sequence[date], progress: Progress | None
    ) -> Mapping[date, Table]:
        span = Window(Window.day(days[0]).start, Window.day(days[-1]).end)
        columns = self.deployed.columns(self.model)
        found = self.deployed.days(deployment, span, columns, progress, self.segment).tables
        return {day: found[day] for day in days if day in found}

    def _others(self) -> list[Deployment]:
        known = self.deployed.inventory.endpoints()
        here = next((e for e in known if e.name == self.deployment.endpoint), None)
        if here is None:
            return []
        others = [each for each in here.deployments if each.name != self.deployment.name]
        return sorted(others, key=lambda each: -here.traffic.get(each.name, 0))

    def _name(self, there: Sequence[date], lent: Sequence[date]) -> str:
        name = f"{self.choice.label}, {len(there)} days to {there[-1]:%d %b %Y}"
        if lent:
            name += f", {len(lent)} of them from the endpoint's other deployments"
        return name


def _without_rows(profile: Profile) -> Profile:
    counts = np.zeros(0 if profile.kind == "categorical" else len(profile.counts), np.int64)
    return replace(
        profile,
        counts=counts,
        labels=(),
        rows=0,
        nulls=0,
        infinite=0,
        minimum=np.inf,
        maximum=-np.inf,
        total=0.0,
        squares=0.0,
        on_lattice=True,
    )
