"""What is known of the days of a baseline: counted once, summed up once, measured once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from monitoring.baselines.baseline import Baseline
from monitoring.counting.engine.profile_store import ProfileStore, key_of
from monitoring.counting.engine.tables import Table
from monitoring.counting.profile import Profile
from monitoring.counting.totals.running_totals import RunningTotals
from monitoring.counting.totals.stack import Stack
from monitoring.kept.disk import State, state_of
from monitoring.metric import MetricResult
from monitoring.signals.data_drift.findings import Finding, Reference
from monitoring.window import Window

#: Baselines, and segments of their days, whose running totals are held in memory.
MOST_HELD = 6
#: Rules whose results by day are held for each of them.
MOST_RULES = 4

Results = tuple[MetricResult, ...]
#: Judges a day by its findings, which are measured if it asks for them.
Judge = Callable[[date, Callable[[], Sequence[Finding]]], Results]


class DayStore:
    """Profiles of days: on disk below a folder, and as running totals in memory.

    All sessions may share one. Without a folder it holds what it was asked in memory alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._files = ProfileStore(folder)
        self._held: list[Days] = []
        self._guard = threading.Lock()

    def days(self, baseline: Baseline, tables: Mapping[date, Table]) -> Days:
        """Return the days of a baseline that these tables belong to.

        Days of one date from other files, as of a segment, are other days.
        """
        with self._guard:
            found = next(
                (held for held in self._held if held.baseline is baseline and held.fits(tables)),
                None,
            )
            if found is None:
                found = Days(baseline, self._files)
            else:
                self._held.remove(found)
            self._held = [*self._held, found][-MOST_HELD:]
            return found


@dataclass(frozen=True, slots=True)
class _Sums:
    """Running totals and the state of the files of each day in them; replaced as a whole."""

    totals: RunningTotals
    states: Mapping[date, State]


class Days:
    """The days of one baseline and one source."""

    def __init__(self, baseline: Baseline, files: ProfileStore) -> None:
        self.baseline = baseline
        self.reference = Reference(baseline.profiles)
        self._files = files
        self._key = key_of(baseline.bins)
        self._sums = _Sums(self._no_totals(), {})
        self._findings: dict[tuple[date, State], list[Finding]] = {}
        self._results: OrderedDict[Hashable, dict[tuple[date, State], Results]] = OrderedDict()
        self._guard = threading.Lock()

    def _no_totals(self) -> RunningTotals:
        return RunningTotals(self.reference.layouts)

    def fits(self, tables: Mapping[date, Table]) -> bool:
        """Whether these days come from the same files as the days of the same date here."""
        states = self._sums.states
        return all(
            [path for path, *_ in states[day]] == [str(path) for path in table.paths]
            for day, table in tables.items()
            if day in states
        )

    def count(self, day: date, table: Table) -> Counted | None:
        """Return the profiles of a day; None if they are here already and its files are the same.

        Raises:
            InputError: The table cannot be read.
        """
        state = state_of(table.paths)
        if self._sums.states.get(day) == state:
            return None
        baseline = self.baseline
        profiles = self._files.profiles(table, baseline.plan, baseline.bins, self._key)
        return Counted(state, profiles)

    def add(self, counted: Mapping[date, Counted]) -> None:
        """Take up days, new ones and changed ones."""
        with self._guard:
            totals, states = self._sums.totals, dict(self._sums.states)
            states.update((day, each.state) for day, each in counted.items())
            if not totals.days or min(counted, default=date.max) > totals.days[-1]:
                for day in sorted(counted):
                    totals.append(day, counted[day].profiles)
            else:  # a day in the midst: sum up anew, from what is here
                known, totals = totals, self._no_totals()
                places = {day: at for at, day in enumerate(known.days)}
                for day in sorted(states):
                    here = counted.get(day)
                    at = places.get(day, 0)
                    totals.append(day, here.profiles if here else known.profiles(at, at + 1))
            self._sums = _Sums(totals, states)

    def window(self, days: Sequence[date], window: Window) -> Whole:
        """Return the sum of the days of a window, which were added, in order."""
        sums = self._sums
        totals = sums.totals
        first = totals.days.index(days[0]) if days else 0
        last = first + len(days)
        if totals.days[first:last] != list(days):  # some day in between is not asked for
            first, last = 0, len(days)
            chosen = self._no_totals()
            for day in days:
                at = totals.days.index(day)
                chosen.append(day, totals.profiles(at, at + 1))
            totals = chosen
        return Whole(self, window, totals.window(first, last), totals.profiles(first, last))

    def reference_at(self, window: Window) -> Reference:
        """Return what a window is compared with: the same for all, unless the baseline moves."""
        if self.baseline.moving is None:
            return self.reference
        return Reference(self.baseline.at(window), on=self.reference.layouts)

    def results(self, days: Sequence[date], rule: Hashable, judge: Judge) -> dict[date, Results]:
        """Return the results of each day under a rule; days without are judged."""
        with self._guard:
            known = self._results.setdefault(rule, {})
            self._results.move_to_end(rule)
            while len(self._results) > MOST_RULES:
                self._results.popitem(last=False)
        found, states = {}, self._sums.states
        for day in days:
            place = day, states[day]
            if place not in known:
                known[place] = judge(day, partial(self._findings_of, place))
            found[day] = known[place]
        return found

    def _findings_of(self, place: tuple[date, State]) -> Sequence[Finding]:
        if place not in self._findings:
            self._findings[place] = self.window([place[0]], Window.day(place[0])).findings()
        return self._findings[place]


@dataclass(frozen=True, slots=True)
class Counted:
    """The profiles of one day, and the state of its files when they were counted."""

    state: State
    profiles: Mapping[str, Profile]


@dataclass(frozen=True, slots=True)
class Whole:
    """The sum of the days of a window. profiles: merged, each made when it is asked for."""

    days: Days
    window: Window
    stacks: Sequence[Stack]
    profiles: Mapping[str, Profile]

    def findings(self) -> list[Finding]:
        """Measure it."""
        return self.days.reference_at(self.window).findings(self.stacks)
