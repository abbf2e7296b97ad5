"""What is known of a metric of performance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes, Task
from monitoring.metric import Interval, Worse

#: 97.5 % quantile of the normal distribution: two-sided 95 %.
Z = 1.959964

BINARY: Task = "binary_classification"
MULTICLASS: Task = "multiclass_classification"
#: The tasks of a metric of classifiers, and of one of regressions.
CLASSIFIERS: frozenset[Task] = frozenset({BINARY, MULTICLASS})
REGRESSIONS: frozenset[Task] = frozenset({"regression"})


@dataclass(frozen=True, slots=True)
class Performance:
    """A metric measured.

    value: the metric. error: its standard error; NaN where only the interval is known. interval: 95 %.
    rows: labelled rows (or classes' rows) that took part. bound: how far putting scores into cells can
    have moved the value; 0 when it is exact.
    """

    value: float
    error: float
    interval: Interval
    rows: int
    bound: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PerformanceMetric:
    """A metric of realized performance.

    name: Azure ML's where it has one; also the tag under which a registered model keeps its value.
    tasks: what it is made for. worse: the direction of harm; None where both are, as for a bias.
    bounds: least and greatest value. allowance: how much worse than the baseline it may get by default;
    a share of the baseline if `is_relative`, else a difference. relative_to: the metric whose baseline
    the allowance is a share of, where it is not its own. measure: from counts; raises NotEnoughData
    where it is undefined. weighted: the same, averaged over classes by their labels instead of evenly.
    of_class: of one class against the rest. aliases: other tags that hold the same number;
    multiclass_aliases: tags that do so for more than two classes only.
    """

    name: str
    label: str
    unit: str
    tasks: frozenset[Task]
    worse: Worse | None
    bounds: tuple[float, float]
    allowance: float
    source: str
    measure: Callable[[Outcomes], Performance]
    is_relative: bool = False
    relative_to: str | None = None
    weighted: Callable[[Outcomes], Performance] | None = None
    of_class: Callable[[ClassOutcomes, str], Performance] | None = None
    aliases: tuple[str, ...] = ()
    multiclass_aliases: tuple[str, ...] = ()

    def threshold(self, baseline: float) -> float:
        """Return the value that is too bad, given the baseline's."""
        reach = abs(baseline) * self.allowance if self.is_relative else self.allowance
        return baseline - reach if self.worse == "lower" else baseline + reach

    def tags(self, task: Task) -> tuple[str, ...]:
        """Return the tags of a registered model that hold this metric, the surest first."""
        return self.name, *self.aliases, *(self.multiclass_aliases if task == MULTICLASS else ())


def wilson(share: float, n: float) -> Interval:
    """Return Wilson's 95 % interval for a share of n rows.

    Source:
        Wilson (1927), Probable inference, JASA 22, doi:10.1080/01621459.1927.10502953.

    >>> round(wilson(0.9, 100).low, 3)
    0.826
    """
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return Interval(max(centre - reach, 0.0), min(centre + reach, 1.0))


def share_interval(share: float, error: float, least_rows: float) -> Interval:
    """Return Wilson's interval for a number in 0..1 that is no plain share of rows.

    It is read as a share of as many rows as would give its standard error, so that the interval stays
    inside 0..1 and does not shrink to nothing at the ends.

    Args:
        share: The number.
        error: Its standard error.
        least_rows: Rows to take where the error is 0, as it is where nothing ever went wrong.

    >>> round(share_interval(0.9, 0.03, 10).low, 3), round(wilson(0.9, 100).low, 3)
    (0.826, 0.826)
    """
    variance = error * error
    rows = share * (1 - share) / variance if variance > 0 and 0 < share < 1 else least_rows
    return wilson(min(max(share, 0.0), 1.0), max(rows, 1e-9))


def around(value: float, error: float, bounds: tuple[float, float]) -> Interval:
    """Return the 95 % interval of the normal distribution, cut at the metric's bounds.

    >>> around(1.0, 0.1, (0.9, 2.0))
    Interval(low=0.9, high=1.1959964)
    """
    return Interval(max(value - Z * error, bounds[0]), min(value + Z * error, bounds[1]))


def around_logarithm(value: float, error: float) -> Interval:
    """Return the 95 % interval of a positive number whose logarithm is nearly normal.

    >>> found = around_logarithm(100.0, 5.0)
    >>> round(found.low, 1), round(found.high, 1)
    (90.7, 110.3)
    """
    if value <= 0.0:
        return Interval(0.0, Z * error)
    reach = math.exp(Z * error / value)
    return Interval(value / reach, value * reach)
