"""Platform metrics as the product asks for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
import requests

from monitoring.errors import NotPermittedError, SourceError
from monitoring.sources import metrics
from monitoring.sources.metrics import PlatformMetrics
from monitoring.window import Window
from sample.transport import Reply, Request
from tests.tiny_store import ENDPOINT, ENDPOINTS, NOW, WORKSPACE, Tiny, tiny

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOUR = Window.last(timedelta(hours=1), until=NOW)
MINUTE = timedelta(minutes=1)
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"


@pytest.fixture
def shop(tmp_path: Path) -> Tiny:
    return tiny(tmp_path)


@pytest.fixture
def platform(shop: Tiny) -> PlatformMetrics:
    return PlatformMetrics(shop.azure, pause=lambda seconds: None)


def batches(shop: Tiny) -> list[Request]:
    return [r for r in shop.requests if r.path.endswith("metrics:getBatch")]


def failing(status: int, times: int) -> Callable[[Request], Reply | None]:
    left = [times]

    def fault(request: Request) -> Reply | None:
        if not request.path.endswith("metrics:getBatch") or not left[0]:
            return None
        left[0] -= 1
        return Reply(status, {"error": {"code": "Throttled", "message": "Too busy."}})

    return fault


def test_series_share_their_times_and_show_gaps_as_nan(platform: PlatformMetrics) -> None:
    ok, failed = platform.series(
        [ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE, split_by=["statusCode"]
    )
    assert (ok.dimensions, failed.dimensions) == ({"statusCode": "200"}, {"statusCode": "500"})
    assert (ok.resource_id, ok.metric, ok.unit) == (ENDPOINT, "RequestsPerMinute", "Count")
    assert len(ok.times) == 60
    assert ok.times is failed.times
    assert ok.times[0] == np.datetime64("2026-11-21T11:00:00")
    assert np.isnan(ok.values[:10]).all()
    assert (ok.values[10:] == 6).all()
    assert np.isnan(failed.values).sum() == 50
    assert not ok.truncated


def test_totals_come_from_minutes_split_by_dimension(platform: PlatformMetrics) -> None:
    series = platform.series(
        [ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE, split_by=["statusCode"]
    )
    assert sum(np.nansum(s.values) for s in series) == 50 * 6 + 10


def test_a_resource_without_the_metric_has_no_series(platform: PlatformMetrics) -> None:
    quiet = f"{WORKSPACE}/onlineEndpoints/more-1"
    found = platform.series([quiet, ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE)
    assert [series.resource_id for series in found] == [ENDPOINT]
    assert platform.series([quiet], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE) == ()
    assert platform.series([], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE) == ()


def test_what_was_cut_off_is_said(
    platform: PlatformMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def latencies() -> list[bool]:
        found = platform.series(
            [ENDPOINT], ENDPOINTS, ["RequestLatency"], HOUR, MINUTE, split_by=["deployment"]
        )
        return [series.truncated for series in found]

    assert latencies() == [False] * 14
    monkeypatch.setattr(metrics, "TOP", 5)
    assert latencies() == [True] * 5


def test_a_long_window_is_asked_in_parts_and_joined(shop: Tiny, platform: PlatformMetrics) -> None:
    window = Window(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    day = timedelta(days=1)
    [runs] = platform.series(
        [WORKSPACE], WORKSPACES, ["Failed Runs"], window, day, aggregation="Total"
    )
    assert len(batches(shop)) == 3
    assert len(runs.times) == 81
    assert (np.diff(runs.times) == np.timedelta64(1, "D")).all()
    assert (runs.values == 48).all()


def test_resources_and_metrics_are_asked_in_chunks(
    shop: Tiny, platform: PlatformMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "METRICS_A_CALL", 1)
    ids = [f"{WORKSPACE}/onlineEndpoints/x{n}" for n in range(60)] + [ENDPOINT]
    names = ["RequestsPerMinute", "RequestLatency"]
    found = platform.series(ids, ENDPOINTS, names, HOUR, MINUTE)
    assert len(batches(shop)) == 4
    assert [series.metric for series in found] == names
    regions = [r for r in shop.requests if r.path.lower() == WORKSPACE.lower()]
    assert len(regions) == 1  # the region of a workspace is asked once


@pytest.mark.parametrize("status", [429, 529, 503])
def test_a_busy_backend_is_asked_again(shop: Tiny, status: int) -> None:
    waited: list[float] = []
    platform = PlatformMetrics(shop.azure, pause=waited.append)
    shop.faults = failing(status, times=3)
    [series] = platform.series([ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE)
    assert len(series.values) == 60
    assert waited == list(metrics.PAUSES[: len(waited)])
    assert waited


def test_a_backend_that_stays_busy_is_an_error_with_a_hint(
    shop: Tiny, platform: PlatformMetrics
) -> None:
    shop.faults = failing(529, times=99)
    with pytest.raises(SourceError, match="Azure is busy") as caught:
        platform.series([ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE)
    assert caught.value.hint == "Try again in a minute."
    assert len(batches(shop)) == 1 + len(metrics.PAUSES)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_role(shop: Tiny, platform: PlatformMetrics, status: int) -> None:
    shop.faults = failing(status, times=1)
    with pytest.raises(NotPermittedError) as caught:
        platform.series([ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE)
    assert "Monitoring Reader on the subscription" in caught.value.hint


def test_an_unknown_metric_is_an_error_that_lists_the_known_ones(platform: PlatformMetrics) -> None:
    with pytest.raises(SourceError, match=r"Valid metrics: RequestLatency,.*RequestsPerMinute"):
        platform.series([ENDPOINT], ENDPOINTS, ["Speed"], HOUR, MINUTE)


def test_a_network_that_is_down_is_an_error(shop: Tiny, platform: PlatformMetrics) -> None:
    def down(request: Request) -> Reply | None:
        raise requests.exceptions.ConnectionError("no route to host")

    shop.faults = down
    with pytest.raises(SourceError, match="could not be reached"):
        platform.series([ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE)


def test_an_unknown_workspace_is_an_error(platform: PlatformMetrics) -> None:
    elsewhere = ENDPOINT.replace("/tiny/", "/none/")
    with pytest.raises(SourceError, match="the region of 'none'"):
        platform.series([elsewhere], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE)


@pytest.mark.parametrize("asked", [{"grain": timedelta(minutes=2)}, {"aggregation": "Median"}])
def test_a_wrong_question_is_the_programmers(
    platform: PlatformMetrics, asked: dict[str, object]
) -> None:
    options = {"grain": MINUTE, "aggregation": "Average"} | asked
    with pytest.raises(ValueError, match="got"):
        platform.series([ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, **options)  # type: ignore[arg-type]


def test_the_wire_is_that_of_the_sdks_own_method(shop: Tiny, platform: PlatformMetrics) -> None:
    names, split = ["RequestLatency", "RequestLatency_P95"], "deployment eq '*'"
    platform.series([ENDPOINT], ENDPOINTS, names, HOUR, timedelta(hours=1), split_by=["deployment"])
    shop.azure.metrics_client("westeurope").query_resources(
        resource_ids=[ENDPOINT],
        metric_namespace=ENDPOINTS,
        metric_names=names,
        timespan=(HOUR.start, HOUR.end),
        granularity=timedelta(hours=1),
        aggregations=["Average"],
        filter=split,
        max_results=metrics.TOP,
    )
    ours, theirs = batches(shop)
    assert (ours.method, ours.host, ours.path) == (theirs.method, theirs.host, theirs.path)
    assert ours.query == theirs.query
    assert json.loads(ours.body) == json.loads(theirs.body)


@pytest.mark.parametrize(
    "body", [{"values": [{}]}, {"values": [{"resourceid": "/x", "value": []}]}]
)
def test_an_answer_of_another_shape_is_one_sentence(
    shop: Tiny, platform: PlatformMetrics, body: dict[str, object]
) -> None:
    shop.faults = lambda r: Reply(200, body) if r.path.endswith("metrics:getBatch") else None
    with pytest.raises(SourceError, match="could not read the answer"):
        platform.series([ENDPOINT], ENDPOINTS, ["RequestsPerMinute"], HOUR, MINUTE)
