"""Configuration: what does it leave unseen?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitoring.limits import held
from monitoring.signal import (
    HOUR,
    METRICS_KEPT,
    Findings,
    Grid,
    LaneFacts,
    MetricFacts,
    Missing,
    Question,
    Signal,
)
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.metric import MetricResult
    from monitoring.sources.activity import ActivityEvent


def evaluate(question: Question) -> Findings:
    """Judge logs, monitors and collectors, from the change that made them so, hour by hour.

    A state lasts: the hour of its change is among the steps even where it lies before the window.
    """
    from monitoring.errors import MonitoringError  # noqa: PLC0415 - with the others
    from monitoring.signals.configuration import judging  # noqa: PLC0415 - same
    from monitoring.sources.activity import RETENTION, Activity  # noqa: PLC0415 - same

    missing: tuple[Missing, ...] = ()
    log: tuple[ActivityEvent, ...] = ()
    try:
        kept = Window(question.taken - RETENTION, question.taken)
        log = Activity(question.deployed.azure).events(kept)
    except MonitoringError as error:
        why = f"Configuration: when it was changed is not known. {error}"
        missing = (Missing("configuration", question.place, why),)
    inventory, window = question.deployed.inventory, question.window
    results: list[MetricResult] = []
    for endpoint in question.endpoints:
        settings = inventory.diagnostic_settings(endpoint.id)
        results += judging.log_categories(endpoint, settings, log, window)
        for deployment in endpoint.deployments:
            results += judging.data_collector(deployment, log, window)
    names = [endpoint.name.lower() for endpoint in question.endpoints]
    results += judging.monitors(inventory.monitors(), names, log, window)
    return Findings(held(results, question), missing=missing)


SIGNAL = Signal(
    name="configuration",
    title="Configuration",
    question="What does the configuration leave unseen?",
    respect="infrastructure",
    family="configuration",
    gravity=160,
    scope="workspace",
    grids=(Grid(HOUR, settle=HOUR, back=METRICS_KEPT),),
    needs=frozenset({"resource manager", "activity log"}),
    compared="objectives",
    page="logs.py",
    metrics={
        "log_categories": MetricFacts(
            label="Endpoint logs that are sent nowhere", breach="logs are not sent", unit="categories", threshold=0.0,
        ),
        "monitors": MetricFacts(
            label="Monitors that are gone or off", breach="a monitor is gone or off", unit="monitors", threshold=0.0,
        ),
        "data_collector": MetricFacts(
            label="Collections that are off", breach="the data collector is off", unit="collections", threshold=0.0,
        ),
    },
    suspects={
        "configuration": 1.0, "deployment": 0.8, "role": 0.6, "traffic_split": 0.4, "model": 0.3,
    },
    lanes=(
        LaneFacts(name="configuration_state", label="Monitoring gaps", group="data", order=310,
                  reads="breached", unit="monitors, logs, collectors", always=False),
    ),
    breach="the configuration leaves a blind spot",
    evaluate=evaluate,
    level="endpoint",
    state=True,
    certain=True,
    lasting=True,
)  # fmt: skip
