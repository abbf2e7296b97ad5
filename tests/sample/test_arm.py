"""Resource Manager, the registry's data plane and the activity log, through the real SDK clients."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.core.rest import HttpRequest

from monitoring.sources.azure import Azure
from sample import arm
from sample.transport import LocalAdapter, Reply, Request
from tests.tiny_store import BLUE, ENDPOINT, GROUP, NOW, SUBSCRIPTION, WORKSPACE, Tiny, tiny, write

RANGE = "eventTimestamp ge '2026-11-01T00:00:00Z' and eventTimestamp le '2026-11-21T12:00:00Z'"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return tiny(tmp_path_factory.mktemp("arm"))


@pytest.fixture(scope="module")
def client(shop: Tiny) -> Azure:
    return shop.azure


def get(client: Azure, path: str, **query: str) -> tuple[int, dict[str, Any]]:
    params = {"api-version": "2024-10-01"} | query
    response = client.monitor_client._send_request(HttpRequest("GET", path, params=params))
    return response.status_code, response.json()


def test_lists_come_in_pages_that_the_sdk_follows(shop: Tiny, client: Azure) -> None:
    shop.requests.clear()
    names = [e.name for e in client.workspace_client.online_endpoints.list()]
    assert sorted(names) == ["credit", *(f"more-{n}" for n in range(6))]
    assert len(shop.requests) == 2
    assert shop.requests[1].query["$skipToken"] == str(arm.RESOURCES_A_PAGE)


def test_what_is_created_later_is_not_there_yet(client: Azure) -> None:
    deployments = client.workspace_client.online_deployments
    assert {d.name for d in deployments.list("credit")} == {"blue", "green"}
    with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
        deployments.get("future", "credit")


def test_a_later_clock_sees_what_was_created_meanwhile(tmp_path: Path) -> None:
    later = tiny(tmp_path, datetime(2026, 11, 23, tzinfo=UTC)).azure
    names = {d.name for d in later.workspace_client.online_deployments.list("credit")}
    assert names == {"blue", "green", "future"}


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    store = tiny(tmp_path)
    assert get(store.azure, f"{WORKSPACE}/models/plain")[0] == 200
    document = store.store / "arm.json"
    kept = [r for r in json.loads(document.read_text())["resources"] if "plain" not in r["id"]]
    document.write_text(json.dumps({"resources": kept}))
    assert get(store.azure, f"{WORKSPACE}/models/plain")[0] == 404


def test_workspace_models_and_versions(client: Azure) -> None:
    ml = client.workspace_client
    assert ml.workspaces.get("tiny").location == "westeurope"
    assert {m.name: m.latest_version for m in ml.models.list()} == {"credit": "7", "plain": "1"}
    versions = [m.version for m in ml.models.list(name="credit")]
    assert versions == ["7", "6", "5", "4", "3", "2", "1"]  # newest first, over two pages
    assert ml.models.get("credit", "7").tags["task"] == "binary_classification"
    with pytest.raises(ResourceNotFoundError):
        ml.models.get("credit", "77")


def test_registry_is_found_by_discovery_and_gives_registry_ids(client: Azure) -> None:
    assert client.registry_client is not None
    models = client.registry_client.models
    # The SDK asks this list with listViewType=ListViewType.ACTIVE_ONLY, the name of its enumeration.
    assert [(m.name, m.latest_version) for m in models.list()] == [("credit", "2")]
    assert models.get("credit", "2").id == "azureml://registries/shared/models/credit/versions/2"
    assert [m.version for m in models.list(name="credit")] == ["2"]


def test_an_unknown_registry_is_refused(client: Azure) -> None:
    url = "https://eastus.api.azureml.ms/registrymanagement/v1.0/registries/nowhere/discovery"
    status, body = get(client, url)
    assert (status, body["error"]["message"]) == (404, "Registry with name nowhere not found.")


def test_disabled_schedules_are_hidden_unless_asked_for(client: Azure) -> None:
    schedules = client.workspace_client.schedules
    assert [s.name for s in schedules.list()] == ["credit-monitor"]
    everything = {s.name: s.is_enabled for s in schedules.list(list_view_type="All")}  # type: ignore[arg-type]
    assert everything == {"credit-monitor": True, "paused-monitor": False}


def test_compute_data_and_autoscale(client: Azure) -> None:
    ml = client.workspace_client
    assert [c.size for c in ml.compute.list()] == ["STANDARD_DS3_V2"]
    assert ml.data.get("credit-train", "1").path.endswith("/paths/training/credit/1")
    settings = client.monitor_client.autoscale_settings
    assert [s.target_resource_uri for s in settings.list_by_resource_group("rg-tiny")] == [BLUE]
    assert len(list(settings.list_by_subscription())) == 1


def test_ids_are_read_in_any_case(client: Azure) -> None:
    status, body = get(client, ENDPOINT.upper())
    assert (status, body["id"]) == (200, ENDPOINT)


def test_diagnostic_settings_of_a_resource_with_and_without(client: Azure) -> None:
    path = "/providers/Microsoft.Insights/diagnosticSettings"
    version = {"api-version": "2021-05-01-preview"}
    assert [s["name"] for s in get(client, ENDPOINT + path, **version)[1]["value"]] == ["to-la"]
    assert get(client, WORKSPACE + path, **version) == (200, {"value": []})
    assert get(client, f"{WORKSPACE}/onlineEndpoints/none{path}", **version)[0] == 404


def test_logs_are_the_last_lines_until_now(client: Azure) -> None:
    text = client.workspace_client.online_deployments.get_logs("blue", "credit", 3)
    assert text == "line 11:58\nline 11:59\nline 12:00\n"
    init = client.workspace_client.online_deployments.get_logs(
        "blue", "credit", 3, container_type="storage-initializer"
    )
    assert init == ""


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{WORKSPACE}/onlineEndpoints/none", "ResourceNotFound"),
        (f"{WORKSPACE}/onlineEndpoints/none/deployments", "ResourceNotFound"),
        (f"{WORKSPACE}/spaceships", "InvalidResourceType"),
        ("/subscriptions/x/providers/Microsoft.Insights/autoscalesettings", "SubscriptionNotFound"),
        (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/x/providers/Microsoft.Insights/autoscalesettings",
            "ResourceGroupNotFound",
        ),
    ],
)
def test_what_is_not_there_is_404(client: Azure, path: str, code: str) -> None:
    status, body = get(client, path)
    assert (status, body["error"]["code"]) == (404, code)


def test_an_existing_but_empty_collection_is_an_empty_list(client: Azure) -> None:
    assert get(client, f"{WORKSPACE}/jobs") == (200, {"value": []})


def test_the_api_version_is_required(client: Azure) -> None:
    status, body = get(client, WORKSPACE, **{"api-version": ""})
    assert (status, body["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_a_bad_skip_token_is_refused(client: Azure) -> None:
    assert get(client, f"{WORKSPACE}/models", **{"$skipToken": "x"})[0] == 400


def test_without_a_token_nothing_is_answered(tmp_path: Path) -> None:
    routes = arm.routes(write(tmp_path), lambda: NOW)
    request = Request("GET", "", "management.azure.com", WORKSPACE, {"api-version": "1"}, {})
    reply = LocalAdapter(routes)._answer(request)
    assert reply.status == 401


def test_writes_are_refused_as_to_a_reader(client: Azure) -> None:
    with pytest.raises(HttpResponseError) as caught:
        client.workspace_client.online_endpoints.begin_delete("credit")
    assert caught.value.status_code == 403
    assert "'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/delete'" in str(
        caught.value
    )
    with pytest.raises(HttpResponseError, match="onlineEndpoints/listKeys/action"):
        client.workspace_client.online_endpoints.get_keys("credit")
    with pytest.raises(HttpResponseError, match="Insights/autoscalesettings/delete"):
        client.monitor_client.autoscale_settings.delete("rg-tiny", "as1")


def test_activity_of_a_group_in_pages(shop: Tiny, client: Azure) -> None:
    shop.requests.clear()
    log = client.monitor_client.activity_logs
    found = list(log.list(filter=f"{RANGE} and resourceGroupName eq 'RG-TINY'"))
    assert len(found) == 120  # neither what is not known yet nor what is still to come
    assert len(shop.requests) == 3
    times = [event.event_timestamp for event in found]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("term", "events"),
    [
        (f"resourceUri eq '{BLUE}'", 120),
        ("resourceProvider eq 'microsoft.machinelearningservices'", 120),
        ("correlationId eq 'c7'", 1),
        (f"resourceUri eq '{GROUP}'", 0),
    ],
)
def test_activity_by_each_allowed_name(client: Azure, term: str, events: int) -> None:
    log = client.monitor_client.activity_logs
    assert len(list(log.list(filter=f"{RANGE} and {term}"))) == events


@pytest.mark.parametrize(
    "text",
    [
        f"{RANGE} and status eq 'Failed'",
        f"{RANGE} and caller eq 'ann'",
        f"{RANGE} and resourceUri eq '{BLUE}' and correlationId eq 'c7'",
        f"{RANGE} or correlationId eq 'c7'",
        "resourceGroupName eq 'rg-tiny'",
        "eventTimestamp ge 'yesterday'",
        "eventTimestamp ge '2026-01-01T00:00:00Z'",  # older than 90 days
        "",
    ],
)
def test_any_other_activity_filter_is_refused(client: Azure, text: str) -> None:
    with pytest.raises(HttpResponseError) as caught:
        list(client.monitor_client.activity_logs.list(filter=text))
    assert caught.value.status_code == 400


def test_activity_can_be_narrowed_to_some_properties(client: Azure) -> None:
    log = client.monitor_client.activity_logs
    asked = f"{RANGE} and correlationId eq 'c7'"
    [event] = log.list(filter=asked, select="caller,eventTimestamp")
    assert (event.caller, event.operation_name) == ("ann@example.com", None)


def test_the_sdk_tells_a_401_from_a_403(tmp_path: Path) -> None:
    store = tiny(tmp_path)
    store.faults = lambda request: Reply(401, {"error": {"code": "InvalidToken", "message": "old"}})
    with pytest.raises(ClientAuthenticationError):
        store.azure.monitor_client.autoscale_settings.get("rg-tiny", "as1")
