"""Known issues: symptoms that others have had before, with cause, fix and link."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from monitoring.errors import InputError
from monitoring.severity import SEVERITIES, Severity

FILE = Path(__file__).with_name("known_issues.toml")
Source = Literal["console", "event", "job", "response", "collection", "deployment"]
SOURCES: tuple[Source, ...] = get_args(Source)
#: A symptom stands at the beginning of a message; what follows may be megabytes.
LONGEST = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIssue:
    """One entry of `known_issues.toml`.

    added: since when it is known here. sources: where its messages come from. pattern: found in the
    message, in any case. matches, near_miss: texts that do and do not match. link: empty without one.
    """

    id: str
    added: date
    severity: Severity
    sources: tuple[Source, ...]
    pattern: re.Pattern[str]
    symptom: str
    cause: str
    fix: str
    link: str
    matches: str
    near_miss: str

    def is_in(self, message: str) -> bool:
        """Whether a message shows this issue."""
        return self.pattern.search(message[:LONGEST]) is not None


@lru_cache(maxsize=1)
def known_issues() -> tuple[KnownIssue, ...]:
    """Return all entries, in the order in which they are tried."""
    return read(FILE.read_text(encoding="utf-8"))


def read(text: str) -> tuple[KnownIssue, ...]:
    """Read entries from TOML.

    Raises:
        InputError: An entry is not whole, or its pattern is no regular expression.
    """
    try:
        entries = tomllib.loads(text)["issue"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        hint = "Write one [[issue]] for each known issue."
        raise InputError(f"Cannot read the known issues: {error}", hint=hint) from error
    return tuple(_entry(entry) for entry in entries)


def _entry(entry: Mapping[str, Any]) -> KnownIssue:
    try:
        issue = KnownIssue(
            **{**entry, "sources": tuple(entry["sources"])}
            | {"pattern": re.compile(entry["pattern"], re.IGNORECASE)}
        )
    except (KeyError, TypeError, re.error) as error:
        hint = "Give it every field that its neighbours have."
        name = entry.get("id")
        raise InputError(f"Cannot read the known issue {name!r}: {error}", hint=hint) from error
    unknown = {*issue.sources} - {*SOURCES}
    if unknown or not issue.sources or issue.severity not in SEVERITIES:
        raise InputError(
            f"Cannot read the known issue {issue.id!r}: sources {issue.sources}, "
            f"severity {issue.severity!r}",
            hint=f"Sources are {', '.join(SOURCES)}; severities {', '.join(SEVERITIES)}.",
        )
    return issue


def match(message: str, source: Source) -> KnownIssue | None:
    """Return the first known issue that a message shows; None if it is new.

    >>> match("ModuleNotFoundError: No module named 'azureml.ai'", "console").id
    'collector-package-missing'
    >>> match("all is well", "console") is None
    True
    """
    return next(
        (each for each in known_issues() if source in each.sources and each.is_in(message)), None
    )


def of_response(code: int | None, model_code: int | None = None) -> KnownIssue | None:
    """Return what is known of a response code, with the status that the model gave.

    >>> of_response(424, 503).id, of_response(200) is None
    ('http-424-503', True)
    """
    model = f" model {model_code}" if model_code else ""
    return match(f"HTTP {code}{model}", "response")


def matched(messages: Iterable[tuple[str, Source, int]]) -> tuple[tuple[KnownIssue, int], ...]:
    """Return the known issues that some messages show and how many each, the worst first.

    Args:
        messages: Text, where it comes from, and how many there were like it.
    """
    counts: dict[str, tuple[KnownIssue, int]] = {}
    for message, source, alike in messages:
        if issue := match(message, source):
            _, seen = counts.get(issue.id, (issue, 0))
            counts[issue.id] = issue, seen + alike
    return tuple(
        sorted(counts.values(), key=lambda each: (SEVERITIES.index(each[0].severity), -each[1]))
    )
