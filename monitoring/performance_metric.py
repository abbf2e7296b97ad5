"""What is known of a metric of performance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitoring.metric import Interval, Worse
from monitoring.outcomes import Outcomes, Task

#: 97.5 % quantile of the normal distribution: two-sided 95 %.
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Performance:
    """A metric measured.

    value: the metric. error: its standard error; NaN where only the interval is known. interval: 95 %.
    rows: labelled rows (or classes' rows) that took part.
    """

    value: float
    error: float
    interval: Interval
    rows: int


@dataclass(frozen=True, kw_only=True)
class PerformanceMetric:
    """A metric of realized performance.

    name: Azure ML's where it has one; also the tag under which a registered model keeps its value.
    tasks: what it is made for. worse: the direction of harm; None where both are, as for a bias.
    bounds: least and greatest value. allowance: how much worse than the baseline it may get by default;
    a share of the baseline if `is_relative`, else a difference. measure: from counts; raises
    NotEnoughData where it is undefined. aliases: other tags that hold the same number.
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
    aliases: tuple[str, ...] = ()

    def threshold(self, baseline: float) -> float:
        """Return the value that is too bad, given the baseline's."""
        reach = abs(baseline) * self.allowance if self.is_relative else self.allowance
        return baseline - reach if self.worse == "lower" else baseline + reach
