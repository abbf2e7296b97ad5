"""A reader's own KQL with a bound on its rows."""

from __future__ import annotations

import re

#: Comments and the ways to write a string; what is in them is no operator.
_QUOTED = re.compile(
    r"//[^\n]*"
    r"|```.*?```"
    r'|@"(?:[^"]|"")*"'
    r"|@'(?:[^']|'')*'"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'",
    re.DOTALL,
)
#: Nothing may follow these; a bound goes in front of `render`, and `fork` takes none.
_LAST = re.compile(r"\|\s*(render|fork)\b[^|]*\Z")


def bounded(text: str, most_rows: int) -> str:
    r"""Return a query that brings no more than so many rows.

    The bound is appended, so that an error's line and column are those of the reader's text.

    >>> print(bounded("Usage // all of it\n;", 5))
    Usage
    | take 5
    >>> print(bounded("Usage | summarize count() by DataType\n| render barchart", 5))
    Usage | summarize count() by DataType
    | take 5
    | render barchart
    """
    masked = _QUOTED.sub(lambda match: _blank(match[0]), text)
    end = len(masked.rstrip("; \t\r\n"))
    last = _LAST.search(masked[:end])
    if last and last[1] == "fork":
        return text
    at = last.start() if last else end
    rest = f"\n{text[at:end]}" if last else ""
    return f"{text[:at].rstrip()}\n| take {most_rows}{rest}"


def _blank(quoted: str) -> str:
    """Take a comment away and leave a string's place, both as long as they were."""
    filler = " " if quoted.startswith("//") else "_"
    return "".join("\n" if character == "\n" else filler for character in quoted)
