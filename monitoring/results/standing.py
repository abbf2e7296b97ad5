"""Which of several evaluations of a step counts: the newest, as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from monitoring.results.numbers import Series
from monitoring.window import Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND, _MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


def seconds(moment: datetime) -> int:
    """Return whole seconds since 1970.

    >>> seconds(datetime(1970, 1, 2, tzinfo=UTC)), moment(86_400)
    (86400, datetime.datetime(1970, 1, 2, 0, 0, tzinfo=datetime.timezone.utc))
    """
    return (moment - _EPOCH) // _SECOND


def microseconds(moment: datetime) -> int:
    """Return microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(since: int, *, unit: timedelta = _SECOND) -> datetime:
    """Return a moment so many units after 1970."""
    return _EPOCH + since * unit


def precise_moment(since: int) -> datetime:
    """Return a moment so many microseconds after 1970."""
    return moment(since, unit=_MICROSECOND)


class Stored(NamedTuple):
    """A row of the evaluations. last: start of its last step, in seconds; evaluated: microseconds."""

    id: int
    series: int
    last: int
    revision: int
    steps: int
    in_force: str
    fingerprint: str
    version: int
    evaluated: int
    seconds: float
    complete: bool
    payload: bytes

    def starts(self, step: int) -> range:
        """When its steps of so many seconds begin."""
        return range(self.last - (self.steps - 1) * step, self.last + 1, step)

    @property
    def age(self) -> tuple[int, int]:
        """What puts evaluations in order: when made, then when written, since clocks may stand."""
        return self.evaluated, self.id

    @property
    def state(self) -> tuple[object, ...]:
        """What two evaluations of a series have in common that say the same."""
        what = self.last, self.steps, self.in_force, self.fingerprint, self.version
        return (*what, b"" if self.complete else self.payload)


#: Number of a series and start of a step.
Step = tuple[int, int]


def standing(rows: Iterable[Stored], known: Mapping[int, Series]) -> dict[Step, Stored]:
    """Return the evaluation that counts for each step."""
    return {
        (row.series, start): row
        for row in sorted(rows, key=lambda row: row.age)
        for start in row.starts(known[row.series].seconds)
    }


def inside(window: Window) -> range:
    """Return the seconds in which steps of a window may begin.

    >>> inside(Window(moment(60), moment(120)))
    range(60, 120)
    """
    return range(*(-((_EPOCH - bound) // _SECOND) for bound in (window.start, window.end)))


def runs(starts: Iterable[int], step: int) -> tuple[Window, ...]:
    """Return the windows of consecutive steps.

    >>> [window.length.total_seconds() for window in runs([0, 60, 180], 60)]
    [120.0, 60.0]
    """
    windows: list[list[int]] = []
    for start in sorted(starts):
        if windows and windows[-1][1] == start:
            windows[-1][1] = start + step
        else:
            windows.append([start, start + step])
    return tuple(Window(moment(start), moment(end)) for start, end in windows)
