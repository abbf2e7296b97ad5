"""Outcomes: predictions and the labels that belong to them, as counts and sums that add up.

Every metric of performance, realized or estimated, of a window, a segment or a group, is computed
from these, so that no row is read twice. A score is put into one of `CELLS` cells; accuracy and the
confusion matrix use the stored prediction and are exact, and so are the means (log loss, Brier
score, squared error), which are summed row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from monitoring.errors import SchemaMismatch
from monitoring.profile import Counts, Floats, Profile

Task = Literal["binary_classification", "multiclass_classification", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)

#: Score cells. Half of the scale is even in the score, half in its distance to 0 and 1, so that
#: the scores of rare events do not share a handful of cells.
CELLS = 8192
#: What is known of a row's label, in the last digit of a cell's key.
NEGATIVE, POSITIVE, UNKNOWN = 0, 1, 2
#: Label delays are counted below these ends, in hours; the last count is of all above.
DELAY_HOURS = (1, 6, 12, 24, 48, 72, 168, 336, 720)
#: The parts of `NumberOutcomes.sums`; e is prediction - label, y the label.
PARTS = ("e", "abs_e", "e2", "y", "y2", "abs_y", "ape", "nonzero")

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
    rare, common = np.sqrt(np.sqrt(scores)), np.sqrt(np.sqrt(1.0 - scores))
    rank = (scores + rare / (rare + common)) * (CELLS / 2)
    cell: NDArray[np.int64] = np.minimum(rank.astype(np.int64), CELLS - 1)
    return cell


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums of a number per row."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Sum up values, shape (n,)."""
        return cls(len(values), float(values.sum()), float(np.square(values).sum()))

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
        cls, scores: Floats, predicted: NDArray[np.bool_], label: NDArray[np.int8]
    ) -> ScoreCells:
        """Count rows; arrays of shape (n,)."""
        keys = (score_cell(scores) * 2 + predicted) * 3 + label
        counts = np.bincount(keys, minlength=CELLS * 6)
        totals = np.bincount(keys, weights=scores, minlength=CELLS * 6).astype(np.float64)
        kept = np.flatnonzero(counts)
        return cls(kept, counts[kept].astype(np.int64), totals[kept])

    def __add__(self, other: ScoreCells) -> ScoreCells:
        keys, place = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        counts = np.bincount(place, weights=np.concatenate([self.counts, other.counts]))
        totals = np.bincount(place, weights=np.concatenate([self.totals, other.totals]))
        return ScoreCells(keys, counts.astype(np.int64), totals.astype(np.float64))

    @property
    def cell(self) -> Keys:
        """Score cell of each key, ascending."""
        return self.keys // 6

    @property
    def predicted(self) -> Keys:
        """1 where the class was predicted."""
        return self.keys // 3 % 2

    @property
    def label(self) -> Keys:
        """NEGATIVE, POSITIVE or UNKNOWN."""
        return self.keys % 3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
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

    @property
    def predictions(self) -> int:
        """Rows with a prediction."""
        return int(self.confusion.sum())

    @property
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
            scores=_merged_scores(self.scores, other.scores),
            log_loss=self.log_loss + other.log_loss,
            brier=self.brier + other.brier,
            delays=self.delays + other.delays,
            faults=Counter(self.faults) + Counter(other.faults),
        )


def _merged_scores(
    one: Mapping[str, ScoreCells], two: Mapping[str, ScoreCells]
) -> dict[str, ScoreCells]:
    names = dict.fromkeys([*one, *two])
    return {
        name: one[name] + two[name] if name in one and name in two else one.get(name) or two[name]
        for name in names
    }


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NumberOutcomes:
    """Outcomes of a regression, in the label's unit.

    predictions: rows predicted. labelled: those with a label, over which the rest is taken. sums: of
    each of `PARTS`, shape (8,); ape is |e / y| where y is not 0. products: of each pair of them, shape
    (8, 8). residuals: their distribution, on the bins of the reference; None while there are none.
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


def coverage(outcomes: Outcomes) -> float | None:
    """Share of predictions whose label has arrived; None without predictions."""
    return outcomes.labelled / outcomes.predictions if outcomes.predictions else None
