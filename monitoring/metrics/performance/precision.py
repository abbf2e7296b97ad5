"""Precision."""

from __future__ import annotations

from monitoring.counting.totals import confusion
from monitoring.counting.totals.confusion import PRECISION
from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes
from monitoring.metrics.performance_metric import CLASSIFIERS, PerformanceMetric
from monitoring.statistics.performance import Performance


def precision(outcomes: Outcomes) -> Performance:
    """Share of the predictions of a class that are right.

    Evenly over the classes among labels and predictions (macro); one for which it is undefined
    counts as 0.

    Raises:
        NotEnoughData: No label has arrived.

    Source:
        Azure ML's model performance component; sklearn.metrics.precision_score with average="macro",
        zero_division=0. Interval by the delta method.

    >>> import numpy as np
    >>> seen = ClassOutcomes(classes=("a", "b"), confusion=np.array([[6, 2], [2, 0], [0, 0]]))
    >>> precision(seen).value
    0.375
    """
    return confusion.macro(outcomes, PRECISION)


def _weighted(outcomes: Outcomes) -> Performance:
    return confusion.weighted(outcomes, PRECISION)


def _of_class(outcomes: ClassOutcomes, name: str) -> Performance:
    return confusion.of_class(outcomes, name, PRECISION)


METRIC = PerformanceMetric(
    name="precision",
    label="Precision",
    unit="mean share over classes",
    tasks=CLASSIFIERS,
    worse="lower",
    bounds=(0.0, 1.0),
    allowance=0.03,
    source="sklearn.metrics.precision_score, macro, zero_division=0, as Azure ML; interval by the delta"
    " method on the confusion matrix, read as Wilson's",
    rests_on="predicted",
    measure=precision,
    weighted=_weighted,
    of_class=_of_class,
    aliases=("precision_score_macro",),
)
