"""The page Incidents: live on the tiny store, with a report of known numbers, and from a file alone."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import kept_results
import numpy as np
import pytest
import streamlit as st
import synthetic_incidents
from streamlit.testing.v1 import AppTest
from synthetic_incidents import NOW, report
from tiny_store import Tiny

from monitoring.database.database import Database
from monitoring.errors import SourceError
from monitoring.incidents import bundle, frozen
from monitoring.incidents.report import IncidentReport
from monitoring.place import Place
from monitoring.results.incidents import IncidentBook
from monitoring.results.store import Results
from monitoring.window import DAY, Window
from sample.transport import Reply, Request
from tests.incidents.judged import steps
from ui.loaders import incidents as loader

Shell = Callable[..., AppTest]
Words = Callable[[AppTest], str]


def database(workspace: Tiny) -> tuple[Database, str]:
    """The database that the page reads, and the workspace whose results are in it."""
    return Database(workspace.settings.database), workspace.azure.workspace_id.lower()


def placed(made: IncidentReport, where: str) -> IncidentReport:
    """The report as it comes from a store: each place names its workspace."""

    def at(place: Place) -> Place:
        return replace(place, workspace=where)

    incidents = tuple(
        replace(i, place=at(i.place), breaches=tuple(
            replace(b, place=at(b.place), worst=replace(b.worst, place=at(b.worst.place)))
            for b in i.breaches
        ))
        for i in made.incidents
    )  # fmt: skip
    return replace(made, incidents=incidents)


@pytest.fixture
def known(workspace: Tiny) -> IncidentReport:
    """What an evaluator has kept of two deployments."""
    store, where = database(workspace)
    made = placed(report(7, (("credit", "blue"), ("loan", "green"))), where)
    synthetic_incidents.store(made, store, where)
    store.close()
    return made


def figure(app: AppTest) -> dict[str, Any]:
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def headings(app: AppTest) -> list[str]:
    return [each.value for each in app.header]


def frame(app: AppTest, column: str) -> Any:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def test_before_the_first_round_nothing_is_called_well(
    shell: Shell, workspace: Tiny, words: Words
) -> None:
    app = shell("incidents.py", window="24h")
    assert not app.exception
    assert headings(app)[:3] == ["Open and past", "Timeline", "What changed just before"]
    assert "Nothing has been evaluated in this window yet" in words(app)
    assert "The first round has not finished yet" in words(app)


def test_the_timeline_says_what_could_not_be_read(
    shell: Shell, workspace: Tiny, known: IncidentReport, words: Words
) -> None:
    store, where = database(workspace)
    blind = [r for r in known.results if r.signal == "collection" and r.window.end > NOW - DAY]
    why = ("Data collection: refused.",)
    kept_results.keep(
        Results(store, where), blind, where, evaluated=NOW, fingerprint="2", missing=why
    )
    store.close()
    app = shell("incidents.py", window="7d")
    assert not app.exception
    names = [text["text"] for text in figure(app)["layout"]["annotations"]]
    assert any("Latency P95" in name for name in names)
    assert "Missing: Data collection: refused." in words(app)


def test_nothing_is_measured_for_a_look(
    shell: Shell, workspace: Tiny, known: IncidentReport
) -> None:
    shell("incidents.py", window="7d")
    asked = len(workspace.requests)
    shell("incidents.py", window="30d")
    assert not [r for r in workspace.requests[asked:] if r.path.endswith("/query")]


@pytest.mark.parametrize(
    ("missing", "green"), [((), 1), (("Traffic: refused.",), 0)], ids=["whole", "blind"]
)
def test_without_an_incident_it_is_green_only_if_everything_was_seen(
    shell: Shell, workspace: Tiny, missing: tuple[str, ...], green: int, words: Words
) -> None:
    store, where = database(workspace)
    well = steps("o" * 48, start=NOW - 2 * DAY)
    kept_results.keep(Results(store, where), well, where, evaluated=NOW, missing=missing)
    store.close()
    app = shell("incidents.py", window="24h")
    assert not app.exception
    assert ("No open incident" in words(app)) == green
    assert "Nothing has been evaluated" not in words(app)


def test_an_incident_is_the_same_in_every_window(shell: Shell, known: IncidentReport) -> None:
    facts = ["Id", "Severity", "What", "Began (UTC)", "Worst", "Affected"]
    rows: dict[str, set[tuple[str, ...]]] = {}
    for window in ("24h", "7d", "30d"):
        shown = frame(shell("incidents.py", window=window), "Severity")
        for row in shown[shown["State"].str.contains("Open")][facts].itertuples(index=False):
            rows.setdefault(row[0], set()).add(tuple(row))
    assert rows
    assert {len(each) for each in rows.values()} == {1}


def test_open_incidents_come_first_and_the_first_look_says_what_is_wrong(
    shell: Shell, known: IncidentReport, words: Words
) -> None:
    app = shell("incidents.py", window="7d")
    assert not app.exception
    shown = frame(app, "Severity")
    assert sorted(shown["Id"]) == sorted(incident.id for incident in known.incidents)
    states = list(shown["State"])
    assert states == sorted(states, key=lambda state: "Open" not in state)
    assert "past in" in words(app)


def test_the_link_chooses_an_incident_with_its_story(shell: Shell, known: IncidentReport) -> None:
    incident = next(i for i in known.incidents if i.endpoint == "credit" and "traffic" in i.signals)
    app = shell("incidents.py", window="7d", incident=incident.id)
    assert not app.exception
    assert headings(app)[:5] == [
        "Open and past", "The incident", "Timeline", "What changed just before", "Freeze",
    ]  # fmt: skip
    assert len(frame(app, "Steps")) == len(incident.breaches)
    ends = figure(app)["layout"]["xaxis"]["range"]
    window = frozen.around(incident, Window(incident.began - frozen.MOST_CONTEXT, NOW))
    assert ends == [window.start.timestamp() * 1e3, window.end.timestamp() * 1e3]
    first = known.suspects(incident)[0]
    assert first.sentence in [text.value for text in app.text]
    assert "coincides with" in first.sentence


def test_a_link_to_an_incident_that_is_not_known_says_so_in_one_sentence(
    shell: Shell, known: IncidentReport, words: Words
) -> None:
    app = shell("incidents.py", window="7d", incident="gone")
    assert not app.exception
    assert "There is no incident 'gone' in this workspace" in words(app)


def test_a_link_opens_an_incident_outside_of_the_window(
    shell: Shell, known: IncidentReport, words: Words
) -> None:
    past = next(each for each in known.incidents if each.resolved and each.resolved < NOW - DAY)
    app = shell("incidents.py", window="24h", incident=past.id)
    assert not app.exception
    assert "lies outside of this window or scope" in words(app)
    assert past.title in words(app)


def test_a_link_to_an_incident_that_was_withdrawn_says_why(
    shell: Shell, workspace: Tiny, known: IncidentReport, words: Words
) -> None:
    store, where = database(workspace)
    gone = known.incidents[0].id
    IncidentBook(store, where).withdraw([gone], NOW, {gone: "It is part of another."})
    store.close()
    app = shell("incidents.py", window="7d", incident=gone)
    assert not app.exception
    assert f"The incident {gone} was withdrawn. It is part of another." in words(app)


def test_a_scope_shows_its_own_incidents_only(shell: Shell, known: IncidentReport) -> None:
    app = shell("incidents.py", window="7d", endpoint="credit")
    assert not app.exception
    mine = {incident.id for incident in known.incidents if incident.endpoint in {"", "credit"}}
    assert set(frame(app, "Severity")["Id"]) == mine


def test_a_window_typed_beside_the_timeline_ranks_what_changed_before_it(
    shell: Shell, known: IncidentReport, words: Words
) -> None:
    incident = next(i for i in known.incidents if i.endpoint == "credit" and "traffic" in i.signals)
    start = incident.began.replace(tzinfo=None)
    app = shell("incidents.py", window="7d")
    assert "Choose an incident above" in words(app)
    app.session_state["from"] = start
    app.session_state["to"] = start + timedelta(hours=3)
    app.run()
    assert not app.exception
    assert "Before and in the chosen window" in words(app)
    assert "blue was updated" in frame(app, "Near in time")["What"].iloc[0]
    frames = [s for s in figure(app)["layout"]["shapes"] if s["type"] == "rect"]
    assert any(s["x0"] == incident.began.timestamp() * 1e3 for s in frames)


def test_a_window_that_ends_before_it_begins_is_said(
    shell: Shell, known: IncidentReport, words: Words
) -> None:
    app = shell("incidents.py", window="7d")
    app.session_state["from"] = NOW.replace(tzinfo=None) - timedelta(days=1)
    app.session_state["to"] = NOW.replace(tzinfo=None) - timedelta(days=2)
    app.run()
    assert not app.exception
    assert "From is not before To" in words(app)


def test_freezing_gives_a_file_that_opens(shell: Shell, known: IncidentReport) -> None:
    incident = known.incidents[0]
    app = shell("incidents.py", window="7d", incident=incident.id)
    (freeze,) = [button for button in app.button if button.label == "Freeze"]
    freeze.click().run(timeout=60)
    assert not app.exception
    _, content = app.session_state["_frozen"]
    again = bundle.open_(content)
    assert again.incident == incident
    assert again.moments[-1].suspects == known.suspects(incident)
    assert any(m.incident and m.incident.id == incident.id for m in again.moments[:-1])
    assert len(content) < bundle.MOST_BYTES


def refuse(request: Request) -> Reply | None:
    raise ConnectionError("the network is off")


@pytest.fixture
def file(known: IncidentReport) -> bytes:
    incident = next(i for i in known.incidents if i.endpoint == "credit" and "traffic" in i.signals)
    return bundle.write(frozen.freeze(known, incident, frozen=NOW, workspace="w"))


def test_a_frozen_incident_opens_with_the_network_off_and_scrubs_through_time(
    shell: Shell, workspace: Tiny, file: bytes, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.faults = refuse
    monkeypatch.setattr(loader, "report", lambda *_: pytest.fail("asked for a live report"))
    app = shell("incidents.py", record="Frozen")
    app.file_uploader[0].set_value(("x.incident.zip", file, "application/zip")).run()
    assert not app.exception
    held = bundle.open_(file)
    assert held.incident.title in words(app)
    assert [h for h in headings(app) if h.startswith("As it was known")] == [
        f"As it was known on {NOW:%d %b %Y at %H:%M} UTC"
    ]
    lines = len([t for t in figure(app)["data"] if t["mode"] == "lines"])
    asked = len(workspace.requests)

    before = next(m for m in held.moments if m.incident is None)
    app.select_slider(key="frozen-time").set_value(f"{before.time:%d %b %H:%M}").run()
    assert not app.exception
    assert "was not certain before" in words(app)
    assert "nothing was certain yet" in words(app)
    assert held.incident.breaches[0].label not in words(app)
    spec = figure(app)
    newest = max(
        max(_numbers(t["x"]))
        for t in spec["data"]
        if t["mode"] == "lines" and len(_numbers(t["x"])) > 2
    )
    assert newest <= before.time.timestamp() * 1e3
    assert len([t for t in spec["data"] if t["mode"] == "lines"]) <= lines
    assert len(workspace.requests) == asked


def _numbers(values: Any) -> list[float]:
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"]).tolist()
    return list(values)


def test_the_same_file_looks_the_same_every_time(shell: Shell, file: bytes) -> None:
    shown = []
    for _ in range(2):
        st.cache_resource.clear()
        app = shell("incidents.py", record="Frozen")
        app.file_uploader[0].set_value(("x.incident.zip", file, "application/zip")).run()
        shown.append((app.get("plotly_chart")[0].proto.spec, [text.value for text in app.text]))
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: b"hello", "no zip archive"),
        (lambda file: file[:-1] + bytes([file[-1] ^ 1]), "changed after it was frozen"),
        (lambda file: _zipped({"x.txt": b"1"}), "other parts"),
    ],
)
def test_a_foreign_or_damaged_file_is_one_sentence(
    shell: Shell, file: bytes, words: Words, change: Callable[[bytes], bytes], said: str
) -> None:
    app = shell("incidents.py", record="Frozen")
    app.file_uploader[0].set_value(("x.zip", change(file), "application/zip")).run()
    assert not app.exception
    assert said in words(app)
    assert "A fault in this app" not in words(app)


def _zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return made.getvalue()


def test_a_database_that_is_gone_leaves_the_last_values_and_frozen_incidents(
    shell: Shell, workspace: Tiny, known: IncidentReport, words: Words,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    app = shell("incidents.py", window="7d")
    monkeypatch.setattr(loader, "mark", _gone)
    app.run()
    assert not app.exception
    assert "The last values are shown" in words(app)
    assert len(frame(app, "Severity")) == len(known.incidents)
    loader._last().clear()
    app.run()
    assert not app.exception
    assert "A fault in this app" not in words(app)
    assert app.segmented_control(key="record").options == ["Live", "Frozen"]


def _gone() -> loader.Mark:
    raise SourceError("The database does not answer", hint="Look at its disk.")


def test_names_from_outside_are_shown_as_they_are(
    shell: Shell, workspace: Tiny, known: IncidentReport
) -> None:
    hostile = replace(known.incidents[0], title="![x](http://evil.example/p.png) <b>x</b>")
    store, where = database(workspace)
    IncidentBook(store, where).record([hostile], NOW)
    store.close()
    app = shell("incidents.py", window="7d", incident=hostile.id)
    assert not app.exception
    assert not any("![x](" in each.value for each in app.markdown)
    assert any(hostile.title in text.value for text in app.text)
