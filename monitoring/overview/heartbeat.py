"""Whether anybody still evaluates: what is kept says nothing of now once the rounds end."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitoring.results.leases import Round

#: Without a finished round for so long, what is shown is old.
PATIENCE = timedelta(minutes=15)


def stale(last: Round | None, now: datetime) -> str:
    """Return since when no round has finished; empty while monitoring is up to date.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    >>> last = Round(holder="a", began=noon, finished=noon)
    >>> stale(last, noon + timedelta(minutes=15))
    ''
    >>> stale(last, noon + timedelta(minutes=20))
    'Stale monitoring: no round finished since 12:00 UTC.'
    >>> stale(None, noon)
    'Stale monitoring: no round has begun yet.'
    """
    if last is None:
        return "Stale monitoring: no round has begun yet."
    moment = last.finished or last.began
    if now - moment <= PATIENCE:
        return ""
    day = "" if moment.date() == now.date() else f"{moment:%d %b} "
    return f"Stale monitoring: no round finished since {day}{moment:%H:%M} UTC."


def is_first(last: Round | None) -> bool:
    """Whether the first round is still to finish: what is not there yet is being measured."""
    return last is None or last.finished is None
