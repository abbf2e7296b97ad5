"""Numbers as tiles and tables write them."""

from __future__ import annotations

import math

from monitoring.metric import Interval, MetricResult

#: Where there is no number.
NONE = "–"
UNBOUNDED = Interval(math.nan, math.nan)


def or_nan(value: float | None) -> float:
    """Return a number, NaN where there is none."""
    return math.nan if value is None else value


def rounded(value: float | None) -> float:
    """Return a number to four digits, for a table; NaN where there is none."""
    known = or_nan(value)
    return float(f"{known:.4g}") if math.isfinite(known) else math.nan


def text(value: float | None, form: str = ".3g") -> str:
    """Return a number as it is read, a dash where there is none.

    >>> text(0.12345), text(None), text(0.5, ".1%")
    ('0.123', '–', '50.0%')
    """
    known = or_nan(value)
    return NONE if math.isnan(known) else format(known, form)


def pvalue(value: float | None) -> str:
    """Return a p-value to the four digits that are shown."""
    if value is None:
        return ""
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"  # noqa: PLR2004 - four digits are shown


def interval(result: MetricResult) -> Interval:
    """Return the interval of a result; NaN to NaN without one."""
    return result.interval or UNBOUNDED


def breached_beyond(result: MetricResult) -> str:
    """Return the threshold of a result with the side on which it breaches."""
    return f"{'>' if result.worse == 'higher' else '<'} {result.threshold:.3g}"


def held_to(result: MetricResult) -> str:
    """Return what a result has to keep to."""
    return f"{'≥' if result.worse == 'lower' else '≤'} {result.threshold:.4g}"


def names(of: list[str], most: int) -> str:
    """Return the first of some names.

    >>> names(["a", "b", "c"], 2)
    'a, b and more'
    """
    return ", ".join(of[:most]) + (" and more" if len(of) > most else "")
