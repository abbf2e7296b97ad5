"""Data drift of one deployment over a window: the whole of it, and day by day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from monitoring.baseline import Baseline
from monitoring.drift import HEADLINE
from monitoring.engine import counting, exact
from monitoring.engine.tables import Table, union
from monitoring.errors import Cancelled
from monitoring.metric import MetricResult, Mode, Status
from monitoring.profile import Profile, merge
from monitoring.signals import data_drift
from monitoring.window import Window


@dataclass(frozen=True, eq=False)
class DriftReport:
    """What one run found.

    results: over the whole window, every metric of every feature. daily: the same for each day that
    has data. production: the merged profiles behind `results` (robust mode). notes: what a reader
    should know about the data.
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


def excess(result: MetricResult) -> float:
    """Value over threshold, 1 at the threshold; 0 where nothing was computed."""
    if result.value is None or not result.threshold:
        return 0.0
    ratio = result.value / result.threshold
    return ratio if result.worse == "higher" else 1 / max(ratio, 1e-300)


def ranked(deciding: Mapping[str, MetricResult]) -> tuple[str, ...]:
    """Return features, breached ones first, then by excess over the threshold."""

    def order(name: str) -> tuple[bool, float, str]:
        return deciding[name].status != "breached", -excess(deciding[name]), name

    return tuple(sorted(deciding, key=order))


def since(history: Sequence[MetricResult]) -> datetime | None:
    """Return the start of the run of breaches that is still open at the end of a history.

    A day without a verdict neither opens nor closes a run; two good days in three close it.

    >>> since([]) is None
    True
    """
    opened: datetime | None = None
    seen: list[Status] = []
    for result in history:
        if result.status not in {"ok", "breached"} or result.window is None:
            continue
        seen.append(result.status)
        firing = data_drift.confirmed(seen)
        if firing and opened is None:
            first = 2 if seen[-2:] == ["breached", "breached"] else 3
            opened = _start(history, len(seen) - first)
        elif not firing:
            opened = None
    return opened


def _start(history: Sequence[MetricResult], index: int) -> datetime:
    judged = [r for r in history if r.status in {"ok", "breached"} and r.window]
    window = judged[max(index, 0)].window
    return window.start if window else datetime.min.replace(tzinfo=UTC)


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
        progress: Called with a share from 0 to 1 and a text.
        stop: Asked between days.

    Raises:
        Cancelled: `stop` said so before the first day was done; later, the report is incomplete.
    """
    judge = _Judge(baseline, mode, metrics, thresholds)
    daily: dict[date, tuple[MetricResult, ...]] = {}
    profiles: dict[date, Mapping[str, Profile]] = {}
    complete = True
    for done, day in enumerate(sorted(days)):
        if stop and stop():
            if not done:
                raise Cancelled("Stopped before the first day was compared")
            complete = False
            break
        if progress:
            progress(done / len(days), f"{day:%d %b %Y}, day {done + 1} of {len(days)}")
        profiles[day] = counting.profile(days[day], baseline.plan, baseline.bins)
        results = judge.results(profiles[day], days[day], Window.day(day))
        is_over = taken is None or Window.day(day).end <= taken
        daily[day] = tuple(results if is_over else map(_unfinished, results))
    merged = _merged(profiles)
    table = union([days[day] for day in profiles], str(window)) if profiles else None
    whole = judge.results(merged, table, window)
    return DriftReport(
        baseline, window, mode, tuple(whole), daily, merged, notes, complete=complete, taken=taken
    )


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
    unread = {n: f.reason for n, f in baseline.plan.items() if f.reason and n in shared}
    if mode == "azureml":  # it skips columns of the reference in words of its own
        left_out = {n: reason for n, reason in left_out.items() if n not in baseline.plan}
    else:
        left_out = {**left_out, **unread}
    plan = {name: feature for name, feature in baseline.plan.items() if name in shared}
    bins = {name: bins for name, bins in baseline.bins.items() if name in shared}
    profiles = counting.profile(table, plan, bins, progress=progress)
    judge = _Judge(baseline, mode, metrics, thresholds)
    results = [
        *judge.results(profiles, table, None),
        *(data_drift.refused(name, reason, mode) for name, reason in left_out.items()),
    ]
    return DriftReport(
        baseline, None, mode, tuple(results), {}, profiles, (*table.notes, *notes), taken=taken
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges counted rows in one of the two modes."""

    baseline: Baseline
    mode: Mode
    metrics: Collection[str] | None
    thresholds: Mapping[str, float] | None

    def results(
        self, profiles: Mapping[str, Profile], table: Table | None, window: Window | None
    ) -> list[MetricResult]:
        """Return the results; the exact mode reads the rows of `table` once more."""
        options: Any = {"metrics": self.metrics, "thresholds": self.thresholds, "window": window}
        if self.mode == "azureml" and table is not None:
            pairs = exact.pairs(self.baseline.table, table, list(self.baseline.plan))
            return data_drift.azureml(pairs, **options)
        known = self.baseline.profiles
        if window is None:  # two files: a column on one side only has been reported already
            known = {name: profile for name, profile in known.items() if name in profiles}
        return data_drift.robust(known, profiles, **options)


def _unfinished(result: MetricResult) -> MetricResult:
    if result.status not in {"ok", "breached"}:
        return result
    return replace(result, status="not_enough_data", reason="the day is not over")


def _merged(profiles: Mapping[date, Mapping[str, Profile]]) -> dict[str, Profile]:
    names = dict.fromkeys(name for day in profiles.values() for name in day)
    return {name: merge(day[name] for day in profiles.values() if name in day) for name in names}
