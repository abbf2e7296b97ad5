"""Rows into outcomes: one pass over prediction, label and scores, rows that cannot be used counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitoring.engine.tables import Table, open_parquet
from monitoring.outcomes import (
    DELAY_HOURS,
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    ClassOutcomes,
    Columns,
    Moments,
    NumberOutcomes,
    Outcomes,
    ScoreCells,
)
from monitoring.profile import Counts, Floats

if TYPE_CHECKING:
    import pyarrow as pa

#: How far from 1 the probabilities of one row may sum up: they are rounded when collected.
SUM_TOLERANCE = 0.01
#: Keeps the logarithm of a probability of 0 finite; scikit-learn clips at float64's epsilon too.
EPSILON = float(np.finfo(np.float64).eps)
HOUR_SECONDS = 3600.0

OUT_OF_RANGE = "probability outside 0..1"
NOT_ONE = "probabilities that do not sum to 1"
OTHER_LABEL = "label outside the model's classes"
OTHER_PREDICTION = "prediction outside the model's classes"
NO_NUMBER = "prediction or label that is no number"


def classes_of(tables: Sequence[Table], columns: Columns) -> tuple[str, ...]:
    """Return the classes found in predictions and labels, and those that have a score, in order."""
    found = set(columns.probabilities) - {""}
    for table in tables:
        for name in (columns.prediction, columns.label):
            if name:
                found |= set(_dictionary(table, name))
    ordered = sorted(found, key=_order)
    positive = next(iter(columns.probabilities), "")
    if columns.task == "binary_classification" and positive in ordered:
        ordered.append(ordered.pop(ordered.index(positive)))
    return tuple(ordered)


def count(table: Table, columns: Columns, classes: tuple[str, ...] = ()) -> Outcomes:
    """Count the outcomes of a table.

    Args:
        table: Rows with the columns that `columns` names.
        columns: Which column holds what.
        classes: Of a classifier, in the order of `classes_of`; empty to take those of the table.

    Raises:
        InputError: The files cannot be read.
    """
    if columns.task == "regression":
        return _numbers(table, columns)
    return _classes(table, columns, classes or classes_of([table], columns))


def _classes(table: Table, columns: Columns, classes: tuple[str, ...]) -> ClassOutcomes:
    rows = _read(table, columns)
    place = {name: index for index, name in enumerate(classes)}
    k, n = len(classes), rows.num_rows
    predicted = _codes(rows[columns.prediction], place, none=-1)
    label = (
        _codes(rows[columns.label], place, none=k)
        if columns.label
        else np.full(n, k, dtype=np.int64)
    )
    faults = Counter({OTHER_PREDICTION: int((predicted < 0).sum())})
    faults[OTHER_LABEL] = int((label < 0).sum())
    usable = (predicted >= 0) & (label >= 0)
    confusion = np.bincount(label[usable] * k + predicted[usable], minlength=(k + 1) * k).reshape(
        k + 1, k
    )
    scored = _Scored.of(rows, columns, classes)
    faults.update(scored.faults)
    good = usable & scored.valid
    scores, log_loss, brier = scored.counted(predicted, label, good, classes)
    return ClassOutcomes(
        classes=classes,
        confusion=confusion,
        scores=scores,
        log_loss=log_loss,
        brier=brier,
        delays=_delays(rows, columns, usable),
        faults={name: number for name, number in faults.items() if number},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """Probabilities of rows: (n, K), or (n, 1) of the positive class; nothing without any."""

    probability: Floats
    valid: NDArray[np.bool_]
    faults: Mapping[str, int]

    @classmethod
    def of(cls, rows: pa.Table, columns: Columns, classes: tuple[str, ...]) -> _Scored:
        names = list(columns.probabilities.values())
        if columns.task == "multiclass_classification":
            names = [columns.probabilities[c] for c in classes if c in columns.probabilities]
        n = rows.num_rows
        if not names or (len(names) > 1 and len(names) != len(classes)):
            return cls(np.empty((n, 0)), np.zeros(n, bool), {})
        probability = np.column_stack([_floats(rows[name]) for name in names])
        known = ~np.isnan(probability).any(axis=1)
        inside = np.asarray(((probability >= 0) & (probability <= 1)).all(axis=1))
        one: NDArray[np.bool_] = inside
        if len(names) > 1:
            one = np.abs(probability.sum(axis=1) - 1) <= SUM_TOLERANCE
        faults = {OUT_OF_RANGE: int((known & ~inside).sum())}
        faults[NOT_ONE] = int((known & inside & ~one).sum())
        return cls(probability, known & inside & one, faults)

    def counted(
        self,
        predicted: NDArray[np.int64],
        label: NDArray[np.int64],
        good: NDArray[np.bool_],
        classes: tuple[str, ...],
    ) -> tuple[dict[str, ScoreCells], Moments, Moments]:
        """Return scores by class and the losses of the rows that are good."""
        k, width = len(classes), self.probability.shape[1]
        if not width or not good.any():
            return {}, Moments(), Moments()
        probability, predicted, label = self.probability[good], predicted[good], label[good]
        names = classes if width > 1 else classes[-1:]
        scores = {}
        for at, name in enumerate(names):
            code = at if width > 1 else k - 1
            state = np.where(label == k, UNKNOWN, np.where(label == code, POSITIVE, NEGATIVE))
            scores[name] = ScoreCells.of(
                probability[:, at], predicted == code, state.astype(np.int8)
            )
        known = label < k
        return scores, *_losses(probability[known], label[known], k)


def _losses(probability: Floats, label: NDArray[np.int64], k: int) -> tuple[Moments, Moments]:
    """Return log loss and Brier score of each row; the latter of the positive class if there are two."""
    if probability.shape[1] == 1:
        own = np.where(label == k - 1, probability[:, 0], 1 - probability[:, 0])
        brier = np.square(1 - own)
    else:
        own = probability[np.arange(len(label)), label]
        brier = np.square(probability).sum(axis=1) - np.square(own) + np.square(1 - own)
    return Moments.of(-np.log(np.clip(own, EPSILON, 1 - EPSILON))), Moments.of(brier)


def _numbers(table: Table, columns: Columns) -> NumberOutcomes:
    rows = _read(table, columns)
    prediction = _floats(rows[columns.prediction])
    label = _floats(rows[columns.label]) if columns.label else np.full(len(prediction), np.nan)
    unlabelled = (
        ~np.asarray(rows[columns.label].is_valid()) if columns.label else np.ones(len(label), bool)
    )
    broken = ~np.isfinite(prediction) | (~unlabelled & ~np.isfinite(label))
    usable = ~broken & ~unlabelled
    e, y = prediction[usable] - label[usable], label[usable]
    nonzero = y != 0
    ape = np.divide(np.abs(e), np.abs(y), out=np.zeros_like(e), where=nonzero)
    parts = np.stack([e, np.abs(e), e * e, y, y * y, np.abs(y), ape, nonzero.astype(np.float64)])
    # `parts @ parts.T` would start a pool of threads for eight rows.
    products = np.array([[float((a * b).sum()) for b in parts] for a in parts])
    return NumberOutcomes(
        predictions=int((~broken).sum()),
        labelled=int(usable.sum()),
        sums=parts.sum(axis=1),
        products=products,
        delays=_delays(rows, columns, usable),
        faults={NO_NUMBER: int(broken.sum())} if broken.any() else {},
    )


def _delays(rows: pa.Table, columns: Columns, usable: NDArray[np.bool_]) -> Counts:
    if columns.delay_seconds is None:
        return np.zeros(len(DELAY_HOURS) + 1, np.int64)
    hours = _floats(rows[columns.delay_seconds])[usable] / HOUR_SECONDS
    place = np.searchsorted(DELAY_HOURS, hours[~np.isnan(hours)], side="right")
    return np.bincount(place, minlength=len(DELAY_HOURS) + 1).astype(np.int64)


def _read(table: Table, columns: Columns) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    names = [columns.prediction, columns.label, columns.delay_seconds]
    wanted = list(dict.fromkeys(n for n in (*names, *columns.probabilities.values()) if n))
    return pa.concat_tables(
        [open_parquet(path).read(columns=wanted) for path in table.paths],
        promote_options="permissive",
    )


def _codes(column: pa.ChunkedArray, place: Mapping[str, int], *, none: int) -> NDArray[np.int64]:
    """Return the class of each value, `none` for null and -1 for what is no class."""
    import pyarrow as pa  # noqa: PLC0415

    whole = column.combine_chunks()
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode()
    texts = [class_text(value) for value in whole.dictionary.to_pylist()]
    known = np.array([place.get(text, -1) for text in texts] + [none], dtype=np.int64)
    codes = whole.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    found: NDArray[np.int64] = known[codes.astype(np.int64)]
    return found


def class_text(value: object) -> str:
    """Return the name of a class: 1, 1.0 and True are three ways that logs write one label.

    >>> [class_text(value) for value in (1, 1.0, True, "1", "late")]
    ['1', '1', '1', '1', 'late']
    """
    if isinstance(value, bool | float) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _order(name: str) -> tuple[bool, float, str]:
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name


def _dictionary(table: Table, name: str) -> set[str]:
    found: set[str] = set()
    for path in table.paths:
        column = open_parquet(path).read(columns=[name])[name].combine_chunks().unique()
        found |= {class_text(value) for value in column.to_pylist() if value is not None}
    return found


def _floats(column: pa.ChunkedArray) -> Floats:
    """Return numbers as float64, NaN for null and for texts that are no number."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
        return np.array([_number(value) for value in column.to_pylist()])
    values = pc.fill_null(column.cast(pa.float64()), np.nan)
    floats: Floats = values.to_numpy()
    return floats


def _number(value: str | None) -> float:
    try:
        return np.nan if value is None else float(value)
    except ValueError:
        return np.nan
