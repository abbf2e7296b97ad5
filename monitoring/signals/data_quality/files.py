"""Data quality of one table against another: no days, no collector, just rows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine.counting import Progress
from monitoring.counting.engine.tables import Table, open_table
from monitoring.errors import InputError
from monitoring.place import Place
from monitoring.signals.data_quality.days import Counter, DayRows, feature_facts
from monitoring.signals.data_quality.judging import refused
from monitoring.signals.data_quality.report import (
    DataQualityReport,
    Judge,
    Rules,
    categories_of,
    changes_of,
    faults_of,
)


def compare_files(
    reference: Path | str,
    data: Path | str,
    *,
    rules: Rules | None = None,
    features: Sequence[str] | None = None,
    store: Path | None = None,
    taken: datetime | None = None,
    progress: Progress | None = None,
) -> DataQualityReport:
    """Check a file or folder against a reference.

    Raises:
        InputError: A file cannot be read, or a named feature exists on neither side.
    """
    with tempfile.TemporaryDirectory(prefix="leeway-") as folder:
        place = store or Path(folder)
        one = open_table(reference, role="reference", store=place, progress=progress)
        two = open_table(data, role="data", store=place, progress=progress)
        return compare_tables(
            one, two, rules=rules, features=features, taken=taken, progress=progress
        )


def compare_tables(
    reference: Table,
    data: Table,
    *,
    rules: Rules | None = None,
    features: Sequence[str] | None = None,
    taken: datetime | None = None,
    progress: Progress | None = None,
) -> DataQualityReport:
    """Check a table against a reference. Raises as `compare_files`."""
    _expect(features or (), reference, data)
    chosen = reference.columns if features is None else features
    names = [name for name in chosen if name in reference.columns]
    baseline = take_baseline(reference.name, reference, features=names, progress=progress)
    if features is not None:
        kept = {name: dtype for name, dtype in data.columns.items() if name in features}
        data = Table(data.name, data.paths, kept, data.rows, data.rejected, data.notes)
    return compare(baseline, data, rules=rules, taken=taken)


def _expect(features: Sequence[str], reference: Table, data: Table) -> None:
    known = {*reference.columns, *reference.rejected, *data.columns, *data.rejected}
    if unknown := [name for name in features if name not in known]:
        raise InputError(
            f"Cannot check {', '.join(map(repr, unknown))}: no such column in"
            f" {reference.name!r} or {data.name!r}",
            hint=f"The reference has {', '.join(list(reference.columns)[:8])}.",
        )


def compare(
    baseline: Baseline,
    table: Table,
    *,
    rules: Rules | None = None,
    notes: tuple[str, ...] = (),
    taken: datetime | None = None,
    progress: Progress | None = None,
) -> DataQualityReport:
    """Check one table that has no days. Arguments as for `run`."""
    judge = Judge(baseline, rules or Rules())
    days = {date.min: DayRows(inputs=table)}
    counted = Counter(baseline, days).count(date.min, {})
    if progress:
        progress(0.5, f"Checking {table.name}")
    facts = feature_facts(baseline, counted.profiles, table, {}, bounds=judge.rules.bounds)
    inside = {date.min: counted}
    both = {**baseline.table.rejected, **table.rejected}
    left_out = [
        refused(Place(feature=name), reason, judge.rules.mode) for name, reason in both.items()
    ]
    return DataQualityReport(
        baseline,
        None,
        judge.rules.mode,
        (*judge.results(facts, counted.table, table, None), *left_out),
        {},
        facts,
        changes_of(inside),
        categories_of(facts, {date.min: facts}),
        faults_of(inside),
        rows=table.rows,
        notes=(*table.notes, *notes),
        taken=taken,
    )
