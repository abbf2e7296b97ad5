"""What is known of a metric of fairness: of one group, and of the gap between groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add, sub
from typing import TypeAlias

import numpy as np

from monitoring.counting.totals.outcomes import (
    PARTS,
    POSITIVE,
    UNKNOWN,
    ClassOutcomes,
    Moments,
    NumberOutcomes,
    Outcomes,
    ScoreCells,
    Task,
    total,
)
from monitoring.errors import NotEnoughData
from monitoring.metric import Interval, Worse
from monitoring.statistics.intervals import Z, around
from monitoring.statistics.performance import Performance
from monitoring.statistics.rates import Share, increase_pvalue
from monitoring.statistics.spread import Spread


@dataclass(frozen=True, slots=True)
class OneClass:
    """A group's outcomes told as one class, the positive one, against all others.

    The first four count rows with a label. selected, rejected: rows of which the class was, or was
    not, predicted, labelled or not. right: labelled rows whose own class was predicted. score: of
    the positive class, of all rows that have one. gap: score - label of those with a label.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    selected: int
    rejected: int
    right: int
    score: Moments = field(default_factory=Moments)
    gap: Moments = field(default_factory=Moments)

    @classmethod
    def of(cls, outcomes: ClassOutcomes, positive: str) -> OneClass:
        """Read one class against all others from the outcomes of a group.

        >>> seen = ClassOutcomes(classes=("0", "1"), confusion=np.array([[5, 2], [1, 4], [3, 0]]))
        >>> found = OneClass.of(seen, "1")
        >>> found.true_positives, found.false_positives, found.selected, found.rejected
        (4, 2, 6, 9)
        """
        at, matrix = outcomes.classes.index(positive), outcomes.matrix
        actual, predicted = int(matrix[at].sum()), int(matrix[:, at].sum())
        hits = int(matrix[at, at])
        selected = int(outcomes.confusion[:, at].sum())
        score, gap = _scores(outcomes, positive)
        return cls(
            true_positives=hits,
            false_positives=predicted - hits,
            false_negatives=actual - hits,
            true_negatives=outcomes.labelled - actual - predicted + hits,
            selected=selected,
            rejected=outcomes.predictions - selected,
            right=int(np.trace(matrix)),
            score=score,
            gap=gap,
        )

    @property
    def predictions(self) -> int:
        """Rows with a prediction."""
        return self.selected + self.rejected

    @property
    def positives(self) -> int:
        """Labelled rows of the class."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> int:
        """Labelled rows of all other classes."""
        return self.false_positives + self.true_negatives

    @property
    def labelled(self) -> int:
        """Rows with a label."""
        return self.positives + self.negatives

    @property
    def _rows(self) -> tuple[int, ...]:
        four = self.true_positives, self.false_positives, self.false_negatives, self.true_negatives
        return *four, self.selected, self.rejected, self.right

    def __add__(self, other: OneClass) -> OneClass:
        return _counted(
            map(add, self._rows, other._rows), self.score + other.score, self.gap + other.gap
        )

    def __sub__(self, other: OneClass) -> OneClass:
        score, gap = _less(self.score, other.score), _less(self.gap, other.gap)
        return _counted(map(sub, self._rows, other._rows), score, gap)


def _counted(rows: Iterable[int], score: Moments, gap: Moments) -> OneClass:
    tp, fp, fn, tn, selected, rejected, right = rows
    return OneClass(tp, fp, fn, tn, selected, rejected, right, score, gap)


def _less(one: Moments, two: Moments) -> Moments:
    return Moments(one.n - two.n, one.total - two.total, one.squares - two.squares)


def _scores(outcomes: ClassOutcomes, positive: str) -> tuple[Moments, Moments]:
    """Return moments of score and of score - label; squares are taken cell by cell."""
    known = dict(outcomes.scores)
    if positive in known:
        return _moments(known[positive], flipped=False)
    if len(outcomes.classes) == 2 and known:  # noqa: PLR2004 - of two classes, one's tells the other's
        return _moments(next(iter(known.values())), flipped=True)
    return Moments(), Moments()


def _moments(cells: ScoreCells, *, flipped: bool) -> tuple[Moments, Moments]:
    score, y = cells.totals / np.maximum(cells.counts, 1), (cells.label == POSITIVE) * 1.0
    if flipped:
        score, y = 1 - score, 1 - y
    seen = cells.label != UNKNOWN
    return _weighted(score, cells.counts), _weighted((score - y)[seen], cells.counts[seen])


def _weighted(values: np.ndarray, counts: np.ndarray) -> Moments:
    times = counts * values
    return Moments(int(counts.sum()), float(times.sum()), float((times * values).sum()))


#: The counts of one group: of a classifier or of a regression.
GroupCounts: TypeAlias = OneClass | NumberOutcomes


def counts_of(outcomes: Outcomes, positive: str) -> GroupCounts:
    """Return what metrics of fairness read of a group's outcomes."""
    return OneClass.of(outcomes, positive) if isinstance(outcomes, ClassOutcomes) else outcomes


def together(parts: Iterable[GroupCounts]) -> GroupCounts:
    """Return the counts of several groups as one.

    >>> one, two = OneClass(1, 0, 0, 0, 1, 0, 1), OneClass(0, 1, 0, 0, 1, 0, 0)
    >>> together([one, two]).selected
    2
    """
    several = list(parts)
    classes = [part for part in several if isinstance(part, OneClass)]
    if classes:
        return reduce(add, classes)
    return total([part for part in several if isinstance(part, NumberOutcomes)])  # type: ignore[return-value]  # of numbers it is one


def without(whole: GroupCounts, part: GroupCounts) -> GroupCounts:
    """Return the counts of all other groups."""
    if isinstance(whole, OneClass) and isinstance(part, OneClass):
        return whole - part
    assert isinstance(whole, NumberOutcomes)  # noqa: S101 - groups of one model are of one kind
    assert isinstance(part, NumberOutcomes)  # noqa: S101 - same
    return NumberOutcomes(
        predictions=whole.predictions - part.predictions,
        labelled=whole.labelled - part.labelled,
        sums=whole.sums - part.sums,
        products=whole.products - part.products,
    )


@dataclass(frozen=True, kw_only=True)
class GroupMetric:
    """A metric of one group, compared with that of all other groups.

    worse: the direction of harm; None where both are. allowance: how far from the others it may lie;
    in the metric's unit, or as a share of `scale` of the others. needs: which rows it is a share or
    mean of. asks: in plain words, what it would mean that it is equal for all groups. is_share:
    whether it is a plain share of rows. measure: raises NotEnoughData without such rows.
    """

    name: str
    label: str
    unit: str
    tasks: frozenset[Task]
    worse: Worse | None
    allowance: float
    needs: str
    asks: str
    source: str
    measure: Callable[[GroupCounts], Performance]
    is_share: bool = True
    bounds: tuple[float, float] = (0.0, 1.0)
    scale: Callable[[GroupCounts], float] | None = None

    def reach(self, others: GroupCounts, allowance: float) -> float:
        """Return how far from the others a group may lie, in the metric's unit."""
        return allowance * (self.scale(others) if self.scale else 1.0)

    def pvalue(self, group: Performance, others: Performance) -> float:
        """Return how often chance alone parts a group from the others that far, two-sided."""
        if self.is_share:
            one, two = (Share(round(p.value * p.rows), p.rows) for p in (group, others))
            return min(1.0, 2 * min(increase_pvalue(one, two), increase_pvalue(two, one)))
        return _welch(group, others)


def _welch(one: Performance, two: Performance) -> float:
    """Return the two-sided p-value of Welch's t-test (1947), doi:10.1093/biomet/34.1-2.28."""
    from scipy.special import stdtr  # noqa: PLC0415 - 0.2 s that a start-up need not pay

    error = math.hypot(one.error, two.error)
    if not error:
        return 1.0
    parts = sum(p.error**4 / max(p.rows - 1, 1) for p in (one, two))
    return float(2 * stdtr(error**4 / parts, -abs(one.value - two.value) / error))


@dataclass(frozen=True, kw_only=True)
class Disparity:
    """One number for how far apart all groups are.

    threshold: the default. compares: the metrics of groups that it is made of. asks: in plain words.
    measure: from what each of them gave for each group, shape (metrics, groups), and the place of
    the largest group.
    """

    name: str
    label: str
    unit: str
    tasks: frozenset[Task]
    threshold: float
    worse: Worse
    compares: tuple[str, ...]
    asks: str
    source: str
    measure: Callable[[Sequence[Sequence[Performance]], int], Spread]


def one_class(counts: GroupCounts, metric: str) -> OneClass:
    """Return the counts of a classifier.

    Raises:
        NotEnoughData: They are of a regression.
    """
    if not isinstance(counts, OneClass):
        raise NotEnoughData(f"Cannot compute {metric} of a regression")
    return counts


def share_of(hits: int, rows: int, metric: str, needs: str) -> Performance:
    """Return a share of rows with Wilson's interval.

    Raises:
        NotEnoughData: There are no such rows.

    >>> found = share_of(9, 10, "accuracy", "labelled rows")
    >>> found.value, round(found.interval.low, 3)
    (0.9, 0.596)
    """
    if not rows:
        raise NotEnoughData(f"Cannot compute {metric}: there are no {needs}")
    share = hits / rows
    return Performance(
        share, math.sqrt(share * (1 - share) / rows), Share(hits, rows).interval, rows
    )


def mean_of(moments: Moments, metric: str, needs: str, bounds: tuple[float, float]) -> Performance:
    """Return a mean with the interval of the central limit theorem.

    Raises:
        NotEnoughData: There are no such rows.

    >>> found = mean_of(Moments(4, 8.0, 20.0), "mean score", "scores", (0.0, 9.0))
    >>> found.value, round(found.error, 3)
    (2.0, 0.577)
    """
    n = moments.n
    if not n:
        raise NotEnoughData(f"Cannot compute {metric}: there are no {needs}")
    mean = moments.total / n
    variance = max(moments.squares / n - mean**2, 0.0) * n / max(n - 1, 1)
    error = math.sqrt(variance / n)
    return Performance(mean, error, around(mean, error, bounds), n)


def part_of(counts: NumberOutcomes, part: str) -> Moments:
    """Return the moments of one of the `PARTS` of a regression's sums."""
    at = PARTS.index(part)
    return Moments(counts.labelled, float(counts.sums[at]), float(counts.products[at, at]))


def ratio_of(counts: NumberOutcomes, above: str, below: str, metric: str) -> Performance:
    """Return the ratio of two sums with the interval of the delta method.

    Raises:
        NotEnoughData: The lower sum is 0.
    """
    i, j, n = PARTS.index(above), PARTS.index(below), counts.labelled
    base = float(counts.sums[j])
    if base <= 0:
        raise NotEnoughData(f"Cannot compute {metric}: every label is 0")
    ratio = float(counts.sums[i]) / base
    squares = counts.products
    # Sum of (a - ratio b)^2, whose mean is 0: the variance of the ratio in units of b's mean.
    spread = float(squares[i, i] - 2 * ratio * squares[i, j] + ratio**2 * squares[j, j])
    error = math.sqrt(max(spread, 0.0) * n / max(n - 1, 1)) / base
    return Performance(ratio, error, Interval(max(ratio - Z * error, 0.0), ratio + Z * error), n)
