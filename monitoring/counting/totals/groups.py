"""Groups: rows put together by one feature or two, and their outcomes, which add up over days."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import TypeAlias

import numpy as np

from monitoring.counting.profile import CategoricalBins, NumericalBins, Profile, intervals
from monitoring.counting.totals.outcomes import Outcomes, total
from monitoring.errors import InputError, NotEnoughData
from monitoring.segment import MISSING

#: One value of each feature of a grouping.
Group: TypeAlias = tuple[str, ...]

OTHER = "(other)"
#: So many categories of a feature are groups of their own, the most frequent ones of the baseline.
MOST_VALUES = 20
#: A numerical feature is cut into so many groups of about equal size in the baseline.
QUANTILES = 4
#: How many steps of a rounded edge the middle half of the baseline spans at least.
EDGE_STEPS = 100


@dataclass(frozen=True, slots=True)
class Cut:
    """How one feature puts rows into groups.

    values: its categories; what is none of them is OTHER. edges: of a numerical feature, each the
    least value of the group above it, ascending. One of the two is empty.
    """

    feature: str
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups, in the order of their codes; the last is for rows without a value.

        >>> Cut("distance", edges=(500.0, 1000.0)).labels
        ('below 500', '500 to 1000', 'at least 1000', '(missing)')
        >>> Cut("origin", values=("EWR", "JFK")).labels
        ('EWR', 'JFK', '(other)', '(missing)')
        """
        if not self.edges:
            return (*self.values, OTHER, MISSING)
        ends = [f"{edge:.10g}" for edge in self.edges]
        between = [f"{low} to {high}" for low, high in pairwise(ends)]
        return (f"below {ends[0]}", *between, f"at least {ends[-1]}", MISSING)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which features put rows into groups: one, or two for their intersections."""

    cuts: tuple[Cut, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The features, in order."""
        return tuple(cut.feature for cut in self.cuts)

    @property
    def groups(self) -> tuple[Group, ...]:
        """Every group that there can be, in the order of their codes."""
        return tuple(product(*(cut.labels for cut in self.cuts)))

    def name(self, group: Group) -> str:
        """Return a group in words.

        >>> Grouping((Cut("origin", ("EWR",)), Cut("hour", edges=(12.0,)))).name(("EWR", "below 12"))
        'origin EWR, hour below 12'
        """
        return ", ".join(f"{f} {v}" for f, v in zip(self.features, group, strict=True))


def cut_of(profile: Profile) -> Cut:
    """Return the groups that a feature of the baseline fixes.

    Raises:
        InputError: It is an identifier or free text, or has one value only.
    """
    if isinstance(profile.bins, CategoricalBins):
        labels = profile.bins.categories
        if len(labels) < 2:  # noqa: PLR2004 - nothing to compare
            raise _one_value(profile)
        return Cut(profile.feature, values=tuple(sorted(labels[:MOST_VALUES])))
    edges = _quantiles(profile, profile.bins)
    if not edges:
        raise _one_value(profile)
    return Cut(profile.feature, edges=edges)


def _one_value(profile: Profile) -> InputError:
    return InputError(
        f"Cannot form groups by {profile.feature!r}: the baseline has one value of it only",
        hint="Choose another feature.",
    )


def _quantiles(profile: Profile, bins: NumericalBins) -> tuple[float, ...]:
    """Return the values that cut the baseline into about equal parts, rounded."""
    if not profile.n:
        return ()
    left = intervals(bins, on_lattice=profile.on_lattice).left
    below = (np.cumsum(profile.counts) - profile.counts) / profile.counts.sum()
    parts = np.arange(1, QUANTILES) / QUANTILES
    at = [int(np.argmin(np.abs(below - part))) for part in parts]
    found = [float(left[i]) for i in at if np.isfinite(left[i]) and 0 < below[i] < 1]
    spread = max(found, default=0.0) - min(found, default=0.0)
    if spread > 0:
        decimals = math.ceil(-math.log10(spread / EDGE_STEPS))
        found = [round(edge, decimals) for edge in found]
    return tuple(sorted({edge for edge in found if profile.minimum < edge <= profile.maximum}))


@dataclass(frozen=True, slots=True, eq=False)
class GroupOutcomes:
    """Outcomes of each group that has rows.

    They have no log loss, Brier score or delays. faults: rows that could not be used, by kind; they
    are in no group.
    """

    grouping: Grouping
    outcomes: Mapping[Group, Outcomes]
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows in all groups."""
        return sum(each.predictions for each in self.outcomes.values())


def merge(parts: Iterable[GroupOutcomes]) -> GroupOutcomes:
    """Add up the outcomes of several days.

    Raises:
        NotEnoughData: There is none.
    """
    days = list(parts)
    if not days:
        raise NotEnoughData("Cannot merge groups: there are none", hint="Choose a longer window.")
    if len(days) == 1:
        return days[0]
    by_group: dict[Group, list[Outcomes]] = {}
    for day in days:
        for group, outcomes in day.outcomes.items():
            by_group.setdefault(group, []).append(outcomes)
    order = [group for group in days[0].grouping.groups if group in by_group]
    faults: Counter[str] = sum((Counter(day.faults) for day in days), Counter())
    return GroupOutcomes(days[0].grouping, {g: total(by_group[g]) for g in order}, faults)
