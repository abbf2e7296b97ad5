"""Health of every deployment of a workspace; what cannot be measured leaves the rest standing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.decisions.in_force import by_place
from monitoring.decisions.stored import Decisions
from monitoring.errors import MonitoringError
from monitoring.overview import health, input_health
from monitoring.overview.health import DeploymentHealth, Health
from monitoring.place import WORKSPACE, Place
from monitoring.signal import Question
from monitoring.signals.model_performance import evaluation
from monitoring.signals.model_performance import report as model_performance
from monitoring.signals.model_performance.periods import LEAST_DAYS
from monitoring.signals.traffic import judging as traffic
from monitoring.sources.deployed import Deployed
from monitoring.sources.logs import Answer, Logs
from monitoring.window import DAY, Window
from monitoring.workspace.endpoints import Deployment, Endpoint
from monitoring.workspace.models import ModelVersion

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Rows of the overview, open problems first, and how they came about.

    answer: the traffic query; None when the log could not be asked, and `missing` then says why.
    """

    rows: tuple[DeploymentHealth, ...]
    window: Window
    fetched: datetime
    answer: Answer | None
    missing: str = ""


def fleet(
    deployed: Deployed,
    logs: Logs,
    window: Window,
    *,
    taken: datetime,
    decided: Mapping[tuple[str, str], Decisions] | None = None,
    progress: Progress | None = None,
) -> Fleet:
    """Measure every deployment.

    Args:
        deployed: The workspace.
        logs: Its logs.
        window: What is measured.
        taken: Now.
        decided: By endpoint and deployment, what users have put in force.
        progress: Called with a share from 0 to 1 and a text.

    Raises:
        SourceError: The workspace does not say which endpoints it has.
    """
    endpoints = deployed.inventory.endpoints()
    step = step_of(window)
    steps: dict[Place, tuple[traffic.Step, ...]] = {}
    answer, missing, failure = None, "", None
    try:
        answer = logs.ask("traffic", window, endpoints=[], step=step)
        steps = traffic.steps(answer.records(), step)
        missing = answer.reason
    except MonitoringError as error:
        failure, missing = health.blind(error), str(error)
    pairs = [(endpoint, each) for endpoint in endpoints for each in endpoint.deployments]
    days = Window(window.end - max(window.length, LEAST_DAYS), window.end).whole_days()
    question = Question(
        deployed=deployed, place=WORKSPACE, window=days, step=DAY, taken=taken,
        endpoints=endpoints, in_force=by_place(decided),
    )  # fmt: skip
    rows = []
    for done, (endpoint, deployment) in enumerate(pairs):
        if progress:
            progress(done / len(pairs), f"{endpoint.name}/{deployment.name}")
        own = steps.get(deployment.place, ())
        left_out = answer.reason if answer and not answer.complete else ""
        infrastructure = failure or health.of_infrastructure(
            deployment.place, own, window, left_out=left_out
        )
        here = replace(question, place=deployment.place)
        rows.append(_row(here, endpoint, deployment, infrastructure))
    return Fleet(tuple(health.ranked(rows)), window, taken, answer, missing)


def step_of(window: Window) -> timedelta:
    """Return steps that give a trend of some 24 to 170 points.

    >>> from datetime import UTC
    >>> step_of(Window.last(timedelta(days=30), until=datetime(2026, 1, 31, tzinfo=UTC)))
    datetime.timedelta(seconds=21600)
    """
    if window.length <= timedelta(days=7):
        return timedelta(hours=1)
    return timedelta(hours=6) if window.length <= timedelta(days=31) else timedelta(days=1)


def _row(
    question: Question, endpoint: Endpoint, deployment: Deployment, infrastructure: Health
) -> DeploymentHealth:
    try:
        model = question.deployed.model(deployment)
    except MonitoringError as error:
        unknown = health.blind(error)
        judged = unknown, unknown
        name = "unknown"
    else:
        name = str(model.id)
        judged = (
            _guarded(lambda: model_health(question, model)),
            _guarded(lambda: input_health.of_inputs(question)),
        )
    return DeploymentHealth(
        endpoint.name,
        deployment.name,
        endpoint.traffic.get(deployment.name),
        name,
        *judged,
        infrastructure,
    )


def _guarded(measure: Callable[[], Health]) -> Health:
    try:
        return measure()
    except MonitoringError as error:
        return health.blind(error)


def model_health(question: Question, model: ModelVersion) -> Health:
    """Judge realized performance of a deployment against what it should be, over a window."""
    metric = model_performance.metric_of(model.task)
    if metric is None:
        return Health(
            "no_data",
            "The model does not say its task",
            hint="Add the tag task to the model version, e.g. regression.",
        )
    report = evaluation.of_deployment(question)
    if not report.steps:
        return Health("no_data", "Nothing was collected", hint="Enable the data collector.")
    return health.of_model(report.headline, report.history(metric.name), report.coverage)
