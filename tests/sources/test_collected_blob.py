"""Collected data in a real blob service: Azurite, where AZURITE names its blob/main.js."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from monitoring.errors import SourceError
from monitoring.settings import Settings
from monitoring.sources.azure import Azure, Wiring
from monitoring.sources.collected import Collected
from monitoring.window import Window
from monitoring.workspace.assets import DataAsset
from sample.credential import SampleCredential

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import fsspec

NODE, AZURITE = shutil.which("node"), os.environ.get("AZURITE", "")
pytestmark = pytest.mark.skipif(not NODE or not AZURITE, reason="no node, or AZURITE is not set")

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)
INPUTS = ("credit", "blue", "model_inputs")
#: Azurite's public account, the same on every machine.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class BlobAzure(Azure):
    """The clients, with a container of Azurite's."""

    blobs: tuple[fsspec.AbstractFileSystem, str]

    def files(self) -> tuple[fsspec.AbstractFileSystem, str]:
        return self.blobs


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("azurite")
    command = [str(NODE), AZURITE, "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    options = ["--location", str(folder), "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    with subprocess.Popen([*command, *options]) as server:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/devstoreaccount1"
        server.terminate()


@pytest.fixture
def container(address: str) -> Iterator[Any]:
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - not needed when skipped

    with BlobServiceClient(address, credential=KEY) as service:
        client = service.create_container(f"c{time.time_ns()}")
        yield client
        client.delete_container()


def reader(address: str, name: str, cache: Path) -> Collected:
    from adlfs import AzureBlobFileSystem  # noqa: PLC0415 - same

    text = (
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
        f"AccountKey={KEY};BlobEndpoint={address};"
    )
    wiring = Wiring(SampleCredential(), files="unused")
    azure = BlobAzure(Settings(cache=cache, now=NOW), workspace="w", wiring=wiring)
    azure.blobs = AzureBlobFileSystem(connection_string=text), name
    return Collected(azure)


def line(number: int, hour: int, day: date = DAY) -> bytes:
    event = {"time": f"{day}T{hour:02}:00:00Z", "correlationid": f"k{number}"}
    return json.dumps(event | {"data": [{"a": number}]}).encode() + b"\n"


def path(hour: int, day: date = DAY, name: str = "a") -> str:
    return f"modelDataCollector/credit/blue/model_inputs/{day:%Y/%m/%d}/{hour:02}/{name}.jsonl"


def test_append_blobs_of_hours_and_instances(address: str, container: Any, tmp_path: Path) -> None:
    for hour in range(24):
        for name in ("a", "b"):
            blob = container.get_blob_client(path(hour, name=name))
            blob.create_append_blob()
            blob.append_block(line(hour, hour))
    collected = reader(address, container.container_name, tmp_path)
    found = collected.day(*INPUTS, DAY)
    assert (found.rows, found.lines, found.faults) == (48, 48, {})
    assert collected.days(*INPUTS, Window.day(DAY)) == (DAY,)


def test_what_is_appended_today_is_seen(address: str, container: Any, tmp_path: Path) -> None:
    collected = reader(address, container.container_name, tmp_path)
    blob = container.get_blob_client(path(9, NOW.date()))
    blob.create_append_blob()
    for rows in (1, 2, 3):
        blob.append_block(line(rows, 9, NOW.date()))
        assert collected.day(*INPUTS, NOW.date()).rows == rows


def test_training_data_is_fetched(address: str, container: Any, tmp_path: Path) -> None:
    container.upload_blob("training/a/data.parquet", b"one")
    collected = reader(address, container.container_name, tmp_path)
    asset = DataAsset("a", "1", "training/a", "")
    assert collected.training(asset).read_bytes() == b"one"
    container.upload_blob("training/a/data.parquet", b"two", overwrite=True)
    assert collected.training(asset).read_bytes() == b"two"
    container.upload_blob("training/a/more.parquet", b"three")
    names = {p.name for p in collected.training(asset).glob("[!.]*")}
    assert names == {"data.parquet", "more.parquet"}


def test_what_is_missing_is_empty_with_a_reason(
    address: str, container: Any, tmp_path: Path
) -> None:
    collected = reader(address, container.container_name, tmp_path)
    found = collected.day(*INPUTS, DAY)
    assert (found.path, found.reason[:21]) == (None, "nothing was collected")
    assert collected.days(*INPUTS, Window.day(DAY)) == ()


def test_a_container_that_is_not_there(address: str, tmp_path: Path) -> None:
    collected = reader(address, "nowhere", tmp_path)
    assert collected.days(*INPUTS, Window.day(DAY)) == ()
    assert collected.day(*INPUTS, DAY).path is None


def test_a_wrong_key_is_one_sentence(address: str, container: Any, tmp_path: Path) -> None:
    from adlfs import AzureBlobFileSystem  # noqa: PLC0415 - same

    collected = reader(address, container.container_name, tmp_path)
    wrong = "A" * 86 + "=="
    text = (
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
        f"AccountKey={wrong};BlobEndpoint={address};"
    )
    blobs = AzureBlobFileSystem(connection_string=text, skip_instance_cache=True)
    collected.azure.blobs = blobs, container.container_name  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match="Cannot read the folder") as caught:
        collected.day(*INPUTS, DAY)
    assert "Storage Blob Data Reader" in caught.value.hint
