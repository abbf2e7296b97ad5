"""One request and its surroundings, as the logs of Azure tell them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.errors import InputError
from monitoring.requests.request_parts import WITHOUT_MODEL, Part, parts
from monitoring.workspace.blame import Blame, blame

LONGEST_ID = 100
_ROW_KEY = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One row of the traffic log. Durations are marks since the request began, in milliseconds.

    endpoint, deployment: lower case. request_id: the gateway's x-request-id. client_request_id: the
    caller's x-ms-client-request-id; empty if it sent none.
    """

    time: datetime
    endpoint: str
    deployment: str
    code: int | None
    reason: str
    model_code: int | None
    model_reason: str
    total_ms: int
    request_ms: int | None
    response_ms: int | None
    request_throttling_ms: int | None
    response_throttling_ms: int | None
    request_id: str
    client_request_id: str
    agent: str = ""
    auth: str = ""
    path: str = ""
    request_bytes: int | None = None
    response_bytes: int | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> LoggedRequest:
        """Read a row of `request.kql`."""
        return cls(
            time=row["TimeGenerated"],
            endpoint=row["Endpoint"],
            deployment=row["Deployment"],
            code=row["ResponseCode"],
            reason=row["Reason"] or "",
            model_code=row["ModelStatusCode"] or None,
            model_reason=row["ModelReason"] or "",
            total_ms=int(row["TotalMs"] or 0),
            request_ms=row["RequestMs"],
            response_ms=row["ResponseMs"],
            request_throttling_ms=row["RequestThrottlingMs"],
            response_throttling_ms=row["ResponseThrottlingMs"],
            request_id=row["RequestId"] or "",
            client_request_id=row["ClientRequestId"] or "",
            agent=row["UserAgent"] or "",
            auth=row["AuthType"] or "",
            path=row["Path"] or "",
            request_bytes=row["RequestBytes"],
            response_bytes=row["ResponseBytes"],
        )

    @property
    def reached_model(self) -> bool:
        """Whether the gateway passed it on to the model's container."""
        return self.model_code is not None or self.code not in WITHOUT_MODEL

    @property
    def has_failed(self) -> bool:
        """Whether its caller got no answer."""
        return self.code is None or self.code >= 400  # noqa: PLR2004 - HTTP errors

    @property
    def parts(self) -> tuple[Part, ...]:
        """What its time went into; they add up to the total."""
        return parts(
            self.total_ms,
            self.request_ms,
            self.response_ms,
            self.request_throttling_ms,
            self.response_throttling_ms,
            reached_model=self.reached_model,
        )

    @property
    def blame(self) -> Blame:
        """Who has to act on its response."""
        return blame(self.code, self.model_code)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container's console. has_id: it holds the request's id."""

    time: datetime
    endpoint: str
    deployment: str
    instance: str
    container: str
    message: str
    has_id: bool
    is_collector: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> LogLine:
        """Read a row of `console_lines.kql`."""
        return cls(
            row["TimeGenerated"],
            row["Endpoint"],
            row["Deployment"],
            row["Instance"],
            row["Container"],
            row["Message"],
            bool(row["HasId"]),
            bool(row["IsCollector"]),
        )


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """Something that happened to a container: Killing, BackOff, Started, ..."""

    time: datetime
    deployment: str
    name: str
    instance: str
    message: str


@dataclass(frozen=True, slots=True)
class Minute:
    """The requests of a deployment in one minute."""

    time: datetime
    deployment: str
    requests: int
    errors: int
    worst_ms: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another request near in time."""

    time: datetime
    request_id: str
    code: int | None
    total_ms: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What `moment.kql` answered."""

    events: tuple[ContainerEvent, ...] = ()
    minutes: tuple[Minute, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Surroundings:
        """Sort the rows of `moment.kql` by their kind."""
        events, minutes, neighbours = [], [], []
        for row in rows:
            time, deployment = row["TimeGenerated"], row["Deployment"]
            if row["Kind"] == "event":
                events.append(
                    ContainerEvent(time, deployment, row["Name"], row["Instance"], row["Message"])
                )
            elif row["Kind"] == "minute":
                worst = int(row["WorstMs"] or 0)
                minutes.append(Minute(time, deployment, row["Requests"], row["Errors"], worst))
            else:
                total = int(row["WorstMs"] or 0)
                neighbours.append(Neighbour(time, row["Name"], row["Code"], total))
        return cls(tuple(events), tuple(minutes), tuple(neighbours))


def identifier(text: str) -> str:
    """Return a request's id as it was pasted, without what is around it.

    The key of a collected row or of a label, `<id>_<index>`, stands for its request.

    Raises:
        InputError: It is no id.

    >>> identifier(' "CA7441B0-fd49-4ae9-acfe-ff52f535de29_0" ')
    'ca7441b0-fd49-4ae9-acfe-ff52f535de29'
    """
    bare = text.strip().strip("\"'{}[]()<>,; \t").strip()
    if key := _ROW_KEY.fullmatch(bare):
        bare = key[1]
    if not bare or len(bare) > LONGEST_ID or not bare.isprintable():
        raise InputError(
            f"Cannot look for the request {text[:LONGEST_ID]!r}: it is no id",
            hint="Paste an x-request-id or x-ms-client-request-id, of at most 100 characters.",
        )
    return bare.lower() if re.fullmatch(r"[0-9a-fA-F-]{36}", bare) else bare
