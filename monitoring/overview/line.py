"""A headline in words: one spelling of word, number and limit for the screen and the command line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitoring.metric import MetricResult
from monitoring.report import Headline, Reading
from monitoring.signals import SIGNALS

WORDS: Mapping[Reading, str] = {
    "ok": "OK",
    "within_chance": "Within chance",
    "unconfirmed": "Unconfirmed",
    "breached": "Breached",
    "was_breached": "Was breached",
    "too_few_rows": "Too few rows",
    "withheld": "Withheld",
    "no_data": "No data",
    "stale": "Stale",
    "not_permitted": "Not permitted",
    "error": "Error",
}
#: Stands where there is no number.
NOTHING = "–"
#: From here on a number is written out, with commas.
LARGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One signal of one place. what: which number; value, limit, interval, rows: of it, as text.

    since: of the open breach, else from when to when the newest one of the window was. names: of
    further features in breach. as_of: end of the last judged step. why: there is no number, or no
    plain verdict.
    """

    signal: str
    title: str
    word: str
    what: str
    value: str
    limit: str
    interval: str
    rows: str
    since: str
    names: str
    as_of: datetime | None
    why: str


def line(headline: Headline) -> Line:
    """Return a headline in words."""
    result = headline.leading
    return Line(
        signal=headline.signal,
        title=SIGNALS[headline.signal].title,
        word=WORDS[headline.reading],
        what=_what(result),
        value=number(result.value, result.unit) if result else NOTHING,
        limit=limit(result) if result else "",
        interval=_interval(result) if result else "",
        rows=f"{result.rows:,}" if result and result.rows else "",
        since=since(headline),
        names=_names(headline),
        as_of=headline.as_of,
        why=" ".join(filter(None, (headline.reason, headline.hint))),
    )


def number(value: float | None, unit: str = "") -> str:
    """Return a number with three digits; shares in percent, a unit of one word behind it.

    >>> number(0.7507, "share of labelled rows"), number(58.31, "ms"), number(2.4268)
    ('75.1%', '58.3 ms', '2.43')
    >>> number(87_531.0, "rows"), number(0.0, "share of requests"), number(99.6, "%"), number(None)
    ('87,531 rows', '0%', '99.6%', '–')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if unit.partition(" ")[0] == "share":
        return f"{_digits(100 * value)}%"
    if unit == "%":
        return f"{_digits(value)}%"
    return _digits(value) if " " in unit else f"{_digits(value)} {unit}".rstrip()


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.3g}"


def limit(result: MetricResult) -> str:
    """Return what a number is held to; empty for one that is held to nothing."""
    if not math.isfinite(result.threshold):
        return ""
    sign = "≥" if result.worse == "lower" else "≤"
    return f"{sign} {number(result.threshold, result.unit)}"


def since(headline: Headline) -> str:
    """Return when the open breach began, else when the newest one was; empty without either."""
    if headline.since is not None:
        before = "before " if headline.is_older else ""
        return f"since {before}{headline.since:%d %b %H:%M}"
    last = headline.last
    if last is None or last.end is None:
        return ""
    return f"{last.start:%d %b %H:%M} to {last.end:%d %b %H:%M}"


def _what(result: MetricResult | None) -> str:
    if result is None:
        return ""
    label = SIGNALS[result.signal].label(result.metric)
    return f"{label} of {result.place.feature}" if result.place.feature else label


def _interval(result: MetricResult) -> str:
    if result.interval is None:
        return ""
    low, high = (number(each, result.unit) for each in (result.interval.low, result.interval.high))
    return f"{low} to {high}"


def _names(headline: Headline) -> str:
    """Return the other features in breach: the worst stands in `what`."""
    own = headline.leading.place.feature if headline.leading else ""
    return ", ".join(name for name in headline.names if name != own)
