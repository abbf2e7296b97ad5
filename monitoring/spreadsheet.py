"""Texts that a spreadsheet takes for what they are: names in a CSV file come from outside."""

from __future__ import annotations

#: What a cell that is computed begins with (OWASP, CSV Injection); also after blanks, and full-width.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: object) -> object:
    """Return a value as a cell of a CSV file: a text that would be computed begins with a quote.

    >>> [cell(each) for each in ("=1+1", " @x", "plain", -1.5, "-1.5", None)]
    ["'=1+1", "' @x", 'plain', -1.5, '-1.5', None]
    """
    if isinstance(value, str) and _is_formula(value):
        return f"'{value}"
    return value


def _is_formula(text: str) -> bool:
    if not text.startswith(FORMULA) and not text.lstrip().startswith(FORMULA):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return "\t" in text or "\r" in text or "\n" in text
