"""Outcomes: predictions and the labels that belong to them, as counts and sums that add up.

Every metric of performance, realized or estimated, of a window, a segment or a group, is computed
from these, so that no row is read twice. A score is put into one of `CELLS` cells; accuracy and the
confusion matrix use the stored prediction and are exact, and so are the means (log loss, Brier
score, squared error), which are summed row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Counts, Floats
from monitoring.counting.profile import NumericalBins, Profile
from monitoring.errors import NotEnoughData, SchemaMismatch

Task = Literal["binary_classification", "multiclass_classification", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)
#: What a metric is the mean of, row by row.
LossName = Literal[
    "error",
    "missed",
    "false_alarm",
    "log_loss",
    "brier_score",
    "absolute_error",
    "squared_error",
    "signed_error",
    "absolute_percentage_error",
]

#: Score cells. Half of the scale is even in the score, half in its distance to 0 and 1, so that
#: the scores of rare events do not share a handful of cells.
CELLS = 8192
#: Below so many keys, sorting them is faster than a place for each possible one.
FEW_KEYS = 4096
#: What is known of a row's label, in the last digit of a cell's key.
NEGATIVE, POSITIVE, UNKNOWN = 0, 1, 2
#: Label delays are counted below these ends, in hours; the last count is of all above.
DELAY_HOURS = (1, 6, 12, 24, 48, 72, 168, 336, 720)
#: The parts of `NumberOutcomes.sums`; e is prediction - label, y the label.
PARTS = ("e", "abs_e", "e2", "y", "y2", "abs_y", "ape", "nonzero")
#: Where residuals are cut: 32 cells for each doubling of |e| from 2**-40 to 2**56, on both sides of 0.
#: They depend on no data, so that residuals of any two windows, segments or models add up.
RESIDUAL_BINS = NumericalBins("log", 0.0, (1023 - 40) * 32, 2 * 96 * 32, shift=47)

Keys: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold predictions and labels.

    label: None where there are no labels. probabilities: column of the score by class; for a binary
    task that of the positive class alone; empty for a regression. time: when it was predicted.
    """

    task: Task
    prediction: str
    label: str | None = None
    probabilities: Mapping[str, str] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    time: str | None = None
    delay_seconds: str | None = None


def score_cell(scores: Floats) -> NDArray[np.int64]:
    """Return the cell of each score in 0..1, shape (n,); it never decreases with the score.

    >>> score_cell(np.array([0.0, 0.5, 1.0])).tolist()
    [0, 4096, 8191]
    """
    rare, common = np.sqrt(scores), 1.0 - scores
    np.sqrt(rare, out=rare)  # in place: this is the innermost loop
    np.sqrt(common, out=common)
    np.sqrt(common, out=common)
    common += rare
    rare /= common
    rare += scores
    rare *= CELLS / 2
    cell: NDArray[np.int64] = rare.astype(np.int64)
    return np.minimum(cell, CELLS - 1, out=cell)


@lru_cache(maxsize=1)
def cell_edges() -> Floats:
    """Return the least score of each cell, ascending, shape (CELLS,), by bisection.

    >>> edges = cell_edges()
    >>> float(edges[0]), float(edges[4096]), bool((score_cell(edges) == np.arange(CELLS)).all())
    (0.0, 0.5, True)
    """
    wanted = np.arange(CELLS)
    # The bits of positive numbers are in the order of the numbers.
    low, high = np.full(CELLS, -1), np.full(CELLS, np.float64(1.0).view(np.int64))
    while (high - low > 1).any():
        middle = np.maximum((low + high) // 2, 0)
        reached = score_cell(middle.view(np.float64)) >= wanted
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    edges: Floats = high.view(np.float64)
    return edges


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums of a number per row."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Sum up values, shape (n,)."""
        # einsum needs no array for the squares and, unlike a dot product, starts no threads.
        squares = float(np.einsum("i,i->", values, values))
        return cls(len(values), float(values.sum()), squares)

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float | None:
        """Arithmetic mean; None without rows."""
        return self.total / self.n if self.n else None


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCells:
    """How the scores of one class go with predictions and labels: sparse counts.

    keys: (cell * 2 + predicted) * 3 + label, ascending, shape (c,); `predicted` is 1 where the class
    was predicted, `label` is NEGATIVE, POSITIVE (the class it is) or UNKNOWN. counts: rows. totals: sum
    of their scores.
    """

    keys: Keys
    counts: Counts
    totals: Floats

    @classmethod
    def of(
        cls,
        scores: Floats,
        predicted: NDArray[np.bool_] | Keys,
        label: NDArray[np.int8] | Keys,
    ) -> ScoreCells:
        """Count rows; arrays of shape (n,), `predicted` of 0 and 1."""
        keys = score_cell(scores)
        keys *= 2
        keys += predicted
        keys *= 3
        keys += label
        return cls._summed(keys, None, scores)

    @classmethod
    def total(cls, parts: Iterable[ScoreCells]) -> ScoreCells:
        """Add up many at once."""
        several = list(parts)
        if len(several) == 1:
            return several[0]
        return cls._summed(
            np.concatenate([part.keys for part in several]) if several else np.empty(0, np.int64),
            np.concatenate([part.counts for part in several]) if several else None,
            np.concatenate([part.totals for part in several]) if several else np.empty(0),
        )

    @classmethod
    def _summed(cls, keys: Keys, counts: Counts | None, totals: Floats) -> ScoreCells:
        """Add up by key; counts of None are ones. Few keys are sorted, many are put in their place."""
        if len(keys) < FEW_KEYS:
            kept, place = np.unique(keys, return_inverse=True)
            width = len(kept)
        else:
            kept, place, width = None, keys, CELLS * 6
        # Sums of counts are exact in float64 up to 2**53 rows.
        number = np.bincount(place, weights=counts, minlength=width)
        total = np.bincount(place, weights=totals, minlength=width)
        if kept is None:
            kept = np.flatnonzero(number != 0)  # of flags it is twice as fast as of numbers
            number, total = number[kept], total[kept]
        return cls(kept, number.astype(np.int64), total.astype(np.float64))

    def __add__(self, other: ScoreCells) -> ScoreCells:
        return ScoreCells.total([self, other])

    def by_label(self, label: int) -> Counts:
        """Return the rows of one label (NEGATIVE, POSITIVE, UNKNOWN) in each cell, shape (CELLS,)."""
        of = self.label == label
        found = np.bincount(self.cell[of], weights=self.counts[of], minlength=CELLS)
        return found.astype(np.int64)

    @property
    def cell(self) -> Keys:
        """Score cell of each key, ascending."""
        return self.keys // 6

    @property
    def predicted(self) -> Keys:
        """1 where the class was predicted."""
        return self.keys // 3 - self.keys // 6 * 2

    @property
    def label(self) -> Keys:
        """NEGATIVE, POSITIVE or UNKNOWN."""
        return self.keys - self.keys // 3 * 3  # numpy's remainder takes five times as long


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassOutcomes:
    """Outcomes of a classifier.

    classes: in a fixed order; for a binary task the positive one is last. confusion: rows by label
    (one line more, the last, for those without a label) and prediction, shape (K + 1, K). scores: by
    class; of the positive class alone for a binary task; empty without probabilities. log_loss,
    brier: per labelled row with valid probabilities. faults: rows that could not be used, by kind;
    they are in no other count.
    """

    classes: tuple[str, ...]
    confusion: Counts
    scores: Mapping[str, ScoreCells] = field(default_factory=dict)
    log_loss: Moments = field(default_factory=Moments)
    brier: Moments = field(default_factory=Moments)
    delays: Counts = field(default_factory=lambda: np.zeros(len(DELAY_HOURS) + 1, np.int64))
    faults: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def predictions(self) -> int:
        """Rows with a prediction."""
        return int(self.confusion.sum())

    @cached_property
    def labelled(self) -> int:
        """Rows with a prediction and a label."""
        return int(self.confusion[:-1].sum())

    @property
    def matrix(self) -> Counts:
        """Rows by label and prediction, shape (K, K)."""
        matrix: Counts = self.confusion[:-1]
        return matrix

    def __add__(self, other: ClassOutcomes) -> ClassOutcomes:
        if self.classes != other.classes:
            raise SchemaMismatch(
                f"Cannot add outcomes of the classes {self.classes!r} and {other.classes!r}",
                hint="Count both with the classes of one model.",
            )
        return ClassOutcomes(
            classes=self.classes,
            confusion=self.confusion + other.confusion,
            scores=_merged_scores([self.scores, other.scores]),
            log_loss=self.log_loss + other.log_loss,
            brier=self.brier + other.brier,
            delays=self.delays + other.delays,
            faults=Counter(self.faults) + Counter(other.faults),
        )


def _merged_scores(several: list[Mapping[str, ScoreCells]]) -> dict[str, ScoreCells]:
    names = dict.fromkeys(name for scores in several for name in scores)
    return {
        name: ScoreCells.total(scores[name] for scores in several if name in scores)
        for name in names
    }


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NumberOutcomes:
    """Outcomes of a regression, in the label's unit.

    predictions: rows predicted. labelled: those with a label, over which the rest is taken. sums: of
    each of `PARTS`, shape (8,); ape is |e / y| where y is not 0. products: of each pair of them, shape
    (8, 8). residuals: the distribution of e on `RESIDUAL_BINS`; None while there are none.
    """

    predictions: int
    labelled: int
    sums: Floats = field(default_factory=lambda: np.zeros(len(PARTS)))
    products: Floats = field(default_factory=lambda: np.zeros((len(PARTS), len(PARTS))))
    residuals: Profile | None = None
    delays: Counts = field(default_factory=lambda: np.zeros(len(DELAY_HOURS) + 1, np.int64))
    faults: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: NumberOutcomes) -> NumberOutcomes:
        residuals = self.residuals
        if residuals is None or other.residuals is None:
            residuals = residuals or other.residuals
        else:
            residuals += other.residuals
        return NumberOutcomes(
            predictions=self.predictions + other.predictions,
            labelled=self.labelled + other.labelled,
            sums=self.sums + other.sums,
            products=self.products + other.products,
            residuals=residuals,
            delays=self.delays + other.delays,
            faults=Counter(self.faults) + Counter(other.faults),
        )


Outcomes: TypeAlias = ClassOutcomes | NumberOutcomes


def total(several: Iterable[Outcomes]) -> Outcomes:
    """Add up the outcomes of many windows or groups, in one pass over their score cells.

    Raises:
        NotEnoughData: There is none.
        SchemaMismatch: They are of different classes or tasks.
    """
    parts = list(several)
    if not parts:
        raise NotEnoughData(
            "Cannot add up outcomes: there are none", hint="Choose a longer window."
        )
    if isinstance(parts[0], NumberOutcomes):
        return _total_of_numbers(parts)
    return _total_of_classes(parts)


def _total_of_numbers(parts: list[Outcomes]) -> NumberOutcomes:
    numbers = [part for part in parts if isinstance(part, NumberOutcomes)]
    if len(numbers) < len(parts):
        raise SchemaMismatch("Cannot add outcomes of a classifier to those of a regression")
    whole = numbers[0]
    for part in numbers[1:]:
        whole += part
    return whole


def _total_of_classes(parts: list[Outcomes]) -> ClassOutcomes:
    known = [part for part in parts if isinstance(part, ClassOutcomes)]
    if len(known) < len(parts):
        raise SchemaMismatch("Cannot add outcomes of a regression to those of a classifier")
    bare = [replace(part, scores={}) for part in known]
    whole = bare[0]
    for part in bare[1:]:
        whole += part
    return replace(whole, scores=_merged_scores([part.scores for part in known]))


def coverage(outcomes: Outcomes) -> float | None:
    """Share of predictions whose label has arrived; None without predictions."""
    return outcomes.labelled / outcomes.predictions if outcomes.predictions else None
