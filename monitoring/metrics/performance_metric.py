"""What is known of a metric of performance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes, Task
from monitoring.metric import Worse
from monitoring.metrics.class_rows import RestsOn
from monitoring.statistics.performance import Performance

BINARY: Task = "binary_classification"
MULTICLASS: Task = "multiclass_classification"
#: The tasks of a metric of classifiers, and of one of regressions.
CLASSIFIERS: frozenset[Task] = frozenset({BINARY, MULTICLASS})
REGRESSIONS: frozenset[Task] = frozenset({"regression"})


@dataclass(frozen=True, kw_only=True)
class PerformanceMetric:
    """A metric of realized performance.

    name: Azure ML's where it has one; also the tag under which a registered model keeps its value.
    tasks: what it is made for. worse: the direction of harm; None where both are, as for a bias.
    bounds: least and greatest value. allowance: how much worse than the baseline it may get by default;
    a share of the baseline if `is_relative`, else a difference. relative_to: the metric whose baseline
    the allowance is a share of, where it is not its own. measure: from counts; raises NotEnoughData
    where it is undefined. weighted: the same, averaged over classes by their labels instead of evenly.
    rests_on: the rows of a class without which it is undefined or too uncertain.
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
    rests_on: RestsOn | None = None
    weighted: Callable[[Outcomes], Performance] | None = None
    of_class: Callable[[ClassOutcomes, str], Performance] | None = None
    aliases: tuple[str, ...] = ()
    multiclass_aliases: tuple[str, ...] = ()

    def threshold(self, baseline: float) -> float:
        """Return the value that is too bad, given the baseline's; never beyond what can be reached."""
        reach = abs(baseline) * self.allowance if self.is_relative else self.allowance
        beyond = baseline - reach if self.worse == "lower" else baseline + reach
        return min(max(beyond, self.bounds[0]), self.bounds[1])

    def tags(self, task: Task) -> tuple[str, ...]:
        """Return the tags of a registered model that hold this metric, the surest first."""
        return self.name, *self.aliases, *(self.multiclass_aliases if task == MULTICLASS else ())
