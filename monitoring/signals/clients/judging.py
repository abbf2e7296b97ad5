"""Callers that came, asked much more than before, or began to be refused; and what that is judged by.

A caller is told by the user agent that it names itself; who hides behind another's is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitoring.event import Event
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.statistics.rates import Share
from monitoring.verdict import LEAST_ROWS, draft, judge
from monitoring.window import Window

SIGNAL = "clients"
SOURCE = "traffic log"
#: What is known of a caller before this long says nothing about what is new.
LEAST_HISTORY = timedelta(days=1)
WEEK = timedelta(days=7)
LEAST_REQUESTS = LEAST_ROWS
#: A surge is so many times the most that it asked in any step of the week before.
SURGE = 2.0
#: A caller of this share of the endpoint's requests in a step is worth naming when it is new.
NEW_SHARE = 0.02
#: A caller is refused if more than this share of its requests is answered with an error of its own
#: making; a few bad requests are anyone's.
REFUSED = 0.2
METRIC = "client_error_rate"

Rows = Sequence[Mapping[str, Any]]


def of_clients(records: Iterable[Mapping[str, Any]]) -> tuple[Event, ...]:
    """Return callers that are new, surge, or begin to be refused, in time order, from `clients.kql`."""
    by_client: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    totals: dict[tuple[str, datetime], int] = {}
    begins: dict[str, datetime] = {}
    for row in records:
        endpoint, at = row["Endpoint"], row["TimeGenerated"]
        by_client.setdefault((endpoint, row["Client"]), []).append(row)
        totals[endpoint, at] = totals.get((endpoint, at), 0) + row["Requests"]
        begins[endpoint] = min(at, begins.get(endpoint, at))
    found = []
    for (endpoint, _), rows in by_client.items():
        rows.sort(key=lambda row: row["TimeGenerated"])
        shares = [row["Requests"] / totals[endpoint, row["TimeGenerated"]] for row in rows]
        found += _surges(rows, shares, begins[endpoint])
        found += _refusals(rows)
    return tuple(sorted(found, key=lambda e: (e.time, e.title)))


def _surges(rows: Rows, shares: Sequence[float], begin: datetime) -> list[Event]:
    found: list[Event] = []
    last: datetime | None = None
    for at, row in enumerate(rows):
        now, requests = row["TimeGenerated"], row["Requests"]
        if now - begin < LEAST_HISTORY or requests < LEAST_REQUESTS:
            continue
        before = [r["Requests"] for r in rows[:at] if now - r["TimeGenerated"] <= WEEK]
        if not _has_surged(requests, before, shares[at]):
            continue
        if last is None or now - last > LEAST_HISTORY:
            found.append(_surge(row, before, shares[at]))
        last = now
    return found


def _has_surged(requests: int, before: Sequence[int], share: float) -> bool:
    """Whether a caller asks much more than in the week before, or much where it had never asked."""
    return requests >= SURGE * max(before) if before else share >= NEW_SHARE


def _surge(row: Mapping[str, Any], before: Sequence[int], share: float) -> Event:
    what = "asks much more than before" if before else "asks for the first time"
    detail = (
        f"{row['Requests']:,} requests in the step, {share:.0%} of all; "
        f"{max(before, default=0):,} at most in the week before"
    )
    return _event(row, what, detail, 0.5 + 0.5 * share)


def _refusals(rows: Rows) -> list[Event]:
    found: list[Event] = []
    was_refused = False
    before = Share(0, 0)
    for row in rows:
        share = Share(row["ClientErrors"], row["Requests"])
        if row["Requests"] < LEAST_REQUESTS:
            before += share
            continue
        refused = share.interval.low > REFUSED
        if refused and not was_refused and before.rows and before.rate < REFUSED / 2:
            detail = (
                f"{share.rate:.0%} of {row['Requests']:,} requests, {before.rate:.1%} until then"
            )
            found.append(_event(row, "is refused (HTTP 4xx)", detail, 1.0, status="refused"))
        was_refused = refused
        before += share
    return found


def _event(
    row: Mapping[str, Any], what: str, detail: str, weight: float, status: str = ""
) -> Event:
    return Event(
        time=row["TimeGenerated"],
        kind="client",
        title=f"The caller {row['Client']} {what} at {row['Endpoint']}",
        source=SOURCE,
        endpoint=row["Endpoint"],
        caller=row["Client"],
        status=status,
        detail=detail,
        count=row["Requests"],
        reference=row["Client"],
        alike=f"{what} {row['Endpoint']}",
        weight=weight,
    )


def judged(records: Iterable[Mapping[str, Any]], step: timedelta) -> tuple[MetricResult, ...]:
    """Judge the caller that is refused the most, per endpoint and step.

    A rate over all callers would hide one that is shut out altogether.
    """
    steps: dict[tuple[str, datetime], list[Mapping[str, Any]]] = {}
    for row in records:
        steps.setdefault((row["Endpoint"], row["TimeGenerated"]), []).append(row)
    return tuple(
        _worst(endpoint, Window(start, start + step), rows)
        for (endpoint, start), rows in sorted(steps.items())
    )


def _worst(endpoint: str, window: Window, rows: Rows) -> MetricResult:
    enough = [row for row in rows if row["Requests"] >= LEAST_REQUESTS]
    row = max(enough or rows, key=lambda r: (r["ClientErrors"] / r["Requests"], r["Client"]))
    share = Share(row["ClientErrors"], row["Requests"])
    measured = draft(
        signal=SIGNAL,
        metric=METRIC,
        place=Place(endpoint=endpoint),
        threshold=REFUSED,
        unit="share of one caller's requests",
        method="traffic log by user agent, HTTP 4xx that the caller has to mend, of the caller with "
        "the highest rate; interval Wilson (1927)",
        window=window,
        value=share.rate,
        interval=share.interval,
        rows=row["Requests"],
        reason=row["Client"],
    )
    few = "" if enough else f"no caller with {LEAST_REQUESTS} requests, as needed"
    return judge(measured, by="interval", few=few)
