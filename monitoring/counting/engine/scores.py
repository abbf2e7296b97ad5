"""Probabilities of rows: which can be used, and what they add to the counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Codes, Flags, Floats
from monitoring.counting.engine.classes import class_text
from monitoring.counting.engine.values import floats
from monitoring.counting.totals.outcomes import UNKNOWN, Columns, Moments, ScoreCells

if TYPE_CHECKING:
    import pyarrow as pa

#: How far from 1 the probabilities of one row may sum up: they are rounded when collected.
SUM_TOLERANCE = 0.01
#: Keeps the logarithm of a probability of 0 finite; scikit-learn clips at float64's epsilon too.
EPSILON = float(np.finfo(np.float64).eps)

OUT_OF_RANGE = "probability outside 0..1"
NOT_ONE = "probabilities that do not sum to 1"
NO_PROBABILITY = "probability that is missing or no number"
WHOSE = "probability of no class of the model"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Probabilities of rows, shape (n,) each, by the place of their class; and which rows' are valid."""

    columns: Mapping[str, tuple[int, Floats]]
    valid: Flags
    faults: Mapping[str, int]

    @classmethod
    def of(
        cls, batch: pa.RecordBatch, columns: Columns, classes: tuple[str, ...], usable: Flags
    ) -> Scored:
        """Read the probabilities; faults are counted among the rows that are usable otherwise."""
        names, unknown = _score_columns(columns, classes)
        nothing = np.zeros(batch.num_rows, bool)
        if not names:
            return cls({}, nothing, {WHOSE: int(usable.sum())} if unknown else {})
        found = {
            name: (classes.index(name), floats(batch.column(column)))
            for name, column in names.items()
        }
        values = [each for _, each in found.values()]
        inside, one = ~nothing, ~nothing
        for each in values:
            inside &= each >= 0  # of NaN, too, this is false
            inside &= each <= 1
        if len(values) > 1:
            one = np.abs(np.sum(values, axis=0) - 1) <= SUM_TOLERANCE
        if inside.all() and one.all():
            return cls(found, inside, {})
        known = ~np.isnan(values).any(axis=0)
        faults = {NO_PROBABILITY: int((usable & ~known).sum())}
        faults[OUT_OF_RANGE] = int((usable & known & ~inside).sum())
        faults[NOT_ONE] = int((usable & inside & ~one).sum())
        return cls(found, inside & one, faults)

    def kept(self, rows: Flags) -> Scored:
        """Return those of some rows."""
        columns = {name: (at, values[rows]) for name, (at, values) in self.columns.items()}
        return Scored(columns, self.valid[rows], self.faults)

    def counted(
        self, predicted: Codes, label: Codes, k: int
    ) -> tuple[dict[str, ScoreCells], Moments, Moments]:
        """Return scores by class and the losses of the rows with valid probabilities."""
        scored = self
        if not self.valid.all():
            predicted, label, scored = (
                predicted[self.valid],
                label[self.valid],
                self.kept(self.valid),
            )
        if not scored.columns or not len(label):
            return {}, Moments(), Moments()
        is_all = int(label.max()) < k
        if k == 2:  # noqa: PLR2004 - of two classes the codes are what ScoreCells wants
            ((name, (_, values)),) = scored.columns.items()
            scores = {name: ScoreCells.of(values, predicted, label)}
        else:
            waiting = np.int8(0) if is_all else (label == k) * np.int8(UNKNOWN)
            scores = {
                name: ScoreCells.of(values, predicted == at, (label == at) + waiting)
                for name, (at, values) in scored.columns.items()
            }
        if not is_all:
            known = label < k
            label, scored = label[known], scored.kept(known)
        return scores, *_losses(dict(scored.columns.values()), label)


def _score_columns(columns: Columns, classes: tuple[str, ...]) -> tuple[dict[str, str], bool]:
    """Return the column of the score by class, and whether there are some of no class."""
    given = {name and class_text(name): c for name, c in columns.probabilities.items()}
    if columns.task == "multiclass_classification":
        own = _of_many(given, classes)
    else:
        own = _of_two(given, classes)
    return own, bool(given) and not own


def _of_many(given: Mapping[str, str], classes: tuple[str, ...]) -> dict[str, str]:
    names = {name: given[name] for name in classes if name in given}
    return names if len(names) > 1 else {}


def _of_two(given: Mapping[str, str], classes: tuple[str, ...]) -> dict[str, str]:
    if len(classes) < 2:  # noqa: PLR2004 - one is no choice
        return {}
    column = given.get(classes[-1]) or given.get("")
    return {classes[-1]: column} if column else {}


def _losses(probability: Mapping[int, Floats], label: Codes) -> tuple[Moments, Moments]:
    """Return log loss and Brier score of each row; the latter of the positive class if there are two."""
    if len(probability) == 1:
        ((at, values),) = probability.items()
        missed = np.abs((label == at) - values)  # 1 - the probability of what happened
        surprise = _surprise(1 - missed)
        np.square(missed, out=missed)
        return Moments.of(surprise), Moments.of(missed)
    own, brier = np.full(len(label), np.nan), np.zeros(len(label))
    for at, values in probability.items():
        is_it = label == at
        own = np.where(is_it, values, own)
        brier += np.square(values - is_it)
    with_own = ~np.isnan(own)  # a class that was predicted but has no probability is left out
    return Moments.of(_surprise(own[with_own])), Moments.of(brier[with_own])


def _surprise(own: Floats) -> Floats:
    """Return -ln of probabilities; the array is used up."""
    np.maximum(own, EPSILON, out=own)
    np.log(own, out=own)
    return np.negative(own, out=own)
