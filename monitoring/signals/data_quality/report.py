"""Data quality of one deployment over a window: the whole of it, and day by day."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from monitoring.baselines.baseline import Baseline
from monitoring.counting.engine.counting import Progress
from monitoring.counting.engine.tables import Table
from monitoring.counting.profile import Profile, merge
from monitoring.errors import Cancelled
from monitoring.metric import MetricResult, Mode
from monitoring.metrics.quality.new_category_rate import new_categories
from monitoring.metrics.quality.vanished_category_rate import vanished_categories
from monitoring.metrics.quality_metric import FeatureFacts, TableFacts
from monitoring.place import WORKSPACE, Place
from monitoring.signals.data_quality import collection_faults
from monitoring.signals.data_quality import judging as data_quality
from monitoring.signals.data_quality.collection_faults import FaultCount
from monitoring.signals.data_quality.days import (
    USUAL_DAYS,
    WEEK,
    CountedDay,
    Counter,
    DayRows,
    feature_facts,
    lasting,
    varied,
)
from monitoring.signals.data_quality.judging import Key
from monitoring.signals.data_quality.quality_window import (
    Facts,
    common,
    design_effects,
    ordinary,
    summed,
)
from monitoring.signals.data_quality.service_quality import Service
from monitoring.verdict import UNFINISHED, withhold
from monitoring.window import Window

Results = list[MetricResult]


@dataclass(frozen=True, slots=True)
class Rules:
    """How to judge. bounds: range by feature, where it is not the reference's."""

    mode: Mode = "robust"
    metrics: frozenset[str] | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Category:
    """A category that came or went. rows: of production if it is new, else of the reference."""

    feature: str
    label: str
    change: str
    rows: int
    days: int


@dataclass(frozen=True, eq=False)
class DataQualityReport:
    """What one run found.

    results: over the whole window, every metric of every feature and of the rows as a whole. daily:
    the same for each day. features: the facts behind `results`, by feature. changes: columns that
    are missing, new or of another type on any day, with what happened and on how many days.
    categories: those that came or went. faults: what was wrong with the collected lines, by name.
    """

    baseline: Baseline
    window: Window | None
    mode: Mode
    results: tuple[MetricResult, ...]
    daily: Mapping[date, tuple[MetricResult, ...]] = field(repr=False)
    features: Facts = field(default_factory=dict, repr=False)
    changes: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    categories: tuple[Category, ...] = ()
    faults: tuple[FaultCount, ...] = ()
    lines: int = 0
    rows: int = 0
    notes: tuple[str, ...] = ()
    complete: bool = True
    taken: datetime | None = None

    def of(self, feature: str) -> tuple[MetricResult, ...]:
        """Return the results of one feature, or of the rows as a whole, over the window."""
        return tuple(result for result in self.results if result.subject == feature)

    def history(self, feature: str, metric: str) -> tuple[MetricResult, ...]:
        """Return the daily results of one feature and metric, in time order."""
        return tuple(
            result
            for day in sorted(self.daily)
            for result in self.daily[day]
            if result.subject == feature and result.metric == metric
        )


def run(
    baseline: Baseline,
    days: Mapping[date, DayRows],
    window: Window,
    *,
    rules: Rules | None = None,
    notes: tuple[str, ...] = (),
    taken: datetime | None = None,
    place: Place = WORKSPACE,
    store: Path | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> DataQualityReport:
    """Check a window and each of its days.

    Args:
        baseline: The reference.
        days: What was collected, by UTC day; those before the window only tell what is usual.
        window: What to report on.
        rules: How to judge.
        notes: Passed on to the report.
        taken: Now. A day that is not over gets no verdict.
        place: Whose rows they are.
        store: Folder that keeps what was counted row by row.
        progress: Called with a share from 0 to 1 and a text.
        stop: Asked between days.

    Raises:
        Cancelled: `stop` said so before the first day of the window was done; later, the report is
            incomplete.
    """
    judge = Judge(baseline, rules or Rules(), place)
    first = min(days, default=window.start.date())
    begun = [d for d in window.days() if d >= first and _has_begun(d, taken)]
    asked = sorted({*days, *begun})
    checked = _checked(judge, Counter(baseline, days, store), asked, begun, taken, progress, stop)
    done, facts, daily = checked.done, checked.facts, checked.daily
    inside, ended = checked.inside, checked.ended(taken)
    whole = judge.whole(inside, done, window)
    return DataQualityReport(
        baseline,
        window,
        judge.rules.mode,
        tuple(judge.window(inside, ended, whole, [facts[d] for d in daily], window)),
        daily,
        whole,
        changes_of(inside),
        categories_of(whole, {day: facts[day] for day in ended}),
        faults_of(inside),
        lines=sum(day.rows.lines for day in inside.values()),
        rows=sum(day.table.rows for day in inside.values()),
        notes=notes,
        complete=len(done) == len(asked),
        taken=taken,
    )


@dataclass(frozen=True, eq=False)
class _Checked:
    """The days that were checked. daily: results of those that were asked for."""

    done: dict[date, CountedDay] = field(default_factory=dict)
    facts: dict[date, Facts] = field(default_factory=dict)
    daily: dict[date, tuple[MetricResult, ...]] = field(default_factory=dict)

    @property
    def inside(self) -> dict[date, CountedDay]:
        """Those that were asked for, counted."""
        return {day: self.done[day] for day in self.daily}

    def ended(self, taken: datetime | None) -> set[date]:
        """Return those that were asked for and are over."""
        return {day for day in self.daily if _is_over(day, taken)}


def _checked(
    judge: Judge,
    counter: Counter,
    days: Sequence[date],
    wanted: Collection[date],
    taken: datetime | None,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
) -> _Checked:
    """Check days in order, each by what is usual before it, until told to stop."""
    checked = _Checked()
    before: list[tuple[MetricResult, ...]] = []
    for at, day in enumerate(days):
        if stop and stop():
            if not checked.daily:
                raise Cancelled("Stopped before the first day was checked")
            break
        if progress:
            progress(at / len(days), f"Checking {day:%d %b %Y}, day {at + 1} of {len(days)}")
        checked.done[day] = counter.count(day, checked.done)
        checked.facts[day] = judge.facts(day, checked.done)
        results = judge.day(day, checked.done[day], checked.facts[day], before)
        if not _is_over(day, taken):
            results = [withhold(result, UNFINISHED) for result in results]
        before = [*before[1 - USUAL_DAYS :], tuple(results)]
        if day in wanted:
            checked.daily[day] = tuple(results)
    return checked


@dataclass(frozen=True, eq=False)
class Judge:
    """Judges counted days in one of the two modes."""

    baseline: Baseline
    rules: Rules
    place: Place = WORKSPACE

    @cached_property
    def service(self) -> Service:
        """Azure ML's own monitor over the baseline."""
        return Service.over(self.baseline.table, list(self.baseline.plan))

    def results(
        self,
        facts: Facts,
        table: TableFacts,
        rows: Table | None,
        window: Window | None,
        *,
        floors: Mapping[Key, float] | None = None,
        effects: Mapping[Key, float] | None = None,
    ) -> Results:
        """Return the results; the mode of the service reads the rows themselves."""
        asked = self.rules
        if asked.mode == "azureml":
            if rows is None:
                return []
            return self.service.results(
                rows,
                metrics=asked.metrics,
                thresholds=asked.thresholds,
                window=window,
                place=self.place,
            )
        unread = {n: f.reason for n, f in self.baseline.plan.items() if f.reason}
        return data_quality.robust(
            facts,
            table,
            metrics=asked.metrics,
            thresholds=asked.thresholds,
            window=window,
            unusable=unread,
            floors=floors,
            effects=effects,
            place=self.place,
        )

    def facts(self, day: date, done: Mapping[date, CountedDay]) -> Facts:
        """Return the facts of each feature on a day, with what the days before say of them."""
        counted = done[day]
        if counted.rows.inputs is None:
            return {}
        found = feature_facts(
            self.baseline,
            counted.profiles,
            counted.rows.inputs,
            counted.rows.faults,
            bounds=self.rules.bounds,
            window=Window.day(day),
        )
        return self._with_history(found, done)

    def _with_history(self, found: Facts, done: Mapping[date, CountedDay]) -> Facts:
        history = [done[day].profiles for day in sorted(done)]
        return {
            name: _expecting(facts, [day[name] for day in history if name in day])
            for name, facts in found.items()
        }

    def day(
        self, day: date, counted: CountedDay, facts: Facts, before: Sequence[Sequence[MetricResult]]
    ) -> Results:
        """Return the results of one day; those of the days before it say what is ordinary."""
        floors = ordinary(before)
        window = Window.day(day)
        return self.results(facts, counted.table, counted.rows.inputs, window, floors=floors)

    def whole(
        self, inside: Mapping[date, CountedDay], done: Mapping[date, CountedDay], window: Window
    ) -> Facts:
        """Return the facts of each feature over the window."""
        tables = [day.rows.inputs for day in inside.values() if day.rows.inputs]
        if not tables:
            return {}
        names = dict.fromkeys(name for day in inside.values() for name in day.profiles)
        profiles = {
            name: merge(day.profiles[name] for day in inside.values() if name in day.profiles)
            for name in names
        }
        found = feature_facts(
            self.baseline,
            profiles,
            common(tables),
            _tallied(inside),
            bounds=self.rules.bounds,
            window=window,
        )
        return found if len(tables) >= WEEK else self._with_history(found, done)

    def window(
        self,
        inside: Mapping[date, CountedDay],
        ended: set[date],
        facts: Facts,
        daily: Sequence[Facts],
        window: Window,
    ) -> Results:
        """Return the results over the window; its days are clusters of rows."""
        tables = [day.rows.inputs for day in inside.values() if day.rows.inputs]
        over = [inside[day] for day in sorted(ended)]
        every = [inside[day] for day in sorted(inside)]
        rows = common(tables) if tables else None
        effects = design_effects(daily)
        return self.results(facts, summed(every, over), rows, window, effects=effects)


def _expecting(facts: FeatureFacts, history: Sequence[Profile]) -> FeatureFacts:
    if facts.reference.kind == "categorical":
        facts = replace(facts, lasting=lasting(facts.reference, history))
    return replace(facts, varies=varied(history))


def _has_begun(day: date, taken: datetime | None) -> bool:
    return taken is None or Window.day(day).start < taken


def _is_over(day: date, taken: datetime | None) -> bool:
    return taken is None or Window.day(day).end <= taken


def _tallied(days: Mapping[date, CountedDay]) -> Tally[str]:
    faults = Tally[str]()
    for day in days.values():
        faults.update(day.rows.faults)
    return faults


def changes_of(days: Mapping[date, CountedDay]) -> dict[str, tuple[str, int]]:
    """Return what happened to columns, and on how many days."""
    counts = Tally(name for day in days.values() for name in day.table.changes)
    what = {name: text for day in days.values() for name, text in day.table.changes.items()}
    return {name: (what[name], n) for name, n in counts.most_common()}


def categories_of(whole: Facts, days: Mapping[date, Facts]) -> tuple[Category, ...]:
    """Return new categories of the window, and those that vanished on any of its days."""
    found = [
        category
        for name, facts in whole.items()
        if _has_categories(facts)
        for category in _categories(
            name, facts, [day[name] for day in days.values() if name in day]
        )
    ]
    return tuple(sorted(found, key=lambda each: (-each.rows, each.feature, each.label)))


def _has_categories(facts: FeatureFacts) -> bool:
    return facts.reference.kind == "categorical" and facts.is_comparable


def _categories(name: str, facts: FeatureFacts, days: Sequence[FeatureFacts]) -> list[Category]:
    daily = [day for day in days if day.is_comparable]
    came = Tally(label for day in daily for label in new_categories(day))
    went = Tally(label for day in daily for label in vanished_categories(day))
    rows, before = new_categories(facts), facts.reference.counts_by_label()
    new = [Category(name, label, "new", n, came[label]) for label, n in rows.items()]
    return new + [Category(name, label, "vanished", before[label], n) for label, n in went.items()]


def faults_of(days: Mapping[date, CountedDay]) -> tuple[FaultCount, ...]:
    """Return what was wrong with lines and ids, by name."""
    faults = _tallied(days)
    lines = sum(day.rows.lines for day in days.values())
    rows = sum(day.table.rows for day in days.values())
    merged = sum(day.facts.merged_rows for day in days.values() if day.facts)
    return (
        *collection_faults.named(faults, lines, rows),
        *collection_faults.of_rows([day.table for day in days.values()], merged),
    )
