"""A half-open interval of time in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAY = timedelta(days=1)
#: What a time that comes from outside lies between: weeks can be added on either side.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """`[start, end)` in UTC. One measurement covers one window.

    Raises:
        ValueError: A bound has no time zone, or `start` is not before `end`.

    >>> week = Window.last(timedelta(days=7), until=datetime(2026, 1, 8, tzinfo=UTC))
    >>> str(week)
    '2026-01-01 00:00 to 2026-01-08 00:00 UTC'
    >>> datetime(2026, 1, 8, tzinfo=UTC) in week
    False
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"a window needs UTC bounds, got {self.start!r} and {self.end!r}")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.start >= self.end:
            raise ValueError(f"start < end, got {self.start} and {self.end}")

    @classmethod
    def last(cls, length: timedelta, *, until: datetime) -> Window:
        """Return the window of this length that ends at `until`."""
        return cls(until - length, until)

    @classmethod
    def day(cls, day: date) -> Window:
        """Return one UTC day.

        >>> str(Window.day(date(2026, 1, 1)))
        '2026-01-01 00:00 to 2026-01-02 00:00 UTC'
        """
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return cls(start, start + DAY)

    def __contains__(self, time: datetime) -> bool:
        return self.start <= time < self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    def days(self) -> tuple[date, ...]:
        """Return the UTC days that the window touches.

        >>> [str(d) for d in Window(datetime(2026, 1, 1, 23, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)).days()]
        ['2026-01-01']
        """
        first = self.start.date()
        last = (self.end - timedelta(microseconds=1)).date()
        return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))

    def whole_days(self) -> Window:
        """Return the window that begins at midnight, for what is counted by day."""
        return Window(Window.day(self.start.date()).start, self.end)

    def split(self, step: timedelta) -> tuple[Window, ...]:
        """Cut into windows of `step`; the last one may be shorter."""
        windows = []
        start = self.start
        while start < self.end:
            windows.append(Window(start, min(start + step, self.end)))
            start += step
        return tuple(windows)
