"""The query API of Log Analytics, answered from the sample workspace's tables.

Answers three addresses of api.loganalytics.io: a workspace's query, a resource's query (which sees
the rows of that resource only) and `$batch`. Honours `timespan`, `Prefer` and the limit of rows, and
refuses with the service's own codes and bodies, so that the SDK client cannot tell the difference.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sample import kql
from sample.arm import JsonFile, ResourceManager
from sample.builder.names import LOG_ANALYTICS_GUID, LOG_ANALYTICS_ID
from sample.transport import Reply, Request, Route

if TYPE_CHECKING:
    from pathlib import Path

HOST = "api.loganalytics.io"
AUDIENCE = f"https://{HOST}"
#: What the service returns at most; beyond it, the answer is partial.
ROW_LIMIT = 500_000
#: Seconds that a query may take: unless the caller says otherwise, and at most.
DEFAULT_WAIT = 180
LONGEST_WAIT = 600

_DURATION = re.compile(
    r"P(?=.)(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?=.)(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)
_RENDER = re.compile(r"\|\s*render\s+(\w+)")


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """What the service answers when it does not run a query."""

    def __init__(
        self, status: int, code: str, message: str, inner: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"message": message, "code": code}
        self.reply = Reply(status, {"error": error | ({"innererror": inner} if inner else {})})


def routes(
    store: Path, clock: Callable[[], datetime], *, row_limit: int = ROW_LIMIT
) -> list[Route]:
    """Return the routes of the query API."""
    workspace = Workspace(
        kql.Tables(store / "workspace.duckdb"),
        ResourceManager(JsonFile(store / "arm.json"), clock),
        clock,
        row_limit,
    )
    host = re.escape(HOST)
    return [
        ("POST", _pattern(host + r"/v1/workspaces/(?P<workspace>[^/]+)/query"), workspace.post),
        ("POST", _pattern(host + r"/v1/\$batch"), workspace.post_batch),
        ("POST", _pattern(host + r"/v1/+(?P<resource>subscriptions/.+)/query"), workspace.post),
        (
            "POST",
            _pattern(host + "/.*"),
            lambda request: _path_not_found(request.path).reply,
        ),
    ]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Workspace:
    """One Log Analytics workspace."""

    tables: kql.Tables
    resources: ResourceManager
    clock: Callable[[], datetime]
    row_limit: int

    def post(self, request: Request) -> Reply:
        """Answer a query."""
        try:
            _check_token(request.headers)
            return self._answer(request.groups, request.headers, _json(request.body))
        except Refusal as refusal:
            return refusal.reply

    def post_batch(self, request: Request) -> Reply:
        """Answer several queries, each with a status of its own."""
        try:
            _check_token(request.headers)
            asked = _json(request.body).get("requests", [])
        except Refusal as refusal:
            return refusal.reply
        return Reply(200, {"responses": [self._answer_one_of_batch(one) for one in asked]})

    def _answer_one_of_batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            reply = self._answer(asked, asked.get("headers") or {}, asked["body"])
        except Refusal as refusal:
            reply = refusal.reply
        return {"id": asked["id"], "status": reply.status, "headers": {}, "body": reply.body}

    def _answer(
        self, address: Mapping[str, str], headers: Mapping[str, str], asked: dict[str, Any]
    ) -> Reply:
        query = asked.get("query")
        if not isinstance(query, str) or not query.strip():
            raise _bad_argument("The query is empty")
        preferences = _preferences(headers)
        scope = self._scope(address, asked)
        start = time.perf_counter()
        try:
            result = self.tables.ask(query, scope, rows=self.row_limit, seconds=_wait(preferences))
            body = _body(result, self.row_limit)
        except kql.KqlRefusedError as error:
            raise _bad_query(error) from error
        except kql.QueryTimeoutError as error:
            message = "Gateway timeout: the query did not finish in the time it was given"
            raise Refusal(504, "GatewayTimeout", message) from error
        if preferences.get("include-statistics") == "true":
            body["statistics"] = {"query": {"executionTime": time.perf_counter() - start}}
        if preferences.get("include-render") == "true":
            body["render"] = {"visualization": _visualization(query), "title": None}
        return Reply(200, body)

    def _scope(self, address: Mapping[str, str], asked: dict[str, Any]) -> kql.Scope:
        now = self.clock()
        resource = f"/{address['resource']}".rstrip("/") if address.get("resource") else None
        if resource and not self._exists(resource):
            raise Refusal(404, "ResourceNotFoundError", f"The resource {resource} does not exist")
        if not resource and address.get("workspace", "").lower() != LOG_ANALYTICS_GUID:
            raise _path_not_found(f"/v1/workspaces/{address.get('workspace')}/query")
        for other in asked.get("workspaces") or []:
            if other.lower() not in (LOG_ANALYTICS_GUID, LOG_ANALYTICS_ID.lower()):
                message = f"The workspace '{other}' could not be resolved"
                raise Refusal(400, "FailedToResolveResource", message)
        start, end = timespan(asked.get("timespan"), now)
        return kql.Scope(until=now, start=start, end=end, resource=resource)

    def _exists(self, resource: str) -> bool:
        """Whether it is a resource, or a subscription or group that holds one."""
        scope = resource.lower() + "/"
        return any(f"{key}/".startswith(scope) for key in self.resources.existing())


def timespan(text: str | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Read the request's timespan: a duration, start/duration, duration/end or start/end.

    Without one, nothing bounds the query: that is what the service does.

    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> start, end = timespan("PT3600.0S", noon)
    >>> start.hour, end.hour
    (11, 12)
    >>> timespan(None, noon)
    (None, None)
    """
    if text is None:
        return None, None
    first, slash, second = text.partition("/")
    try:
        if not slash:
            return now - _duration(first), now
        if first.startswith("P"):
            return _time(second) - _duration(first), _time(second)
        start = _time(first)
        return start, start + _duration(second) if second.startswith("P") else _time(second)
    except (ValueError, OverflowError) as error:
        message = f"The timespan '{text}' is not an ISO 8601 duration or interval"
        raise _bad_argument(message) from error


def _duration(text: str) -> timedelta:
    if not (match := _DURATION.fullmatch(text)):
        raise ValueError(text)
    return timedelta(**{unit: float(n) for unit, n in match.groupdict(default="0").items()})


def _time(text: str) -> datetime:
    time_ = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return time_.replace(tzinfo=time_.tzinfo or UTC).astimezone(UTC)


def _preferences(headers: Mapping[str, str]) -> dict[str, str]:
    text = next((v for k, v in headers.items() if k.lower() == "prefer"), "")
    return {
        name.strip().lower(): value.strip().lower()
        for name, _, value in (part.partition("=") for part in text.split(","))
    }


def _wait(preferences: Mapping[str, str]) -> float:
    text = preferences.get("wait", "")
    return min(int(text), LONGEST_WAIT) if text.isdigit() else DEFAULT_WAIT


def _visualization(query: str) -> str | None:
    match = _RENDER.search(query)
    return match[1] if match else None


def _check_token(headers: Mapping[str, str]) -> None:
    """Refuse a request without a token, or with one that was made for another service."""
    kind, _, token = headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        message = "Authentication failed. The 'Authorization' header is missing"
        raise Refusal(401, "AuthenticationFailed", message)
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        audience = claims["aud"]
    except (IndexError, binascii.Error, ValueError, KeyError, TypeError) as error:
        raise Refusal(403, "InvalidAuthenticationToken", "The access token is invalid") from error
    if str(audience).rstrip("/") != AUDIENCE:
        message = f"The audience '{audience}' is not '{AUDIENCE}'"
        raise Refusal(403, "InvalidAuthenticationTokenAudience", message)


def _json(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise _bad_argument("The request body is not JSON") from error
    if not isinstance(asked, dict):
        raise _bad_argument("The request body is not a JSON object")
    return asked


def _bad_argument(message: str) -> Refusal:
    return Refusal(400, "BadArgumentError", message)


def _path_not_found(path: str) -> Refusal:
    return Refusal(404, "PathNotFoundError", f"The requested path {path} does not exist")


def _bad_query(error: kql.KqlRefusedError) -> Refusal:
    """Build the chain of errors in which the service says what is wrong with a query."""
    innermost: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.code == kql.UNSUPPORTED:
        innermost["message"] = (
            f"The sample workspace does not run this part of KQL: {error.message}"
        )
    if error.position:
        innermost |= {"line": error.position[0], "pos": error.position[1]}
    kind, message = (
        ("SyntaxError", "A recognition error occurred in the query.")
        if error.code.startswith("SYN")
        else ("SemanticError", "A semantic error occurred.")
    )
    return Refusal(
        400,
        "BadArgumentError",
        "The request had some invalid properties",
        {"code": kind, "message": message, "innererror": innermost},
    )


def _body(result: kql.Result, row_limit: int) -> dict[str, Any]:
    writers = [_WRITERS.get(kind) for _, kind in result.columns]
    rows = [
        [write(v) if write else v for write, v in zip(writers, row, strict=True)]
        for row in result.rows
    ]
    columns = [{"name": name, "type": kind} for name, kind in result.columns]
    body: dict[str, Any] = {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}
    if result.is_truncated:
        body["error"] = _partial_error(row_limit)
    return body


def _partial_error(row_limit: int) -> dict[str, Any]:
    message = (
        f"The results of this query exceed the set limit of {row_limit} records, so not all "
        "records were returned (E_QUERY_RESULT_SET_TOO_LARGE)."
    )
    engine = {
        "code": "-2133196797",
        "message": message,
        "severity": 2,
        "severityName": "Error",
    }
    return {
        "code": "PartialError",
        "message": "There were some errors when processing your query.",
        "details": [
            {
                "code": "EngineError",
                "message": "Something went wrong processing your query on the server.",
                "innererror": engine,
            }
        ],
    }


# DuckDB's value to JSON, by KQL type. What is not here goes as it is.


def _string(value: str | None) -> str:
    return "" if value is None else value  # a KQL string is never null


def _datetime(value: datetime | str | None) -> str | None:
    """Write the service's 100-nanosecond ticks.

    Raises:
        KqlRefusedError: The time is outside of the years 1 to 9999; DuckDB then gives a text.

    >>> _datetime(datetime(2026, 1, 2, 3, 4, 5, 120000))
    '2026-01-02T03:04:05.1200000Z'
    """
    if isinstance(value, str):
        message = f"the time {value}: a datetime is of the years 1 to 9999"
        raise kql.KqlRefusedError(message, code=kql.UNSUPPORTED)
    # Not strftime, which writes the year 1 without its zeros.
    return None if value is None else f"{value.isoformat(timespec='microseconds')}0Z"


def _timespan(value: timedelta | None) -> str | None:
    """Write .NET's constant format: [-][d.]hh:mm:ss[.fffffff].

    >>> _timespan(timedelta(days=1, hours=2, seconds=3, milliseconds=4))
    '1.02:00:03.0040000'
    >>> _timespan(-timedelta(minutes=5))
    '-00:05:00'
    """
    if value is None:
        return None
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06}0" if value.microseconds else ""
    return f"{sign}{days}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"


def _real(value: float | None) -> float | str | None:
    """JSON has no NaN and no infinity; the service sends their names."""
    if value is None or math.isfinite(value):
        return None if value is None else float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _dynamic(value: Any) -> Any:
    """Objects and arrays go as JSON text, scalars bare."""
    parsed = json.loads(value) if isinstance(value, str) else value
    if isinstance(parsed, (dict, list)):
        return json.dumps(parsed, default=str, separators=(",", ":"))
    return parsed


def _integer(value: Any) -> int | None:
    return None if value is None else int(value)  # a sum of longs is wider in DuckDB


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "datetime": _datetime,
    "timespan": _timespan,
    "real": _real,
    "dynamic": _dynamic,
    "guid": _text,
    "decimal": _text,
    "int": _integer,
    "long": _integer,
}
