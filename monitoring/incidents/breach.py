"""When a judged metric was in breach, with hysteresis: two of three steps open and close it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from monitoring.incident import Breach
from monitoring.incidents.words import label_of
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signals.data_drift.report import excess
from monitoring.window import Window

#: Steps that must breach, of how many.
NEEDED, OF = 2, 3
#: What is a state or a fact and no estimate is certain at once: a second look would say the same.
CERTAIN_AT_ONCE = frozenset({"configuration", "jobs"})
#: Without a verdict for so long, and for three steps, a breach is over: nobody is hit any more that
#: we know of. Shorter silence, as at night, neither opens nor closes one.
SILENCE = timedelta(hours=12)
DAY = timedelta(days=1)

#: Signal, metric, place.
Key: TypeAlias = tuple[str, str, Place]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A result with a verdict, and its window, which it has."""

    result: MetricResult
    window: Window

    @property
    def is_breach(self) -> bool:
        return self.result.status == "breached"


def found(results: Iterable[MetricResult], taken: datetime | None = None) -> tuple[Breach, ...]:
    """Return the breaches of all series, oldest first; the order of the results does not matter.

    Args:
        results: Judged numbers of any metrics, one a step.
        taken: Now; without it, what nothing was measured of after its breach lasts.
    """
    series: dict[Key, list[MetricResult]] = {}
    for result in results:
        series.setdefault((result.signal, result.metric, result.place), []).append(result)
    every = [breach for history in series.values() for breach in of_series(history, taken)]
    return tuple(sorted(every, key=lambda b: (b.start, str(b.place), b.signal, b.metric)))


def of_series(history: Sequence[MetricResult], taken: datetime | None = None) -> tuple[Breach, ...]:
    """Return the breaches of one metric of one place.

    It fires with the second breached step of three, begins with the first of them, and ends with
    its last breached step once two of three are good. A step without a verdict does neither.
    """
    judged = sorted(
        {
            (r.window.start, r.window.end): _Judged(r, r.window)
            for r in history
            if r.window and r.status in {"ok", "breached"}
        }.values(),
        key=lambda each: each.window,
    )
    found = []
    run: list[_Judged] = []  # steps of the breach that is open, good ones among them
    seen: list[_Judged] = []
    for each in judged:
        if seen and _is_silent(seen[-1], each):
            found += _closed(run)
            run, seen = [], []
        seen = [*seen[1 - OF :], each]
        firing = _fires(seen)
        if firing:
            first = next(n for n, step in enumerate(seen) if step.is_breach)
            run = [*run, each] if run else seen[first:]
        elif run:
            found += _closed(run)
            run = []
    if run:
        found.append(_breach(run, is_open=not _has_fallen_silent(seen[-1], taken)))
    return tuple(found)


def _fires(seen: Sequence[_Judged]) -> bool:
    if seen[-1].result.signal in CERTAIN_AT_ONCE:
        return seen[-1].is_breach
    return sum(step.is_breach for step in seen) >= NEEDED


def _is_silent(before: _Judged, after: _Judged) -> bool:
    """Whether too long nothing was known. A state lasts until it is changed, seen or not."""
    if after.result.signal == "configuration":
        return False
    quiet = after.window.start - before.window.end
    return quiet > max(SILENCE, OF * before.window.length)


def _has_fallen_silent(last: _Judged, taken: datetime | None) -> bool:
    """Whether a metric of hours has not been measured for too long; days wait for labels."""
    is_of_days = last.window.length >= DAY or last.result.signal == "configuration"
    if taken is None or is_of_days:
        return False
    return taken - last.window.end > max(SILENCE, OF * last.window.length)


def _closed(run: Sequence[_Judged]) -> list[Breach]:
    return [_breach(run, is_open=False)] if run else []


def _breach(run: Sequence[_Judged], *, is_open: bool) -> Breach:
    bad = [step for step in run if step.is_breach]
    first = bad[0].result
    needed = 1 if first.signal in CERTAIN_AT_ONCE else NEEDED
    return Breach(
        signal=first.signal,
        metric=first.metric,
        label=label_of(first.metric),
        place=first.place,
        start=bad[0].window.start,
        end=None if is_open else bad[-1].window.end,
        fired=bad[min(needed, len(bad)) - 1].window.end,
        worst=max((step.result for step in bad), key=_badness),
        steps=len(bad),
    )


def _badness(result: MetricResult) -> tuple[float, float]:
    return excess(result), -result.window.start.timestamp() if result.window else 0.0


def closes(breach: Breach, taken: datetime) -> datetime:
    """Return when a breach ended; `taken` while it lasts."""
    return breach.end or taken
