"""Demand: do requests come as they usually do at this hour of the week?

An endpoint that nobody reaches any more fails no request and is slow at none: error rate and latency
have nothing to say of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.verdict import draft, is_beyond, judge, too_few
from monitoring.window import Window

SIGNAL, METRIC = "demand", "requests_share"
STEP = timedelta(hours=1)
WEEK = timedelta(weeks=1)
#: Weeks before that say what is usual, and how many of them must be known.
WEEKS, LEAST_WEEKS = 4, 3
KNOWN = WEEKS * WEEK
#: Objective of the product where the user has set none.
SHARE = 0.2
#: Where so many requests are usual, hours of a fifth of them do not come by chance (Poisson, p < 1e-9).
LEAST_USUAL = 50
#: Rows of the log may arrive so late; until then an hour gets no verdict.
LATE = timedelta(minutes=15)
_METHOD = (
    "traffic log, requests of the hour over those of the same hour of the four weeks before: of "
    "each week the lowest of that hour and its neighbours, of the weeks the second lowest"
)
_HINT = (
    "Ask the callers, and look at changes of keys, network, DNS and traffic split; if no endpoint has a "
    "row, the log itself may have stopped."
)


def judged(
    records: Iterable[Mapping[str, Any]], window: Window, taken: datetime
) -> tuple[MetricResult, ...]:
    """Judge every full hour of a window that is over, for every endpoint.

    What is usual is the second lowest number of requests in the same hour of the four weeks before:
    one of them may have been a holiday or an outage of its own. Callers live by local time, which
    moves against UTC twice a year, so that each week counts with the lowest of that hour and its two
    neighbours. It breaches below a fifth of that. Weeks before the first row of the endpoint are not
    known, rather than empty.

    Args:
        records: Rows of `requests.kql` by the hour, from `KNOWN` before the window on.
        window: What is judged, from a full hour.
    """
    counted: dict[str, dict[datetime, int]] = {}
    for record in records:
        here = counted.setdefault(record["Endpoint"], {})
        here[record["TimeGenerated"]] = record["Requests"]
    hours = [hour for hour in window.split(STEP) if hour.end + LATE <= taken]
    return tuple(
        of_hour(endpoint, hour, requests, usual(requests, hour.start))
        for endpoint, requests in sorted(counted.items())
        for hour in hours
        if hour.start >= min(requests)
    )


def usual(requests: Mapping[datetime, int], start: datetime) -> int | None:
    """Return how many requests are usual in an hour; None if too few weeks before are known.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 29, 12, tzinfo=UTC)
    >>> hours = {noon - 4 * WEEK + n * STEP: 90 + n for n in range(4 * 168)}
    >>> usual(hours, noon), usual(hours, noon - 2 * WEEK)
    (257, None)
    """
    first = min(requests, default=start)
    known = []
    for n in range(1, WEEKS + 1):
        around = [start - n * WEEK + by * STEP for by in (-1, 0, 1)]
        if around[1] >= first:
            known.append(min(requests.get(time, 0) for time in around if time >= first))
    return sorted(known)[1] if len(known) >= LEAST_WEEKS else None


def of_hour(
    endpoint: str, hour: Window, requests: Mapping[datetime, int], expected: int | None
) -> MetricResult:
    """Judge one hour of an endpoint against what is usual."""
    came = requests.get(hour.start, 0)
    few = _too_few(expected)
    share = came / expected if expected and not few else None
    stopped = share is not None and is_beyond(share, SHARE, "lower")
    measured = draft(
        signal=SIGNAL,
        metric=METRIC,
        place=Place(endpoint=endpoint),
        threshold=SHARE,
        worse="lower",
        unit="of the usual requests at this hour of the week",
        method=_METHOD,
        window=hour,
        value=share,
        rows=came,
        reference_rows=expected or 0,
        reason=f"{came:,} requests came, {expected:,} are usual at this hour" if stopped else "",
        hint=_HINT if stopped else "",
    )
    return judge(measured, blind=("not_enough_data", few) if few else None)


def _too_few(expected: int | None) -> str:
    if expected is None:
        return f"fewer than {LEAST_WEEKS} weeks before are known"
    return too_few(expected, LEAST_USUAL, "requests are usual at this hour")
