"""Log Analytics, asked by name: each question is a file in `queries/`."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceResponseTimeoutError,
)
from azure.monitor.query import LogsQueryPartialResult, LogsQueryResult

from monitoring.errors import NotPermittedError, SourceError
from monitoring.sources.failures import failure
from monitoring.sources.query import Value, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.monitor.query import LogsTable

    from monitoring.sources.azure import Azure
    from monitoring.window import Window

#: Resource logs arrive 3 to 10 minutes late: the newest minutes of every log chart are incomplete.
INCOMPLETE = timedelta(minutes=10)
#: Log Analytics runs five queries at a time for one identity, and the whole app is one identity.
CONCURRENT_QUERIES = 5
#: Seconds that the service may compute, that we wait for its answer, and for one of the five slots.
SERVER_TIMEOUT = 60
READ_TIMEOUT = SERVER_TIMEOUT + 15
SLOT_TIMEOUT = 120.0

_ROLE = "Log Analytics Reader on the Log Analytics workspace"
_TICK = timedelta(microseconds=1)
_TIMESPAN = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d+)\.)?(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?)"
)


class UnknownTableError(SourceError):
    """The Log Analytics workspace has no such table, or hides it from this identity."""

    def __init__(self, table: str, workspace: str) -> None:
        super().__init__(
            f"Cannot find the table {table!r} in the Log Analytics workspace {workspace!r}",
            hint="Add a diagnostic setting that sends this log to the workspace (the first rows "
            "take up to an hour), or let this app's identity read the table.",
        )
        self.table = table


@dataclass(frozen=True, slots=True)
class Answer:
    """What Log Analytics answered, with what is needed to judge and to repeat it.

    columns: name and KQL type. rows: Python values; a dynamic is parsed, a datetime is in UTC.
    complete: False where the service left rows out, and `reason` says why. fetched: when it was
    asked. seconds: how long it took. query: the text that was sent; it runs in the portal.
    """

    name: str
    query: str
    window: Window
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Any, ...], ...]
    complete: bool
    reason: str
    fetched: datetime
    seconds: float

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    @property
    def settled(self) -> datetime:
        """Until when the logs of this window had arrived when it was asked."""
        return min(self.window.end, self.fetched - INCOMPLETE)


class _Question(NamedTuple):
    azure: Azure
    name: str
    query: str
    window: Window


@dataclass(frozen=True)
class _Slots:
    """The five slots of this process, and the questions that are being asked in them."""

    free: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(CONCURRENT_QUERIES)
    )
    lock: threading.Lock = field(default_factory=threading.Lock)
    asked: dict[_Question, Future[Answer]] = field(default_factory=dict)

    def answer(self, question: _Question, ask: Callable[[_Question], Answer]) -> Answer:
        """Ask, or wait for the answer to the same question that another thread has asked."""
        with self.lock:
            running = self.asked.get(question)
            future = running or self.asked.setdefault(question, Future())
        if not running:
            self._run(question, ask, future)
        return future.result()

    def _run(
        self, question: _Question, ask: Callable[[_Question], Answer], future: Future[Answer]
    ) -> None:
        try:
            with self._slot(question):
                future.set_result(ask(question))
        except BaseException as error:  # noqa: BLE001 - raised again by result(), in every thread
            future.set_exception(error)
        finally:
            with self.lock:
                del self.asked[question]

    @contextmanager
    def _slot(self, question: _Question) -> Iterator[None]:
        if not self.free.acquire(timeout=SLOT_TIMEOUT):
            raise SourceError(
                f"Cannot ask {question.name!r}: {CONCURRENT_QUERIES} other queries have been "
                f"running for {SLOT_TIMEOUT:g} s",
                hint="Try again in a minute, or choose a shorter window.",
            )
        try:
            yield
        finally:
            self.free.release()


_SLOTS = _Slots()


@dataclass(frozen=True)
class Logs:
    """Asks Log Analytics; at most five questions at a time, and equal ones once."""

    azure: Azure

    def ask(self, name: str, window: Window, **values: Value) -> Answer:
        """Run `queries/<name>.kql` on the rows of a window.

        Args:
            name: The file's name without its suffix.
            window: What bounds the query, whatever its text says.
            **values: One for each `let` at the head of the file.

        Returns:
            The answer; look at `complete` before you call it the truth.

        Raises:
            ValueError: The values do not fit the file's parameters, or there is no such file.
            UnknownTableError: The workspace has not got the table.
            NotPermittedError: The identity may not read the workspace.
            SourceError: Log Analytics did not answer.
        """
        query = load(name).bind(values)
        return _SLOTS.answer(_Question(self.azure, name, query, window), _ask)


def _ask(question: _Question) -> Answer:
    fetched, started = question.azure.settings.clock(), time.perf_counter()
    result = _result(question)
    is_partial = isinstance(result, LogsQueryPartialResult)
    tables = result.partial_data if isinstance(result, LogsQueryPartialResult) else result.tables
    columns, rows = _converted(tables[0]) if tables else ((), ())
    return Answer(
        name=question.name,
        query=question.query,
        window=question.window,
        columns=columns,
        rows=rows,
        complete=not is_partial,
        reason=_reason(result),
        fetched=fetched,
        seconds=time.perf_counter() - started,
    )


def _result(question: _Question) -> LogsQueryResult | LogsQueryPartialResult:
    statuses: list[int] = []
    try:
        return question.azure.logs_client.query_workspace(
            question.azure.log_analytics_workspace_id,
            question.query,
            # Our windows are half-open. Whether the service includes the end of a timespan is not
            # documented, so it is asked for the last instant before the end.
            timespan=(question.window.start, question.window.end - _TICK),
            server_timeout=SERVER_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            raw_response_hook=lambda response: statuses.append(response.http_response.status_code),
        )
    except HttpResponseError as error:
        if isinstance(error.__context__, ClientAuthenticationError) and not error.response:
            # The client hides a failed sign-in behind an error of its own.
            raise failure(error.__context__, _what(question), _ROLE) from error
        _raise_refusal(error, question)
    except (JSONDecodeError, DecodeError, KeyError, TypeError) as error:
        _raise_unreadable(error, question, statuses[-1] if statuses else None)
    except ServiceResponseTimeoutError as error:
        raise _took_too_long(question) from error
    except AzureError as error:
        raise failure(error, _what(question), _ROLE) from error


def _what(question: _Question) -> str:
    workspace = question.azure.log_analytics_workspace_id
    return f"{question.name!r} from the Log Analytics workspace {workspace!r}"


def _raise_refusal(error: HttpResponseError, question: _Question) -> NoReturn:
    """Say in one sentence what the service's codes and nested messages say."""
    chain = _error_chain(error)
    code, message = chain[0][0], chain[-1][1]
    workspace = question.azure.log_analytics_workspace_id
    match error.status_code, code:
        case 400, _:
            raise _bad_query(chain, question) from error
        case 403, "InvalidAuthenticationToken" | "InvalidAuthenticationTokenAudience":
            raise NotPermittedError(
                f"Cannot read {_what(question)}: the token was not made for it ({message})",
                hint="Check the cloud and the tenant that this app signs in to.",
            ) from error
        case 403, _:
            raise NotPermittedError(
                f"Cannot read {_what(question)}: this identity has no access",
                hint=f"Give this app's identity the role {_ROLE}; it takes up to an hour to work.",
            ) from error
        case 404, _:
            raise SourceError(
                f"Cannot find the Log Analytics workspace {workspace!r}",
                hint="Set LOG_ANALYTICS_WORKSPACE_ID to its GUID (customerId), which is neither "
                "its name nor its resource id nor the Azure ML workspace's.",
            ) from error
        case 429, _:
            raise _busy(error, question) from error
        case 504, _:
            raise _took_too_long(question) from error
        case _:
            raise failure(error, _what(question), _ROLE) from error


def _error_chain(error: HttpResponseError) -> list[tuple[str, str]]:
    """Return code and message from the outermost to the innermost error."""
    try:
        node = error.response.json()["error"] if error.response else None  # type: ignore[attr-defined]  # requests' response
    except (ValueError, KeyError, TypeError):
        node = None
    chain = []
    while isinstance(node, Mapping):
        chain.append((str(node.get("code", "")), str(node.get("message", ""))))
        node = node.get("innererror")
    return chain or [("", error.message)]


def _bad_query(chain: list[tuple[str, str]], question: _Question) -> SourceError:
    code, message = chain[-1]
    if table := re.search(r"resolve table[^']*named '([^']+)'", message):
        return UnknownTableError(table[1], question.azure.log_analytics_workspace_id)
    return SourceError(
        f"Log Analytics refused the query {question.name!r}: {message.rstrip('.')} ({code})",
        hint="The sample workspace runs a part of KQL only; Azure may run it."
        if code == "SampleWorkspaceUnsupported"
        else "Run the query in the portal to see where it fails.",
    )


def _busy(error: HttpResponseError, question: _Question) -> SourceError:
    headers = getattr(error.response, "headers", None) or {}
    wait = headers.get("Retry-After", "")
    return SourceError(
        f"Cannot read {_what(question)}: too many queries at once (HTTP 429)",
        hint=f"Try again in {wait} s." if wait.isdigit() else "Try again in a minute.",
    )


def _took_too_long(question: _Question) -> SourceError:
    return SourceError(
        f"Cannot read {_what(question)}: it took more than {SERVER_TIMEOUT} s "
        f"for {question.window}",
        hint="Choose a shorter window.",
    )


def _raise_unreadable(error: Exception, question: _Question, status: int | None) -> NoReturn:
    if status == 204:  # noqa: PLR2004 - "no content"
        raise SourceError(
            f"Cannot read {_what(question)}: the workspace holds no data yet",
            hint="Add diagnostic settings; the first rows take up to an hour.",
        ) from error
    raise SourceError(
        f"Cannot read {_what(question)}: the answer is not one of Log Analytics (HTTP {status})",
        hint="Look for a proxy or a firewall that answers in its place.",
    ) from error


def _reason(result: LogsQueryResult | LogsQueryPartialResult) -> str:
    """Return why rows are missing, in the service's own words."""
    if isinstance(result, LogsQueryResult):
        return ""
    error = result.partial_error
    details = (getattr(error, "details", None) or []) if error else []
    node: Any = details[0] if details else {}
    while isinstance(node, Mapping) and isinstance(node.get("innererror"), Mapping):
        node = node["innererror"]
    message = node.get("message") if isinstance(node, Mapping) else None
    return str(message or (error.message if error else "") or "Log Analytics left rows out")


def _converted(
    table: LogsTable,
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[Any, ...], ...]]:
    columns = tuple(zip(table.columns, table.columns_types, strict=True))
    readers = [_READERS.get(kind) for _, kind in columns]
    rows = tuple(
        tuple(
            read(value) if read and value is not None else value
            for read, value in zip(readers, row, strict=True)
        )
        for row in table.rows
    )
    return columns, rows


# The SDK's value to ours, by KQL type; None stays None.


def _datetime(value: datetime | str) -> datetime:
    # What the SDK could not read comes as the text that the service sent.
    time_ = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time_.astimezone(UTC)


def _timespan(value: str) -> timedelta | None:
    """Read .NET's constant format; the SDK writes a null as 'None'.

    >>> str(_timespan("1.02:03:04.5000000")), _timespan("None")
    ('1 day, 2:03:04.500000', None)
    """
    if not (match := _TIMESPAN.fullmatch(value)):
        return None
    units = {name: float(match[name] or 0) for name in ("days", "hours", "minutes", "seconds")}
    length = timedelta(**units)
    return -length if match["sign"] else length


def _dynamic(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # a bare string: only objects and arrays come as JSON text


def _guid(value: str) -> str | None:
    return None if value == "None" else value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "datetime": _datetime,
    "timespan": _timespan,
    "dynamic": _dynamic,
    "guid": _guid,
    "real": float,
    "decimal": lambda value: Decimal(str(value)),
}
