"""Expected calibration error."""

from __future__ import annotations

from monitoring.counting.totals.calibration import calibration_error, confidence_cells
from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes
from monitoring.counting.totals.ranking import scored, scores_of
from monitoring.metrics.performance_metric import CLASSIFIERS, PerformanceMetric
from monitoring.statistics.performance import Performance


def expected_calibration_error(outcomes: Outcomes) -> Performance:
    """Mean distance between what the model says and what happens, over ten bins of its probability.

    For two classes of the positive class's probability, for more of the predicted class's. Bins hold
    nearly the same number of rows each.

    Raises:
        NotEnoughData: No label or no probability.

    Source:
        Naeini et al. (2015), AAAI 29; Guo et al. (2017), arXiv:1706.04599; equally filled bins as in
        Roelofs et al. (2022), arXiv:2012.08668.

    >>> import numpy as np
    >>> from monitoring.counting.totals.outcomes import ScoreCells
    >>> scores = ScoreCells.of(np.full(4, 0.75), np.ones(4, bool), np.array([1, 1, 1, 0], np.int8))
    >>> seen = ClassOutcomes(
    ...     classes=("0", "1"), confusion=np.array([[0, 1], [0, 3], [0, 0]]), scores={"1": scores}
    ... )
    >>> expected_calibration_error(seen).value
    0.0
    """
    return calibration_error(confidence_cells(scored(outcomes, "the calibration error")))


def _of_class(outcomes: ClassOutcomes, name: str) -> Performance:
    return calibration_error(scores_of(outcomes, name, "the calibration error"))


METRIC = PerformanceMetric(
    name="expected_calibration_error",
    label="Expected calibration error",
    unit="share",
    tasks=CLASSIFIERS,
    worse="higher",
    bounds=(0.0, 1.0),
    allowance=0.03,
    source="Guo et al. (2017), ten equally filled bins; interval less what chance adds (folded normal)",
    rests_on="scores",
    measure=expected_calibration_error,
    of_class=_of_class,
    aliases=("ece",),
)
