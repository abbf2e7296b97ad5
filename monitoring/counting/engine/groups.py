"""Rows into outcomes by group: one pass over features, prediction, label and scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Flags, Floats, Index
from monitoring.counting.engine.classes import class_text, classes_of, codes_of
from monitoring.counting.engine.group_cells import STRIDE, Cells
from monitoring.counting.engine.group_codes import group_codes
from monitoring.counting.engine.outcomes import (
    NO_NUMBER,
    NO_PREDICTION,
    NO_PROBABILITY,
    NOT_ONE,
    OTHER_LABEL,
    OTHER_PREDICTION,
    OUT_OF_RANGE,
    SUM_TOLERANCE,
    WHOSE,
)
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.engine.values import floats, missing
from monitoring.counting.totals.groups import Group, Grouping, GroupOutcomes
from monitoring.counting.totals.outcomes import (
    NEGATIVE,
    PARTS,
    POSITIVE,
    UNKNOWN,
    ClassOutcomes,
    Columns,
    NumberOutcomes,
    Outcomes,
    score_cell,
)
from monitoring.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


BATCH_ROWS = 32_768


def count(
    table: Table, columns: Columns, grouping: Grouping, classes: tuple[str, ...] = ()
) -> GroupOutcomes:
    """Count the outcomes of each group; as `count_each` for one grouping."""
    (found,) = count_each(table, columns, [grouping], classes)
    return found


def count_each(
    table: Table,
    columns: Columns,
    groupings: Sequence[Grouping],
    classes: tuple[str, ...] = (),
) -> tuple[GroupOutcomes, ...]:
    """Count the outcomes of each group of several groupings in one pass over the rows.

    Args:
        groupings: Which features make the groups; a row without a value has a group of its own.
        classes: Of a classifier, in the order of `classes_of`; empty to take those of the table.

    Raises:
        InputError: A file cannot be read, or a feature of a grouping is not in the table.
    """
    features = _features(table, groupings)
    reader: _ClassReader | _NumberReader
    if columns.task == "regression":
        reader = _NumberReader(columns, groupings)
    else:
        known = classes or classes_of([table], columns)
        reader = _ClassReader(columns, known, groupings)
    for batch in _batches(table, columns, features):
        reader.add(batch)
    faults = {name: n for name, n in reader.faults.items() if n}
    return tuple(
        GroupOutcomes(counter.grouping, counter.outcomes(), faults) for counter in reader.counters
    )


def _features(table: Table, groupings: Iterable[Grouping]) -> list[str]:
    features = list(dict.fromkeys(name for each in groupings for name in each.features))
    if missing := [name for name in features if name not in table.columns]:
        raise InputError(
            f"Cannot form groups by {missing[0]!r}: it was not collected with the predictions",
            hint="Choose a feature among the model's collected inputs.",
        )
    return features


def _batches(table: Table, columns: Columns, features: Sequence[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay

    names = [columns.prediction, columns.label, *columns.probabilities.values(), *features]
    wanted = list(dict.fromkeys(name for name in names if name))
    for path in table.paths:
        file = open_parquet(path)
        for at in range(file.metadata.num_row_groups):
            # A column at a time is decoded in half of what a whole row group takes.
            read = [file.read_row_group(at, [name], use_threads=False).column(0) for name in wanted]
            group = pa.RecordBatch.from_arrays([_whole(column) for column in read], wanted)
            for start in range(0, group.num_rows, BATCH_ROWS):
                yield group.slice(start, BATCH_ROWS)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """What all groupings share of a batch of a classifier.

    code: label * K + prediction of each usable row. usable: which rows these are, None if all. good:
    which of them have valid probabilities, None if all. cells: by class, key of the score cell and
    score of the good ones.
    """

    code: Index
    usable: Flags | None
    good: Flags | None
    cells: Mapping[str, tuple[Index, Floats]]


def _chosen(scores: Sequence[Floats], rows: Flags | None) -> Sequence[Floats]:
    return scores if rows is None else [score[rows] for score in scores]


def _score_keys(score: Floats) -> Index:
    keys = score_cell(score)
    keys *= 6
    return keys


class _ClassReader:
    """Reads batches of a classifier and hands them to a counter for each grouping."""

    def __init__(
        self, columns: Columns, classes: tuple[str, ...], groupings: Sequence[Grouping]
    ) -> None:
        self.faults: Counter[str] = Counter()
        self._columns = columns
        self._k = len(classes)
        self._place = {name: code for code, name in enumerate(classes)}
        self._scored = score_columns(columns, classes)
        names = tuple(self._scored)
        self.counters = [_Classes(grouping, classes, names) for grouping in groupings]

    def add(self, batch: pa.RecordBatch) -> None:
        """Count one batch."""
        answers = self._answers(batch)
        for counter in self.counters:
            counter.add(group_codes(batch, counter.grouping), answers)

    def _answers(self, batch: pa.RecordBatch) -> _Answers:
        predicted = codes_of(batch.column(self._columns.prediction), self._place, none=-2)
        label = np.full(len(predicted), self._k)
        if self._columns.label:
            label = codes_of(batch.column(self._columns.label), self._place, none=self._k)
        usable = self._usable(predicted, label)
        code = label * self._k
        code += predicted
        scores = _chosen([floats(batch.column(name)) for name in self._scored.values()], usable)
        if usable is not None:
            code = code[usable]
        if self._columns.probabilities and not self._scored:
            self.faults[WHOSE] += len(code)
        good = self._valid(scores) if scores else None
        cells = {
            name: (_score_keys(score), score)
            for name, score in zip(self._scored, _chosen(scores, good), strict=True)
        }
        return _Answers(code, usable, good, cells)

    def _usable(self, predicted: Index, label: Index) -> Flags | None:
        """Return which rows can be counted, None if all; the others are faults."""
        if predicted.min(initial=0) >= 0 and label.min(initial=0) >= 0:
            return None
        self.faults[NO_PREDICTION] += int((predicted == -2).sum())  # noqa: PLR2004 - asked for so
        self.faults[OTHER_PREDICTION] += int((predicted == -1).sum())
        self.faults[OTHER_LABEL] += int(((label < 0) & (predicted >= 0)).sum())
        usable: Flags = (predicted >= 0) & (label >= 0)
        return usable

    def _valid(self, scores: Sequence[Floats]) -> Flags | None:
        """Return which rows have probabilities that can be used, None if all."""
        within = all(s.min(initial=1) >= 0 and s.max(initial=0) <= 1 for s in scores)
        if within and len(scores) == 1:
            return None
        known, inside, one = (np.ones(len(scores[0]), bool) for _ in range(3))
        for score in scores:
            known &= ~np.isnan(score)
            inside &= (score >= 0) & (score <= 1)
        if len(scores) > 1:
            one = np.abs(np.sum(scores, axis=0) - 1) <= SUM_TOLERANCE
        self.faults[NO_PROBABILITY] += int((~known).sum())
        self.faults[OUT_OF_RANGE] += int((known & ~inside).sum())
        self.faults[NOT_ONE] += int((inside & ~one).sum())
        found: Flags = inside & one
        return found


class _Classes:
    """Running counts of a classifier by one grouping."""

    def __init__(
        self, grouping: Grouping, classes: tuple[str, ...], scored: tuple[str, ...]
    ) -> None:
        self.grouping = grouping
        self._groups = grouping.groups
        self._classes = classes
        self._codes = (len(classes) + 1) * len(classes)
        self._confusion = np.zeros(len(self._groups) * self._codes, np.int64)
        self._first = {name: self._first_keys(classes.index(name)) for name in scored}
        self._cells = {name: Cells(len(self._groups)) for name in scored}

    def _first_keys(self, code: int) -> Index:
        """Return where the keys of each (group, label, prediction) begin, for scores of one class."""
        k = len(self._classes)
        group, label, predicted = np.indices((len(self._groups), k + 1, k)).reshape(3, -1)
        state = np.where(label == k, UNKNOWN, np.where(label == code, POSITIVE, NEGATIVE))
        first: Index = group * STRIDE + (predicted == code) * 3 + state
        return first

    def add(self, group: Index, answers: _Answers) -> None:
        """Count rows of these groups."""
        if answers.usable is not None:
            group = group[answers.usable]
        place = group * self._codes
        place += answers.code
        self._confusion += np.bincount(place, minlength=len(self._confusion))
        if answers.good is not None:
            place = place[answers.good]
        for name, (cells, scores) in answers.cells.items():
            self._cells[name].add(cells + self._first[name][place], scores)

    def outcomes(self) -> dict[Group, Outcomes]:
        """Return the counts of each group with rows."""
        k = len(self._classes)
        confusion = self._confusion.reshape(len(self._groups), k + 1, k)
        cells = {name: counter.by_group() for name, counter in self._cells.items()}
        return {
            self._groups[at]: ClassOutcomes(
                classes=self._classes,
                confusion=confusion[at],
                scores={name: found[at] for name, found in cells.items() if at in found},
            )
            for at in np.flatnonzero(confusion.sum(axis=(1, 2))).tolist()
        }


def score_columns(columns: Columns, classes: tuple[str, ...]) -> dict[str, str]:
    """Return the column of the score by class; none where it is not clear whose they are."""
    given = {class_text(name) if name else "": c for name, c in columns.probabilities.items()}
    if columns.task == "multiclass_classification":
        names = {name: given[name] for name in classes if name in given}
        return names if len(names) > 1 else {}
    column = given.get(classes[-1]) or given.get("") if len(classes) > 1 else None
    return {classes[-1]: column} if column else {}


@dataclass(frozen=True, slots=True, eq=False)
class _Errors:
    """What all groupings share of a batch of a regression.

    predicted, usable: which rows have a prediction, and a label too. parts: `PARTS` of the latter.
    """

    predicted: Flags
    usable: Flags
    parts: tuple[Floats, ...]


class _NumberReader:
    """Reads batches of a regression and hands them to a counter for each grouping."""

    def __init__(self, columns: Columns, groupings: Sequence[Grouping]) -> None:
        self.faults: Counter[str] = Counter()
        self._columns = columns
        self.counters = [_Numbers(grouping) for grouping in groupings]

    def add(self, batch: pa.RecordBatch) -> None:
        """Sum up one batch."""
        errors = self._errors(batch)
        for counter in self.counters:
            counter.add(group_codes(batch, counter.grouping), errors)

    def _errors(self, batch: pa.RecordBatch) -> _Errors:
        column = batch.column(self._columns.prediction)
        prediction, is_null = floats(column), missing(column)
        y, unlabelled = np.full(len(prediction), np.nan), np.ones(len(prediction), bool)
        if self._columns.label:
            column = batch.column(self._columns.label)
            y, unlabelled = floats(column), missing(column)
        broken = ~is_null & (~np.isfinite(prediction) | (~unlabelled & ~np.isfinite(y)))
        self.faults[NO_PREDICTION] += int(is_null.sum())
        self.faults[NO_NUMBER] += int(broken.sum())
        predicted = ~broken & ~is_null
        usable = predicted & ~unlabelled
        return _Errors(predicted, usable, _parts(prediction[usable] - y[usable], y[usable]))


def _parts(e: Floats, y: Floats) -> tuple[Floats, ...]:
    """Return `PARTS` of errors and labels, each of shape (n,)."""
    nonzero = y != 0
    ape = np.divide(np.abs(e), np.abs(y), out=np.zeros_like(e), where=nonzero)
    return e, np.abs(e), e * e, y, y * y, np.abs(y), ape, nonzero.astype(np.float64)


class _Numbers:
    """Running sums of a regression by one grouping."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self._groups = grouping.groups
        size, parts = len(self._groups), len(PARTS)
        self._predictions = np.zeros(size, np.int64)
        self._labelled = np.zeros(size, np.int64)
        self._sums = np.zeros((size, parts))
        self._products = np.zeros((size, parts, parts))

    def add(self, group: Index, errors: _Errors) -> None:
        """Sum up rows of these groups."""
        size = len(self._groups)
        self._predictions += np.bincount(group[errors.predicted], minlength=size)
        group = group[errors.usable]
        self._labelled += np.bincount(group, minlength=size)
        for i, one in enumerate(errors.parts):
            self._sums[:, i] += np.bincount(group, weights=one, minlength=size)
            for j in range(i + 1):
                found = np.bincount(group, weights=one * errors.parts[j], minlength=size)
                self._products[:, i, j] += found
                if j < i:
                    self._products[:, j, i] += found

    def outcomes(self) -> dict[Group, Outcomes]:
        """Return the sums of each group with rows."""
        return {
            self._groups[at]: NumberOutcomes(
                predictions=int(self._predictions[at]),
                labelled=int(self._labelled[at]),
                sums=self._sums[at],
                products=self._products[at],
            )
            for at in np.flatnonzero(self._predictions).tolist()
        }
