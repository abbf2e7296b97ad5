"""The signals of a deployment, as readers ask them; each answer is kept under its question."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from monitoring.errors import InputError
from ui.loaders import deployments, monitor, workspace
from ui.loaders.monitor import Asked

if TYPE_CHECKING:
    from monitoring.baselines.served import Options
    from monitoring.kept.memory import Entry
    from monitoring.progress import Progress
    from monitoring.signal import Question
    from monitoring.signals.data_drift.report import DriftReport
    from monitoring.signals.data_quality.report import DataQualityReport
    from monitoring.signals.estimated_performance.report import EstimateReport
    from monitoring.signals.fairness.group_counts import CountedGroups
    from monitoring.signals.feature_attribution_drift.report import AttributionReport
    from monitoring.signals.model_performance.report import PerformanceReport
    from monitoring.signals.multivariate_drift.report import MultivariateReport
    from monitoring.signals.outliers.report import OutlierReport
    from monitoring.signals.prediction_drift.report import PredictionReport
    from monitoring.window import Window
    from monitoring.workspace.registered_model import RegisteredModel


def data_drift(asked: Asked, progress: Progress | None = None) -> Entry[DriftReport]:
    """Return drift of the inputs; raises what `monitor.entry` does, as all of these."""
    from monitoring.signals.data_drift import evaluation  # noqa: PLC0415 - the engine: a second
    from ui.loaders import drift  # noqa: PLC0415 - it has the store of days

    def measure(question: Question, options: Options) -> DriftReport:
        store = drift.store()
        return evaluation.of_deployment(question, options, mode=asked.mode, store=store).slim()

    return monitor.entry(asked, measure, progress)


def data_quality(asked: Asked, progress: Progress | None = None) -> Entry[DataQualityReport]:
    """Return quality of what was collected."""
    from monitoring.signals.data_quality import evaluation  # noqa: PLC0415 - as above

    return monitor.entry(asked, partial(evaluation.of_deployment, mode=asked.mode), progress)


def prediction_drift(asked: Asked, progress: Progress | None = None) -> Entry[PredictionReport]:
    """Return how the outputs differ from earlier ones."""
    from monitoring.signals.prediction_drift import evaluation  # noqa: PLC0415 - as above

    def measure(question: Question, options: Options) -> PredictionReport:
        return evaluation.of_deployment(question, options).slim()

    return monitor.entry(asked, measure, progress)


def model_performance(asked: Asked, progress: Progress | None = None) -> Entry[PerformanceReport]:
    """Return how right the model is by the labels that have arrived; `more` is the period."""
    from monitoring.signals.model_performance import evaluation  # noqa: PLC0415 - as above

    measure = partial(evaluation.of_deployment, period=_period(asked))
    return monitor.entry(asked, measure, progress)


def estimated_performance(asked: Asked, progress: Progress | None = None) -> Entry[EstimateReport]:
    """Return how right the model probably is; `more` is the period."""
    from monitoring.signals.estimated_performance import evaluation  # noqa: PLC0415 - as above

    measure = partial(evaluation.of_deployment, period=_period(asked))
    return monitor.entry(asked, measure, progress)


def _period(asked: Asked) -> Any:
    return asked.more[0] if asked.more else "day"


def multivariate_drift(asked: Asked, progress: Progress | None = None) -> Entry[MultivariateReport]:
    """Return whether the inputs differ in all features together."""
    from monitoring.signals.multivariate_drift import evaluation  # noqa: PLC0415 - as above

    return monitor.entry(asked, evaluation.of_deployment, progress)


def outliers(asked: Asked, progress: Progress | None = None) -> Entry[OutlierReport]:
    """Return which rows are unlike the baseline."""
    from monitoring.signals.outliers import evaluation  # noqa: PLC0415 - as above

    return monitor.entry(asked, evaluation.of_deployment, progress)


def feature_attribution_drift(
    asked: Asked, progress: Progress | None = None
) -> Entry[AttributionReport | RegisteredModel]:
    """Return what the model relies on, before and now; the model itself if it cannot be opened."""
    from monitoring.signals.feature_attribution_drift import evaluation  # noqa: PLC0415 - as above
    from monitoring.sources.models import Models  # noqa: PLC0415

    def measure(question: Question, options: Options) -> AttributionReport | RegisteredModel:
        _, served = deployments.served(asked.endpoint, asked.deployment)
        model = Models(workspace.azure()).load(served)
        if model.estimator is None:
            return model
        return evaluation.of_deployment(question, options, model=model)

    return monitor.entry(asked, measure, progress)


def fairness(asked: Asked, progress: Progress | None = None) -> Entry[CountedGroups]:
    """Return outcomes by group and day; `more` are the features."""
    from monitoring.signals.fairness import evaluation  # noqa: PLC0415 - as above

    def measure(question: Question, options: Options) -> CountedGroups:
        return evaluation.of_deployment(question, options, features=asked.more)[0]

    return monitor.entry(asked, measure, progress)


@dataclass(frozen=True, slots=True)
class Offered:
    """What a reader can choose for a model: the features that can form groups."""

    model: str
    features: tuple[str, ...]


def groupings(endpoint: str, deployment: str, window: Window) -> Offered:
    """Return the features whose groups can be compared; categories first.

    Raises:
        SourceError: The model or its baseline cannot be reached.
    """
    from monitoring.counting.totals.groups import cut_of  # noqa: PLC0415 - the engine: a second

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
