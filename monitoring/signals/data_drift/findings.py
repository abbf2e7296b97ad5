"""What is measured of every feature, before any threshold; and the verdict on it, after.

Measuring is the slow half and depends on the rows alone: kept, it answers every threshold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple, get_args

import numpy as np

from monitoring.arrays import Counts, Flags, Kind
from monitoring.counting.profile import MOST_CATEGORIES, Profile
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.counting.totals.stack import Layout, Stack, layouts
from monitoring.errors import MonitoringError
from monitoring.metric import Interval, MetricResult, Status
from monitoring.metrics.drift import METRICS
from monitoring.metrics.drift_metric import Measurement, Metric
from monitoring.metrics.noise import kolmogorov_smirnov_pvalues
from monitoring.place import WORKSPACE, Place
from monitoring.statistics.chance import benjamini_hochberg, contingencies
from monitoring.verdict import LEAST_ROWS, draft, judge, too_few
from monitoring.window import Window

KS = "two_sample_kolmogorov_smirnov_test"

Thresholds = Mapping[str, float]

#: A column of which so many of the values occur only once, on both sides, tells rows apart and not
#: kinds of rows: no two samples of it agree.
IDENTIFIER_SHARE = 0.95


class Number(NamedTuple):
    """One metric of one feature; None where it is not known."""

    value: float | None = None
    interval: Interval | None = None
    noise_floor: float | None = None
    error_bound: float = 0.0


UNKNOWN = Number()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """All that was measured of one feature.

    numbers: by metric; where it is undefined, why. pvalue: of its kind's test, None below 30 rows.
    withheld: why there is no verdict on the numbers. failure: why nothing could be measured.
    """

    feature: str
    kind: Kind
    reference_rows: int
    rows: int
    infinite: int = 0
    numbers: Mapping[str, Number | MonitoringError] = field(default_factory=dict)
    pvalue: float | None = None
    withheld: str = ""
    failure: tuple[Status, str] | None = None


class Reference:
    """A reference ready to be compared, over and over.

    Args:
        profiles: By feature.
        on: How they are stacked, if that is known: for another reference of the same features.
    """

    def __init__(self, profiles: Mapping[str, Profile], on: Sequence[Layout] | None = None) -> None:
        self.features = tuple(profiles)
        self.layouts = on or layouts(profiles)
        self.stacks = [layout.stack(profiles) for layout in self.layouts]

    def findings(self, production: Sequence[Stack]) -> list[Finding]:
        """Measure production, stacked as the reference; features in the reference's order."""
        found: dict[str, Finding] = {}
        comparable: dict[Kind, list[Comparisons]] = {}
        for reference, stack in zip(self.stacks, production, strict=True):
            usable = _usable(reference) & _usable(stack) & stack.margins.present
            if usable.any():
                both = Comparisons(reference.subset(usable), stack.subset(usable))
                comparable.setdefault(both.kind, []).append(both)
            for at in np.flatnonzero(~usable):
                finding = _unusable(reference, stack, int(at))
                found[finding.feature] = finding
        for stacked in comparable.values():
            found.update((each.feature, each) for each in _measured(stacked))
        return [found[name] for name in self.features]

    def findings_of(self, production: Mapping[str, Profile]) -> list[Finding]:
        """Measure production given as profiles."""
        return self.findings([layout.stack(production) for layout in self.layouts])


def _usable(stack: Stack) -> Flags:
    usable: Flags = (stack.n > 0) & (stack.labels <= MOST_CATEGORIES)
    return usable


def _unusable(reference: Stack, production: Stack, at: int) -> Finding:
    sides = (("the reference", reference), ("production", production))
    failures = (_failure(role, stack, at) for role, stack in sides)
    absent: tuple[Status, str] = "no_data", "production has no such column"
    return Finding(
        feature=reference.layout.features[at],
        kind=reference.layout.kind,
        reference_rows=int(reference.n[at]),
        rows=int(production.n[at]),
        failure=next(filter(None, failures), None) if production.margins.present[at] else absent,
    )


def _failure(role: str, stack: Stack, at: int) -> tuple[Status, str] | None:
    rows = int(stack.margins.rows[at])
    if not rows:
        return "no_data", f"{role} has no rows"
    if not stack.n[at]:
        return "not_enough_data", f"every one of {rows:,} rows of {role} is null"
    if stack.labels[at] > MOST_CATEGORIES:
        return "not_enough_data", (
            f"identifier or free text: more than {MOST_CATEGORIES:,} distinct values in {role}"
        )
    return None


def _measured(stacked: Sequence[Comparisons]) -> list[Finding]:
    """Measure every metric of a kind and hand the numbers out to the features.

    The histograms of all stacks are measured at once, the cells stack by stack.
    """
    whole = _joined(stacked)
    measurements = {
        name: [metric.measure(each) for each in (stacked if metric.by_cells else [whole])]
        for name, metric in METRICS.items()
        if whole.kind in metric.kinds
    }
    numbers = {name: _in_order(parts) for name, parts in measurements.items()}
    one, other = whole.reference, whole.production
    infinite = one.margins.infinite + other.margins.infinite
    pvalues = _pvalues(stacked, measurements)
    rows = zip(
        one.layout.features, one.n.tolist(), other.n.tolist(), infinite.tolist(), pvalues, strict=True
    )  # fmt: skip
    return [
        Finding(
            feature=name,
            kind=whole.kind,
            reference_rows=n,
            rows=m,
            infinite=left_out,
            numbers={metric: of_metric[at] for metric, of_metric in numbers.items()},
            pvalue=pvalue if min(n, m) >= LEAST_ROWS else None,
            withheld=_incomparable(whole, at),
        )
        for at, (name, n, m, left_out, pvalue) in enumerate(rows)
    ]


def _incomparable(both: Comparisons, at: int) -> str:
    """Return why the categories of a feature say nothing about its distribution; empty if they do."""
    if at not in both.histogram.names or both.histogram.bins[at] > 1:
        return ""
    once = [_share_once(stack.categories[at]()[1]) for stack in (both.reference, both.production)]
    if min(once) >= IDENTIFIER_SHARE:
        return f"identifier: {min(once):.0%} of its values occur only once"
    most = max(int(stack.labels[at]) for stack in (both.reference, both.production))
    return f"none of {most:,} values is frequent enough to be compared"


def _share_once(counts: Counts) -> float:
    """Return the share of rows whose category has no other row."""
    return float((counts == 1).sum() / max(counts.sum(), 1))


def _joined(stacked: Sequence[Comparisons]) -> Comparisons:
    if len(stacked) == 1:
        return stacked[0]
    reference = tuple(each.reference for each in stacked)
    production = [each.production for each in stacked]
    return Comparisons(_joined_reference(reference), Stack.joined(production, reference))


@lru_cache(maxsize=16)
def _joined_reference(stacks: tuple[Stack, ...]) -> Stack:
    """Return the stacks of a reference as one, the same for every window."""
    return Stack.joined(stacks, stacks)


def _in_order(parts: Sequence[Measurement]) -> list[Number | MonitoringError]:
    return [number for part in parts for number in _numbers(part)]


def _numbers(found: Measurement) -> list[Number | MonitoringError]:
    bounds = np.zeros(len(found.value)) if found.error_bound is None else found.error_bound
    columns = found.value, found.low, found.high, found.noise_floor, bounds
    numbers: list[Number | MonitoringError] = [
        Number(value, Interval(low, high), floor, bound)
        for value, low, high, floor, bound in zip(*(c.tolist() for c in columns), strict=True)
    ]
    for at, why in found.undefined.items():
        numbers[at] = why
    return numbers


def _pvalues(
    stacked: Sequence[Comparisons], found: Mapping[str, Sequence[Measurement]]
) -> list[float]:
    """Return the p-value of each feature: of a chi-squared or a Kolmogorov-Smirnov test."""
    if stacked[0].kind == "categorical":
        histograms = [each.histogram for each in stacked]
        parts = [contingencies(each.reference, each.production)[1] for each in histograms]
    else:
        parts = [
            kolmogorov_smirnov_pvalues(part.value, each)
            for part, each in zip(found[KS], stacked, strict=True)
        ]
    return [float(pvalue) for part in parts for pvalue in part]


def judged(
    findings: Iterable[Finding],
    *,
    metrics: Collection[str] | None = None,
    thresholds: Thresholds | None = None,
    window: Window | None = None,
    signal: str,
    place: Place = WORKSPACE,
) -> list[MetricResult]:
    """Judge what was measured, in its order.

    Args:
        findings: All features that are looked at together: p-values are adjusted for their number.
        metrics: Names of the metrics to report; all by default.
        thresholds: By `metric`, `metric:kind` or `metric:feature`, where they differ from the default.
        window: What the findings cover.
        signal: Under which signal to report.
        place: Whose features they are.
    """
    findings = list(findings)
    adjusted = _adjusted(findings)
    limits = _limits(metrics, thresholds)
    own = thresholds or {}
    results = []
    for finding in findings:
        facts = _facts(finding, adjusted.get(finding.feature), window, signal, place)
        method = _method(finding)
        few = too_few(min(finding.reference_rows, finding.rows), LEAST_ROWS)
        for metric, usual in limits[finding.kind]:
            number = finding.numbers.get(metric.name)
            known = number if isinstance(number, Number) else UNKNOWN
            measured = replace(
                facts,
                metric=metric.name,
                threshold=own.get(f"{metric.name}:{finding.feature}", usual) if own else usual,
                worse=metric.worse,
                unit=metric.unit,
                method=method if known.interval else "",
                value=known.value,
                interval=known.interval,
                noise_floor=known.noise_floor,
                error_bound=known.error_bound,
                hint=number.hint if isinstance(number, MonitoringError) else "",
            )
            withheld = finding.withheld or _drowned(known, metric)
            blind = _blind(finding, number)
            results.append(judge(measured, blind=blind, few=few, withheld=withheld))
    return results


def _drowned(number: Number, metric: Metric) -> str:
    """Return that chance alone reaches what the metric can reach at most; empty where it does not."""
    most = metric.bounds[1]
    if number.noise_floor is None or number.noise_floor < most:
        return ""
    return f"so few rows differ by up to {most:g}, the most there is, by chance alone"


def _adjusted(findings: Sequence[Finding]) -> dict[str, float]:
    """Return p-values by feature, adjusted for the number of features."""
    pvalues = {each.feature: each.pvalue for each in findings if each.pvalue is not None}
    return dict(zip(pvalues, benjamini_hochberg(list(pvalues.values())), strict=True))


def _limits(
    metrics: Collection[str] | None, thresholds: Thresholds | None
) -> dict[Kind, list[tuple[Metric, float]]]:
    """Return the metrics of each kind with their thresholds."""
    chosen = [metric for name, metric in METRICS.items() if metrics is None or name in metrics]
    return {
        kind: [(m, m.threshold(kind, "robust", thresholds)) for m in chosen if kind in m.kinds]
        for kind in get_args(Kind)
    }


def _facts(
    finding: Finding, adjusted: float | None, window: Window | None, signal: str, place: Place
) -> MetricResult:
    """Return what all results of a feature share."""
    return draft(
        signal=signal,
        metric="",
        place=place.of(finding.feature),
        kind=finding.kind,
        threshold=0.0,
        window=window,
        pvalue=finding.pvalue,
        adjusted_pvalue=adjusted,
        reference_rows=finding.reference_rows,
        rows=finding.rows,
    )


def _blind(finding: Finding, number: Number | MonitoringError | None) -> tuple[Status, str] | None:
    if finding.failure or number is None:
        return finding.failure or ("error", "it was not measured")
    return ("error", number.message) if isinstance(number, MonitoringError) else None


def _method(finding: Finding) -> str:
    left_out = f"; {finding.infinite:,} infinite values left out" if finding.infinite else ""
    if finding.kind == "categorical":
        return f"categories that are frequent on both sides together, other; chi-squared test{left_out}"
    return f"cells and deciles of the reference, open ends; Kolmogorov-Smirnov test{left_out}"
