"""Prediction drift: are a model's answers distributed as before, and the truth that comes back?

Outputs become columns of their own (`monitoring.counting.engine.outputs`), and are compared like features:
with earlier production by default, since training data seldom holds what a model answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.baselines.ordinary_days import OrdinaryDays
from monitoring.counting.engine import counting
from monitoring.counting.engine import outputs as engine
from monitoring.counting.engine.classes import classes_of
from monitoring.counting.engine.outputs import (
    CONFIDENCE,
    LABEL,
    NEAR,
    PREDICTION,
    PROBABILITY,
    Decision,
    OutputCounts,
)
from monitoring.counting.engine.tables import Table, union
from monitoring.counting.profile import Profile
from monitoring.counting.totals.outcomes import Columns, Task
from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.errors import NotEnoughData
from monitoring.metric import MetricResult
from monitoring.place import WORKSPACE, Place
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.report import DriftReport, headline
from monitoring.verdict import spells
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.sources.deployed import PredictedDays

SIGNAL = "prediction_drift"
#: What speaks for the outputs as a whole; the others take them apart by class.
MAIN = (PREDICTION, PROBABILITY, CONFIDENCE, NEAR, LABEL)
#: What outputs are compared with where nobody has chosen: the same weekdays, because answers follow
#: the week as inputs do, and enough of them to tell how much ordinary days differ.
EARLIER = BaselineRule("same_weekdays", weeks=8)

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Reference:
    """What outputs are compared with.

    name: as a reader chose it. rule: of days of production; None for a table that has no days.
    tables: by day; of a table without days, under any one date. columns: which of their columns hold
    what; one that is not there is not compared.
    """

    name: str
    rule: BaselineRule | None
    tables: Mapping[date, Table]
    columns: Columns


@dataclass(frozen=True, eq=False)
class PredictionReport:
    """What one run found.

    drift: outputs as features, over the window and day by day. daily: counts of each day. before:
    of the reference. decision: the inferred threshold; None where there is none to infer.
    """

    drift: DriftReport
    task: Task
    classes: tuple[str, ...]
    decision: Decision | None
    daily: Mapping[date, OutputCounts]
    before: OutputCounts
    faults: Mapping[str, int] = field(default_factory=dict)

    def slim(self) -> PredictionReport:
        """Return it without what only a run needs."""
        return replace(self, drift=self.drift.slim())

    @property
    def whole(self) -> OutputCounts:
        """Counts of the whole window."""
        return reduce(add, self.daily.values(), OutputCounts(0))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that were compared, those that speak for the whole first."""
        names = dict.fromkeys(result.subject for result in self.drift.results)
        return (*(n for n in MAIN if n in names), *(n for n in names if n not in MAIN))

    def moved(self) -> dict[str, tuple[date, ...]]:
        """Return the outputs that moved, with the days on which each did.

        An output moved if the whole window breached, or at some time two days of three: a week that
        is put right again is lost in a month.
        """
        found = {}
        for name, result in self.deciding().items():
            history = self.drift.history(name, result.metric)
            if spells(history) or result.status == "breached":
                found[name] = tuple(
                    each.window.start.date()
                    for each in history
                    if each.status == "breached" and each.window
                )
        return found

    def deciding(self) -> dict[str, MetricResult]:
        """Return the result that decides on each of the outputs that speak for the whole."""
        found = headline(self.drift.results)
        return {name: found[name] for name in MAIN if name in found}


def run(
    days: PredictedDays,
    reference: Reference,
    window: Window,
    store: Path,
    *,
    thresholds: Mapping[str, float] | None = None,
    taken: datetime | None = None,
    place: Place = WORKSPACE,
    progress: Progress | None = None,
) -> PredictionReport:
    """Compare the outputs of a window with a reference.

    Args:
        days: Predictions of the window, with labels where they have arrived.
        reference: What to compare with.
        window: What to report on.
        store: Folder that keeps the outputs of a day until its files change.
        thresholds: By metric, where they differ from the default.
        taken: Now. A day that is not over gets no verdict.
        place: Whose outputs they are.
        progress: Called with a share from 0 to 1 and a text.

    Raises:
        NotEnoughData: There is no prediction, or nothing to compare with.
        InputError: A table cannot be read.
    """
    _expect_predictions(days, reference, window)
    columns = days.columns
    classes: tuple[str, ...] = ()
    if columns.task != "regression":
        classes = classes_of(list(days.tables.values()), columns)
    # From the window alone: what was answered earlier may have had another threshold.
    decision = engine.decision_of(list(days.tables.values()), columns, classes)
    kept = _Outputs(classes, decision, store, progress)
    here = kept.of(days.tables, columns, 0.0)
    there = kept.of(reference.tables, reference.columns, 0.4)
    baseline = _baseline(reference, window, {**there, **here} if reference.rule else there)
    found = drift_report.run(
        baseline,
        {day: _restricted(table, baseline) for day, table in here.items()},
        window,
        thresholds=thresholds,
        taken=taken,
        signal=SIGNAL,
        place=place,
        progress=_part(progress, 0.8),
    )
    compared = [d for d in _days(reference, window) if d in there] or list(there)
    before = [engine.counts_of(there[day], reference.columns, classes) for day in compared]
    return PredictionReport(
        found,
        columns.task,
        classes,
        decision,
        {day: engine.counts_of(table, columns, classes) for day, table in here.items()},
        reduce(add, before, OutputCounts(0)),
        days.faults,
    )


def _expect_predictions(days: PredictedDays, reference: Reference, window: Window) -> None:
    if not days.tables:
        raise NotEnoughData(
            f"No prediction was collected in {window}", hint="Choose a longer period."
        )
    if not reference.tables:
        raise NotEnoughData(
            f"Nothing to compare with: no prediction was collected for {reference.name!r}",
            hint="Choose another baseline, or a later period.",
        )


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Makes outputs of tables."""

    classes: tuple[str, ...]
    decision: Decision | None
    store: Path
    progress: Progress | None

    def of(self, tables: Mapping[date, Table], columns: Columns, begin: float) -> dict[date, Table]:
        found = {}
        for done, day in enumerate(sorted(tables)):
            if self.progress:
                text = f"Outputs of {day:%d %b %Y}, {done + 1} of {len(tables)}"
                self.progress(begin + 0.4 * done / len(tables), text)
            found[day] = engine.outputs(
                tables[day], columns, self.classes, self.decision, self.store
            )
        return found


def _days(reference: Reference, window: Window) -> list[date]:
    """Return the days of production that a window is compared with."""
    if reference.rule is None:
        return list(reference.tables)
    asked = reference.rule.of_window(window)
    weekdays = {day.weekday() for day in window.days()}
    return [day for day in asked.days if not asked.by_weekday or day.weekday() in weekdays]


def _baseline(reference: Reference, window: Window, tables: Mapping[date, Table]) -> Baseline:
    compared = [day for day in _days(reference, window) if day in tables]
    if not compared:
        raise NotEnoughData(
            f"Nothing to compare with: no day of {reference.name!r} has predictions",
            hint="Choose another baseline, or a later period.",
        )
    whole = union([tables[day] for day in compared], reference.name)
    name = f"{reference.name}, {len(compared)} days" if reference.rule else reference.name
    anchor = take_baseline(name, whole)
    if reference.rule is None:
        return anchor
    moving = _moving(reference.rule, anchor, window, tables)
    return Baseline(anchor.name, None, whole, anchor.plan, moving.reference(window), moving)


def _moving(
    rule: BaselineRule, anchor: Baseline, window: Window, tables: Mapping[date, Table]
) -> OrdinaryDays:
    needed = [day for day in rule.needed(window) if day in tables]
    profiles = {day: counting.profile(tables[day], anchor.plan, anchor.bins) for day in needed}
    empty = {name: _without_rows(profile) for name, profile in anchor.profiles.items()}
    return OrdinaryDays(rule, window, profiles, empty)


def _without_rows(profile: Profile) -> Profile:
    counts = np.zeros(0 if profile.kind == "categorical" else len(profile.counts), np.int64)
    nothing = {"rows": 0, "nulls": 0, "infinite": 0, "total": 0.0, "squares": 0.0}
    return replace(
        profile,
        counts=counts,
        labels=(),
        minimum=np.inf,
        maximum=-np.inf,
        on_lattice=True,
        **nothing,  # type: ignore[arg-type]  # numbers each
    )


def _restricted(table: Table, baseline: Baseline) -> Table:
    """Return the table with the outputs that the reference has."""
    kept = {name: dtype for name, dtype in table.columns.items() if name in baseline.plan}
    return Table(table.name, table.paths, kept, table.rows)


def _part(progress: Progress | None, begin: float) -> Progress | None:
    if progress is None:
        return None
    return lambda share, text: progress(begin + share * (1 - begin), text)
