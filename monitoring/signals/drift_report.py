"""Data drift of one deployment over a window: the whole of it, and day by day."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from monitoring.baseline import Baseline
from monitoring.drift import HEADLINE
from monitoring.engine import counting, exact
from monitoring.engine.tables import Table
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
        return ranked(self.results)

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
    stop: counting.Stop | None = None,
) -> DriftReport:
    """Compute drift of one table that has no days: two files. Arguments as for `run`."""
    shared, refused = data_drift.comparable(baseline.table, table, mode=mode)
    profiles = counting.profile(
        table,
        {name: feature for name, feature in baseline.plan.items() if name in shared},
        {name: bins for name, bins in baseline.bins.items() if name in shared},
        progress=progress,
        stop=stop,
    )
    known = {name: profile for name, profile in baseline.profiles.items() if name in profiles}
    if mode == "azureml":
        results = _azureml(baseline, table, None, (metrics, thresholds), stop)
    else:
        results = data_drift.robust(known, profiles, metrics=metrics, thresholds=thresholds)
        unread = {n: f.reason for n, f in baseline.plan.items() if f.reason and n in shared}
        refused = {**refused, **unread}
    results += [data_drift.refused(name, reason, mode) for name, reason in refused.items()]
    return DriftReport(
        baseline, None, mode, tuple(results), {}, profiles, (*table.notes, *notes), taken=taken
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


def ranked(results: Sequence[MetricResult]) -> tuple[str, ...]:
    """Return features, breached ones first, then by excess over the threshold."""
    best = headline(results)
    order = sorted(best.values(), key=lambda r: (r.status != "breached", -excess(r), r.subject))
    return tuple(result.subject for result in order)


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
    compute = _robust_days if mode == "robust" else _azureml_days
    found = _Found({}, {}, {})
    options = (metrics, thresholds)
    for day, results, profiles, tables in compute(baseline, days, options, progress, stop, found):
        is_over = taken is None or Window.day(day).end <= taken
        found.daily[day] = tuple(results if is_over else map(_unfinished, results))
        found.profiles[day] = profiles
        found.tables[day] = tables
    merged = _merged(found.profiles)
    whole = _whole(baseline, merged, found.tables, window, mode, options, stop)
    return DriftReport(
        baseline, window, mode, tuple(whole), found.daily, merged, notes, found.complete, taken
    )


def _unfinished(result: MetricResult) -> MetricResult:
    if result.status not in {"ok", "breached"}:
        return result
    return replace(result, status="not_enough_data", reason="the day is not over")


@dataclass
class _Found:
    daily: dict[date, tuple[MetricResult, ...]]
    profiles: dict[date, Mapping[str, Profile]]
    tables: dict[date, Table]
    complete: bool = True


_Options = tuple[Collection[str] | None, Mapping[str, float] | None]
_Day = tuple[date, list[MetricResult], Mapping[str, Profile], Table]


def _robust_days(
    baseline: Baseline,
    days: Mapping[date, Table],
    options: _Options,
    progress: counting.Progress | None,
    stop: counting.Stop | None,
    found: _Found,
) -> Iterator[_Day]:
    metrics, thresholds = options
    for day, table in _ticking(days, progress, stop, found):
        profiles = counting.profile(table, baseline.plan, baseline.bins)
        results = data_drift.robust(
            baseline.profiles,
            profiles,
            metrics=metrics,
            thresholds=thresholds,
            window=Window.day(day),
        )
        yield day, results, profiles, table


def _azureml_days(
    baseline: Baseline,
    days: Mapping[date, Table],
    options: _Options,
    progress: counting.Progress | None,
    stop: counting.Stop | None,
    found: _Found,
) -> Iterator[_Day]:
    for day, table in _ticking(days, progress, stop, found):
        profiles = counting.profile(table, baseline.plan, baseline.bins)
        results = _azureml(baseline, table, Window.day(day), options, None)
        yield day, results, profiles, table


def _azureml(
    baseline: Baseline,
    table: Table,
    window: Window | None,
    options: _Options,
    stop: counting.Stop | None,
) -> list[MetricResult]:
    metrics, thresholds = options
    pairs = exact.pairs(baseline.table, table, list(baseline.plan), stop=stop)
    return data_drift.azureml(pairs, metrics=metrics, thresholds=thresholds, window=window)


def _ticking(
    days: Mapping[date, Table],
    progress: counting.Progress | None,
    stop: counting.Stop | None,
    found: _Found,
) -> Iterator[tuple[date, Table]]:
    for done, day in enumerate(sorted(days)):
        if stop and stop():
            if not done:
                raise Cancelled("Stopped before the first day was compared")
            found.complete = False
            return
        if progress:
            progress(done / len(days), f"{day:%d %b %Y}, day {done + 1} of {len(days)}")
        yield day, days[day]


def _merged(profiles: Mapping[date, Mapping[str, Profile]]) -> dict[str, Profile]:
    names = dict.fromkeys(name for day in profiles.values() for name in day)
    return {name: merge(day[name] for day in profiles.values() if name in day) for name in names}


def _whole(
    baseline: Baseline,
    merged: Mapping[str, Profile],
    tables: Mapping[date, Table],
    window: Window,
    mode: Mode,
    options: _Options,
    stop: counting.Stop | None,
) -> list[MetricResult]:
    if mode == "azureml" and tables:
        days = [tables[day] for day in sorted(tables)]
        joined = Table(
            name=f"{len(days)} days",
            paths=tuple(path for table in days for path in table.paths),
            columns=days[-1].columns,
            rows=sum(table.rows for table in days),
        )
        return _azureml(baseline, joined, window, options, stop)
    metrics, thresholds = options
    return data_drift.robust(
        baseline.profiles, merged, metrics=metrics, thresholds=thresholds, window=window
    )
