"""How far each hour lies from ordinary ones, for all hours and features of some days at once.

Rows of an hour hang together as those of a day do, and more so: all of them have the same weather. So
what counts as gross is learned: an hour must lie twice as far out as any hour of the four weeks
before it did. Days with gross hours are not compared with, unless they are so many that this is what
days are like. Numbers are compared twice, with the same hours of the days before and with the hours
just before: a change of unit may stay within what a season does, and is a jump nevertheless. A jump
counts only if it leads away from the days before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Counts, Flags, Floats
from monitoring.counting.totals.hours import HOURS, HourCounts, positions
from monitoring.verdict import FALSE_DISCOVERY_RATE, LEAST_ROWS
from monitoring.window import DAY

T = TypeVar("T", bound=np.generic)

#: Days that tell what is ordinary, and how many of them it takes: to be compared with, and to know
#: how far ordinary hours lie apart. Both together are what has to be read before an hour.
ORDINARY_DAYS, LEAST_COMPARED, LEAST_KNOWN = 28, 7, 14
BACK_DAYS = 2 * ORDINARY_DAYS
#: An hour is gross if it lies so many times as far out as the furthest of the ordinary ones.
TIMES = 2.0
#: A day with gross hours is no yardstick for so long, so that what lasts stays gross. Then it is one:
#: how far hours lay out once, as in a storm, they may again.
LASTING_DAYS = 7
#: If more than this share of the days has a gross hour, that is what days are like.
MOST_LEFT_OUT = 0.25
#: Rows that hours are compared with: of the days before, and of the hours just before.
LEAST_REFERENCE, LEAST_NEIGHBOURS = 200, 60
#: The hours just before: from the third before on, so that the three hours in which a breach is
#: confirmed are compared with what was before it, and back over a night without rows.
NEAREST, FARTHEST = 3, 12
#: Standard deviations are no less than this in units of the scale: a constant has none.
LEAST_SPREAD = 0.5
#: Features whose cells are held at once.
TOGETHER = 64


@dataclass(frozen=True, eq=False)
class Course:
    """One metric of some features over all hours of some days: arrays (days, 24, features).

    value: NaN where too few rows are there, or are known to compare with. limit: what an hour must
    exceed to be gross, NaN where too few ordinary hours are known. furthest: of these. pvalue:
    adjusted for the number of features. known: days (days, features) that tell what is ordinary.
    """

    features: tuple[str, ...]
    value: Floats
    limit: Floats
    furthest: Floats
    pvalue: Floats
    rows: Counts
    reference_rows: Counts
    known: Counts

    @property
    def judged(self) -> Flags:
        """Which have a verdict."""
        return np.isfinite(self.value) & np.isfinite(self.limit)

    @property
    def gross(self) -> Flags:
        """Which are beyond their limit, and not by chance."""
        with np.errstate(invalid="ignore"):
            return (self.value > self.limit) & (self.pvalue <= FALSE_DISCOVERY_RATE)


@dataclass(frozen=True, slots=True)
class Compared:
    """The hours of one day: value and p-value (24, comparisons, features), rows compared with."""

    value: Floats
    pvalue: Floats
    reference_rows: Floats


#: Value, p-value and rows compared with of one feature, by the hour of a day.
Hourly: TypeAlias = tuple[Floats, Floats, Floats]
#: Rows by cell: half as much memory.
Cells: TypeAlias = NDArray[np.int32]
#: Compares a day; told the first of the days before it, and which of them count (days, features).
Compare = Callable[[int, int, Flags], Compared]


class Days:
    """Counts by hour of consecutive days; a day without rows is one with nothing.

    Args:
        counts: By day, one at least.
    """

    def __init__(self, counts: Mapping[date, HourCounts]) -> None:
        first, last = min(counts), max(counts)
        self.days = tuple(first + n * DAY for n in range((last - first).days + 1))
        self._counts = [counts.get(day) for day in self.days]
        self.rows = self._whole(lambda each: each.rows)

    def _whole(self, of: Callable[[HourCounts], Counts | None]) -> Counts:
        whole = np.zeros((len(self.days), HOURS), np.int64)
        for at, each in enumerate(self._counts):
            if each is not None and (found := of(each)) is not None:
                whole[at] = found
        return whole

    def shifts(self, least: Mapping[str, float]) -> Course | None:
        """Return the normalized Wasserstein distances of numerical features.

        Args:
            least: What each must exceed at least to be gross; features without are not looked at.
        """
        names = [n for n in self._names(lambda each: each.numerical) if n in least]
        parts = [
            self._shifts(names[n : n + TOGETHER], least) for n in range(0, len(names), TOGETHER)
        ]
        return _joined(parts, len(names)) if parts else None

    def _names(self, of: Callable[[HourCounts], Sequence[str]]) -> list[str]:
        return list(dict.fromkeys(name for each in self._counts if each for name in of(each)))

    def _shifts(self, names: Sequence[str], least: Mapping[str, float]) -> Course:
        cells = self._cells(names)
        shifts = _Shifts(cells)
        limits = np.array([least[name] for name in names])
        return _course(tuple(names), shifts.rows, limits, shifts.compare, comparisons=2)

    def _cells(self, names: Sequence[str]) -> Cells:
        cells: Cells = np.zeros((len(self.days), HOURS, len(names), len(positions())), np.int32)
        for at, each in enumerate(self._counts):
            if each is not None:
                there = {name: place for place, name in enumerate(each.numerical)}
                own = [n for n, name in enumerate(names) if name in there]
                cells[at][:, own] = each.cells[:, [there[names[n]] for n in own]]
        return cells

    def mixes(self, least: Mapping[str, float]) -> Course | None:
        """Return the Jensen-Shannon distances of categorical features; arguments as above."""
        return self._of_labels(least, _Labels.mixed)

    def unseen(self, least: Mapping[str, float]) -> Course | None:
        """Return by categorical feature the share of rows with a label that none of the days has."""
        return self._of_labels(least, _Labels.unseen)

    def _of_labels(
        self, least: Mapping[str, float], compare: Callable[[_Labels, int, int, Flags], Hourly]
    ) -> Course | None:
        names = [n for n in self._names(lambda each: tuple(each.categorical)) if n in least]
        if not names:
            return None
        features = [_Labels(self._labels(name)) for name in names]

        def each(day: int, first: int, kept: Flags) -> Compared:
            parts = [compare(f, day, first, kept[:, at]) for at, f in enumerate(features)]
            return Compared(
                *(np.stack(part, axis=-1)[:, None] for part in zip(*parts, strict=True))
            )

        rows = np.stack([feature.rows for feature in features], axis=-1)
        limits = np.array([least[name] for name in names])
        return _adjusted(_course(tuple(names), rows, limits, each), len(names))

    def _labels(self, name: str) -> Counts:
        """Return rows by label, shape (days, 24, labels)."""
        own = [each.categorical.get(name) if each else None for each in self._counts]
        every = dict.fromkeys(label for each in own if each for label in each.labels)
        place = {label: at for at, label in enumerate(every)}
        counts = np.zeros((len(self.days), HOURS, len(place)), np.int64)
        for at, each in enumerate(own):
            if each is not None and each.labels:
                counts[at][:, [place[label] for label in each.labels]] = each.counts
        return counts

    def nulls(self, least: Mapping[str, float]) -> Course | None:
        """Return by feature how much its rate of nulls has risen above that of the days before."""
        names = [n for n in self._names(lambda each: tuple(each.nulls)) if n in least]
        if not names:
            return None
        nulls = np.stack([self._nulls(name) for name in names], axis=-1)
        rows = np.stack([self._rows(name) for name in names], axis=-1)
        rates = _Rates(nulls, rows)
        limits = np.array([least[name] for name in names])
        return _adjusted(_course(tuple(names), rows, limits, rates.compare), len(names))

    def _nulls(self, name: str) -> Counts:
        return self._whole(lambda each: each.nulls.get(name))

    def _rows(self, name: str) -> Counts:
        return self._whole(lambda each: each.rows if name in each.nulls else None)


def _joined(parts: Sequence[Course], features: int) -> Course:
    """Return courses of some features each as one."""

    def join(arrays: Iterator[NDArray[T]]) -> NDArray[T]:
        return np.concatenate(list(arrays), axis=-1)

    whole = Course(
        tuple(name for part in parts for name in part.features),
        join(part.value for part in parts),
        join(part.limit for part in parts),
        join(part.furthest for part in parts),
        join(part.pvalue for part in parts),
        join(part.rows for part in parts),
        join(part.reference_rows for part in parts),
        join(part.known for part in parts),
    )
    return _adjusted(whole, features)


def _adjusted(course: Course, features: int) -> Course:
    """Return a course with its p-values adjusted for the number of features (Bonferroni)."""
    return replace(course, pvalue=np.minimum(course.pvalue * features, 1.0))


def _course(
    features: tuple[str, ...],
    rows: Counts,
    least: Floats,
    compare: Compare,
    comparisons: int = 1,
) -> Course:
    """Go through the days in order: each is held to those before it that had no gross hour."""
    days, count = len(rows), len(features)
    shape = days, HOURS, comparisons, count
    value, pvalue, against = (np.full(shape, np.nan) for _ in range(3))
    limit, furthest = (np.full((days, comparisons, count), np.nan) for _ in range(2))
    known = np.zeros((days, count), np.int64)
    greatest = np.full((days, comparisons, count), -np.inf)
    gross = np.zeros((days, count), bool)
    for day in range(days):
        first = max(0, day - ORDINARY_DAYS)
        if not rows[day].any():
            continue
        kept = _kept(gross[first:day], greatest[first:day])
        there = ((rows[first:day].sum(axis=1) > 0) & kept).sum(axis=0)
        found = compare(day, first, kept)
        few = (rows[day] < LEAST_ROWS)[:, None] | (there < LEAST_COMPARED)
        value[day] = np.where(few, np.nan, found.value)
        pvalue[day], against[day] = found.pvalue, found.reference_rows
        over = np.arange(first, day) < day - LASTING_DAYS
        past = np.where((kept | over[:, None])[:, None], greatest[first:day], -np.inf)
        known[day] = np.isfinite(past[:, 0]).sum(axis=0)
        furthest[day] = np.where(known[day] >= LEAST_KNOWN, past.max(axis=0, initial=0.0), np.nan)
        limit[day] = np.maximum(least, TIMES * furthest[day])
        with np.errstate(invalid="ignore"):
            beyond = (value[day] > limit[day]) & (pvalue[day] * count <= FALSE_DISCOVERY_RATE)
        gross[day] = _confirmed(beyond.any(axis=1), rows[day] >= LEAST_ROWS)
        greatest[day] = np.nan_to_num(value[day], nan=-np.inf).max(axis=0)
    return _of_worst(features, value, limit, furthest, pvalue, rows, against, known)


def _confirmed(beyond: Flags, judged: Flags) -> Flags:
    """Return of which features two of three judged hours of a day are beyond, shape (features,)."""
    hours = beyond[judged.any(axis=1)]
    pairs = np.concatenate([hours[1:] & hours[:-1], hours[2:] & hours[:-2]])
    found: Flags = np.asarray(pairs.any(axis=0))
    return found


def _kept(gross: Flags, greatest: Floats) -> Flags:
    """Return which days tell what is ordinary: those without a gross hour, unless these are many."""
    judged = np.maximum(np.isfinite(greatest[:, 0]).sum(axis=0), 1)
    usual = gross.sum(axis=0) > MOST_LEFT_OUT * judged
    kept: Flags = ~gross | usual
    return kept


def _of_worst(
    features: tuple[str, ...],
    value: Floats,
    limit: Floats,
    furthest: Floats,
    pvalue: Floats,
    rows: Counts,
    against: Floats,
    known: Counts,
) -> Course:
    """Return of several comparisons the one that says the most, hour by hour."""
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.nan_to_num(value / limit[:, None], nan=-1.0)
    chosen = excess.argmax(axis=2)[:, :, None]

    def of(array: Floats) -> Floats:
        return np.take_along_axis(array, chosen, axis=2)[:, :, 0]

    def of_days(array: Floats) -> Floats:
        return of(np.broadcast_to(array[:, None], value.shape))

    reference = np.nan_to_num(of(against)).astype(np.int64)
    return Course(
        features, of(value), of_days(limit), of_days(furthest), of(pvalue), rows, reference, known
    )


class _Shifts:
    """Numerical features, by cells (days, 24, features, cells)."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self.rows = cells.sum(axis=-1, dtype=np.int64)
        self._hours = cells.reshape(-1, *cells.shape[2:])
        self._window = np.zeros(cells.shape[1:], np.int32)
        self._until = 0
        self._at = positions()
        self._gaps = np.diff(self._at)

    def compare(self, day: int, first: int, kept: Flags) -> Compared:
        features = self._cells.shape[2]
        value, pvalue, against = (np.full((HOURS, 2, features), np.nan) for _ in range(3))
        hours = np.flatnonzero((self.rows[day] >= LEAST_ROWS).any(axis=1))
        if not len(hours) or day == first:
            return Compared(value, pvalue, against)
        before = self._before(day, first)
        for out, feature in np.argwhere(~kept):
            before[:, feature] -= self._cells[first + out, :, feature]
        spread = self._spread(before.sum(axis=0))
        alike = before + np.roll(before, 1, axis=0) + np.roll(before, -1, axis=0)
        now = self._cells[day][hours]
        near = np.stack([self._near(day * HOURS + int(hour)) for hour in hours])
        usual = self._apart(now, alike[hours], spread, LEAST_REFERENCE)
        jump = self._apart(now, near, spread, LEAST_NEIGHBOURS)
        then, _, _ = self._apart(near, alike[hours], spread, LEAST_REFERENCE)
        with np.errstate(invalid="ignore"):
            away = usual[0] > then  # what jumps back to what is ordinary is the end of something
        for at, found in enumerate((usual, (np.where(away, jump[0], np.nan), *jump[1:]))):
            value[hours, at], pvalue[hours, at], against[hours, at] = found
        return Compared(value, pvalue, against)

    def _before(self, day: int, first: int) -> Cells:
        """Return the sum of the days before one; days are asked for in order."""
        for each in range(self._until, day):
            self._window += self._cells[each]
            if each >= ORDINARY_DAYS:
                self._window -= self._cells[each - ORDINARY_DAYS]
        self._until = day
        assert first == max(0, day - ORDINARY_DAYS)  # noqa: S101 - what is summed up here
        return self._window.copy()

    def _near(self, hour: int) -> Cells:
        near: Cells = self._hours[max(hour - FARTHEST, 0) : max(hour - NEAREST + 1, 0)].sum(
            axis=0, dtype=np.int32
        )
        return near

    def _spread(self, counts: Cells) -> Floats:
        share = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
        mean = share @ self._at
        variance = np.maximum(share @ self._at**2 - mean**2, 0.0)
        spread: Floats = np.maximum(np.sqrt(variance), LEAST_SPREAD)
        return spread

    def _apart(
        self, now: Cells, reference: Cells, spread: Floats, needed: int
    ) -> tuple[Floats, Floats, Floats]:
        """Return distance, p-value and rows of the reference, shape (hours, features)."""
        n, m = now.sum(axis=-1), reference.sum(axis=-1)
        upto = np.cumsum(now, axis=-1) / np.maximum(n, 1)[..., None]
        upto -= np.cumsum(reference, axis=-1) / np.maximum(m, 1)[..., None]
        np.abs(upto, out=upto)
        distance = upto[..., :-1] @ self._gaps / spread
        # Dvoretzky, Kiefer and Wolfowitz, with Massart's constant (1990).
        pvalue = np.minimum(
            2 * np.exp(-2 * n * m / np.maximum(n + m, 1) * upto.max(axis=-1) ** 2), 1
        )
        return np.where((n >= LEAST_ROWS) & (m >= needed), distance, np.nan), pvalue, m


class _Labels:
    """One categorical feature, by label (days, 24, labels)."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self.rows: Counts = counts.sum(axis=-1)

    def _before(self, day: int, first: int, kept: Flags) -> Counts:
        before: Counts = self._counts[first:day][kept].sum(axis=0)
        return before

    def mixed(self, day: int, first: int, kept: Flags) -> Hourly:
        alike = _with_neighbours(self._before(day, first, kept))
        n, m = self.rows[day], alike.sum(axis=-1)
        now = self._counts[day] / np.maximum(n, 1)[:, None]
        then = alike / np.maximum(m, 1)[:, None]
        value = _jensen_shannon(now, then)
        labels = max(self._counts.shape[-1], 1)
        pvalue = _chernoff(now, then, n[:, None]).min(axis=-1, initial=1.0) * labels
        return _enough(value, pvalue, m)

    def unseen(self, day: int, first: int, kept: Flags) -> Hourly:
        before = self._before(day, first, kept)
        m, n = _with_neighbours(before).sum(axis=-1), self.rows[day]
        new = before.sum(axis=0) == 0
        share = self._counts[day][:, new].sum(axis=-1) / np.maximum(n, 1)
        # Of so many rows none had it: the rule of three (Hanley and Lippman-Hand 1983).
        usual = np.full(HOURS, 3 / max(int(before.sum()), 3))
        return _enough(share, _chernoff(share, usual, n), m)


class _Rates:
    """Nulls of features among their rows (days, 24, features)."""

    def __init__(self, nulls: Counts, rows: Counts) -> None:
        self._nulls, self._rows = nulls, rows

    def compare(self, day: int, first: int, kept: Flags) -> Compared:
        nulls, rows = (
            _with_neighbours((each[first:day] * kept[:, None]).sum(axis=0))
            for each in (self._nulls, self._rows)
        )
        now = self._nulls[day] / np.maximum(self._rows[day], 1)
        then = nulls / np.maximum(rows, 1)
        usual = np.maximum(then, 1 / np.maximum(rows, 1))
        pvalue = _chernoff(now, usual, self._rows[day])
        value = np.where(rows >= LEAST_REFERENCE, now - then, np.nan)
        return Compared(value[:, None], pvalue[:, None], np.asarray(rows[:, None], np.float64))


def _with_neighbours(by_hour: Counts) -> Counts:
    """Return each hour of the day with the one before and the one after: clocks change, by one."""
    summed: Counts = by_hour + np.roll(by_hour, 1, axis=0) + np.roll(by_hour, -1, axis=0)
    return summed


def _enough(value: Floats, pvalue: Floats, rows: Counts) -> Hourly:
    known = np.where(rows >= LEAST_REFERENCE, value, np.nan)
    return known, np.minimum(pvalue, 1.0), np.asarray(rows, np.float64)


def _jensen_shannon(one: Floats, two: Floats) -> Floats:
    middle = (one + two) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(p > 0, p * np.log2(p / middle), 0.0).sum(axis=-1) for p in (one, two)]
    distance: Floats = np.sqrt(np.maximum(sum(parts) / 2, 0.0))
    return distance


def _chernoff(share: Floats, usual: Floats, rows: Counts) -> Floats:
    """Return the most that chance gives so large a share of rows, or so small a one.

    Source:
        Chernoff (1952), A measure of asymptotic efficiency: exp(-n KL(share, usual)).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(share > 0, share * np.log(share / np.maximum(usual, 1e-12)), 0.0)
        left, usually = 1 - share, np.maximum(1 - usual, 1e-12)
        down = np.where(left > 0, left * np.log(left / usually), 0.0)
    bound: Floats = np.exp(-rows * np.maximum(up + down, 0.0))
    return bound
