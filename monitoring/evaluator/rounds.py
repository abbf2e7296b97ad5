"""One round of the evaluator: what is due is evaluated under a lease, kept, and told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from time import perf_counter

from monitoring.errors import LeaseLost, MonitoringError
from monitoring.evaluator.plan import RUNGS, Evaluated, Rule, Task, is_due, runs, steps_of
from monitoring.evaluator.publish import Publisher
from monitoring.evaluator.rules import Rules
from monitoring.metric import MetricResult
from monitoring.monitor import Monitor
from monitoring.place import Place
from monitoring.results.evaluation import Done, Evaluation, Touch
from monitoring.results.events import Events
from monitoring.results.leases import Lease, Leases, Rounds, is_gone
from monitoring.results.store import Results
from monitoring.signal import Findings, Grid, Missing, Question
from monitoring.window import DAY, Window
from monitoring.workspace.endpoints import Deployment, Endpoint

log = logging.getLogger("leeway.evaluator")

#: A task that takes longer than this is another evaluator's to take over.
TERM = timedelta(minutes=10)
#: What was evaluated is told on the screens no later than so many seconds after.
TELL_SECONDS = 2.0
#: Everything is looked through again so often; in between only the newest steps.
WHOLE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Progressed:
    """What a round has done. left: tasks that another evaluator is at."""

    evaluated: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """What there is to evaluate, as of the start of a round, and what it is held to."""

    endpoints: tuple[Endpoint, ...]
    deployments: Mapping[Place, Deployment]
    rules: Rules


@dataclass(eq=False, kw_only=True)
class Evaluator:
    """Evaluates what is due in one workspace. Several may share one database.

    holder: a name of this process that no other has. time_of_day: for leases, whatever the monitor
    takes for now. what: signals and sources of events, in the
    order in which they are evaluated. slow: those that take so long
    that the others must not wait for them. retention: how long results and events are kept; incidents for
    ever.
    """

    monitor: Monitor
    results: Results
    events: Events
    leases: Leases
    rounds: Rounds
    publisher: Publisher
    what: Sequence[Evaluated]
    holder: str
    time_of_day: Callable[[], datetime]
    slow: Sequence[Evaluated] = ()
    retention: timedelta = timedelta(days=400)
    _whole: datetime | None = field(default=None, init=False)
    _revision: int | None = field(default=None, init=False)

    def round(self, stop: Callable[[], bool] = lambda: False) -> Progressed:
        """Evaluate everything that is due, newest first, and say what came of it.

        Raises:
            SourceError: The database cannot be used, or the workspace does not say what it has.
        """
        now = self.monitor.clock()
        if self._whole is None:
            self._take_over()
        self.rounds.begin(self.holder, now)
        fleet = self._fleet()
        whole = self._looks_at_all(now)
        progressed = self._climb(self.what, fleet, now, stop, whole=whole)
        if stop():
            return progressed
        if whole:
            self._whole = now
            self._prune(now)
        self._revision = self._decided()
        self.rounds.finish(self.holder, self.monitor.clock())
        return progressed

    def spare(self, stop: Callable[[], bool] = lambda: False) -> Progressed:
        """Evaluate what takes long, until there is something better to do; as `round` otherwise."""
        return self._climb(self.slow, self._fleet(), self.monitor.clock(), stop, whole=True)

    def _climb(
        self,
        what: Sequence[Evaluated],
        fleet: Fleet,
        now: datetime,
        stop: Callable[[], bool],
        *,
        whole: bool,
    ) -> Progressed:
        done, left, told = 0, 0, 0.0  # the first number is told at once
        for rung, beyond in zip(RUNGS, (timedelta(), *RUNGS), strict=False):
            for task in self._due(what, fleet, now, rung, beyond, whole=whole):
                if stop():
                    return Progressed(done, left)
                if self._perform(task, fleet):
                    done += 1
                else:
                    left += 1
                if perf_counter() - told >= TELL_SECONDS:
                    self.publisher.tell(fleet.endpoints, now)
                    told = perf_counter()
            self.publisher.publish(fleet.endpoints, now)
        return Progressed(done, left)

    def _take_over(self) -> None:
        """Go on where evaluators ended that are gone: with their tasks, and with what they left untold."""
        self.leases.free(is_gone)
        since = self.rounds.broken()
        if since is not None:
            self.publisher.touch(self.results.evaluated(since))

    def _prune(self, now: datetime) -> None:
        self.results.prune(now - self.retention)
        self.events.prune(now - self.retention)
        self.leases.prune(self.time_of_day() - TERM)
        self.rounds.forget(now - DAY, is_gone, self.holder)

    def _fleet(self) -> Fleet:
        endpoints = self.monitor.endpoints()
        deployments = [each for endpoint in endpoints for each in endpoint.deployments]
        by_place = {self.monitor.place(each): each for each in deployments}
        return Fleet(endpoints, by_place, Rules(self.monitor, by_place))

    def _decided(self) -> int:
        return self.monitor.book.revision() if self.monitor.book else 0

    def _looks_at_all(self, now: datetime) -> bool:
        """Whether all steps are looked through: at first, every hour, and after each decision."""
        if self._whole is None or self._revision != self._decided():
            return True
        return abs(now - self._whole) >= WHOLE

    def _due(
        self,
        evaluated: Sequence[Evaluated],
        fleet: Fleet,
        now: datetime,
        rung: timedelta,
        beyond: timedelta,
        *,
        whole: bool,
    ) -> Iterator[Task]:
        for what in evaluated:
            for grid in what.grids:
                recent = 3 * (grid.step + grid.settle)
                if whole or beyond < recent:
                    reach = rung if whole else min(rung, recent)
                    yield from self._due_on(what, grid, fleet, steps_of(grid, now, reach, beyond))

    def _due_on(
        self, what: Evaluated, grid: Grid, fleet: Fleet, steps: Sequence[Window]
    ) -> Iterator[Task]:
        if not steps:
            return
        window = Window(steps[0].start, steps[-1].end)
        only = None if what.scope == "deployment" else self.monitor.workspace
        done = self.results.done(what.name, grid.step, window, only)
        for place in self._places(what, fleet):
            rule = fleet.rules.of(what, place, window, grid.step)
            due = self._steps_due(done, place, rule, grid, steps)
            yield from (Task(what, place, grid, run) for run in runs(due))

    def _steps_due(
        self,
        done: Mapping[tuple[Place, datetime], Done],
        place: Place,
        rule: Rule,
        grid: Grid,
        steps: Iterable[Window],
    ) -> list[Window]:
        now = self.monitor.clock()
        return [
            step
            for step in steps
            if is_due(done.get((place, step.start)), rule, step, grid.settle, now)
        ]

    def _places(self, what: Evaluated, fleet: Fleet) -> Iterable[Place]:
        return fleet.deployments if what.scope == "deployment" else (self.monitor.workspace,)

    def _perform(self, task: Task, fleet: Fleet) -> bool:
        """Evaluate a task unless another evaluator is at it, or has just done it."""
        lease = self.leases.take(task.key, self.holder, self.time_of_day(), TERM)
        if lease is None:
            return False
        try:
            rules = Rules(self.monitor, fleet.deployments)  # what counts is how things are now
            rule = rules.of(task.what, task.place, task.window, task.grid.step)
            windows = self._still_due(task, rule)
            for window in windows:
                self._keep(replace(task, window=window), rule, fleet, lease)
        except LeaseLost as error:
            log.warning("%s", error)
            return False
        finally:
            self.leases.release(lease)
        return bool(windows)

    def _still_due(self, task: Task, rule: Rule) -> list[Window]:
        steps = task.window.split(task.grid.step)
        return list(runs(self._steps_due(self._done(task), task.place, rule, task.grid, steps)))

    def _done(self, task: Task) -> Mapping[tuple[Place, datetime], Done]:
        """Return what is kept of a task's steps, at all places that its evaluation covers."""
        place = task.place if task.what.scope == "deployment" else None
        return self.results.done(task.what.name, task.grid.step, task.window, place)

    def _keep(self, task: Task, rule: Rule, fleet: Fleet, lease: Lease) -> None:
        began = perf_counter()
        question = self.monitor.question(
            task.place, task.window, task.grid.step, endpoints=fleet.endpoints
        )
        findings = _guarded(task, question)
        seconds = perf_counter() - began
        log.info("%s: %d results in %.1f s", task.key, len(findings.results), seconds)
        done = self._done(task)
        # A clock that was set back must not put what is new below what is old.
        taken = max([question.taken, *(each.evaluated for each in done.values())])
        places = {place for place, _ in done}
        evaluations = tuple(_evaluations(task, places, findings, rule, taken, seconds))
        self.events.add(findings.events)
        if self.results.add(evaluations, lease):
            self.publisher.touch(map(Touch.of, evaluations))


def _guarded(task: Task, question: Question) -> Findings:
    """Evaluate; what Azure did not answer and what broke in our own code is kept as missing."""
    try:
        return task.what.evaluate(question)
    except MonitoringError as error:
        why = str(error)
    except Exception as error:  # the other signals and the next rounds must not end with this one
        log.exception("%s failed", task.key)
        kind = type(error).__name__
        why = f"A fault in this product, {kind}, ended the evaluation. The evaluator's log has the rest."
    why = f"{task.what.name} of {task.place}: {why}"
    return Findings(missing=(Missing(task.what.name, task.place, why),))


def _evaluations(
    task: Task,
    places: Iterable[Place],
    findings: Findings,
    rule: Rule,
    taken: datetime,
    seconds: float,
) -> Iterator[Evaluation]:
    """Yield what was found, by place and day.

    The place of the task is told even if it is empty, and so are the places of which something was
    kept: what is no longer measured must not stand on.
    """
    parts = tuple(_parts(task, rule, taken))
    part_of = {step: at for at, (_, steps) in enumerate(parts) for step in steps}
    workspace = task.place.workspace
    buckets: dict[Place, dict[int, list[MetricResult]]] = {p: {} for p in (task.place, *places)}
    for result in findings.results:
        if result.window in part_of:
            place = replace(result.place.whole, workspace=workspace)
            part = part_of[result.window]
            buckets.setdefault(place, {}).setdefault(part, []).append(result)
    for place, by_part in buckets.items():
        for at, (fingerprint, steps) in enumerate(parts):
            yield Evaluation(
                place=place,
                signal=task.what.name,
                step=task.grid.step,
                window=Window(steps[0].start, steps[-1].end),
                results=tuple(by_part.get(at, ())),
                in_force=rule.in_force,
                fingerprint=fingerprint,
                version=rule.version,
                evaluated=taken,
                seconds=seconds,
                complete=not findings.missing,
                missing=tuple(map(str, findings.missing)),
            )


def _parts(task: Task, rule: Rule, taken: datetime) -> Iterator[tuple[str, list[Window]]]:
    """Yield the steps of a task that lie in one day and have one state of their input, with it."""
    steps = task.window.split(task.grid.step)

    def key(step: Window) -> tuple[date, str]:
        return step.start.date(), rule.fingerprint(step, task.grid.settle, taken)

    for (_, fingerprint), group in groupby(steps, key):
        yield fingerprint, list(group)
