"""What a signal says of a place: its steps, and the one headline that every screen shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Generic, Literal, NamedTuple, TypeVar

from monitoring.metric import STATUSES, MetricResult, Status
from monitoring.place import Place
from monitoring.signal import Missing, Signal
from monitoring.verdict import (
    JUDGED,
    OF,
    SILENCE,
    Span,
    Spell,
    excess,
    first_step,
    is_beyond,
    overlapping,
    spells,
)
from monitoring.window import DAY, Window

D = TypeVar("D")

#: How a status reads to people, so that nobody says OK over a disaster or over a number that misses
#: its printed limit.
Reading = Literal[
    "ok", "within_chance", "unconfirmed", "breached", "was_breached", "too_few_rows", "withheld", "no_data",
    "stale", "not_permitted", "error",
]  # fmt: skip
#: Data of days wait for files and labels; without any for so long they are stale.
SILENCE_OF_DAYS = 3 * DAY


class Series(NamedTuple):
    """One metric of one place on steps of one length."""

    metric: str
    place: Place
    step: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The state of one signal at one place, as of the last step of a window.

    leading: the judged number that stands for it: of the worst open breach, else of the leading
    metric, at its last judged step. since: when the oldest open breach began, to the finest step;
    `is_older` if it lasted when the window began. open, judged: series in breach, and with a verdict.
    names: features in breach, the worst first. last: the newest breach of the window that is over.
    trend: one value a step, None where nothing was judged. as_of: end of the last judged step.
    """

    signal: str
    place: Place
    status: Status
    reading: Reading
    leading: MetricResult | None = None
    since: datetime | None = None
    is_older: bool = False
    open: int = 0
    judged: int = 0
    names: tuple[str, ...] = ()
    last: Spell | None = None
    trend: tuple[float | None, ...] = ()
    as_of: datetime | None = None
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Report(Generic[D]):
    """The results of one signal at one place over one window, and the signal's own detail.

    steps: every judged number of every step. taken: as of when. missing: what could not be read.
    """

    signal: Signal = field(repr=False)
    place: Place
    window: Window
    steps: tuple[MetricResult, ...] = field(repr=False)
    taken: datetime
    missing: tuple[Missing, ...] = ()
    detail: D

    @property
    def headline(self) -> Headline:
        """The state at the end of the window."""
        return headline(self.signal, self.place, self.steps, self.window, self.taken)

    def history(self, metric: str, feature: str = "") -> tuple[MetricResult, ...]:
        """Return the steps of one series in time order."""
        own = [r for r in self.steps if r.metric == metric and r.place.feature == feature]
        return tuple(sorted(own, key=_start))


def by_series(results: Iterable[MetricResult]) -> dict[Series, list[MetricResult]]:
    """Return the results of each series in time order; those without a window are left out."""
    found: dict[Series, list[MetricResult]] = {}
    for result in results:
        if result.window is not None:
            key = Series(result.metric, result.place, result.window.length)
            found.setdefault(key, []).append(result)
    return {key: sorted(history, key=_start) for key, history in found.items()}


def headline(
    signal: Signal,
    place: Place,
    steps: Iterable[MetricResult],
    window: Window,
    taken: datetime,
) -> Headline:
    """Return the state of a signal at a place from its judged steps alone.

    Args:
        window: What is looked at: it selects steps.
    """
    inside = [r for r in steps if r.window and r.window.end > window.start]
    series = by_series(r for r in inside if r.window and r.window.start < window.end)
    if not series:
        return Headline(
            signal=signal.name, place=place, status="no_data", reading="no_data",
            reason="nothing has been evaluated yet",
        )  # fmt: skip
    runs = {
        key: spells(history, taken=taken, certain=signal.certain, lasting=signal.lasting)
        for key, history in series.items()
    }
    return _Summary(signal, place, series, runs, window, taken).headline()


@dataclass(frozen=True, slots=True)
class _Summary:
    signal: Signal
    place: Place
    series: Mapping[Series, Sequence[MetricResult]]
    runs: Mapping[Series, Sequence[Spell]]
    window: Window
    taken: datetime

    def headline(self) -> Headline:
        breaches = self._open()
        leading = breaches[0][1].latest if breaches else self._leading()
        status = self._status(bool(breaches))
        last = None if breaches else self._last()
        since = min((self._began(key, spell) for key, spell in breaches), default=None)
        features = dict.fromkeys(key.place.feature for key, _ in breaches)
        why = leading or self._blind()
        return Headline(
            signal=self.signal.name,
            place=self.place,
            status=status,
            reading=reading_of(status, leading, last),
            leading=leading,
            since=since,
            is_older=since is not None and since <= self.window.start,
            open=len({key[:2] for key, _ in breaches}),
            judged=self._judged_count(),
            names=tuple(filter(None, features)),
            last=last,
            trend=self._trend(),
            as_of=self._as_of(),
            reason="" if status == "breached" else why.reason,
            hint=why.hint,
        )

    def _judged_count(self) -> int:
        """Return how many metrics of how many places have a verdict, on steps of any length."""
        return len({key[:2] for key, history in self.series.items() if _judged(history)})

    def _open(self) -> list[tuple[Series, Spell]]:
        """Return what is in breach at the end of the window, the worst first."""
        found = [(k, runs[-1]) for k, runs in self.runs.items() if runs and runs[-1].end is None]
        return sorted(found, key=lambda each: (-excess(each[1].latest), str(each[0].place)))

    def _last(self) -> Spell | None:
        over = [spell for runs in self.runs.values() for spell in runs if spell.end is not None]
        return max(over, key=lambda spell: (spell.end or self.taken, spell.steps), default=None)

    def _coarse(self) -> timedelta:
        return max(key.step for key in self.series)

    def _leading(self) -> MetricResult | None:
        """Return the last judged step of the leading metric, on the coarsest steps; else the worst."""
        step = self._coarse()
        latest = [
            _judged(history)[-1]
            for key, history in self.series.items()
            if key.step == step and _judged(history)
        ]
        own = [r for r in latest if r.metric == self.signal.leading]
        return max(own or latest, key=lambda r: (_end(r), excess(r)), default=None)

    def _blind(self) -> MetricResult:
        newest = [history[-1] for history in self._decisive().values()]
        return min(newest, key=lambda r: STATUSES.index(r.status))

    def _status(self, breached: bool) -> Status:  # noqa: FBT001 - one caller
        if breached:
            return "breached"
        as_of = self._as_of()
        if as_of is None:
            return self._blind().status
        return "stale" if min(self.taken, self.window.end) - as_of > self._patience() else "ok"

    def _patience(self) -> timedelta:
        step = self._coarse()
        return SILENCE_OF_DAYS if step >= DAY else max(SILENCE, OF * step)

    def _as_of(self) -> datetime | None:
        ends = [_end(r) for history in self._decisive().values() for r in _judged(history)[-1:]]
        return max(ends, default=None)

    def _decisive(self) -> Mapping[Series, Sequence[MetricResult]]:
        """Return the series that say how it is: of a signal of days these, where they have a verdict.

        Its hours say what is gross alone, and that nothing is does not mean that all is well.
        """
        step = self._coarse()
        coarse = {key: history for key, history in self.series.items() if key.step == step}
        is_known = any(_judged(history) for history in coarse.values())
        return coarse if step >= DAY and is_known else self.series

    def _began(self, key: Series, spell: Spell) -> datetime:
        """Return when a breach began, to the finest step that is known of it.

        What breached on finer steps until its coarser ones did is the same breach.
        """
        same = {other: h for other, h in self.series.items() if other[:2] == key[:2]}
        steps = list(chain.from_iterable(same.values()))
        every = [Span(s.start, s.end, other.step) for other in same for s in self.runs[other]]
        own = Span(spell.start, spell.end, key.step)
        first = next(group[0] for group in overlapping(every, lambda each: each) if own in group)
        return first_step(first.start, first.step, steps).start

    def _trend(self) -> tuple[float | None, ...]:
        step = self._coarse()
        coarse = {k: h for k, h in self.series.items() if k.step == step}
        leads = [h for k, h in coarse.items() if k.metric == self.signal.leading]
        every = list(chain.from_iterable(coarse.values()))
        starts = sorted(set(map(_start, every)))
        if len(leads) == 1:
            values = {_start(r): r.value for r in leads[0]}
        else:
            values = _breach_counts(every)
        return tuple(map(values.get, starts))


def _breach_counts(results: Iterable[MetricResult]) -> dict[datetime, float | None]:
    """Return how many breached, by the start of the steps at which anything has a verdict."""
    counts = Counter[datetime]()
    for result in _judged(results):
        counts[_start(result)] += result.status == "breached"
    return {start: float(count) for start, count in counts.items()}


def _judged(history: Iterable[MetricResult]) -> list[MetricResult]:
    return [result for result in history if result.status in JUDGED]


def _is_beyond(result: MetricResult) -> bool:
    return result.value is not None and is_beyond(result.value, result.threshold, result.worse)


def _start(result: MetricResult) -> datetime:
    assert result.window is not None  # noqa: S101 - series hold none without
    return result.window.start


def _end(result: MetricResult) -> datetime:
    assert result.window is not None  # noqa: S101 - as above
    return result.window.end


def reading_of(status: Status, leading: MetricResult | None, last: Spell | None) -> Reading:
    """Return how a status reads beside the number that stands for it and the breach that is over."""
    if status == "ok":
        return "was_breached" if last is not None else _reading_of_ok(leading)
    if status == "not_enough_data":
        few = leading is None or "needed" in leading.reason
        return "too_few_rows" if few else "withheld"
    return status


def _reading_of_ok(leading: MetricResult | None) -> Reading:
    if leading is not None and leading.status == "breached":
        return "unconfirmed"  # one step of the two that it takes
    return "within_chance" if leading is not None and _is_beyond(leading) else "ok"
