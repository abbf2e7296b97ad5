"""The activity log as the product asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitoring.errors import NotPermittedError
from monitoring.sources.activity import Activity
from monitoring.window import Window
from sample.transport import Reply
from tests.tiny_store import BLUE, NOW, Tiny, tiny

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Tiny:
    return tiny(tmp_path)


def test_events_come_oldest_first_over_pages_and_chunks(shop: Tiny) -> None:
    window = Window.last(timedelta(days=90), until=NOW)
    events = Activity(shop.azure).events(window)
    assert len(events) == 121
    assert [e.time for e in events] == sorted(e.time for e in events)
    assert len(shop.requests) > 3  # three chunks, one of them of several pages
    asked = [r.query["$filter"] for r in shop.requests]
    assert all("resourceGroupName eq 'rg-tiny'" in text for text in asked)


def test_case_is_folded_and_words_are_kept(shop: Tiny) -> None:
    events = Activity(shop.azure).events(Window.last(timedelta(days=90), until=NOW))
    scaled = events[0]
    assert scaled.operation_name == "microsoft.insights/autoscalesettings/scaleup/action"
    assert scaled.operation == "MICROSOFT.INSIGHTS/AUTOSCALESETTINGS/SCALEUP/ACTION"
    assert scaled.status == "failed"
    written = events[1]
    assert written.operation == "Creates or updates an online deployment"
    assert written.status == "succeeded"
    assert written.resource_id == BLUE.lower()
    assert (written.caller, written.level) == ("ann@example.com", "Informational")
    assert written.correlation_id == "c0"


def test_the_window_is_half_open(shop: Tiny) -> None:
    events = Activity(shop.azure).events(Window.last(timedelta(days=90), until=NOW))
    first, last = events[0].time, events[-1].time
    inner = Activity(shop.azure).events(Window(first, last))
    assert inner[0] == events[0]
    assert all(event.time < last for event in inner)


def test_what_is_gone_or_still_to_come_is_left_out(shop: Tiny) -> None:
    log = Activity(shop.azure)
    everything = log.events(Window(datetime(2026, 1, 1, tzinfo=UTC), NOW + timedelta(days=9)))
    assert len(everything) == 121
    assert log.events(Window.last(timedelta(days=1), until=NOW - timedelta(days=90))) == ()


def test_a_refusal_names_the_role(shop: Tiny) -> None:
    body = {"error": {"code": "AuthorizationFailed", "message": "no"}}
    shop.faults = lambda request: Reply(403, body)
    with pytest.raises(NotPermittedError) as caught:
        Activity(shop.azure).events(Window.last(timedelta(days=1), until=NOW))
    assert "Monitoring Reader" in caught.value.hint
