"""Data drift of one deployment over a window: the whole of it, and day by day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from monitoring.baselines.baseline import Baseline
from monitoring.counting.engine import counting, exact
from monitoring.counting.engine.tables import Table, union
from monitoring.counting.profile import Profile
from monitoring.errors import Cancelled
from monitoring.metric import MetricResult, Mode
from monitoring.metrics.drift import HEADLINE
from monitoring.place import WORKSPACE, Place
from monitoring.signals.data_drift import comparison as data_drift
from monitoring.signals.data_drift.day_store import Counted, Days, DayStore, Results
from monitoring.signals.data_drift.findings import Finding, judged
from monitoring.verdict import UNFINISHED, excess, withhold
from monitoring.window import Window

#: Measures when it is asked.
Measured = Callable[[], Sequence[Finding]]


@dataclass(frozen=True, eq=False)
class DriftReport:
    """What one run found.

    results: over the whole window, every metric of every feature. daily: the same for each day that
    has data. production: the merged profiles behind `results` (robust mode). notes: what a reader
    should know about the data. by_day: each day was compared with days of its own.
    """

    baseline: Baseline
    window: Window | None
    mode: Mode
    results: tuple[MetricResult, ...]
    daily: Mapping[date, tuple[MetricResult, ...]] = field(repr=False)
    production: Mapping[str, Profile] = field(repr=False)
    notes: tuple[str, ...] = ()
    complete: bool = True
    taken: datetime | None = None
    by_day: bool = False

    def slim(self) -> DriftReport:
        """Return it without the days behind its baseline and production, which only a run needs."""
        baseline = replace(self.baseline, profiles=dict(self.baseline.profiles), moving=None)
        return replace(self, baseline=baseline, production=dict(self.production))

    def features(self) -> tuple[str, ...]:
        """Features by how far each exceeds its threshold over the window, worst first."""
        return ranked(headline(self.results))

    def of(self, feature: str) -> tuple[MetricResult, ...]:
        """Return the results of one feature over the whole window."""
        return tuple(result for result in self.results if result.subject == feature)

    def history(self, feature: str, metric: str) -> tuple[MetricResult, ...]:
        """Return the daily results of one feature and metric, in time order."""
        return tuple(
            result
            for day in sorted(self.daily)
            for result in self.daily[day]
            if result.subject == feature and result.metric == metric
        )


def headline(results: Sequence[MetricResult]) -> dict[str, MetricResult]:
    """Return the result that decides on each feature: its kind's headline metric, else the worst."""
    found: dict[str, MetricResult] = {}
    for result in results:
        known = found.get(result.subject)
        decides = result.kind is not None and result.metric == HEADLINE[result.kind]
        if known is None or decides:
            found[result.subject] = result
    return found


def ranked(deciding: Mapping[str, MetricResult]) -> tuple[str, ...]:
    """Return features, breached ones first, then by excess over the threshold."""

    def order(name: str) -> tuple[bool, float, str]:
        return deciding[name].status != "breached", -excess(deciding[name]), name

    return tuple(sorted(deciding, key=order))


def run(
    baseline: Baseline,
    days: Mapping[date, Table],
    window: Window,
    *,
    mode: Mode = "robust",
    metrics: Collection[str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    notes: tuple[str, ...] = (),
    taken: datetime | None = None,
    signal: str = data_drift.SIGNAL,
    place: Place = WORKSPACE,
    store: DayStore | None = None,
    progress: counting.Progress | None = None,
    stop: counting.Stop | None = None,
) -> DriftReport:
    """Compute drift over a window and for each of its days.

    Args:
        baseline: The reference.
        days: One table per UTC day that has data.
        window: What to report on; the whole window is the sum of its days.
        mode: robust or azureml.
        metrics: Names; all by default.
        thresholds: By metric, where they differ from the default.
        notes: Passed on to the report.
        taken: Now. A day that is not over gets no verdict: its hours are not a whole day's.
        signal: Under which signal to report.
        place: Whose features they are.
        store: Where days are counted once and for all; without it for this call only.
        progress: Called with a share from 0 to 1 and a text.
        stop: Asked between days.

    Raises:
        Cancelled: `stop` said so before the first day was done; later, the report is incomplete.
    """
    judge = _Judge(baseline, mode, metrics, thresholds, signal, place)
    kept = (store or DayStore()).days(baseline, days)
    done = _counted(kept, days, progress, stop)
    daily = judge.days(kept, {day: days[day] for day in done})
    if taken:
        running = [day for day in done if day >= taken.astimezone(UTC).date()]
        daily.update((day, tuple(withhold(r, UNFINISHED) for r in daily[day])) for day in running)
    whole = kept.window(done, window)
    table = union([days[day] for day in done], str(window)) if done else None
    return DriftReport(
        baseline,
        window,
        mode,
        judge.results(whole.findings, table, window),
        daily,
        whole.profiles,
        notes,
        complete=len(done) == len(days),
        taken=taken,
        by_day=baseline.moving is not None,
    )


def _counted(
    kept: Days,
    days: Mapping[date, Table],
    progress: counting.Progress | None,
    stop: counting.Stop | None,
) -> list[date]:
    """Count days until told to stop, and return those that are done."""
    counted: dict[date, Counted] = {}
    done: list[date] = []
    for day in sorted(days):
        if stop and stop():
            if not done:
                raise Cancelled("Stopped before the first day was compared")
            break
        if progress:
            progress(len(done) / len(days), f"{day:%d %b %Y}, day {len(done) + 1} of {len(days)}")
        if (found := kept.count(day, days[day])) is not None:
            counted[day] = found
        done.append(day)
    kept.add(counted)
    return done


def compare(
    baseline: Baseline,
    table: Table,
    *,
    mode: Mode = "robust",
    metrics: Collection[str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    notes: tuple[str, ...] = (),
    taken: datetime | None = None,
    progress: counting.Progress | None = None,
) -> DriftReport:
    """Compute drift of one table that has no days: two files. Arguments as for `run`."""
    shared, left_out = data_drift.comparable(baseline.table, table, mode=mode)
    if mode == "azureml":  # it skips columns of the reference in words of its own
        left_out = {n: reason for n, reason in left_out.items() if n not in baseline.plan}
    else:
        left_out = left_out | _unread(baseline, shared)
    plan = {name: feature for name, feature in baseline.plan.items() if name in shared}
    bins = {name: bins for name, bins in baseline.bins.items() if name in shared}
    profiles = counting.profile(table, plan, bins, progress=progress)
    judge = _Judge(baseline, mode, metrics, thresholds)
    results = [
        *judge.table(profiles, table),
        *(data_drift.refused(name, reason, mode) for name, reason in left_out.items()),
    ]
    return DriftReport(
        baseline, None, mode, tuple(results), {}, profiles, (*table.notes, *notes), taken=taken
    )


def _unread(baseline: Baseline, names: Collection[str]) -> dict[str, str]:
    return {n: f.reason for n, f in baseline.plan.items() if f.reason and n in names}


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges counted rows in one of the two modes."""

    baseline: Baseline
    mode: Mode
    metrics: Collection[str] | None
    thresholds: Mapping[str, float] | None
    signal: str = data_drift.SIGNAL
    place: Place = WORKSPACE

    def days(self, kept: Days, tables: Mapping[date, Table]) -> dict[date, Results]:
        """Return the results of each day, judged once for each rule."""
        limits = frozenset((self.thresholds or {}).items())
        metrics = None if self.metrics is None else frozenset(self.metrics)
        rule = self.mode, metrics, limits, self.signal, self.place

        def judge(day: date, findings: Measured) -> Results:
            return self.results(findings, tables[day], Window.day(day))

        return kept.results(list(tables), rule, judge)

    def results(self, findings: Measured, table: Table | None, window: Window) -> Results:
        """Return the results of a window; the exact mode needs no findings, but the rows."""
        options = self._options(window)
        if self.mode == "azureml" and table is not None:
            return tuple(data_drift.azureml(self._pairs(table), **options))
        found = judged(findings(), **options)
        return tuple(self.baseline.settled(found, window))

    def table(self, profiles: Mapping[str, Profile], table: Table) -> list[MetricResult]:
        """Return the results of a table without days."""
        if self.mode == "azureml":
            return data_drift.azureml(self._pairs(table), **self._options(None))
        # A column on one side only has been reported already.
        known = {name: p for name, p in self.baseline.profiles.items() if name in profiles}
        return data_drift.robust(known, profiles, **self._options(None))

    def _pairs(self, table: Table) -> Iterator[exact.Pair]:
        """Return the rows: this mode reads them once more."""
        return exact.pairs(self.baseline.table, table, list(self.baseline.plan))

    def _options(self, window: Window | None) -> dict[str, Any]:
        return {
            "metrics": self.metrics,
            "thresholds": self.thresholds,
            "window": window,
            "signal": self.signal,
            "place": self.place,
        }
