"""One request, seen through: gateway, containers, collected data and label, in three log queries.

The gateway's x-request-id joins everything: the traffic log has it; the console has it where
score.py writes it; collected data has it where score.py passes it on as the correlation id. Where a
link is missing, its reason has a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from monitoring.errors import MonitoringError, SourceError
from monitoring.requests.collected_request import CollectedRequest, Place, collected_request
from monitoring.requests.link import Link
from monitoring.requests.logged_request import (
    LoggedRequest,
    LogLine,
    Minute,
    Surroundings,
    identifier,
)
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.sources.deployed import Deployed
    from monitoring.sources.logs import Answer
    from monitoring.sources.metrics import PlatformMetrics
    from monitoring.sources.query import Value
    from monitoring.workspace.endpoints import Deployment, Endpoint

#: How far back an id is looked for, and how far around its request the logs are read.
LOOKBACK, REACH = timedelta(days=90), timedelta(minutes=5)
#: How far back the console is searched for an id that the traffic log does not have.
CONSOLE_LOOKBACK = timedelta(days=2)
#: Log Analytics keeps the tables of Azure ML this long unless they are told otherwise.
USUAL_RETENTION = timedelta(days=30)
STEP = timedelta(minutes=5)
TRAFFIC, CLIENT_ID, CONSOLE, EVENTS = "traffic log", "client id", "console log", "container events"
TROUBLE = ("BackOff", "Killing", "LivenessProbeFailed", "ReadinessProbeFailed")


class Ask(Protocol):
    """Runs a query of `sources/queries` on a window."""

    def __call__(self, name: str, window: Window, **values: Value) -> Answer:
        """Return the answer of Log Analytics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestXray:
    """All that is known of one request.

    asked: the id that was asked for. request: None if the traffic log does not have it. repeats:
    other requests with the same id, newest first. lines: of the console around it, oldest first.
    links: in the order of its way, each found, rightly absent, or missing for a reason.
    """

    asked: str
    request: LoggedRequest | None
    repeats: tuple[LoggedRequest, ...] = ()
    lines: tuple[LogLine, ...] = ()
    around: Surroundings = field(default_factory=Surroundings)
    collected: CollectedRequest = field(default_factory=CollectedRequest)
    links: tuple[Link, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def own_lines(self) -> tuple[LogLine, ...]:
        """The console lines that hold its id."""
        return tuple(line for line in self.lines if line.has_id)

    @property
    def minute(self) -> Minute | None:
        """The load of its deployment in its minute."""
        if self.request is None:
            return None
        start = self.request.time.replace(second=0, microsecond=0)
        return next((each for each in self.around.minutes if each.time == start), None)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the pieces lie. endpoints: the inventory, which also tells the case of names."""

    ask: Ask
    deployed: Deployed
    metrics: PlatformMetrics
    endpoints: Sequence[Endpoint]
    now: datetime


def xray(text: str, sources: Sources) -> RequestXray:
    """Return all that is known of a request, by either of its ids; at most three log queries.

    Raises:
        InputError: The text is no id.
    """
    asked = identifier(text)
    answers: list[Answer] = []
    found, link = _logged(asked, sources, answers)
    if not found:
        return _without_traffic_log(asked, link, sources, answers)
    request, links = found[0], [link, _client_id(found[0])]
    endpoint, deployment = _names(request, sources)
    window = Window(request.time - REACH, request.time + REACH)
    where: dict[str, Value] = {
        "endpoints": [request.endpoint],
        "deployment": request.deployment,
        "moment": request.time,
    }
    lines, console = _console(request, window, where, sources, answers)
    around, events = _surroundings(window, where, sources, answers)
    place = Place(
        deployed=sources.deployed,
        metrics=sources.metrics,
        endpoint=endpoint,
        deployment=deployment,
        now=sources.now,
    )
    collected = collected_request(request, place, around, lines)
    links += [
        _with_setting(console, "AmlOnlineEndpointConsoleLog", endpoint, sources),
        _with_setting(events, "AmlOnlineEndpointEventLog", endpoint, sources),
        *collected.links,
    ]
    return RequestXray(
        asked=asked,
        request=request,
        repeats=tuple(found[1:]),
        lines=lines,
        around=around,
        collected=collected,
        links=tuple(links),
        answers=tuple(answers),
    )


def _lookback(now: datetime, length: timedelta) -> Window:
    """Return a window that reaches just past now, the same for five minutes: equal questions share an answer."""
    end = now + STEP - (now - datetime.min.replace(tzinfo=UTC)) % STEP
    return Window.last(length, until=end)


def _logged(
    asked: str, sources: Sources, answers: list[Answer]
) -> tuple[list[LoggedRequest], Link]:
    try:
        answer = sources.ask("request", _lookback(sources.now, LOOKBACK), id=asked)
    except MonitoringError as error:
        return [], Link.of_error(TRAFFIC, error)
    answers.append(answer)
    found = [LoggedRequest.of(row) for row in answer.records()]
    if not found:
        return [], _not_logged(asked)
    words = f"Received {found[0].time:%d %b %Y %H:%M:%S} UTC, x-request-id {found[0].request_id}."
    if len(found) > 1:
        words += f" {len(found)} requests have this id; this is the newest."
    return found, Link(TRAFFIC, "found", words)


def _not_logged(asked: str) -> Link:
    return Link(
        TRAFFIC,
        "missing",
        f"No request of the last {LOOKBACK.days} days has the id {asked}: it is not ours, it is newer "
        f"than the logs (they come up to 10 minutes late), or older than the table keeps "
        f"({USUAL_RETENTION.days} days unless set).",
        "not in the traffic log",
        "A client's id is logged only if the caller sends the header x-ms-client-request-id, and only "
        "its first 40 characters. Each endpoint needs a diagnostic setting for its traffic log.",
    )


def _client_id(request: LoggedRequest) -> Link:
    if request.client_request_id:
        words = f"The caller's x-ms-client-request-id is {request.client_request_id}."
        return Link(CLIENT_ID, "found", words)
    return Link(
        CLIENT_ID,
        "missing",
        f"The caller ({request.agent or 'without a user agent'}) sent no x-ms-client-request-id.",
        "no client id logged",
        "Let callers send one: then their logs lead here.",
    )


def _names(request: LoggedRequest, sources: Sources) -> tuple[Endpoint | None, Deployment | None]:
    endpoint = next((e for e in sources.endpoints if e.name.lower() == request.endpoint), None)
    deployments = endpoint.deployments if endpoint else ()
    return endpoint, next((d for d in deployments if d.name.lower() == request.deployment), None)


def _console(
    request: LoggedRequest,
    window: Window,
    where: dict[str, Value],
    sources: Sources,
    answers: list[Answer],
) -> tuple[tuple[LogLine, ...], Link]:
    try:
        answer = sources.ask("console_lines", window, id=request.request_id, **where)
    except MonitoringError as error:
        return (), Link.of_error(CONSOLE, error)
    answers.append(answer)
    lines = tuple(LogLine.of(row) for row in answer.records())
    own = sum(line.has_id for line in lines)
    if own:
        return lines, Link(CONSOLE, "found", f"{own} line{'s' * (own > 1)} with its id.")
    if not request.reached_model:
        words = f"The gateway answered {request.code} itself; no container saw the request."
        return lines, Link(CONSOLE, "none", words, "did not reach the model")
    if lines:
        words = f"{len(lines)} lines around it, none with its id: score.py wrote none for it."
        hint = "Log the header x-request-id with each line, e.g. in a logging.Filter."
        return lines, Link(CONSOLE, "missing", words, "id not in the console", hint)
    words = "No line of this deployment within five minutes of it."
    return lines, Link(CONSOLE, "missing", words, "no lines")


def _surroundings(
    window: Window, where: dict[str, Value], sources: Sources, answers: list[Answer]
) -> tuple[Surroundings, Link]:
    try:
        answer = sources.ask("moment", window, **where)
    except MonitoringError as error:
        return Surroundings(), Link.of_error(EVENTS, error)
    answers.append(answer)
    around = Surroundings.of(answer.records())
    if not around.events:
        return around, Link(EVENTS, "none", "Nothing happened to its containers around it.")
    trouble = sum(event.name in TROUBLE for event in around.events)
    words = f"{len(around.events)} events of its containers around it, {trouble} of trouble."
    return around, Link(EVENTS, "found", words)


def _with_setting(link: Link, category: str, endpoint: Endpoint | None, sources: Sources) -> Link:
    """Where a log has nothing, ask whether it is sent at all."""
    is_empty = link.cause == "no lines" or (link.name == EVENTS and link.state == "none")
    if not is_empty or endpoint is None:
        return link
    try:
        settings = sources.deployed.inventory.diagnostic_settings(endpoint.id)
    except MonitoringError:
        return link
    if any(category in setting.categories for setting in settings):
        return link
    return Link(
        link.name,
        "missing",
        f"No diagnostic setting of {endpoint.name!r} sends {category}.",
        "no diagnostic setting",
        f"Add {category} to a diagnostic setting of the endpoint; first rows take up to an hour.",
    )


def _without_traffic_log(
    asked: str, link: Link, sources: Sources, answers: list[Answer]
) -> RequestXray:
    """Look for the id in the console of the last days, and stop there."""
    nothing = RequestXray(asked=asked, request=None, links=(link,), answers=tuple(answers))
    try:
        answer = sources.ask(
            "console_lines",
            _lookback(sources.now, CONSOLE_LOOKBACK),
            endpoints=[],
            deployment="",
            id=asked,
            moment=sources.now,
        )
    except SourceError:
        return nothing
    own = tuple(line for line in map(LogLine.of, answer.records()) if line.has_id)
    if not own:
        return replace(nothing, answers=(*answers, answer))
    words = f"{len(own)} line{'s' * (len(own) > 1)} of {own[0].endpoint}/{own[0].deployment} with this id."
    said = Link(CONSOLE, "found", words)
    return replace(nothing, lines=own, links=(link, said), answers=(*answers, answer))
