"""The days that data quality is judged on: counted one by one, each with what is usual before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np

from monitoring.baselines.baseline import Baseline
from monitoring.counting.engine import counting
from monitoring.counting.engine.columns import kind_of
from monitoring.counting.engine.quality import RowFacts, cast_failures, row_facts, unmatched
from monitoring.counting.engine.tables import Table
from monitoring.counting.profile import CategoricalBins, Profile, merge
from monitoring.metrics.quality.constant_column import is_constant
from monitoring.metrics.quality_metric import FeatureFacts, TableFacts, Usual
from monitoring.signals.data_quality.collection_faults import lost
from monitoring.sources.cloud_events import BAD_VALUE
from monitoring.statistics.rates import Share
from monitoring.window import Window

#: Days before a day that tell what is usual, and how many of them must have data.
USUAL_DAYS, LEAST_USUAL_DAYS = 14, 5
#: What was there on so many days in a row is lasting: its absence on one day is news.
LASTING_DAYS = 3
#: What is absent from so many days with data is no matter of weekdays.
WEEK = 7
#: Columns of collected rows that are no features.
KEYS = frozenset(("correlationid", "time", "_index"))
#: Makes the median distance from the median comparable with a standard deviation.
MAD_TO_STD = 1.4826


@dataclass(frozen=True, eq=False, kw_only=True)
class DayRows:
    """What was collected on one UTC day. faults: of its lines, as `CollectedDay` counts them."""

    inputs: Table | None
    outputs: Table | None = None
    lines: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CountedDay:
    """One day, counted. profiles: of the features whose type is the reference's."""

    rows: DayRows
    facts: RowFacts | None
    profiles: Mapping[str, Profile]
    table: TableFacts


@dataclass(frozen=True, eq=False)
class Counter:
    """Counts the days of one deployment against a baseline."""

    baseline: Baseline
    days: Mapping[date, DayRows]
    store: Path | None = None

    def count(self, day: date, before: Mapping[date, CountedDay]) -> CountedDay:
        """Return one day, counted, with what is usual after the days before."""
        rows = self.days.get(day, DayRows(inputs=None))
        recent = [each for at, each in before.items() if day - at <= timedelta(days=USUAL_DAYS)]
        usual, table = usual_of(recent), rows.inputs
        if table is None:
            return CountedDay(rows, None, {}, replace(_lines(rows), usual=usual))
        facts = row_facts(table, list(self.baseline.plan), store=self.store)
        profiles = profiles_of(self.baseline, table)
        return CountedDay(rows, facts, profiles, self._facts(day, rows, table, facts, usual))

    def _facts(
        self, day: date, rows: DayRows, table: Table, facts: RowFacts, usual: Usual | None
    ) -> TableFacts:
        ids = facts.duplicate_ids
        found = replace(
            _lines(rows),
            rows=facts.rows,
            columns=len(table.columns),
            changes=schema_changes(self.baseline, table),
            duplicate_rows=Share(facts.duplicate_rows, facts.rows),
            reference_duplicate_rows=(usual and usual.repeats) or self.reference_repeats,
            duplicate_ids=None if ids is None else Share(ids, facts.rows),
            by_hour=facts.by_hour,
            usual=usual,
        )
        if rows.outputs is None:
            return found
        near = [self.days.get(day + timedelta(days=n), DayRows(inputs=None)) for n in (-1, 1)]
        apart = unmatched(
            table,
            rows.outputs,
            near_inputs=[each.inputs for each in near if each.inputs],
            near_outputs=[each.outputs for each in near if each.outputs],
            store=self.store,
        )
        return replace(
            found,
            inputs_alone=Share(apart.inputs_alone, apart.inputs),
            outputs_alone=Share(apart.outputs_alone, apart.outputs),
        )

    @cached_property
    def reference_repeats(self) -> Share:
        """Rows of the reference that repeat another one."""
        facts = row_facts(self.baseline.table, list(self.baseline.plan), store=self.store)
        return Share(facts.duplicate_rows, facts.rows)


def _lines(rows: DayRows) -> TableFacts:
    return TableFacts(rows=0, lost_lines=lost(rows.faults, rows.lines) if rows.lines else None)


def profiles_of(baseline: Baseline, table: Table) -> dict[str, Profile]:
    """Count the features of a table whose type is the reference's."""
    plan = {
        name: feature
        for name, feature in baseline.plan.items()
        if name in table.columns and not is_retyped(feature.dtype, table.columns[name])
    }
    return counting.profile(table, plan, baseline.bins)


def is_retyped(here: str, there: str) -> bool:
    """Whether two Arrow types are of different families: numbers, texts, flags, times.

    >>> is_retyped("int64", "double"), is_retyped("int64", "string")
    (False, True)
    """
    return kind_of(here) != kind_of(there) and "null" not in {here, there}


def schema_changes(baseline: Baseline, table: Table) -> dict[str, str]:
    """Return the columns that are missing, new or of another type, with what happened."""
    known = {name: feature.dtype for name, feature in baseline.plan.items()}
    changes = {name: "missing" for name in known if name not in table.columns}
    for name, dtype in table.columns.items():
        if name in known and is_retyped(known[name], dtype):
            changes[name] = f"retyped from {known[name]} to {dtype}"
        elif name not in known and name not in baseline.table.columns and name not in KEYS:
            changes[name] = "new"
    return changes


def usual_of(days: Sequence[CountedDay]) -> Usual | None:
    """Return what a day usually has: medians of the days with rows; None while they are too few."""
    known = [each.facts for each in days if each.facts and each.facts.rows]
    if len(known) < LEAST_USUAL_DAYS:
        return None
    rows = np.array([each.rows for each in known])
    median = float(np.median(rows))
    return Usual(
        rows=median,
        spread=float(np.median(np.abs(rows - median))) * MAD_TO_STD,
        by_hour=_usual_hours(known),
        days=len(known),
        repeats=Share(sum(each.duplicate_rows for each in known), sum(each.rows for each in known)),
    )


def _usual_hours(days: Sequence[RowFacts]) -> tuple[float, ...]:
    hours = [each.by_hour for each in days if each.by_hour]
    return tuple(float(n) for n in np.median(hours, axis=0)) if hours else ()


def feature_facts(
    baseline: Baseline,
    profiles: Mapping[str, Profile],
    table: Table,
    faults: Mapping[str, int],
    *,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    window: Window | None = None,
) -> dict[str, FeatureFacts]:
    """Return the facts of each feature that a table has, as far as one table tells them."""
    found = {}
    for name, reference in baseline.at(window).items():
        if name in profiles:
            found[name] = FeatureFacts(
                reference=reference,
                production=profiles[name],
                type_errors=faults.get(BAD_VALUE + name, 0),
                bounds=(bounds or {}).get(name),
                is_time=kind_of(baseline.plan[name].dtype) == "time",
            )
        elif name in table.columns:
            failed, values = cast_failures(table, name, baseline.plan[name].dtype)
            found[name] = FeatureFacts(
                reference=reference,
                production=_of_another_type(reference, table.rows, table.rows - values),
                type_errors=failed,
                checked=values,
            )
    return found


def _of_another_type(reference: Profile, rows: int, nulls: int) -> Profile:
    empty = reference.counts[:0] if reference.labels else np.zeros_like(reference.counts)
    return Profile(
        feature=reference.feature, bins=reference.bins, counts=empty, rows=rows, nulls=nulls
    )


def lasting(reference: Profile, history: Iterable[Profile]) -> frozenset[str]:
    """Return the categories whose absence after these days is news.

    Those seen on three days in a row, and those that not one of seven days has: a text such as
    Monday is neither.
    """
    seen = [
        frozenset(label for label, n in profile.counts_by_label().items() if n)
        for profile in history
    ]
    runs = zip(*(seen[n:] for n in range(LASTING_DAYS)), strict=False)
    found = frozenset().union(*(frozenset.intersection(*run) for run in runs))
    if len(seen) >= WEEK and isinstance(reference.bins, CategoricalBins):
        found |= reference.bins.known - frozenset().union(*seen)
    return found


def varied(history: Sequence[Profile]) -> bool:
    """Whether a column's constancy after these days is news.

    It is if the column varied within each of three days in a row, or had one value in all of seven.
    A day of the week, which is constant each day, is no news.
    """
    constant = [is_constant(profile) for profile in history]
    runs = zip(*(constant[n:] for n in range(LASTING_DAYS)), strict=False)
    if any(not any(run) for run in runs):
        return True
    return len(history) >= WEEK and is_constant(merge(history))
