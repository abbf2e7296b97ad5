"""Fewer points of a lane with its spikes kept, and a lane as it was known at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from monitoring.incidents.lane import Lane

Indices: TypeAlias = NDArray[np.intp]
T = TypeVar("T")

#: A stretch keeps its least, its greatest, a gap and a breach at most.
KEPT_PER_STRETCH = 4


def thinned(lane: Lane, points: int) -> Lane:
    """Return a lane of at most `points` steps, drawn like the whole one.

    The steps are cut into stretches of equal number. Each keeps its least and its greatest value, one
    nan if it has any, and a breached step if it has any, so that neither a spike, nor a gap, nor a
    breach vanishes.

    Args:
        points: At least 4.

    >>> import numpy as np
    >>> from monitoring.incidents.lane import Lane
    >>> hours = np.arange(8).astype("datetime64[h]").astype("datetime64[s]")
    >>> y = np.array([1.0, 9.0, 2.0, 3.0, 3.0, np.nan, 0.5, 4.0])
    >>> lane = Lane(name="x", label="X", group="traffic", place=None, times=hours, values=y)
    >>> thinned(lane, 4).values.tolist()
    [9.0, nan, 0.5]
    """
    if points < KEPT_PER_STRETCH:
        raise ValueError(f"a lane keeps {KEPT_PER_STRETCH} points or more, got {points}")
    if len(lane.times) <= points:
        return lane
    breached = np.array([status == "breached" for status in lane.statuses], dtype=bool)
    for per_stretch in range(2, KEPT_PER_STRETCH + 1):  # most keep two
        stretches = np.array_split(np.arange(len(lane.times)), points // per_stretch)
        places = np.concatenate([_kept(stretch, lane, breached) for stretch in stretches])
        if len(places) <= points:
            break
    return taken(lane, places)


def _kept(stretch: Indices, lane: Lane, breached: NDArray[np.bool_]) -> Indices:
    values = lane.values[stretch]
    blind = np.isnan(values)
    known = stretch[~blind]
    kept = set(stretch[blind][:1].tolist())
    if len(known):
        kept |= {int(known[lane.values[known].argmin()]), int(known[lane.values[known].argmax()])}
        bad = known[breached[known]] if len(breached) else known[:0]
        if len(bad):
            furthest = (
                lane.values[bad].argmin() if lane.worse == "lower" else lane.values[bad].argmax()
            )
            kept.add(int(bad[furthest]))
    return np.array(sorted(kept), dtype=np.intp)


def taken(lane: Lane, places: Indices) -> Lane:
    """Return a lane of some of its steps."""
    return replace(
        lane,
        times=lane.times[places],
        values=lane.values[places],
        statuses=_picked(lane.statuses, places),
        notes=_picked(lane.notes, places),
    )


def _picked(items: Sequence[T], places: Indices) -> tuple[T, ...]:
    return tuple(items[place] for place in places.tolist()) if items else ()


def as_of(lane: Lane, moment: datetime) -> Lane:
    """Return a lane as it was known at a moment: steps that were over by then, events before it."""
    at = np.datetime64(moment.replace(tzinfo=None), "s")
    over = lane.times + np.timedelta64(lane.step_seconds, "s") <= at
    then = taken(lane, np.flatnonzero(over))
    return replace(then, events=tuple(event for event in lane.events if event.time <= moment))


def within(lane: Lane, start: datetime, end: datetime) -> Lane:
    """Return the part of a lane that a window touches."""
    first, last = (np.datetime64(t.replace(tzinfo=None), "s") for t in (start, end))
    step = np.timedelta64(lane.step_seconds, "s")
    inside = (lane.times + step > first) & (lane.times < last)
    part = taken(lane, np.flatnonzero(inside))
    return replace(part, events=tuple(e for e in lane.events if start <= e.time < end))
