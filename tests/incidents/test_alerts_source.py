"""Azure's list of alerts over the real client: pages, ranges, as of now, refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitoring.errors import NotPermittedError, SourceError
from monitoring.incidents.alerts import of_alerts
from monitoring.sources.alerts import Alerts
from monitoring.window import Window
from sample.transport import Reply
from tests.tiny_store import BLUE, NOW, SUBSCRIPTION, Tiny, tiny

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)
WEEK = Window.last(7 * DAY, until=NOW)


def alert(
    number: int, fired: datetime, resolved: datetime, group: str = "rg-tiny"
) -> dict[str, Any]:
    essentials = {
        "severity": "Sev2",
        "monitorCondition": "Resolved",
        "targetResource": BLUE.lower(),
        "targetResourceGroup": group,
        "alertRule": f"/x/metricAlerts/rule-{number}",
        "description": "memory > 95",
        "monitorService": "Platform",
        "startDateTime": f"{fired:%Y-%m-%dT%H:%M:%S}.1234567Z",
        "monitorConditionResolvedDateTime": f"{resolved:%Y-%m-%dT%H:%M:%S}.0000000Z",
    }
    arm_id = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/{number}"
    return {"id": arm_id, "name": f"rule-{number}", "properties": {"essentials": essentials}}


@pytest.fixture
def shop(tmp_path: Path) -> Tiny:
    made = tiny(tmp_path)
    listed = [alert(n, NOW - n * DAY / 10, NOW - n * DAY / 10 + DAY / 100) for n in range(1, 60)]
    listed.append(alert(98, NOW - DAY, NOW + DAY))
    listed.append(alert(99, NOW - DAY, NOW, group="other"))
    listed.append(alert(100, NOW - 20 * DAY, NOW - 8 * DAY))
    (made.store / "alerts.json").write_text(json.dumps(listed))
    return made


def test_every_page_is_read_and_only_of_this_group(shop: Tiny) -> None:
    found = Alerts(shop.azure).fired(WEEK)
    rules = [each.rule for each in found]
    assert len(rules) == 60
    assert "rule-99" not in rules
    assert [each.fired for each in found] == sorted(each.fired for each in found)
    asked = [r for r in shop.requests if "alertsmanagement" in r.path.lower()]
    assert len(asked) == 3
    assert {r.query["api-version"] for r in asked} == {"2019-05-05-preview"}
    assert asked[0].query["timeRange"] == "7d"


def test_what_is_not_resolved_yet_is_on(shop: Tiny) -> None:
    on = [each for each in Alerts(shop.azure).fired(WEEK) if each.resolved is None]
    assert [each.rule for each in on] == ["rule-98"]
    assert on[0].fired == datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_window_has_what_was_on_when_it_began(shop: Tiny) -> None:
    window = Window(NOW - 9 * DAY, NOW - 8.5 * DAY)
    assert [each.rule for each in Alerts(shop.azure).fired(window)] == ["rule-100"]


def test_older_than_azure_keeps_them_is_not_asked_for(shop: Tiny) -> None:
    assert Alerts(shop.azure).fired(Window(NOW - 60 * DAY, NOW - 40 * DAY)) == ()
    assert not [r for r in shop.requests if "alertsmanagement" in r.path.lower()]


def test_an_alert_becomes_an_event_of_its_deployment(shop: Tiny) -> None:
    event = next(e for e in of_alerts(Alerts(shop.azure).fired(WEEK)) if e.status == "fired")
    assert str(event.place) == "credit/blue"
    assert event.title == "Sev2 alert rule-98 fired on credit/blue: memory > 95"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (
            Reply(403, {"error": {"code": "AuthorizationFailed", "message": "no"}}),
            NotPermittedError,
        ),
        (Reply(500, {"error": {"code": "x", "message": "broken"}}), SourceError),
        (Reply(200, "<html>maintenance</html>"), SourceError),
        (Reply(200, {"values": []}), SourceError),
    ],
)
def test_what_azure_does_not_answer_is_said(
    shop: Tiny, reply: Reply, error: type[SourceError]
) -> None:
    shop.faults = lambda request: reply if "alertsmanagement" in request.path.lower() else None
    with pytest.raises(error, match="alerts of the resource group 'rg-tiny'"):
        Alerts(shop.azure).fired(WEEK)
