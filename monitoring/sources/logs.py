"""Log Analytics, asked by name: each question is a file in `queries/`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, NamedTuple

from azure.core.exceptions import (
    AzureError,
    DecodeError,
    HttpResponseError,
    ServiceResponseTimeoutError,
)
from azure.monitor.query import LogsQueryPartialResult, LogsQueryResult

from monitoring.sources import log_errors
from monitoring.sources.bounded import bounded
from monitoring.sources.budget import Keep
from monitoring.sources.failures import failure
from monitoring.sources.log_errors import Asked, RefusedQueryError, UnknownTableError
from monitoring.sources.log_values import Columns, Rows, converted
from monitoring.sources.query import Value, load

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineResponse

    from monitoring.settings import Settings
    from monitoring.sources.azure import Azure
    from monitoring.window import Window

__all__ = ["Answer", "Logs", "RefusedQueryError", "UnknownTableError"]

#: Resource logs arrive 3 to 10 minutes late: the newest minutes of every log chart are incomplete.
INCOMPLETE = timedelta(minutes=10)
#: Seconds that the service may compute, and that we wait for its answer.
SERVER_TIMEOUT = 60
READ_TIMEOUT = SERVER_TIMEOUT + 15
#: Rows that a reader's own query brings at most.
MOST_ROWS = 10_000
#: How long an answer stands: one that leaves rows out, one whose newest minutes still arrive, and
#: at most. In between, an answer is as good as its window is old: logs may arrive late.
KEEP_PARTIAL = timedelta(seconds=30)
KEEP_UNSETTLED = timedelta(minutes=2)
KEEP_SETTLED = timedelta(hours=6)
#: Two clocks that differ by more show different minutes as the newest.
LARGEST_SKEW = timedelta(minutes=2)

_TICK = timedelta(microseconds=1)
#: Rows that are weighed to tell how much memory an answer takes.
_WEIGHED = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What Log Analytics answered, with what is needed to judge and to repeat it.

    columns: name and KQL type. rows: Python values; a dynamic is parsed, a datetime is in UTC;
    shared by all who asked, so never to be changed. complete: False where rows were left out.
    reason: why they were, or why the newest may be missing. fetched: when it was asked. seconds:
    how long it took. query: the text that was sent; it runs in the portal. ahead: by how much our
    clock is ahead of the service's, zero where they agree.
    """

    name: str
    query: str
    window: Window
    columns: Columns
    rows: Rows
    complete: bool
    reason: str
    fetched: datetime
    seconds: float
    ahead: timedelta = timedelta()

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    @property
    def settled(self) -> datetime:
        """Until when the logs of this window had arrived when it was asked."""
        return min(self.window.end, self.fetched - max(self.ahead, timedelta()) - INCOMPLETE)


class _Question(NamedTuple):
    """What makes two questions equal."""

    workspace: str
    query: str
    window: Window


@dataclass(frozen=True)
class Logs:
    """Asks Log Analytics within the budget of this identity (monitoring/sources/budget.py)."""

    azure: Azure

    def ask(self, name: str, window: Window, **values: Value) -> Answer:
        """Run `queries/<name>.kql` on the rows of a window.

        Args:
            name: The file's name without its suffix.
            window: What bounds the query, whatever its text says.
            **values: One for each `let` at the head of the file.

        Returns:
            The answer, kept ones included; look at `complete` before you call it the truth.

        Raises:
            ValueError: The values do not fit the file's parameters, or there is no such file.
            UnknownTableError: The workspace has not got the table.
            NotPermittedError: The identity may not read the workspace.
            BusyError: Log Analytics has to be left alone for longer than a reader waits.
            SourceError: Log Analytics did not answer.
        """
        return self._answer(name, load(name).bind(values), window)

    def run(
        self, text: str, window: Window, *, name: str = "workbench", most_rows: int = MOST_ROWS
    ) -> Answer:
        """Run a reader's own KQL on the rows of a window; the API can read and nothing else.

        Args:
            text: KQL. A bound on the rows is appended, so that places in it stay where they are.
            window: What bounds the query, whatever its text says.
            name: What to call it in an error.
            most_rows: Rows to bring; of a longer result, the first.

        Raises:
            RefusedQueryError: The service does not take the text; it says where, if it can.
            UnknownTableError: The workspace has not got the table.
            NotPermittedError: The identity may not read the workspace.
            BusyError: Log Analytics has to be left alone for longer than a reader waits.
            SourceError: Log Analytics did not answer.
        """
        answer = self._answer(name, bounded(text, most_rows + 1), window)
        if len(answer.rows) <= most_rows:
            return answer
        said = f"Only the first {most_rows:,} rows were fetched; the query has more."
        reason = " ".join(filter(None, (said, answer.reason)))
        return replace(answer, rows=answer.rows[:most_rows], complete=False, reason=reason)

    def _answer(self, name: str, query: str, window: Window) -> Answer:
        workspace = self.azure.log_analytics_workspace_id
        asked = Asked(name, query, window, workspace, SERVER_TIMEOUT)
        answer = self.azure.query_budget.answer(
            _Question(workspace, query, window), name, lambda: _send(self.azure, asked), keep=_keep
        )
        return answer if answer.name == name else replace(answer, name=name)


def _keep(answer: Answer) -> Keep:
    """Say how long an answer stands for its question."""
    age = answer.fetched - answer.window.end
    if not answer.complete:
        stands = KEEP_PARTIAL
    elif answer.ahead or answer.settled < answer.window.end:
        stands = KEEP_UNSETTLED
    else:
        stands = min(age, KEEP_SETTLED)
    return Keep(stands.total_seconds(), _size_bytes(answer.rows))


def _size_bytes(rows: Rows) -> int:
    """Return about how much memory rows take, from some of them."""
    some = rows[:: max(1, len(rows) // _WEIGHED)]
    weight = sum(sys.getsizeof(row) + sum(map(_weight, row)) for row in some)
    return 1024 + (weight * len(rows) // len(some) if some else 0)


def _weight(value: Any) -> int:
    if isinstance(value, dict):
        return sys.getsizeof(value) + sum(_weight(k) + _weight(v) for k, v in value.items())
    if isinstance(value, list):
        return sys.getsizeof(value) + sum(map(_weight, value))
    return sys.getsizeof(value)


@dataclass
class _Heard:
    """What the service's response says beside its body: its status, and what time it is there.

    ahead: by how much our clock is ahead; zero where they agree, or where ours is a chosen time.
    """

    settings: Settings
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ahead: timedelta = timedelta()

    def __call__(self, response: PipelineResponse[Any, Any]) -> None:
        """Take it from one response."""
        self.status = response.http_response.status_code
        self.headers = response.http_response.headers
        with suppress(ValueError):  # there is no such header
            date = parsedate_to_datetime(self.headers.get("Date", ""))
            skew = self.settings.clock() - date.astimezone(UTC)
            if self.settings.now is None and abs(skew) > LARGEST_SKEW:
                self.ahead = skew


def _send(azure: Azure, asked: Asked) -> Answer:
    fetched, started, heard = azure.settings.clock(), time.perf_counter(), _Heard(azure.settings)
    result = _result(azure, asked, heard)
    partial = result if isinstance(result, LogsQueryPartialResult) else None
    tables = result.partial_data if isinstance(result, LogsQueryPartialResult) else result.tables
    columns, rows = converted(tables[0]) if tables else ((), ())
    return Answer(
        name=asked.name,
        query=asked.query,
        window=asked.window,
        columns=columns,
        rows=rows,
        complete=partial is None,
        reason=" ".join(filter(None, (_left_out(partial), _skewed(heard.ahead)))),
        fetched=fetched,
        seconds=time.perf_counter() - started,
        ahead=heard.ahead,
    )


def _result(azure: Azure, asked: Asked, heard: _Heard) -> LogsQueryResult | LogsQueryPartialResult:
    try:
        return azure.logs_client.query_workspace(
            asked.workspace,
            asked.query,
            # Our windows are half-open. Whether the service includes the end of a timespan is not
            # documented, so it is asked for the last instant before the end.
            timespan=(asked.window.start, asked.window.end - _TICK),
            server_timeout=SERVER_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retry_status=0,  # the budget asks again, so that all who share it wait
            raw_response_hook=heard,
        )
    except HttpResponseError as error:
        raise log_errors.refusal(error, asked) from error
    except (JSONDecodeError, DecodeError, KeyError, TypeError) as error:
        raise log_errors.unreadable(asked, heard.status, heard.headers) from error
    except ServiceResponseTimeoutError as error:
        raise log_errors.took_too_long(asked) from error
    except AzureError as error:
        raise failure(error, str(asked), log_errors.ROLE) from error


def _left_out(result: LogsQueryPartialResult | None) -> str:
    """Return why rows are missing, in the service's own words."""
    if result is None:
        return ""
    error = result.partial_error
    details = getattr(error, "details", None) or [None]
    said = _innermost(details[0]) or getattr(error, "message", None)
    return str(said or "Log Analytics left rows out")


def _innermost(node: Any) -> str | None:
    """Return the message of the error that is behind all others."""
    if not isinstance(node, Mapping):
        return None
    inner = node.get("innererror")
    return _innermost(inner) if isinstance(inner, Mapping) else node.get("message")


def _skewed(ahead: timedelta) -> str:
    if not ahead:
        return ""
    minutes, way = (
        abs(ahead) / timedelta(minutes=1),
        "ahead of" if ahead > timedelta() else "behind",
    )
    return (
        f"The clock of this server is about {minutes:.0f} min {way} Azure's, so that the newest rows may "
        "be missing: set it by a time server."
    )
