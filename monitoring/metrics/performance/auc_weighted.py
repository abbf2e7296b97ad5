"""Area under the ROC curve."""

from __future__ import annotations

from monitoring.counting.totals import ranking
from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes
from monitoring.metrics.performance_metric import CLASSIFIERS, PerformanceMetric
from monitoring.statistics.performance import Performance


def auc_weighted(outcomes: Outcomes) -> Performance:
    """Chance that a row of a class is scored above one of another; ties count half.

    Of the positive class for two classes; else of each class against the rest, weighted by its share of
    the labels. For two classes, both are the same number.

    Raises:
        NotEnoughData: No label, no probability, or labels of one class only.

    Source:
        Azure ML's AUC_weighted; sklearn.metrics.roc_auc_score(multi_class="ovr", average="weighted").
        Standard error of DeLong et al. (1988), doi:10.2307/2531595.

    >>> import numpy as np
    >>> from monitoring.counting.totals.outcomes import ScoreCells
    >>> scores = ScoreCells.of(
    ...     np.array([0.1, 0.4, 0.35, 0.8]), np.zeros(4, bool), np.array([0, 0, 1, 1], np.int8)
    ... )
    >>> seen = ClassOutcomes(
    ...     classes=("0", "1"), confusion=np.array([[2, 0], [2, 0], [0, 0]]), scores={"1": scores}
    ... )
    >>> auc_weighted(seen).value
    0.75
    """
    return ranking.averaged(outcomes, "AUC", ranking.roc_area)


def _of_class(outcomes: ClassOutcomes, name: str) -> Performance:
    return ranking.of_class(outcomes, name, "AUC", ranking.roc_area)


METRIC = PerformanceMetric(
    name="auc_weighted",
    label="AUC-ROC",
    unit="chance to rank right",
    tasks=CLASSIFIERS,
    worse="lower",
    bounds=(0.0, 1.0),
    allowance=0.02,
    source="sklearn.metrics.roc_auc_score, one class against the rest, weighted; standard error of"
    " DeLong et al. (1988) on score cells, read as Wilson's",
    rests_on="scores",
    measure=auc_weighted,
    of_class=_of_class,
    aliases=("AUC_weighted", "AUC_binary", "roc_auc", "roc_auc_score", "auc"),
)
