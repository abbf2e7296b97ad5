"""Data collection: lost records, silence, and the reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from places import at

from monitoring.metric import MetricResult
from monitoring.signals.collection import judging as collection
from monitoring.signals.collection.judging import Collected, of_deployment
from monitoring.sources.azure import Azure
from monitoring.sources.metrics import PlatformMetrics, Series
from monitoring.sources.registry import Inventory
from monitoring.window import Window
from monitoring.workspace.collection_reasons import REASONS, explain
from monitoring.workspace.endpoints import Collection, Deployment, Endpoint

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
REFUSED = "AuthorizationPermissionMismatch"


def judge(
    requests: Sequence[float],
    records: Sequence[float],
    lost: Sequence[float] | None = None,
    *,
    is_on: bool = True,
) -> tuple[list[MetricResult], list[MetricResult]]:
    """Return error rates and collected shares of hours with these counts."""
    steps = [Window(START + n * HOUR, START + (n + 1) * HOUR) for n in range(len(requests))]
    none = np.zeros(len(requests))
    found = Collected(
        np.array(requests, dtype=float),
        {"model_inputs": np.array(records, dtype=float)} if any(records) else {},
        {("model_inputs", REFUSED): np.array(lost, dtype=float) if lost else none} if lost else {},
    )
    results = of_deployment(at("credit/blue"), steps, found, is_on=is_on)
    return results[::2], results[1::2]


def test_a_refused_upload_is_a_breach_with_its_reason_and_fix() -> None:
    errors, shares = judge([100] * 4, [100, 100, 0, 0], [0, 0, 100, 100])
    assert [result.status for result in errors] == ["ok", "ok", "breached", "breached"]
    assert [result.value for result in errors] == [0, 0, 1, 1]
    assert REFUSED in errors[2].reason
    assert "Storage Blob Data Contributor" in errors[2].hint
    # What could not be stored was at least collected: that is no silence.
    assert {result.status for result in shares} == {"ok"}


def test_the_interval_decides_and_not_the_share() -> None:
    errors, _ = judge([100, 10_000], [49, 4_900], [1, 100])
    assert [result.value for result in errors] == pytest.approx([0.02, 0.02])
    assert [result.status for result in errors] == ["ok", "breached"]


def test_silence_while_requests_are_answered_is_a_breach() -> None:
    errors, shares = judge([100] * 5, [100, 100, 100, 0, 0])
    assert [result.status for result in shares] == ["ok", "ok", "ok", "breached", "breached"]
    assert shares[3].value == 0
    assert "collection stopped" in shares[3].reason
    assert [result.status for result in errors[3:]] == ["no_data", "no_data"]
    assert errors[3].value is None


def test_no_request_is_no_silence() -> None:
    _, shares = judge([100, 0], [100, 0])
    assert (shares[1].status, shares[1].value) == ("no_data", None)
    assert shares[1].reason == "no request was answered"


def test_few_expected_records_give_no_verdict() -> None:
    """A script that collects one request in a hundred may leave none in an hour of fifty."""
    _, shares = judge([1000, 1000, 50], [10, 10, 0])
    assert shares[2].status == "not_enough_data"


def test_hours_that_are_answered_from_a_cache_do_not_alarm() -> None:
    """Nine of ten steps collect at least a twentieth: ten records of two hundred requests."""
    requests, records = [200.0] * 10, [200.0] * 8 + [10.0, 0.0]
    _, shares = judge(requests, records)
    assert shares[8].status == "ok"
    night = judge([200.0] * 7 + [60.0] * 3, [200.0] * 7 + [2.0, 2.0, 0.0])[1]
    assert night[9].status == "not_enough_data"


def test_a_collector_that_never_collects_is_seen_and_one_that_is_off_is_none() -> None:
    assert judge([100], [0])[1][0].status == "breached"
    errors, shares = judge([100], [0], is_on=False)
    assert (errors[0].status, shares[0].status) == ("no_data", "no_data")
    assert errors[0].reason == "the data collector is off"
    assert errors[0].hint


def test_one_silent_collection_of_two_is_named() -> None:
    steps = [Window(START + n * HOUR, START + (n + 1) * HOUR) for n in range(3)]
    both = {
        "model_inputs": np.array([90.0, 90, 90]),
        "model_outputs": np.array([90.0, 90, 0]),
    }
    results = of_deployment(at("credit/blue"), steps, Collected(np.full(3, 90.0), both), is_on=True)
    last = results[-1]
    assert (last.metric, last.status) == ("collected_share", "breached")
    assert "model_outputs" in last.reason


def test_every_reason_has_words_and_a_fix() -> None:
    for code, (words, fix) in REASONS.items():
        assert explain(code.upper()) == (f"{code.upper()}: {words}", fix)
        assert fix.endswith(".")
    assert explain("Strange")[0] == "Strange"
    assert explain("")[1]


class Recorded:
    """Platform metrics that answer with series of one deployment; `asked` lists the questions."""

    def __init__(self, found: dict[str, list[Series]]) -> None:
        self.found, self.asked = found, []

    def series(self, ids: Any, namespace: str, names: Any, *args: Any, split_by: Any) -> Any:
        self.asked.append((tuple(names), tuple(split_by)))
        return [each for name in names for each in self.found.get(name, [])]


def series(metric: str, values: Sequence[float], **dimensions: str) -> Series:
    times = np.datetime64("2026-11-20T00:00", "s") + np.arange(len(values)) * np.timedelta64(
        60, "s"
    )
    return Series("/e/credit", metric, "Count", dimensions, times, np.array(values, dtype=float))


def test_minutes_add_up_to_steps_and_only_answered_requests_count() -> None:
    two_hours = Window(START, START + 2 * HOUR)
    found = Recorded(
        {
            "RequestsPerMinute": [
                series("RequestsPerMinute", [2.0] * 120, deployment="Blue", statusCodeClass="2xx"),
                series("RequestsPerMinute", [9.0] * 120, deployment="Blue", statusCodeClass="4xx"),
            ],
            "DataCollectionEventsPerMinute": [
                series(
                    "DataCollectionEventsPerMinute",
                    [2.0] * 60 + [np.nan] * 60,
                    deployment="Blue",
                    type="model_inputs",
                )
            ],
        }
    )
    blue = Deployment(
        id="",
        name="Blue",
        endpoint="Credit",
        model=None,
        instance_type="",
        instance_count=1,
        provisioning_state="",
        collections={"model_inputs": Collection(enabled=True)},
        app_insights=False,
        created=None,
    )
    endpoint = Endpoint("/e/credit", "Credit", "", {}, {}, "", None, deployments=(blue,))
    results = collection.judged(found, [endpoint], two_hours, HOUR)  # type: ignore[arg-type]
    assert {result.subject for result in results} == {"credit/blue"}
    rates, shares = results[::2], results[1::2]
    assert [result.rows for result in rates] == [120, 0]
    assert [result.rows for result in shares] == [120, 120]
    assert [result.status for result in shares] == ["ok", "breached"]


def test_the_sample_loses_its_records_while_the_role_is_missing(azure: Azure) -> None:
    """storage-role-removed, and no other deployment in those days."""
    days = Window(datetime(2026, 11, 7, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC))
    results = collection.judged(
        PlatformMetrics(azure), Inventory(azure).endpoints(), days, timedelta(hours=6)
    )
    lost = [r for r in results if r.metric == "collection_error_rate" and r.status == "breached"]
    assert {result.subject for result in lost} == {"flight-time/blue"}
    assert len(lost) >= 3
    assert all(REFUSED in result.reason for result in lost)
