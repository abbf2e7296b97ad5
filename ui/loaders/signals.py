"""The signals of a deployment, as readers ask them; each answer is kept under its question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitoring.baselines.served import Options
from monitoring.counting.totals.groups import cut_of
from monitoring.errors import InputError
from monitoring.kept.memory import Entry
from monitoring.progress import Progress
from monitoring.signal import Question
from monitoring.signals.data_drift import evaluation as data
from monitoring.signals.data_quality import evaluation as quality
from monitoring.signals.estimated_performance import evaluation as estimated
from monitoring.signals.fairness import evaluation as groups
from monitoring.signals.fairness.group_counts import CountedGroups
from monitoring.signals.feature_attribution_drift import evaluation as attribution
from monitoring.signals.feature_attribution_drift.report import AttributionReport
from monitoring.signals.model_performance import evaluation as realized
from monitoring.signals.multivariate_drift import evaluation as multivariate
from monitoring.signals.outliers import evaluation as rows
from monitoring.signals.prediction_drift import evaluation as predictions
from monitoring.sources.models import Models
from monitoring.window import Window
from monitoring.workspace.registered_model import RegisteredModel
from ui.loaders import deployments, drift, monitor, workspace
from ui.loaders.monitor import Asked

#: Measures what is asked, by the rows and what is in force that the monitor knows.
Measure = Callable[[Asked, Question, Options], Any]


def _period(asked: Asked) -> Any:
    return asked.more[0] if asked.more else "day"


def _attribution(
    asked: Asked, question: Question, options: Options
) -> AttributionReport | RegisteredModel:
    """Return what the model relies on, before and now; the model itself if it cannot be opened."""
    _, served = deployments.served(asked.endpoint, asked.deployment)
    model = Models(workspace.azure()).load(served)
    if model.estimator is None:
        return model
    return attribution.of_deployment(question, options, model=model)


def _groups(asked: Asked, question: Question, options: Options) -> CountedGroups:
    """Return outcomes by group and day; `more` are the features."""
    return groups.of_deployment(question, options, features=asked.more)[0]


#: Signal -> how it is measured. Of performance, `more` is the period.
MEASURES: dict[str, Measure] = {
    "data_drift": lambda asked, question, options: data.of_deployment(
        question, options, mode=asked.mode, store=drift.store()
    ).slim(),
    "data_quality": lambda asked, question, options: quality.of_deployment(
        question, options, mode=asked.mode
    ),
    "prediction_drift": lambda _, question, options: predictions.of_deployment(
        question, options
    ).slim(),
    "model_performance": lambda asked, question, options: realized.of_deployment(
        question, options, period=_period(asked)
    ),
    "estimated_performance": lambda asked, question, options: estimated.of_deployment(
        question, options, period=_period(asked)
    ),
    "multivariate_drift": lambda _, question, options: multivariate.of_deployment(
        question, options
    ),
    "outliers": lambda _, question, options: rows.of_deployment(question, options),
    "feature_attribution_drift": _attribution,
    "fairness": _groups,
}


def answer(asked: Asked, progress: Progress | None = None) -> Entry[Any]:
    """Return the report of the signal that is asked for; raises what `monitor.entry` does."""

    def measure(question: Question, options: Options) -> Any:
        return MEASURES[asked.signal](asked, question, options)

    return monitor.entry(asked, measure, progress)


@dataclass(frozen=True, slots=True)
class Offered:
    """What a reader can choose for a model: the features that can form groups."""

    model: str
    features: tuple[str, ...]


def groupings(endpoint: str, deployment: str, window: Window) -> Offered:
    """Return the features whose groups can be compared; categories first."""
    _, model = deployments.served(endpoint, deployment)
    profiles = monitor.baseline("fairness", endpoint, deployment, window).profiles
    found = []
    for name, profile in profiles.items():
        try:
            cut = cut_of(profile)
        except InputError:
            continue
        found.append((bool(cut.edges), name))
    # Stable: inside each kind the features stay in the model's order.
    features = [name for _, name in sorted(found, key=lambda each: each[0])]
    return Offered(model.id.name, tuple(features))
