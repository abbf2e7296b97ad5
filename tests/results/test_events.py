"""Events and snapshots: each once, whole, or not at all."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from sqlalchemy import update

from monitoring.database.database import Database
from monitoring.database.result_tables import EventRow, SnapshotRow
from monitoring.event import Event
from monitoring.results.events import Events
from monitoring.results.snapshots import Snapshots
from monitoring.window import Window

from .conftest import DAY, HOUR, MIDNIGHT, MINUTE, NOW, WORKSPACE

WHOLE_DAY = Window(MIDNIGHT, MIDNIGHT + DAY)
UPDATE = Event(
    time=MIDNIGHT + HOUR, end=MIDNIGHT + 2 * HOUR, kind="deployment", title="blue was updated",
    source="activity log", endpoint="credit", deployment="blue", caller="ana@example.com",
    status="Succeeded", detail="model 3", count=2, reference="a-b-c", alike="write", weight=0.5,
)  # fmt: skip
ALERT = Event(time=MIDNIGHT + 5 * HOUR, kind="alert", title="µ", source="Azure Monitor")


@pytest.fixture
def events(database: Database) -> Events:
    return Events(database, WORKSPACE)


def test_an_event_is_stored_once_and_comes_back_whole(events: Events) -> None:
    assert events.add([ALERT, UPDATE, UPDATE]) == 2
    assert events.add([UPDATE, replace(UPDATE, status="Failed")]) == 1
    assert events.of(WHOLE_DAY) == (UPDATE, replace(UPDATE, status="Failed"), ALERT)
    assert events.add([]) == 0


def test_an_event_belongs_to_each_window_that_it_touches(
    events: Events, database: Database
) -> None:
    events.add([ALERT, UPDATE])
    assert events.of(Window(MIDNIGHT + 1.5 * HOUR, MIDNIGHT + 4 * HOUR)) == (UPDATE,)
    assert events.of(Window(MIDNIGHT, MIDNIGHT + HOUR)) == ()
    assert events.of(Window(ALERT.time, ALERT.time + MINUTE)) == (ALERT,)
    assert Events(database, "/another").of(WHOLE_DAY) == ()


def test_old_events_are_removed(events: Events) -> None:
    events.add([ALERT, UPDATE])
    assert events.prune(MIDNIGHT + 3 * HOUR) == 1
    assert events.of(WHOLE_DAY) == (ALERT,)


def test_a_damaged_event_is_left_out(
    events: Events, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    events.add([ALERT, UPDATE])
    with database.writing() as session:
        session.execute(update(EventRow).where(EventRow.id == 1).values(payload=b"\x01garbage"))
    with caplog.at_level(logging.WARNING):
        assert events.of(WHOLE_DAY) == (UPDATE,)
    assert "Event 1 cannot be read" in caplog.text


def test_a_snapshot_is_what_was_put_last(database: Database) -> None:
    snapshots = Snapshots(database, WORKSPACE)
    assert snapshots.get("overview") is None
    assert snapshots.put("overview", b"one", NOW).revision == 1
    second = snapshots.put("overview", b"\x00two" * 1_000, NOW + HOUR)
    assert snapshots.get("overview") == second
    assert (second.revision, second.taken) == (2, NOW + HOUR)
    assert Snapshots(database, "/another").get("overview") is None
    with database.writing() as session:
        session.execute(update(SnapshotRow).values(content=b"\x01\x00\x00"))
    assert snapshots.get("overview") is None
    assert snapshots.put("overview", b"three", NOW).revision == 3
