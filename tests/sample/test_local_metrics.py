"""Platform metrics of the sample workspace's stand-in, through the real SDK clients."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from tests.tiny_store import BLUE, ENDPOINT, ENDPOINTS, NOW, WORKSPACE, Tiny, tiny

if TYPE_CHECKING:
    from azure.monitor.querymetrics import Metric, MetricsQueryResult

    from monitoring.sources.azure import Azure

HOUR = (NOW - timedelta(hours=1), NOW)
REQUESTS = ["RequestsPerMinute"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return tiny(tmp_path_factory.mktemp("metrics"))


@pytest.fixture(scope="module")
def client(shop: Tiny) -> Azure:
    return shop.azure


def batch(client: Azure, **asked: Any) -> list[MetricsQueryResult]:
    defaults: dict[str, Any] = {
        "resource_ids": [ENDPOINT],
        "metric_namespace": ENDPOINTS,
        "metric_names": REQUESTS,
        "timespan": HOUR,
        "granularity": timedelta(minutes=30),
        "aggregations": ["Average"],
    }
    return client.metrics_client("westeurope").query_resources(**defaults | asked)


def one(client: Azure, **asked: Any) -> Metric:
    return batch(client, **asked)[0].metrics[0]


def averages(metric: Metric) -> dict[tuple[str | None, ...], list[float | None]]:
    return {
        tuple(series.metadata_values.values()): [point.average for point in series.data]
        for series in metric.timeseries
    }


def test_a_grain_is_the_mean_of_its_minutes(client: Azure) -> None:
    metric = one(client, metric_names=["RequestLatency"], filter="deployment eq 'd0'")
    assert averages(metric) == {("d0",): [145.0, 445.0]}  # 10 x the mean of minutes 0-29, 30-59
    assert metric.unit == "MilliSeconds"
    assert metric.id.startswith(ENDPOINT)


def test_unsplit_series_are_the_mean_over_all_series_of_a_minute(client: Azure) -> None:
    # 10:00 has 6 requests of status 200 and 1 of 500: two values, so a mean of 3.5.
    span = (datetime(2026, 11, 21, 10, tzinfo=UTC), timedelta(minutes=2))
    metric = one(client, timespan=span, granularity=timedelta(minutes=1))
    assert averages(metric) == {(): [3.5, 6.0]}


def test_a_missing_minute_has_a_time_and_no_value(client: Azure) -> None:
    [series] = one(
        client, granularity=timedelta(minutes=5), filter="statusCode eq '500'"
    ).timeseries
    assert [point.average for point in series.data[:3]] == [None, None, 1.0]
    assert series.data[0].timestamp == HOUR[0]
    assert len(series.data) == 12


def test_the_wire_has_no_value_key_for_a_missing_minute(client: Azure) -> None:
    request = HttpRequest(
        "GET",
        f"{ENDPOINT}/providers/Microsoft.Insights/metrics",
        params={
            "api-version": "2024-02-01",
            "timespan": "2026-11-21T11:08:00Z/2026-11-21T11:11:00Z",
            "metricnames": "RequestsPerMinute",
        },
    )
    body = client.monitor_client._send_request(request).json()
    [series] = body["value"][0]["timeseries"]
    assert series["data"][0] == {"timeStamp": "2026-11-21T11:08:00Z"}
    assert series["data"][2] == {"timeStamp": "2026-11-21T11:10:00Z", "average": 3.5}


def test_nothing_is_known_of_what_is_still_to_come(client: Azure) -> None:
    span = (NOW - timedelta(minutes=1), NOW + timedelta(minutes=1))
    metric = one(client, timespan=span, granularity=timedelta(minutes=1))
    assert averages(metric) == {(): [6.0, None]}


def test_dimension_names_come_back_in_lower_case_and_values_in_any_case_match(
    client: Azure,
) -> None:
    metric = one(client, filter="STATUSCODECLASS eq '2XX' and Deployment eq '*'")
    [series] = metric.timeseries
    assert series.metadata_values == {"statuscodeclass": "2xx", "deployment": "blue"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("statusCode eq '*'", {"200", "500"}),
        ("statusCode eq '200' or statusCode eq '500'", {"200", "500"}),
        ("statusCode ne '200'", {"500"}),
        ("statusCode sw '2'", {"200"}),
        ("statusCode eq 'o''clock'", set()),
    ],
)
def test_filters(client: Azure, text: str, codes: set[str]) -> None:
    found = {s.metadata_values["statuscode"] for s in one(client, filter=text).timeseries}
    assert found == codes


def test_rolled_up_dimensions_are_filtered_but_not_split(client: Azure) -> None:
    metric = one(client, filter="statusCode eq '500'", roll_up_by="statusCode")
    assert list(averages(metric)) == [()]
    assert averages(metric)[()][1] == 1.0


def test_ten_series_unless_told_and_not_a_word_of_the_rest(client: Azure) -> None:
    asked = {"metric_names": ["RequestLatency"], "filter": "deployment eq '*'"}
    assert len(one(client, **asked).timeseries) == 10
    assert len(one(client, **asked, max_results=100).timeseries) == 14
    best = one(client, **asked, max_results=1, order_by="average desc").timeseries
    assert len(best) == 1


def test_all_five_aggregations_where_the_metric_has_them(client: Azure) -> None:
    metric = one(
        client,
        resource_ids=[WORKSPACE],
        metric_namespace="Microsoft.MachineLearningServices/workspaces",
        metric_names=["Failed Runs"],
        granularity=timedelta(days=1),
        timespan=(datetime(2026, 11, 20, tzinfo=UTC), timedelta(days=1)),
        aggregations=["Average", "Minimum", "Maximum", "Total", "Count"],
    )
    [point] = metric.timeseries[0].data
    assert (point.average, point.minimum, point.maximum) == (2.0, 2.0, 2.0)
    assert (point.total, point.count) == (48.0, 24.0)


def test_an_aggregation_that_the_metric_lacks_has_no_values(client: Azure) -> None:
    [series] = one(client, aggregations=["Total"]).timeseries
    assert {point.total for point in series.data} == {None}


def test_values_older_than_93_days_are_gone(client: Azure) -> None:
    span = (datetime(2026, 8, 18, tzinfo=UTC), datetime(2026, 8, 22, tzinfo=UTC))
    metric = one(
        client,
        resource_ids=[WORKSPACE],
        metric_namespace="Microsoft.MachineLearningServices/workspaces",
        metric_names=["Failed Runs"],
        granularity=timedelta(days=1),
        timespan=span,
        aggregations=["Count"],
    )
    assert [point.count for point in metric.timeseries[0].data] == [None, None, 12.0, 24.0]


def test_a_resource_without_the_metric_and_one_elsewhere_have_no_series(client: Azure) -> None:
    other = f"{WORKSPACE}/onlineEndpoints/more-1"
    first, second = batch(client, resource_ids=[other, ENDPOINT])
    assert (len(first.metrics[0].timeseries), len(second.metrics[0].timeseries)) == (0, 1)
    abroad = client.metrics_client("eastus").query_resources(
        resource_ids=[ENDPOINT], metric_namespace=ENDPOINTS, metric_names=REQUESTS, timespan=HOUR
    )
    assert abroad[0].metrics[0].timeseries == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"metric_names": ["Speed"]},
            (
                "Failed to find metric configuration for provider: Microsoft.MachineLearningServices, resource "
                "Type: workspaces/onlineEndpoints, metric: Speed, Valid metrics: RequestLatency,RequestLatency_P95,"
            ),
        ),
        (
            {"filter": "city eq '*'"},
            (
                "Metric: RequestsPerMinute does not support requested dimension combination: city, supported ones "
                "are: deployment,statusCode,statusCodeClass,modelStatusCode"
            ),
        ),
        ({"filter": "statusCode eq '1' or deployment eq 'x'"}, "'or' must join values of one"),
        ({"filter": "statusCode"}, "Invalid filter"),
        ({"granularity": timedelta(minutes=2)}, "Detected invalid time grain input: PT2M"),
        ({"aggregations": ["Median"]}, "Invalid aggregation type: median"),
        ({"order_by": "speed"}, "Invalid orderby"),
        ({"resource_ids": [BLUE]}, "is not of the type"),
        ({"resource_ids": [ENDPOINT] * 51}, "between 1 and 50, got 51"),
        (
            {"resource_ids": [ENDPOINT, ENDPOINT.replace("2013", "2014")]},
            "is not in the subscription",
        ),
        ({"metric_names": [f"m{n}" for n in range(21)]}, "At most 20 metric names"),
    ],
)
def test_what_azure_refuses_is_refused_in_its_words(
    client: Azure, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(HttpResponseError) as caught:
        batch(client, **asked)
    assert caught.value.status_code == 400
    assert message in str(caught.value)


def test_the_older_api_gives_the_same_numbers_and_unwrapped_errors(client: Azure) -> None:
    metrics = client.monitor_client.metrics
    asked = {"timespan": "2026-11-21T11:00:00Z/2026-11-21T12:00:00Z", "interval": "PT30M"}
    found = metrics.list(
        ENDPOINT, metricnames="RequestsPerMinute", filter="statusCode eq '*'", **asked
    )
    values = [[p.average for p in series.data] for series in found.value[0].timeseries]
    assert values == list(averages(one(client, filter="statusCode eq '*'")).values())
    request = HttpRequest(
        "GET",
        f"{ENDPOINT}/providers/Microsoft.Insights/metrics",
        params={"api-version": "2024-02-01", "metricnames": "Speed"},
    )
    response = client.monitor_client._send_request(request)
    assert (response.status_code, set(response.json())) == (400, {"code", "message"})


def test_full_is_one_point_for_the_whole_span(client: Azure) -> None:
    found = client.monitor_client.metrics.list(
        ENDPOINT,
        metricnames="RequestLatency",
        timespan="2026-11-21T10:00:00Z/2026-11-21T12:00:00Z",
        interval="FULL",
    )
    [point] = found.value[0].timeseries[0].data
    assert point.average == 295.0


def test_definitions_say_what_a_resource_offers(client: Azure) -> None:
    found = {d.name.value: d for d in client.monitor_client.metric_definitions.list(ENDPOINT)}
    assert set(found) == {"RequestLatency", "RequestLatency_P95", "RequestsPerMinute"}
    names = [d.value for d in found["RequestsPerMinute"].dimensions]
    assert names == ["deployment", "statusCode", "statusCodeClass", "modelStatusCode"]


def test_a_body_without_ids_is_refused(shop: Tiny, client: Azure) -> None:
    url = f"https://westeurope.metrics.monitor.azure.com{ENDPOINT.split('/resourceGroups')[0]}/metrics:getBatch"
    request = HttpRequest(
        "POST", url, params={"api-version": "2024-02-01"}, content=json.dumps({"ids": []})
    )
    response = client.monitor_client._send_request(request)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "BadRequest")
