"""Data on the overview: do the inputs of a deployment look as they ordinarily do?

Two answers stand side by side. The verdict is taken against the baseline in force, which knows of
weekdays and of the season; how many features differ from the training data is said beside it,
because a model may be far from what it was made for on the most ordinary of days.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitoring.baselines import choices as baselines
from monitoring.baselines.baseline import Baseline
from monitoring.baselines.choices import BaselineChoice
from monitoring.counting.engine.profile_store import ProfileStore
from monitoring.decisions.stored import Decisions
from monitoring.errors import NotEnoughData
from monitoring.metrics.drift import HEADLINE
from monitoring.overview import health
from monitoring.overview.health import Health
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.day_store import DayStore
from monitoring.signals.data_drift.report import DriftReport, headline
from monitoring.sources.deployed import CollectedDays, Deployed
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from monitoring.workspace.models import ModelVersion

SIGNAL = "data_drift"


def of_inputs(
    deployed: Deployed,
    deployment: Deployment,
    model: ModelVersion,
    window: Window,
    taken: datetime,
    decisions: Decisions,
) -> Health:
    """Judge the inputs of a deployment over a window.

    Raises:
        SourceError: The data or the baseline in force cannot be reached.
        NotEnoughData: A baseline that a user put in force asks for days that are not there.
    """
    days = deployed.days(deployment, window, deployed.columns(model))
    if not days.tables:
        return Health("no_data", "Nothing was collected", hint="Enable the data collector.")
    judge = _Judge(deployed, deployment, model, window, taken, decisions, days)
    own = next(iter(baselines.training(deployed, model)), None)
    trained = judge.baseline(own) if own else None
    chosen = judge.chosen(trained)
    cell = health.of_data(judge.report(chosen))
    if trained is None or chosen is trained:
        return cell
    return replace(cell, detail=f"{cell.detail} · {_beside(judge.report(trained))}")


class _Judge:
    def __init__(
        self,
        deployed: Deployed,
        deployment: Deployment,
        model: ModelVersion,
        window: Window,
        taken: datetime,
        decisions: Decisions,
        days: CollectedDays,
    ) -> None:
        self._asked = deployed, deployment, model
        self._window, self._taken = window, taken
        self._decisions, self._days = decisions, days
        self._folder = deployed.azure.settings.cache / "profiles"

    def baseline(self, choice: BaselineChoice, anchor: Baseline | None = None) -> Baseline:
        store = ProfileStore(self._folder)
        return baselines.take(*self._asked, choice, self._window, anchor=anchor, store=store)

    def chosen(self, trained: Baseline | None) -> Baseline:
        """Return the baseline in force; without enough days for the default one, training data."""
        deployed, _, model = self._asked
        stored = self._decisions.baseline
        if stored is not None:
            choice = baselines.choice_of(stored.rule, model, stored.label)
            return self.baseline(choice, trained)
        try:
            return self.baseline(baselines.default(SIGNAL, deployed, model), trained)
        except NotEnoughData:
            if trained is None:
                raise
            return trained

    def report(self, baseline: Baseline) -> DriftReport:
        """Judge by the metric that decides on each feature, and no other."""
        return drift_report.run(
            baseline,
            self._days.tables,
            self._window,
            metrics=set(HEADLINE.values()),
            thresholds=self._decisions.drift_thresholds,
            taken=self._taken,
            place=self._asked[1].place,
            store=DayStore(self._folder),
        )


def _beside(report: DriftReport) -> str:
    results = headline(report.results).values()
    judged = [result for result in results if result.status in {"ok", "breached"}]
    differ = sum(result.status == "breached" for result in judged)
    name = report.baseline.name
    return f"{differ} of {len(judged)} differ from {name[:1].lower()}{name[1:]}"
