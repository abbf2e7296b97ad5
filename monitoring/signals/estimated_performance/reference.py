"""The reference of an estimate: which one, read, and what was learned on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from monitoring.counting.engine.tables import Table
from monitoring.counting.totals.outcomes import Columns, Task
from monitoring.errors import NotEnoughData
from monitoring.methods.estimation import assumptions
from monitoring.methods.estimation.assumptions import Check
from monitoring.methods.estimation.cbpe import Fitted as BinaryFitted
from monitoring.methods.estimation.dle import Fitted as LossFitted
from monitoring.methods.estimation.multiclass import Fitted as ClassFitted
from monitoring.methods.estimation.support import MOST_ROWS, NEIGHBOUR, Support
from monitoring.metrics.performance import HEADLINE
from monitoring.signals.estimated_performance.chunks import Facts, Fitted, Way, rows_of, way_of
from monitoring.window import Window

#: Rows of the reference that its support is learned from.
SUPPORT_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Reference:
    """What an estimate was learned on. window: None for a file without times."""

    name: str
    window: Window | None
    days: int
    predictions: int
    labelled: int


@dataclass(frozen=True, eq=False)
class Learned:
    """A reference read, and what was learned on it."""

    way: Way
    fitted: Fitted
    facts: Facts
    realized: Mapping[str, float]
    support: Support | None
    features: tuple[str, ...]
    checks: tuple[Check, ...]

    def support_check(self, tables: Sequence[Table]) -> Check:
        """Hold the inputs of tables to those of the reference."""
        if self.support is None:
            return assumptions.unknown_support("No features were collected to look at.")
        lacking = [name for name in self.features if name not in tables[0].columns]
        if lacking:
            return assumptions.unknown_support(f"No column {', '.join(lacking[:5])}.")
        rows, _ = rows_of(tables, self.features, MOST_ROWS)
        share = float(self.support.outside(rows).mean())
        return assumptions.inside_support(share, self.support.limit, self.support.leaving(rows))


def learn(reference: Mapping[date, Table] | Sequence[Table], columns: Columns) -> Learned:
    """Read a reference and learn from it.

    Raises:
        NotEnoughData: It has no labels, no probabilities, or one class only.
        InputError: The files cannot be read.
    """
    by_day = isinstance(reference, Mapping)
    tables = (
        [reference[day] for day in sorted(reference)]
        if isinstance(reference, Mapping)
        else list(reference)
    )
    if not tables:
        raise NotEnoughData(
            "Cannot estimate performance: there is no labelled reference before this window",
            hint="Choose a later window, or wait until two weeks of labels have come.",
        )
    way = way_of(columns, tables)
    chunks = [way.read([table]) for table in tables]
    facts = way.facts(chunks)
    if not facts.labelled:
        raise NotEnoughData(
            f"Cannot estimate performance: none of {facts.predictions:,} predictions of the"
            " reference has a label",
            hint="Say where labels arrive, in the tag ground_truth, or choose another reference.",
        )
    fitted = way.fit(chunks)
    known = [chunk.labelled() for chunk in chunks]
    realized = way.realized([way.join(known)])[0]
    features = tuple(name for name in columns.features if name in tables[0].columns)
    checks = _reference_checks(fitted, facts, len(tables) if by_day else None, columns.task)
    return Learned(
        way, fitted, facts, realized, _support(tables, features, by_day=by_day), features, checks
    )


def _support(tables: Sequence[Table], features: tuple[str, ...], *, by_day: bool) -> Support | None:
    if not features:
        return None
    rows, day = rows_of(tables, features, max(SUPPORT_ROWS // len(tables), NEIGHBOUR))
    return Support.learn(rows, day if by_day else None) if rows.n > NEIGHBOUR else None


def _reference_checks(
    fitted: Fitted, facts: Facts, days: int | None, task: Task
) -> tuple[Check, ...]:
    checks = [
        assumptions.enough_reference(facts.labelled, days),
        assumptions.complete_labels(facts.labelled, facts.predictions, facts.difference),
    ]
    if isinstance(fitted, LossFitted):
        checks.append(assumptions.errors_explained(fitted.explained))
    elif isinstance(fitted, BinaryFitted | ClassFitted):
        checks.append(assumptions.every_class(facts.labels))
        checks.append(assumptions.calibrated(fitted.calibration))
    return (*checks, assumptions.steady_days(fitted.scatters[HEADLINE[task]]))


def described(
    reference: Mapping[date, Table] | Sequence[Table], facts: Facts, name: str
) -> Reference:
    """Return a reference as it is told on screen."""
    window = None
    if isinstance(reference, Mapping):
        window = Window(Window.day(min(reference)).start, Window.day(max(reference)).end)
    return Reference(name or "reference", window, len(reference), facts.predictions, facts.labelled)
