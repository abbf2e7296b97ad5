"""Request X-ray: one id through gateway, console, collected data and label; what is missing is named."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest
import tiny_logs

from monitoring.errors import InputError
from monitoring.requests.collected_reasons import Evidence, why_missing
from monitoring.requests.logged_request import LoggedRequest, LogLine, identifier
from monitoring.requests.request_parts import parts
from monitoring.requests.request_xray import RequestXray, Sources, xray
from monitoring.settings import Settings
from monitoring.sources.azure import Azure, Wiring, connect
from monitoring.sources.collected import Collected
from monitoring.sources.collected_lines import CollectedLines, find
from monitoring.sources.deployed import Deployed
from monitoring.sources.logs import Logs
from monitoring.sources.metrics import PlatformMetrics
from monitoring.window import Window
from monitoring.workspace.blame import blame
from monitoring.workspace.endpoints import Collection, Deployment
from sample.credential import SampleCredential
from sample.transport import Reply, Request

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Workspace:
    """The sample workspace by a connection of its own; `requests` lists what went out."""

    azure: Azure
    log: duckdb.DuckDBPyConnection
    requests: list[Request] = field(default_factory=list)

    @cached_property
    def sources(self) -> Sources:
        deployed = Deployed(self.azure)
        return Sources(
            ask=Logs(self.azure).ask,
            deployed=deployed,
            metrics=PlatformMetrics(self.azure),
            endpoints=deployed.inventory.endpoints(),
            now=NOW,
        )

    def ids(self, where: str, most: int = 1) -> list[str]:
        """Return ids of requests of the traffic log, the newest first."""
        found = self.log.execute(
            f"SELECT XRequestId FROM AmlOnlineEndpointTrafficLog WHERE {where} "
            f"AND TimeGenerated < '2026-11-21 11:30' ORDER BY TimeGenerated DESC LIMIT {most}"
        ).fetchall()
        assert found, where
        return [row[0] for row in found]

    def xray(self, where: str) -> RequestXray:
        return xray(self.ids(where)[0], self.sources)

    @property
    def queries(self) -> int:
        return sum("api.loganalytics" in request.host for request in self.requests)


@pytest.fixture(scope="module")
def log(sample: Path) -> Any:
    with duckdb.connect(str(sample / "workspace.duckdb"), read_only=True) as connection:
        yield connection


def watched(settings: Settings, log: duckdb.DuckDBPyConnection) -> Workspace:
    sent: list[Request] = []
    azure = connect(settings, observer=lambda request, reply: sent.append(request))
    return Workspace(azure, log, sent)


@pytest.fixture(scope="module")
def workspace(sample: Path, settings: Settings, log: duckdb.DuckDBPyConnection) -> Workspace:
    return watched(settings, log)


def causes(found: RequestXray) -> dict[str, str]:
    """Return by evidence its state, or the named reason why it is not there."""
    return {link.name: link.cause or link.state for link in found.links}


# One id, everywhere


FAILED = "ResponseCode = 424 AND ModelStatusCode = 500 AND UserAgent NOT LIKE 'fare-search%'"


def test_a_failed_request_has_one_id_in_traffic_log_console_and_collected_features(
    workspace: Workspace,
) -> None:
    sources = workspace.sources
    for request_id in workspace.ids(f"{FAILED} AND EndpointName != 'digits'", most=3):
        found = xray(request_id, sources)
        assert found.request is not None
        assert found.request.request_id == request_id
        (line,) = found.own_lines
        assert request_id in line.message
        assert line.message.startswith("ERROR")
        inputs = found.collected.inputs
        assert inputs is not None
        assert inputs.keys == (f"{request_id}_0",)
        assert "carrier" in inputs.rows[0]
        assert found.collected.outputs is None
        assert causes(found)["prediction"] == "failed in the model"


def test_the_clients_id_leads_to_the_same_request(workspace: Workspace) -> None:
    (request_id,) = workspace.ids(f"{FAILED} AND XMSClientRequestId != ''")
    by_server = xray(request_id, workspace.sources)
    assert by_server.request is not None
    by_client = xray(by_server.request.client_request_id.upper(), workspace.sources)
    assert by_client.request == by_server.request
    assert by_client.lines == by_server.lines


def test_an_answered_request_has_features_prediction_and_label(workspace: Workspace) -> None:
    ids = workspace.log.execute(
        """SELECT XRequestId, Message FROM AmlOnlineEndpointTrafficLog JOIN AmlOnlineEndpointConsoleLog
        ON contains(Message, 'id=' || XRequestId || ' computed')
        WHERE EndpointName = 'flight-delay' AND ResponseCode = 200
            AND AmlOnlineEndpointTrafficLog.TimeGenerated BETWEEN '2026-11-18 12:00' AND '2026-11-18 13:00'
            AND AmlOnlineEndpointConsoleLog.TimeGenerated BETWEEN '2026-11-18 12:00' AND '2026-11-18 13:00'
        ORDER BY XRequestId LIMIT 4"""
    ).fetchall()
    states = []
    for request_id, message in ids:
        found = xray(request_id, workspace.sources)
        assert [line.message for line in found.own_lines] == [message]
        states.append(causes(found))
        if found.collected.outputs is not None:
            assert found.collected.prediction in {0, 1}
            chance = found.collected.probabilities[""]
            assert (chance >= 0.5) == found.collected.prediction
            if found.collected.label:
                assert found.collected.label.value in {0, 1}
                assert found.collected.label.known < NOW
    assert sum(each["label"] == "found" for each in states) >= 2
    assert {each["features"] for each in states} <= {"found", "merged with another"}


def test_at_most_three_log_queries_whatever_is_asked(
    settings: Settings, sample: Path, log: duckdb.DuckDBPyConnection
) -> None:
    for where in (FAILED, "ResponseCode = 429", "EndpointName = 'digits'", None):
        workspace = watched(settings, log)
        sources = workspace.sources
        found = xray(workspace.ids(where)[0] if where else "0" * 36, sources)
        assert (found.request is None) == (where is None)
        assert 1 <= workspace.queries <= 3
        assert workspace.queries == len(found.answers)


def test_only_the_hours_of_the_request_are_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[str, datetime]] = []
    whole = Collected.hour

    def hour(self: Collected, *asked: Any) -> list[bytes]:
        read.append((asked[2], asked[3]))
        return whole(self, *asked)

    monkeypatch.setattr(Collected, "hour", hour)
    monkeypatch.setattr(Collected, "day", lambda *_: pytest.fail("a whole day was read"))
    found = workspace.xray("EndpointName = 'flight-delay' AND ResponseCode = 200")
    assert found.request is not None
    start = found.request.time.replace(minute=0, second=0, microsecond=0)
    hours = {hour for _, hour in read}
    assert hours <= {start, start + timedelta(hours=1)}
    assert len(read) <= 4


# What is missing, and why

UNSTORED = """EndpointName = 'flight-time' AND ResponseCode = 200
    AND TimeGenerated BETWEEN '2026-11-08 14:00' AND '2026-11-08 20:00'"""


@pytest.mark.parametrize(
    ("where", "evidence", "cause"),
    [
        ("UserAgent LIKE 'kiosk%'", "client id", "no client id logged"),
        ("ResponseCode = 429", "features", "did not reach the model"),
        ("ResponseCode = 401", "console log", "did not reach the model"),
        ("EndpointName = 'digits' AND ResponseCode = 200", "console log", "no diagnostic setting"),
        (UNSTORED, "features", "storage refused"),
        (
            "EndpointName = 'flight-delay' AND ResponseCode = 200 AND TotalDurationMs < 25",
            "features",
            "not collected by score.py",
        ),
        (
            "EndpointName = 'flight-delay' AND ResponseCode = 200 AND TotalDurationMs < 25",
            "console log",
            "id not in the console",
        ),
        ("ResponseCode = 408", "prediction", "failed in the model"),
    ],
)
def test_on_the_sample_each_missing_link_has_its_reason(
    workspace: Workspace, where: str, evidence: str, cause: str
) -> None:
    found = workspace.xray(where)
    assert causes(found)[evidence] == cause
    link = next(link for link in found.links if link.name == evidence)
    assert link.words.endswith(".")
    assert link.state == "none" or link.hint


def test_a_row_in_the_line_of_another_request_may_be_meant(tmp_path: Path) -> None:
    """Two calls in one line: the second one's id is nowhere, and the first one's has two rows."""
    moment = datetime(2026, 11, 21, 10, 30, 1, tzinfo=UTC)
    folder = tmp_path / "modelDataCollector/credit/blue/model_inputs/2026/11/21/10"
    folder.mkdir(parents=True)
    event = {"time": "2026-11-21T10:30:00Z", "correlationid": "first", "data": [{"x": 1}, {"x": 2}]}
    alone = {"time": "2026-11-21T10:45:00Z", "correlationid": "alone", "data": [{"x": 3}]}
    lines = [json.dumps(each, separators=(",", ":")) for each in (event, alone)]
    (folder / "i.jsonl").write_text("\n".join(lines) + '\n{"cut')
    settings = Settings(cache=tmp_path / "cache", now=NOW)
    wiring = Wiring(SampleCredential(), files=str(tmp_path), options={})
    collected = Collected(Azure(settings, workspace="w", wiring=wiring))
    asked = (collected, "credit", "blue", "model_inputs")
    first, second = (find(*asked, each, moment) for each in ("first", "second"))
    assert [row["x"] for row in first.rows] == [1, 2]
    assert first.keys == ("first_0", "first_1")
    assert (second.rows, second.lines, second.several, second.merged) == ((), 3, 1, 1)
    assert second.ids == {"first", "alone"}
    later = find(*asked, "third", moment.replace(minute=45))
    assert (later.several, later.merged) == (1, 0)
    assert find(*asked, "alone", moment.replace(hour=12, minute=2)).lines == 0


def test_an_id_that_nobody_knows_says_what_it_may_be(workspace: Workspace) -> None:
    found = xray("11111111-2222-3333-4444-555555555555", workspace.sources)
    (link,) = found.links
    assert (found.request, link.name, link.state) == (None, "traffic log", "missing")
    for part in ("90 days", "10 minutes late", "30 days unless set"):
        assert part in link.words
    assert "x-ms-client-request-id" in link.hint


@pytest.mark.parametrize("text", ["", "   ", "x" * 101, "a\nb", "\x00", "{}"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no id"):
        identifier(text)


@pytest.mark.parametrize("text", tiny_logs.HOSTILE)
def test_a_hostile_id_finds_nothing_and_harms_nothing(workspace: Workspace, text: str) -> None:
    try:
        found = xray(text, workspace.sources)
    except InputError:
        return
    assert found.request is None
    assert [link.cause for link in found.links] == ["not in the traffic log"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("loganalytics", {"traffic log": "not readable"}),
        ("metrics", {"traffic log": "found", "features": "found"}),
    ],
)
def test_what_azure_refuses_is_named_and_the_rest_stands(
    settings: Settings, sample: Path, log: duckdb.DuckDBPyConnection, host: str, expected: Any
) -> None:
    def refuse(request: Request) -> Reply | None:
        if host not in request.host:
            return None
        return Reply(403, {"error": {"code": "InsufficientAccessError", "message": "no"}})

    workspace = Workspace(connect(settings, faults=refuse), log)
    found = workspace.xray(f"{FAILED} AND EndpointName = 'flight-delay'")
    assert expected.items() <= causes(found).items()


def test_a_log_that_fails_leaves_the_other_evidence(workspace: Workspace) -> None:
    sources = workspace.sources

    def ask(name: str, window: Window, **values: Any) -> Any:
        if name != "request":
            raise InputError(f"no {name}", hint="wait")
        return sources.ask(name, window, **values)

    (request_id,) = workspace.ids(f"{FAILED} AND EndpointName = 'flight-delay'")
    found = xray(request_id, replace(sources, ask=ask))
    assert causes(found)["console log"] == "not readable"
    assert causes(found)["container events"] == "not readable"
    assert causes(found)["features"] == "found"


def test_a_container_that_cannot_be_read_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Any:
        raise InputError("The files hold 9,999 MiB", hint="Look yourself.")

    monkeypatch.setattr(Collected, "hour", refused)
    found = workspace.xray(f"{FAILED} AND EndpointName = 'flight-delay'")
    link = next(link for link in found.links if link.name == "features")
    assert (link.cause, link.words) == ("not readable", "The files hold 9,999 MiB.")


# The reasons, one by one

ON = {"model_inputs": Collection(enabled=True), "model_outputs": Collection(enabled=True)}
REQUEST = LoggedRequest(
    time=NOW - timedelta(hours=2), endpoint="credit", deployment="blue", code=200, reason="OK",
    model_code=200, model_reason="OK", total_ms=9, request_ms=1, response_ms=8,
    request_throttling_ms=0, response_throttling_ms=0, request_id="r-1", client_request_id="",
)  # fmt: skip
DEPLOYMENT = Deployment(
    "id",
    "blue",
    "credit",
    None,
    "Standard_DS3_v2",
    1,
    "Succeeded",
    ON,
    app_insights=False,
    created=NOW,
)
FOUND = CollectedLines(
    "model_inputs", (NOW.replace(hour=10),), lines=50, ids=frozenset({"n-1", "other"})
)
NEAR = frozenset(f"n-{n}" for n in range(30))
EVIDENCE = Evidence(
    request=REQUEST, deployment=DEPLOYMENT, found=FOUND, now=NOW, neighbour_ids=NEAR
)


def with_collections(**collections: Collection) -> Deployment:
    return replace(DEPLOYMENT, collections=collections)


SAID = LogLine(NOW, "credit", "blue", "i", "c", "collector: upload failed 403", False, True)  # noqa: FBT003
REASONS: dict[str, Evidence] = {
    "not collected by score.py": EVIDENCE,
    "collector off": replace(EVIDENCE, deployment=with_collections()),
    "sampled": replace(
        EVIDENCE,
        deployment=with_collections(model_inputs=Collection(enabled=True, sampling_rate=0.1)),
    ),
    "id not propagated": replace(EVIDENCE, found=replace(FOUND, ids=frozenset({"x", "y"}))),
    "not yet written": replace(EVIDENCE, request=replace(REQUEST, time=NOW - timedelta(minutes=3))),
    "nothing in that hour": replace(EVIDENCE, found=replace(FOUND, lines=0, ids=frozenset())),
    "deployment deleted": replace(
        EVIDENCE, deployment=None, found=CollectedLines("model_inputs", ())
    ),
    "line not usable": replace(
        EVIDENCE, found=replace(FOUND, faults={"payload file not readable": 1})
    ),
    "merged with another": replace(EVIDENCE, found=replace(FOUND, merged=1)),
    "storage refused": replace(EVIDENCE, refusal=lambda: ("ServerBusy: throttled", "wait")),
    "did not reach the model": replace(
        EVIDENCE, request=replace(REQUEST, code=429, model_code=None)
    ),
    "failed in the model": replace(
        EVIDENCE,
        request=replace(REQUEST, code=424, model_code=500),
        found=replace(FOUND, collection="model_outputs"),
    ),
}


@pytest.mark.parametrize("cause", REASONS)
def test_each_reason_follows_from_its_evidence(cause: str) -> None:
    link = why_missing("features", REASONS[cause])
    assert link.cause == cause
    assert link.words.endswith(".")


def test_the_collectors_own_words_are_taken_where_the_metrics_say_nothing() -> None:
    link = why_missing("features", replace(EVIDENCE, lines=[SAID]))
    assert (link.cause, "upload failed 403" in link.words) == ("storage refused", True)


def test_few_neighbours_prove_nothing_about_ids() -> None:
    few = replace(
        EVIDENCE,
        found=replace(FOUND, ids=frozenset({"x"})),
        neighbour_ids=frozenset({"n-1", "n-2"}),
    )
    assert why_missing("features", few).cause == "not collected by score.py"


# Time and blame


def test_the_parts_of_the_time_add_up_however_the_marks_contradict_each_other() -> None:
    chance = random.Random(2013)  # noqa: S311 - no secret
    for _ in range(2_000):
        total, *marks = (chance.choice([None, -5, 0, chance.randint(0, 9_000)]) for _ in range(5))
        found = parts(total or 0, *marks)
        assert sum(part.milliseconds for part in found) == max(total or 0, 0)
        assert all(part.milliseconds >= 0 for part in found)
        ends = np.cumsum([part.milliseconds for part in found])
        assert [part.start_ms for part in found] == [0, *ends[:-1].tolist()]


def test_the_parts_of_the_samples_requests_add_up(workspace: Workspace) -> None:
    rows = workspace.log.execute(
        "SELECT TotalDurationMs, RequestDurationMs, ResponseDurationMs FROM AmlOnlineEndpointTrafficLog "
        "USING SAMPLE 500 ROWS (reservoir, 1)"
    ).fetchall()
    for total, request, response in rows:
        model = next(p for p in parts(total, request, response) if p.name == "model")
        assert sum(p.milliseconds for p in parts(total, request, response)) == total
        assert model.milliseconds == max(response - request, 0)


def test_blame_agrees_with_the_traffic_query(tmp_path: Path) -> None:
    codes = [200, 302, 400, 401, 403, 404, 408, 409, 413, 415, 424, 429, 500, 501, 502, 503, 504]
    rows = [
        tiny_logs.request("11:00", DeploymentName=f"d{code}", ResponseCode=code) for code in codes
    ]
    store = tiny_logs.write(tmp_path, AmlOnlineEndpointTrafficLog=rows)
    window = Window.last(timedelta(days=1), until=NOW)
    answer = Logs(tiny_logs.connect(store)).ask("traffic_totals", window, endpoints=[])
    counted = {
        row["Deployment"]: [
            who
            for who in ("Client", "Model", "Capacity", "Platform", "Operator")
            if row[f"{who}Errors"]
        ]
        for row in answer.records()
    }
    ours = {f"d{code}": [w.capitalize()] if (w := blame(code).who) else [] for code in codes}
    assert ours == counted


@pytest.mark.parametrize("model", [None, 400, 404, 500, 502, 503, 504, 418])
def test_a_failure_in_the_model_says_what_the_model_said(model: int | None) -> None:
    found = blame(424, model)
    assert found.who == "model"
    assert str(model) in found.words if model else "no answer" in found.words
