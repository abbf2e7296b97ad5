"""The inventory of workspace and registry as the product sees it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from monitoring.errors import NotPermittedError, SourceError
from monitoring.sources.deployed import Deployed
from monitoring.sources.failures import NotFoundError
from monitoring.sources.registry import Inventory, container_path
from monitoring.sources.scaling import Scaling
from monitoring.workspace.assets import AssetId
from monitoring.workspace.endpoints import Collection
from monitoring.workspace.models import ModelVersion
from monitoring.workspace.monitors import MonitorSignal, Threshold
from sample.transport import Reply, Request
from tests.tiny_store import BLUE, ENDPOINT, TAGS, WORKSPACE, Tiny, deployment, tiny

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return Inventory(tiny(tmp_path_factory.mktemp("inventory")).azure)


@pytest.fixture
def shop(tmp_path: Path) -> Tiny:
    return tiny(tmp_path)


def change(shop: Tiny, ending: str, **properties: Any) -> None:
    document = shop.store / "arm.json"
    content = json.loads(document.read_text())
    for resource in content["resources"]:
        if resource["id"].endswith(ending):
            resource["properties"] |= properties
    document.write_text(json.dumps(content))


def replace_in(shop: Tiny, ending: str, **parts: object) -> None:
    """Replace parts of the resources themselves whose ids end like that."""
    document = shop.store / "arm.json"
    content = json.loads(document.read_text())
    for resource in content["resources"]:
        if resource["id"].endswith(ending):
            resource.update(parts)
    document.write_text(json.dumps(content))


def test_endpoints_with_their_deployments(inventory: Inventory) -> None:
    endpoints = inventory.endpoints()
    assert [e.name for e in endpoints] == ["credit", *(f"more-{n}" for n in range(6))]
    credit = endpoints[0]
    assert (credit.id, credit.location, credit.provisioning_state) == (
        ENDPOINT,
        "westeurope",
        "Succeeded",
    )
    assert (credit.traffic, credit.mirror_traffic) == ({"blue": 100}, {"green": 10})
    assert credit.created == datetime(2026, 6, 1, tzinfo=UTC)
    assert [d.name for d in credit.deployments] == ["blue", "green"]


def test_a_deployment(inventory: Inventory) -> None:
    blue = inventory.deployment("credit", "blue")
    assert (blue.id, blue.endpoint, blue.instance_type, blue.instance_count) == (
        BLUE,
        "credit",
        "Standard_DS3_v2",
        2,
    )
    assert blue.model == AssetId("credit", "7")
    assert blue.app_insights
    assert type(blue.provisioning_state) is str  # not the SDK's enumeration
    assert blue.collections == {
        "model_inputs": Collection(True, AssetId("credit-blue-model_inputs", "1")),  # noqa: FBT003
        "model_outputs": Collection(False),  # noqa: FBT003
    }
    assert blue.tags == {"owner": "ann"}
    assert blue.created == datetime(2026, 6, 2, tzinfo=UTC)


def test_a_deployed_model_lies_in_workspace_or_registry(inventory: Inventory) -> None:
    green = inventory.deployment("credit", "green").model
    old = inventory.deployment("more-0", "old").model
    assert green == AssetId("credit", "2", "shared")
    assert old == AssetId("credit", "1")
    assert green is not None
    assert (green.where, old.where if old else "") == ("registry", "workspace")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("azureml:credit:7", AssetId("credit", "7")),
        ("credit:7", AssetId("credit", "7")),
        (f"{WORKSPACE}/models/credit/versions/7", AssetId("credit", "7")),
        (f"azureml:{WORKSPACE}/data/credit/versions/7", AssetId("credit", "7")),
        (
            "azureml://locations/westeurope/workspaces/g/models/a/versions/1",
            AssetId("a", "1"),
        ),
        ("azureml://registries/r/models/a/versions/1", AssetId("a", "1", "r")),
        ("/subscriptions/s/resourceGroups/g/providers/M/registries/r/models/a/versions/1", AssetId("a", "1", "r")),
    ],
)  # fmt: skip
def test_every_form_of_an_asset_id_is_read(text: str, expected: AssetId) -> None:
    assert AssetId.parse(text) == expected


@pytest.mark.parametrize("text", ["", "credit", "azureml:credit@latest", "a:b:c"])
def test_no_other_form_is(text: str) -> None:
    with pytest.raises(SourceError, match="asset id"):
        AssetId.parse(text)


def test_models_of_workspace_and_registry(inventory: Inventory) -> None:
    found = [(m.name, m.registry, m.version) for m in inventory.models()]
    assert found == [
        *(("credit", None, str(n)) for n in range(7, 0, -1)),
        ("credit", "shared", "2"),
        ("plain", None, "1"),
    ]


@pytest.mark.parametrize("registry", [None, "shared", "SHARED"])
def test_what_a_model_says_of_itself(inventory: Inventory, registry: str | None) -> None:
    model = inventory.model("credit", "2", registry)
    assert model.task == model.needed("task") == "binary_classification"
    assert (model.target_column, model.prediction_column, model.probability_column) == (
        "late",
        "prediction",
        "probability",
    )
    assert model.training_data == AssetId("credit-train", "1")
    assert model.ground_truth == AssetId("credit-truth", "1")
    assert model.metrics == {"AUC_weighted": 0.81}
    assert (model.stage, model.properties) == ("Production", {"run": "r1"})


def test_a_model_that_says_nothing(inventory: Inventory) -> None:
    model = inventory.model("plain", "1")
    assert (model.task, model.training_data, model.ground_truth) == (None, None, None)
    with pytest.raises(SourceError, match="'plain:1' does not say its target_column") as caught:
        model.needed("target_column")
    assert "Add the tag target_column" in caught.value.hint


def test_an_unknown_task_is_named() -> None:
    model = ModelVersion("a", "1", "", None, tags=TAGS | {"task": "clustering"})
    assert model.task is None
    with pytest.raises(SourceError, match="unknown task 'clustering'"):
        model.needed("task")


def test_what_does_not_exist_is_an_error_with_its_name(inventory: Inventory) -> None:
    with pytest.raises(NotFoundError, match="the model 'credit:99': it does not exist"):
        inventory.model("credit", "99")
    with pytest.raises(NotFoundError, match="'green2' of the endpoint 'credit'"):
        inventory.deployment("credit", "green2")
    with pytest.raises(NotFoundError, match="the data asset 'none:1'"):
        inventory.data("none", "1")
    with pytest.raises(SourceError, match="'other': it is not the configured one"):
        inventory.model("credit", "1", "other")


def test_data_assets_know_their_place_in_the_container(inventory: Inventory) -> None:
    asset = inventory.data("credit-train", "1")
    assert (asset.path, asset.datastore) == ("training/credit/1", "workspaceblobstore")
    assert asset.uri.startswith("azureml://subscriptions/")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("azureml://datastores/d/paths/a/b/", ("d", "a/b")),
        ("https://s.blob.core.windows.net/c/a/b", ("", "a/b")),
        ("abfss://c@s.dfs.core.windows.net/a/b", ("", "a/b")),
        ("wasbs://c@s.blob.core.windows.net/a", ("", "a")),
    ],
)
def test_paths_inside_a_container(uri: str, expected: tuple[str, str]) -> None:
    assert container_path(uri) == expected


def test_monitors_disabled_ones_too_with_a_threshold_of_zero(inventory: Inventory) -> None:
    on, off = inventory.monitors()
    assert (on.name, on.enabled, on.endpoint, on.deployment) == (
        "credit-monitor",
        True,
        "credit",
        "blue",
    )
    assert (off.name, off.enabled) == ("paused-monitor", False)
    assert (on.emails, on.task) == (("a@example.com",), "classification")
    thresholds = (
        Threshold("normalized_wasserstein_distance", 0.1, "numerical"),
        Threshold("jensen_shannon_distance", 0.0, "categorical"),
    )
    assert on.signals == (MonitorSignal("data_drift", "data_drift", True, thresholds),)  # noqa: FBT003


def test_a_monitor_that_the_sdk_cannot_translate_is_still_listed(shop: Tiny) -> None:
    action = {"actionType": "CreateMonitor", "monitorDefinition": {"signals": {"x": {}}}}
    change(shop, "/schedules/credit-monitor", action=action, trigger={"triggerType": "Cron", "expression": "0 3 * * *"})  # fmt: skip
    monitor = Inventory(shop.azure).monitors()[0]
    assert (monitor.name, monitor.endpoint) == ("credit-monitor", "")


def test_autoscale_and_diagnostic_settings(inventory: Inventory) -> None:
    [setting] = Scaling(inventory.azure).autoscale()
    assert (setting.target_id, setting.is_enabled) == (BLUE.lower(), True)
    assert (setting.minimum, setting.maximum) == (2, 5)
    [rule] = setting.rules
    assert (rule.metric, rule.operator, rule.threshold, rule.direction, rule.change) == (
        "CpuUtilizationPercentage",
        "GreaterThan",
        70.0,
        "increase",
        2,
    )
    [diagnostic] = inventory.diagnostic_settings(ENDPOINT)
    assert diagnostic.categories == {"AmlOnlineEndpointTrafficLog"}
    assert inventory.diagnostic_settings(f"{WORKSPACE}/onlineEndpoints/more-0") == ()


READS = [
    "endpoints",
    "models",
    "monitors",
]


@pytest.mark.parametrize("read", READS)
def test_a_refusal_names_what_and_the_role(shop: Tiny, read: str) -> None:
    body = {"error": {"code": "AuthorizationFailed", "message": "no"}}
    shop.faults = lambda request: Reply(403, body) if request.method == "GET" else None
    with pytest.raises(NotPermittedError, match="Cannot read the ") as caught:
        getattr(Inventory(shop.azure), read)()
    assert "Reader" in caught.value.hint
    with pytest.raises(NotPermittedError, match="Cannot read the autoscale settings"):
        Scaling(shop.azure).autoscale()


def test_a_registry_that_refuses_is_told_apart(shop: Tiny) -> None:
    def fault(request: Request) -> Reply | None:
        refused = Reply(403, {"error": {"code": "AuthorizationFailed", "message": "no"}})
        return refused if "registries" in request.path.lower() else None

    shop.faults = fault
    with pytest.raises(NotPermittedError, match="the registry 'shared'") as caught:
        Inventory(shop.azure).models()
    assert "AzureML Registry User" in caught.value.hint


ODD_ENDPOINTS = {
    "traffic": ({"traffic": "all of it"}, "Its traffic cannot be read"),
    "mirrored traffic": ({"mirrorTraffic": {"green": "ten"}}, "Its mirrored traffic cannot be"),
}


@pytest.mark.parametrize(("properties", "fault"), ODD_ENDPOINTS.values(), ids=ODD_ENDPOINTS)
def test_an_odd_endpoint_says_so_and_the_others_stand(
    shop: Tiny, properties: dict[str, object], fault: str
) -> None:
    whole = Inventory(shop.azure).endpoints()
    change(shop, "/onlineEndpoints/credit", **properties)
    credit, *others = Inventory(shop.azure).endpoints()
    assert credit.fault.startswith(fault)
    assert [d.name for d in credit.deployments] == ["blue", "green"]
    assert others == list(whole[1:])


PATHS = (
    "azureml://datastores/workspaceblobstore/paths/models/credit",
    "azureml://jobs/brave_cat_1/outputs/artifacts/paths/model",
    "runs:/brave_cat_1/model",
    "https://store.blob.core.windows.net/models/credit",
    {"referenceType": "DataPath", "path": "models/credit", "datastoreId": "d"},
    {"referenceType": "OutputPath", "jobId": "brave_cat_1", "path": "outputs/model"},
    ["credit", "7"],
)


@pytest.mark.parametrize("model", PATHS, ids=str)
def test_a_model_that_is_not_registered_is_a_fault_of_its_deployment_alone(
    shop: Tiny, model: object
) -> None:
    change(shop, "/onlineEndpoints/credit/deployments/blue", model=model)
    blue, green = Inventory(shop.azure).endpoints()[0].deployments
    assert blue.model is None
    assert blue.fault.startswith("Its model cannot be read")
    assert blue.instance_type == "Standard_DS3_v2"
    assert (green.model, green.fault) == (AssetId("credit", "2", "shared"), "")
    with pytest.raises(SourceError, match="names no registered model: Its model cannot be read"):
        Deployed(shop.azure).model(blue)


def test_a_reference_to_a_registered_model_is_that_model(shop: Tiny) -> None:
    reference = {"referenceType": "Id", "assetId": f"{WORKSPACE}/models/credit/versions/7"}
    change(shop, "/onlineEndpoints/credit/deployments/blue", model=reference)
    blue, _ = Inventory(shop.azure).endpoints()[0].deployments
    assert (blue.model, blue.fault) == (AssetId("credit", "7"), "")


ODD_DEPLOYMENTS: dict[str, dict[str, object]] = {
    "no collector": {"dataCollector": None},
    "no collections": {"dataCollector": {"collections": None}},
    "a collection that is null": {"dataCollector": {"collections": {"model_inputs": None}}},
    "data by path": {
        "dataCollector": {
            "collections": {
                "model_inputs": {
                    "dataCollectionMode": "Enabled",
                    "dataId": "azureml://datastores/mine/paths/inputs",
                }
            }
        }
    },
    "an unknown kind of compute": {"endpointComputeType": "Quantum"},
    "an unknown state": {"provisioningState": "Napping"},
    "no type of instance": {"instanceType": None},
}


@pytest.mark.parametrize("properties", ODD_DEPLOYMENTS.values(), ids=ODD_DEPLOYMENTS)
def test_what_may_be_missing_is_no_fault(shop: Tiny, properties: dict[str, object]) -> None:
    change(shop, "/onlineEndpoints/credit/deployments/blue", **properties)
    blue, green = Inventory(shop.azure).endpoints()[0].deployments
    assert (blue.fault, green.fault) == ("", "")
    assert blue.model == AssetId("credit", "7")
    assert not any(collection.data for collection in blue.collections.values()) or (
        "dataCollector" not in properties
    )


@pytest.mark.parametrize("changed", [{"sku": None}, {"systemData": None}, {"tags": None}], ids=str)
def test_parts_of_a_resource_that_are_left_out_are_no_fault(
    shop: Tiny, changed: dict[str, object]
) -> None:
    replace_in(shop, "/onlineEndpoints/credit/deployments/blue", **changed)
    blue, green = Inventory(shop.azure).endpoints()[0].deployments
    assert (blue.fault, green.fault) == ("", "")


def test_a_date_that_cannot_be_read_is_a_fault(shop: Tiny) -> None:
    odd = deployment(BLUE, None) | {"systemData": {"createdAt": "last week"}}

    def answer(request: Request) -> Reply | None:
        listed = request.path.lower().endswith("/credit/deployments")
        return Reply(200, {"value": [odd]}) if listed else None

    shop.faults = answer
    (blue,) = Inventory(shop.azure).endpoints()[0].deployments
    assert blue.fault.startswith("When it was created cannot be read")
    assert blue.created is None


@pytest.mark.parametrize("status", [403, 404, 409, 500])
def test_an_endpoint_that_does_not_answer_says_so_and_the_others_stand(
    shop: Tiny, status: int
) -> None:
    whole = Inventory(shop.azure).endpoints()

    def fault(request: Request) -> Reply | None:
        gone = Reply(status, {"error": {"code": "Gone", "message": "being deleted"}})
        return gone if "/onlineendpoints/more-0/deployments" in request.path.lower() else None

    shop.faults = fault
    found = {endpoint.name: endpoint for endpoint in Inventory(shop.azure).endpoints()}
    assert "the deployments of the endpoint 'more-0'" in found["more-0"].fault
    assert found["more-0"].deployments == ()
    others = [endpoint for endpoint in whole if endpoint.name != "more-0"]
    assert [found[endpoint.name] for endpoint in others] == others


def test_where_no_endpoint_answers_nothing_is_said_of_them(shop: Tiny) -> None:
    def fault(request: Request) -> Reply | None:
        refused = Reply(403, {"error": {"code": "AuthorizationFailed", "message": "no"}})
        return refused if "/deployments" in request.path.lower() else None

    shop.faults = fault
    with pytest.raises(NotPermittedError, match="the deployments of the endpoint"):
        Inventory(shop.azure).endpoints()
