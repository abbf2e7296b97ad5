"""What Log Analytics says when it does not answer, as a sentence and a hint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from monitoring.errors import NotPermittedError, SourceError
from monitoring.sources.budget import BusyError
from monitoring.sources.failures import failure

if TYPE_CHECKING:
    from monitoring.window import Window

ROLE = "Log Analytics Reader on the Log Analytics workspace"
#: What may pass if the question is asked again. A 504 is not: the query took all of its time.
_PASSING = frozenset({408, 429, 500, 502, 503, 529})
_NO_CONTENT, _TOO_MANY, _TIMEOUT = 204, 429, 504
#: The longest line of a query that a hint quotes.
_QUOTED_LINE = 100


class UnknownTableError(SourceError):
    """The Log Analytics workspace has no such table, or hides it from this identity."""

    def __init__(self, table: str, workspace: str) -> None:
        super().__init__(
            f"Cannot find the table {table!r} in the Log Analytics workspace {workspace!r}",
            hint="Add a diagnostic setting that sends this log to the workspace (the first rows "
            "take up to an hour), or let this app's identity read the table.",
        )
        self.table = table


class RefusedQueryError(SourceError):
    """Log Analytics does not take the query as it is written.

    code: SYN0002, SEM0100, ... line, column: the place in the text, both from 1; None where the
    service does not name it and it cannot be told from the name that failed.
    """

    def __init__(
        self, message: str, *, hint: str, code: str, place: tuple[int, int] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.line = place[0] if place else None
        self.column = place[1] if place else None


class Asked(NamedTuple):
    """One question, as an error needs to name it."""

    name: str
    query: str
    window: Window
    workspace: str
    timeout_seconds: int

    def __str__(self) -> str:
        """Return it as the object of "Cannot read"."""
        return f"{self.name!r} from the Log Analytics workspace {self.workspace!r}"


class _Node(NamedTuple):
    """One of the errors that the service nests in each other."""

    code: str
    message: str
    body: Mapping[str, Any]


def refusal(error: HttpResponseError, asked: Asked) -> SourceError:  # noqa: PLR0911 - one for each case
    """Say in one sentence what the service's codes and nested messages say."""
    if isinstance(error.__context__, ClientAuthenticationError) and not error.response:
        # The client hides a failed sign-in behind an error of its own.
        return failure(error.__context__, str(asked), ROLE)
    chain = _chain(error)
    match error.status_code, chain[0].code:
        case 400, _:
            return _bad_query(chain[-1], asked)
        case 403, "InvalidAuthenticationToken" | "InvalidAuthenticationTokenAudience":
            return NotPermittedError(
                f"Cannot read {asked}: the token was not made for it ({chain[-1].message})",
                hint="Check the cloud and the tenant that this app signs in to.",
            )
        case 403, _:
            return NotPermittedError(
                f"Cannot read {asked}: this identity has no access",
                hint=f"Give this app's identity the role {ROLE}; it takes up to an hour to work.",
            )
        case 404, _:
            return SourceError(
                f"Cannot find the Log Analytics workspace {asked.workspace!r}",
                hint="Set LOG_ANALYTICS_WORKSPACE_ID to its GUID (customerId), which is neither "
                "its name nor its resource id nor the Azure ML workspace's.",
            )
        case int(status), _ if status == _TIMEOUT:
            return took_too_long(asked)
        case int(status), _ if status in _PASSING:
            return _busy(status, getattr(error.response, "headers", None) or {}, asked)
        case _:
            return failure(error, str(asked), ROLE)


def took_too_long(asked: Asked) -> SourceError:
    """Return the error for a query that did not end in its time."""
    return SourceError(
        f"Cannot read {asked}: it took more than {asked.timeout_seconds} s for {asked.window}",
        hint="Choose a shorter window.",
    )


def unreadable(asked: Asked, status: int | None, headers: Mapping[str, str]) -> SourceError:
    """Return the error for an answer that is no JSON, or not that of a query."""
    if status == _NO_CONTENT:
        return SourceError(
            f"Cannot read {asked}: the workspace holds no data yet",
            hint="Add diagnostic settings; the first rows take up to an hour.",
        )
    if status == _TIMEOUT:
        return took_too_long(asked)
    if status in _PASSING:
        return _busy(status, headers, asked)
    return SourceError(
        f"Cannot read {asked}: the answer is not one of Log Analytics (HTTP {status})",
        hint="Look for a proxy or a firewall that answers in its place.",
    )


def _chain(error: HttpResponseError) -> list[_Node]:
    """Return the errors from the outermost to the innermost."""
    try:
        node = error.response.json()["error"] if error.response else None  # type: ignore[attr-defined]  # requests' response
    except (ValueError, KeyError, TypeError):
        node = None
    chain = []
    while isinstance(node, Mapping):
        chain.append(_Node(str(node.get("code", "")), str(node.get("message", "")), node))
        node = node.get("innererror")
    return chain or [_Node("", error.message, {})]


def _bad_query(node: _Node, asked: Asked) -> SourceError:
    if table := re.search(r"resolve table[^']*named '([^']+)'", node.message):
        return UnknownTableError(table[1], asked.workspace)
    place = _place(node, asked.query)
    at = f" at line {place[0]}, column {place[1]}" if place else ""
    if node.code == "SampleWorkspaceUnsupported":
        hint = "The sample workspace runs a part of KQL only; Azure may run it."
    elif place and (line := asked.query.splitlines()[place[0] - 1].strip()):
        hint = f"Look at this line: {line[:_QUOTED_LINE]}"
    else:
        hint = "Run the query in the portal to see where it fails."
    return RefusedQueryError(
        f"Log Analytics refused the query {asked.name!r}{at}: "
        f"{node.message.rstrip('.')} ({node.code})",
        hint=hint,
        code=node.code,
        place=place,
    )


def _place(node: _Node, query: str) -> tuple[int, int] | None:
    """Return line and column from 1: those that the service names, or of the name that failed.

    The service counts columns from 0, and names a place for syntax errors only.
    """
    line, column = node.body.get("line"), node.body.get("pos")
    if not (isinstance(line, int) and isinstance(column, int)):
        named = re.search(r"on line \[(\d+),(\d+)\]", node.message)
        line, column = (int(named[1]), int(named[2])) if named else (None, None)
    if line is not None and column is not None:
        return (line, column + 1) if 1 <= line <= len(query.splitlines()) else None
    failed = re.search(r"named '([^']+)'", node.message)
    found = list(re.finditer(rf"\b{re.escape(failed[1])}\b", query)) if failed else []
    if len(found) != 1:  # more than one: which it is, nobody says
        return None
    before = query[: found[0].start()]
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def _busy(status: int, headers: Mapping[str, str], asked: Asked) -> BusyError:
    wait = retry_after(headers)
    said = "too many queries at once" if status == _TOO_MANY else "Log Analytics is busy"
    return BusyError(
        f"Cannot read {asked}: {said} (HTTP {status})",
        hint="Try again in a minute." if wait is None else f"Try again in {wait:.0f} s.",
        status=status,
        retry_after=wait,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After, given as a number or as a date.

    >>> retry_after({"Retry-After": "5"}), retry_after({})
    (5.0, None)
    >>> noon = "Sat, 21 Nov 2026 12:00:00 GMT"
    >>> retry_after({"Retry-After": "Sat, 21 Nov 2026 12:00:30 GMT", "Date": noon})
    30.0
    """
    text = headers.get("Retry-After", "")
    if re.fullmatch(r"\d+(?:\.\d+)?", text.strip()):
        return float(text)
    try:  # against the service's own clock, which ours may differ from
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())
