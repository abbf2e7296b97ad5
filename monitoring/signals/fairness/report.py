"""Fairness: does the model treat the groups of a feature alike, by definitions that a reader can choose?

Groups are counted once per day; which class counts as positive, the least size of a group, the
allowance and the period are then questions to the same counts. A group breaches only if it lies
further from all other groups than allowed, if that stays significant after adjustment for every group
and metric, and if it is large enough. A difference is no proof of discrimination.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from monitoring import verdict
from monitoring.counting.totals.groups import Group, Grouping
from monitoring.counting.totals.outcomes import Task
from monitoring.errors import InputError, NotEnoughData
from monitoring.metric import MetricResult
from monitoring.metrics.fairness import DISPARITIES, GROUP_METRICS
from monitoring.metrics.fairness.conflicts import Conflict, conflicts
from monitoring.metrics.fairness_metric import (
    Disparity,
    GroupCounts,
    GroupMetric,
    OneClass,
    counts_of,
    together,
    without,
)
from monitoring.place import WORKSPACE, Place
from monitoring.signals.fairness.group_counts import CountedGroups, merged
from monitoring.statistics.chance import benjamini_hochberg
from monitoring.statistics.performance import Performance
from monitoring.statistics.pooling import Pooled, partially_pooled
from monitoring.verdict import LEAST_ROWS, draft, too_few
from monitoring.window import Window

SIGNAL = "fairness"
#: Fewer rows than this in what a metric is a share or mean of, and a group gets no verdict.
ALL = "All groups"


@dataclass(frozen=True, slots=True)
class Rule:
    """How to judge.

    positive: the class that is compared with all others; empty for the last one. least_rows: see
    LEAST_ROWS. limits: allowance or threshold by metric, where it differs from the default.
    """

    positive: str = ""
    least_rows: int = LEAST_ROWS
    limits: tuple[tuple[str, float], ...] = ()

    def limit(self, metric: GroupMetric | Disparity) -> float:
        """Return the allowance of a metric of groups, or the threshold of a disparity."""
        default = metric.allowance if isinstance(metric, GroupMetric) else metric.threshold
        return dict(self.limits).get(metric.name, default)


DEFAULT = Rule()


@dataclass(frozen=True, slots=True)
class GroupResult:
    """A metric of one group.

    result: the judged number. others: the same metric of all other groups together. pooled: its value
    drawn towards the mean of the groups, as far as chance explains the distance; None where the
    metric is undefined.
    """

    group: Group
    result: MetricResult
    others: float | None = None
    pooled: Pooled | None = None


@dataclass(frozen=True, slots=True)
class DisparityResult:
    """How far apart the groups are. ends: names of the lowest and the highest; empty without a value."""

    result: MetricResult
    ends: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FairnessReport:
    """What one question found.

    counts: by group, over the whole window. groups: by metric, the groups in their own order.
    conflict: which definitions exclude each other; None for a regression.
    """

    counted: CountedGroups
    window: Window
    rule: Rule
    positive: str
    counts: Mapping[Group, GroupCounts]
    groups: Mapping[str, tuple[GroupResult, ...]]
    disparities: tuple[DisparityResult, ...]
    conflict: Conflict | None

    @property
    def results(self) -> tuple[MetricResult, ...]:
        """Every judged number."""
        rates = (each.result for group in self.groups.values() for each in group)
        return (*rates, *(each.result for each in self.disparities))

    @property
    def breached(self) -> tuple[MetricResult, ...]:
        """The results that breached."""
        return tuple(result for result in self.results if result.status == "breached")


def judge(
    counted: CountedGroups,
    window: Window,
    rule: Rule = DEFAULT,
    place: Place = WORKSPACE,
) -> FairnessReport:
    """Judge every group on every metric, and every disparity, over the days of a window.

    Raises:
        NotEnoughData: The window has no predictions.
        InputError: The model has no such class.
    """
    whole = merged(counted, window)
    positive = positive_of(counted, rule)
    counts = {group: counts_of(each, positive) for group, each in whole.outcomes.items()}
    judged = _Judge(counted.grouping, window, rule, counts, together(counts.values()), place)
    groups, spreads = judged.every(counted.task)
    adjusted = _adjusted([*chain.from_iterable(groups), *spreads])
    results = {
        part[0].result.metric: tuple(replace(each, result=next(adjusted)) for each in part)
        for part in groups
        if part
    }
    disparities = tuple(replace(each, result=next(adjusted)) for each in spreads)
    conflict = _conflict(counted.grouping, counts, rule)
    return FairnessReport(counted, window, rule, positive, counts, results, disparities, conflict)


def tried(metric: GroupMetric, counts: GroupCounts) -> Performance | None:
    """Return a metric of a group; None where it is undefined."""
    try:
        return metric.measure(counts)
    except NotEnoughData:
        return None


def positive_of(counted: CountedGroups, rule: Rule) -> str:
    """Return the class that counts as positive; empty for a regression.

    Raises:
        InputError: The model has no such class.
    """
    if not counted.classes:
        return ""
    positive = rule.positive or counted.classes[-1]
    if positive not in counted.classes:
        raise InputError(
            f"The model has no class {positive!r}",
            hint=f"Choose one of {', '.join(counted.classes)}.",
        )
    return positive


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """Judges the groups of one window."""

    grouping: Grouping
    window: Window
    rule: Rule
    counts: Mapping[Group, GroupCounts]
    everyone: GroupCounts
    place: Place

    def every(self, task: Task) -> tuple[list[list[GroupResult]], list[DisparityResult]]:
        """Return each metric of each group, and each disparity, that suits a task."""
        return (
            [self.group_metric(m) for m in GROUP_METRICS.values() if task in m.tasks],
            [self.disparity(m) for m in DISPARITIES.values() if task in m.tasks],
        )

    def group_metric(self, metric: GroupMetric) -> list[GroupResult]:
        """Return a metric of each group; p-values are not adjusted yet."""
        measured = {group: tried(metric, counts) for group, counts in self.counts.items()}
        known = {group: found for group, found in measured.items() if found is not None}
        shrunk = partially_pooled(list(known.values()), is_share=metric.is_share) if known else []
        pooled = dict(zip(known, shrunk, strict=True))
        return [
            self._group(metric, group, measured[group], pooled.get(group)) for group in self.counts
        ]

    def _group(
        self, metric: GroupMetric, group: Group, found: Performance | None, pooled: Pooled | None
    ) -> GroupResult:
        rest = without(self.everyone, self.counts[group])
        others = tried(metric, rest)
        measured = draft(
            signal=SIGNAL,
            metric=metric.name,
            place=self.place.of(self.grouping.name(group)),
            threshold=float("nan"),
            worse=metric.worse or "higher",
            unit=metric.unit,
            method=f"{metric.source}; against all other groups",
            window=self.window,
        )
        if found is None:
            nothing = verdict.judge(measured, blind=("not_enough_data", f"no {metric.needs}"))
            return GroupResult(group, nothing)
        measured = replace(measured, value=found.value, interval=found.interval, rows=found.rows)
        if others is None:
            alone = verdict.judge(measured, withheld=f"no other group has {metric.needs}")
            return GroupResult(group, alone, pooled=pooled)
        reach = metric.reach(rest, self.rule.limit(metric))
        is_above = metric.worse == "higher" or (metric.worse is None and found.value > others.value)
        measured = replace(
            measured,
            threshold=others.value + (reach if is_above else -reach),
            worse="higher" if is_above else "lower",
            reference_rows=others.rows,
        )
        if few := self._few(found.rows, others.rows, metric.needs):
            return GroupResult(group, verdict.judge(measured, few=few), others.value, pooled)
        measured = replace(measured, pvalue=metric.pvalue(found, others))
        return GroupResult(group, measured, others.value, pooled)

    def _few(self, rows: int, others: int, needs: str) -> str:
        least = self.rule.least_rows
        return too_few(rows, least, needs) or too_few(others, least, f"{needs} in all other groups")

    def disparity(self, metric: Disparity) -> DisparityResult:
        """Return how far apart the groups are that are large enough."""
        parts = [GROUP_METRICS[name] for name in metric.compares]
        eligible = self._eligible(parts)
        measured = draft(
            signal=SIGNAL,
            metric=metric.name,
            place=self.place.of(ALL),
            threshold=self.rule.limit(metric),
            worse=metric.worse,
            unit=metric.unit,
            method=f"{metric.source}; interval for all pairs of groups at once",
            window=self.window,
            rows=sum(each[0].rows for each in eligible.values()),
        )
        largest = max(eligible, key=lambda g: self.counts[g].predictions, default=None)
        if largest is None or len(eligible) < 2:  # noqa: PLR2004 - nothing to compare
            needs = " and ".join(dict.fromkeys(part.needs for part in parts))
            reason = f"fewer than two groups have {self.rule.least_rows:,} {needs}, as needed"
            return DisparityResult(verdict.judge(measured, blind=("not_enough_data", reason)))
        names = list(eligible)
        values = [list(each) for each in zip(*eligible.values(), strict=True)]
        spread = metric.measure(values, names.index(largest))
        left_out = len(self.counts) - len(eligible)
        seen = replace(
            measured,
            value=spread.value,
            interval=spread.interval,
            pvalue=spread.pvalue,
            reason=f"{left_out} too small groups are left out" if left_out else "",
        )
        return DisparityResult(seen, tuple(self.grouping.name(names[end]) for end in spread.ends))

    def _eligible(self, parts: Sequence[GroupMetric]) -> dict[Group, list[Performance]]:
        """Return what each group that is large enough has of each metric."""
        found = {g: [tried(part, counts) for part in parts] for g, counts in self.counts.items()}
        least = self.rule.least_rows
        large = {g: [m for m in each if m and m.rows >= least] for g, each in found.items()}
        return {group: each for group, each in large.items() if len(each) == len(parts)}


def _adjusted(found: Sequence[GroupResult | DisparityResult]) -> Iterator[MetricResult]:
    """Return the results in order, judged with p-values adjusted over all of them."""
    tested = [each.result.pvalue for each in found if each.result.pvalue is not None]
    adjusted = iter(benjamini_hochberg(tested) if tested else [])
    for each in found:
        if each.result.pvalue is None:
            yield each.result
        else:
            result = replace(each.result, adjusted_pvalue=next(adjusted))
            yield verdict.judge(result, tested="chance does as much among so many groups")


def _conflict(
    grouping: Grouping, counts: Mapping[Group, GroupCounts], rule: Rule
) -> Conflict | None:
    known = {grouping.name(g): each for g, each in counts.items() if isinstance(each, OneClass)}
    return conflicts(known, rule.least_rows) if known else None
