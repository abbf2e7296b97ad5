"""Tables into what each way of estimating reads: score cells, rows of scores, or features and errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from monitoring.arrays import Floats, Index
from monitoring.counting.engine.classes import classes_of, codes_of
from monitoring.counting.engine.columns import kind_of
from monitoring.counting.engine.counting import Feature
from monitoring.counting.engine.losses import losses
from monitoring.counting.engine.outcomes import count
from monitoring.counting.engine.rows import read_rows
from monitoring.counting.engine.scores import Scored
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.rows import Rows
from monitoring.counting.totals.outcomes import UNKNOWN, ClassOutcomes, Columns, ScoreCells
from monitoring.errors import NotEnoughData
from monitoring.methods.estimation import cbpe, dle, multiclass
from monitoring.methods.estimation.band import Estimate, Scatter


class Fitted(Protocol):
    """What was learned on a reference."""

    @property
    def rows(self) -> int:
        """Labelled rows that it was learned from."""

    @property
    def scatters(self) -> Mapping[str, Scatter]:
        """How much days differ, by metric."""

    def estimate(self, chunks: Sequence[Any]) -> list[dict[str, Estimate]]:
        """Return estimates by chunk and metric."""


@dataclass(frozen=True, eq=False)
class Facts:
    """Of a reference: rows with a label and without, and how the scores of both compare.

    difference: mean score of labelled rows minus the others', in standard deviations. labels: rows
    by class.
    """

    labelled: int
    predictions: int
    difference: float | None
    labels: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Way:
    """One way of estimating.

    read: tables of one or more days to a chunk. fit: from the chunks of the reference's days.
    realized: metrics of chunks whose rows all have a label. facts: of the reference's chunks.
    """

    method: str
    read: Callable[[Sequence[Table]], Any]
    fit: Callable[[Sequence[Any]], Fitted]
    realized: Callable[[Sequence[Any]], list[dict[str, float]]]
    facts: Callable[[Sequence[Any]], Facts]
    join: Callable[[Sequence[Any]], Any]


def way_of(columns: Columns, tables: Sequence[Table]) -> Way:
    """Return how a model's performance is estimated; `tables` are those of the reference.

    Raises:
        NotEnoughData: A classifier without probabilities, or of one class.
        InputError: The files cannot be read.
    """
    if columns.task == "regression":
        return _regression(columns)
    if not columns.probabilities:
        raise NotEnoughData(
            "Cannot estimate performance without labels: the model's probabilities were not collected",
            hint="Log the probability of each class, and tag the model with probability_column.",
        )
    columns = replace(columns, time=None, delay_seconds=None)
    classes = classes_of(tables, columns)
    if len(classes) < 2:  # noqa: PLR2004 - one is no choice
        raise NotEnoughData("Cannot estimate performance: the model has only one class")
    binary = columns.task == "binary_classification"
    return _binary(columns, classes) if binary else _multiclass(columns, classes)


def _binary(columns: Columns, classes: tuple[str, ...]) -> Way:
    def read(tables: Sequence[Table]) -> cbpe.Chunk:
        days = []
        for table in tables:
            outcomes = count(table, _own(columns, table), classes)
            assert isinstance(outcomes, ClassOutcomes)  # noqa: S101 - the task is binary
            days += [outcomes.scores[classes[-1]]] if classes[-1] in outcomes.scores else []
        return cbpe.Chunk.of(days)

    def facts(chunks: Sequence[cbpe.Chunk]) -> Facts:
        whole = ScoreCells.total([chunk.scores for chunk in chunks])
        known = whole.label != UNKNOWN
        n, labelled = int(whole.counts.sum()), int(whole.counts[known].sum())
        positive = int(whole.counts[whole.label == 1].sum())
        score: Floats = whole.totals / whole.counts.astype(np.float64)
        difference = _difference(score, whole.counts.astype(np.float64), known)
        labels = {" or ".join(classes[:-1]): labelled - positive, classes[-1]: positive}
        return Facts(labelled, n, difference, labels)

    return Way(
        cbpe.METHOD,
        read,
        lambda chunks: cbpe.fit([chunk.scores for chunk in chunks]),
        cbpe.realized,
        facts,
        lambda chunks: cbpe.Chunk(
            ScoreCells.total([chunk.scores for chunk in chunks]),
            tuple(n for chunk in chunks for n in chunk.days),
        ),
    )


def _own(columns: Columns, table: Table) -> Columns:
    """Return the columns that a table has: one that waits for its labels may lack theirs."""
    has_label = columns.label is not None and columns.label in table.columns
    return columns if has_label else replace(columns, label=None)


def _multiclass(columns: Columns, classes: tuple[str, ...]) -> Way:
    def read(tables: Sequence[Table]) -> multiclass.Chunk:
        return multiclass.Chunk.of(
            [_scored(table, _own(columns, table), classes) for table in tables]
        )

    def facts(chunks: Sequence[multiclass.Chunk]) -> Facts:
        whole = multiclass.Chunk.of(chunks)
        known = whole.label >= 0
        counts = np.bincount(whole.label[known], minlength=len(classes))
        confidence = whole.scores.max(axis=1)
        difference = _difference(confidence, np.ones(len(known)), known)
        labels = dict(zip(classes, counts.tolist(), strict=True))
        return Facts(int(known.sum()), len(known), difference, labels)

    return Way(cbpe.METHOD, read, multiclass.fit, multiclass.realized, facts, multiclass.Chunk.of)


def _scored(table: Table, columns: Columns, classes: tuple[str, ...]) -> multiclass.Chunk:
    place = {name: code for code, name in enumerate(classes)}
    wanted = [columns.prediction, columns.label, *columns.probabilities.values()]
    names = list(dict.fromkeys(name for name in wanted if name))
    parts = [
        _scored_batch(batch, columns, place)
        for path in table.paths
        for batch in open_parquet(path).iter_batches(columns=names)
    ]
    if not parts:
        nothing = np.empty(0, np.int64)
        return multiclass.Chunk(np.empty((0, len(classes))), nothing, nothing, (0,))
    scores, predicted, labels = (np.concatenate(each) for each in zip(*parts, strict=True))
    return multiclass.Chunk(scores, predicted, labels, (len(predicted),))


def _scored_batch(
    batch: pa.RecordBatch, columns: Columns, place: Mapping[str, int]
) -> tuple[Floats, Index, Index]:
    """Return scores by class, prediction and label of the rows whose scores are valid."""
    own = codes_of(batch.column(columns.prediction), place, none=-1)
    label = np.full(batch.num_rows, -1, dtype=np.int64)
    if columns.label:
        label = codes_of(batch.column(columns.label), place, none=-1)
    found = Scored.of(batch, columns, tuple(place), own >= 0)
    good = (own >= 0) & found.valid
    matrix = np.zeros((batch.num_rows, len(place)))
    for at, values in found.columns.values():
        matrix[:, at] = values
    return matrix[good], own[good], label[good]


def _regression(columns: Columns) -> Way:
    def read(tables: Sequence[Table]) -> dle.Chunk:
        wanted = feature_kinds(tables, (*columns.features, columns.prediction))
        rows = read_rows(tables, wanted)
        parts = [losses([table], _own(columns, table), "signed_error") for table in tables]
        error = np.concatenate(parts)
        good = np.flatnonzero(np.isfinite(rows.numbers(columns.prediction)))
        days = tuple(table.rows for table in tables)
        return dle.Chunk(rows.take(good), error[good], days)

    def facts(chunks: Sequence[dle.Chunk]) -> Facts:
        error = np.concatenate([chunk.error for chunk in chunks])
        said = np.concatenate([chunk.rows.numbers(columns.prediction) for chunk in chunks])
        known = np.isfinite(error)
        difference = _difference(said, np.ones(len(said)), known)
        return Facts(int(known.sum()), len(known), difference, {})

    def fit(chunks: Sequence[dle.Chunk]) -> dle.Fitted:
        known = [chunk.labelled() for chunk in chunks]
        whole = dle.Chunk.of(known)
        day = np.repeat(np.arange(len(known)), [len(chunk.error) for chunk in known])
        kept = np.arange(min(len(day), dle.MOST_ROWS)) * len(day) // min(len(day), dle.MOST_ROWS)
        return dle.fit(dle.Chunk(whole.rows.take(kept), whole.error[kept], whole.days), day[kept])

    return Way(dle.METHOD, read, fit, dle.realized, facts, dle.Chunk.of)


def feature_kinds(tables: Sequence[Table], names: Sequence[str]) -> dict[str, Feature]:
    """Return how columns are read: numbers and times as they are, all else as categories."""
    dtypes = tables[0].columns
    return {
        name: Feature(
            name,
            dtypes[name],
            "numerical" if kind_of(dtypes[name]) in {"number", "time"} else "categorical",
        )
        for name in names
        if name in dtypes and kind_of(dtypes[name]) is not None
    }


def rows_of(tables: Sequence[Table], names: Sequence[str], limit: int) -> tuple[Rows, Index]:
    """Return rows evenly spread over tables, at most `limit` of each, and the number of each row's table."""
    wanted = feature_kinds(tables, names)
    each = [read_rows([table], wanted, limit=limit) for table in tables]
    day = np.repeat(np.arange(len(each)), [rows.n for rows in each])
    return dle.joined(each), day


def _difference(score: Floats, weight: Floats, known: Any) -> float | None:
    if known.all() or not known.any():
        return None
    mean = float(np.average(score, weights=weight))
    spread = float(np.sqrt(np.average(np.square(score - mean), weights=weight)))
    one = float(np.average(score[known], weights=weight[known]))
    two = float(np.average(score[~known], weights=weight[~known]))
    return (one - two) / spread if spread else 0.0
