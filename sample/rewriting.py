"""The SQL that `duckdb-kql` writes, made cheaper for DuckDB without changing what it answers.

The translator does not know the types of columns and is careful with each expression. Three of its
habits cost more than all the rest of a query over millions of rows, and each has an equal that
DuckDB runs faster. Text and quoted names are masked first, so that only the translator's own
words are touched; what does not look exactly as expected stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_NAME = r"\x02\d+\x02"
_TEXT = r"\x01\d+\x01"
_LAMBDA = re.compile(rf"list_transform\(\[({_NAME})\], lambda _v: ")
_PERCENTILE = re.compile(
    rf"quantile_disc\(({_NAME}), ((?:CAST\(\d+(?:\.\d+)? AS (?:BIGINT|DOUBLE)\)|\d+(?:\.\d+)?) / 100\.0)\)(?! FILTER)"
)
_BIN = re.compile(
    rf"to_timestamp\(floor\(epoch\(({_NAME})\) / epoch\(INTERVAL ({_TEXT})\)\)"
    rf" \* epoch\(INTERVAL \2\)\) AT TIME ZONE ({_TEXT})"
)


@dataclass(slots=True)
class Masked:
    """SQL in which each text and each quoted name is a number."""

    sql: str
    quoted: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, sql: str) -> Masked:
        """Mask each text and each quoted name of a statement."""
        masked = cls("")
        numbers: dict[str, int] = {}

        def hide(match: re.Match[str]) -> str:
            number = numbers.setdefault(match[0], len(numbers))
            mark = "\x01" if match[0].startswith("'") else "\x02"
            return f"{mark}{number}{mark}"

        masked.sql = _QUOTED.sub(hide, sql)
        masked.quoted = list(numbers)
        return masked

    def shown(self) -> str:
        """Return the SQL with its texts and names in place."""
        return re.sub(r"([\x01\x02])(\d+)\1", lambda match: self.quoted[int(match[2])], self.sql)


def rewritten(sql: str) -> str:
    r"""Return SQL that answers the same at less cost.

    A time that is binned by way of seconds as a real number becomes `time_bucket`; percentiles of
    one column come from one pass over its values; a lambda over a list of one column becomes the
    expression itself, whose tests of the type DuckDB then settles before it reads a row.

    >>> print(rewritten(
    ...     'SELECT quantile_disc("a", CAST(50 AS BIGINT) / 100.0), quantile_disc("a", 99.9 / 100.0)'
    ... ))
    SELECT quantile_disc("a", [CAST(50 AS BIGINT) / 100.0, 99.9 / 100.0])[1], quantile_disc("a", [CAST(50 AS BIGINT) / 100.0, 99.9 / 100.0])[2]
    >>> rewritten("SELECT 'quantile_disc(x)'")
    "SELECT 'quantile_disc(x)'"
    """
    if "\x01" in sql or "\x02" in sql:
        return sql
    masked = Masked.of(sql)
    masked.sql = _without_lambdas(masked.sql)
    masked.sql = _percentiles_together(masked.sql)
    masked.sql = _BIN.sub(lambda match: _time_bucket(match, masked), masked.sql)
    return masked.shown()


def _time_bucket(match: re.Match[str], masked: Masked) -> str:
    name, length, zone = match.groups()
    is_utc = masked.quoted[int(zone.strip("\x01"))] == "'UTC'"
    return f"time_bucket(INTERVAL {length}, {name}, TIMESTAMP '1970-01-01')" if is_utc else match[0]


def _percentiles_together(sql: str) -> str:
    asked: dict[str, list[str]] = {}
    for name, share in _PERCENTILE.findall(sql):
        shares = asked.setdefault(name, [])
        if share not in shares:
            shares.append(share)

    def together(match: re.Match[str]) -> str:
        shares = asked[match[1]]
        if len(shares) == 1:
            return match[0]
        return f"quantile_disc({match[1]}, [{', '.join(shares)}])[{shares.index(match[2]) + 1}]"

    return _PERCENTILE.sub(together, sql)


def _without_lambdas(sql: str) -> str:
    at = 0
    while match := _LAMBDA.search(sql, at):
        end = closing(sql, match.end())
        body = sql[match.end() : end]
        if sql[end : end + 4] != ")[1]" or "lambda" in body:
            at = match.end()
            continue
        # A function: a name may hold a backslash.
        inlined = re.sub(r"\b_v\b", lambda _, name=match[1]: name, body)  # type: ignore[misc]  # the default binds it
        sql = f"{sql[: match.start()]}({inlined}){sql[end + 4 :]}"
        at = match.start() + 1
    return sql


def closing(sql: str, start: int) -> int:
    """Return where the parenthesis closes that was open at `start`; the end if it does not."""
    depth = 0
    for at in range(start, len(sql)):
        if sql[at] == "(":
            depth += 1
        elif sql[at] == ")":
            if not depth:
                return at
            depth -= 1
    return len(sql)


def arguments(text: str) -> list[str]:
    """Split at the commas that stand in no parenthesis or bracket."""
    found, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            found.append(text[start:at].strip())
            start = at + 1
    return [*found, text[start:].strip()]
