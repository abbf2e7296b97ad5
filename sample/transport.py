"""Answers HTTPS requests in this process: the SDKs run whole, and no socket is ever opened.

A `requests` adapter takes each request that azure-core's transport sends, finds the route whose
pattern matches, and hands back its reply. URLs, headers, JSON bodies and every SDK policy (tokens,
retries, redirects, logging) are the real ones; only the wire is missing.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.client import responses as reasons
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as a route sees it.

    `path` is percent-decoded, `host` is lower case and `groups` holds the named groups of the
    pattern that matched `host + path`.
    """

    method: str
    url: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answers. A dict or list is sent as JSON, None as an empty body."""

    status: int
    body: dict[str, Any] | list[Any] | str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Request], Reply]
#: Method, pattern of `host + path` (matched whole), and who answers.
Route: TypeAlias = tuple[str, re.Pattern[str], Handler]
#: Called before the routes; a Reply takes their place, an exception is what the network would raise.
Faults: TypeAlias = Callable[[Request], Reply | None]
#: Called with each request and what was answered.
Observer: TypeAlias = Callable[[Request, Reply], None]


class LocalAdapter(BaseAdapter):
    """The `requests` adapter that answers from routes.

    Args:
        routes: Tried in order; the first whose method and pattern match answers.
        faults: For tests: what breaks, and how.
        observer: For tests: who asked what.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        faults: Faults | None = None,
        observer: Observer | None = None,
    ) -> None:
        super().__init__()
        self._routes = tuple(routes)
        self._faults = faults
        self._observer = observer

    def send(  # type: ignore[override]  # the stubs spell out seven options that mean nothing here
        self, request: requests.PreparedRequest, **_: Any
    ) -> requests.Response:
        """Answer one request."""
        asked = _request(request)
        reply = (self._faults and self._faults(asked)) or self._answer(asked)
        if self._observer:
            self._observer(asked, reply)
        return self._response(request, reply)

    def close(self) -> None:
        """There is no connection to close."""

    def _answer(self, request: Request) -> Reply:
        for method, pattern, handler in self._routes:
            if method == request.method and (
                match := pattern.fullmatch(request.host + request.path)
            ):
                groups = {name: text or "" for name, text in match.groupdict().items()}
                return handler(replace(request, groups=groups))
        message = (
            f"The sample workspace has nothing at {request.method} {request.host}{request.path}"
        )
        return Reply(404, {"error": {"code": "NotFound", "message": message}})

    def _response(self, request: requests.PreparedRequest, reply: Reply) -> requests.Response:
        content, content_type = _encoded(reply.body)
        response = requests.Response()
        response.status_code = reply.status
        response.reason = reasons.get(reply.status, "")
        response.url = request.url or ""
        response.request = request
        if content_type:
            response.headers["Content-Type"] = content_type
        response.headers["Content-Length"] = str(len(content))
        response.headers.update(reply.headers)
        response.raw = HTTPResponse(
            io.BytesIO(content),
            headers=dict(response.headers),
            status=reply.status,
            reason=response.reason,
            preload_content=False,
        )
        response.connection = self  # type: ignore[assignment]  # the stubs know HTTPAdapter only
        return response


def local_transport(adapter: LocalAdapter) -> RequestsTransport:
    """Mount the adapter on azure-core's own transport, as the only way out."""
    session = requests.Session()
    session.trust_env = False  # no proxy and no .netrc may be consulted
    session.adapters.clear()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # The session outlives each client that closes its pipeline: it is shared by all of them.
    return RequestsTransport(session=session, session_owner=False)


def _request(request: requests.PreparedRequest) -> Request:
    url = urlsplit(request.url or "")
    body = request.body or b""
    return Request(
        method=request.method or "GET",
        url=request.url or "",
        host=(url.hostname or "").lower(),
        path=unquote(url.path),
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers=request.headers,
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


def _encoded(body: dict[str, Any] | list[Any] | str | bytes | None) -> tuple[bytes, str]:
    match body:
        case None:
            return b"", ""
        case bytes():
            return body, "application/octet-stream"
        case str():
            return body.encode(), "text/html; charset=utf-8"
        case _:
            # No NaN: JSON has none, and the services send the string "NaN" where they must.
            return json.dumps(body, allow_nan=False, separators=(",", ":")).encode(), (
                "application/json; charset=utf-8"
            )
