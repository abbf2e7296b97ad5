"""Caps on what one expression may make, written into the SQL.

DuckDB makes a whole list or text in one step, which neither its interrupt nor its limit of memory
stops. `range` and `strrep` are therefore measured before they are run.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sample.kql_check import UNSUPPORTED, KqlRefusedError
from sample.rewriting import Masked, arguments, closing

#: The most rows that `range` makes.
RANGE_ROWS = 10_000_000
#: The most characters of a text that `strrep` makes: Kusto's own limit of a value is 1 MB.
TEXT_LENGTH = 1_048_576
#: The most repeats: Kusto itself takes a larger number for this one.
REPEATS = 1024

_RANGE = "SELECT UNNEST(generate_series("
_REPEAT = "repeat("


def bounded(sql: str) -> str:
    """Return SQL in which each `range` and each `strrep` fails when it would make too much.

    Raises:
        KqlRefusedError: One stands within another, whose size would have to be known twice.

    >>> bounded("SELECT repeat('ab', 3)").startswith("SELECT repeat('ab', CASE WHEN")
    True
    """
    masked = Masked.of(sql)
    masked.sql = _each(masked.sql, _RANGE, "range", _range)
    masked.sql = _each(masked.sql, _REPEAT, "strrep()", _repeat)
    return masked.shown()


def _each(sql: str, opening: str, name: str, write: Callable[[list[str]], str]) -> str:
    parts = []
    pattern = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(opening)}")
    while match := pattern.search(sql):
        end = closing(sql, match.end())
        inner = sql[match.end() : end]
        if pattern.search(inner):
            raise KqlRefusedError(f"{name} within {name}", code=UNSUPPORTED)
        parts += [sql[: match.end()], write(arguments(inner))]
        sql = sql[end:]
    return "".join([*parts, sql])


def _range(arguments: list[str]) -> str:
    start, stop, step = arguments
    # The translator casts all three of a range of numbers to BIGINT, and none of one of times.
    is_number = step.startswith("CAST(") and step.endswith(" AS BIGINT)")
    first, last, each = (
        f"CAST({part} AS DOUBLE)" if is_number else f"epoch({part})" for part in arguments
    )
    message = f"a range of more than {RANGE_ROWS:,} rows"
    stop = (
        f"CASE WHEN ({last} - {first}) / {each} >= {RANGE_ROWS} "
        f"THEN error('{message}') ELSE {stop} END"
    )
    return f"{start}, {stop}, {step}"


def _repeat(arguments: list[str]) -> str:
    text, times = arguments
    times = f"least({times}, {REPEATS})"
    message = f"a text of more than {TEXT_LENGTH:,} characters"
    return (
        f"{text}, CASE WHEN length({text}) * {times} > {TEXT_LENGTH} "
        f"THEN error('{message}') ELSE {times} END"
    )
