"""How far each of several profiles lies from the others: what ordinary differences are like."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.counting.profile import Profile, merge
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.counting.totals.margins import Margins
from monitoring.counting.totals.stack import Categories, Layout, Stack, categories_of
from monitoring.metrics.drift_metric import Metric

#: Numbers that are compared at once at most, so that they fit the processor's cache.
AT_ONCE = 65_536


def apart(profiles: Sequence[Profile], groups: Sequence[Hashable], metric: Metric) -> Floats:
    """Return how far each profile lies from the sum of the others of its group, shape (profiles,).

    NaN for one that is alone in its group, or where the metric is undefined.

    Args:
        profiles: Each with a row that takes part; those of a group on the same bins, all of one kind.
        groups: Which group each belongs to.
        metric: Made for that kind.
    """
    places = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    group = np.array([places[each] for each in groups], np.int64)
    found = np.full(len(profiles), np.nan)
    several = np.flatnonzero(np.bincount(group, minlength=len(places))[group] > 1)
    if not len(several):
        return found
    kept = [profiles[int(at)] for at in several]
    layout = Layout.of(kept)
    upto = np.array([layout.upto(at, profile) for at, profile in enumerate(kept)])
    margins = Margins.of(kept)
    labels = np.array([len(profile.labels) for profile in kept])
    rest = _rest(upto, group[several]), _others(margins, group[several])
    own, other = _categories(kept, group[several]) if layout.kind == "categorical" else ((), ())
    step = max(AT_ONCE // layout.cuts, 1)
    for start in range(0, len(kept), step):
        rows = np.zeros(len(kept), bool)
        rows[start : start + step] = True
        some = layout.subset(rows)
        part = slice(start, start + step)
        days = Stack(some, upto[rows], margins.subset(rows), labels[rows], categories=own[part])
        others = Stack(
            some, rest[0][rows], rest[1].subset(rows), labels[rows], categories=other[part]
        )
        measured = metric.measure(Comparisons(others, days))
        values = np.array(measured.value, np.float64)
        values[list(measured.undefined)] = np.nan
        found[several[start : start + step]] = values
    return found


def _categories(
    profiles: Sequence[Profile], group: Counts
) -> tuple[tuple[Categories, ...], tuple[Categories, ...]]:
    """Return what gives the categories of each profile, and those of the others of its group."""
    members: dict[int, list[Profile]] = {}
    for profile, each in zip(profiles, group.tolist(), strict=True):
        members.setdefault(each, []).append(profile)
    others = (
        partial(_merged, members[each], profile)
        for profile, each in zip(profiles, group.tolist(), strict=True)
    )
    return tuple(map(categories_of, profiles)), tuple(others)


def _merged(profiles: Sequence[Profile], less: Profile) -> tuple[tuple[str, ...], Counts]:
    whole = merge(profile for profile in profiles if profile is not less)
    return whole.labels, whole.counts


def _rest(numbers: Counts, group: Counts) -> Counts:
    """Return the sum over the others of the group, in the shape of `numbers`."""
    totals = np.zeros((group.max() + 1, *numbers.shape[1:]), numbers.dtype)
    np.add.at(totals, group, numbers)
    rest: Counts = totals[group] - numbers
    return rest


def _others(margins: Margins, group: Counts) -> Margins:
    """Return the margins of the others of each group, summed up."""
    off = (~margins.on_lattice).astype(np.int64)
    return Margins(
        present=margins.present,
        rows=_rest(margins.rows, group),
        nulls=_rest(margins.nulls, group),
        infinite=_rest(margins.infinite, group),
        minimum=_least_other(margins.minimum, group),
        maximum=-_least_other(-margins.maximum, group),
        total=_rest(margins.total, group),  # type: ignore[arg-type]  # any numbers add up
        squares=_rest(margins.squares, group),  # type: ignore[arg-type]
        on_lattice=_rest(off, group) == 0,
    )


def _least_other(values: Floats, group: Counts) -> Floats:
    """Return the least value of the others of each group.

    >>> _least_other(np.array([3.0, 1.0, 2.0]), np.array([0, 0, 0])).tolist()
    [1.0, 2.0, 1.0]
    """
    found = np.empty(len(values))
    for each in np.unique(group):
        at = np.flatnonzero(group == each)
        least, second = np.sort(values[at])[:2]
        found[at] = np.where(values[at] == least, second, least)
    return found
