"""Traffic: classes of blame, parts of latency, percentiles, objectives, and the newest minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_logs
from places import at
from tiny_logs import NOW, request

from monitoring.capacity.latency import percentiles
from monitoring.capacity.throughput import minutes
from monitoring.overview import objectives
from monitoring.report import headline
from monitoring.requests.outcomes import outcomes
from monitoring.requests.request_parts import WITHOUT_MODEL, parts
from monitoring.signals import SIGNALS
from monitoring.signals.traffic import judging as traffic
from monitoring.sources.azure import Azure
from monitoring.sources.logs import Answer, Logs
from monitoring.sources.metrics import PlatformMetrics
from monitoring.sources.registry import Inventory
from monitoring.window import Window
from monitoring.workspace.blame import BLAMES, blame
from tests.tiny_store import tiny

HOUR = Window(NOW - timedelta(hours=1), NOW)
STEP = timedelta(hours=1)
CODES = (200, 204, 302, 399, *range(400, 432), 451, 499, *range(500, 512), 599)


def ask(folder: Path, rows: list[dict[str, Any]], name: str, **values: Any) -> Answer:
    store = tiny_logs.write(folder, AmlOnlineEndpointTrafficLog=rows)
    return Logs(tiny_logs.connect(store)).ask(name, HOUR, endpoints=[], **values)


def test_each_code_is_blamed_alike_by_the_query_and_by_the_page(tmp_path: Path) -> None:
    rows = [
        request(f"11:{code % 50:02}:{code % 60:02}", DeploymentName=f"c{code}", ResponseCode=code)
        for code in CODES
    ]
    answer = ask(tmp_path, rows, "traffic", step=STEP)
    found = outcomes(answer.records(), STEP)
    for code in CODES:
        (step,) = found["credit", f"c{code}"]
        blamed = [who for who, n in step.errors.items() if n]
        assert blamed == ([blame(code).who] if code >= 400 else []), code
    assert set(BLAMES) == {blame(code).who for code in CODES} - {""}


def test_errors_by_blame_add_up_to_errors(tmp_path: Path) -> None:
    codes = np.random.default_rng(1).choice([200, 401, 404, 408, 424, 429, 500, 503], 150)
    rows = [
        request(f"11:{n % 50:02}:{n % 60:02}", ResponseCode=int(c)) for n, c in enumerate(codes)
    ]
    (record,) = ask(tmp_path, rows, "traffic", step=STEP).records()
    (step,) = outcomes([record], STEP)["credit", "blue"]
    assert sum(step.errors.values()) == record["Errors"] == int((codes >= 400).sum())
    assert step.faults == record["Errors"] - record["ClientErrors"]
    assert step.per_minute == pytest.approx(150 / 60)
    assert sum(step.share(who) for who in BLAMES) == pytest.approx(record["Errors"] / 150)


@pytest.mark.parametrize("n", [1, 2, 9, 10, 50, 99, 100])
def test_percentiles_are_numpys_by_nearest_rank(tmp_path: Path, n: int) -> None:
    values = np.random.default_rng(n).integers(1, 500, n)
    rows = [
        request(f"11:{k % 50:02}:{k % 60:02}", TotalDurationMs=int(v)) for k, v in enumerate(values)
    ]
    (record,) = ask(tmp_path, rows, "traffic", step=STEP).records()
    (step,) = outcomes([record], STEP)["credit", "blue"]
    for percent, found in step.percentiles_ms.items():
        assert found == np.percentile(values, percent, method="inverted_cdf"), percent


MARKS = {
    "usual": {"TotalDurationMs": 100, "RequestDurationMs": 12, "ResponseDurationMs": 90,
              "RequestThrottlingDelayMs": 10, "ResponseThrottlingDelayMs": 4},
    "refused by the gateway": {"TotalDurationMs": 5, "RequestDurationMs": 2, "ResponseDurationMs": 4,
                "ResponseCode": 429, "ModelStatusCode": None},
    "no answer": {"TotalDurationMs": 5000, "RequestDurationMs": 3, "ResponseDurationMs": None,
                  "ResponseCode": 408, "ModelStatusCode": None},
    "nothing logged": {"TotalDurationMs": 70},
    "marks that contradict each other": {"TotalDurationMs": 50, "RequestDurationMs": 80,
                      "ResponseDurationMs": 20, "RequestThrottlingDelayMs": 900},
    "negative": {"TotalDurationMs": -1, "RequestDurationMs": -5},
}  # fmt: skip


@pytest.mark.parametrize("marks", MARKS.values(), ids=MARKS)
def test_parts_of_latency_sum_to_the_total_and_are_those_of_a_single_request(
    tmp_path: Path, marks: dict[str, Any]
) -> None:
    row = request("11:20", ResponseDurationMs=None) | marks
    (found,) = ask(tmp_path, [row], "latency_parts", step=STEP).records()
    named = ("ThrottlingMs", "UploadMs", "ModelMs", "GatewayMs", "ResponseMs")
    assert sum(found[name] for name in named) == pytest.approx(found["TotalMs"])
    assert min(found[name] for name in named) >= 0
    refused = row["ModelStatusCode"] is None and row["ResponseCode"] in WITHOUT_MODEL
    one = {
        part.name: part.milliseconds
        for part in parts(
            row["TotalDurationMs"],
            row.get("RequestDurationMs"),
            row.get("ResponseDurationMs"),
            row.get("RequestThrottlingDelayMs"),
            row.get("ResponseThrottlingDelayMs"),
            reached_model=not refused,
        )
    }
    assert found["ThrottlingMs"] == one["throttling in"] + one["throttling out"]
    assert found["UploadMs"] == one["upload"]
    assert found["ModelMs"] == one.get("model", 0)
    assert found["GatewayMs"] == one.get("gateway", 0)
    assert found["ResponseMs"] == one["response"]


def test_mean_parts_of_many_requests_sum_to_their_mean(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    rows = []
    for n in range(80):
        total, upload, answer, slow = (int(v) for v in random.integers(0, 300, 4))
        marks = {"TotalDurationMs": total, "RequestDurationMs": upload,
                 "ResponseDurationMs": answer, "RequestThrottlingDelayMs": slow}  # fmt: skip
        rows.append(request(f"11:{n % 50:02}:{n % 60:02}", **marks))
    (found,) = ask(tmp_path, rows, "latency_parts", step=STEP).records()
    named = ("ThrottlingMs", "UploadMs", "ModelMs", "GatewayMs", "ResponseMs")
    assert sum(found[name] for name in named) == pytest.approx(found["TotalMs"])
    assert found["TotalMs"] == pytest.approx(np.mean([row["TotalDurationMs"] for row in rows]))


def test_callers_are_counted_with_their_errors(tmp_path: Path) -> None:
    rows = [request(f"11:0{n}", UserAgent="app", ResponseCode=200) for n in range(6)]
    rows += [request("11:10", UserAgent="desk", ResponseCode=code) for code in (401, 429, 424)]
    app, desk = ask(tmp_path, rows, "callers").records()
    assert (app["Caller"], app["Requests"], app["Errors"]) == ("app", 6, 0)
    assert (desk["Requests"], desk["Errors"]) == (3, 3)
    assert (desk["ClientErrors"], desk["CapacityErrors"]) == (1, 1)


# Objectives


def step_of(n: int, requests: int, faults: int, p95_ms: float | None = 50.0) -> traffic.Step:
    start = NOW - timedelta(hours=24 - n)
    return traffic.Step(Window(start, start + STEP), requests, faults, p95_ms)


DAY = Window(NOW - timedelta(days=1), NOW)
COURSES = {
    "fine": [step_of(n, 1000, 0) for n in range(24)],
    "breached at the end": [step_of(n, 1000, 200 * (n > 20)) for n in range(24)],
    "slow at the end": [step_of(n, 1000, 0, 90.0 if n < 21 else 3_000.0) for n in range(24)],
    "once breached": [step_of(n, 1000, 500 * (n == 3)) for n in range(24)],
    "few requests": [step_of(n, 3, 1) for n in range(24)],
    "silent since": [step_of(n, 1000, 900) for n in range(3)],
    "nothing": [],
    "breached all the time": [step_of(n, 1000, 100) for n in range(24)],
}  # fmt: skip


@pytest.mark.parametrize("steps", COURSES.values(), ids=COURSES)
def test_objectives_agree_with_the_headline(steps: list[traffic.Step]) -> None:
    place = at("credit/blue")
    errors = objectives.error_rate(place, steps, DAY)
    p95 = objectives.latency_p95(place, steps, DAY)
    said = headline(SIGNALS["traffic"], place, (*errors.results, *p95.results), DAY, DAY.end)
    starts = [start for start in (errors.since, p95.since) if start]
    assert said.since == (min(starts) if starts else None)
    both = {errors.status, p95.status}
    for status in ("breached", "no_data"):
        assert (said.status == status) == (status in both), status
    if not steps:
        assert (errors.status, errors.value, p95.value) == ("no_data", None, None)


def test_a_breach_that_is_over_stands_in_no_number_beside_an_ok() -> None:
    steps = [step_of(n, 1000, 500 * (n in (19, 20, 21))) for n in range(24)]
    errors = objectives.error_rate(at("credit/blue"), steps, DAY)
    assert (errors.status, errors.value) == ("ok", 0.0)
    assert errors.breached == 3
    assert errors.over == steps[21].window.end


# Platform metrics


@pytest.mark.slow
def test_the_newest_minutes_count_what_was_asked(tmp_path: Path) -> None:
    """The tiny store: 6 requests a minute, and in every fifth one more that ends in 500."""
    azure = tiny(tmp_path).azure
    metrics = PlatformMetrics(azure)
    window = Window(NOW - timedelta(minutes=15), NOW)
    found = Unlatent(metrics)
    endpoints = [each for each in Inventory(azure).endpoints() if each.name == "credit"]
    blue = minutes(found, endpoints, window)["credit", "blue"]  # type: ignore[arg-type]
    assert len(blue.times) == 15
    assert blue.total == 15 * 6 + 3
    assert {who: n.sum() for who, n in blue.errors.items() if n.sum()} == {"platform": 3}
    assert blue.error_rate == pytest.approx(3 / 93)
    assert blue.newest_p95_ms is None
    assert blue.newest == np.datetime64("2026-11-21T11:59")


def test_a_gap_in_the_metrics_is_no_zero(tmp_path: Path) -> None:
    azure = tiny(tmp_path).azure
    window = Window(datetime(2026, 11, 21, 10, 55, tzinfo=NOW.tzinfo), NOW - timedelta(minutes=55))
    endpoints = [each for each in Inventory(azure).endpoints() if each.name == "credit"]
    found = minutes(Unlatent(PlatformMetrics(azure)), endpoints, window)  # type: ignore[arg-type]
    requests = found["credit", "blue"].requests
    assert np.isnan(requests).sum() == 5
    assert requests[0] == 7


class Unlatent:
    """The platform metrics of the tiny store, whose catalog has no percentile per deployment."""

    def __init__(self, metrics: PlatformMetrics) -> None:
        self._metrics = metrics

    def series(self, ids: Any, namespace: str, names: Any, *args: Any, **options: Any) -> Any:
        if names == ("RequestLatency_P95",):
            return ()
        return self._metrics.series(ids, namespace, names, *args, **options)


def test_a_minutes_metric_is_the_logs_percentile_of_that_minute(azure: Azure) -> None:
    """Both speak of the same requests; the metric interpolates, the log takes the nearest rank."""
    window = Window(NOW - timedelta(days=1), NOW - timedelta(days=1) + timedelta(minutes=30))
    endpoints = [e for e in Inventory(azure).endpoints() if e.name == "flight-delay"]
    minute = timedelta(minutes=1)
    metric = percentiles(PlatformMetrics(azure), endpoints, window, minute)["flight-delay", "blue"]
    answer = Logs(azure).ask("traffic", window, endpoints=["flight-delay"], step=minute)
    logged = outcomes(answer.records(), minute)["flight-delay", "blue"]
    at = {each.window.start.replace(tzinfo=None): each for each in logged}
    compared = 0
    for time, value in zip(metric[50].times, metric[50].values_ms, strict=True):
        step = at.get(time.astype(datetime))
        if step and step.requests % 2:  # the middle request of an odd number is both
            assert value == step.percentiles_ms[50]
            compared += 1
    assert compared >= 5
    assert set(metric) == {50, 90, 95, 99}
