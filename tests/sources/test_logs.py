"""Questions to Log Analytics: values, answers, errors, and what the service is spared."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import tiny_logs
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from tiny_logs import CREDIT, HOSTILE, NOW, request

from monitoring.errors import NotPermittedError, SourceError
from monitoring.sources import budget, logs, query
from monitoring.sources.azure import Azure, Wiring
from monitoring.sources.budget import CONCURRENT_QUERIES, PAUSES, BusyError
from monitoring.sources.logs import INCOMPLETE, Logs, RefusedQueryError, UnknownTableError
from monitoring.window import Window
from sample.builder.names import LOG_ANALYTICS_GUID as GUID
from sample.transport import Faults, Reply, Request

MORNING = Window(datetime(2026, 11, 21, 10, tzinfo=UTC), datetime(2026, 11, 21, 12, tzinfo=UTC))
STEP = timedelta(minutes=30)
#: One of each answer that a request may get, and who is to blame for it.
CODES = {200: "", 401: "Client", 404: "Operator", 408: "Model", 424: "Model", 429: "Capacity"} | {
    409: "Operator",
    499: "Client",
    500: "Platform",
    501: "Platform",
    502: "Model",
    503: "Capacity",
    504: "Model",
}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many attempts as ever, without the waits between them."""
    monkeypatch.setattr(budget, "PAUSES", (0.0,) * len(PAUSES))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    blamed = [request("10:10", "blamed", ResponseCode=code) for code in CODES]
    named = [request("11:00", name) for name in HOSTILE]
    slow = [request(f"10:{n // 10:02}:{n % 10:02}", TotalDurationMs=n + 1) for n in range(100)]
    event = {"DeploymentName": "blue", "Message": "m"}
    trouble = [
        {
            "TimeGenerated": f"2026-11-21 10:0{n}",
            "Name": "BackOff",
            "_ResourceId": resource,
            **event,
        }
        for n, resource in enumerate((CREDIT, CREDIT.upper(), CREDIT.lower(), f"{CREDIT}-2"))
    ]
    return tiny_logs.write(
        tmp_path_factory.mktemp("store"),
        AmlOnlineEndpointTrafficLog=[
            *blamed,
            *named,
            *slow,
            request("10:10", "blamed", ResponseCode=None),
            request("10:59:59.999999", "edge"),
            request("11:00:00", "edge"),
        ],
        AmlOnlineEndpointEventLog=trouble,
        AmlOnlineEndpointConsoleLog=[
            {"TimeGenerated": f"2026-11-21 10:0{n}", "_ResourceId": CREDIT, "Message": message}
            for n, message in enumerate(
                (
                    "ValueError: 3 columns, 285c88ba-b621-417f-a109-701d18fbc272",
                    "ValueError: 14 columns, 362289d1-43be-473c-a48b-6932128a67a3",
                    "GET /score 200",
                )
            )
        ],
    )


@pytest.fixture(scope="module")
def azure(store: Path) -> Azure:
    return tiny_logs.connect(store)


@pytest.fixture
def ask_kql(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], logs.Answer]:
    """Ask a text instead of a file."""

    def ask(text: str) -> logs.Answer:
        path = tmp_path / f"q{len(list(tmp_path.iterdir()))}.kql"
        path.write_text(text)
        monkeypatch.setattr(query, "FOLDER", tmp_path)
        return Logs(azure).ask(path.stem, MORNING)

    return ask


def failing(store: Path, faults: Faults, seen: list[Request] | None = None) -> Logs:
    return Logs(
        tiny_logs.connect(
            store,
            faults=faults,
            observer=lambda asked, _: seen.append(asked) if seen is not None else None,
        )
    )


def refused(store: Path, reply: Reply | Exception, kind: type[SourceError] = SourceError) -> str:
    def fail(asked: Request) -> Reply:
        if isinstance(reply, Exception):
            raise reply
        return reply

    with pytest.raises(kind) as caught:
        failing(store, fail).ask("usage", MORNING, step=STEP)
    assert "'usage'" in str(caught.value) or GUID in str(caught.value)
    assert caught.value.hint
    return str(caught.value)


def error(code: str, *inner: tuple[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "message": f"{code} happened"}
    node = body
    for inner_code, message in inner:
        node["innererror"] = {"code": inner_code, "message": message}
        node = node["innererror"]
    return {"error": body}


# Answers


def test_an_answer_says_what_it_is(azure: Azure) -> None:
    answer = Logs(azure).ask("traffic_totals", MORNING, endpoints=["credit"])
    (record,) = answer.records()
    assert (record["Endpoint"], record["Deployment"], record["Requests"]) == ("credit", "blue", 100)
    assert (record["P50Ms"], record["P95Ms"], record["P99Ms"]) == (50.0, 95.0, 99.0)
    assert (answer.complete, answer.reason) == (True, "")
    assert (answer.window, answer.fetched) == (MORNING, NOW)
    assert answer.seconds > 0
    assert answer.columns[0] == ("Endpoint", "string")
    assert 'let endpoints = dynamic(["credit"]);' in answer.query
    assert answer.settled == NOW - INCOMPLETE
    assert replace(answer, window=Window.day(datetime(2026, 11, 1, tzinfo=UTC))).settled == (
        datetime(2026, 11, 2, tzinfo=UTC)
    )


def test_values_come_as_python_has_them(ask_kql: Callable[[str], logs.Answer]) -> None:
    answer = ask_kql(
        """
        print t = datetime(2026-01-02T03:04:05.123456), d = -(1d + 2h + 500ms), s = "x",
            o = dynamic({"a": [1, null]}), list = dynamic(["a"]), bare = dynamic("a"), n = dynamic(5),
            nan = real(nan), up = real(+inf), r = 2.0, l = 5, b = false,
            g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642),
            no_t = datetime(null), no_d = timespan(null), no_g = guid(null), no_l = long(null),
            no_r = real(null), no_b = bool(null), empty = dynamic({})
        | extend no_o = empty.x | project-away empty
        """
    )
    (record,) = answer.records()
    assert repr(record.pop("nan")) == "nan"
    assert record == {
        "t": datetime(2026, 1, 2, 3, 4, 5, 123456, UTC),
        "d": -timedelta(days=1, hours=2, milliseconds=500),
        "s": "x",
        "o": {"a": [1, None]},
        "list": ["a"],
        "bare": "a",
        "n": 5,
        "up": float("inf"),
        "r": 2.0,
        "l": 5,
        "b": False,
        "g": "74be27de-1e4e-49d9-b579-fe0b331d3642",
        **dict.fromkeys(("no_t", "no_d", "no_g", "no_l", "no_r", "no_b", "no_o")),
    }
    assert record["t"].tzinfo is UTC


def test_a_window_is_half_open(azure: Azure) -> None:
    parts = MORNING.split(timedelta(hours=1))
    counts = [
        [
            r["Requests"]
            for r in Logs(azure).ask("traffic_totals", part, endpoints=["edge"]).records()
        ]
        for part in parts
    ]
    assert counts == [[1], [1]]


def test_errors_are_laid_to_whom_they_belong(azure: Azure) -> None:
    (record,) = Logs(azure).ask("traffic_totals", MORNING, endpoints=["blamed"]).records()
    for name in ("Client", "Operator", "Model", "Capacity", "Platform"):
        assert record[f"{name}Errors"] == sum(blame == name for blame in CODES.values()), name
    assert record["Requests"] == len(CODES) + 1
    assert record["Errors"] == len(CODES) - 1


def test_traffic_adds_up_to_its_totals(azure: Azure) -> None:
    totals = Logs(azure).ask("traffic_totals", MORNING, endpoints=[]).records()
    bins = Logs(azure).ask("traffic", MORNING, endpoints=[], step=STEP).records()
    counted = [name for name in bins[0] if name == "Requests" or name.endswith("Errors")]
    for total in totals:
        mine = [b for b in bins if b["Endpoint"] == total["Endpoint"]]
        assert [sum(b[c] for b in mine) for c in counted] == [total[c] for c in counted]
        assert all(not b["TimeGenerated"].minute % 30 for b in mine)


def test_endpoints_with_a_deployment_of_one_name_are_kept_apart(azure: Azure) -> None:
    answer = Logs(azure).ask("container_events", MORNING, endpoints=[], step=timedelta(hours=1))
    assert [(r["Endpoint"], r["Events"]) for r in answer.records()] == [
        ("credit", 3),
        ("credit-2", 1),
    ]
    only = Logs(azure).ask("container_events", MORNING, endpoints=["CREDIT"], step=STEP)
    assert [r["Endpoint"] for r in only.records()] == ["credit"]


def test_lines_that_differ_in_numbers_and_ids_are_one_error(azure: Azure) -> None:
    (record,) = Logs(azure).ask("console_errors", MORNING, endpoints=[]).records()
    assert (record["Signature"], record["Lines"]) == ("ValueError: # columns, #", 2)
    assert record["Message"].startswith("ValueError: 14")


# Values


@pytest.mark.parametrize("name", HOSTILE)
def test_a_value_is_a_value_whatever_it_holds(azure: Azure, name: str) -> None:
    answer = Logs(azure).ask("traffic_totals", MORNING, endpoints=[name])
    assert [(r["Endpoint"], r["Requests"]) for r in answer.records()] == [(name.lower(), 1)]


@pytest.mark.parametrize("name", ["\x7f", "\u2028", "\x00", "\ud800"])
def test_what_the_sample_cannot_read_back_is_refused_and_not_misread(
    azure: Azure, name: str
) -> None:
    with pytest.raises(SourceError, match="the escape"):
        Logs(azure).ask("traffic_totals", MORNING, endpoints=[name])


def test_hostile_names_side_by_side(azure: Azure) -> None:
    answer = Logs(azure).ask("traffic_totals", MORNING, endpoints=HOSTILE)
    assert {r["Endpoint"] for r in answer.records()} == {name.lower() for name in HOSTILE}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"endpoints": []},
        {"step": STEP},
        {"endpoints": [], "step": STEP, "more": 1},
        {"endpoints": "credit", "step": STEP},
        {"endpoints": [1], "step": STEP},
        {"endpoints": [], "step": 5},
        {"endpoints": [], "step": "5m"},
        {"endpoints": [], "step": timedelta(microseconds=1)},
    ],
)
def test_values_that_do_not_fit_are_a_programmers_error(azure: Azure, values: Any) -> None:
    with pytest.raises(ValueError, match="traffic"):
        Logs(azure).ask("traffic", MORNING, **values)


def test_an_unknown_question_names_the_known_ones(azure: Azure) -> None:
    with pytest.raises(ValueError, match=r"no query 'trafic'.*'traffic'"):
        Logs(azure).ask("trafic", MORNING)
    with pytest.raises(ValueError, match="no query"):
        Logs(azure).ask("../logs", MORNING)


# Errors


def test_a_partial_answer_says_so(store: Path) -> None:
    answer = Logs(tiny_logs.connect(store, row_limit=2)).ask("responses", MORNING, endpoints=[])
    assert not answer.complete
    assert len(answer.rows) == 2
    assert "2 records" in answer.reason


def test_a_table_that_is_not_there(azure: Azure, ask_kql: Callable[[str], logs.Answer]) -> None:
    with pytest.raises(UnknownTableError) as caught:
        ask_kql("AmlSomethingNew | count")
    assert caught.value.table == "AmlSomethingNew"
    assert "diagnostic setting" in caught.value.hint


def test_a_column_that_is_not_there(ask_kql: Callable[[str], logs.Answer]) -> None:
    with pytest.raises(SourceError, match=r"named 'Nothing' \(SEM0100\)") as caught:
        ask_kql("Usage | where Nothing == 1")
    assert not isinstance(caught.value, UnknownTableError)


def test_what_only_the_sample_refuses(ask_kql: Callable[[str], logs.Answer]) -> None:
    with pytest.raises(SourceError, match="Azure may run it"):
        ask_kql("Usage | evaluate autocluster()")


def test_no_access(store: Path) -> None:
    body = error(
        "InsufficientAccessError", ("AuthorizationFailedError", "User does not have access")
    )
    message = refused(store, Reply(403, body), NotPermittedError)
    assert "no access" in message
    assert "Log Analytics Reader" in message


def test_a_token_for_another_audience(store: Path) -> None:
    body = error("InvalidAuthenticationTokenAudience")
    assert "tenant" in refused(store, Reply(403, body), NotPermittedError)


def test_a_token_that_is_not_accepted(store: Path) -> None:
    refused(store, Reply(401, error("AuthenticationFailed")), NotPermittedError)


def test_an_identity_that_cannot_sign_in(store: Path) -> None:
    class Nobody:
        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            raise ClientAuthenticationError("az login was never run")

    known = tiny_logs.connect(store)
    nobody = Azure(
        known.settings,
        workspace="w",
        wiring=Wiring(Nobody(), files="", options=known._wiring.options),
    )
    with pytest.raises(NotPermittedError, match="az login"):
        Logs(nobody).ask("usage", MORNING, step=STEP)


def test_a_workspace_that_does_not_exist(azure: Azure) -> None:
    settings = replace(azure.settings, log_analytics_workspace_id="log-flights")
    with pytest.raises(SourceError, match="'log-flights'") as caught:
        Logs(Azure(settings, workspace="w", wiring=azure._wiring)).ask("usage", MORNING, step=STEP)
    assert "GUID" in caught.value.hint


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(429, error("ThrottledError")), "Try again in a minute"),
        (Reply(429, error("ThrottledError"), {"Retry-After": "0"}), "Try again in 0 s"),
        (Reply(429, error("ThrottledError"), {"Retry-After": "3600"}), "Try again in 3600 s"),
        (Reply(503, error("ServiceUnavailable")), "HTTP 503"),
        (Reply(500, error("InternalServerError")), "HTTP 500"),
        (Reply(504, error("GatewayTimeout")), "shorter window"),
        (Reply(502, "<html>Bad gateway</html>"), "HTTP 502"),
        (Reply(400, error("BadArgumentError")), "BadArgumentError"),
        (Reply(204), "no data yet"),
        (Reply(200, "<html>Sign in to the proxy</html>"), "proxy"),
        (Reply(200, {"tables": [{"name": "PrimaryResult"}]}), "proxy"),
        (requests.exceptions.ReadTimeout("late"), "shorter window"),
        (requests.exceptions.ConnectionError("refused"), "network"),
        (requests.exceptions.SSLError("certificate"), "network"),
    ],
)
def test_each_failure_is_a_sentence_and_a_hint(
    store: Path, reply: Reply | Exception, said: str
) -> None:
    assert said in refused(store, reply)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_a_hiccup_is_asked_again(store: Path, status: int) -> None:
    seen: list[Request] = []

    def fail(asked: Request) -> Reply | None:
        return Reply(status, error("Busy")) if len(seen) < 2 else None

    assert failing(store, fail, seen).ask("usage", MORNING, step=STEP).complete
    assert len(seen) == 3


def test_it_is_not_asked_again_for_ever(store: Path) -> None:
    seen: list[Request] = []
    with pytest.raises(BusyError) as caught:
        failing(store, lambda _: Reply(429), seen).ask("usage", MORNING, step=STEP)
    assert (caught.value.status, caught.value.retry_after) == (429, None)
    assert len(seen) == len(PAUSES) + 1


@pytest.mark.parametrize("status", [400, 403, 404, 504])
def test_what_would_end_the_same_is_asked_once(store: Path, status: int) -> None:
    seen: list[Request] = []
    with pytest.raises(SourceError):
        failing(store, lambda _: Reply(status, error("No")), seen).ask("usage", MORNING, step=STEP)
    assert len(seen) == 1


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_long_retry_after_is_not_slept_through_and_stops_all(store: Path, status: int) -> None:
    seen: list[Request] = []
    busy = Reply(status, error("ThrottledError"), {"Retry-After": "3600"})
    asked = failing(store, lambda _: busy, seen)
    with pytest.raises(BusyError, match="3600 s"):
        asked.ask("usage", MORNING, step=STEP)
    with pytest.raises(BusyError, match=r"asked this app to wait.*Try again in \d+ s"):
        asked.ask("responses", MORNING, endpoints=[])
    assert len(seen) == 1


# The place of an error


def refusal(azure: Azure, text: str) -> RefusedQueryError:
    with pytest.raises(RefusedQueryError) as caught:
        Logs(azure).run(text, MORNING)
    return caught.value


def test_a_refused_query_says_where(azure: Azure) -> None:
    found = refusal(azure, "Usage\n| whree x == 1")
    assert (found.code, found.line, found.column) == ("SYN0002", 2, 1)
    assert "line 2, column 1" in found.message
    assert found.hint == "Look at this line: | whree x == 1"


def test_a_name_that_fails_is_found_where_it_stands_once(azure: Azure) -> None:
    found = refusal(azure, "Usage\n| where  Nothing == 1")
    assert (found.code, found.line, found.column) == ("SEM0100", 2, 10)
    twice = refusal(azure, "Usage\n| where  Nothing == 1 or Nothing == 2")
    assert (twice.code, twice.line, twice.column) == ("SEM0100", None, None)
    assert "portal" in twice.hint


@pytest.mark.parametrize(
    ("inner", "place"),
    [
        ({"line": 1, "pos": 3, "token": "Not"}, (1, 4)),
        ({"message": "Query could not be parsed at 'x' on line [2,0]"}, (2, 1)),
        ({"line": 9, "pos": 0}, (None, None)),
        ({}, (None, None)),
    ],
    ids=str,
)
def test_the_place_is_read_from_where_the_service_puts_it(
    store: Path, inner: dict[str, Any], place: tuple[int | None, int | None]
) -> None:
    body = {"code": "BadArgumentError", "message": "m", "innererror": {"code": "SyntaxError"}}
    body["innererror"]["innererror"] = {"code": "SYN0002", "message": "No.", **inner}  # type: ignore[index]
    found = refusal(failing(store, lambda _: Reply(400, {"error": body})).azure, "My Not\nx")
    assert (found.line, found.column) == place


# A reader's own query


def test_a_readers_query_brings_no_more_rows_than_it_may(azure: Azure) -> None:
    text = "AmlOnlineEndpointTrafficLog | sort by TotalDurationMs desc  // the slowest;\n;"
    answer = Logs(azure).run(text, MORNING, most_rows=3)
    assert [r["TotalDurationMs"] for r in answer.records()] == [100, 100, 100]
    assert not answer.complete
    assert "first 3 rows" in answer.reason
    few = Logs(azure).run("AmlOnlineEndpointTrafficLog | count", MORNING, most_rows=3)
    assert (few.complete, few.reason, few.name) == (True, "", "workbench")


def test_a_reader_can_only_read(azure: Azure) -> None:
    assert refusal(azure, ".drop table Usage").code == "SYN0002"


# Clocks


def dated(ahead: timedelta) -> Callable[[Request], Reply]:
    """An empty answer of a service whose clock ours is ahead of."""
    body = {"tables": [{"name": "PrimaryResult", "columns": [], "rows": []}]}
    date = datetime.now(UTC) - ahead
    return lambda _: Reply(200, body, {"Date": format_datetime(date, usegmt=True)})


@pytest.mark.parametrize(("ahead", "said"), [(-7, "min behind"), (0, ""), (9, "min ahead of")])
def test_clocks_that_differ_are_named(store: Path, ahead: int, said: str) -> None:
    azure = failing(store, dated(timedelta(minutes=ahead))).azure
    azure.settings = replace(azure.settings, now=None)
    answer = Logs(azure).ask("usage", MORNING, step=STEP)
    assert said in answer.reason
    assert bool(answer.reason) == bool(said)
    now = Window(MORNING.start, answer.fetched)
    lag = now.end - replace(answer, window=now).settled
    assert lag - INCOMPLETE == pytest.approx(
        timedelta(minutes=max(0, ahead)), abs=timedelta(minutes=1)
    )


# How long an answer stands


@pytest.mark.parametrize(
    ("ended", "stands"),
    [
        (timedelta(0), timedelta(minutes=2)),
        (timedelta(minutes=9), timedelta(minutes=2)),
        (timedelta(minutes=30), timedelta(minutes=30)),
        (timedelta(days=9), timedelta(hours=6)),
    ],
)
def test_an_answer_stands_for_as_long_as_its_window_is_old(
    azure: Azure, ended: timedelta, stands: timedelta
) -> None:
    window = Window(NOW - timedelta(days=10), NOW - ended)
    answer = Logs(azure).ask("usage", window, step=STEP)
    assert logs._keep(answer).seconds == stands.total_seconds()
    assert logs._keep(replace(answer, complete=False)).seconds == 30


def test_the_same_question_is_sent_once_and_the_next_window_again(store: Path) -> None:
    seen: list[Request] = []
    asked = failing(store, lambda _: None, seen)
    first = asked.ask("usage", MORNING, step=STEP)
    assert asked.ask("usage", MORNING, step=STEP) is first
    assert asked.run(first.query, MORNING).rows == first.rows  # bounded, so another text
    asked.ask("usage", MORNING, step=2 * STEP)
    asked.ask("usage", Window(MORNING.start, MORNING.end - STEP), step=STEP)
    assert len(seen) == 4


def test_an_answer_weighs_what_its_rows_do(azure: Azure) -> None:
    answer = Logs(azure).ask("responses", MORNING, endpoints=[])
    light = logs._size_bytes((("x" * 10, 1),) * 1000)
    heavy = logs._size_bytes((("x" * 10_000, {"a": ["y" * 1000]}),) * 1000)
    assert 50_000 < light < 500_000
    assert heavy > 11_000_000
    assert 1024 < logs._size_bytes(answer.rows) < 100_000


# What the service is spared


class Gate:
    """Holds requests until it is opened, and counts them."""

    def __init__(self, expected: int) -> None:
        self.inside = self.most = self.total = 0
        self.expected = expected
        self.lock = threading.Lock()
        self.full, self.open = threading.Event(), threading.Event()

    def __call__(self, asked: Request) -> None:
        with self.lock:
            self.inside += 1
            self.total += 1
            self.most = max(self.most, self.inside)
            if self.inside >= self.expected:
                self.full.set()
        assert self.open.wait(30)
        with self.lock:
            self.inside -= 1


def test_no_more_than_five_queries_run_at_once(store: Path) -> None:
    gate = Gate(CONCURRENT_QUERIES)
    asked = failing(store, gate)
    steps = [timedelta(minutes=n) for n in range(1, 13)]
    with ThreadPoolExecutor(len(steps)) as pool:
        answers = [pool.submit(asked.ask, "usage", MORNING, step=step) for step in steps]
        assert gate.full.wait(30)
        gate.open.set()
        assert all(answer.result().complete for answer in answers)
    assert (gate.most, gate.total) == (CONCURRENT_QUERIES, len(steps))


def test_equal_questions_are_asked_once(store: Path) -> None:
    gate = Gate(1)
    azure = tiny_logs.connect(store, faults=gate)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(Logs(azure).ask, "usage", MORNING, step=STEP)
        assert gate.full.wait(30)
        (running,) = azure.query_budget._asked.values()
        others = [pool.submit(Logs(azure).ask, "usage", MORNING, step=STEP) for _ in range(5)]
        deadline = time.monotonic() + 20
        while len(running._condition._waiters) < len(others) and time.monotonic() < deadline:  # type: ignore[attr-defined]  # of Future
            time.sleep(0.01)
        gate.open.set()
        assert all(other.result() is first.result() for other in others)
    assert gate.total == 1
    assert not azure.query_budget._asked


def test_a_failure_reaches_all_who_asked_and_frees_the_slot(store: Path) -> None:
    no = Reply(403, error("InsufficientAccessError"))
    broken = failing(store, lambda _: no)
    for _ in range(CONCURRENT_QUERIES + 1):
        with pytest.raises(NotPermittedError):
            broken.ask("usage", MORNING, step=STEP)
    assert not broken.azure.query_budget._asked
    assert broken.azure.query_budget.usage().in_flight == 0


def test_one_workspace_does_not_answer_for_another(store: Path, tmp_path: Path) -> None:
    empty = tiny_logs.connect(tiny_logs.write(tmp_path / "empty"))
    full = tiny_logs.connect(store)
    assert Logs(full).ask("responses", MORNING, endpoints=["edge"]).rows
    assert not Logs(empty).ask("responses", MORNING, endpoints=["edge"]).rows


def test_ingestion_names_what_arrives_and_from_where(azure: Azure) -> None:
    found = {
        (r["LogTable"], r["Resource"]) for r in Logs(azure).ask("ingestion", MORNING).records()
    }
    assert ("AmlOnlineEndpointEventLog", CREDIT.lower()) in found
    assert ("AmlOnlineEndpointEventLog", f"{CREDIT}-2".lower()) in found
    assert {table for table, _ in found} == {
        "AmlOnlineEndpointConsoleLog",
        "AmlOnlineEndpointTrafficLog",
        "AmlOnlineEndpointEventLog",
    }
