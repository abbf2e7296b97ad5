"""Baselines and thresholds that users make, what switching to them would change, and the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.decisions.stored import Benchmark, Change, StoredBaseline, ThresholdSet
from monitoring.errors import InputError
from monitoring.signals import SIGNALS
from monitoring.window import Window
from ui.loaders import database, deployments, drift, monitor, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.decisions.baseline_rule import BaselineKind, BaselineRule
    from monitoring.metric import MetricResult
    from monitoring.signals.data_drift.back_testing import BackTest
    from ui.loaders.workspace import Progress

#: Signals that are about deployments: what each is held to can be put in force there.
DECIDED = {name: signal for name, signal in SIGNALS.items() if signal.level == "deployment"}
#: Those with a baseline, and those with values that the model version should reach.
BASELINE_SIGNALS = tuple(
    name for name, each in DECIDED.items() if each.compared in {"ordinary days", "training data"}
)
EXPECTED_SIGNALS = tuple(
    name for name, each in DECIDED.items() if each.compared == "expected values"
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


def in_force(endpoint: str, deployment: str, signal: str) -> InForce:
    """Return what can be and what is in force.

    Raises:
        SourceError: The model is not known, or the database cannot be read.
    """
    from monitoring.decisions.baselines import Baselines  # noqa: PLC0415 - half a second
    from monitoring.decisions.threshold_sets import ThresholdSets  # noqa: PLC0415

    here, kept = database.place(endpoint, deployment), database.database()
    stored = {each.label: each for each in Baselines(kept).of(here)}
    offers = _offers(endpoint, deployment, signal, stored)
    active = Baselines(kept).active(here, signal)
    wanted = active.label if active else ""
    current = next((o for o in offers if o.label == wanted), None) or offers[0]
    sets = ThresholdSets(kept, here.workspace)
    return InForce(offers, current, sets.of(signal), sets.active(here, signal))


def _offers(
    endpoint: str, deployment: str, signal: str, stored: Mapping[str, StoredBaseline]
) -> tuple[Offer, ...]:
    from monitoring.baselines import choices as known  # noqa: PLC0415 - costs a second

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
    """Keep a baseline. deployment: empty for every one of the endpoint.

    Raises:
        InputError: The name or the rule cannot be used.
        SourceError: The database cannot be written to.
    """
    from monitoring.decisions.baselines import Baselines  # noqa: PLC0415 - half a second

    if rule.kind == "file":
        _check_file(rule.path)
    made = Baselines(database.database()).create(
        database.place(endpoint, deployment),
        name,
        rule,
        author=database.author(),
        now=workspace.now(),
        note=note.strip(),
        taken=_own(endpoint, deployment),
    )
    deployments.baselines.clear()
    return made


def _own(endpoint: str, deployment: str) -> list[str]:
    """Return the labels of the product's own baselines, which no other may have."""
    from monitoring.baselines import choices as known  # noqa: PLC0415 - costs a second

    offered = next(each for each in deployments.endpoints() if each.name == endpoint).deployments
    _, model = deployments.served(endpoint, deployment or offered[0])
    return [choice.label for choice in known.choices(deployments.deployed(), model)]


def _check_file(path: str) -> None:
    """Open a file before it is kept as a baseline.

    Raises:
        InputError: It lies outside the folder of files, or cannot be read.
    """
    from monitoring.counting.engine.tables import open_table  # noqa: PLC0415 - loads the engine

    root = workspace.settings().files
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()):
        raise InputError(
            f"Cannot open {path!r}: it lies outside {str(root.resolve())!r}",
            hint="Have LEEWAY_FILES set to the folder that holds it.",
        )
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
        SourceError: The database cannot be written to.
    """
    from monitoring.decisions.baselines import Baselines  # noqa: PLC0415 - half a second

    kept, here = Baselines(database.database()), database.place(endpoint, deployment)
    who, now = database.author(), workspace.now()
    stored = chosen.stored
    if stored is None and not chosen.is_default:  # one of the product's own: kept as it is now
        rule = deployments.choices(endpoint, deployment)[chosen.label].rule
        stored = kept.create(here, chosen.label, rule, author=who, now=now)
    default = next(offer.label for offer in seen.baselines if offer.is_default)
    kept.switch(
        here,
        signal,
        stored,
        seen=seen.baseline.stored,
        default=default,
        author=who,
        now=now,
        note=note.strip(),
    )
    deployments.baselines.clear()


def keep_thresholds(signal: str, name: str, values: Mapping[str, float], note: str) -> ThresholdSet:
    """Keep a set of thresholds.

    Raises:
        InputError: The name or a value cannot be used.
        SourceError: The database cannot be written to.
    """
    from monitoring.decisions.threshold_sets import ThresholdSets  # noqa: PLC0415 - half a second

    here = database.place()
    return ThresholdSets(database.database(), here.workspace).create(
        signal, name, values, author=database.author(), now=workspace.now(), note=note.strip()
    )


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
        SourceError: The database cannot be written to.
    """
    from monitoring.decisions.threshold_sets import ThresholdSets  # noqa: PLC0415 - half a second

    here = database.place(endpoint, deployment)
    ThresholdSets(database.database(), here.workspace).switch(
        here,
        signal,
        chosen,
        seen=seen.thresholds,
        author=database.author(),
        now=workspace.now(),
        note=note.strip(),
    )


def measures(endpoint: str, deployment: str) -> Measures:
    """Return the metrics of the model version that is served, and what each should be.

    Raises:
        SourceError: The model is not known, does not say its task, or the database cannot be read.
    """
    from monitoring.decisions.benchmarks import Benchmarks  # noqa: PLC0415 - half a second
    from monitoring.signals.model_performance.report import baselines_of, metrics_of  # noqa: PLC0415 - loads the engine

    _, model = deployments.served(endpoint, deployment)
    model.needed("task")
    task = model.task
    assert task is not None  # noqa: S101 - the line above has made sure
    here = database.place()
    return Measures(
        str(model.id),
        tuple(metric.name for metric in metrics_of(task)),
        baselines_of(model.metrics, task),
        Benchmarks(database.database(), here.workspace).of(model.name, model.version),
    )


def features(endpoint: str, deployment: str) -> tuple[str, ...]:
    """Return the features that a deployment's model was trained on.

    Raises:
        SourceError: The model or its training data cannot be reached.
    """
    _, model = deployments.served(endpoint, deployment)
    return tuple(deployments.deployed().columns(model))


def set_benchmark(
    endpoint: str, deployment: str, metric: str, value: float | None, note: str
) -> None:
    """Say what a metric of the model version that is served should be; None withdraws it.

    Raises:
        InputError: It cannot be used, or is set already.
        SourceError: The database cannot be written to.
    """
    from monitoring.decisions.benchmarks import Benchmarks  # noqa: PLC0415 - half a second

    _, model = deployments.served(endpoint, deployment)
    here = database.place()
    Benchmarks(database.database(), here.workspace).set(
        model.name,
        model.version,
        metric,
        value,
        author=database.author(),
        now=workspace.now(),
        note=note.strip(),
    )


def history(endpoint: str, deployment: str) -> tuple[Change, ...]:
    """Return who has changed what for a deployment, newest first.

    Raises:
        SourceError: The database cannot be read.
    """
    from monitoring.decisions.changes import Changes  # noqa: PLC0415 - half a second

    here = database.place(endpoint, deployment)
    return Changes(database.database(), here.workspace).all(here)


def back_test(
    endpoint: str,
    deployment: str,
    days: int,
    now: tuple[str, ThresholdSet | None],
    then: tuple[str, ThresholdSet | None],
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

    Raises:
        SourceError: The data or a baseline cannot be reached.
        InputError: There is no such baseline.
        NotEnoughData: A baseline asks for days of production that are not there.
    """
    end = workspace.now()
    window = Window.last(timedelta(days=days), until=end).whole_days()
    key = ("back test", endpoint, deployment, window.days(), _key(now), _key(then))

    def measure(say: Progress) -> Tested:
        return _tested(endpoint, deployment, window, now, then, say)

    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)


def _key(rule: tuple[str, ThresholdSet | None]) -> tuple[str, int | None]:
    return rule[0], rule[1].id if rule[1] else None


def _tested(
    endpoint: str,
    deployment: str,
    window: Window,
    now: tuple[str, ThresholdSet | None],
    then: tuple[str, ThresholdSet | None],
    progress: Progress,
) -> Tested:
    import time  # noqa: PLC0415 - perf_counter only

    from monitoring.baselines.served import Options  # noqa: PLC0415 - the engine: a second
    from monitoring.metrics.drift import HEADLINE  # noqa: PLC0415
    from monitoring.signals.data_drift import back_testing as core  # noqa: PLC0415
    from monitoring.signals.data_drift import report as drift_report  # noqa: PLC0415
    from monitoring.signals.data_drift.evaluation import of_deployment  # noqa: PLC0415

    began, headline = time.perf_counter(), set(HEADLINE.values())
    offered = deployments.choices(endpoint, deployment)
    sides, references = [], []
    for at, (label, limits) in enumerate((now, then)):
        say = part(progress, 0.5 * at, 0.5 * (at + 1))
        report = of_deployment(
            monitor.question(endpoint, deployment, window, say),
            Options(baseline=offered[label], thresholds=limits.thresholds if limits else {}),
            metrics=headline,
            store=drift.store(),
        )
        sides.append(core.side(f"{label}, {limits.label}" if limits else label, report.daily))
        references.append(report.baseline)
    differences: tuple[MetricResult, ...] = ()
    if now[0] != then[0]:
        before, after = references
        found = drift_report.compare(before, after.table, metrics=headline)
        shared = [r for r in found.results if r.subject in before.plan and r.value is not None]
        differences = tuple(drift_report.headline(shared).values())
    result = core.back_test(*sides)
    return Tested(result, window, differences, time.perf_counter() - began)
