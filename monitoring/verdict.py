"""The one verdict: when a number is beyond its limit, and when a run of steps is a breach.

Decided once, for every signal. A value equal to its threshold is not beyond it. Two of the last three
judged steps open a breach and two of three good ones close it; a step without a verdict does neither.
It began with the first breached step of those that opened it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.metric import MetricResult, Status, Worse
from monitoring.window import DAY, Window

#: Fewer rows than this on either side and there is no verdict.
LEAST_ROWS = 30
#: Share of false alarms among the alarms of one run that is tolerated.
FALSE_DISCOVERY_RATE = 0.05
#: Steps that must breach, of how many.
NEEDED, OF = 2, 3
#: Without a verdict for so long, and for three steps, a breach is over: nobody is hit any more that
#: we know of. Shorter silence, as at night, neither opens nor closes one.
SILENCE = timedelta(hours=12)
JUDGED: frozenset[Status] = frozenset({"ok", "breached"})


def is_beyond(value: float, threshold: float, worse: Worse) -> bool:
    """Whether a value lies beyond its threshold; equal is not beyond, NaN neither.

    >>> is_beyond(0.2, 0.1, "higher"), is_beyond(0.1, 0.1, "higher"), is_beyond(0.01, 0.05, "lower")
    (True, False, True)
    """
    return value > threshold if worse == "higher" else value < threshold


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
    ended: list[Spell] = []
    run: list[_Step] = []
    recent: list[_Step] = []
    needed = 1 if certain else NEEDED
    for step in _judged(history):
        if recent and not lasting and _is_silent(recent[-1].window, step.window):
            ended += [_spell(run, needed, is_open=False)] if run else []
            run, recent = [], []
        recent = [*recent[1 - OF :], step]
        if _fires(recent, needed):
            run = [*run, step] if run else _opening(recent)
        elif run:
            ended.append(_spell(run, needed, is_open=False))
            run = []
    if run:
        ended.append(_spell(run, needed, is_open=lasting or not _fell_silent(recent[-1], taken)))
    return tuple(ended)


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


def _is_silent(before: Window, after: Window) -> bool:
    return after.start - before.end > max(SILENCE, OF * before.length)


def _fell_silent(last: _Step, taken: datetime | None) -> bool:
    """Whether a metric of hours has not been measured for too long; days wait for labels."""
    if taken is None or last.window.length >= DAY:
        return False
    return taken - last.window.end > max(SILENCE, OF * last.window.length)


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


def since(history: Iterable[MetricResult], *, taken: datetime | None = None) -> datetime | None:
    """Return the start of the breach that is still open at the end of a history; None if none is.

    >>> since([]) is None
    True
    """
    found = spells(history, taken=taken)
    return found[-1].start if found and found[-1].end is None else None
