"""The one verdict: when a number is beyond its limit, and when a run of steps is a breach.

Decided once, for every signal, and every result is made here. A value equal to its threshold is not
beyond it. Two of the last three judged steps open a breach and two of three good ones close it; a step
without a verdict does neither. It began with the first breached step of those that opened it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict, TypeVar

from monitoring.metric import Interval, MetricResult, Mode, Status, Worse
from monitoring.window import DAY, Window

if TYPE_CHECKING:
    from typing import Unpack

    from monitoring.arrays import Kind
    from monitoring.place import Place

T = TypeVar("T")

#: What has to lie beyond the limit.
By = Literal["value", "interval"]

#: Fewer rows than this on either side and there is no verdict.
LEAST_ROWS = 30
#: Share of false alarms among the alarms of one run that is tolerated; of one test alone, its level.
FALSE_DISCOVERY_RATE = 0.05
#: Steps that must breach, of how many.
NEEDED, OF = 2, 3
#: Without a verdict for so long, and for three steps, a breach is over: nobody is hit any more that
#: we know of. Shorter silence, as at night, neither opens nor closes one.
SILENCE = timedelta(hours=12)
#: Why a step that is not over gets no verdict: its hours are not a whole day's.
UNFINISHED = "it is not over"
JUDGED: frozenset[Status] = frozenset({"ok", "breached"})


def is_beyond(value: float, threshold: float, worse: Worse) -> bool:
    """Whether a value lies beyond its threshold; equal is not beyond, NaN neither.

    >>> is_beyond(0.2, 0.1, "higher"), is_beyond(0.1, 0.1, "higher"), is_beyond(0.01, 0.05, "lower")
    (True, False, True)
    """
    return value > threshold if worse == "higher" else value < threshold


class Facts(TypedDict, total=False):
    """What is known of a number before it is judged: the fields of its result."""

    signal: str
    metric: str
    place: Place
    threshold: float
    worse: Worse
    unit: str
    method: str
    mode: Mode
    kind: Kind | None
    window: Window | None
    value: float | None
    interval: Interval | None
    noise_floor: float | None
    error_bound: float
    pvalue: float | None
    adjusted_pvalue: float | None
    reference_rows: int
    rows: int
    service_verdict: Status | None
    reason: str
    hint: str


def draft(**facts: Unpack[Facts]) -> MetricResult:
    """Return a result that is to be judged; as it stands, nothing was measured."""
    return MetricResult(status="no_data", **facts)


def too_few(rows: int, needed: int, of: str = "rows") -> str:
    """Return that there are too few, and how many it takes; empty where there are enough.

    >>> too_few(12, 30), too_few(30, 30), too_few(12, 100, "labels")
    ('12 rows, 30 needed', '', '12 labels, 100 needed')
    """
    return "" if rows >= needed else f"{rows:,} {of}, {needed:,} needed"


def judge(
    measured: MetricResult,
    *,
    by: By = "value",
    blind: tuple[Status, str] | None = None,
    withheld: str = "",
    few: str = "",
    chance: str = "",
    floor: str = "chance does as much at so few rows",
    tested: str = "not significant among all features",
) -> MetricResult:
    """Return a result with its verdict.

    The first of these that holds: nothing could be seen; nothing was measured; the verdict is
    withheld; there are too few rows; the value is inside its limit; chance does as much; it breaches.

    Args:
        measured: A draft, or a result that is judged again; its reason stays where it is judged.
        by: What has to lie beyond the limit.
        blind: Status and reason where nothing could be seen.
        withheld: Why there is no verdict although there is a number.
        few: That the rows are too few (`too_few`).
        chance: That chance may do as much, by a test of the signal's own.
        floor: What the noise floor says of a value that does not exceed it.
        tested: What is said where the p-value, adjusted if there are several, is too large.

    >>> from monitoring.place import WORKSPACE
    >>> rate = draft(signal="s", metric="m", place=WORKSPACE, threshold=0.1, value=0.2)
    >>> judge(rate).status, judge(rate, few=too_few(3, LEAST_ROWS)).reason
    ('breached', '3 rows, 30 needed')
    >>> judge(replace(rate, interval=Interval(0.05, 0.4)), by="interval").reason
    'beyond the threshold, but its interval reaches it'
    """
    if blind is not None:
        return replace(measured, status=blind[0], reason=blind[1])
    value = measured.value
    if value is None:
        return replace(measured, status="no_data")
    if no_verdict := withheld or few:
        return replace(measured, status="not_enough_data", reason=no_verdict)
    if not is_beyond(value, measured.threshold, measured.worse):
        return replace(measured, status="ok")
    why = chance or _chance(measured, value, by, floor, tested)
    if not why:
        return replace(measured, status="breached")
    reasons = f"beyond the threshold, but {why}", measured.reason
    return replace(measured, status="ok", reason="; ".join(filter(None, reasons)))


def _chance(measured: MetricResult, value: float, by: By, floor: str, tested: str) -> str:
    """Return why chance may do as much; empty where it does not."""
    limit, worse = measured.threshold, measured.worse
    if by == "interval" and measured.interval is not None:
        near = measured.interval.low if worse == "higher" else measured.interval.high
        if not is_beyond(near, limit, worse):
            return "its interval reaches it"
    if measured.noise_floor is not None and not is_beyond(value, measured.noise_floor, worse):
        return floor
    pvalue = measured.pvalue if measured.adjusted_pvalue is None else measured.adjusted_pvalue
    return tested if pvalue is not None and pvalue > FALSE_DISCOVERY_RATE else ""


def unjudged(result: MetricResult, reason: str) -> MetricResult:
    """Return what is shown without being held to a limit, and cannot breach."""
    return replace(result, status="ok", reason=reason)


def withhold(result: MetricResult, reason: str, hint: str = "") -> MetricResult:
    """Take the verdict from a result that has one, as from a day that is not over."""
    if result.status not in JUDGED:
        return result
    return replace(result, status="not_enough_data", reason=reason, hint=hint or result.hint)


def held_to(result: MetricResult, threshold: float) -> MetricResult:
    """Return a result judged by another threshold.

    What has an interval breaches when the whole of it lies beyond; what has no verdict gets none.

    >>> from monitoring.place import Place
    >>> slow = MetricResult(signal="traffic", metric="latency_p95", place=Place(endpoint="a"),
    ...     status="ok", threshold=1000.0, value=700.0)
    >>> held_to(slow, 500.0).status, held_to(slow, 700.0).status
    ('breached', 'ok')
    """
    again = replace(result, threshold=threshold)
    return judge(again, by="interval") if result.status in JUDGED else again


def excess(result: MetricResult) -> float:
    """Return value over threshold, turned so that more is worse: 1 at the threshold, 0 without either.

    >>> from types import SimpleNamespace
    >>> round(excess(SimpleNamespace(value=0.3, threshold=0.1, worse="higher")), 3)
    3.0
    """
    if result.value is None or not result.threshold:
        return 0.0
    ratio = result.value / result.threshold
    return ratio if result.worse == "higher" else 1 / max(ratio, 1e-300)


def confirmed(statuses: Sequence[Status]) -> bool:
    """Whether enough of the last judged steps breached to alarm.

    >>> confirmed(["breached", "ok", "breached"]), confirmed(["breached", "ok", "ok", "breached"])
    (True, False)
    """
    recent = [status for status in statuses if status in JUDGED][-OF:]
    return recent.count("breached") >= NEEDED


@dataclass(frozen=True, slots=True)
class Spell:
    """A run of steps in breach, good ones among them.

    end: None while it lasts. fired: when it was certain. worst: the step furthest beyond. latest: the
    last judged step of it. steps: how many breached.
    """

    start: datetime
    end: datetime | None
    fired: datetime
    worst: MetricResult
    latest: MetricResult
    steps: int


@dataclass(frozen=True, slots=True)
class _Step:
    result: MetricResult
    window: Window

    @property
    def is_breach(self) -> bool:
        return self.result.status == "breached"


def spells(
    history: Iterable[MetricResult],
    *,
    taken: datetime | None = None,
    certain: bool = False,
    lasting: bool = False,
) -> tuple[Spell, ...]:
    """Return the breaches of one series, oldest first.

    Args:
        history: Results of one metric of one place on steps of one length, in any order.
        taken: Now; without it, what nothing was measured of since its breach lasts.
        certain: It is a fact and no estimate: one step is enough, a second look would say the same.
        lasting: It is a state that lasts until it is changed, seen or not.
    """
    history = tuple(history)
    if not any(result.status == "breached" for result in history):
        return ()
    fold = _Fold(1 if certain else NEEDED, lasting=lasting)
    for step in _judged(history):
        fold.add(step)
    if fold.run:
        fold.end(is_open=lasting or not _fell_silent(fold.recent[-1], taken))
    return tuple(fold.ended)


@dataclass(slots=True)
class _Fold:
    """Steps in time order, as runs in breach. recent: the last ones that are judged together."""

    needed: int
    lasting: bool
    ended: list[Spell] = field(default_factory=list)
    run: list[_Step] = field(default_factory=list)
    recent: list[_Step] = field(default_factory=list)

    def add(self, step: _Step) -> None:
        before = [] if self._is_cut_off(step) else self.recent[1 - OF :]
        self.recent = [*before, step]
        fires = _fires(self.recent, self.needed)
        if self.run and not (fires and before):
            self.end(is_open=False)
        if fires:
            self.run = [*self.run, step] if self.run else _opening(self.recent)

    def end(self, *, is_open: bool) -> None:
        self.ended.append(_spell(self.run, self.needed, is_open=is_open))
        self.run = []

    def _is_cut_off(self, step: _Step) -> bool:
        """Whether too long nothing was known before a step for it to go on with what came before."""
        if self.lasting or not self.recent:
            return False
        return is_silent(self.recent[-1].window, step.window.start)


def _judged(history: Iterable[MetricResult]) -> list[_Step]:
    steps = {r.window: _Step(r, r.window) for r in history if r.window and r.status in JUDGED}
    return [steps[window] for window in sorted(steps)]


def _fires(recent: Sequence[_Step], needed: int) -> bool:
    if needed == 1:
        return recent[-1].is_breach
    return sum(step.is_breach for step in recent) >= needed


def _opening(recent: Sequence[_Step]) -> list[_Step]:
    first = next(at for at, step in enumerate(recent) if step.is_breach)
    return list(recent[first:])


def is_silent(last: Window, until: datetime) -> bool:
    """Whether too long nothing was known after a step, for what is measured again and again."""
    return until - last.end > max(SILENCE, OF * last.length)


def _fell_silent(last: _Step, taken: datetime | None) -> bool:
    """Whether a metric of hours has not been measured for too long; days wait for labels."""
    if taken is None or last.window.length >= DAY:
        return False
    return is_silent(last.window, taken)


def _spell(run: Sequence[_Step], needed: int, *, is_open: bool) -> Spell:
    bad = [step for step in run if step.is_breach]
    return Spell(
        start=bad[0].window.start,
        end=None if is_open else bad[-1].window.end,
        fired=bad[min(needed, len(bad)) - 1].window.end,
        worst=max((step.result for step in bad), key=_badness),
        latest=run[-1].result,
        steps=len(bad),
    )


def _badness(result: MetricResult) -> tuple[float, float]:
    return excess(result), -result.window.start.timestamp() if result.window else 0.0


def first_step(start: datetime, step: timedelta, steps: Iterable[MetricResult]) -> Window:
    """Return the step in which a breach began: the finest that breached inside its first one.

    Args:
        start: Of the breach, on steps of its own.
        steps: Of the same series, on steps of any length.

    >>> from datetime import UTC
    >>> first_step(datetime(2026, 1, 1, 15, tzinfo=UTC), timedelta(hours=1), []).end.hour
    16
    """
    whole = Window(start, start + step)
    finer = (
        r.window for r in steps if r.status == "breached" and r.window and r.window.length < step
    )
    inside = (window for window in finer if window.start in whole)
    return min(inside, key=lambda window: (window.length, window.start), default=whole)


class Span(NamedTuple):
    """How long a breach lasted, and on how long steps that was seen. end: None while it lasts."""

    start: datetime
    end: datetime | None
    step: timedelta


def overlapping(breaches: Iterable[T], span: Callable[[T], Span]) -> Iterator[list[T]]:
    """Yield the breaches of one series on steps of any length, those that overlap together.

    What breaches on steps of several lengths at once is one breach, in every place that tells of it.

    Args:
        breaches: In any order.
        span: Of one of them.
    """
    group: list[T] = []
    until: datetime | None = None
    for each in sorted(breaches, key=lambda b: (span(b).start, span(b).step)):
        start, end, _ = span(each)
        if group and until is not None and start > until:
            yield group
            group, until = [], end
        until = None if end is None or (group and until is None) else max(until or end, end)
        group.append(each)
    if group:
        yield group


def since(history: Iterable[MetricResult], *, taken: datetime | None = None) -> datetime | None:
    """Return the start of the breach that is still open at the end of a history; None if none is.

    >>> since([]) is None
    True
    """
    found = spells(history, taken=taken)
    return found[-1].start if found and found[-1].end is None else None
