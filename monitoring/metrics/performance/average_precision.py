"""Average precision."""

from __future__ import annotations

from monitoring.counting.totals import ranking
from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes
from monitoring.metrics.performance_metric import CLASSIFIERS, PerformanceMetric
from monitoring.statistics.performance import Performance


def average_precision(outcomes: Outcomes) -> Performance:
    """Precision at the score of each positive row, averaged over them.

    Of the positive class for two classes; else of each class against the rest, weighted by its share of
    the labels. By chance it is the share of positive rows, so it falls when they become rarer.

    Raises:
        NotEnoughData: No label, no probability, or labels of one class only.

    >>> import numpy as np
    >>> from monitoring.counting.totals.outcomes import ScoreCells
    >>> scores = ScoreCells.of(
    ...     np.array([0.1, 0.4, 0.35, 0.8]), np.zeros(4, bool), np.array([0, 0, 1, 1], np.int8)
    ... )
    >>> seen = ClassOutcomes(
    ...     classes=("0", "1"), confusion=np.array([[2, 0], [2, 0], [0, 0]]), scores={"1": scores}
    ... )
    >>> round(average_precision(seen).value, 4)
    0.8333
    """
    return ranking.averaged(outcomes, "average precision", ranking.precision_recall_area)


def _of_class(outcomes: ClassOutcomes, name: str) -> Performance:
    return ranking.of_class(outcomes, name, "average precision", ranking.precision_recall_area)


METRIC = PerformanceMetric(
    name="average_precision",
    label="Average precision",
    unit="mean share over positive rows",
    tasks=CLASSIFIERS,
    worse="lower",
    bounds=(0.0, 1.0),
    allowance=0.10,
    is_relative=True,
    source="sklearn.metrics.average_precision_score; standard error from the influence of each row"
    " on score cells, read as Wilson's",
    rests_on="scores",
    measure=average_precision,
    of_class=_of_class,
    aliases=("average_precision_score", "average_precision_score_binary"),
    multiclass_aliases=("average_precision_score_weighted",),
)
