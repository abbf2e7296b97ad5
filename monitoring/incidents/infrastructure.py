"""The sources that say how the machines and the traffic do, and what happened to them."""

from __future__ import annotations

from datetime import timedelta

from monitoring.errors import MonitoringError
from monitoring.incidents import alerts, changes, console, containers, dependencies, failed_jobs
from monitoring.incidents.gathering import Asked, Gathered, Missing, Source, aligned
from monitoring.metric import MetricResult
from monitoring.signals import (
    clients,
    clusters,
    collection,
    configuration,
    cost,
    demand,
    jobs,
    saturation,
    traffic,
)
from monitoring.sources import activity
from monitoring.sources.alerts import Alerts
from monitoring.window import Window

#: Traffic on other steps than these is not asked for: the clock's own.
DAY = timedelta(days=1)


def sources() -> tuple[Source, ...]:
    """Return the sources in the order in which they are asked, the slowest first."""
    return (
        Source("Saturation, platform metrics", _saturation),
        Source("Data collection, platform metrics", _collection),
        Source("Traffic log", _traffic),
        Source("Traffic log, usual requests", _demand),
        Source("Callers, traffic log", _clients),
        Source("Cost, platform metrics", _cost),
        Source("Console log", _console),
        Source("Container event log", _containers),
        Source("Activity log", _activity),
        Source("Configuration", _configuration),
        Source("Dependencies, Application Insights", _dependencies),
        Source("Job logs", _jobs),
        Source("Clusters, platform metrics", _clusters),
        Source("Azure Monitor alerts", _alerts),
    )


def _traffic(asked: Asked) -> Gathered:
    answer = asked.ask("traffic", asked.window, endpoints=[], step=asked.step)
    results = []
    for place, steps in traffic.steps(answer.records(), asked.step).items():
        for step in steps:
            results.append(traffic.error_rate(place, step.window, step.requests, step.faults))
            results.append(traffic.latency_p95(place, step))
    # The newest minutes are not all in: a rate over them would be of some requests only.
    over = tuple(r for r in results if r.window and r.window.end <= asked.taken)
    return Gathered(results=over, answers=(answer,))


def _demand(asked: Asked) -> Gathered:
    hours = aligned(asked.window, demand.STEP)
    known = Window(hours.start - demand.KNOWN, hours.end)
    answer = asked.ask("requests", known, endpoints=[], step=demand.STEP)
    return Gathered(demand.judged(answer.records(), hours, asked.taken), answers=(answer,))


def _clients(asked: Asked) -> Gathered:
    answer = asked.ask("clients", asked.wide, endpoints=[], step=asked.step)
    records = answer.records()
    inside = [row for row in records if row["TimeGenerated"] >= asked.window.start]
    over = [r for r in inside if r["TimeGenerated"] + asked.step <= asked.taken]
    judged = clients.judged(over, asked.step)
    return Gathered(judged, clients.of_clients(records), (answer,))


def _console(asked: Asked) -> Gathered:
    answer = asked.ask("console_kinds", asked.wide, endpoints=[], step=asked.step)
    return Gathered(events=console.of_console(answer.records()), answers=(answer,))


def _containers(asked: Asked) -> Gathered:
    answer = asked.ask("container_events", asked.wide, endpoints=[], step=asked.step)
    events = containers.of_containers(answer.records(), asked.step)
    return Gathered(events=events, answers=(answer,))


def _configuration(asked: Asked) -> Gathered:
    """Return the states that are in breach, from the change that made them so, and those that are not."""
    missing = []
    try:
        kept = Window(asked.taken - activity.RETENTION, asked.taken)
        log = asked.activity.events(kept)
    except MonitoringError as error:
        log = ()
        missing.append(Missing(f"Configuration: when it was changed is not known. {error}"))
    results: list[MetricResult] = []
    for endpoint in asked.endpoints:
        settings = asked.deployed.inventory.diagnostic_settings(endpoint.id)
        results += configuration.log_categories(endpoint, settings, log, asked.window)
        for deployment in endpoint.deployments:
            results += configuration.data_collector(deployment, log, asked.window)
    schedules = asked.deployed.inventory.monitors()
    results += configuration.monitors(schedules, asked.names, log, asked.window)
    return Gathered(results=tuple(results), missing=tuple(missing))


def _dependencies(asked: Asked) -> Gathered:
    answer = asked.ask("dependencies", asked.wide, endpoints=[], step=asked.step)
    return Gathered(events=dependencies.of_dependencies(answer.records()), answers=(answer,))


def _activity(asked: Asked) -> Gathered:
    kept = Window(asked.taken - activity.RETENTION, asked.taken)
    return Gathered(events=changes.of_activity(asked.activity.events(kept)))


def _jobs(asked: Asked) -> Gathered:
    runs = asked.ask("job_runs", asked.wide)
    statuses = asked.ask("run_status", asked.wide)
    found = jobs.runs(runs.records(), statuses.records())
    judged = jobs.judged(found, asked.window, asked.step)
    # Before the log's first run nothing is known of jobs, least of all that none failed.
    first = min((run.submitted or run.seen for run in found), default=asked.window.end)
    since = tuple(r for r in judged if r.window and r.window.end > first)
    return Gathered(since, failed_jobs.of_jobs(found), (runs, statuses))


def _clusters(asked: Asked) -> Gathered:
    workspace = asked.deployed.azure.workspace_id
    return Gathered(clusters.judged(asked.metrics, workspace, asked.window, asked.step))


def _saturation(asked: Asked) -> Gathered:
    deployments = [each for endpoint in asked.endpoints for each in endpoint.deployments]
    return Gathered(saturation.judged(asked.metrics, deployments, asked.window, asked.step))


def _collection(asked: Asked) -> Gathered:
    return Gathered(collection.judged(asked.metrics, asked.endpoints, asked.window, asked.step))


def _cost(asked: Asked) -> Gathered:
    deployments = [each for endpoint in asked.endpoints for each in endpoint.deployments]
    whole = asked.window.whole_days()
    days = Window(min(whole.start, whole.end - 3 * DAY), whole.end).whole_days()
    return Gathered(cost.idle(asked.metrics, deployments, days))


def _alerts(asked: Asked) -> Gathered:
    return Gathered(events=alerts.of_alerts(Alerts(asked.deployed.azure).fired(asked.wide)))
