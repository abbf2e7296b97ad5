"""What the sample workspace covers, derived from a day and a seed alone."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

#: Raise it whenever the content of the sample workspace changes.
VERSION = 6
#: What a finished workspace holds.
COMPLETE = "complete.json"

DAY = timedelta(days=1)

#: The dataset's first and last local day, and the day after the last one that v1 was trained on.
FIRST_FLIGHT_DAY = date(2013, 1, 1)
LAST_FLIGHT_DAY = date(2013, 12, 31)
TRAINING_END = date(2013, 4, 1)

METRIC_RETENTION_DAYS = 93
LOG_RETENTION_DAYS = 31
ACTIVITY_RETENTION_DAYS = 90
DIGITS_DAYS = 62


@dataclass(frozen=True, slots=True)
class Plan:
    """Today (UTC), the seed, and the share of the flights to keep (less than 1 only in tests).

    >>> plan = Plan(date(2026, 11, 21), seed=2013)
    >>> LAST_FLIGHT_DAY + plan.shift, plan.shift.days % 7
    (datetime.date(2026, 11, 24), 0)
    """

    today: date
    seed: int
    share: float = 1.0

    @property
    def shift(self) -> timedelta:
        """How far the flights of 2013 move: the fewest whole weeks that reach tomorrow."""
        days = (self.today + DAY - LAST_FLIGHT_DAY).days
        return timedelta(weeks=-(-days // 7))

    @property
    def midnight(self) -> datetime:
        """The start of today."""
        return datetime.combine(self.today, time(), tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The end of tomorrow: no row is later."""
        return self.midnight + 2 * DAY

    @property
    def metrics_start(self) -> datetime:
        """The first minute of the platform metrics."""
        return self.midnight - METRIC_RETENTION_DAYS * DAY

    @property
    def logs_start(self) -> datetime:
        """The first minute of the endpoint logs."""
        return self.midnight - LOG_RETENTION_DAYS * DAY

    @property
    def activity_start(self) -> datetime:
        """The first minute of the activity log."""
        return self.midnight - ACTIVITY_RETENTION_DAYS * DAY

    @property
    def digits_start(self) -> datetime:
        """When the digits endpoint went live."""
        return self.midnight - DIGITS_DAYS * DAY

    @property
    def serving_start(self) -> datetime:
        """When the two flight endpoints went live."""
        return datetime.combine(TRAINING_END + self.shift, time(), tzinfo=UTC)

    @property
    def green_start(self) -> datetime:
        """When the second deployment of flight-delay came to stay."""
        return self.midnight - timedelta(days=17) + timedelta(hours=10)

    def random(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of one purpose, so that one part never shifts another's."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])


def instant(moment: datetime) -> np.datetime64:
    """Return an aware datetime as naive UTC for numpy.

    >>> instant(datetime(2026, 1, 1, tzinfo=UTC))
    np.datetime64('2026-01-01T00:00:00.000')
    """
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "ms")
