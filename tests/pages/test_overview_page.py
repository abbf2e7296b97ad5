"""The overview reads what is kept: at once, with its age, and never green where nobody has looked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from monitoring import __main__ as command_line
from monitoring.database.database import Database
from monitoring.errors import SourceError
from monitoring.incidents import lane_table
from monitoring.results.incidents import IncidentBook
from monitoring.results.leases import Rounds
from monitoring.signal import LaneFacts
from monitoring.signals import SIGNALS
from monitoring.sources import azure as azure_source
from monitoring.window import DAY, Window
from sample.transport import Reply, Request
from tests.filled import BAD, fill
from tests.tiny_store import NOW, Tiny, tiny
from ui.loaders import fleet
from ui.loaders import workspace as connection

Words = Callable[[AppTest], str]
Shell = Callable[..., AppTest]
BLUE = {"endpoint": "credit", "deployment": "blue"}
BROKEN = {"data_drift": BAD, "data_quality": BAD, "traffic": BAD, "model_performance": BAD}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one round keeps; each test has a copy."""
    made = tiny(tmp_path_factory.mktemp("filled"))
    fill(made.azure, made.settings, BROKEN)
    return made.settings.cache.parent / ".leeway"


@pytest.fixture
def filled(workspace: Tiny, store: Path) -> Tiny:
    shutil.copytree(store, workspace.settings.cache.parent / ".leeway", dirs_exist_ok=True)
    return workspace


def rounds(workspace: Tiny) -> Rounds:
    database = Database(workspace.settings.database)
    return Rounds(database, workspace.azure.workspace_id.lower())


def test_cells_are_the_gravest_breaches_and_the_others_stand_below(
    filled: Tiny, shell: Shell, words: Words
) -> None:
    app = shell("overview.py", **BLUE)
    assert not app.exception
    labels = {metric.label: metric.value for metric in app.metric}
    assert labels["Model: Realized performance"] == "2"
    assert labels["Infrastructure: Traffic"] == "2"
    assert "Data: Data quality" in labels
    said = words(app)
    assert ":red-badge[:material/warning: Data drift]" in said
    assert "since 19 Nov" in said or "since 18 Nov" in said
    assert "Updated 12:00 UTC · complete" in said
    assert "Stale" not in said


def test_nothing_is_asked_of_azure_for_it(filled: Tiny, shell: Shell) -> None:
    shell("logs.py", **BLUE)  # the shell has asked for the endpoints
    filled.requests.clear()
    assert not shell("overview.py", **BLUE).exception
    hosts = {request.host for request in filled.requests}
    assert not {host for host in hosts if "loganalytics" in host or "blob" in host}


def test_what_the_first_round_has_not_come_to_is_being_measured(
    workspace: Tiny, shell: Shell, words: Words
) -> None:
    app = shell("overview.py", **BLUE)
    assert not app.exception
    assert "Being measured" in words(app)
    assert "No data" not in words(app)
    assert ":green-badge" not in words(app)
    rounds(workspace).begin("one", NOW)
    assert "The first round has not finished yet." in words(shell("overview.py", **BLUE))


def test_a_monitor_that_has_stopped_says_so(
    filled: Tiny, shell: Shell, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = replace(filled.settings, now=NOW + timedelta(minutes=40))
    monkeypatch.setattr(connection, "settings", lambda: later)
    said = words(shell("overview.py", **BLUE))
    assert "Stale monitoring" in said
    assert "No round finished since 12:00 UTC." in said


def test_a_database_that_is_gone_leaves_the_last_values_with_their_age(
    filled: Tiny, shell: Shell, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shell("overview.py", **BLUE)

    def gone() -> fleet.Kept:
        raise SourceError("Cannot read the database", hint="Look whether it runs.")

    monkeypatch.setattr(fleet, "_read", gone)
    app = shell("overview.py", **BLUE)
    assert not app.exception
    assert "Cannot read the database. Look whether it runs." in words(app)
    assert "The last values are shown, read at 21 Nov 12:00 UTC." in words(app)
    values = [[(each.label, each.value) for each in one.metric] for one in (before, app)]
    assert values[0] == values[1]


def test_incidents_are_its_own_and_each_is_a_link(filled: Tiny, shell: Shell) -> None:
    app = shell("overview.py", window="24h")
    book = IncidentBook(Database(filled.settings.database), filled.azure.workspace_id.lower())
    own = [e for e in book.list(Window(NOW - DAY, NOW)) if e.resolved is None]
    assert own
    keys = [b.key for b in app.button if (b.key or "").startswith("incident-")]
    assert keys == [f"incident-{each.id}" for each in own[:5]]


def test_status_and_its_exit_codes(
    filled: Tiny, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(azure_source, "connect", lambda _: filled.azure)
    monkeypatch.setenv("DATABASE_URL", filled.settings.database)
    monkeypatch.setenv("LEEWAY_NOW", NOW.isoformat())
    assert command_line.main(["status"]) == 2
    table = capsys.readouterr().out
    assert "credit/blue  Realized performance" in table
    assert "Data drift" not in table  # a cell is the gravest of its column
    assert command_line.main(["status", "CREDIT/blue"]) == 2
    assert "Data drift" in capsys.readouterr().out
    assert command_line.main(["status", "nowhere"]) == 1
    wrong = capsys.readouterr().err
    assert "There is no endpoint or deployment 'nowhere'. Hint: Choose one of credit/blue" in wrong


def test_status_of_what_is_fine_and_of_what_nobody_looks_at(
    workspace: Tiny, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(azure_source, "connect", lambda _: workspace.azure)
    monkeypatch.setenv("DATABASE_URL", workspace.settings.database)
    monkeypatch.setenv("LEEWAY_NOW", NOW.isoformat())
    assert command_line.main(["status"]) == 1
    assert "Nothing has been evaluated yet" in capsys.readouterr().err
    fill(workspace.azure, workspace.settings, {})
    assert command_line.main(["status"]) == 0
    monkeypatch.setenv("LEEWAY_NOW", (NOW + timedelta(hours=1)).isoformat())
    capsys.readouterr()
    assert command_line.main(["status"]) == 3
    assert "Stale monitoring" in capsys.readouterr().err


def test_a_signal_of_one_file_stands_everywhere(
    workspace: Tiny, shell: Shell, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    like = SIGNALS["outliers"]
    lane = LaneFacts(name="toy", label="Toy", group="data", order=999, metric=like.leading)
    toy = replace(
        like, name="toy", title="Toy", gravity=0, lanes=(lane,), breach="the toy is broken",
        alarms=True,
    )  # fmt: skip
    monkeypatch.setitem(SIGNALS, "toy", toy)
    fill(workspace.azure, workspace.settings, {"toy": BAD})
    app = shell("overview.py", **BLUE)
    assert "Data: Toy" in [metric.label for metric in app.metric]
    titles = [b.label for b in app.button if (b.key or "").startswith("incident-")]
    assert any(toy.breach_of(toy.leading) in title.replace("\\", "") for title in titles)
    assert "toy" in {row.facts.name for row in lane_table.rows() if hasattr(row, "facts")}


def test_an_endpoint_that_does_not_answer_is_named_and_the_others_stand(
    filled: Tiny, shell: Shell, words: Words
) -> None:
    def fault(request: Request) -> Reply | None:
        busy = Reply(409, {"error": {"code": "Conflict", "message": "being deleted"}})
        return busy if "/onlineendpoints/more-0/deployments" in request.path.lower() else None

    filled.faults = fault
    app = shell("overview.py")
    assert not app.exception
    assert "more-0: Cannot read the deployments of the endpoint 'more-0'" in words(app)
    assert {"credit / blue", "credit / green"} <= {each.value for each in app.subheader}
