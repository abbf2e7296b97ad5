"""The rows of evaluations, read and added."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from monitoring.database.result_tables import EvaluationRow, InForceRow
from monitoring.results.codec import is_promising, is_readable, pack
from monitoring.results.evaluation import Evaluation
from monitoring.results.numbers import Series, add_number, add_series
from monitoring.results.payload import HEAD
from monitoring.results.standing import (
    Step,
    Stored,
    inside,
    microseconds,
    seconds,
    standing,
)
from monitoring.window import DAY, Window

_log = logging.getLogger(__name__)
_DAY_SECONDS = DAY // timedelta(seconds=1)
_COLUMNS = tuple(
    InForceRow.digest if name == "in_force" else getattr(EvaluationRow, name)
    for name in Stored._fields
)


def of(known: Mapping[int, Series]) -> ColumnElement[bool]:
    """Those of these series."""
    return EvaluationRow.series.in_(known)


def within(window: Window) -> ColumnElement[bool]:
    """Those that have a step in a window: none is longer than a day."""
    starts = inside(window)
    return EvaluationRow.last.between(starts.start, starts.stop + _DAY_SECONDS)


def stored(session: Session, *conditions: ColumnElement[bool]) -> tuple[Stored, ...]:
    """Return the rows of these conditions, readable or not."""
    chosen = (
        select(*_COLUMNS)
        .join(InForceRow, EvaluationRow.in_force == InForceRow.id)
        .where(*conditions)
    )
    return tuple(Stored(*row) for row in session.execute(chosen))


def marks(session: Session, *conditions: ColumnElement[bool]) -> tuple[Stored, ...]:
    """Return the rows of these conditions that look readable, with the head of the payload for it."""
    payload = EvaluationRow.payload
    head = func.substr(payload, 1, HEAD), func.length(payload)
    chosen = (
        select(*_COLUMNS[:-1], *head)
        .join(InForceRow, EvaluationRow.in_force == InForceRow.id)
        .where(*conditions)
    )
    return tuple(
        Stored(*row[:-1])
        for row in session.execute(chosen)
        if is_promising(row[-2] or b"", row[-1])
    )


def readable(rows: Iterable[Stored]) -> Iterator[Stored]:
    """Leave out what is damaged or of another version, as if it had never been evaluated."""
    for row in rows:
        if is_readable(row.payload):
            yield row
        else:
            _log.warning("Evaluation %s cannot be read and counts as not done", row.id)


def looking_whole(rows: Iterable[Stored]) -> Iterator[Stored]:
    """Yield those that `marks` would return: of this version, whether they can be read or not."""
    return (row for row in rows if is_promising(row.payload[:HEAD], len(row.payload)))


def empty(session: Session, damaged: Iterable[Stored]) -> None:
    """Empty damaged payloads, unless one is another by now: then it was read wrongly, not written so."""
    for row in damaged:
        same = EvaluationRow.id == row.id, EvaluationRow.payload == row.payload
        session.execute(update(EvaluationRow).where(*same).values(payload=b""))


def add(
    session: Session,
    workspace: str,
    evaluations: Iterable[Evaluation],
    numbers: Mapping[Series, int],
) -> int:
    """Add the evaluations that say something new; the session is a writer's, so that none comes between.

    Args:
        numbers: Of the series that are in the tables for certain; others are looked up, or added.
    """
    new = tuple(evaluations)
    if not new:
        return 0
    series = dict.fromkeys(map(_series, new))
    known = {numbers.get(each) or add_series(session, workspace, each): each for each in series}
    numbers = {each: n for n, each in known.items()}
    rows = [_row(evaluation, numbers[_series(evaluation)]) for evaluation in new]
    hull = Window(min(e.window.start for e in new), max(e.window.end for e in new))
    before = stored(session, of(known), within(hull))
    added, repeated = _revised(rows, before, known)
    for number, evaluated in repeated.items():
        again = update(EvaluationRow).where(EvaluationRow.id == number)
        session.execute(again.values(evaluated=evaluated))
    if added:
        _insert(session, added)
    return len(added)


def _insert(session: Session, added: Sequence[Stored]) -> None:
    in_force = {row.in_force for row in added}
    numbers = {each: add_number(session, InForceRow, digest=each) for each in in_force}
    # With what it returns, since drivers send only such insertions many rows at once.
    insertion = insert(EvaluationRow).returning(EvaluationRow.id)
    session.execute(insertion, [_record(row, numbers[row.in_force]) for row in added])


def remove(session: Session, series: Iterable[int], before: int) -> int:
    """Remove the evaluations of these series whose last step begins by this second."""
    old = delete(EvaluationRow).where(
        EvaluationRow.series.in_(series), EvaluationRow.last <= before
    )
    return session.connection().execute(old).rowcount


def _revised(
    rows: Iterable[Stored], before: Iterable[Stored], known: Mapping[int, Series]
) -> tuple[list[Stored], dict[int, int]]:
    """Return the rows that say something new, each with its revision, and what was incomplete again.

    The latter as the numbers of the rows that say so already, with the time of the last try.
    """
    revisions = Counter[Step]()
    for row in before:
        revisions[row.series, row.last] = max(revisions[row.series, row.last], row.revision)
    steps = standing(readable(before), known)
    added: list[Stored] = []
    repeated: dict[int, int] = {}
    for row in rows:
        starts = row.starts(known[row.series].seconds)
        last = steps.get((row.series, row.last))
        if last and all(_says(steps.get((row.series, start)), row) for start in starts):
            if last.id and not row.complete:
                repeated[last.id] = max(last.evaluated, row.evaluated)
            continue
        revisions[row.series, row.last] += 1
        added.append(row._replace(revision=revisions[row.series, row.last]))
        _stand(steps, added[-1], starts)
    return added, repeated


def _says(last: Stored | None, row: Stored) -> bool:
    return last is not None and last.state == row.state


def _stand(steps: dict[Step, Stored], row: Stored, starts: Iterable[int]) -> None:
    for start in starts:
        last = steps.get((row.series, start))
        if last is None or last.evaluated <= row.evaluated:
            steps[row.series, start] = row


def _record(row: Stored, in_force: int) -> dict[str, object]:
    return {**{name: getattr(row, name) for name in Stored._fields[1:]}, "in_force": in_force}


def _series(evaluation: Evaluation) -> Series:
    return Series(evaluation.place, evaluation.signal, evaluation.step)


def _row(evaluation: Evaluation, series: int) -> Stored:
    return Stored(
        id=0,
        series=series,
        last=seconds(evaluation.window.end - evaluation.step),
        revision=0,
        steps=evaluation.window.length // evaluation.step,
        in_force=evaluation.in_force,
        fingerprint=evaluation.fingerprint,
        version=evaluation.version,
        evaluated=microseconds(evaluation.evaluated),
        seconds=evaluation.seconds,
        complete=evaluation.complete,
        payload=pack(evaluation),
    )
