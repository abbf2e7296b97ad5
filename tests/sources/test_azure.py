"""The factory: the same clients for Azure and for the sample workspace, and no way out of the latter."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest
import tiny_logs
from adlfs import AzureBlobFileSystem
from azure.core.exceptions import HttpResponseError
from azure.identity import AzureCliCredential, DefaultAzureCredential
from tiny_logs import NOW
from tiny_store import import_azure_ml

from monitoring.errors import InputError
from monitoring.settings import Settings
from monitoring.sources import azure as factory
from monitoring.sources.azure import Azure, connect
from sample.credential import SampleCredential

CONFIGURED = {
    "subscription_id": "00000000-0000-0000-0000-000000000001",
    "resource_group": "rg",
    "workspace": "credit",
    "log_analytics_workspace_id": "00000000-0000-0000-0000-000000000002",
}


@pytest.fixture(autouse=True, scope="module")
def azure_ml() -> None:
    import_azure_ml()


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def real(tmp_path: Path, **settings: Any) -> Azure:
    return connect(Settings(cache=tmp_path, **(CONFIGURED | settings)))


@pytest.mark.usefixtures("no_sockets")
def test_azure_gets_real_clients_without_asking_it_anything(tmp_path: Path) -> None:
    azure = real(tmp_path)
    assert not azure.is_sample
    assert isinstance(azure._wiring.credential, DefaultAzureCredential)
    (az,) = [
        each
        for each in azure._wiring.credential.credentials
        if isinstance(each, AzureCliCredential)
    ]
    assert az._process_timeout >= 30  # its start takes ten seconds on a small machine
    assert azure._wiring.options == {}
    assert azure.workspace_client.workspace_name == "credit"
    assert azure.registry_client is None
    assert azure.workspace_id.endswith(
        "/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/credit"
    )


@pytest.mark.usefixtures("no_sockets")
def test_both_worlds_use_the_same_constructors(tmp_path: Path, azure: Azure) -> None:
    configured = real(tmp_path)
    for ours, theirs in (
        (azure.logs_client, configured.logs_client),
        (azure.metrics_client("westeurope"), configured.metrics_client("westeurope")),
        (azure.monitor_client, configured.monitor_client),
        (azure.workspace_client, configured.workspace_client),
    ):
        assert type(ours) is type(theirs)
    for name in ("logs_client", "monitor_client"):
        ours, theirs = getattr(azure, name), getattr(configured, name)
        assert ours._client._base_url == theirs._client._base_url


@pytest.mark.usefixtures("no_sockets")
def test_the_sample_workspace_opens_no_socket(azure: Azure) -> None:
    assert azure.is_sample
    assert isinstance(azure._wiring.credential, SampleCredential)
    logs = azure.logs_client.query_workspace(
        azure.log_analytics_workspace_id,
        "AmlOnlineEndpointTrafficLog | count",
        timespan=timedelta(days=1),
    )
    assert logs.tables[0].rows[0][0] > 0  # type: ignore[union-attr]  # complete, or it fails here
    endpoints = [endpoint.name for endpoint in azure.workspace_client.online_endpoints.list()]
    assert sorted(endpoints) == ["digits", "flight-delay", "flight-time"]
    assert azure.registry_client is not None
    assert [model.name for model in azure.registry_client.models.list()]
    group = f"eventTimestamp ge '{NOW - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}' and resourceGroupName eq '{azure.resource_group}'"
    assert list(azure.monitor_client.activity_logs.list(filter=group))
    metrics = azure.metrics_client("westeurope").query_resources(
        resource_ids=[f"{azure.workspace_id}/onlineEndpoints/flight-delay"],
        metric_namespace="Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
        metric_names=["RequestsPerMinute"],
        timespan=(NOW - timedelta(hours=1), NOW),
        granularity=timedelta(minutes=5),
        aggregations=["Average"],
    )
    assert metrics[0].metrics[0].timeseries
    files, root = azure.files()
    assert files.exists(f"{root}/modelDataCollector/flight-delay/blue/model_inputs")


@pytest.mark.usefixtures("no_sockets")
def test_no_environment_leads_the_sample_workspace_out(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "SomewhereElse")
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", "https://example.com/metadata")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    fresh = Azure(azure.settings, workspace=azure.workspace, wiring=azure._wiring)
    assert [e.name for e in fresh.workspace_client.online_endpoints.list()]


@pytest.mark.usefixtures("no_sockets")
def test_an_address_outside_of_the_sample_is_a_404(tmp_path: Path) -> None:
    azure = tiny_logs.connect(tiny_logs.write(tmp_path))
    with pytest.raises(HttpResponseError) as caught:
        azure.monitor_client.autoscale_settings.get("rg", "x")
    assert caught.value.status_code == 404
    with pytest.raises(HttpResponseError):
        list(azure.workspace_client.online_endpoints.list())


def test_clients_are_built_once_from_any_thread(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    class Slow:
        def __init__(self, *_: Any, **__: Any) -> None:
            built.append(self)
            time.sleep(0.05)

    monkeypatch.setattr(factory, "LogsQueryClient", Slow)
    monkeypatch.setattr(factory, "MetricsClient", Slow)
    fresh = Azure(azure.settings, workspace=azure.workspace, wiring=azure._wiring)
    with ThreadPoolExecutor(8) as pool:
        clients = set(pool.map(lambda _: fresh.logs_client, range(16)))
        regions = set(pool.map(lambda n: fresh.metrics_client(f"region{n % 2}"), range(16)))
    assert (len(clients), len(regions), len(built)) == (1, 2, 3)


def test_collected_data_lies_where_the_setting_says(tmp_path: Path) -> None:
    (tmp_path / "modelDataCollector").mkdir()
    files, root = real(tmp_path, collected_data_url=f"{tmp_path}/").files()
    assert isinstance(files, fsspec.get_filesystem_class("file"))
    assert root == str(tmp_path)
    assert files.exists(f"{root}/modelDataCollector")


@pytest.mark.usefixtures("no_sockets")
def test_collected_data_on_blob_storage_is_read_with_the_identity(tmp_path: Path) -> None:
    url = "abfss://data@stcredit.dfs.core.windows.net/collected/"
    files, root = real(tmp_path, collected_data_url=url).files()
    assert isinstance(files, AzureBlobFileSystem)
    assert (files.account_name, root) == ("stcredit", "data/collected")
    assert files.credential is not None


def test_collected_data_without_a_setting_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="COLLECTED_DATA_URL"):
        real(tmp_path).files()


def test_the_sample_workspace_fills_in_its_own_names(azure: Azure) -> None:
    assert azure.settings.workspace is None
    assert (azure.workspace, azure.registry) == ("flights", "airline-models")
    assert azure.log_analytics_workspace_id == "20130000-0000-0000-0000-000000000001"
    assert azure.subscription_id in azure.workspace_id
