"""The evaluations of a workspace: added to, never rewritten; the newest of each step counts."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from monitoring.database.database import Database
from monitoring.database.result_tables import EvaluationRow, SeriesRow
from monitoring.errors import MonitoringError
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.results import leases, rows
from monitoring.results.codec import has_breach, unpack
from monitoring.results.evaluation import Done, Evaluation, Touch
from monitoring.results.leases import Lease
from monitoring.results.numbers import Series, SeriesNumbers
from monitoring.results.payload import UnreadableError
from monitoring.results.standing import (
    Step,
    Stored,
    inside,
    microseconds,
    moment,
    precise_moment,
    runs,
    seconds,
    standing,
)
from monitoring.window import Window

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Rows and the series that they are of."""

    known: Mapping[int, Series]
    rows: tuple[Stored, ...]

    def steps(self) -> dict[Step, Stored]:
        """Return the row that counts for each step."""
        return standing(self.rows, self.known)

    def steps_in(self, window: Window) -> dict[Step, Stored]:
        """Return the row that counts for each step of a window."""
        starts = inside(window)
        return {step: row for step, row in self.steps().items() if step[1] in starts}


class Results:
    """What was measured of a workspace.

    A step belongs to a window in which it begins. What cannot be read counts as never evaluated.
    """

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace.lower()
        self._numbers = SeriesNumbers(self._workspace)
        self._generation = 0

    def add(self, evaluations: Iterable[Evaluation], lease: Lease | None = None) -> int:
        """Add evaluations, all or none; returns how many say something new.

        One is not added again while an equal one (window, in_force, fingerprint, version) is the
        newest of each of its steps. An incomplete one is not either while that has the same results
        too, which then count as of this later try.

        Raises:
            LeaseLost: Another process has taken over the task.
            SourceError: The database cannot be written to.
        """
        with self._database.reading() as session:
            known = self._series().choose(session)
        numbers = {series: number for number, series in known.items()}
        with self._database.writing() as session:
            if lease:
                leases.check(session, lease)
            return rows.add(session, self._workspace, evaluations, numbers)

    def results(
        self,
        window: Window,
        *,
        signals: Collection[str] | None = None,
        places: Collection[Place] | None = None,
        step: timedelta | None = None,
        least: timedelta = timedelta(),
    ) -> tuple[MetricResult, ...]:
        """Return the results of the steps of a window, in the order of time, place and signal.

        Args:
            window: In which the steps begin.

        Raises:
            SourceError: The database cannot be read.
        """
        chosen = self._choose(rows.within(window), signals, places, step)
        return _results(chosen, chosen.steps_in(window), lambda series: series.step >= least)

    def breached(
        self,
        window: Window,
        *,
        places: Collection[Place],
        also: Callable[[Series], bool] = lambda _: False,
    ) -> tuple[MetricResult, ...]:
        """Return the results of the signals that breach anywhere in a window, by place and length of steps.

        Args:
            window: In which the steps begin.

        Raises:
            SourceError: The database cannot be read.
        """
        chosen = self._choose(rows.within(window), None, places, None)
        steps = chosen.steps_in(window)
        wanted: set[int] = {n for n, series in chosen.known.items() if also(series)}
        for row in {row.id: row for row in steps.values()}.values():
            if row.series not in wanted and _has_breach(row):
                wanted.add(row.series)
        keep = {chosen.known[number] for number in wanted}
        return _results(chosen, steps, keep.__contains__)

    def evaluations(
        self,
        window: Window,
        *,
        signals: Collection[str] | None = None,
        places: Collection[Place] | None = None,
        step: timedelta | None = None,
    ) -> tuple[Evaluation, ...]:
        """Return what counts of the evaluations of a window, cut to the steps for which it does.

        Raises:
            SourceError: The database cannot be read.
        """
        chosen = self._choose(rows.within(window), signals, places, step)
        return _cut(chosen.steps_in(window), chosen.known)

    def done(
        self, signal: str, step: timedelta, window: Window, place: Place | None = None
    ) -> Mapping[tuple[Place, datetime], Done]:
        """Return by what each step of a signal was last evaluated, by place and start.

        Payloads are not read for it: damage counts from when a reader came upon it.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            known = self._series().choose(session, {signal}, {place} if place else None, step)
            chosen = _Chosen(known, rows.marks(session, rows.of(known), rows.within(window)))
        marks = {row.id: _done(row) for row in chosen.rows}
        return {
            (chosen.known[series].place, moment(start)): marks[row.id]
            for (series, start), row in chosen.steps_in(window).items()
        }

    def evaluated(self, since: datetime) -> tuple[Touch, ...]:
        """Return what was evaluated since a moment: each series, and its first such step.

        Raises:
            SourceError: The database cannot be read.
        """
        first = EvaluationRow.last - (EvaluationRow.steps - 1) * SeriesRow.step
        chosen = (
            select(EvaluationRow.series, func.min(first))
            .join(SeriesRow, EvaluationRow.series == SeriesRow.id)
            .where(EvaluationRow.evaluated >= microseconds(since))
            .group_by(EvaluationRow.series)
        )
        with self._database.reading() as session:
            known = self._series().choose(session)
            starts = {n: moment(first) for n, first in session.execute(chosen) if n in known}
        return tuple(Touch(known[n].place, known[n].signal, start) for n, start in starts.items())

    def prune(self, before: datetime) -> int:
        """Remove the evaluations whose steps were over before a moment; returns how many.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.reading() as session:
            known = self._series().choose(session)
        numbers = defaultdict(list)
        for number, series in known.items():
            numbers[series.seconds].append(number)
        with self._database.writing() as session:
            return sum(
                rows.remove(session, of_step, seconds(before) - step)
                for step, of_step in numbers.items()
            )

    def places(self) -> tuple[Place, ...]:
        """Return every place of which anything is stored.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            known = self._series().choose(session)
        return tuple(sorted({series.place for series in known.values()}))

    def _series(self) -> SeriesNumbers:
        """Return what is known of the series; nothing of a database that is gone, in a session of this one."""
        if self._generation != self._database.generation:
            self._generation = self._database.generation
            self._numbers = SeriesNumbers(self._workspace)
        return self._numbers

    def _choose(
        self,
        condition: ColumnElement[bool],
        signals: Collection[str] | None,
        places: Collection[Place] | None,
        step: timedelta | None,
    ) -> _Chosen:
        with self._database.reading() as session:
            known = self._series().choose(session, signals, places, step)
            stored = rows.stored(session, rows.of(known), condition)
        whole = tuple(rows.readable(stored))
        if len(whole) < len(stored):
            self._empty(tuple(rows.looking_whole(set(stored).difference(whole))))
        return _Chosen(known, whole)

    def _empty(self, damaged: Collection[Stored]) -> None:
        """Empty what is damaged, so that every process finds its steps due without reading it."""
        if not damaged:
            return
        try:
            with self._database.writing() as session:
                rows.empty(session, damaged)
        except MonitoringError as error:  # reading goes on; the next reader comes upon it again
            _log.warning("Damaged evaluations still count as done: %s", error)


def _has_breach(row: Stored) -> bool:
    try:
        return has_breach(row.payload)
    except UnreadableError:  # it is said where the results are read
        return False


def _results(
    chosen: _Chosen, steps: Mapping[Step, Stored], wanted: Callable[[Series], bool]
) -> tuple[MetricResult, ...]:
    """Return the results of the wanted series at these steps, in the order of time, place and signal."""
    series = {number for number, each in chosen.known.items() if wanted(each)}
    own = {step: row for step, row in steps.items() if step[0] in series}
    by_place = sorted(_cut(own, chosen.known), key=_by_place)
    results = [result for evaluation in by_place for result in evaluation.results]
    return tuple(sorted(results, key=_start))


def _start(result: MetricResult) -> datetime:
    assert result.window is not None  # noqa: S101 - none is kept without
    return result.window.start


def _cut(steps: Mapping[Step, Stored], known: Mapping[int, Series]) -> tuple[Evaluation, ...]:
    """Return the rows as evaluations of the steps for which they count, in the order of time."""
    starts = defaultdict(list)
    by_id = {row.id: row for row in steps.values()}
    for (_, start), row in steps.items():
        starts[row.id].append(start)
    parts = (
        part
        for number, row in by_id.items()
        for part in _parts(row, known[row.series], starts[number])
    )
    return tuple(sorted(parts, key=lambda part: (part.window.start, *_by_place(part))))


def _parts(row: Stored, series: Series, starts: Collection[int]) -> Iterator[Evaluation]:
    """Read a row at these steps: one evaluation for all that are consecutive, none if it is unreadable."""
    first, step = row.starts(series.seconds).start, series.seconds
    whole = len(starts) == row.steps
    try:
        content = unpack(
            row.payload,
            place=series.place,
            signal=series.signal,
            start=moment(first),
            step=series.step,
            steps=None if whole else {(start - first) // step for start in starts},
        )
    except UnreadableError:
        _log.warning("Evaluation %s is of no results", row.id)
        return
    windows = (_window(first, row.last + step),) if whole else runs(starts, step)
    for window in windows:
        results = content.results
        if len(windows) > 1:
            results = tuple(r for r in results if r.window and r.window.start in window)
        yield Evaluation(
            place=series.place,
            signal=series.signal,
            step=series.step,
            window=window,
            results=results,
            in_force=row.in_force,
            fingerprint=row.fingerprint,
            version=row.version,
            evaluated=precise_moment(row.evaluated),
            seconds=row.seconds,
            complete=row.complete,
            missing=content.missing,
        )


def _window(start: int, end: int) -> Window:
    return Window(moment(start), moment(end))


def _by_place(evaluation: Evaluation) -> tuple[Place, str, timedelta]:
    return evaluation.place, evaluation.signal, evaluation.step


def _done(row: Stored) -> Done:
    return Done(
        in_force=row.in_force,
        fingerprint=row.fingerprint,
        version=row.version,
        evaluated=precise_moment(row.evaluated),
        complete=row.complete,
    )
