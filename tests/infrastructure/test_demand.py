"""Requests that stop coming: seen against the same hour of the weeks before, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.incidents.folding import fold
from monitoring.signals.demand import judging as demand
from monitoring.sources.azure import Azure
from monitoring.sources.logs import Logs
from monitoring.window import Window

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows(azure: Azure) -> list[Row]:
    """Five weeks of the sample workspace's traffic log, by the hour."""
    window = Window(NOW - demand.KNOWN - demand.WEEK, NOW)
    return Logs(azure).ask("requests", window, endpoints=[], step=demand.STEP).records()


def week(rows: list[Row], taken: datetime = NOW) -> list[Any]:
    return list(demand.judged(rows, Window(NOW - demand.WEEK, NOW), taken))


def steady(hours: int, n: int = 100) -> list[Row]:
    return [
        {"Endpoint": "credit", "TimeGenerated": NOW - (h + 1) * HOUR, "Requests": n}
        for h in range(hours)
    ]


def test_the_log_counts_each_request_once(azure: Azure, rows: list[Row]) -> None:
    window = Window(NOW - demand.KNOWN - demand.WEEK, NOW)
    whole = Logs(azure).ask("traffic_totals", window, endpoints=[]).records()
    for endpoint in {row["Endpoint"] for row in whole}:
        total = sum(row["Requests"] for row in whole if row["Endpoint"] == endpoint)
        assert sum(r["Requests"] for r in rows if r["Endpoint"] == endpoint) == total


def test_a_season_that_moves_and_a_change_of_clocks_are_no_silence(rows: list[Row]) -> None:
    found = week(rows)
    assert {r.status for r in found} == {"ok", "not_enough_data"}
    assert sum(r.status == "ok" for r in found) > 100


@pytest.mark.parametrize("days_ago", [1, 3, 5])
def test_hours_without_requests_are_an_incident_of_that_endpoint_alone(
    rows: list[Row], days_ago: int
) -> None:
    start = NOW - timedelta(days=days_ago) + 3 * HOUR  # 15:00, when all America flies
    gone = Window(start, start + 4 * HOUR)
    left = [
        row
        for row in rows
        if row["Endpoint"] != "flight-time" or not gone.start <= row["TimeGenerated"] < gone.end
    ]
    (incident,) = fold(week(left), [], NOW)
    assert incident.title == "flight-time: requests have stopped coming"
    assert (incident.began, incident.resolved is None) == (start, False)
    (breach,) = incident.breaches
    assert breach.worst.value == 0
    assert "are usual at this hour" in breach.worst.reason
    assert (incident.severity, incident.affected_share) == ("high", None)


def test_an_hour_is_judged_once_its_rows_are_in() -> None:
    rows = [row for row in steady(5 * 168) if row["TimeGenerated"] < NOW - HOUR]
    at = [r.window.start for r in week(rows, NOW + timedelta(minutes=10))]
    assert max(at) == NOW - 2 * HOUR
    late = [r for r in week(rows, NOW + timedelta(minutes=15)) if r.window.start == NOW - HOUR]
    assert [r.status for r in late] == ["breached"]


def test_few_weeks_or_few_requests_give_no_verdict() -> None:
    assert {r.status for r in week(steady(3 * 168))} == {"not_enough_data"}
    assert {r.status for r in week(steady(5 * 168, n=49))} == {"not_enough_data"}
    assert {r.status for r in week(steady(5 * 168, n=50))} == {"ok"}


def test_one_week_of_an_outage_moves_no_usual() -> None:
    outage = Window(NOW - 2 * demand.WEEK, NOW - demand.WEEK)
    rows = [r for r in steady(5 * 168) if not outage.start <= r["TimeGenerated"] < outage.end]
    # At the edges of the outage a neighbour may count for another week.
    assert {r.status for r in week(rows)} == {"ok"}


def test_nothing_before_the_first_row_is_silence() -> None:
    assert week([]) == []
    young = week(steady(3))
    assert [r.window.start for r in young] == [NOW - 3 * HOUR, NOW - 2 * HOUR]
