"""What the console had not said before, and what it says far more often, as events.

A kind of line is new if no deployment of the endpoint wrote it before. How telling that is depends
on how long the log had been there to say it, and on whether it speaks of trouble.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitoring.event import Event

SOURCE = "console log"
DAY = timedelta(days=1)
#: Before the log was there for so long, what it had not said yet says little.
KNOWN_AFTER = 3 * DAY
#: A line that speaks of trouble is written far more often if it is, so many times the most of any
#: step of the week before, and at least so often.
SURGE, LEAST_LINES = 5, 10
WEEK = timedelta(days=7)
_TROUBLE = re.compile(
    r"\b(?:error|critical|fatal|exception|traceback|killed|oom|timeout|denied|refused|failed)\b|"
    r"error:|exception:",
    re.IGNORECASE,
)
_WARNING = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)
_ID = re.compile(r"\s*\b[\w-]*request-?id=\S+", re.IGNORECASE)


def of_console(records: Iterable[Mapping[str, Any]]) -> tuple[Event, ...]:
    """Return new kinds of lines and surges, in time order, from rows of `console_kinds.kql`."""
    kinds: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    begins: dict[str, datetime] = {}
    for record in records:
        endpoint, at = record["Endpoint"], record["First"]
        kinds.setdefault((endpoint, record["Signature"]), []).append(record)
        begins[endpoint] = min(at, begins.get(endpoint, at))
    found = []
    for (endpoint, _), rows in kinds.items():
        rows.sort(key=lambda row: row["First"])
        known_for = rows[0]["First"] - begins[endpoint]
        if known_for > timedelta():
            found.append(_new(rows[0], known_for))
        if _TROUBLE.search(rows[0]["Signature"]):
            found += _surges(rows, begins[endpoint])
    return tuple(sorted(found, key=lambda e: (e.time, e.title)))


def _new(row: Mapping[str, Any], known_for: timedelta) -> Event:
    days = known_for / DAY
    return _event(
        row,
        title=f"{_where(row)} wrote for the first time: {said(row['Message'])}",
        detail=f"{row['Lines']} such lines in the first step, none in {days:.1f} days of log before",
        weight=telling(row["Signature"]) * (1 - math.exp(-known_for / KNOWN_AFTER)),
        alike="new line",
    )


def _surges(rows: Sequence[Mapping[str, Any]], begin: datetime) -> list[Event]:
    """Return the first step of each surge; a surge is over after a day without one."""
    found: list[Event] = []
    last: datetime | None = None
    for at, row in enumerate(rows):
        now = row["TimeGenerated"]
        before = [r["Lines"] for r in rows[:at] if now - r["TimeGenerated"] <= WEEK]
        if now - begin < DAY or row["Lines"] < max(LEAST_LINES, SURGE * max(before, default=0)):
            continue
        # What is new is told already.
        if before and (last is None or now - last > DAY):
            title = f"{_where(row)} wrote far more often than before: {said(row['Message'])}"
            detail = (
                f"{row['Lines']} such lines in a step, {max(before)} at most in the week before"
            )
            weight = telling(row["Signature"])
            found.append(_event(row, title=title, detail=detail, weight=weight, alike="more lines"))
        last = now
    return found


def _event(row: Mapping[str, Any], *, title: str, detail: str, weight: float, alike: str) -> Event:
    return Event(
        time=row["First"],
        kind="console",
        title=title,
        source=SOURCE,
        endpoint=row["Endpoint"],
        deployment=row["Deployment"],
        detail=detail,
        count=row["Lines"],
        reference=row["Signature"],
        alike=f"{alike} {row['Endpoint']}",
        weight=weight,
    )


def telling(line: str) -> float:
    """Return how telling a new kind of line is by what it speaks of: trouble, a warning, or neither.

    >>> telling("ERROR upload failed"), telling("WARNING no observation"), telling("INFO schema 2.0")
    (1.0, 0.9, 0.7)
    """
    if _TROUBLE.search(line):
        return 1.0
    return 0.9 if _WARNING.search(line) else 0.7


def said(message: str) -> str:
    """Return a line without the id of the request that it is about, cut short.

    >>> said("ERROR x-request-id=0f3a ValueError: Input X contains NaN")
    'ERROR ValueError: Input X contains NaN'
    """
    line = _ID.sub("", message.strip().splitlines()[0] if message.strip() else "")
    return line if len(line) <= 160 else line[:159] + "…"  # noqa: PLR2004 - a line on screen


def _where(row: Mapping[str, Any]) -> str:
    return f"{row['Endpoint']}/{row['Deployment']}"
