"""Cost Management through the real client: pages, two tags, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_store import Tiny, tiny

from monitoring.errors import NotPermittedError, SourceError
from monitoring.sources.cost import BilledDay, CostManagement
from monitoring.window import Window
from sample import cost as local
from sample.transport import Reply, Request

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEEK = Window.last(timedelta(days=7), until=NOW)


@pytest.fixture
def shop(tmp_path: Path) -> Tiny:
    made = tiny(tmp_path)
    days = [date(2026, 11, 10) + timedelta(days=n) for n in range(13)]
    rows = [
        (day, endpoint, deployment, cost)
        for day in days
        for endpoint, deployment, cost in (("credit", "blue", 2.0), ("Other", "blue", 3.5))
    ]
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {
            "day": pa.array(columns[0], pa.date32()),
            "endpoint": columns[1],
            "deployment": columns[2],
            "cost": columns[3],
            "currency": ["EUR"] * len(rows),
        }
    )
    pq.write_table(table, made.store / "costs.parquet")
    return made


def test_two_endpoints_with_a_deployment_of_one_name_stay_apart(shop: Tiny) -> None:
    bill = CostManagement(shop.azure).daily(WEEK)
    assert bill.days[:2] == (
        BilledDay(date(2026, 11, 14), "credit", "blue", 2.0, "EUR"),
        BilledDay(date(2026, 11, 14), "other", "blue", 3.5, "EUR"),
    )
    # The newest day is not billed yet, the one before is; what is to come never is.
    assert bill.days[-1].day == date(2026, 11, 20)
    assert bill.fetched == NOW


def test_what_is_asked_is_the_workspaces_actual_cost(shop: Tiny) -> None:
    shop.azure.monitor_client  # noqa: B018 - so that the next request is the one looked at
    CostManagement(shop.azure).daily(WEEK)
    (request,) = [r for r in shop.requests if "costmanagement" in r.path.lower()]
    asked = json.loads(request.body)
    assert request.method == "POST"
    assert asked["type"] == "ActualCost"
    assert asked["timePeriod"]["from"].startswith("2026-11-14")
    assert [g["name"] for g in asked["dataset"]["grouping"]] == [
        "azuremlendpoint", "azuremldeployment"
    ]  # fmt: skip
    assert asked["dataset"]["filter"]["dimensions"]["values"] == [shop.azure.workspace_id]


def test_pages_are_followed(shop: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "ROWS_A_PAGE", 3)
    assert len(CostManagement(shop.azure).daily(WEEK).days) == 14
    assert sum("costmanagement" in r.path.lower() for r in shop.requests) == 5


def refusing(status: int, headers: dict[str, str]) -> Callable[[Request], Reply | None]:
    def fault(request: Request) -> Reply | None:
        if "costmanagement" not in request.path.lower():
            return None
        return Reply(status, {"error": {"code": "RBACAccessDenied", "message": "no"}}, headers)

    return fault


def test_without_the_role_it_is_named(shop: Tiny) -> None:
    shop.faults = refusing(403, {})
    with pytest.raises(NotPermittedError) as caught:
        CostManagement(shop.azure).daily(WEEK)
    assert "Billing Reader" in caught.value.hint


def test_too_many_questions_say_when_to_ask_again(shop: Tiny) -> None:
    shop.faults = refusing(429, {"x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after": "7"})
    with pytest.raises(SourceError) as caught:
        CostManagement(shop.azure).daily(WEEK)
    assert "429" in caught.value.message
    assert "7 s" in caught.value.hint


def test_a_malformed_question_is_refused_as_azure_does(shop: Tiny) -> None:
    shop.azure.monitor_client  # noqa: B018 - builds the store's routes
    (_, _, answer) = local.routes(shop.store, lambda: NOW)[0]
    request = Request("POST", "https://x", "x", "/", {}, {"Authorization": "Bearer t"}, b"{}")
    assert answer(request).status == 400


@pytest.mark.parametrize("body", ["<html>", ""])
def test_what_is_no_json_is_an_error_in_words(shop: Tiny, body: str) -> None:
    shop.faults = lambda r: Reply(200, body) if "costmanagement" in r.path.lower() else None
    with pytest.raises(SourceError, match="Cannot read the cost"):
        CostManagement(shop.azure).daily(WEEK)
