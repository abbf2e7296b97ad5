"""What would have been: past breaches under another baseline or other thresholds.

A breach is a spell of a feature's deciding metric, as everywhere. Two rules are laid over the same days: which of the breaches that one rule gave would
the other not give, and which would it add; and, where incidents are known, which of them each finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from monitoring.metric import MetricResult
from monitoring.signals.data_drift.report import headline
from monitoring.verdict import JUDGED, Spell, spells
from monitoring.window import Window

#: A breach that begins so soon after an incident still belongs to it: its first day may hold too few
#: of its rows.
SLACK = timedelta(days=2)


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    """A feature that drifted, on these judged days in order."""

    dates: tuple[date, ...]
    feature: str

    @property
    def first(self) -> date:
        """The day on which it was set off."""
        return self.dates[0]

    @property
    def last(self) -> date:
        """The last day of it."""
        return self.dates[-1]

    def meets(self, other: Breach) -> bool:
        """Whether both speak of the same feature on the same days."""
        same = self.feature == other.feature
        return same and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """Something that is known to have gone wrong. features: those it touched; none means any."""

    title: str
    first: date
    last: date
    features: frozenset[str] = frozenset()

    def covers(self, feature: str, day: date) -> bool:
        """Whether a feature in breach on a day is a sign of it."""
        touched = not self.features or feature in self.features
        return touched and self.first <= day <= self.last + SLACK

    def sets_off(self, breach: Breach) -> bool:
        """Whether a breach began in it: one that was there before shows nothing new."""
        return self.covers(breach.feature, breach.first)


@dataclass(frozen=True, slots=True)
class Side:
    """What one rule gives over the days.

    judged: days and features with a verdict. blind: those without one.
    """

    name: str
    breaches: tuple[Breach, ...]
    judged: int
    blind: int

    @property
    def days(self) -> int:
        """Days in breach, summed over features."""
        return sum(len(breach.dates) for breach in self.breaches)

    def found(self, incidents: Sequence[KnownIncident]) -> tuple[KnownIncident, ...]:
        """Return the incidents that set off a breach."""
        return tuple(each for each in incidents if any(map(each.sets_off, self.breaches)))

    def days_outside(self, incidents: Sequence[KnownIncident]) -> int:
        """Days in breach, summed over features, that no incident covers."""
        return sum(
            not any(each.covers(breach.feature, day) for each in incidents)
            for breach in self.breaches
            for day in breach.dates
        )


@dataclass(frozen=True, slots=True)
class BackTest:
    """Two rules over the same days.

    gone: breaches of `now` that meet none of `then`. new: the other way round. incidents: those that
    are known in these days; `is_known` says whether anybody could know any.
    """

    now: Side
    then: Side
    gone: tuple[Breach, ...]
    new: tuple[Breach, ...]
    incidents: tuple[KnownIncident, ...] = ()
    is_known: bool = False

    @property
    def kept(self) -> tuple[Breach, ...]:
        """Breaches of `now` that would stay."""
        return tuple(breach for breach in self.now.breaches if breach not in self.gone)

    @property
    def lost(self) -> tuple[KnownIncident, ...]:
        """Known incidents that set off a breach of `now` and none of `then`."""
        after = self.then.found(self.incidents)
        return tuple(each for each in self.now.found(self.incidents) if each not in after)

    def sentence(self) -> str:
        """Return it in words: what would vanish, what would appear, what would be lost."""
        total, gone, new = len(self.now.breaches), len(self.gone), len(self.new)
        said = f"{gone} of {total} past breaches would vanish, {new} would appear"
        if not self.is_known:
            return f"{said}. No incident is known of these days: which of them matter is not."
        if not self.incidents:
            return f"{said}. None of these days lies in a known incident."
        one, two = (len(side.found(self.incidents)) for side in (self.now, self.then))
        outside = [side.days_outside(self.incidents) for side in (self.now, self.then)]
        return (
            f"{said}. Outside known incidents {outside[1]:,} feature days would be in breach instead"
            f" of {outside[0]:,}; of {len(self.incidents)} known incidents {two} would set off a"
            f" breach instead of {one}."
        )


def back_test(
    now: Side,
    then: Side,
    incidents: Iterable[KnownIncident] = (),
    *,
    is_known: bool = False,
) -> BackTest:
    """Compare two sides.

    >>> day = date(2026, 1, 1)
    >>> wind, temp = Breach((day,), "wind"), Breach((day,), "temp")
    >>> back_test(Side("old", (temp, wind), 9, 0), Side("new", (wind,), 9, 0)).sentence()[:53]
    '1 of 2 past breaches would vanish, 0 would appear. No'
    """
    return BackTest(
        now,
        then,
        _without_match(now.breaches, then.breaches),
        _without_match(then.breaches, now.breaches),
        tuple(incidents),
        is_known,
    )


def _without_match(some: Sequence[Breach], others: Sequence[Breach]) -> tuple[Breach, ...]:
    return tuple(each for each in some if not any(map(each.meets, others)))


def side(name: str, daily: Mapping[date, Sequence[MetricResult]]) -> Side:
    """Return what daily results amount to, by the metric that decides on each feature."""
    histories: dict[str, list[MetricResult]] = {}
    for day in sorted(daily):
        for feature, result in headline(daily[day]).items():
            histories.setdefault(feature, []).append(result)
    every = [result.status for history in histories.values() for result in history]
    judged = sum(status in JUDGED for status in every)
    found = [breach for name_, h in histories.items() for breach in _breaches(name_, h)]
    return Side(name, tuple(sorted(found)), judged, len(every) - judged)


def _breaches(feature: str, history: Sequence[MetricResult]) -> list[Breach]:
    judged = [r.window for r in history if r.window and r.status in JUDGED]
    return [
        Breach(tuple(w.start.date() for w in judged if _is_in(w, spell)), feature)
        for spell in spells(history)
    ]


def _is_in(step: Window, spell: Spell) -> bool:
    return spell.start <= step.start and (spell.end is None or step.end <= spell.end)
