"""Mean score."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, mean_of, one_class
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "rows with a probability"
BOUNDS = (0.0, 1.0)


def mean_score(counts: GroupCounts) -> Performance:
    """Mean predicted probability of the positive class; labels are not needed.

    Raises:
        NotEnoughData: There are no rows with a probability.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> from monitoring.counting.totals.outcomes import Moments
    >>> mean_score(OneClass(1, 1, 1, 1, 2, 2, 2, score=Moments(4, 2.0, 1.5))).value
    0.5
    """
    seen = one_class(counts, "mean score")
    return mean_of(seen.score, "mean score", NEEDS, BOUNDS)


METRIC = GroupMetric(
    name="mean_score",
    label="Mean score",
    unit="probability",
    tasks=CLASSIFIERS,
    worse=None,
    allowance=0.10,
    needs=NEEDS,
    asks="The model thinks the positive class equally likely in every group, on average.",
    source="fairlearn.metrics.mean_prediction on the scores; interval by the central limit theorem",
    measure=mean_score,
    is_share=False,
    bounds=BOUNDS,
)
