"""Rows into outcomes: one pass over prediction, label and scores, rows that cannot be used counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from monitoring.arrays import Codes, Counts, Flags, Floats
from monitoring.counting.engine.classes import check, class_text, classes_of, codes_of
from monitoring.counting.engine.columns import kind_of, valid
from monitoring.counting.engine.scores import (
    NO_PROBABILITY,
    NOT_ONE,
    OUT_OF_RANGE,
    SUM_TOLERANCE,
    WHOSE,
    Scored,
)
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.engine.values import floats, missing, plain
from monitoring.counting.profile import Profile
from monitoring.counting.totals.outcomes import (
    DELAY_HOURS,
    PARTS,
    RESIDUAL_BINS,
    ClassOutcomes,
    Columns,
    NumberOutcomes,
    Outcomes,
    total,
)
from monitoring.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "NOT_ONE",
    "NO_NUMBER",
    "NO_PREDICTION",
    "NO_PROBABILITY",
    "OTHER_LABEL",
    "OTHER_PREDICTION",
    "OUT_OF_RANGE",
    "SUM_TOLERANCE",
    "WHOSE",
    "class_text",
    "classes_of",
    "count",
    "count_by",
    "count_days",
]

HOUR_SECONDS = 3600.0
#: Rows counted at a time: what they need stays in the processor's cache.
BATCH_ROWS = 122_880

OTHER_LABEL = "label outside the model's classes"
OTHER_PREDICTION = "prediction outside the model's classes"
NO_PREDICTION = "prediction that is missing"
NO_NUMBER = "prediction or label that is no number"

_DAY_TICKS = {unit: 86_400 * 1_000**power for power, unit in enumerate(("s", "ms", "us", "ns"))}


def count(table: Table, columns: Columns, classes: tuple[str, ...] = ()) -> Outcomes:
    """Count the outcomes of a table.

    Args:
        classes: Of a classifier, in the order of `classes_of`; empty to take those of the table.

    Raises:
        InputError: The files cannot be read, or lack a column.
    """
    classes = _classes(table, columns, classes)
    parts = [_counted(batch, columns, classes) for batch in _batches(table, columns)]
    return total(parts) if parts else _nothing(columns, classes)


def count_days(
    table: Table, columns: Columns, classes: tuple[str, ...] = ()
) -> tuple[dict[date, Outcomes], int]:
    """Count the outcomes of each UTC day of `columns.time`, and the rows without a time.

    Args:
        columns: Which column holds what; `time` must be one.

    Raises:
        InputError: The files cannot be read, or the column holds no times.
    """
    name = columns.time or ""
    if kind_of(table.columns.get(name, "")) != "time":
        raise InputError(
            f"Cannot split by day of {name!r}: its type is {table.columns.get(name)}",
            hint="Choose a column that holds dates or times.",
        )
    found, undated = count_by(table, columns, classes, name)
    return {date.fromordinal(day): outcomes for day, outcomes in sorted(found.items())}, undated


def count_by(
    table: Table, columns: Columns, classes: tuple[str, ...], name: str
) -> tuple[dict[Any, Outcomes], int]:
    """Count the outcomes of each value of a column, and the rows without one.

    Times are cut into UTC days (`date.toordinal`); every other value is taken by its text.

    Raises:
        InputError: The files cannot be read, or lack a column.
    """
    classes = _classes(table, columns, classes)
    parts: dict[Any, list[Outcomes]] = {}
    without = 0
    by_day = kind_of(table.columns.get(name, "")) == "time"
    for batch in _batches(table, columns, name):
        keys, place = (_days if by_day else _values)(batch.column(name))
        without += int((place < 0).sum())
        for at, rows in _runs(batch, place):
            parts.setdefault(keys[at], []).append(_counted(rows, columns, classes))
    return {key: total(several) for key, several in parts.items()}, without


def _classes(table: Table, columns: Columns, classes: tuple[str, ...]) -> tuple[str, ...]:
    check(table, columns)
    if columns.task == "regression":
        return ()
    return classes or classes_of([table], columns)


def _batches(table: Table, columns: Columns, *others: str) -> Iterator[pa.RecordBatch]:
    names = [columns.prediction, columns.label, columns.delay_seconds, *others]
    wanted = list(dict.fromkeys(n for n in (*names, *columns.probabilities.values()) if n))
    wanted = [name for name in wanted if name in table.columns]
    for path in table.paths:
        yield from open_parquet(path).iter_batches(
            batch_size=BATCH_ROWS, columns=wanted, use_threads=False
        )


def _days(column: pa.Array) -> tuple[list[int], Codes]:
    """Return days as ordinals and the place of each row's among them, -1 for null."""
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay

    ticks = 1 if pa.types.is_date32(column.type) else _DAY_TICKS[getattr(column.type, "unit", "ms")]
    rows = valid(column)
    days = plain(column).astype(np.int64, copy=False) // ticks
    known = days if rows is None else days[rows]
    if not len(known):
        return [], np.full(len(column), -1)
    first, last = int(known.min()), int(known.max())
    place = days - first if rows is None else np.where(rows, days - first, -1)
    epoch = date(1970, 1, 1).toordinal()
    return [epoch + day for day in range(first, last + 1)], place


def _values(column: pa.Array) -> tuple[list[str], Codes]:
    """Return values as texts and the place of each row's among them, -1 for null."""
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay

    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    texts = [class_text(value) for value in encoded.dictionary.to_pylist() if value is not None]
    names = list(dict.fromkeys(texts))
    return names, codes_of(column, {name: at for at, name in enumerate(names)}, none=-1)


def _runs(batch: pa.RecordBatch, place: Codes) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the rows of each place; those of a file in order of time are cut, not copied."""
    if not (place[1:] >= place[:-1]).all():
        order = np.argsort(place, kind="stable")
        batch, place = batch.take(_arrow(order)), place[order]
    cuts = np.flatnonzero(place[1:] != place[:-1]) + 1
    for start, end in zip([0, *cuts], [*cuts, len(place)], strict=True):
        if end > start and place[start] >= 0:
            yield int(place[start]), batch.slice(start, end - start)


def _arrow(order: Codes) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415

    return pa.Array.from_buffers(pa.int64(), len(order), [None, pa.py_buffer(order)])


def _counted(batch: pa.RecordBatch, columns: Columns, classes: tuple[str, ...]) -> Outcomes:
    if columns.task == "regression":
        return _numbers(batch, columns)
    return _of_classes(batch, columns, classes)


def _of_classes(batch: pa.RecordBatch, columns: Columns, classes: tuple[str, ...]) -> ClassOutcomes:
    place = {name: index for index, name in enumerate(classes)}
    k, n = len(classes), batch.num_rows
    predicted = codes_of(batch.column(columns.prediction), place, none=-2)
    label = np.full(n, k)
    if columns.label in batch.schema.names:
        label = codes_of(batch.column(columns.label), place, none=k)
    faults = Counter[str]()
    usable = np.ones(n, bool)
    if n and (predicted.min() < 0 or label.min() < 0):
        usable = (predicted >= 0) & (label >= 0)
        faults[NO_PREDICTION] = int((predicted == -2).sum())  # noqa: PLR2004 - set above
        faults[OTHER_PREDICTION] = int((predicted == -1).sum())
        faults[OTHER_LABEL] = int(((label < 0) & (predicted >= 0)).sum())
    scored = Scored.of(batch, columns, classes, usable)
    faults.update(scored.faults)
    delays = _delays(batch, columns, usable)
    if not usable.all():
        predicted, label, scored = predicted[usable], label[usable], scored.kept(usable)
    shape = k + 1, k
    confusion = np.bincount(label * k + predicted, minlength=shape[0] * k).reshape(shape)
    scores, log_loss, brier = scored.counted(predicted, label, k)
    return ClassOutcomes(
        classes=classes,
        confusion=confusion.astype(np.int64),
        scores=scores,
        log_loss=log_loss,
        brier=brier,
        delays=delays,
        faults={name: number for name, number in faults.items() if number},
    )


def _numbers(batch: pa.RecordBatch, columns: Columns) -> NumberOutcomes:
    n = batch.num_rows
    predicted = batch.column(columns.prediction)
    prediction, is_null = floats(predicted), missing(predicted)
    label, unlabelled = np.full(n, np.nan), np.ones(n, bool)
    if columns.label in batch.schema.names:
        label, unlabelled = (
            floats(batch.column(columns.label)),
            missing(batch.column(columns.label)),
        )
    broken = ~is_null & (~np.isfinite(prediction) | (~unlabelled & ~np.isfinite(label)))
    usable = ~broken & ~is_null & ~unlabelled
    e, y = prediction[usable] - label[usable], label[usable]
    nonzero = y != 0
    ape = np.divide(np.abs(e), np.abs(y), out=np.zeros_like(e), where=nonzero)
    parts = [e, np.abs(e), e * e, y, y * y, np.abs(y), ape, nonzero.astype(np.float64)]
    products = np.empty((len(PARTS), len(PARTS)))
    for i, a in enumerate(parts):  # a matrix product would start a pool of threads for eight rows
        for j, b in enumerate(parts[: i + 1]):
            products[i, j] = products[j, i] = float((a * b).sum())
    faults = {NO_PREDICTION: int(is_null.sum()), NO_NUMBER: int(broken.sum())}
    return NumberOutcomes(
        predictions=int((~broken & ~is_null).sum()),
        labelled=int(usable.sum()),
        sums=np.array([float(part.sum()) for part in parts]),
        products=products,
        residuals=_residuals(e),
        delays=_delays(batch, columns, usable),
        faults={name: rows for name, rows in faults.items() if rows},
    )


def _residuals(errors: Floats) -> Profile | None:
    if not len(errors):
        return None
    return Profile(
        feature="residual",
        bins=RESIDUAL_BINS,
        counts=np.bincount(RESIDUAL_BINS.cell(errors), minlength=RESIDUAL_BINS.cells),
        rows=len(errors),
        minimum=float(errors.min()),
        maximum=float(errors.max()),
        total=float(errors.sum()),
        squares=float(np.square(errors).sum()),
    )


def _delays(batch: pa.RecordBatch, columns: Columns, usable: Flags) -> Counts:
    if columns.delay_seconds is None:
        return np.zeros(len(DELAY_HOURS) + 1, np.int64)
    hours = floats(batch.column(columns.delay_seconds))[usable] / HOUR_SECONDS
    place = np.searchsorted(DELAY_HOURS, hours[~np.isnan(hours)], side="right")
    return np.bincount(place, minlength=len(DELAY_HOURS) + 1).astype(np.int64)


def _nothing(columns: Columns, classes: tuple[str, ...]) -> Outcomes:
    if columns.task == "regression":
        return NumberOutcomes(predictions=0, labelled=0)
    return ClassOutcomes(
        classes=classes, confusion=np.zeros((len(classes) + 1, len(classes)), np.int64)
    )
