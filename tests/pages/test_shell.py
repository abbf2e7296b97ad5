"""The shell around every page: menu, scope and links, and what it does when nothing answers."""

import asyncio
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from monitoring.kept import disk
from monitoring.kept.disk import Disk
from monitoring.sources.budget import QueryBudget
from monitoring.window import Window
from sample.transport import Reply
from ui.loaders import workspace
from ui.shell import edge, nav
from ui.shell.scope import ALL_DEPLOYMENTS, ALL_ENDPOINTS, KEYS, WINDOWS, Scope, set_scope

from .conftest import open_page

PAGES = [row.file for row in nav.TABLE]
WINDOW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d to \d{4}-\d\d-\d\d \d\d:\d\d UTC")


@pytest.mark.parametrize("file", PAGES)
def test_each_page_renders_inside_the_shell(shell, file) -> None:
    app = shell(file)
    assert not app.exception
    assert len(app.title) == 1
    assert app.selectbox(key="workspace").value
    assert app.selectbox(key="endpoint").options[0] == ALL_ENDPOINTS


def test_each_page_file_is_in_the_table_and_its_title_on_the_page(shell) -> None:
    assert sorted(path.name for path in nav.PAGES.glob("*.py")) == sorted(PAGES)
    for row in nav.TABLE:
        assert shell(row.file).title[0].value == row.title


def test_the_root_opens_the_first_page(shell) -> None:
    assert shell().title[0].value == nav.TABLE[0].title


def test_a_link_restores_the_scope(shell) -> None:
    app = shell("data_drift.py", endpoint="credit", deployment="green", window="30d")
    assert app.session_state["_scope"] == Scope("flights", "credit", "green", "30d")


def test_the_scope_survives_a_change_of_page(shell) -> None:
    app = shell("data_drift.py", endpoint="credit", window="90d")
    app.switch_page(str(nav.PAGES / "overview.py")).run()
    assert app.selectbox(key="endpoint").value == "credit"
    assert app.session_state["_scope"].window == "90d"


def test_deployments_follow_the_endpoint(shell) -> None:
    app = shell("data_drift.py", endpoint="credit")
    assert app.selectbox(key="deployment").options == [ALL_DEPLOYMENTS, "blue", "green"]
    app.selectbox(key="deployment").select("green").run()
    app.selectbox(key="endpoint").select("more-0").run()
    assert app.selectbox(key="deployment").options == [ALL_DEPLOYMENTS, "old"]
    assert app.session_state["_scope"] == Scope("flights", "more-0", None, "7d")


#: All that the shell asks of a connection.
CONNECTED = SimpleNamespace(query_budget=QueryBudget())


def test_a_deployment_needs_an_endpoint(shell) -> None:
    app = shell("overview.py")
    assert app.selectbox(key="deployment").disabled
    assert app.session_state["_scope"].deployment is None


@pytest.mark.parametrize(
    "query",
    [{"endpoint": "gone"}, {"endpoint": "credit", "deployment": "gone"}, {"window": "1y"}],
    ids=str,
)
def test_what_a_link_names_but_does_not_exist_is_not_taken(shell, query) -> None:
    app = shell("data_drift.py", **query)
    assert not app.exception
    assert "gone" not in str(app.session_state["_scope"])
    assert app.session_state["_scope"].window in WINDOWS


def test_a_page_that_needs_an_endpoint_asks_for_one(shell) -> None:
    app = shell("data_drift.py")
    app.selectbox(key="choose-endpoint").select("credit").run()
    assert app.selectbox(key="endpoint").value == "credit"


def test_only_the_scope_can_be_set() -> None:
    with pytest.raises(ValueError, match=", ".join(KEYS)):
        set_scope(colour="red")


def test_sample_data_say_what_is_real_and_what_is_not(shell, words) -> None:
    text = words(shell("overview.py"))
    assert "Sample data" in text
    assert "Real: the flights" in text
    assert "Simulated: " in text
    assert text.count("UTC") >= 1


def test_a_workspace_that_does_not_answer_leaves_the_pages_standing(
    shell, workspace, words
) -> None:
    workspace.faults = lambda request: Reply(403, {"error": {"code": "AuthorizationFailed"}}, {})
    app = shell("your_own_files.py")
    assert not app.exception
    assert app.title[0].value == "Your own files"
    assert "Not permitted" in words(app)
    assert "endpoint" not in [box.key for box in app.selectbox]
    assert app.session_state["_scope"] == Scope("flights", None, None, "7d")


def test_a_cache_that_takes_nothing_is_one_sentence_on_the_page_and_for_probes(
    shell, words, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(disk, "_faults", {})
    assert "Nothing is kept" not in words(shell("your_own_files.py"))
    (tmp_path / "full").touch()  # a file where the folder should be
    assert Disk(tmp_path / "full", version=1).get("q", 1, lambda: "result") == "result"
    app = shell("your_own_files.py")
    assert not app.exception
    assert f"Cannot keep results in '{tmp_path / 'full'}'" in words(app)
    with ThreadPoolExecutor(
        1
    ) as other:  # a browser test of this process may hold the thread's loop
        answer = other.submit(asyncio.run, edge.readyz(None)).result()
    assert answer.status_code == 200
    assert json.loads(answer.body)["status"] == "computing without keeping"
    assert "Cannot keep results" in json.loads(answer.body)["why"]


def test_the_query_budget_is_a_click_away(shell) -> None:
    app = shell("your_own_files.py")
    app.button(key="log-queries").click().run()
    assert not app.exception
    (numbers,) = [each.value for each in app.table]
    assert "0 of 5" in str(numbers)


def test_a_page_that_raises_outside_of_its_panels_says_why(shell, workspace, words) -> None:
    workspace.faults = lambda request: Reply(403, {"error": {"code": "AuthorizationFailed"}}, {})
    app = shell("fairness.py")
    assert not app.exception
    assert "the role" in "\n".join(each.value for each in app.main.text)


def test_unusable_settings_say_so_and_stop(fresh, monkeypatch, words) -> None:
    monkeypatch.setenv("AZURE_ML_WORKSPACE", "prod")
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID", raising=False)
    app = AppTest.from_file(
        str(nav.PAGES.parent / "ui" / "shell" / "main.py"), default_timeout=60
    ).run()
    assert not app.exception
    assert "AZURE_SUBSCRIPTION_ID" in words(app)
    assert not app.selectbox


def test_windows_end_on_five_minutes_so_that_questions_can_share_an_answer() -> None:
    scope = Scope("flights", None, None, "7d")
    at = [datetime(2026, 11, 21, 12, minute, tzinfo=UTC) for minute in (5, 7, 9, 10)]
    assert scope.window_at(at[0]) == scope.window_at(at[1]) == scope.window_at(at[2])
    assert scope.window_at(at[3]) == Window(datetime(2026, 11, 14, tzinfo=UTC), at[3])


@pytest.mark.parametrize("choice", ["7d", "30d", "90d"])
def test_one_choice_is_one_window_on_every_page(shell, words, choice) -> None:
    """A page that shows a window shows this one; some show none, without data or without a scope."""
    window = Scope("flights", None, None, choice).window_at(workspace.now())
    shown = {}
    for file in PAGES:
        app = shell(file, endpoint="credit", deployment="blue", window=choice)
        texts = WINDOW.findall(words(app).replace("\\", ""))  # escaped as Markdown
        # A window that ends earlier is the one before, for comparison.
        shown[file] = {text for text in texts if text.endswith(str(window).split(" to ")[1])}
    assert {file: windows for file, windows in shown.items() if windows - {str(window)}} == {}
    assert {"overview.py", "data_drift.py", "cost.py", "traffic.py", "logs.py"} <= {
        file for file, windows in shown.items() if windows
    }


def test_the_first_start_runs_once_and_reports_its_progress(fresh, monkeypatch) -> None:
    gate, seen = threading.Event(), []

    def connect(settings, *, progress):
        seen.append(settings)
        progress(0.4, "Training models")
        assert gate.wait(20)
        return CONNECTED

    monkeypatch.setattr("monitoring.sources.azure.connect", connect)
    prepared = workspace.preparation()
    assert workspace.preparation() is prepared
    assert not prepared.is_done(0.2)
    assert (prepared.share, prepared.step) == (0.4, "Training models")
    gate.set()
    assert workspace.azure() is CONNECTED
    assert len(seen) == 1


def test_a_failed_start_is_tried_again(fresh, monkeypatch) -> None:
    attempts = []

    def connect(settings, *, progress):
        attempts.append(settings)
        if len(attempts) == 1:
            raise OSError("disk full")
        return CONNECTED

    monkeypatch.setattr("monitoring.sources.azure.connect", connect)
    with pytest.raises(OSError, match="disk full"):
        workspace.azure()
    assert workspace.azure() is CONNECTED


@pytest.mark.parametrize("file", ["your_own_files.py", "incidents.py", None])
def test_every_page_warns_where_others_can_reach_it_without_signing_in(
    shell, words, monkeypatch, file
) -> None:
    assert "Nobody has to sign in" not in words(shell(file))
    monkeypatch.setattr(workspace, "is_open_to_others", lambda: True)
    assert "Nobody has to sign in" in words(shell(file))


def test_an_open_address_that_nobody_meant_serves_no_page(fresh, words, monkeypatch) -> None:
    asked = st.get_option
    address = {"server.address": "0.0.0.0"}  # noqa: S104 - nothing is bound
    monkeypatch.setattr(st, "get_option", lambda name: address.get(name) or asked(name))
    app = open_page("your_own_files.py")
    assert not app.exception
    assert "Cannot serve at '0.0.0.0'" in words(app)
    assert not app.file_uploader


@pytest.mark.parametrize(
    "path", ["/static/\0.js", f"/static/{'a' * 5_000}.js", "/\0", f"/{'a' * 300}"]
)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_path_that_no_file_has_is_not_found_and_has_the_headers(path, encoding) -> None:
    sent = []

    async def send(message) -> None:
        sent.append(message)

    async def app(scope, receive, send) -> None:
        pytest.fail("passed on")

    headers = [(b"accept-encoding", encoding.encode())]
    scope = {"type": "http", "path": path, "headers": headers}
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, edge.Edge(app)(scope, None, send)).result()
    assert sent[0]["status"] == 404
    assert b"content-security-policy" in dict(sent[0]["headers"])
