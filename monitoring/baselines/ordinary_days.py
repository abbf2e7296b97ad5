"""References made of days of production, and how much ordinary days differ from one another.

A day of production is not a sample from the pooled days before it: all its rows share the weather,
the holiday, the morning's outage. A test that counts rows then finds a difference on every day. So
a day counts as different only if it lies further from the days that it is compared with than these
lie from each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from monitoring.arrays import Floats, Kind
from monitoring.baselines.apart import apart
from monitoring.counting.profile import Profile, merge
from monitoring.counting.totals.stack import is_long_row
from monitoring.decisions.baseline_rule import BaselineRule, Days
from monitoring.metric import MetricResult
from monitoring.metrics.drift import HEADLINE, METRICS
from monitoring.metrics.drift_metric import Metric
from monitoring.verdict import LEAST_ROWS, is_beyond, judge, withhold
from monitoring.window import DAY, Window

#: Fewer days of the same weekday than this are no reference.
LEAST_DAYS = 3
#: Fewer distances than this do not tell what is ordinary: of single days, of stretches of days.
LEAST_DISTANCES, LEAST_STRETCHES = 8, 4
#: Share of ordinary days whose distance from the others stays below the bound. A day is looked at for
#: each feature, so that one day in twenty would be far too many.
ORDINARY_SHARE = 0.99
#: Distances below this share of the threshold are alike to us: nothing.
NOTHING = 0.1
#: Beyond the upper quartile by so many interquartile ranges, a day is far out: Tukey (1977),
#: Exploratory Data Analysis, the outer fence.
OUTER_FENCE = 3.0
#: If more than this share is far out, that is what days are like.
MOST_LEFT_OUT = 0.25
DAYS_OF_A_WEEK = 7
TOO_DIFFERENT = "beyond the threshold, but the baseline's days differ too much from one another to say whether this is ordinary"
STEADIER = "Choose training data or a longer period as the baseline."

Profiles = Mapping[str, Profile]


def least_days(*, by_weekday: bool) -> int:
    """Return how many days a reference needs: where weekdays matter, one says little."""
    return LEAST_DAYS if by_weekday else 1


@dataclass(frozen=True, eq=False)
class OrdinaryDays:
    """The days of production that windows are compared with.

    rule: which days a window is compared with. window: what is looked at. profiles: of every day
    that is there, on the same bins. empty: a profile of each feature without rows.
    """

    rule: BaselineRule
    window: Window
    profiles: Mapping[date, Profiles] = field(repr=False)
    empty: Profiles = field(repr=False)
    _kept: dict[tuple[Days, str], _Kept] = field(default_factory=dict, repr=False)
    _bounds: dict[tuple[str, str, Days, tuple[int, ...]], float | None] = field(
        default_factory=dict, repr=False
    )

    def reference(self, window: Window) -> dict[str, Profile]:
        """Return what a window is compared with; a feature with too few days has no rows."""
        return {name: self._reference(name, window) for name in self.empty}

    def left_out(self) -> dict[str, tuple[date, ...]]:
        """Return by feature the days that stand far out among those of the whole window."""
        days = self.rule.of_window(self.window)
        found = {name: self._ordinary(name, days).left_out for name in self.empty}
        return {name: out for name, out in found.items() if out}

    def settled(self, results: Sequence[MetricResult], window: Window) -> tuple[MetricResult, ...]:
        """Return results whose noise floor is at least what ordinary days do.

        A breach below it is none; where no value of the metric could exceed it, there is no verdict.
        """
        return tuple(self._settled(result, window) for result in results)

    def _settled(self, result: MetricResult, window: Window) -> MetricResult:
        if result.value is None or result.kind is None:
            few = len(self._days(result.subject, window)) if result.subject in self.empty else 0
            if result.reason != "the reference has no rows":
                return result
            needed = least_days(by_weekday=self._asked(window)[0].by_weekday)
            days = "day" if few == 1 else "days"
            reason = f"{few} comparable {days} in the baseline, {needed} needed"
            return judge(result, blind=("not_enough_data", reason))
        decides = result.metric == HEADLINE[result.kind]
        if not decides and result.status != "breached":
            return result
        bound = self._bound(result.subject, METRICS[result.metric], window)
        if bound is None:
            return result
        return _beyond(result, bound)

    def _reference(self, feature: str, window: Window) -> Profile:
        days = self._days(feature, window)
        if len(days) < least_days(by_weekday=self._asked(window)[0].by_weekday):
            return self.empty[feature]
        return merge(self.profiles[day][feature] for day in days)

    def _days(self, feature: str, window: Window) -> list[date]:
        """Return the ordinary days that a window is compared with."""
        asked, weekdays = self._asked(window)
        kept = self._ordinary(feature, asked).days
        return [day for day in kept if not asked.by_weekday or day.weekday() in weekdays]

    def _asked(self, window: Window) -> tuple[Days, tuple[int, ...]]:
        days = window.days()
        weekdays = tuple(sorted({day.weekday() for day in days}))
        if len(days) == 1:
            return self.rule.of_day(days[0], self.window), weekdays
        return self.rule.of_window(window), weekdays

    def _ordinary(self, feature: str, asked: Days) -> _Kept:
        if (asked, feature) not in self._kept:
            for kind in ("numerical", "categorical"):
                there = {
                    name: self._of_days(name, asked)
                    for name, empty in self.empty.items()
                    if empty.kind == kind
                }
                kept = _kept(there, kind, by_weekday=asked.by_weekday)
                self._kept.update({(asked, name): each for name, each in kept.items()})
        return self._kept[asked, feature]

    def _of_days(self, feature: str, asked: Days) -> dict[date, Profile]:
        return {
            day: self.profiles[day][feature]
            for day in asked.days
            if feature in self.profiles.get(day, ())
        }

    def _bound(self, feature: str, metric: Metric, window: Window) -> float | None:
        """Return what ordinary days, or stretches of them, stay below; None if too few are known.

        Stretches differ less than single days do, and there are fewer of them to learn it from: what
        days stay below, stretches do too.
        """
        asked, weekdays = self._asked(window)
        of_days = self._bound_of_days(feature, metric, asked)
        length = min(len(window.days()), DAYS_OF_A_WEEK)
        if length == 1:
            return of_days
        key = feature, metric.name, asked, weekdays
        if key not in self._bounds:
            there = self._there(feature, asked)
            every = weekdays if asked.by_weekday else tuple(range(DAYS_OF_A_WEEK))
            block = DAYS_OF_A_WEEK if asked.by_weekday else length
            distances = _between_stretches(there, metric, every, block)
            usual = metric.thresholds[self.empty[feature].kind]
            found = _ordinary_bound(distances, LEAST_STRETCHES, usual)
            self._bounds[key] = min((b for b in (found, of_days) if b is not None), default=None)
        return self._bounds[key]

    def _bound_of_days(self, feature: str, metric: Metric, asked: Days) -> float | None:
        if metric.name == HEADLINE[self.empty[feature].kind]:
            return self._ordinary(feature, asked).bound
        key = feature, metric.name, asked, ()
        if key not in self._bounds:
            there = self._there(feature, asked)
            far = _apart({feature: there}, metric, by_weekday=asked.by_weekday)[feature]
            usual = metric.thresholds[self.empty[feature].kind]
            distances = np.array(list(far.values()))
            self._bounds[key] = _ordinary_bound(distances, LEAST_DISTANCES, usual)
        return self._bounds[key]

    def _there(self, feature: str, asked: Days) -> dict[date, Profile]:
        return {day: self.profiles[day][feature] for day in self._ordinary(feature, asked).days}


@dataclass(frozen=True, slots=True)
class _Kept:
    """Days without those far out, these, and what the distances of the former stay below."""

    days: tuple[date, ...]
    left_out: tuple[date, ...]
    bound: float | None


def _kept(
    there: Mapping[str, Mapping[date, Profile]], kind: Kind, *, by_weekday: bool
) -> dict[str, _Kept]:
    """Return what is kept of the days of each feature; all are of one kind."""
    metric = METRICS[HEADLINE[kind]]
    usual = metric.thresholds[kind]
    far = _apart(there, metric, by_weekday=by_weekday)
    out = {name: _far_out(far[name], usual) for name in there}
    left = {
        name: {day: profile for day, profile in days.items() if day not in out[name]}
        for name, days in there.items()
    }
    changed = {name: days for name, days in left.items() if out[name]}
    far |= _apart(changed, metric, by_weekday=by_weekday)
    return {
        name: _Kept(
            tuple(left[name]),
            out[name],
            _ordinary_bound(np.array(list(far[name].values())), LEAST_DISTANCES, usual),
        )
        for name in there
    }


def _far_out(apart: Mapping[date, float], threshold: float) -> tuple[date, ...]:
    """Return days beyond the outer fence that also differ by more than the threshold."""
    if len(apart) < LEAST_DISTANCES:
        return ()
    values = np.array(list(apart.values()))
    low, high = np.quantile(values, [0.25, 0.75])
    fence = max(high + OUTER_FENCE * (high - low), threshold)
    out = tuple(day for day, value in apart.items() if value > fence)
    return out if len(out) <= MOST_LEFT_OUT * len(apart) else ()


def _ordinary_bound(values: Floats, least: int, threshold: float) -> float | None:
    """Return what the next ordinary distance stays below, 99 times in 100; None if too few are known.

    Distances are positive and skewed, so their logarithms are taken for normal: the one-sided
    prediction limit exp(mean + t sd sqrt(1 + 1/n)), t of n - 1 degrees of freedom.

    Source:
        Hahn and Meeker (1991), Statistical Intervals, section 4.8.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that a start-up need not pay

    n = len(values)
    if n < least:
        return None
    logarithms = np.log(np.maximum(values, NOTHING * threshold))
    reach = float(stdtrit(n - 1, ORDINARY_SHARE)) * logarithms.std(ddof=1) * np.sqrt(1 + 1 / n)
    return float(np.exp(logarithms.mean() + reach))


def _apart(
    there: Mapping[str, Mapping[date, Profile]], metric: Metric, *, by_weekday: bool
) -> dict[str, dict[date, float]]:
    """Return by feature how far each day lies from the others that it is compared with."""
    far: dict[str, dict[date, float]] = {name: {} for name in there}
    rows = [
        (name, day, profile)
        for name, days in there.items()
        for day, profile in sorted(days.items())
        if profile.n >= LEAST_ROWS
    ]
    for is_long in (False, True):
        some = [row for row in rows if is_long_row(row[2]) == is_long]
        groups = [(name, day.weekday() if by_weekday else 0) for name, day, _ in some]
        found = apart([profile for *_, profile in some], groups, metric)
        for (name, day, _), value in zip(some, found, strict=True):
            if not np.isnan(value):
                far[name][day] = float(value)
    return far


def _between_stretches(
    there: Mapping[date, Profile], metric: Metric, weekdays: tuple[int, ...], length: int
) -> Floats:
    """Return how far stretches of `length` days lie from one another, each from all others."""
    stretches: dict[int, list[Profile]] = {}
    first = min(there, default=date.min)
    for day, profile in there.items():
        if day.weekday() in weekdays:
            stretches.setdefault((day - first) // DAY // length, []).append(profile)
    merged = [merge(days) for days in stretches.values()]
    merged = [profile for profile in merged if profile.n >= LEAST_ROWS]
    found = apart(merged, [0] * len(merged), metric)
    return found[~np.isnan(found)]


def _beyond(result: MetricResult, bound: float) -> MetricResult:
    """Return a result judged again now that ordinary days are known to differ by bound."""
    most = METRICS[result.metric].bounds[1]
    floor = min(max(bound, result.noise_floor or 0.0), most)
    method = f"{result.method}; 99 of 100 ordinary days differ by {min(bound, most):.3g} or less"
    settled = replace(result, noise_floor=floor, method=method)
    if result.value is None or not is_beyond(result.value, result.threshold, result.worse):
        return settled
    if bound >= most:  # no day could ever be told from them
        return withhold(settled, TOO_DIFFERENT, STEADIER)
    if result.status != "breached" or result.value > bound:
        return settled
    return judge(settled, floor="ordinary days of the baseline differ as much")
