"""Each fault that Azure may answer with, under every page of the menu.

A page is run on a healthy workspace of one deployment (tests/healthy_store.py) in which one thing is
broken. It must stand, say in words what is broken and what to do about it, and show nothing green
that rests on what it cannot see. The pages are those of the menu when the test runs.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
import streamlit as st
from azure.core.pipeline.transport import RequestsTransport
from fsspec.implementations.memory import MemoryFileSystem
from healthy_store import Healthy, write
from streamlit.testing.v1 import AppTest

from docs.make_shots import FAULT
from monitoring.sources import budget, metrics
from monitoring.sources.azure import Azure
from sample import log_analytics
from sample.transport import Reply, Request
from ui.loaders import workspace as connection
from ui.shell import nav

Faults = Callable[[Request], Reply | None]
ROOT = Path(__file__).parents[2]
PAGES = [row.file for row in nav.TABLE]
WINDOW = "24h"
#: What a page must have asked for before a fault of that source can be seen on it.
SOURCES = {
    "logs": "api.loganalytics.io",
    "metrics": "metrics.monitor.azure.com",
    "activity": "eventtypes/management",
    "alerts": "microsoft.alertsmanagement",
    "cost": "microsoft.costmanagement",
    "diagnostic settings": "microsoft.insights/diagnosticsettings",
    "autoscale": "microsoft.insights/autoscalesettings",
}


def source_of(request: Request) -> str:
    where = f"{request.host}{request.path}".lower()
    return next((name for name, part in SOURCES.items() if part in where), "arm")


def error(code: str, *inner: tuple[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "message": f"{code}: see the inner error"}
    node = body
    for inner_code, message in inner:
        node["innererror"] = {"code": inner_code, "message": message}
        node = node["innererror"]
    return {"error": body}


HTML = (
    "<html><body><h1>Sign in to continue</h1><p>Traceback (most recent call last)</p></body></html>"
)
#: Fault -> what Azure answers, and one of the words by which a page has to name it.
REFUSALS: dict[str, tuple[Reply | Exception, tuple[str, ...]]] = {
    "403": (Reply(403, error("AuthorizationFailed")), ("the role",)),
    "429": (Reply(429, error("TooManyRequests")), ("HTTP 429",)),
    "429, Retry-After": (
        Reply(429, error("TooManyRequests"), {"Retry-After": "120"}),
        ("HTTP 429",),
    ),
    "503": (Reply(503, error("ServiceUnavailable")), ("HTTP 503",)),
    "504": (Reply(504, error("GatewayTimeout")), ("HTTP 504", "shorter window")),
    "204": (Reply(204), ("no data yet", "empty answer")),
    "HTML": (Reply(200, HTML, {"Content-Type": "text/html"}), ("a proxy",)),
    "no network": (requests.exceptions.ConnectionError("refused"), ("network",)),
}


class Connection:
    """A finished preparation, on whatever connection the test has made."""

    error = None
    azure: Azure

    def is_done(self, wait_seconds: float) -> bool:
        return True


class Refusing(MemoryFileSystem):
    """A container that this identity may not read."""

    cachable = False

    def _refuse(self, *args: Any, **options: Any) -> Any:
        raise PermissionError("AuthorizationPermissionMismatch")

    find = ls = info = open = exists = isdir = isfile = glob = walk = cat_file = get_file = _refuse


@dataclass
class World:
    """The workspace that the app is connected to.

    hit: the sources whose answers were not as they should be, in the run of one page.
    """

    healthy: Healthy
    connection: Connection = field(default_factory=Connection)
    faults: Faults = lambda _: None
    hit: list[str] = field(default_factory=list)

    def meet(self, request: Request) -> Reply | None:
        """Break a request, and remember which source that was."""
        try:
            reply = self.faults(request)
        except Exception:
            self.hit.append(source_of(request))
            raise
        if reply:
            self.hit.append(source_of(request))
        return reply

    def see(self, request: Request, reply: Reply) -> None:
        """Remember answers that the store itself has cut short."""
        if reply.status == 200 and isinstance(reply.body, dict) and "error" in reply.body:
            self.hit.append(source_of(request))

    def begin(self, faults: Faults = lambda _: None, **changed: Any) -> None:
        """Connect anew, with nothing kept."""
        st.cache_data.clear()
        st.cache_resource.clear()
        shutil.rmtree(self.healthy.settings.cache / "answers", ignore_errors=True)
        self.faults = faults
        self.healthy.settings = replace(self.healthy.settings, **changed)
        self.connection.azure = self.healthy.connect(faults=self.meet, observer=self.see)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("healthy") / "store")


@pytest.fixture
def world(store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(Healthy(store))
    monkeypatch.setattr(connection, "settings", lambda: made.healthy.settings)
    monkeypatch.setattr(connection, "preparation", lambda: made.connection)
    for module in (budget, metrics):
        monkeypatch.setattr(module, "PAUSES", (0.0,) * len(module.PAUSES))
    monkeypatch.setattr(RequestsTransport, "sleep", lambda *_: None)
    made.begin()
    yield made
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def another(store: Path, tmp_path: Path) -> Path:
    """A copy of the store, to be changed; collected data are the same."""
    copied = tmp_path / "store"
    ignored = shutil.ignore_patterns("storage")
    shutil.copytree(store, copied, ignore=ignored)
    (copied / "storage").symlink_to(store / "storage")
    return copied


def opened(page: str, **query: str) -> AppTest:
    """Run a page, and what it offers to run."""
    app = AppTest.from_file(str(ROOT / "ui" / "shell" / "main.py"), default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(str(nav.PAGES / page))
    app.run()
    for button in app.button:
        if button.label == "Run" and not button.disabled:
            return button.click().run()
    return app


def words(app: AppTest) -> str:
    """All that is written on the page, its tables included."""
    parts = [str(getattr(part, "value", "")) for part in [*app.main, *app.sidebar]]
    tables = [each.value.to_csv() for each in app.dataframe]
    return "\n".join([*parts, *tables]).replace("\\", "")


def green(app: AppTest) -> list[str]:
    """What the page calls good: the number above each badge that says OK, any other, and tables."""
    found, last = [], ""
    for part in app.main:
        text = str(getattr(part, "value", ""))
        last = str(getattr(part, "label", "") or last) if part.type == "metric" else last
        if ":green" in text:
            found.append(last if "OK]" in text else text.rpartition(": ")[2].rstrip("]"))
    found += [str(each.value) for each in app.success]
    return found + ["a table" for each in app.dataframe if "✓ OK" in each.value.to_csv()]


def standing(app: AppTest) -> list[str]:
    """What no fault of Azure may do to a page."""
    text = words(app)
    wrong = [f"exception: {each.value}" for each in app.exception]
    if not app.title:
        wrong.append("no title")
    if FAULT in text:
        wrong.append("a fault of the app")
    if "Traceback" in text or 'File "' in text:
        wrong.append("a stack trace")
    return wrong


def met(world: World, page: str, naming: tuple[str, ...]) -> tuple[AppTest, list[str]]:
    """Run a page; return it and what is wrong with how it takes the fault that it met."""
    world.hit.clear()
    app = opened(page, endpoint="credit", window=WINDOW)
    wrong = standing(app)
    text = words(app)
    if world.hit and not any(word in text for word in naming):
        wrong.append(f"{sorted(set(world.hit))} failed, and nothing says {' or '.join(naming)}")
    return app, wrong


def each_page(
    world: World, naming: tuple[str, ...], judge: Callable[[str, AppTest], list[str]]
) -> str:
    """Return all that is wrong on any page, a line each."""
    found = []
    for page in PAGES:
        app, wrong = met(world, page, naming)
        found += [f"{page}: {each}" for each in [*wrong, *judge(page, app)]]
    return "\n".join(found)


def nothing_green(_: str, app: AppTest) -> list[str]:
    return [f"green: {each}" for each in green(app)]


def blind_to(*sources: str) -> Callable[[str, AppTest], list[str]]:
    """Judge that nothing is green that rests on one of these sources."""

    def judge(page: str, app: AppTest) -> list[str]:
        resting = {label for label, on in HEALTHY.get(page, {}).items() if set(on) & set(sources)}
        return [f"green: {each}" for each in green(app) if each in resting]

    return judge


def refusing(answer: Reply | Exception, *sources: str) -> Faults:
    """Refuse whatever is asked of these sources."""

    def refuse(request: Request) -> Reply | None:
        if source_of(request) not in sources:
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    return refuse


def refuse_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Azure, "files", lambda _: (Refusing(), "container"))


#: What is green on a healthy workspace -> the sources that it rests on.
HEALTHY: dict[str, dict[str, tuple[str, ...]]] = {
    "performance.py": {"Accuracy": ("storage",)},
    "predictions.py": {"Outputs that moved": ("storage",)},
    "fairness.py": {"Definitions not met": ("storage",)},
    "data_drift.py": {"Features that breached": ("storage",)},
    "data_quality.py": {"Open now": ("storage",), "Breached on any day": ("storage",)},
    "traffic.py": {
        "Error rate": ("logs",),
        "P95 latency": ("logs",),
        "Data collection": ("metrics",),
    },
    "cost.py": {"P95 of the slowest hour": ("logs",)},
}


# Nothing is broken


def test_what_is_healthy_is_green(world: World) -> None:
    """Or no other test here could see it turn grey."""
    for page in PAGES:
        app, wrong = met(world, page, ())
        assert (page, wrong) == (page, [])
        assert set(HEALTHY.get(page, ())) <= set(green(app)), page


# Azure does not answer as asked


@pytest.mark.parametrize("fault", REFUSALS)
def test_blind_in_all_but_the_list_of_endpoints(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    answer, naming = REFUSALS[fault]
    refuse_storage(monkeypatch)
    world.begin(refusing(answer, *SOURCES))
    assert each_page(world, naming, nothing_green) == ""


@pytest.mark.parametrize("fault", ["403", "HTML"])
def test_blind_altogether(world: World, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    answer, naming = REFUSALS[fault]
    refuse_storage(monkeypatch)
    world.begin(refusing(answer, "arm", *SOURCES))
    assert each_page(world, naming, nothing_green) == ""


@pytest.mark.parametrize(
    "sources",
    [("metrics",), tuple(SOURCES)[2:]],  # the log that is missing a table stands for logs
    ids=["metrics", "the others"],
)
def test_one_source_may_not_be_read(world: World, sources: tuple[str, ...]) -> None:
    answer, naming = REFUSALS["403"]
    world.begin(refusing(answer, *sources))
    assert each_page(world, naming, blind_to(*sources)) == ""


def test_collected_data_may_not_be_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_storage(monkeypatch)
    world.begin()
    assert each_page(world, (), blind_to("storage")) == ""


# Azure answers, but not what a page hopes for


def test_a_table_that_does_not_exist_yet(world: World) -> None:
    missing = (
        "SEM0100",
        "'where' operator: Failed to resolve table expression named 'AmlOnlineEndpointTrafficLog'",
    )
    answer = Reply(400, error("BadArgumentError", ("SemanticError", "A semantic error."), missing))
    world.begin(refusing(answer, "logs"))
    assert each_page(world, ("Cannot find the table",), blind_to("logs")) == ""


def test_an_answer_that_leaves_rows_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, said = log_analytics._body, log_analytics._partial_error
    monkeypatch.setattr(
        log_analytics, "_body", lambda result, most: whole(result, most) | {"error": said(most)}
    )
    world.begin()
    assert each_page(world, ("exceed the set limit",), blind_to("logs")) == ""


def test_an_endpoint_without_diagnostic_settings(world: World, another: Path) -> None:
    kept = [
        each
        for each in json.loads((another / "arm.json").read_text())["resources"]
        if "diagnosticSettings" not in each["id"]
    ]
    (another / "arm.json").write_text(json.dumps({"resources": kept}))
    with duckdb.connect(str(another / "workspace.duckdb")) as con:
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            con.execute(f'DELETE FROM "{table}"')
    world.healthy.store = another
    world.begin()
    assert each_page(world, (), blind_to("logs")) == ""


def test_clocks_that_differ(world: World) -> None:
    tables = [{"name": "PrimaryResult", "columns": [], "rows": []}]
    late = format_datetime(datetime.now(UTC) - timedelta(minutes=9), usegmt=True)
    answer = Reply(200, {"tables": tables}, {"Date": late})
    world.begin(refusing(answer, "logs"), now=None)
    assert each_page(world, ("min ahead of Azure's",), blind_to("logs")) == ""


def test_a_metric_without_points(world: World) -> None:
    """Some have series without points, some no series at all."""

    def empty(request: Request) -> Reply | None:
        if source_of(request) != "metrics":
            return None
        hollow = [{"metadatavalues": [], "data": []}]
        metrics = [
            {"name": {"value": name}, "unit": "Count", "timeseries": hollow if n % 2 else []}
            for n, name in enumerate(request.query["metricnames"].split(","))
        ]
        asked = json.loads(request.body)["resourceids"]
        return Reply(200, {"values": [{"resourceid": each, "value": metrics} for each in asked]})

    world.begin(empty)
    naming = ("no point", "No point", "No data", "no data", "no metric", "No metric", "Gaps", "gap")
    assert each_page(world, naming, blind_to("metrics")) == ""


def test_an_endpoint_that_was_deleted_a_moment_ago(world: World) -> None:
    """The list of endpoints is a few minutes old; nothing else knows it but the logs."""

    def gone(request: Request) -> Reply | None:
        deleted = source_of(request) not in {"arm", "logs", "cost", "alerts"}
        return Reply(404, error("ResourceNotFound")) if deleted else None

    world.begin(gone)
    naming = ("does not exist", "not found", "Not found")
    assert each_page(world, naming, blind_to("metrics")) == ""


def test_an_endpoint_that_was_deleted_long_ago(world: World, another: Path) -> None:
    kept = [
        each
        for each in json.loads((another / "arm.json").read_text())["resources"]
        if "onlineEndpoints" not in each["id"]
    ]
    (another / "arm.json").write_text(json.dumps({"resources": kept}))
    world.healthy.store = another
    world.begin()
    assert each_page(world, (), lambda *_: []) == ""
    assert "no online endpoint" in words(opened("overview.py", endpoint="credit"))


def test_case_does_not_matter(world: World, another: Path) -> None:
    """Azure writes ids, names and operations in another case from service to service."""
    with duckdb.connect(str(another / "workspace.duckdb")) as con:
        for table in ("AmlOnlineEndpointTrafficLog", "AmlOnlineEndpointConsoleLog"):
            con.execute(f'UPDATE "{table}" SET _ResourceId = upper(_ResourceId)')
        con.execute(
            "UPDATE AmlOnlineEndpointTrafficLog"
            " SET EndpointName = upper(EndpointName), DeploymentName = upper(DeploymentName)"
        )
    with duckdb.connect(str(another / "metrics.duckdb")) as con:
        for (table,) in con.execute("SELECT DISTINCT table_name FROM catalog").fetchall():
            con.execute(f'UPDATE "{table}" SET resource_id = lower(resource_id)')
    events = json.loads((another / "activity.json").read_text())
    for event in events:
        event["resourceId"] = event["resourceId"].upper()
        event["operationName"]["value"] = event["operationName"]["value"].upper()
    (another / "activity.json").write_text(json.dumps(events))
    world.healthy.store = another
    world.begin()
    for page in PAGES:
        app, wrong = met(world, page, ())
        assert (page, wrong) == (page, [])
        assert set(HEALTHY.get(page, ())) <= set(green(app)), page
