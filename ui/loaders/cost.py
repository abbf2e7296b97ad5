"""Cost, and the sizes that would have done, shared by all sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitoring.errors import NotEnoughData, PartialResultError, SourceError
from monitoring.place import Place
from monitoring.window import Window
from ui.loaders import compute, logs, workspace

if TYPE_CHECKING:
    from monitoring.arrays import Floats, Times
    from monitoring.capacity.autoscale import Episode, Rules, Scaled
    from monitoring.capacity.energy import Energy
    from monitoring.capacity.instances import Capacity, Utilization
    from monitoring.capacity.load import Load
    from monitoring.capacity.right_size import Advice, Case, Option
    from monitoring.kept.memory import Entry
    from monitoring.metric import MetricResult
    from monitoring.signals.cost.judging import CostDay
    from monitoring.sources.cost import Bill
    from monitoring.sources.logs import Answer
    from monitoring.sources.scaling import Autoscale, RequestSettings
    from monitoring.workspace.endpoints import Deployment

#: Cost data are hours old and Cost Management takes few questions.
COST_FRESH = timedelta(hours=1)
#: A week has every hour of every weekday; more would only be more of the same.
REPLAYED = timedelta(days=7)
_GRAIN = timedelta(minutes=5)
_MOST_EPISODES = 8


@dataclass(frozen=True, slots=True)
class Billed:
    """The bill, or why there is none."""

    bill: Bill | None
    fault: SourceError | None = None


def billed(window: Window) -> Entry[Billed]:
    """Return the bill of the days of a window; a refusal is asked again after five minutes."""
    from monitoring.sources.cost import CostManagement  # noqa: PLC0415 - costs a second

    def ask() -> Billed:
        try:
            return Billed(CostManagement(workspace.azure()).daily(window))
        except SourceError as error:
            return Billed(None, error)

    key = ("bill", window)
    found = compute.entry(key, ask, COST_FRESH)
    return compute.entry(key, ask, compute.FIVE_MINUTES) if found.value.fault else found


@dataclass(frozen=True, slots=True)
class CostReport:
    """The cost of each deployment and day, and what it was made of."""

    days: tuple[CostDay, ...]
    bill: Billed
    answer: Answer | None
    fetched: datetime
    seconds: float
    missing: str = ""


def report(window: Window, edited: Mapping[str, float]) -> CostReport:
    """Return what the days of a window cost.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    from monitoring.capacity import instances  # noqa: PLC0415 - costs a second
    from monitoring.signals.cost import judging as cost  # noqa: PLC0415 - costs a second

    bill = billed(window)
    counted, used = compute.capacity(window), compute.utilization(window)
    missing, answer = "", None
    try:
        answer = logs.ask("traffic", window, endpoints=[], step=timedelta(days=1))
        missing = answer.reason
    except SourceError as error:
        missing = f"predictions: {error}"
    days = cost.days(
        compute.all_deployments(),
        window,
        billed=bill.value.bill.days if bill.value.bill else None,
        capacities=counted.value,
        used=[u for u in used.value if u.resource is instances.CPU],
        traffic=answer.records() if answer else (),
        edited=edited,
    )
    seconds = bill.seconds + counted.seconds + used.seconds + (answer.seconds if answer else 0.0)
    fetched = min(bill.fetched, counted.fetched, used.fetched)
    return CostReport(days, bill.value, answer, fetched, seconds, missing)


def idle(window: Window) -> Entry[tuple[MetricResult, ...]]:
    """Return the judged share of instances that are not needed, per deployment and day.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    from monitoring.signals.cost import judging as cost  # noqa: PLC0415 - costs a second

    return compute.entry(
        ("idle", window),
        lambda: cost.idle(compute.metrics(), compute.all_deployments(), window),
    )


def energy(window: Window) -> Entry[tuple[Energy, ...]]:
    """Return the energy of deployments with a GPU.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    from monitoring.capacity import energy as measure  # noqa: PLC0415 - costs a second

    return compute.entry(
        ("energy", window),
        lambda: measure.energy(compute.metrics(), compute.all_deployments(), window),
    )


def replayed_window(window: Window) -> Window:
    """Return the part of a window that is replayed: its last seven days."""
    return Window(max(window.start, window.end - REPLAYED), window.end)


def arrivals(window: Window) -> Answer:
    """Return arrivals and durations per minute of every deployment.

    Raises:
        SourceError: Log Analytics did not answer.
        PartialResultError: It left rows out: advice for a part of the load would be too small.
    """

    def ask() -> Answer:
        answer = logs.ask("load", window, endpoints=[])
        if not answer.complete:
            raise PartialResultError(
                f"Cannot replay the load of {window}: Log Analytics left rows out ({answer.reason})",
                hint="Choose a shorter window.",
            )
        return answer

    return compute.entry(("arrivals", window), ask, COST_FRESH).value


def loads(window: Window) -> dict[str, Load]:
    """Return the load of every deployment, by place."""
    from monitoring.capacity import load  # noqa: PLC0415 - costs a second

    return compute.entry(
        ("loads", window), lambda: load.loads(arrivals(window).records()), COST_FRESH
    ).value


def settings_of(deployment: Deployment) -> RequestSettings:
    """Return the request settings of a deployment."""
    from monitoring.sources.scaling import Scaling  # noqa: PLC0415 - costs a second

    return compute.entry(
        ("request settings", deployment.id),
        lambda: Scaling(workspace.azure()).request_settings(deployment.id),
        COST_FRESH,
    ).value


def autoscale() -> Entry[tuple[Autoscale, ...]]:
    """Return the autoscale settings of deployments.

    Raises:
        NotPermittedError: The identity may not read them.
        SourceError: Azure did not answer.
    """
    from monitoring.sources.scaling import Scaling  # noqa: PLC0415 - costs a second

    return compute.entry(("autoscale",), lambda: Scaling(workspace.azure()).autoscale())


def case(deployment: Deployment, window: Window) -> Case:
    """Return a deployment ready to be replayed.

    Raises:
        NotEnoughData: Too few answers.
        SourceError: Azure did not answer.
    """
    from monitoring.capacity import right_size  # noqa: PLC0415 - costs a second
    from monitoring.capacity.what_if import Limits  # noqa: PLC0415 - same

    place = deployment.place

    def measure() -> Case:
        known = settings_of(deployment)
        limits = Limits(known.concurrent_per_instance, known.timeout.total_seconds() * 1000)
        load, capacity, cpu = _measured(place, window)
        return right_size.case(load, capacity, cpu, limits=limits)

    return compute.entry(("case", place, window), measure, COST_FRESH).value


def _machines(window: Window) -> tuple[dict[str, Capacity], dict[str, Utilization]]:
    """Return instances and CPU of every deployment, by place, at five minutes."""
    from monitoring.capacity import instances  # noqa: PLC0415 - costs a second

    def ask() -> tuple[dict[str, Capacity], dict[str, Utilization]]:
        here, doors = compute.all_deployments(), compute.metrics()
        counted = instances.capacity(doors, here, window, _GRAIN)
        used = instances.utilization(doors, here, window, _GRAIN, [instances.CPU])
        return {c.place: c for c in counted}, {u.place: u for u in used}

    return compute.entry(("machines", window), ask, COST_FRESH).value


def _measured(place: Place, window: Window) -> tuple[Load, Capacity, Utilization | None]:
    """Return load, instances and CPU of a deployment.

    Raises:
        NotEnoughData: It was asked nothing, or nobody knows how many instances ran.
    """
    asked = loads(window)
    if place not in asked:
        raise NotEnoughData(
            f"Nothing was asked of {str(place)!r} in the replayed days",
            hint="Choose a window in which it had traffic.",
        )
    counted, used = _machines(window)
    if place not in counted:
        raise NotEnoughData(
            f"Azure Monitor does not say how many instances {str(place)!r} had",
            hint="Choose a window of the last 93 days in which it ran.",
        )
    return asked[place], counted[place], used.get(place)


def rules_of(deployment: Deployment) -> Rules | None:
    """Return the CPU rules in force of a deployment; None without, or with rules on other metrics."""
    from monitoring.capacity import autoscale as scaling  # noqa: PLC0415 - costs a second

    own = [s for s in autoscale().value if s.target_id == deployment.id.lower() and s.is_enabled]
    return scaling.rules_of(own[0]) if own else None


def advice(deployment: Deployment, window: Window) -> Advice:
    """Return what size a deployment needs.

    Raises:
        NotEnoughData: Too few answers.
        SourceError: Azure did not answer.
    """
    from monitoring.capacity import right_size  # noqa: PLC0415 - costs a second

    def ask() -> Advice:
        try:
            rules = rules_of(deployment)
        except SourceError:
            rules = None  # advice needs no rules; it only tries theirs first
        return right_size.advise(case(deployment, window), rules)

    return compute.entry(("advice", deployment.id, window), ask, COST_FRESH).value


def what_if(deployment: Deployment, window: Window, rules: Rules, lag_minutes: int) -> Option:
    """Replay other autoscale rules."""
    from monitoring.capacity import right_size  # noqa: PLC0415 - costs a second

    return compute.entry(
        ("what if", deployment.id, window, rules, lag_minutes),
        lambda: right_size.autoscaled(case(deployment, window), rules, lag_minutes),
        COST_FRESH,
    ).value


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Every minute of a replay: what was asked, what ran, and what rules would have had."""

    minutes: Times
    demand: Floats
    ran: Floats
    replayed: Scaled


def scaled(deployment: Deployment, window: Window, rules: Rules, lag_minutes: int) -> Course:
    """Return the course of other autoscale rules."""
    from monitoring.capacity import autoscale as scaling  # noqa: PLC0415 - costs a second
    from monitoring.capacity import load  # noqa: PLC0415 - same

    found = case(deployment, window)
    minutes, demand = scaling.every_minute(found.load)
    counted, _ = _machines(window)
    ran = load.running(counted[deployment.place], minutes)
    return Course(minutes, demand, ran, scaling.scaled(demand, found.careful, rules, lag_minutes))


def episodes(deployment: Deployment, window: Window, threshold: float) -> tuple[Episode, ...]:
    """Return the times when the CPU was beyond a threshold, and what autoscale made of them.

    They are found at five minutes and then read again by the minute.

    Raises:
        NotPermittedError: The identity may not read metrics or the activity log.
        SourceError: Azure did not answer.
    """
    from monitoring.capacity import autoscale as scaling  # noqa: PLC0415 - costs a second
    from monitoring.capacity import instances  # noqa: PLC0415 - same
    from monitoring.sources.activity import Activity  # noqa: PLC0415 - same

    place = deployment.place

    def ask() -> tuple[Episode, ...]:
        load, capacity, cpu = _measured(place, window)
        if cpu is None:
            return ()
        events = [
            event
            for event in Activity(workspace.azure()).events(window)
            if event.resource_id == deployment.id.lower()
        ]
        found: list[Episode] = []
        for rough in scaling.episodes(cpu, capacity, load, events, threshold)[-_MOST_EPISODES:]:
            near = Window(
                max(rough.began - timedelta(minutes=20), window.start),
                min(rough.ended + timedelta(minutes=20), window.end),
            )
            doors, minute = compute.metrics(), timedelta(minutes=1)
            finer = instances.capacity(doors, [deployment], near, minute)
            used = instances.utilization(doors, [deployment], near, minute, [instances.CPU])
            found += scaling.episodes(used[0], finer[0], load, events, threshold)
        return tuple(found)

    return compute.entry(("episodes", deployment.id, window, threshold), ask).value
