"""Judged numbers and events for tests: hours of one metric, told by letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from places import at

from monitoring.event import Event
from monitoring.metric import MetricResult, Status
from monitoring.window import Window

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LETTERS: dict[str, Status] = {"b": "breached", "o": "ok", ".": "no_data", "f": "not_enough_data"}


def steps(
    letters: str,
    *,
    subject: str = "credit/blue",
    signal: str = "traffic",
    metric: str = "error_rate",
    start: datetime = START,
    step: timedelta = HOUR,
    rows: int = 100,
    value: float = 0.5,
) -> list[MetricResult]:
    """One result a letter: `b` breached, `o` ok, `.` no data, `f` too few."""
    return [
        MetricResult(
            signal=signal,
            metric=metric,
            place=at(subject),
            status=LETTERS[letter],
            threshold=0.1,
            value={"b": value, "o": 0.0}.get(letter),
            rows=rows,
            window=Window(start + n * step, start + (n + 1) * step),
        )
        for n, letter in enumerate(letters)
    ]


def event(hours: float, kind: Any = "deployment", **fields: Any) -> Event:
    """Something on credit/blue so many hours after the start."""
    given = {
        "title": f"ann wrote the deployment credit/blue at {hours:g} h",
        "source": "activity log",
        "endpoint": "credit",
        "deployment": "blue",
        "alike": "write",
    }
    return Event(time=START + hours * HOUR, kind=kind, **{**given, **fields})
