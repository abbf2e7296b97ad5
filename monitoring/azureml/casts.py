"""Which values Spark cannot cast: what the service counts as data type errors.

Spark's casts without ANSI mode: a value that does not fit becomes null. Source: Spark 3.4,
UTF8String.toLong and SparkDateTimeUtils; Java's Double.valueOf.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

import numpy as np

from monitoring.arrays import Floats
from monitoring.azureml.columns import is_fraction, is_integer
from monitoring.errors import InputError

#: Types that the service checks values against; the others are skipped.
CHECKED = frozenset(
    {"timestamp", "boolean", "double", "binary", "date", "float", "string"}
    | {"int", "bigint", "smallint", "tinyint", "long", "short", "byte"}
)
_BITS = {"tinyint": 8, "byte": 8, "smallint": 16, "short": 16, "int": 32, "bigint": 64, "long": 64}
_WORDS = frozenset(("t", "true", "y", "yes", "1", "f", "false", "n", "no", "0"))
_SPECIAL = frozenset(
    (*(f"{sign}{word}" for sign in ("", "+", "-") for word in ("inf", "infinity")), "nan")
)

_WHOLE = re.compile(r"([+-]?)(\d*)(?:\.\d*)?", re.ASCII)
_JAVA_DOUBLE = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
    r"|0[xX](?:[0-9a-fA-F]+\.?|[0-9a-fA-F]*\.[0-9a-fA-F]+)[pP][+-]?\d+)[fFdD]?)",
    re.ASCII,
)
_DATE = re.compile(r"([+-]?\d{4,7})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?", re.DOTALL | re.ASCII)
_TIME = re.compile(
    r"(?:([+-]?\d{4,6})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T](?=.)|$)?)?)?)?"
    r"(?:T?(\d{1,2}):(\d{1,2})?(?::(\d{1,2})?(?:\.\d*)?)?"
    r"(?:\s*(?:Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2}){0,2}|(?:UTC|GMT)[+-]\d{1,2}(?::\d{2})?"
    r"|[A-Za-z_]+/[A-Za-z_/]+))?)?",
    re.ASCII,
)


def is_whole(text: str, dtype: str) -> bool:
    """Whether Spark casts a text to an integer type; a fraction is cut off.

    >>> [is_whole(t, "int") for t in ("1", "1.5", "+4", "x", "9999999999", " 7 ")]
    [True, True, True, False, False, True]
    """
    match = _WHOLE.fullmatch(text.strip())
    if not match or text.strip() in {"", "+", "-"}:
        return False
    number = int(match[1] + (match[2] or "0"))
    reach = 1 << (_BITS[dtype] - 1)
    return -reach <= number < reach


def is_double(text: str) -> bool:
    """Whether Spark casts a text to a floating-point type.

    >>> [is_double(t) for t in ("1e3", " 2 ", "NaN", "inf", "1.5f", "1,5", "")]
    [True, True, True, True, True, False, False]
    """
    trimmed = text.strip()
    return bool(_JAVA_DOUBLE.fullmatch(trimmed)) or trimmed.lower() in _SPECIAL


def is_boolean(text: str) -> bool:
    """Whether Spark casts a text to a boolean.

    >>> [is_boolean(t) for t in ("Yes", "0", "maybe")]
    [True, True, False]
    """
    return text.strip().lower() in _WORDS


def is_date(text: str) -> bool:
    """Whether Spark casts a text to a date; what follows a blank or a T is ignored.

    >>> [is_date(t) for t in ("2024-01-31", "2024-1", "2024-01-31T99", "31.01.2024", "2024-02-30")]
    [True, True, True, False, False]
    """
    match = _DATE.fullmatch(text.strip())
    return match is not None and _is_day(match)


def is_timestamp(text: str) -> bool:
    """Whether Spark casts a text to a timestamp.

    >>> [is_timestamp(t) for t in ("2024-01-31", "2024-01-31 10:00:00.5Z", "12:30", "*", "2024-01-31 25:00")]
    [True, True, True, False, False]
    """
    trimmed = text.strip()
    match = _TIME.fullmatch(trimmed)
    if not trimmed or not match or not _is_day(match):
        return False
    hour, minute, second = (int(part or 0) for part in match.group(4, 5, 6))
    return hour < 24 and minute < 60 and second < 60  # noqa: PLR2004 - as clocks go


def _is_day(match: re.Match[str]) -> bool:
    if match[1] is None:
        return True
    try:
        # A year that Python cannot hold has the calendar of one that it can.
        date(int(match[1]) % 400 + 2000, int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return False
    return True


def text_reader(dtype: str) -> Callable[[str], bool] | None:
    """Return which texts become a value of a type; None where all do."""
    if dtype in _BITS:
        return lambda text: is_whole(text, dtype)
    if is_fraction(dtype):
        return is_double
    return {"boolean": is_boolean, "date": is_date, "timestamp": is_timestamp}.get(dtype)


def text_failures(counts: Mapping[str, int], dtype: str) -> int:
    """Return how many values, given as rows per text, do not become values of a type.

    >>> text_failures({"1": 5, "x": 2}, "int"), text_failures({"x": 2}, "string")
    (2, 0)
    """
    reads = text_reader(dtype)
    return sum(n for text, n in counts.items() if not reads(text)) if reads else 0


def cast_failures(
    have: str, want: str, *, rows: int, numbers: Floats | None, counts: Mapping[str, int] | None
) -> int:
    """Return how many values that are not null become null when cast.

    Args:
        rows: Values that are not null.
        counts: Rows per text, if they are texts.

    Raises:
        InputError: Spark refuses the cast altogether, and the service's job fails.
    """
    if have == "string":
        return text_failures(counts or {}, want)
    if want in {have, "string"}:
        return 0
    if _is_refused(have, want):
        raise InputError(
            f"Spark cannot cast {have} to {want}, and the job fails",
            hint="Give the column the same type on both sides, or leave it out.",
        )
    if have == "date":  # to Spark a day is no number and no truth value: all of them become null
        return 0 if want == "timestamp" else rows
    if is_fraction(have) and want == "timestamp" and numbers is not None:
        return int(np.count_nonzero(~np.isfinite(numbers)))
    return 0


def _is_refused(have: str, want: str) -> bool:
    if have == "binary" or have.startswith(("array", "map", "struct")):
        return True
    if want == "binary":
        return not is_integer(have)
    is_number = is_integer(have) or is_fraction(have) or have.startswith("decimal")
    return want == "date" and (is_number or have == "boolean")
