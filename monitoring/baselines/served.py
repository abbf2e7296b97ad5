"""A deployment as its signals are asked about it: model, rows, and what they are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from monitoring.baselines import choices
from monitoring.baselines.baseline import Baseline
from monitoring.baselines.choices import BaselineChoice
from monitoring.counting.engine.profile_store import ProfileStore
from monitoring.decisions.in_force import InForce
from monitoring.errors import NotEnoughData
from monitoring.metric import MetricResult
from monitoring.progress import Progress, part
from monitoring.segment import EVERYONE, Segment
from monitoring.signal import Question
from monitoring.sources.deployed import CollectedDays, PredictedDays
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from monitoring.workspace.models import ModelVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a reader asks for by hand, instead of what is in force.

    baseline: counted already or to be counted. thresholds: by metric.
    """

    segment: Segment = EVERYONE
    baseline: Baseline | BaselineChoice | None = None
    thresholds: Mapping[str, float] | None = None


AS_IN_FORCE = Options()


class Served:
    """One deployment, one signal; everything is looked up when it is first asked for."""

    def __init__(self, question: Question, signal: str, options: Options = AS_IN_FORCE) -> None:
        self.question = question
        self.signal = signal
        self.options = options
        self.deployed = question.deployed
        self.store: Path = self.deployed.azure.settings.cache

    @cached_property
    def deployment(self) -> Deployment:
        """The deployment; raises SourceError if the workspace has no such."""
        return self.question.deployment

    @cached_property
    def model(self) -> ModelVersion:
        """The model version that it serves; raises SourceError if it names none."""
        return self.deployed.model(self.deployment)

    @cached_property
    def in_force(self) -> InForce:
        """What users have put in force for the signal here."""
        return self.question.in_force(self.signal, self.question.place)

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Thresholds that differ from the product's own: the reader's, else those in force."""
        chosen = self.options.thresholds
        return self.in_force.thresholds if chosen is None else chosen

    def progress(self, start: float, end: float) -> Progress:
        """Return the progress of a part of the question."""
        return part(self.question.progress, start, end)

    @cached_property
    def days(self) -> CollectedDays:
        """Collected inputs of the window, by day."""
        columns = self.deployed.columns(self.model)
        return self.deployed.days(
            self.deployment,
            self.question.window,
            columns,
            self.progress(0.2, 0.5),
            self.options.segment,
        )

    def rows(self, window: Window | None = None) -> PredictedDays:
        """Return predictions with labels and inputs, of the question's window or another."""
        return self.deployed.rows(
            self.deployment,
            self.model,
            window or self.question.window,
            self.options.segment,
            self.progress(0.0, 0.4),
        )

    @cached_property
    def trained(self) -> Baseline | None:
        """The model's training data, counted; None if the model does not name it."""
        own = choices.own_training(self.model)
        return self._counted(own) if own else None

    @cached_property
    def choice(self) -> BaselineChoice:
        """What the rows are compared with: the reader's choice, what is in force, or the default."""
        if isinstance(self.options.baseline, BaselineChoice):
            return self.options.baseline
        if stored := self.in_force.baseline:
            return choices.choice_of(stored.rule, self.model, stored.label)
        return choices.default(self.signal, self.model)

    @cached_property
    def baseline(self) -> Baseline:
        """The choice, counted; where the default has too few days, the training data instead.

        So a young deployment is compared with what its model was made for, until it has a past.
        """
        if isinstance(self.options.baseline, Baseline):
            return self.options.baseline
        is_default = self.options.baseline is None and self.in_force.baseline is None
        try:
            return self._counted(self.choice, self.trained if self.choice.moves else None)
        except NotEnoughData:
            if not is_default or self.trained is None:
                raise
            return self.trained

    def _counted(self, choice: BaselineChoice, anchor: Baseline | None = None) -> Baseline:
        return choices.take(
            self.deployed,
            self.deployment,
            self.model,
            choice,
            self.question.window,
            self.progress(0.0, 0.2),
            self.options.segment,
            anchor=anchor,
            store=ProfileStore(self.store / "profiles"),
        )

    @property
    def left_out(self) -> tuple[str, ...]:
        """Which days of the baseline stand too far out to be one, in words."""
        out = self.baseline.moving.left_out() if self.baseline.moving else {}
        days = ", ".join(f"{name} {len(out[name])}" for name in out)
        text = "Days that stand far out are not compared with; of these features so many"
        return (f"{text}: {days}.",) if out else ()

    def asked(self, headline: str) -> tuple[str, ...]:
        """Return the headline metric, and those that users hold the deployment to."""
        return tuple(dict.fromkeys((headline, *self.thresholds, *self.in_force.expected)))

    def by_step(self, results: Iterable[MetricResult]) -> tuple[MetricResult, ...]:
        """Return the results of whole steps of the question."""
        step, start = self.question.step, self.question.window.start
        return tuple(
            result
            for result in results
            if result.window and result.window.length == step and result.window.start >= start
        )
