"""Counted outcomes on disk: a day is counted once, and any window is a sum of days.

One file holds the counts of one table, and the classes that it has: when another day brings a new
one, all are counted anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.classes import Seen, classes_of, seen_in
from monitoring.counting.engine.profile_store import Sparse, dense, sparse
from monitoring.counting.engine.tables import Table
from monitoring.counting.totals.outcomes import RESIDUAL_BINS, ClassOutcomes, Columns, Outcomes
from monitoring.kept.disk import Disk, state_of
from monitoring.progress import Progress, ticked

#: Goes up whenever what is counted changes; files of another version are made anew.
VERSION = 3


@dataclass(frozen=True, slots=True)
class _Day:
    """What one file holds. seen: empty of a regression. residuals: apart, since most cells are empty."""

    seen: Seen
    outcomes: Outcomes
    residuals: Sparse | None = None

    @classmethod
    def of(cls, seen: Seen, outcomes: Outcomes) -> _Day:
        if isinstance(outcomes, ClassOutcomes) or outcomes.residuals is None:
            return cls(seen, outcomes)
        return cls(seen, replace(outcomes, residuals=None), sparse(outcomes.residuals))

    @property
    def whole(self) -> Outcomes:
        """The outcomes with their residuals."""
        if isinstance(self.outcomes, ClassOutcomes) or self.residuals is None:
            return self.outcomes
        return replace(self.outcomes, residuals=dense(self.residuals, RESIDUAL_BINS))


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of tables, kept below a folder; without a folder everything is counted."""

    store: Path | None

    def days(
        self,
        tables: Mapping[date, Table],
        columns: Columns,
        progress: Progress | None = None,
    ) -> dict[date, Outcomes]:
        """Return the outcomes of each day, all of the classes that any of them has.

        Args:
            tables: One a day.

        Raises:
            InputError: A table cannot be read, or lacks a column.
        """
        stored = {day: self._stored(table, columns) for day, table in tables.items()}
        classes: tuple[str, ...] = ()
        if columns.task != "regression":
            seen = [
                known.seen if known else seen_in(tables[day], columns)
                for day, known in stored.items()
            ]
            classes = classes_of(list(tables.values()), columns, seen)
        outcomes: dict[date, Outcomes] = {}
        for day in ticked(sorted(tables), progress, "Counting {:%d %b %Y}".format):
            known = stored[day]
            if known is None or _classes(known.outcomes) != classes:
                known = self._count(tables[day], columns, classes)
            outcomes[day] = known.whole
        return outcomes

    @property
    def _disk(self) -> Disk:
        return Disk(self.store and self.store / "outcomes", version=VERSION)

    def _stored(self, table: Table, columns: Columns) -> _Day | None:
        day: _Day | None = self._disk.read(_key(table, columns), state_of(table.paths))
        return day

    def _count(self, table: Table, columns: Columns, classes: tuple[str, ...]) -> _Day:
        state = state_of(table.paths)
        is_number = columns.task == "regression"
        seen = Seen(frozenset(), frozenset()) if is_number else seen_in(table, columns)
        day = _Day.of(seen, counting.count(table, columns, classes))
        self._disk.write(_key(table, columns), state, day)
        return day


def _key(table: Table, columns: Columns) -> tuple[list[str], Columns]:
    return [str(path) for path in table.paths], columns


def _classes(outcomes: Outcomes) -> tuple[str, ...]:
    return outcomes.classes if isinstance(outcomes, ClassOutcomes) else ()
