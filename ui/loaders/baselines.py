"""Baselines and thresholds that users make, what switching to them would change, and the history."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from monitoring.baselines import choices as known
from monitoring.baselines.baseline import Baseline
from monitoring.baselines.served import Options
from monitoring.counting.engine.tables import open_table
from monitoring.decisions.baseline_rule import BaselineKind, BaselineRule
from monitoring.decisions.baselines import Baselines
from monitoring.decisions.benchmarks import Benchmarks
from monitoring.decisions.changes import Changes
from monitoring.decisions.stored import Benchmark, Change, StoredBaseline, ThresholdSet
from monitoring.decisions.threshold_sets import ThresholdSets
from monitoring.metric import MetricResult
from monitoring.metrics.drift import HEADLINE
from monitoring.openable import named, openable
from monitoring.place import Place
from monitoring.progress import Progress, part
from monitoring.signals import SIGNALS
from monitoring.signals.data_drift import back_testing
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.back_testing import BackTest
from monitoring.signals.data_drift.evaluation import of_deployment
from monitoring.signals.model_performance.report import baselines_of, metrics_of
from monitoring.window import Window
from ui.loaders import database, deployments, drift, monitor, workspace

#: Label of a baseline, and the set of thresholds; None for the product's own.
Judging = tuple[str, ThresholdSet | None]
#: Those with a baseline, and those with values that the model version should reach.
BASELINE_SIGNALS = tuple(
    name
    for name, each in SIGNALS.items()
    if each.level == "deployment" and each.compared in {"ordinary days", "training data"}
)
EXPECTED_SIGNALS = tuple(
    name for name, each in SIGNALS.items() if each.compared == "expected values"
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A baseline that can be put in force. stored: None for one of the product's own."""

    label: str
    kind: BaselineKind
    words: str
    stored: StoredBaseline | None
    is_default: bool


@dataclass(frozen=True, slots=True)
class InForce:
    """What can be put in force for one signal of one deployment, and what is; default ones first."""

    baselines: tuple[Offer, ...]
    baseline: Offer
    sets: tuple[ThresholdSet, ...] = ()
    thresholds: ThresholdSet | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """A back-test, the days that it covers, and how the two references differ."""

    result: BackTest
    window: Window
    differences: tuple[MetricResult, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Measures:
    """The metrics of a model version: what the registry says of each, and what users have set."""

    model: str
    metrics: tuple[str, ...]
    registered: Mapping[str, float]
    benchmarks: tuple[Benchmark, ...]


def _signed(note: str) -> dict[str, Any]:
    """Return what is kept with every change: who made it, when and why."""
    return {"author": database.author(), "now": workspace.now(), "note": note.strip()}


def _sets() -> ThresholdSets:
    return ThresholdSets(database.database(), database.place().workspace)


def _benchmarks() -> Benchmarks:
    return Benchmarks(database.database(), database.place().workspace)


def decided_at(endpoint: str, deployment: str, signal: str) -> Place:
    """Return where a signal's thresholds are put in force: at what its results are about."""
    whose = {"deployment": (endpoint, deployment), "endpoint": (endpoint,), "workspace": ()}
    return database.place(*whose[SIGNALS[signal].level])


def in_force(endpoint: str, deployment: str, signal: str) -> InForce:
    """Return what can be and what is in force."""
    here, kept = database.place(endpoint, deployment), Baselines(database.database())
    stored = {each.label: each for each in kept.of(here)}
    offers = _offers(endpoint, deployment, signal, stored)
    active = kept.active(here, signal)
    current = next((o for o in offers if active and o.label == active.label), offers[0])
    decided = _sets().active(decided_at(endpoint, deployment, signal), signal)
    return InForce(offers, current, _sets().of(signal), decided)


def _offers(
    endpoint: str, deployment: str, signal: str, stored: Mapping[str, StoredBaseline]
) -> tuple[Offer, ...]:
    _, model = deployments.served(endpoint, deployment)
    usual = known.default(signal, model).label
    offers = [
        Offer(c.label, c.rule.kind, str(c.rule), stored.get(c.label), c.label == usual)
        for c in deployments.choices(endpoint, deployment).values()
    ]
    return tuple(sorted(offers, key=lambda offer: not offer.is_default))


def keep_baseline(
    endpoint: str, deployment: str, name: str, rule: BaselineRule, note: str
) -> StoredBaseline:
    """Keep a baseline. deployment: empty for every one of the endpoint."""
    if rule.kind == "file":
        _check_file(rule.path)
    made = Baselines(database.database()).create(
        database.place(endpoint, deployment),
        name,
        rule,
        taken=_own(endpoint, deployment),
        **_signed(note),
    )
    deployments.baselines.clear()
    return made


def _own(endpoint: str, deployment: str) -> list[str]:
    """Return the labels of the product's own baselines, which no other may have."""
    offered = next(each for each in deployments.endpoints() if each.name == endpoint).deployments
    _, model = deployments.served(endpoint, deployment or offered[0])
    return [choice.label for choice in known.choices(deployments.deployed(), model)]


def _check_file(path: str) -> None:
    """Open a file before it is kept as a baseline.

    Raises:
        InputError: It may not be opened, or cannot be read.
    """
    found = openable(path, workspace.settings())
    with named({found: path}):
        open_table(found, role="baseline")


def switch(
    endpoint: str,
    deployment: str,
    signal: str,
    chosen: Offer,
    seen: InForce,
    note: str,
) -> None:
    """Put a baseline in force; the product's own is the default.

    Raises:
        InputError: Somebody else has switched meanwhile, or it cannot be put in force.
    """
    kept, here = Baselines(database.database()), database.place(endpoint, deployment)
    stored = chosen.stored
    if stored is None and not chosen.is_default:  # one of the product's own: kept as it is now
        rule = deployments.choices(endpoint, deployment)[chosen.label].rule
        who, now = database.author(), workspace.now()
        stored = kept.create(here, chosen.label, rule, author=who, now=now)
    default = next(offer.label for offer in seen.baselines if offer.is_default)
    kept.switch(here, signal, stored, seen=seen.baseline.stored, default=default, **_signed(note))
    deployments.baselines.clear()


def keep_thresholds(signal: str, name: str, values: Mapping[str, float], note: str) -> ThresholdSet:
    """Keep a set of thresholds."""
    return _sets().create(signal, name, values, **_signed(note))


def switch_thresholds(
    endpoint: str,
    deployment: str,
    signal: str,
    chosen: ThresholdSet | None,
    seen: InForce,
    note: str,
) -> None:
    """Put a set of thresholds in force; None for the product's own.

    Raises:
        InputError: Somebody else has switched meanwhile.
    """
    here = decided_at(endpoint, deployment, signal)
    _sets().switch(here, signal, chosen, seen=seen.thresholds, **_signed(note))


def measures(endpoint: str, deployment: str) -> Measures:
    """Return the metrics of the model version that is served, and what each should be.

    Raises:
        SourceError: The model does not say its task.
    """
    _, model = deployments.served(endpoint, deployment)
    task = model.needed("task")
    return Measures(
        str(model.id),
        tuple(metric.name for metric in metrics_of(task)),
        baselines_of(model.metrics, task),
        _benchmarks().of(model.name, model.version),
    )


def features(endpoint: str, deployment: str) -> tuple[str, ...]:
    """Return the features that a deployment's model was trained on."""
    _, model = deployments.served(endpoint, deployment)
    return tuple(deployments.deployed().columns(model))


def set_benchmark(
    endpoint: str, deployment: str, metric: str, value: float | None, note: str
) -> None:
    """Say what a metric of the model version that is served should be; None withdraws it.

    Raises:
        InputError: It cannot be used, or is set already.
    """
    _, model = deployments.served(endpoint, deployment)
    _benchmarks().set(model.name, model.version, metric, value, **_signed(note))


def history(endpoint: str, deployment: str) -> tuple[Change, ...]:
    """Return who has changed what for a deployment, newest first."""
    here = database.place(endpoint, deployment)
    return Changes(database.database(), here.workspace).all(here)


def back_test(
    endpoint: str,
    deployment: str,
    days: int,
    now: Judging,
    then: Judging,
    progress: Progress,
) -> Tested:
    """Return what another baseline or other thresholds would have said of the last days.

    Args:
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
        days: How far back.
        now: Label of the baseline and the thresholds in force.
        then: The same of what is thought of.
        progress: Called with a share from 0 to 1 and a text.
    """
    window = Window.last(timedelta(days=days), until=workspace.now()).whole_days()
    key = ("back test", endpoint, deployment, window.days(), _key(now), _key(then))

    def measure(say: Progress) -> Tested:
        return _tested(endpoint, deployment, window, (now, then), say)

    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)


def _key(rule: Judging) -> tuple[str, int | None]:
    return rule[0], rule[1].id if rule[1] else None


def _tested(
    endpoint: str,
    deployment: str,
    window: Window,
    rules: tuple[Judging, Judging],
    progress: Progress,
) -> Tested:
    began, headline = time.perf_counter(), set(HEADLINE.values())
    offered = deployments.choices(endpoint, deployment)
    sides, references = [], []
    for at, (label, limits) in enumerate(rules):
        say = part(progress, 0.5 * at, 0.5 * (at + 1))
        report = of_deployment(
            monitor.question(endpoint, deployment, window, say),
            Options(baseline=offered[label], thresholds=limits.thresholds if limits else {}),
            metrics=headline,
            store=drift.store(),
        )
        sides.append(
            back_testing.side(f"{label}, {limits.label}" if limits else label, report.daily)
        )
        references.append(report.baseline)
    is_other = rules[0][0] != rules[1][0]
    differences = _differences(*references) if is_other else ()
    result = back_testing.back_test(*sides)
    return Tested(result, window, differences, time.perf_counter() - began)


def _differences(before: Baseline, after: Baseline) -> tuple[MetricResult, ...]:
    found = drift_report.compare(before, after.table, metrics=set(HEADLINE.values()))
    shared = [r for r in found.results if r.subject in before.plan and r.value is not None]
    return tuple(drift_report.headline(shared).values())
