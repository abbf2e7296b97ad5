"""Rows into losses: one number a row, NaN where there is no label or the row cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Floats, Index
from monitoring.counting.engine.classes import codes_of
from monitoring.counting.engine.scores import EPSILON, Scored
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.engine.values import floats
from monitoring.counting.totals.outcomes import Columns, LossName

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65_536


def losses(
    tables: Sequence[Table], columns: Columns, name: LossName, classes: tuple[str, ...] = ()
) -> Floats:
    """Return the loss of each row of several tables, in file order, shape (n,).

    Args:
        columns: Which holds what; without a label all rows are NaN.
        classes: Of a classifier, the positive one last if there are two.

    Raises:
        InputError: A file cannot be read.
    """
    wanted = [columns.prediction, columns.label, *columns.probabilities.values()]
    names = list(dict.fromkeys(each for each in wanted if each))
    parts = [
        _losses(batch, columns, name, classes)
        for table in tables
        for path in table.paths
        for batch in open_parquet(path).iter_batches(batch_size=BATCH_ROWS, columns=names)
    ]
    return np.concatenate([np.empty(0), *parts])


def _losses(
    batch: pa.RecordBatch, columns: Columns, name: LossName, classes: tuple[str, ...]
) -> Floats:
    if columns.label is None:
        return np.full(batch.num_rows, np.nan)
    prediction, label = batch.column(columns.prediction), batch.column(columns.label)
    if columns.task == "regression":
        return _of_numbers(floats(prediction), floats(label), name)
    place = {each: code for code, each in enumerate(classes)}
    predicted, actual = codes_of(prediction, place, none=-2), codes_of(label, place, none=-2)
    usable = (predicted >= 0) & (actual >= 0)
    if name in {"log_loss", "brier_score"}:
        scored = Scored.of(batch, columns, classes, usable)
        loss = _of_scores(scored, actual, name)
        return np.where(usable & scored.valid, loss, np.nan)
    positive = len(classes) - 1
    asked = {"missed": actual == positive, "false_alarm": predicted == positive}.get(name, usable)
    return np.where(usable & asked, (predicted != actual).astype(np.float64), np.nan)


def _of_numbers(prediction: Floats, label: Floats, name: LossName) -> Floats:
    error = prediction - label
    error[~np.isfinite(error)] = np.nan
    match name:
        case "squared_error":
            return np.square(error)
        case "signed_error":
            return error
        case "absolute_percentage_error":
            some: Floats = np.where(label == 0, np.nan, label)
            return np.abs(error / some)
    return np.abs(error)


def _of_scores(scored: Scored, actual: Index, name: LossName) -> Floats:
    """Return log loss or Brier score, the latter of the positive class where there are two."""
    own, brier = np.full(len(actual), np.nan), np.zeros(len(actual))
    for at, values in scored.columns.values():
        is_it = actual == at
        own = np.where(is_it, values, own)
        brier += np.square(values - is_it)
    if len(scored.columns) == 1:
        ((at, values),) = scored.columns.values()
        own = np.where(actual == at, values, 1 - values)
    if name == "brier_score":
        return brier
    surprise: Floats = -np.log(np.clip(own, EPSILON, 1 - EPSILON))
    return surprise
