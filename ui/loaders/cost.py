"""Cost, and the sizes that would have done, shared by all sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from monitoring.arrays import Floats, Times
from monitoring.capacity import autoscale as scaling
from monitoring.capacity import energy as energies
from monitoring.capacity import instances, right_size
from monitoring.capacity import load as arriving
from monitoring.capacity.autoscale import Episode, Rules, Scaled
from monitoring.capacity.energy import Energy
from monitoring.capacity.instances import Capacity, Utilization
from monitoring.capacity.load import Load
from monitoring.capacity.right_size import Advice, Case, Option
from monitoring.capacity.what_if import Limits
from monitoring.errors import NotEnoughData, PartialResultError, SourceError
from monitoring.kept.memory import Entry
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signals.cost import judging as cost
from monitoring.signals.cost.judging import CostDay
from monitoring.sources.activity import Activity
from monitoring.sources.cost import Bill, CostManagement
from monitoring.sources.logs import Answer
from monitoring.sources.scaling import Autoscale, Scaling
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from ui.loaders import compute, logs, workspace

T = TypeVar("T")
#: Cost data are hours old and Cost Management takes few questions.
COST_FRESH = timedelta(hours=1)
#: A week has every hour of every weekday; more would only be more of the same.
REPLAYED = timedelta(days=7)
_GRAIN = timedelta(minutes=5)
_MOST_EPISODES = 8


def _kept(key: Hashable, ask: Callable[[], T]) -> T:
    """Return what was asked within the last hour, else ask."""
    return compute.entry(key, ask, COST_FRESH).value


@dataclass(frozen=True, slots=True)
class Billed:
    """The bill, or why there is none."""

    bill: Bill | None
    fault: SourceError | None = None


def billed(window: Window) -> Entry[Billed]:
    """Return the bill of the days of a window; a refusal is asked again after five minutes."""

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
    """Return what the days of a window cost."""
    bill = billed(window)
    counted, used = compute.capacity(window), compute.utilization(window)
    missing, answer = "", None
    try:
        answer = compute.demand(window, timedelta(days=1))
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
    """Return the judged share of instances that are not needed, per deployment and day."""
    return compute.entry(
        ("idle", window),
        lambda: cost.idle(compute.metrics(), compute.all_deployments(), window),
    )


def energy(window: Window) -> Entry[tuple[Energy, ...]]:
    """Return the energy of deployments with a GPU."""
    return compute.entry(
        ("energy", window),
        lambda: energies.energy(compute.metrics(), compute.all_deployments(), window),
    )


def replayed_window(window: Window) -> Window:
    """Return the part of a window that is replayed: its last seven days."""
    return Window(max(window.start, window.end - REPLAYED), window.end)


def arrivals(window: Window) -> Answer:
    """Return arrivals and durations per minute of every deployment.

    Raises:
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

    return _kept(("arrivals", window), ask)


def autoscale() -> Entry[tuple[Autoscale, ...]]:
    """Return the autoscale settings of deployments."""
    return compute.entry(("autoscale",), Scaling(workspace.azure()).autoscale)


def case(deployment: Deployment, window: Window) -> Case:
    """Return a deployment ready to be replayed."""

    def measure() -> Case:
        known = _kept(
            ("request settings", deployment.id),
            lambda: Scaling(workspace.azure()).request_settings(deployment.id),
        )
        limits = Limits(known.concurrent_per_instance, known.timeout.total_seconds() * 1000)
        return right_size.case(*_measured(deployment.place, window), limits=limits)

    return _kept(("case", deployment.place, window), measure)


def _machines(window: Window) -> tuple[dict[Place, Capacity], dict[Place, Utilization]]:
    """Return instances and CPU of every deployment, at five minutes."""

    def ask() -> tuple[dict[Place, Capacity], dict[Place, Utilization]]:
        here, doors = compute.all_deployments(), compute.metrics()
        counted = instances.capacity(doors, here, window, _GRAIN)
        used = instances.utilization(doors, here, window, _GRAIN, [instances.CPU])
        return {c.place: c for c in counted}, {u.place: u for u in used}

    return _kept(("machines", window), ask)


def _measured(place: Place, window: Window) -> tuple[Load, Capacity, Utilization | None]:
    """Return load, instances and CPU of a deployment.

    Raises:
        NotEnoughData: It was asked nothing, or nobody knows how many instances ran.
    """
    asked = _kept(("loads", window), lambda: arriving.loads(arrivals(window).records()))
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
    own = [s for s in autoscale().value if s.target_id == deployment.id.lower() and s.is_enabled]
    return scaling.rules_of(own[0]) if own else None


def advice(deployment: Deployment, window: Window) -> Advice:
    """Return what size a deployment needs."""

    def ask() -> Advice:
        try:
            rules = rules_of(deployment)
        except SourceError:
            rules = None  # advice needs no rules; it only tries theirs first
        return right_size.advise(case(deployment, window), rules)

    return _kept(("advice", deployment.id, window), ask)


def what_if(deployment: Deployment, window: Window, rules: Rules, lag_minutes: int) -> Option:
    """Replay other autoscale rules."""
    return _kept(
        ("what if", deployment.id, window, rules, lag_minutes),
        lambda: right_size.autoscaled(case(deployment, window), rules, lag_minutes),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Every minute of a replay: what was asked, what ran, and what rules would have had."""

    minutes: Times
    demand: Floats
    ran: Floats
    replayed: Scaled


def scaled(deployment: Deployment, window: Window, rules: Rules, lag_minutes: int) -> Course:
    """Return the course of other autoscale rules."""
    found = case(deployment, window)
    minutes, demand = scaling.every_minute(found.load)
    counted, _ = _machines(window)
    ran = arriving.running(counted[deployment.place], minutes)
    return Course(minutes, demand, ran, scaling.scaled(demand, found.careful, rules, lag_minutes))


def episodes(deployment: Deployment, window: Window, threshold: float) -> tuple[Episode, ...]:
    """Return the times when the CPU was beyond a threshold, and what autoscale made of them."""
    return compute.entry(
        ("episodes", deployment.id, window, threshold),
        lambda: _episodes(deployment, window, threshold),
    ).value


def _episodes(deployment: Deployment, window: Window, threshold: float) -> tuple[Episode, ...]:
    """Find episodes at five minutes, and read them again by the minute."""
    load, capacity, cpu = _measured(deployment.place, window)
    if cpu is None:
        return ()
    events = [
        event
        for event in Activity(workspace.azure()).events(window)
        if event.resource_id == deployment.id.lower()
    ]
    around, minute = timedelta(minutes=20), timedelta(minutes=1)
    found: list[Episode] = []
    for rough in scaling.episodes(cpu, capacity, load, events, threshold)[-_MOST_EPISODES:]:
        near = Window(
            max(rough.began - around, window.start), min(rough.ended + around, window.end)
        )
        doors = compute.metrics()
        finer = instances.capacity(doors, [deployment], near, minute)
        used = instances.utilization(doors, [deployment], near, minute, [instances.CPU])
        found += scaling.episodes(used[0], finer[0], load, events, threshold)
    return tuple(found)
