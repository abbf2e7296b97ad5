"""What a bundle may hold, whoever made it: how much of each thing, and that its parts fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain

import numpy as np

from monitoring.errors import InputError
from monitoring.incidents.frozen import MOST_MOMENTS, Frozen, LogLines
from monitoring.incidents.lane import Lane
from monitoring.window import EARLIEST, LATEST

#: A year of retention and a month; the product itself shows 90 days.
LONGEST_WINDOW = timedelta(days=400)
LONGEST_STEP_SECONDS = 32 * 86_400
MOST_LANES, MOST_STEPS = 1_000, 50_000
MOST_LOGS, MOST_COLUMNS, MOST_LINES = 20, 100, 20_000
MOST_INCIDENTS, MOST_BREACHES, MOST_SUSPECTS = 2_000, 1_000, 1_000


def check(frozen: Frozen) -> None:
    """Refuse what no version of the product has written.

    Raises:
        InputError: The first rule that is broken.
    """
    fault = next(chain(_of_whole(frozen), _of_lanes(frozen.lanes), _of_logs(frozen.logs)), None)
    if fault:
        raise InputError(
            f"Cannot open the bundle: {fault}",
            hint="Ask for the file again: it is damaged or no frozen incident.",
        )


def _of_whole(frozen: Frozen) -> Iterator[str]:
    days = frozen.window.length / timedelta(days=1)
    if frozen.window.length > LONGEST_WINDOW:
        yield f"its window has {days:,.0f} days, more than {LONGEST_WINDOW.days}"
    if not frozen.moments:
        yield "it holds no moment"
    times = [moment.time for moment in frozen.moments]
    if times != sorted(times):
        yield "its moments are not in the order of time"
    known = [
        *frozen.incidents,
        frozen.incident,
        *(m.incident for m in frozen.moments if m.incident),
    ]
    counts = (
        ("moments", len(times), 2 * MOST_MOMENTS),
        ("incidents", len(frozen.incidents), MOST_INCIDENTS),
        ("breaches of an incident", max(len(i.breaches) for i in known), MOST_BREACHES),
        ("suspects", max((len(m.suspects) for m in frozen.moments), default=0), MOST_SUSPECTS),
        ("lanes", len(frozen.lanes), MOST_LANES),
        ("logs", len(frozen.logs), MOST_LOGS),
        ("columns of a log", max((len(g.columns) for g in frozen.logs), default=0), MOST_COLUMNS),
        ("lines of a log", max((len(g.rows) for g in frozen.logs), default=0), MOST_LINES),
    )
    for what, found, most in counts:
        if found > most:
            yield f"it holds {found:,} {what}, more than {most:,}"
    yield from _repeated("incidents", (incident.id for incident in frozen.incidents))


def _of_lanes(lanes: Iterable[Lane]) -> Iterator[str]:
    for lane in lanes:
        steps = len(lane.times)
        if len(lane.values) != steps:
            yield f"the lane {lane.name!r} has {steps:,} times for {len(lane.values):,} values"
        for what, each in (("verdicts", lane.statuses), ("notes", lane.notes)):
            if len(each) not in {0, steps}:
                yield f"the lane {lane.name!r} has {len(each):,} {what} for {steps:,} steps"
        if steps > MOST_STEPS:
            yield f"the lane {lane.name!r} has {steps:,} steps, more than {MOST_STEPS:,}"
        if not 1 <= lane.step_seconds <= LONGEST_STEP_SECONDS:
            yield f"a step of the lane {lane.name!r} lasts {lane.step_seconds:,} s"
        seconds = lane.times.astype(np.int64)
        if (seconds[1:] < seconds[:-1]).any():
            yield f"the times of the lane {lane.name!r} are not in order"
        if ((seconds < EARLIEST.timestamp()) | (seconds > LATEST.timestamp())).any():
            yield f"the lane {lane.name!r} has a time outside of {EARLIEST:%Y} to {LATEST:%Y}"


def _of_logs(logs: Iterable[LogLines]) -> Iterator[str]:
    yield from _repeated("logs", (log.name for log in logs))
    for log in logs:
        yield from _repeated(f"columns of the log {log.name!r}", log.columns)
        if any(len(row) != len(log.columns) for row in log.rows):
            yield f"a line of the log {log.name!r} has not {len(log.columns)} columns"


def _repeated(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{times} {what} are called {name[:60]!r}"
