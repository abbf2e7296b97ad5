"""Segments: the part of the rows that every page looks at, as conditions on features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import quote, unquote

from monitoring.errors import InputError

MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a feature must be: one of `values`, or at least `low` and below `high`.

    `values` are texts; `MISSING` stands for null.
    """

    feature: str
    values: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        """Return it in words.

        >>> str(Condition("carrier", ("UA", "AA")))
        'carrier is UA or AA'
        >>> str(Condition("distance", low=500.0))
        'distance is at least 500'
        """
        if self.values:
            return f"{self.feature} is {' or '.join(self.values)}"
        if math.isinf(self.low):
            return f"{self.feature} is below {self.high:g}"
        if math.isinf(self.high):
            return f"{self.feature} is at least {self.low:g}"
        return f"{self.feature} is {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows that meet every condition; without one, all rows."""

    conditions: tuple[Condition, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """The features that it asks about, in order."""
        return tuple(dict.fromkeys(each.feature for each in self.conditions))

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions)) or "all rows"

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def with_condition(self, condition: Condition) -> Segment:
        """Return it with one condition more, in place of any on the same feature."""
        kept = tuple(c for c in self.conditions if c.feature != condition.feature)
        return Segment((*kept, condition))

    @property
    def code(self) -> str:
        """The text that `parse` reads back, fit for a URL.

        >>> Segment((Condition("carrier", ("UA",)), Condition("distance", low=500.0))).code
        'carrier:UA;distance:500.0..'
        """
        return ";".join(f"{quote(c.feature, safe='')}:{_code(c)}" for c in self.conditions)


#: All rows.
EVERYONE = Segment()


def parse(text: str) -> Segment:
    """Read the text of a segment.

    Raises:
        InputError: It is not one.

    >>> print(parse("carrier:UA,AA;distance:500.0..1000.0"))
    carrier is UA or AA and distance is 500 to 1000
    >>> parse("") == Segment()
    True
    """
    return Segment(tuple(_condition(part) for part in text.split(";") if part))


def _condition(text: str) -> Condition:
    feature, _, rest = text.partition(":")
    if feature and rest and ".." not in rest:
        return Condition(unquote(feature), tuple(unquote(value) for value in rest.split(",")))
    low, _, high = rest.partition("..")
    try:
        ends = float(low or -math.inf), float(high or math.inf)
    except ValueError:
        ends = math.nan, math.nan
    if not (feature and ends[0] < ends[1]):
        raise InputError(
            f"Cannot read the segment {text!r}",
            hint="Write it as carrier:UA,AA or distance:500..1000.",
        )
    return Condition(unquote(feature), (), *ends)


def _code(condition: Condition) -> str:
    if condition.values:
        return ",".join(quote(value, safe="").replace(".", "%2E") for value in condition.values)
    ends = (condition.low, condition.high)
    return "..".join("" if math.isinf(end) else repr(end) for end in ends)
