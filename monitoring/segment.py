"""Segments: the part of the rows that every page looks at, as conditions on features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import quote, unquote

from monitoring.errors import InputError

MISSING = "(missing)"
#: Values of a condition that its words name; the others are counted.
MOST_NAMED = 5
#: How the empty text is written in a URL, where nothing between two commas could be a slip.
_EMPTY = "\0"


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
        >>> str(Condition("distance")), str(Condition("gate", ("",)))
        ('distance is known', 'gate is (empty)')
        """
        if self.values:
            named = [value or "(empty)" for value in self.values[:MOST_NAMED]]
            more = len(self.values) - len(named)
            named += [f"{more} more"] if more else []
            return f"{self.feature} is {' or '.join(named)}"
        if math.isinf(self.low) and math.isinf(self.high):
            return f"{self.feature} is known"
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

    def without(self, feature: str) -> Segment:
        """Return it with no condition on a feature."""
        return Segment(tuple(c for c in self.conditions if c.feature != feature))

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
    values = rest.split(",")
    if feature and all(values) and ".." not in rest:
        return Condition(unquote(feature), tuple(unquote(v).replace(_EMPTY, "") for v in values))
    low, dots, high = rest.partition("..")
    ends = _number(low, -math.inf), _number(high, math.inf)
    if not (feature and dots and ends[0] < ends[1]):
        raise InputError(
            f"Cannot read the segment {text!r}",
            hint="Write it as carrier:UA,AA or distance:500..1000.",
        )
    return Condition(unquote(feature), (), *ends)


def _number(text: str, otherwise: float) -> float:
    try:
        return float(text or otherwise)
    except ValueError:
        return math.nan


def _code(condition: Condition) -> str:
    if condition.values:
        texts = (quote(value or _EMPTY, safe="") for value in condition.values)
        return ",".join(text.replace(".", "%2E") for text in texts)
    ends = (condition.low, condition.high)
    return "..".join("" if math.isinf(end) else repr(end) for end in ends)
