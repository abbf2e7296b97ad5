"""The sample workspace, read the way the product reads Azure: every piece leads to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pytest

from monitoring.sources.activity import Activity
from monitoring.sources.azure import Azure, local_wiring
from monitoring.sources.collected import Collected
from monitoring.sources.metrics import PlatformMetrics
from monitoring.sources.registry import Inventory
from monitoring.window import Window
from tests.tiny_store import import_azure_ml

if TYPE_CHECKING:
    from pathlib import Path

    from monitoring.workspace.endpoints import Deployment
    from monitoring.workspace.models import ModelVersion

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEEK = Window.last(timedelta(days=7), until=NOW)
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
ANSWERS = ["flight-delay", "flight-time", "digits"]


@pytest.fixture(scope="module")
def client(sample: Path, azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Azure:
    """The sample workspace with a cache of its own, so that each run parses anew."""
    import_azure_ml()
    settings = replace(azure.settings, cache=tmp_path_factory.mktemp("cache"))
    return Azure(settings, workspace=azure.workspace, wiring=local_wiring(sample, settings))


@pytest.fixture(scope="module")
def served(client: Azure) -> dict[str, tuple[Deployment, ModelVersion]]:
    inventory = Inventory(client)
    found = {}
    for endpoint in inventory.endpoints():
        blue = next(d for d in endpoint.deployments if d.name == "blue")
        assert blue.model is not None
        model = inventory.model(blue.model.name, blue.model.version, blue.model.registry)
        found[endpoint.name] = (blue, model)
    return found


@pytest.mark.parametrize("endpoint", ANSWERS)
def test_from_an_endpoint_to_what_its_model_was_trained_on(
    client: Azure, served: dict[str, tuple[Deployment, ModelVersion]], endpoint: str
) -> None:
    _, model = served[endpoint]
    assert model.training_data is not None
    asset = Inventory(client).data(model.training_data.name, model.training_data.version)
    path = Collected(client).training(asset)
    with duckdb.connect() as con:
        columns = {name for name, *_ in con.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
    assert model.needed("target_column") in columns


@pytest.mark.parametrize("endpoint", ANSWERS)
def test_predictions_meet_their_labels(
    client: Azure, served: dict[str, tuple[Deployment, ModelVersion]], endpoint: str
) -> None:
    _, model = served[endpoint]
    assert model.ground_truth is not None
    truth = Inventory(client).data(model.ground_truth.name, model.ground_truth.version)
    days = Collected(client).joined(endpoint, "blue", WEEK, model, truth.path)
    with_rows = [day for day in days if day.path]
    assert with_rows
    assert 0 < sum(day.labelled for day in with_rows) < sum(day.rows for day in with_rows)
    assert all(day.reason for day in days if not day.path)


def test_inputs_and_outputs_have_the_same_keys(client: Azure) -> None:
    collected = Collected(client)
    day = (NOW - timedelta(days=9)).date()
    keys = []
    for collection in ("model_inputs", "model_outputs"):
        path = collected.day("flight-delay", "blue", collection, day).path
        with duckdb.connect() as con:
            found = con.execute("SELECT correlationid FROM read_parquet($p)", {"p": str(path)})
            keys.append({key for (key,) in found.fetchall()})
    assert len(keys[0]) > 100
    # The sample leaves a large payload out, and cuts a line; failed requests have no prediction.
    assert len(keys[0] - keys[1]) < 0.02 * len(keys[1])
    assert len(keys[0] & keys[1]) >= len(keys[1]) - 2


def test_faults_are_counted_not_hidden(client: Azure) -> None:
    window = Window.last(timedelta(days=12), until=NOW)
    days = Collected(client).window("flight-delay", "blue", "model_inputs", window)
    kinds = {kind for day in days for kind in day.faults}
    assert kinds == {"payload file not readable", "unfinished last line"}
    assert all(day.rows for day in days)


def test_today_ends_now(client: Azure) -> None:
    today = Collected(client).day("flight-delay", "blue", "model_inputs", NOW.date())
    with duckdb.connect() as con:
        [(last,)] = con.execute(f"SELECT max(time) FROM '{today.path}'").fetchall()
    assert last.replace(tzinfo=UTC) <= NOW


def test_platform_metrics_count_the_requests_that_were_collected(client: Azure) -> None:
    # Each collected row of model_outputs was one request; a failed one has no output.
    day = Window.day((NOW - timedelta(days=3)).date())
    endpoint = next(e for e in Inventory(client).endpoints() if e.name == "digits")
    series = PlatformMetrics(client).series(
        [endpoint.id],
        ENDPOINTS,
        ["RequestsPerMinute"],
        day,
        timedelta(minutes=1),
        split_by=["deployment", "statusCode"],
    )
    answered = sum(np.nansum(s.values) for s in series if s.dimensions["statusCode"] == "200")
    [outputs] = Collected(client).window("digits", "blue", "model_outputs", day)
    assert answered == outputs.rows > 0


def test_the_activity_log_is_about_resources_that_we_know(client: Azure) -> None:
    events = Activity(client).events(Window.last(timedelta(days=90), until=NOW))
    assert len(events) > 20
    prefix = f"/subscriptions/{client.subscription_id}/resourcegroups/{client.resource_group}"
    assert all(event.resource_id.startswith(prefix.lower()) for event in events)
    assert max(event.time for event in events) <= NOW
