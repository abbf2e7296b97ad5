"""A KQL file: a query that runs in the portal as it stands, and with other values here.

A file begins with a comment that says what it answers, then one `let name = literal;` per line:
its parameters, with the values that the portal uses. Binding replaces those literals and nothing
else, so the text that is sent is the text in the file. The first line of another kind ends the
parameters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

FOLDER = Path(__file__).parent / "queries"

Value: TypeAlias = str | bool | int | float | datetime | timedelta | list[str] | tuple[str, ...]

#: What a default looks like -> the type of value that may take its place.
_LITERALS: Mapping[str, str] = {
    "string": r'"(?:[^"\\]|\\.)*"',
    "bool": r"true|false",
    "datetime": r"datetime\([^()]*\)",
    "timespan": r"\d+(?:d|h|m|s|ms)",
    "real": r"-?\d+\.\d+",
    "int": r"-?\d+",
    "dynamic": r"dynamic\(\[.*\]\)",
}
_LET = re.compile(
    r"let (?P<name>\w+) = (?:"
    + "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _LITERALS.items())
    + r");"
)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Query:
    """One KQL file.

    parameters: name -> kind (string, bool, int, real, datetime, timespan, dynamic).
    """

    name: str
    text: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, name: str, text: str) -> Query:
        r"""Read the parameters from the head of a file.

        >>> Query.parse("x", "// Rows.\nlet most = 5;\nT | take most").parameters
        {'most': 'int'}
        """
        parameters = {}
        for line in text.splitlines():
            if match := _LET.fullmatch(line.rstrip()):
                parameters[match["name"]] = str(match.lastgroup)
            elif line.strip() and not line.startswith("//"):
                break
        return cls(name, text, parameters)

    def bind(self, values: Mapping[str, Value]) -> str:
        r"""Return the text with these values in place of the defaults.

        Raises:
            ValueError: A parameter has no value, a value no parameter, or the wrong type.

        >>> query = Query.parse("x", 'let name = "a";\nT | where Name == name')
        >>> print(query.bind({"name": 'b"; .drop table T'}))
        let name = "b\"; .drop table T";
        T | where Name == name
        """
        if missing := sorted(self.parameters.keys() - values.keys()):
            raise ValueError(f"query {self.name!r} needs values for {missing}")
        if extra := sorted(values.keys() - self.parameters.keys()):
            raise ValueError(f"query {self.name!r} has no parameters {extra}")
        lines = self.text.splitlines()
        waiting = dict(self.parameters)
        for n, line in enumerate(lines):
            if not waiting:
                break
            if match := _LET.fullmatch(line.rstrip()):
                name = match["name"]
                lines[n] = f"let {name} = {self._literal(name, values[name])};"
                del waiting[name]
        return "\n".join(lines)

    def _literal(self, name: str, value: Value) -> str:
        kind = self.parameters[name]
        if not _IS_OF[kind](value):
            raise ValueError(f"query {self.name!r}: {name} is a {kind}, got {value!r}")
        return literal(value)


def load(name: str) -> Query:
    """Return the query of this name.

    Raises:
        ValueError: There is no such file.
    """
    return _read(FOLDER / f"{name}.kql")


@lru_cache(maxsize=64)
def _read(path: Path) -> Query:
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.kql"))
        raise ValueError(f"no query {path.stem!r}; there are {known}")
    return Query.parse(path.stem, path.read_text(encoding="utf-8"))


def literal(value: Value) -> str:
    r"""Write a value as KQL. A text stays inside of its quotes, whatever it holds.

    >>> literal('a"b\n')
    '"a\\"b\\n"'
    >>> literal(timedelta(minutes=5)), literal(["a", "b"])
    ('300000ms', 'dynamic(["a","b"])')
    """
    match value:
        case str():
            return _string(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime():
            return f"datetime({value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z)"
        case timedelta():
            return f"{value // _MILLISECOND}ms"
        case _:
            return f"dynamic([{','.join(map(_string, value))}])"


def _string(text: str) -> str:
    """Quote for KQL and for the JSON inside of dynamic(): only what both read alike is used."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if escape := _ESCAPES.get(character):
        return escape
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_IS_OF: Mapping[str, Callable[[Value], bool]] = {
    "string": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "real": lambda value: isinstance(value, float) and math.isfinite(value),
    "datetime": lambda value: isinstance(value, datetime) and value.tzinfo is not None,
    # Kusto's ticks are finer; the literal that is written here is not.
    "timespan": lambda value: isinstance(value, timedelta) and not value % _MILLISECOND,
    "dynamic": lambda value: (
        isinstance(value, (tuple, list)) and all(isinstance(item, str) for item in value)
    ),
}
