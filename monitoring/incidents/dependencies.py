"""What the models call: when it began to answer slowly, or to fail, as events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from monitoring.event import Event

SOURCE = "Application Insights, dependencies"
#: Steps with calls that must come before a verdict.
LEAST_STEPS = 8
#: Slow is so many times the usual P95, and by so many milliseconds at least.
SLOWER, LEAST_MS = 3.0, 100.0
FAILING = 0.1
LEAST_CALLS = 10
DAY = timedelta(days=1)
WEEK_STEPS = 168


def of_dependencies(records: Iterable[Mapping[str, Any]]) -> tuple[Event, ...]:
    """Return when a dependency began to be slow or to fail, in time order, from `dependencies.kql`."""
    by_target: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in records:
        by_target.setdefault((row["Endpoint"], row["Target"]), []).append(row)
    found = []
    for rows in by_target.values():
        rows.sort(key=lambda row: row["TimeGenerated"])
        found += _turns(rows)
    return tuple(sorted(found, key=lambda e: (e.time, e.title)))


def _turns(rows: Sequence[Mapping[str, Any]]) -> list[Event]:
    found: list[Event] = []
    last: datetime | None = None
    for at in range(LEAST_STEPS, len(rows)):
        row, before = rows[at], rows[max(0, at - WEEK_STEPS) : at]
        usual = median(r["P95Ms"] for r in before)
        slow = row["P95Ms"] > max(SLOWER * usual, usual + LEAST_MS)
        if not slow and not _fails_newly(row, before):
            continue
        if last is None or row["TimeGenerated"] - last > DAY:
            found.append(_event(row, usual, slow=slow))
        last = row["TimeGenerated"]
    return found


def _fails_newly(row: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> bool:
    if row["Calls"] < LEAST_CALLS or row["Failures"] <= FAILING * row["Calls"]:
        return False
    usually = sum(each["Failures"] for each in before)
    return bool(usually <= FAILING * sum(each["Calls"] for each in before))


def _event(row: Mapping[str, Any], usual: float, *, slow: bool) -> Event:
    detail = f"P95 {row['P95Ms']:,.0f} ms, usually {usual:,.0f} ms"
    if not slow:
        detail = f"{row['Failures']:,.0f} of {row['Calls']:,.0f} calls failed"
    what = "answers slowly" if slow else "fails"
    return Event(
        time=row["TimeGenerated"],
        kind="dependency",
        title=f"{row['Target']} {what} when {row['Endpoint']} calls it",
        source=SOURCE,
        endpoint=row["Endpoint"],
        detail=detail,
        count=int(row["Calls"]),
        reference=row["Target"],
        alike=f"{what} {row['Endpoint']} {row['Target']}",
    )
