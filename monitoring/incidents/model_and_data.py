"""Judged numbers of a deployment's data and model, day by day, as its pages measure them.

Days are counted once and kept on disk, where the pages find them too.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from monitoring.errors import NotEnoughData
from monitoring.incidents.gathering import Asked, Gathered, Source
from monitoring.metric import MetricResult
from monitoring.signals.model_performance.periods import LEAST_DAYS
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.baselines.baseline import Baseline
    from monitoring.baselines.choices import BaselineChoice
    from monitoring.workspace.endpoints import Deployment
    from monitoring.workspace.models import ModelVersion

#: A window that ended this long ago at most ends now: pages round the time down.
NOW_SPAN = timedelta(minutes=15)

Measured = Callable[[Asked, "_One"], Iterable[MetricResult]]


def sources(asked: Asked) -> tuple[Source, ...]:
    """Return one source a signal for each deployment."""
    found = []
    for endpoint in asked.endpoints:
        for deployment in endpoint.deployments:
            one = _One(asked, deployment)
            decided = asked.decisions(deployment.endpoint, deployment.name)
            depends = deployment.id, deployment.model, *_period(asked, one), decided
            for name, measure in _SIGNALS:
                gather = partial(_gather, measure, one)
                text = f"{name} of {endpoint.name}/{deployment.name}"
                found.append(Source(text, gather, depends, deployment.place))
    return tuple(found)


def _period(asked: Asked, one: _One) -> tuple[tuple[date, ...], datetime | None]:
    """Return what two windows have to share to have the same days: the days, and a past end.

    A window that ends now goes on with its last day; how old a kept answer may be bounds the lag.
    """
    ends_now = asked.taken - one.days.end < NOW_SPAN
    return one.days.days(), None if ends_now else one.days.end


def _gather(measure: Measured, one: _One, asked: Asked) -> Gathered:
    results = (
        result
        for result in measure(asked, one)
        if result.window and result.window.start >= one.days.start
    )
    return Gathered(results=tuple(results))


class _One:
    """One deployment; its model and its days of data are looked up when first asked for."""

    def __init__(self, asked: Asked, deployment: Deployment) -> None:
        self.deployment = deployment
        window = asked.window
        length = max(window.length, LEAST_DAYS)
        self.days = Window(window.end - length, window.end).whole_days()
        self.store = asked.deployed.azure.settings.cache
        self._asked = asked
        self._model: ModelVersion | None = None
        self._trained: list[Baseline | None] = []
        self._guard = threading.Lock()

    @property
    def model(self) -> ModelVersion:
        """The model version that it serves.

        Raises:
            SourceError: It names none, or the registry does not know it.
        """
        if self._model is None:
            self._model = self._asked.deployed.model(self.deployment)
        return self._model

    @property
    def trained(self) -> Baseline | None:
        """The model's training data, counted once; None if the model does not name it."""
        from monitoring.baselines import choices as baselines  # noqa: PLC0415 - the engine

        with self._guard:
            if not self._trained:
                own = next(iter(baselines.training(self._asked.deployed, self.model)), None)
                self._trained.append(self.baseline(own) if own else None)
            return self._trained[0]

    def baseline(self, choice: BaselineChoice, anchor: Baseline | None = None) -> Baseline:
        """Count a baseline; the profiles of its days are kept."""
        from monitoring.baselines import choices as baselines  # noqa: PLC0415 - same
        from monitoring.counting.engine.profile_store import ProfileStore  # noqa: PLC0415 - the engine

        store = ProfileStore(self.store / "profiles")
        where = self._asked.deployed, self.deployment, self.model
        return baselines.take(*where, choice, self.days, anchor=anchor, store=store)


def _drift(asked: Asked, one: _One) -> Iterator[MetricResult]:
    from monitoring.baselines import choices as baselines  # noqa: PLC0415 - same
    from monitoring.metrics.drift import HEADLINE  # noqa: PLC0415 - the engine
    from monitoring.signals.data_drift import report as drift_report  # noqa: PLC0415 - same
    from monitoring.signals.data_drift.day_store import DayStore  # noqa: PLC0415 - same

    deployed, model = asked.deployed, one.model
    decided = asked.decisions(one.deployment.endpoint, one.deployment.name)
    days = deployed.days(one.deployment, one.days, deployed.columns(model)).tables
    if not days:
        return
    stored = decided.baseline
    choice = (
        baselines.choice_of(stored.rule, model, stored.label)
        if stored
        else baselines.default("data_drift", deployed, model)
    )
    trained = one.trained
    try:
        baseline = one.baseline(choice, trained)
    except NotEnoughData:
        if stored or trained is None:
            raise
        baseline = trained
    report = drift_report.run(
        baseline,
        days,
        one.days,
        metrics=set(HEADLINE.values()),
        thresholds=decided.drift_thresholds,
        taken=asked.taken,
        place=one.deployment.place,
        store=DayStore(one.store / "profiles"),
    )
    for day in sorted(report.daily):
        yield from drift_report.headline(report.daily[day]).values()


def _quality(asked: Asked, one: _One) -> Iterator[MetricResult]:
    from monitoring.signals.data_quality import report as quality_report  # noqa: PLC0415 - the engine
    from monitoring.signals.data_quality.collected import collected_days  # noqa: PLC0415 - same

    trained = one.trained
    if trained is None:
        raise NotEnoughData(
            "The model does not say what it was trained on",
            hint="Add the tag training_data to the model version, e.g. azureml:flights:1.",
        )
    report = quality_report.run(
        trained,
        collected_days(asked.deployed, one.deployment, one.model, one.days),
        one.days,
        taken=asked.taken,
        place=one.deployment.place,
        store=one.store / "quality",
    )
    yield from telling(report.daily)


def telling(daily: Mapping[date, Iterable[MetricResult]]) -> Iterator[MetricResult]:
    """Yield the results of each metric and feature that breached on a day, on all days.

    Some hundreds of series that were always well would say nothing more on a timeline; one of them
    is kept as a witness, so that a lane without trouble is not blind.
    """
    bad = {(r.subject, r.metric) for day in daily.values() for r in day if r.status == "breached"}
    witness: tuple[str, str] | None = None
    for day in sorted(daily):
        for result in daily[day]:
            key = result.subject, result.metric
            if witness is None and result.status == "ok":
                witness = key
            if key in bad or key == witness:
                yield result


def _predictions(asked: Asked, one: _One) -> Iterator[MetricResult]:
    from monitoring.baselines import choices as baselines  # noqa: PLC0415 - engine
    from monitoring.signals.data_drift import report as drift_report  # noqa: PLC0415 - engine
    from monitoring.signals.prediction_drift import report as prediction_drift  # noqa: PLC0415 - engine

    deployed, model, window = asked.deployed, one.model, one.days
    rows = deployed.rows(one.deployment, model, window)
    if not rows.tables:
        return
    choice = baselines.default("prediction_drift", deployed, model)
    before = choice.rule.needed(window)
    span = Window(Window.day(before[0]).start, Window.day(before[-1]).end)
    earlier = deployed.rows(one.deployment, model, span)
    known = {day: earlier.tables[day] for day in before if day in earlier.tables}
    reference = prediction_drift.Reference(choice.label, choice.rule, known, earlier.columns)
    report = prediction_drift.run(
        rows, reference, window, one.store, taken=asked.taken, place=one.deployment.place
    ).drift
    for day in sorted(report.daily):
        yield from drift_report.headline(report.daily[day]).values()


def _performance(asked: Asked, one: _One) -> Iterator[MetricResult]:
    from monitoring.signals.model_performance import realized as realized_performance  # noqa: PLC0415 - the engine

    rows = asked.deployed.rows(one.deployment, one.model, one.days)
    if not rows.tables:
        return
    decided = asked.decisions(one.deployment.endpoint, one.deployment.name)
    report = realized_performance.of_deployment(
        one.model,
        rows,
        place=one.deployment.place,
        window=one.days,
        store=Path(one.store),
        benchmarks=decided.benchmarks,
        thresholds=decided.performance_thresholds,
        taken=asked.taken,
    )
    yield from report.history(report.headline.metric)


def _estimated(asked: Asked, one: _One) -> Iterator[MetricResult]:
    from monitoring.metrics.performance import HEADLINE  # noqa: PLC0415 - the engine
    from monitoring.signals.estimated_performance import estimate as estimated_performance  # noqa: PLC0415 - same

    deployed, deployment, model = asked.deployed, one.deployment, one.model
    rows = deployed.rows(deployment, model, one.days)
    if not rows.tables:
        return
    decided = asked.decisions(deployment.endpoint, deployment.name)
    try:
        earlier = estimated_performance.reference_window(deployed, deployment, one.days)
        report = estimated_performance.of_deployment(
            model,
            deployed.rows(deployment, model, earlier),
            rows,
            place=deployment.place,
            window=one.days,
            benchmarks=decided.benchmarks,
            thresholds=decided.performance_thresholds,
            taken=asked.taken,
        )
    except (
        NotEnoughData
    ) as error:  # a young deployment: known not to be known, so nothing is missing
        yield MetricResult(
            signal=estimated_performance.SIGNAL,
            metric=HEADLINE[rows.columns.task],
            place=deployment.place,
            status="not_enough_data",
            threshold=math.nan,
            window=one.days,
            reason=error.message,
            hint=error.hint,
        )
        return
    headline = report.headline.metric
    yield from (step.results[headline] for step in report.steps if headline in step.results)


_SIGNALS: tuple[tuple[str, Measured], ...] = (
    ("Data drift", _drift),
    ("Data quality", _quality),
    ("Prediction drift", _predictions),
    ("Realized performance", _performance),
    ("Estimated performance", _estimated),
)
